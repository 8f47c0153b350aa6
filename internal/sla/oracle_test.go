// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// oracle knows business hours as a person does: it looks at the clock on the wall, minute by minute. It shares no code with Hours
// and is right wherever no shift begins or ends inside a gap or a repeated hour.
type oracle struct {
	loc        *time.Location
	week       map[time.Weekday][]Shift
	exceptions map[string][]Shift
}

func (o oracle) open(t time.Time) bool {
	at := t.In(o.loc)
	shifts, ok := o.exceptions[at.Format(time.DateOnly)]
	if !ok {
		shifts = o.week[at.Weekday()]
	}
	clock := at.Format("15:04")
	for _, s := range shifts {
		if s.From <= clock && clock < s.To {
			return true
		}
	}
	return false
}

// TestHoursAgainstOracle compares random calendars, starts and budgets; the random numbers are the same in every run.
func TestHoursAgainstOracle(t *testing.T) {
	zones := []string{newYork, "Europe/Berlin", "Africa/Cairo", "Pacific/Chatham", "Australia/Lord_Howe", "America/Havana", "Asia/Kolkata", "UTC"}
	random := rand.New(rand.NewPCG(2027, 1))
	const calendars, perCalendar = 250, 16
	for range calendars {
		calendar, o := randomCalendar(t, random, zones[random.IntN(len(zones))])
		h := hoursOf(t, calendar)
		for range perCalendar {
			start := randomStart(random)
			compareWithOracle(t, random, h, o, start, calendar)
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("compared %d cases over %d calendars", calendars*perCalendar, calendars)
}

func compareWithOracle(t *testing.T, random *rand.Rand, h *Hours, o oracle, start time.Time, calendar Calendar) {
	t.Helper()
	end := start.Add(time.Duration(random.IntN(4*24*60)) * time.Minute)
	var ends []time.Time // of open minutes
	for at := start; at.Before(end); at = at.Add(time.Minute) {
		if o.open(at) {
			ends = append(ends, at.Add(time.Minute))
		}
	}
	if got, want := h.Elapsed(start, end), time.Duration(len(ends))*time.Minute; got != want {
		t.Errorf("Elapsed(%v, %v) = %v, want %v in %+v", start, end, got, want, calendar)
	}
	if h.Open(start) != o.open(start) {
		t.Errorf("Open(%v) = %v in %+v", start, h.Open(start), calendar)
	}
	if len(ends) == 0 {
		return
	}
	n := random.IntN(len(ends))
	if got := h.Add(start, time.Duration(n+1)*time.Minute); !got.Equal(ends[n]) {
		t.Errorf("Add(%v, %dm) = %v, want %v in %+v", start, n+1, got, ends[n], calendar)
	}
}

// randomStart is a whole minute, half of the time within days of a change of daylight saving.
func randomStart(random *rand.Rand) time.Time {
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, random.IntN(2*365))
	if random.IntN(2) == 0 {
		changes := []time.Time{
			time.Date(2027, 3, 12, 0, 0, 0, 0, time.UTC), time.Date(2027, 3, 26, 0, 0, 0, 0, time.UTC), time.Date(2027, 4, 2, 0, 0, 0, 0, time.UTC),
			time.Date(2027, 4, 28, 0, 0, 0, 0, time.UTC), time.Date(2027, 9, 24, 0, 0, 0, 0, time.UTC), time.Date(2027, 10, 1, 0, 0, 0, 0, time.UTC),
			time.Date(2027, 10, 27, 0, 0, 0, 0, time.UTC), time.Date(2027, 11, 5, 0, 0, 0, 0, time.UTC),
		}
		day = changes[random.IntN(len(changes))]
	}
	return day.Add(time.Duration(random.IntN(3*24*60)) * time.Minute)
}

func randomCalendar(t *testing.T, random *rand.Rand, zone string) (Calendar, oracle) {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	c := Calendar{TimeZone: zone}
	o := oracle{loc: loc, week: map[time.Weekday][]Shift{}, exceptions: map[string][]Shift{}}
	names := []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	for range 1 + random.IntN(6) {
		day := random.IntN(7)
		shifts := randomShifts(random, 1+random.IntN(3))
		c.Hours = append(c.Hours, WeekHours{Days: []string{names[day]}, Shifts: shifts})
		o.week[time.Weekday(day)] = append(o.week[time.Weekday(day)], shifts...)
	}
	for range random.IntN(8) {
		date := time.Date(2027, 3, 10, 0, 0, 0, 0, time.UTC).AddDate(0, 0, random.IntN(30)).Format(time.DateOnly)
		if _, ok := o.exceptions[date]; ok {
			continue
		}
		shifts := randomShifts(random, random.IntN(3))
		c.Exceptions = append(c.Exceptions, Exception{Date: date, Shifts: shifts})
		o.exceptions[date] = shifts
	}
	return c, o
}

// randomShifts begin and end at midnight or between 04:00 and 23:00: no zone of the test changes its offset in there.
func randomShifts(random *rand.Rand, n int) []Shift {
	shifts := make([]Shift, 0, n)
	for range n {
		from, to := randomMinute(random), randomMinute(random)
		if from == to {
			to = minutesOfDay
		}
		from, to = min(from, to), max(from, to)
		shifts = append(shifts, Shift{From: clockText(from), To: clockText(to)})
	}
	return shifts
}

func randomMinute(random *rand.Rand) int {
	switch random.IntN(8) {
	case 0:
		return 0
	case 1:
		return minutesOfDay - 60 // 23:00
	default:
		return 4*60 + random.IntN(19*60)
	}
}

func clockText(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }
