// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata" // the tests do not depend on the zones of the machine

	"github.com/google/go-cmp/cmp"
)

// workdays is Monday to Friday, nine to six, in the given zone.
func workdays(zone string) Calendar {
	return Calendar{TimeZone: zone, Hours: []WeekHours{{
		Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []Shift{{"09:00", "18:00"}},
	}}}
}

func hoursOf(t *testing.T, c Calendar) *Hours {
	t.Helper()
	h, problems := compileCalendar(c)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return h
}

// local reads a wall time such as "2027-01-20 17:58" in a zone.
func local(t *testing.T, zone, text string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	layout := "2006-01-02 15:04:05"
	at, err := time.ParseInLocation(layout[:len(text)], text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

const newYork = "America/New_York"

func TestAdd(t *testing.T) {
	split := Calendar{
		TimeZone: newYork,
		Hours: []WeekHours{
			{Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []Shift{{"13:30", "18:00"}, {"09:00", "12:30"}}},
			{Days: []string{"Fri"}, Shifts: []Shift{{"12:00", "14:00"}, {"22:00", "24:00"}}},
			{Days: []string{"Sat"}, Shifts: []Shift{{"00:00", "02:00"}}},
		},
		Exceptions: []Exception{
			{Date: "2027-01-18"},
			{Date: "2027-01-24", Shifts: []Shift{{"10:00", "11:00"}}, Name: "inventory"},
		},
	}
	cases := map[string]struct {
		calendar    Calendar
		start, want string
		budget      time.Duration
	}{
		"within a shift":                     {workdays(newYork), "2027-01-20 10:00", "2027-01-20 10:05", 5 * time.Minute},
		"before opening":                     {workdays(newYork), "2027-01-20 08:58", "2027-01-20 09:05", 5 * time.Minute},
		"two minutes before closing":         {workdays(newYork), "2027-01-20 17:58", "2027-01-21 09:03", 5 * time.Minute},
		"ends exactly at closing":            {workdays(newYork), "2027-01-20 17:55", "2027-01-20 18:00", 5 * time.Minute},
		"arrives at closing":                 {workdays(newYork), "2027-01-20 18:00", "2027-01-21 09:05", 5 * time.Minute},
		"arrives at opening":                 {workdays(newYork), "2027-01-20 09:00", "2027-01-20 09:05", 5 * time.Minute},
		"Saturday evening":                   {workdays(newYork), "2027-01-23 20:00", "2027-01-25 10:00", time.Hour},
		"a whole day ends at closing":        {workdays(newYork), "2027-01-22 20:00", "2027-01-25 18:00", 9 * time.Hour},
		"no budget, open":                    {workdays(newYork), "2027-01-20 10:00", "2027-01-20 10:00", 0},
		"no budget, closed":                  {workdays(newYork), "2027-01-20 19:00", "2027-01-21 09:00", 0},
		"a negative budget is none":          {workdays(newYork), "2027-01-20 10:00", "2027-01-20 10:00", -time.Hour},
		"seconds are kept":                   {workdays(newYork), "2027-01-20 17:59:30", "2027-01-21 09:00:30", time.Minute},
		"over lunch":                         {split, "2027-01-20 12:00", "2027-01-20 14:00", time.Hour},
		"ends exactly at lunch":              {split, "2027-01-20 12:00", "2027-01-20 12:30", 30 * time.Minute},
		"holiday":                            {split, "2027-01-18 09:00", "2027-01-19 10:00", time.Hour},
		"entries of one day merge":           {split, "2027-01-22 09:00", "2027-01-22 18:00", 9 * time.Hour},
		"over midnight":                      {split, "2027-01-22 23:00", "2027-01-23 01:00", 2 * time.Hour},
		"an exception opens a closed Sunday": {split, "2027-01-23 12:00", "2027-01-24 10:30", 30 * time.Minute},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := hoursOf(t, tc.calendar)
			got := h.Add(local(t, newYork, tc.start), tc.budget)
			if want := local(t, newYork, tc.want); !got.Equal(want) {
				t.Errorf("Add(%s, %v) = %v, want %v", tc.start, tc.budget, got, want)
			}
		})
	}
}

