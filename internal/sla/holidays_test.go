// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// holidayCalendar closes 18 January, a Monday, and 31 May 2027; it is open for an hour on Christmas Day, and closed on the day before.
func holidayCalendar() Calendar {
	c := workdays(newYork)
	c.Holidays = "us"
	c.HolidayDates = []Holiday{{"2027-01-18", "Martin Luther King Jr. Day"}, {"2027-05-31", "Memorial Day"}, {"2027-12-25", "Christmas Day"}}
	c.Exceptions = []Exception{{Date: "2027-12-25", Shifts: []Shift{{"10:00", "11:00"}}}, {Date: "2027-12-24"}}
	return c
}

func TestHolidaysAreClosed(t *testing.T) {
	h := hoursOf(t, holidayCalendar())
	for name, c := range map[string]struct {
		start, want string
		budget      time.Duration
	}{
		"over a holiday":                    {"2027-01-15 17:30", "2027-01-19 09:30", time.Hour},
		"on a holiday":                      {"2027-05-31 10:00", "2027-06-01 10:00", time.Hour},
		"an exception opens another":        {"2027-12-23 18:00", "2027-12-25 10:30", 30 * time.Minute},
		"the same date in another year":     {"2028-01-18 10:00", "2028-01-18 11:00", time.Hour},
		"a budget that ends at the closing": {"2027-01-15 17:00", "2027-01-15 18:00", time.Hour},
	} {
		if got, want := h.Add(local(t, newYork, c.start), c.budget), local(t, newYork, c.want); !got.Equal(want) {
			t.Errorf("%s: Add(%s, %v) = %v, want %v", name, c.start, c.budget, got, want)
		}
	}
}

func TestDaysOfACalendar(t *testing.T) {
	c := holidayCalendar()
	want := append(append([]Exception{}, c.Exceptions...),
		Exception{Date: "2027-01-18", Name: "Martin Luther King Jr. Day"}, Exception{Date: "2027-05-31", Name: "Memorial Day"})
	if diff := cmp.Diff(want, c.Days()); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
	if year, ok := c.HolidaysUntil(); year != 2027 || !ok {
		t.Errorf("until %d, %v", year, ok)
	}
	if year, ok := workdays(newYork).HolidaysUntil(); ok {
		t.Errorf("without a region, until %d", year)
	}
}

// Workers never judge by a region whose dates they do not have.
func TestHolidayProblems(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Calendar)
		where  string
	}{
		"a region without dates": {func(c *Calendar) { c.HolidayDates = nil }, "terms.calendar.holidays"},
		"dates without a region": {func(c *Calendar) { c.Holidays = "" }, "terms.calendar.holidays"},
		"a date that is none":    {func(c *Calendar) { c.HolidayDates[1].Date = "2027-02-30" }, "terms.calendar.holidayDates[1].date"},
	} {
		calendar := holidayCalendar()
		c.change(&calendar)
		if _, problems := compileCalendar(calendar); !cmp.Equal(whereOf(t, problems), []string{c.where}) {
			t.Errorf("%s: %v, want a problem of %s", name, problems, c.where)
		}
	}
}
