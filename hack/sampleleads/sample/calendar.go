// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"fmt"
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

// closing is when a date's hours end before closeHour; openHour means closed all day.
var closing = map[string]int{
	"2026-11-26": openHour, "2026-12-24": 12, "2026-12-25": openHour, "2027-01-01": openHour,
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
	return closeHour
}

func (c calendar) open(t time.Time) bool {
	t = t.In(c.zone)
	return t.Hour() >= openHour && t.Hour() < c.closes(t)
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

func (c calendar) month(t time.Time) string { return t.In(c.zone).Format("2006-01") }

// at is a time of day on the date of t.
func (c calendar) at(t time.Time, hour, minute int) time.Time {
	t = t.In(c.zone)
	return time.Date(t.Year(), t.Month(), t.Day(), hour, minute, 0, 0, c.zone)
}
