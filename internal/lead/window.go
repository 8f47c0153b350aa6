// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"errors"
	"strconv"
	"time"
)

var errWindow = errors.New(`is no window: write days, hours, minutes, seconds in this order, such as "90d" or "12h30m"`)

// windowUnits in the order in which a window must state them; a day is 24 hours.
var windowUnits = []struct {
	letter byte
	length time.Duration
}{{'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}

// maxWindow keeps products far from overflow; 100 years are longer than any lead lives.
const maxWindow = 36525 * 24 * time.Hour

// parseWindow reads a positive window of at most 100 years.
func parseWindow(text string) (time.Duration, error) {
	total, rest := time.Duration(0), text
	for _, unit := range windowUnits {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits == len(rest) || rest[digits] != unit.letter {
			continue
		}
		count, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || count > int64(maxWindow/unit.length) {
			return 0, errors.New("is longer than 100 years")
		}
		total += time.Duration(count) * unit.length
		rest = rest[digits+1:]
	}
	switch {
	case rest != "" || total == 0:
		return 0, errWindow
	case total > maxWindow:
		return 0, errors.New("is longer than 100 years")
	}
	return total, nil
}
