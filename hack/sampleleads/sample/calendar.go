// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // the expected counts must not depend on the machine's time zones
)

// The calendar of config/samples/slacontract.yaml, told a second time and worked through minute by minute: the expected counts
// are only worth something when nothing of what they check is used to make them. A test holds the two equal.
const (
	zone      = "America/New_York"
	openHour  = 9
	closeHour = 18
)

// closing is when a date's hours end before closeHour.
var closing = map[string]int{"2026-12-24": 12}

// The public holidays of the United States: those of a date, which are observed on the Friday before where that is a Saturday and on the
// Monday after where it is a Sunday, and those of a weekday in a month, of which 5 is the last.
var (
	dates    = []string{"01-01", "06-19", "07-04", "11-11", "12-25"}
	weekdays = []struct {
		month time.Month
		day   time.Weekday
		nth   int
	}{
		{time.January, time.Monday, 3},
		{time.February, time.Monday, 3},
		{time.May, time.Monday, 5},
		{time.September, time.Monday, 1},
		{time.October, time.Monday, 2},
		{time.November, time.Thursday, 4},
	}
)

// holiday says whether a day from Monday to Friday is one.
func holiday(t time.Time) bool {
	observed := []time.Time{t}
	switch t.Weekday() {
	case time.Friday:
		observed = append(observed, t.AddDate(0, 0, 1))
	case time.Monday:
		observed = append(observed, t.AddDate(0, 0, -1))
	default:
	}
	for _, day := range observed {
		if slices.Contains(dates, day.Format("01-02")) {
			return true
		}
	}
	for _, one := range weekdays {
		if t.Month() != one.month || t.Weekday() != one.day {
			continue
		}
		if nth := (t.Day()-1)/7 + 1; nth == one.nth || one.nth == 5 && t.AddDate(0, 0, 7).Month() != t.Month() {
			return true
		}
	}
	return false
}

type calendar struct{ zone *time.Location }

func newCalendar() (calendar, error) {
	loc, err := time.LoadLocation(zone)
	return calendar{loc}, err
}

func (c calendar) closes(t time.Time) int {
	if day := t.Weekday(); day == time.Saturday || day == time.Sunday {
		return openHour
	}
	if hour, ok := closing[t.Format(time.DateOnly)]; ok {
		return hour
	}
	if holiday(t) {
		return openHour
	}
	return closeHour
}

func (c calendar) open(t time.Time) bool {
	t = t.In(c.zone)
	return t.Hour() >= openHour && t.Hour() < closeHour && t.Hour() < c.closes(t)
}

// workday says whether the whole usual day is open.
func (c calendar) workday(t time.Time) bool { return c.closes(t.In(c.zone)) == closeHour }

// due counts so many minutes of business time from start, which is a whole minute.
func (c calendar) due(start time.Time, minutes int) time.Time {
	t := start
	for left := minutes; left > 0; t = t.Add(time.Minute) {
		if c.open(t) {
			left--
		}
	}
	return t
}

func (c calendar) week(t time.Time) string {
	year, week := t.In(c.zone).ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}

// frozen is when the week of t counts for good: a week after its end.
func (c calendar) frozen(t time.Time) time.Time {
	day := c.at(t, 0, 0)
	for day.Weekday() != time.Monday {
		day = day.AddDate(0, 0, -1)
	}
	return day.AddDate(0, 0, 14)
}

func (c calendar) month(t time.Time) string { return t.In(c.zone).Format("2006-01") }

// at is a time of day on the date of t.
func (c calendar) at(t time.Time, hour, minute int) time.Time {
	t = t.In(c.zone)
	return time.Date(t.Year(), t.Month(), t.Day(), hour, minute, 0, 0, c.zone)
}