// In the zones below a shift that holds the change is an hour (Lord Howe: half an hour) shorter or longer than its wall times say.
func TestDaylightSaving(t *testing.T) {
	everyDay := func(zone, from, to string) Calendar {
		return Calendar{TimeZone: zone, Hours: []WeekHours{{
			Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}, Shifts: []Shift{{from, to}},
		}}}
	}
	cases := map[string]struct {
		calendar Calendar
		day      string
		want     time.Duration
	}{
		"New York in spring":                  {everyDay(newYork, "00:00", "24:00"), "2027-03-14", 23 * time.Hour},
		"New York in autumn":                  {everyDay(newYork, "00:00", "24:00"), "2027-11-07", 25 * time.Hour},
		"nine to five never changes":          {everyDay(newYork, "09:00", "17:00"), "2027-03-14", 8 * time.Hour},
		"begins in the gap":                   {everyDay(newYork, "02:30", "05:00"), "2027-03-14", 90 * time.Minute},
		"ends in the gap":                     {everyDay(newYork, "01:00", "02:30"), "2027-03-14", 90 * time.Minute},
		"shorter than the gap":                {everyDay(newYork, "02:30", "03:00"), "2027-03-14", 0},
		"begins at the first of the repeated": {everyDay(newYork, "01:30", "03:00"), "2027-11-07", 150 * time.Minute},
		"Lord Howe in spring":                 {everyDay("Australia/Lord_Howe", "00:00", "24:00"), "2027-10-03", 23*time.Hour + 30*time.Minute},
		"a gap at midnight":                   {everyDay("Africa/Cairo", "00:00", "24:00"), "2027-04-30", 23 * time.Hour},
		"a date that was skipped":             {everyDay("Pacific/Apia", "00:00", "24:00"), "2011-12-30", 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := hoursOf(t, tc.calendar)
			day, err := time.Parse(time.DateOnly, tc.day)
			if err != nil {
				t.Fatal(err)
			}
			from, to := wall(dateOf(day), 0, h.Location()), wall(dateOf(day).next(), 0, h.Location())
			if tc.day == "2011-12-30" { // the date has no instants; its neighbours hold 24 hours each
				from, to = wall(date{2011, 12, 29}, 0, h.Location()), wall(date{2012, 1, 1}, 0, h.Location())
				tc.want = 48 * time.Hour
			}
			if got := h.Elapsed(from, to); got != tc.want {
				t.Errorf("Elapsed = %v, want %v", got, tc.want)
			}
		})
	}
}

// Two shifts that the jump pushes into each other count once.
func TestGapPushesShiftsTogether(t *testing.T) {
	c := Calendar{TimeZone: newYork, Hours: []WeekHours{{Days: []string{"Sun"}, Shifts: []Shift{{"02:00", "02:45"}, {"03:00", "04:00"}}}}}
	h := hoursOf(t, c)
	from := local(t, newYork, "2027-03-14 00:00")
	if got := h.Elapsed(from, from.Add(24*time.Hour)); got != time.Hour {
		t.Errorf("Elapsed = %v, want 1h: 02:00 to 02:45 becomes 03:00 to 03:45 and lies in 03:00 to 04:00", got)
	}
	if got, want := h.Add(from, time.Hour), local(t, newYork, "2027-03-14 04:00"); !got.Equal(want) {
		t.Errorf("Add = %v, want %v", got, want)
	}
}

func TestElapsedAndOpen(t *testing.T) {
	h := hoursOf(t, workdays(newYork))
	at := func(text string) time.Time { return local(t, newYork, text) }
	if got := h.Elapsed(at("2027-01-22 17:00"), at("2027-01-25 10:00")); got != 2*time.Hour {
		t.Errorf("over a weekend: %v, want 2h", got)
	}
	if got := h.Elapsed(at("2027-01-25 10:00"), at("2027-01-22 17:00")); got != 0 {
		t.Errorf("backwards: %v, want 0", got)
	}
	for text, want := range map[string]bool{
		"2027-01-20 08:59:59": false, "2027-01-20 09:00": true, "2027-01-20 17:59:59": true, "2027-01-20 18:00": false, "2027-01-23 12:00": false,
	} {
		if got := h.Open(at(text)); got != want {
			t.Errorf("Open(%s) = %v, want %v", text, got, want)
		}
	}
	if got := h.Location().String(); got != newYork {
		t.Errorf("Location = %s", got)
	}
}

