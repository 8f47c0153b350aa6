// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// oracleWindow is a time of ten weeks in a zone, most of them about a change of its clocks.
type oracleWindow struct{ zone, first, change string }

var oracleWindows = []oracleWindow{
	{newYork, "2027-02-15", "2027-03-14"},
	{newYork, "2027-10-10", "2027-11-07"},
	{"Europe/Berlin", "2027-03-01", "2027-03-28"},
	{"Europe/Berlin", "2027-10-01", "2027-10-31"},
	{"Europe/London", "2025-12-01", "2025-12-25"},
	{"Australia/Lord_Howe", "2027-03-10", "2027-04-04"}, // half an hour
	{"Australia/Lord_Howe", "2027-09-10", "2027-10-03"},
	{"Africa/Cairo", "2027-04-01", "2027-04-30"}, // at midnight
	{"Africa/Cairo", "2027-10-01", "2027-10-28"},
	{"Pacific/Chatham", "2027-03-10", "2027-04-04"}, // 12:45 from UTC
	{"Pacific/Chatham", "2027-09-01", "2027-09-26"},
	{"America/Havana", "2027-02-15", "2027-03-14"}, // at midnight
	{"America/Havana", "2027-10-10", "2027-11-07"}, // back to midnight
	{"America/Santiago", "2027-08-10", "2027-09-05"},
	{"America/Santiago", "2027-03-10", "2027-04-03"}, // from midnight back
	{"America/Nuuk", "2027-10-01", "2027-10-30"},
	{"America/Toronto", "1985-10-01", "1985-10-27"},  // from a minute past midnight back over it
	{"Antarctica/Troll", "2027-03-01", "2027-03-28"}, // two hours
	{"Africa/Casablanca", "2027-01-20", "2027-02-07"},
	{"Pacific/Apia", "2011-12-01", "2011-12-30"}, // a date that never was
	{"Pacific/Kwajalein", "1993-08-01", "1993-08-21"},
	{"Asia/Kolkata", "2027-01-05", "2027-01-26"},
	{"Asia/Kathmandu", "2026-12-10", "2027-01-01"},
	{"UTC", "2027-12-01", "2028-02-29"},
}

const (
	oracleDays    = 75
	oracleMinutes = oracleDays * 24 * 60
)

// oracleClock is what a clock on the wall showed in a window, found by looking at it minute by minute. It shares no code with Hours.
type oracleClock struct {
	loc    *time.Location
	start  time.Time // of the first minute
	date   time.Time // UTC midnight of the first date that is shown from its beginning to its end
	shown  []int     // of each minute: what the clock shows, in minutes since that date began
	seen   map[int]bool
	change int // the minute at which the change is
	// reach is, of each minute that a clock can show, the minute at which it shows it first; where it never does since it was put
	// forward, as long after that as the time is into the gap.
	reach []int
}

func newOracleClock(t *testing.T, w oracleWindow) *oracleClock {
	t.Helper()
	loc, err := time.LoadLocation(w.zone)
	if err != nil {
		t.Fatal(err)
	}
	first, err := time.Parse(time.DateOnly, w.first)
	if err != nil {
		t.Fatal(err)
	}
	c := &oracleClock{loc: loc, start: first.AddDate(0, 0, -1), date: first, seen: map[int]bool{}, change: oracleMinutes / 2}
	for m := range oracleMinutes {
		at := c.start.Add(time.Duration(m) * time.Minute).In(loc)
		y, month, d := at.Date()
		days := int(time.Date(y, month, d, 0, 0, 0, 0, time.UTC).Sub(first).Hours()) / 24
		c.shown = append(c.shown, days*1440+at.Hour()*60+at.Minute())
		c.seen[days] = true
		if at.Format(time.DateOnly) == w.change && at.Hour() == 0 && at.Minute() == 0 {
			c.change = m
		}
	}
	m := 0
	for key := range (oracleDays - 3) * 1440 {
		for c.shown[m] < key {
			m++
		}
		at := m
		if c.shown[m] > key && m > 0 {
			at += key - (c.shown[m-1] + 1)
		}
		c.reach = append(c.reach, at)
	}
	return c
}

// oracleHours are which minutes of a window are open.
type oracleHours struct {
	*oracleClock

	open   []bool
	before []int // open minutes before each
	list   []int // the open minutes
}

func (c *oracleClock) hours(week map[time.Weekday][]oracleShift, exceptions map[int][]oracleShift) *oracleHours {
	h := &oracleHours{oracleClock: c, open: make([]bool, oracleMinutes), before: make([]int, oracleMinutes+1)}
	for day := range oracleDays - 4 {
		shifts, ok := exceptions[day]
		if !ok {
			shifts = week[c.date.AddDate(0, 0, day).Weekday()]
		}
		if !c.seen[day] {
			continue // no clock ever showed this date
		}
		for _, s := range together(shifts) {
			for m := c.reach[day*1440+s.from]; m < c.reach[day*1440+s.to]; m++ {
				h.open[m] = true
			}
		}
	}
	for m, open := range h.open {
		h.before[m+1] = h.before[m]
		if open {
			h.before[m+1]++
			h.list = append(h.list, m)
		}
	}
	return h
}

// together are the shifts of a day as it would be written without overlaps: what overlaps or touches is one shift.
func together(shifts []oracleShift) []oracleShift {
	var day [1441]bool
	for _, s := range shifts {
		for m := s.from; m < s.to; m++ {
			day[m] = true
		}
	}
	var out []oracleShift
	for m, from := 0, -1; m <= 1440; m++ {
		switch {
		case day[m] && from < 0:
			from = m
		case !day[m] && from >= 0:
			out, from = append(out, oracleShift{from, m}), -1
		}
	}
	return out
}

// moment is an instant of a window: a minute, and how far into it.
type moment struct {
	minute int
	into   time.Duration
}

func (h *oracleHours) instant(at moment) time.Time {
	return h.start.Add(time.Duration(at.minute)*time.Minute + at.into)
}

// passed is the open time up to a moment.
func (h *oracleHours) passed(at moment) time.Duration {
	sum := time.Duration(h.before[at.minute]) * time.Minute
	if h.open[at.minute] {
		sum += at.into
	}
	return sum
}

// due is when the budget is used up; not when that is after the window.
func (h *oracleHours) due(start moment, budget time.Duration) (moment, bool) {
	if budget == 0 {
		if h.open[start.minute] {
			return start, true
		}
		if n := h.before[start.minute]; n < len(h.list) {
			return moment{h.list[n], 0}, true
		}
		return moment{}, false
	}
	sum := h.passed(start) + budget
	whole := int((sum - 1) / time.Minute) // the open minutes before that in which it ends
	if whole >= len(h.list) {
		return moment{}, false
	}
	return moment{h.list[whole], sum - time.Duration(whole)*time.Minute}, true
}

type oracleShift struct{ from, to int }

// randomCalendar is the same calendar for both: as its text, and as open minutes.
func (c *oracleClock) randomCalendar(random *rand.Rand, zone string) (Calendar, *oracleHours) {
	calendar := Calendar{TimeZone: zone}
	week, exceptions := map[time.Weekday][]oracleShift{}, map[int][]oracleShift{}
	names := []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	for range 1 + random.IntN(7) {
		shifts := randomShifts(random, 1+random.IntN(4))
		var days []string
		for range 1 + random.IntN(4) {
			day := random.IntN(7)
			days = append(days, names[day])
			week[time.Weekday(day)] = append(week[time.Weekday(day)], shifts...)
		}
		calendar.Hours = append(calendar.Hours, WeekHours{Days: days, Shifts: shiftTexts(shifts)})
	}
	around := c.shown[c.change] / 1440
	for range random.IntN(12) {
		day := random.IntN(oracleDays - 4)
		if random.IntN(2) == 0 {
			day = max(0, around-3+random.IntN(6))
		}
		if _, ok := exceptions[day]; ok {
			continue
		}
		exceptions[day] = randomShifts(random, random.IntN(4))
		calendar.Exceptions = append(calendar.Exceptions, Exception{
			Date: c.date.AddDate(0, 0, day).Format(time.DateOnly), Shifts: shiftTexts(exceptions[day]),
		})
	}
	return calendar, c.hours(week, exceptions)
}

func randomShifts(random *rand.Rand, n int) []oracleShift {
	var shifts []oracleShift
	for range n {
		from, to := randomMinute(random), randomMinute(random)
		if from == to {
			from, to = 0, 1440
		}
		shifts = append(shifts, oracleShift{min(from, to), max(from, to)})
	}
	return shifts
}

// randomMinute of a day, often one at which clocks are changed or close to it.
func randomMinute(random *rand.Rand) int {
	switch random.IntN(6) {
	case 0:
		return 0
	case 1:
		return 1440
	case 2:
		return 15 * random.IntN(4*4)
	case 3:
		return 22*60 + random.IntN(120)
	default:
		return random.IntN(1441)
	}
}

