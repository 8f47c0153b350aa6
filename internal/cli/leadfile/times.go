// SPDX-License-Identifier: Apache-2.0

package leadfile

import (
	"fmt"
	"time"
)

var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
}

// ParseTime reads RFC 3339, `YYYY-MM-DD hh:mm[:ss]` or `YYYY-MM-DD`; a time without a zone is in UTC.
func ParseTime(text string) (time.Time, error) {
	if t, ok := plainTime(text); ok {
		return t, nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date: RFC 3339, YYYY-MM-DD hh:mm:ss or YYYY-MM-DD", text)
}

// plainTime reads the two forms that exports mostly have, `YYYY-MM-DD` and `YYYY-MM-DD hh:mm:ss` (also with T, also with Z at the end),
// without the cost of a layout; what it does not take may still be a date.
func plainTime(s string) (time.Time, bool) {
	if n := len(s); n == 20 && s[19] == 'Z' && s[10] == 'T' {
		s = s[:19]
	}
	if len(s) != 10 && len(s) != 19 {
		return time.Time{}, false
	}
	year, month, day, ok := plainDate(s)
	if !ok {
		return time.Time{}, false
	}
	if len(s) == 10 {
		return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC), true
	}
	hour, minute, second := two(s[11:]), two(s[14:]), two(s[17:])
	if (s[10] != ' ' && s[10] != 'T') || s[13] != ':' || s[16] != ':' ||
		uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
}

func plainDate(s string) (year, month, day int, ok bool) {
	year, month, day = two(s[0:])*100+two(s[2:]), two(s[5:]), two(s[8:])
	ok = s[4] == '-' && s[7] == '-' && year >= 0 && month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= daysIn(year, month))
	return year, month, day, ok
}

// two digits as a number; far below zero when they are none.
func two(s string) int {
	a, b := s[0]-'0', s[1]-'0'
	if a > 9 || b > 9 {
		return -1_000_000
	}
	return int(a)*10 + int(b)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