// A calendar whose weekly hours are all replaced for a while still ends, and so does a budget that no compiled terms could have.
func TestAddTerminates(t *testing.T) {
	c := Calendar{TimeZone: "UTC", Hours: []WeekHours{{Days: []string{"Mon"}, Shifts: []Shift{{"09:00", "09:01"}}}}}
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	h := hoursOf(t, c)
	got := h.Add(start, 99999*time.Hour)
	if years := got.Sub(start).Hours() / 24 / 365; years < 40 || years > 41 {
		t.Errorf("Add gave up after %.1f years, want 40", years)
	}
}

func TestCalendarProblems(t *testing.T) {
	valid := workdays(newYork)
	with := func(change func(*Calendar)) Calendar {
		c := valid
		c.Hours = []WeekHours{{Days: []string{"Mon"}, Shifts: []Shift{{"09:00", "18:00"}}}}
		change(&c)
		return c
	}
	shift := func(from, to string) Calendar {
		return with(func(c *Calendar) { c.Hours[0].Shifts = []Shift{{from, to}} })
	}
	cases := map[string]struct {
		calendar Calendar
		where    []string
	}{
		"no zone":             {with(func(c *Calendar) { c.TimeZone = "" }), []string{"terms.calendar.timeZone"}},
		"the machine's zone":  {with(func(c *Calendar) { c.TimeZone = "Local" }), []string{"terms.calendar.timeZone"}},
		"unknown zone":        {with(func(c *Calendar) { c.TimeZone = "America/Gotham" }), []string{"terms.calendar.timeZone"}},
		"never open":          {with(func(c *Calendar) { c.Hours = nil }), []string{"terms.calendar.hours"}},
		"unknown day":         {with(func(c *Calendar) { c.Hours[0].Days = []string{"Mon", "Monday"} }), []string{"terms.calendar.hours[0].days"}},
		"no days":             {with(func(c *Calendar) { c.Hours[0].Days = nil }), []string{"terms.calendar.hours[0].days"}},
		"no shifts":           {with(func(c *Calendar) { c.Hours[0].Shifts = nil }), []string{"terms.calendar.hours[0].shifts"}},
		"over midnight":       {shift("22:00", "06:00"), []string{"terms.calendar.hours[0].shifts[0]"}},
		"empty shift":         {shift("09:00", "09:00"), []string{"terms.calendar.hours[0].shifts[0]"}},
		"not a time":          {shift("9:00", "18:00"), []string{"terms.calendar.hours[0].shifts[0].from"}},
		"after midnight":      {shift("09:00", "24:01"), []string{"terms.calendar.hours[0].shifts[0].to"}},
		"minute 60":           {shift("09:60", "18:00"), []string{"terms.calendar.hours[0].shifts[0].from"}},
		"signed":              {shift("+9:00", "18:00"), []string{"terms.calendar.hours[0].shifts[0].from"}},
		"begins at its end":   {shift("24:00", "24:00"), []string{"terms.calendar.hours[0].shifts[0]"}},
		"impossible date":     {with(func(c *Calendar) { c.Exceptions = []Exception{{Date: "2026-02-30"}} }), []string{"terms.calendar.exceptions[0].date"}},
		"the same date twice": {with(func(c *Calendar) { c.Exceptions = []Exception{{Date: "2026-12-25"}, {Date: "2026-12-25"}} }), []string{"terms.calendar.exceptions[1].date"}},
		"shift of exception": {with(func(c *Calendar) {
			c.Exceptions = []Exception{{Date: "2026-12-24", Shifts: []Shift{{"12:00", "09:00"}}}}
		}), []string{"terms.calendar.exceptions[0].shifts[0]"}},
		"two problems at once": {with(func(c *Calendar) { c.TimeZone, c.Hours[0].Days = "X", nil }), []string{"terms.calendar.timeZone", "terms.calendar.hours[0].days"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, problems := compileCalendar(tc.calendar)
			if diff := cmp.Diff(tc.where, whereOf(t, problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s\n%v", diff, problems)
			}
		})
	}
}

// whereOf are the fields that an error of type Problems names.
func whereOf(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%T is not Problems: %v", err, err)
	}
	var where []string
	for _, p := range problems {
		if p.Message == "" {
			t.Errorf("%s has no message", p.Where)
		}
		where = append(where, p.Where)
	}
	return where
}