func shiftTexts(shifts []oracleShift) []Shift {
	var out []Shift
	for _, s := range shifts {
		out = append(out, Shift{From: clockText(s.from), To: clockText(s.to)})
	}
	return out
}

func clockText(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// randomMoment of a window, half of the time within days of its change, half of the time not at a whole minute.
func (h *oracleHours) randomMoment(random *rand.Rand, from, to int) moment {
	m := moment{minute: from + random.IntN(to-from)}
	if random.IntN(2) == 0 {
		m.minute = min(max(from, h.change-2*1440+random.IntN(4*1440)), to-1)
	}
	if random.IntN(2) == 0 {
		m.into = time.Duration(random.Int64N(int64(time.Minute)))
	}
	return m
}

// TestHoursAgainstOracle compares a million random cases over random calendars; the random numbers are the same in every run.
func TestHoursAgainstOracle(t *testing.T) {
	const cases, perCalendar = 1_000_000, 2000
	random := rand.New(rand.NewPCG(2027, 1))
	clocks := make([]*oracleClock, len(oracleWindows))
	var checked checks
	for i := range cases / perCalendar {
		w := oracleWindows[i%len(oracleWindows)]
		if clocks[i%len(clocks)] == nil {
			clocks[i%len(clocks)] = newOracleClock(t, w)
		}
		calendar, o := clocks[i%len(clocks)].randomCalendar(random, w.zone)
		h := hoursOf(t, calendar)
		for range perCalendar {
			if err := checked.compare(random, h, o); err != nil {
				t.Fatalf("case %d: %v in %+v", checked.cases, err, calendar)
			}
		}
	}
	if checked.cases != cases || checked.due < cases*9/10 {
		t.Errorf("compared %+v, want %d cases, most of them with a deadline", checked, cases)
	}
	t.Logf("compared %d cases over %d calendars in %d windows of time: %d deadlines, of which %d end at closing time; %d by walking too",
		checked.cases, cases/perCalendar, len(oracleWindows), checked.due, checked.closing, checked.walked)
}

// checks is how many cases were compared, and what was in them.
type checks struct{ cases, due, closing, walked int }

// compare one start, end and budget: by the timeline, and some also day by day.
func (c *checks) compare(random *rand.Rand, h *Hours, o *oracleHours) error {
	const first, last = 3 * 1440, (oracleDays - 8) * 1440
	c.cases++
	start := o.randomMoment(random, first, last-1)
	end := o.randomMoment(random, start.minute+1, last)
	from, to := o.instant(start), o.instant(end)
	walk := c.cases%50 == 0
	elapsed := o.passed(end) - o.passed(start)
	if got := h.Elapsed(from, to); got != elapsed {
		return fmt.Errorf("Elapsed(%v, %v) = %v, want %v", from, to, got, elapsed)
	}
	if got := h.Open(from); got != o.open[start.minute] {
		return fmt.Errorf("Open(%v) = %v", from, got)
	}
	budget := elapsed // ends at `to`, or at the closing time before it
	switch random.IntN(4) {
	case 0:
		budget = time.Duration(random.IntN(3*1440)) * time.Minute
	case 1:
		budget = time.Duration(random.Int64N(int64(100 * time.Hour)))
	case 2:
		next, _ := slices.BinarySearch(o.list, start.minute)
		for next+1 < len(o.list) && o.list[next+1] == o.list[next]+1 {
			next++
		}
		if next < len(o.list) {
			budget = o.passed(moment{o.list[next], time.Minute}) - o.passed(start)
			c.closing++
		}
	}
	want, ok := o.due(start, budget)
	if ok {
		c.due++
		if got := h.Add(from, budget); !got.Equal(o.instant(want)) {
			return fmt.Errorf("Add(%v, %v) = %v, want %v", from, budget, got, o.instant(want))
		}
	}
	if !walk {
		return nil
	}
	c.walked++
	if got := h.sum(from, to); got != elapsed {
		return fmt.Errorf("walking, Elapsed(%v, %v) = %v, want %v", from, to, got, elapsed)
	}
	if got := h.walk(from, budget); ok && !got.Equal(o.instant(want)) {
		return fmt.Errorf("walking, Add(%v, %v) = %v, want %v", from, budget, got, o.instant(want))
	}
	return nil
}
