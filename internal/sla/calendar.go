// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const minutesOfDay = 24 * 60

// weekdays by the name that calendars use.
var weekdays = map[string]time.Weekday{
	"Mon": time.Monday, "Tue": time.Tuesday, "Wed": time.Wednesday, "Thu": time.Thursday,
	"Fri": time.Friday, "Sat": time.Saturday, "Sun": time.Sunday,
}

// compileCalendar gives no hours when there are problems; each names the field and the cure.
func compileCalendar(c Calendar) (*Hours, Problems) {
	var problems Problems
	h := &Hours{location: time.UTC, exceptions: map[date][]span{}}
	if loc, err := loadZone(c.TimeZone); err != nil {
		problems.add("terms.calendar.timeZone", "%v", err)
	} else {
		h.location = loc
	}
	for i, entry := range c.Hours {
		h.addWeek(&problems, fmt.Sprintf("terms.calendar.hours[%d]", i), entry)
	}
	for i := range h.week {
		h.week[i] = merge(h.week[i])
	}
	if len(problems) == 0 && h.weekly() == 0 {
		problems.add("terms.calendar.hours", "no day of the week has an open hour; business time would never pass. Name at least one day and shift")
	}
	for i, e := range c.Exceptions {
		h.addException(&problems, fmt.Sprintf("terms.calendar.exceptions[%d]", i), e)
	}
	h.addHolidays(&problems, c)
	if len(problems) > 0 {
		return nil, problems
	}
	return h, nil
}

// addHolidays closes the dates that are holidays. An exception of the same date says more than a list of a whole region.
func (h *Hours) addHolidays(problems *Problems, c Calendar) {
	const where = "terms.calendar.holidays"
	switch {
	case c.Holidays != "" && len(c.HolidayDates) == 0:
		problems.add(where, "the dates of region %q are not written out: its holidays would count as working days. Have the text ratified again", c.Holidays)
	case c.Holidays == "" && len(c.HolidayDates) > 0:
		problems.add(where, "there are dates of holidays, and no region that they are of. Name the region, or write the dates as exceptions")
	}
	for i, holiday := range c.HolidayDates {
		day, err := time.Parse(time.DateOnly, holiday.Date)
		if err != nil {
			problems.add(fmt.Sprintf("terms.calendar.holidayDates[%d].date", i), "%q is no date; write one that exists as YYYY-MM-DD", holiday.Date)
			continue
		}
		if _, ok := h.exceptions[dateOf(day)]; !ok {
			h.exceptions[dateOf(day)] = nil
		}
	}
}

// loadZone takes names of the IANA database only: "" and "Local" would mean the zone of the machine.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is no time zone; write an IANA name such as America/New_York", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no time zone; write an IANA name such as America/New_York (%w)", name, err)
	}
	return loc, nil
}

func (h *Hours) addWeek(problems *Problems, where string, entry WeekHours) {
	if len(entry.Days) == 0 {
		problems.add(where+".days", "no day is named; write Mon, Tue, Wed, Thu, Fri, Sat or Sun")
	}
	if len(entry.Shifts) == 0 {
		problems.add(where+".shifts", "no shift is named; a closed day is one that no entry names")
	}
	spans := parseShifts(problems, where, entry.Shifts)
	for _, name := range entry.Days {
		day, ok := weekdays[name]
		if !ok {
			problems.add(where+".days", "%q is no day; write Mon, Tue, Wed, Thu, Fri, Sat or Sun", name)
			continue
		}
		h.week[day] = append(h.week[day], spans...)
	}
}

func (h *Hours) addException(problems *Problems, where string, e Exception) {
	day, err := time.Parse(time.DateOnly, e.Date)
	if err != nil {
		problems.add(where+".date", "%q is no date; write one that exists as YYYY-MM-DD", e.Date)
		return
	}
	if _, ok := h.exceptions[dateOf(day)]; ok {
		problems.add(where+".date", "%s has two exceptions; put all its shifts into one", e.Date)
		return
	}
	h.exceptions[dateOf(day)] = merge(parseShifts(problems, where, e.Shifts))
}

func parseShifts(problems *Problems, where string, shifts []Shift) []span {
	spans := make([]span, 0, len(shifts))
	for i, s := range shifts {
		at := fmt.Sprintf("%s.shifts[%d]", where, i)
		from, okFrom := parseTimeOfDay(s.From)
		to, okTo := parseTimeOfDay(s.To)
		switch {
		case !okFrom:
			problems.add(at+".from", "%q is no time of day; write 00:00 to 23:59", s.From)
		case !okTo:
			problems.add(at+".to", "%q is no time of day; write 00:01 to 24:00", s.To)
		case from >= to:
			problems.add(at, "%s to %s ends before it begins; a shift across midnight is two: %s to 24:00, and 00:00 to %s on the next day",
				s.From, s.To, s.From, s.To)
		default:
			spans = append(spans, span{from, to})
		}
	}
	return spans
}

// parseTimeOfDay gives the minute of the day of "HH:MM", 00:00 to 24:00.
func parseTimeOfDay(s string) (int, bool) {
	hh, mm, ok := strings.Cut(s, ":")
	if !ok || len(hh) != 2 || len(mm) != 2 {
		return 0, false
	}
	hours, errHours := strconv.ParseUint(hh, 10, 8)
	minutes, errMinutes := strconv.ParseUint(mm, 10, 8)
	if errHours != nil || errMinutes != nil || minutes > 59 || 60*hours+minutes > minutesOfDay {
		return 0, false
	}
	return int(60*hours + minutes), true
}
