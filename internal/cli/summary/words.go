// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// words of a name: companySize and company-size are company size. What is no letter or digit has no place in a sentence.
func words(name string) string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		switch {
		case unicode.IsUpper(r) && lower:
			b.WriteRune(' ')
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '/':
			b.WriteRune(r)
		default:
			b.WriteRune(' ')
		}
		lower = unicode.IsLower(r)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// list joins with commas and a last and.
func list(parts []string) string { return joined(parts, " and ") }

func either(parts []string) string { return joined(parts, " or ") }

func joined(parts []string, last string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	// a part that holds an "and" of its own is cut off by a comma
	if strings.Contains(parts[len(parts)-2], last) {
		last = "," + last
	}
	return strings.Join(parts[:len(parts)-1], ", ") + last + parts[len(parts)-1]
}

func article(text string) string {
	if strings.ContainsAny(text[:min(1, len(text))], "aeiou") {
		return "an " + text
	}
	return "a " + text
}

// noun in the number that fits.
func noun(n int, word string) string {
	switch {
	case n == 1:
		return word
	case word == "criterion":
		return "criteria"
	default:
		return word + "s"
	}
}

func share(percent int) string {
	if percent == 100 {
		return "all"
	}
	return fmt.Sprintf("%d%%", percent)
}

func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

var units = []struct {
	name   string
	length time.Duration
}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}

// parts of a length of time: 1 hour, 30 minutes.
func parts(d time.Duration, longest int) []string {
	var out []string
	for _, u := range units[longest:] {
		if n := int(d / u.length); n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, noun(n, u.name)))
			d %= u.length
		}
	}
	return out
}

// window on the wall clock; a single unit is spoken: an hour.
func window(d time.Duration) string {
	all := parts(d, 0)
	if len(all) == 1 {
		return spoken(all[0])
	}
	return strings.Join(all, " ")
}

// business time has no days: 5 business minutes, 1 hour 30 minutes of business time.
func business(d time.Duration) string {
	all := parts(d, 1)
	if len(all) != 1 {
		return strings.Join(all, " ") + " of business time"
	}
	n, unit, _ := strings.Cut(all[0], " ")
	if n == "1" {
		n = "one"
	}
	return n + " business " + unit
}

func spoken(text string) string {
	if unit, one := strings.CutPrefix(text, "1 "); one {
		if unit == "hour" {
			return "an hour"
		}
		return "a " + unit
	}
	return text
}
