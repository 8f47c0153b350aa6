// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/us"
)

// deadlineYears are those in which the starts of BenchmarkDeadline lie.
const deadlineFirst, deadlineYears = 2025, 3

// deadlineStarts are instants of three years, by day and by night; 8,192 of them, so that neither side can remember one.
func deadlineStarts() []time.Time {
	random := rand.New(rand.NewPCG(2027, 50))
	begin := time.Date(deadlineFirst, 1, 2, 0, 0, 0, 0, time.UTC)
	starts := make([]time.Time, 8192)
	for i := range starts {
		starts[i] = begin.Add(time.Duration(random.IntN(deadlineYears*365*24*60*60-7*24*60*60)) * time.Second)
	}
	return starts
}

// rickarCalendar is the named peer: business days from nine to six in New York without the public holidays of the United States.
func rickarCalendar(loc *time.Location) *cal.BusinessCalendar {
	c := cal.NewBusinessCalendar()
	c.AddHoliday(us.Holidays...)
	c.SetWorkHours(9*time.Hour, 18*time.Hour)
	c.Locations = []*time.Location{loc}
	return c
}

// deadlineHours are the same hours: what the peer takes for a holiday is an exception.
func deadlineHours(tb testing.TB, peer *cal.BusinessCalendar) *Hours {
	tb.Helper()
	calendar := workdays(newYork)
	loc, err := time.LoadLocation(newYork)
	if err != nil {
		tb.Fatal(err)
	}
	end := time.Date(deadlineFirst+deadlineYears+20, 1, 1, 12, 0, 0, 0, loc)
	for day := time.Date(deadlineFirst, 1, 1, 12, 0, 0, 0, loc); day.Before(end); day = day.AddDate(0, 0, 1) {
		if weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday; !weekend && !peer.IsWorkday(day) {
			calendar.Exceptions = append(calendar.Exceptions, Exception{Date: day.Format(time.DateOnly)})
		}
	}
	h, problems := compileCalendar(calendar)
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return h
}

// sameDeadlines fails unless both give the same answers.
func sameDeadlines(tb testing.TB, h *Hours, peer *cal.BusinessCalendar, starts []time.Time, budget time.Duration) {
	tb.Helper()
	for _, start := range starts {
		got, want := h.Add(start, budget), peer.AddWorkHours(start.In(h.location), budget)
		if !got.Equal(want) {
			tb.Fatalf("%v + %v: %v, rickar/cal %v", start.In(h.location), budget, got, want)
		}
	}
}

// BenchmarkDeadline: a budget of business time after a start that is another each time, beside rickar/cal on the same calendar. It first checks
// that both give the same deadlines.
func BenchmarkDeadline(b *testing.B) {
	starts := deadlineStarts()
	loc, err := time.LoadLocation(newYork)
	if err != nil {
		b.Fatal(err)
	}
	peer := rickarCalendar(loc)
	h := deadlineHours(b, peer)
	cached := rickarCalendar(loc) // its best case, but not safe for concurrent use
	cached.Cacheable = true
	local := make([]time.Time, len(starts)) // the peer reads the zone from the start
	for i, start := range starts {
		local[i] = start.In(loc)
	}
	ours := func(budget time.Duration) func(*testing.B) {
		return func(b *testing.B) {
			b.Helper()
			for _, start := range starts { // what makes the timeline is not a deadline
				deadline = h.Add(start, budget)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				deadline = h.Add(local[i%len(local)], budget)
				i++
			}
		}
	}
	theirs := func(peer *cal.BusinessCalendar, budget time.Duration) func(*testing.B) {
		return func(b *testing.B) {
			b.Helper()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				deadline = peer.AddWorkHours(local[i%len(local)], budget)
				i++
			}
		}
	}
	for _, hours := range []int{4, 40, 400} {
		sameDeadlines(b, h, cached, starts, time.Duration(hours)*time.Hour)
	}
	for _, hours := range []int{4, 40, 400, 4000, 20000} {
		b.Run(fmt.Sprintf("%dh", hours), ours(time.Duration(hours)*time.Hour))
	}
	for _, hours := range []int{4, 40, 400} {
		b.Run(fmt.Sprintf("rickar-%dh", hours), theirs(peer, time.Duration(hours)*time.Hour))
	}
	for _, hours := range []int{4, 40, 400} {
		b.Run(fmt.Sprintf("rickar-cached-%dh", hours), theirs(cached, time.Duration(hours)*time.Hour))
	}
}

var deadline time.Time

// Both give the same deadlines on a part of what the benchmark measures; the benchmark looks at all.
func TestDeadlinesOfThePeer(t *testing.T) {
	loc, err := time.LoadLocation(newYork)
	if err != nil {
		t.Fatal(err)
	}
	peer := rickarCalendar(loc)
	peer.Cacheable = true
	h := deadlineHours(t, peer)
	for _, budget := range []time.Duration{4 * time.Hour, 40 * time.Hour, 400 * time.Hour} {
		sameDeadlines(t, h, peer, deadlineStarts()[:512], budget)
	}
}
