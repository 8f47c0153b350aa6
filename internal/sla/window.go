// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"strings"
	"time"
)

// units of a window, in the order in which they are written.
var units = []struct {
	letter byte
	length time.Duration
}{
	{'d', 24 * time.Hour},
	{'h', time.Hour},
	{'m', time.Minute},
	{'s', time.Second},
}

// maxDigits keeps the sum of all units far from overflow: 99999d is 274 years, the largest Duration 292.
const maxDigits = 5

// ParseWindow reads a length of time such as "5m", "1h30m" or "16d"; a day is 24 hours. Numbers are whole, without sign
// or leading zero; units go from the longest to the shortest.
func ParseWindow(s string) (time.Duration, error) {
	var sum time.Duration
	next := 0 // first unit that may still come
	for rest := s; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 || digits > maxDigits || rest[0] == '0' || digits == len(rest) {
			return 0, windowError(s)
		}
		n := 0
		for _, c := range rest[:digits] {
			n = 10*n + int(c-'0')
		}
		unit := next
		for unit < len(units) && units[unit].letter != rest[digits] {
			unit++
		}
		if unit == len(units) {
			return 0, windowError(s)
		}
		sum += time.Duration(n) * units[unit].length
		next, rest = unit+1, rest[digits+1:]
	}
	if sum <= 0 {
		return 0, windowError(s)
	}
	return sum, nil
}

func windowError(s string) error {
	return fmt.Errorf("%q is no length of time; write days, hours, minutes and seconds in this order, such as 5m, 1h30m or 16d", s)
}

// FormatWindow is the text that ParseWindow reads as d, from days down to whole seconds; "0s" for less than one.
func FormatWindow(d time.Duration) string {
	var b strings.Builder
	for _, u := range units {
		if n := int64(d / u.length); n > 0 {
			fmt.Fprintf(&b, "%d%c", n, u.letter)
			d %= u.length
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}

// percentOf is p percent of d without overflow.
func percentOf(d time.Duration, p int) time.Duration {
	whole, percent := int64(d), int64(p)
	return time.Duration(whole/100*percent + whole%100*percent/100)
}
