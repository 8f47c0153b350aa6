// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"time"
)

// date is a day of the calendar.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

// next is the day after d.
func (d date) next() date { return dateOf(d.utc().AddDate(0, 0, 1)) }

func (d date) utc() time.Time { return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC) }

// wall is the instant at which clocks in loc show the given minute of date d. Where daylight saving skips that time, it is
// as long after the jump as the time is into the gap (02:30 of a gap from 2 to 3 is 03:30); where it repeats that time, the
// first of the two. time.Date leaves both open.
func wall(d date, minute int, loc *time.Location) time.Time {
	shown := d.utc().Add(time.Duration(minute) * time.Minute)
	// A zone changes its offset at most once within two days of any wall time.
	before := shown.Add(-offsetAt(shown.Add(-24*time.Hour), loc)).In(loc)
	if showsAs(before, shown) {
		return before
	}
	after := shown.Add(-offsetAt(shown.Add(24*time.Hour), loc)).In(loc)
	if showsAs(after, shown) {
		return after
	}
	return before
}

func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}

// showsAs says whether the wall clock at t shows what shown shows in UTC.
func showsAs(t, shown time.Time) bool {
	_, seconds := t.Zone()
	return t.UTC().Add(time.Duration(seconds) * time.Second).Equal(shown)
}

// Day gives the first instant of a day written as YYYY-MM-DD in loc, and the first after it.
func Day(text string, loc *time.Location) (from, to time.Time, err error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("%q is no date; write YYYY-MM-DD", text)
	}
	d := dateOf(at)
	return wall(d, 0, loc), wall(d.next(), 0, loc), nil
}
