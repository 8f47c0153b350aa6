// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
	"slices"
	"time"
)

// Hours are compiled business hours. They are immutable and safe for concurrent use.
type Hours struct {
	location   *time.Location
	week       [7][]span // by time.Weekday
	exceptions map[date][]span
	lines      timelines
}

// span is a shift in minutes of the day, 0 to 1440.
type span struct{ from, to int }

// stretch is a shift on one date, as instants.
type stretch struct{ from, to time.Time }

// horizon bounds the search for business time. Compile refuses windows that need more than ten years of the calendar, so
// only calendars that were never compiled as part of terms can run into it.
const horizon = 40 * 366

// Location is the calendar's time zone.
func (h *Hours) Location() *time.Location { return h.location }

// Add is the first instant at which budget of business time has passed since start: with a budget of 0 the first open instant
// not before start. A budget that ends exactly at closing time ends at closing time. When the calendar does not hold that much time within
// forty years, it is the end of those forty years.
func (h *Hours) Add(start time.Time, budget time.Duration) time.Time {
	budget = max(budget, 0)
	if line := h.lines.current.Load(); line != nil {
		if end, ok := line.add(start, budget, h.location); ok {
			return end
		}
	}
	end := h.walk(start, budget)
	h.missed(start, end)
	return end
}

// walk is Add day by day.
func (h *Hours) walk(start time.Time, left time.Duration) time.Time {
	local := start.In(h.location)
	day := dateOf(local)
	for range horizon {
		for _, s := range h.on(day) {
			if !s.to.After(local) {
				continue
			}
			from := later(s.from, local)
			if open := s.to.Sub(from); open < left {
				left -= open
				continue
			}
			return from.Add(left)
		}
		day = day.next()
	}
	return wall(day, 0, h.location)
}

// Elapsed is the business time between two instants; 0 when to is not after from.
func (h *Hours) Elapsed(from, to time.Time) time.Duration {
	if !to.After(from) {
		return 0
	}
	if line := h.lines.current.Load(); line != nil {
		before, ok := line.passed(from)
		after, reaches := line.passed(to)
		if ok && reaches {
			return time.Duration(after - before)
		}
	}
	h.missed(from, to)
	return h.sum(from, to)
}

// sum is Elapsed day by day. Where clocks are put back over midnight, the day after begins before the last one has ended.
func (h *Hours) sum(from, to time.Time) time.Duration {
	var sum time.Duration
	last := dateOf(to.In(h.location)).next().utc()
	for day := dateOf(from.In(h.location)); !day.utc().After(last); day = day.next() {
		for _, s := range h.on(day) {
			if open := earlier(s.to, to).Sub(later(s.from, from)); open > 0 {
				sum += open
			}
		}
	}
	return sum
}

// Open says whether t is within business hours: a shift's first instant is, the instant at which it ends is not.
func (h *Hours) Open(t time.Time) bool {
	if line := h.lines.current.Load(); line != nil {
		if x, i, ok := line.at(t.Unix()); ok {
			return x >= line.open[i].from
		}
	}
	h.missed(t, t)
	return h.sum(t, t.Add(1)) > 0
}

// weekly is the business time of a week without exceptions.
func (h *Hours) weekly() time.Duration {
	var minutes int
	for _, day := range h.week {
		for _, s := range day {
			minutes += s.to - s.from
		}
	}
	return time.Duration(minutes) * time.Minute
}

// on gives the shifts of a date in order, without overlaps. Daylight saving can make a shift longer, shorter or empty, and can
// push one into the next.
func (h *Hours) on(d date) []stretch {
	if dateOf(wall(d, 12*60, h.location)) != d {
		return nil // the zone skipped this date, as Samoa did the 30th of December 2011
	}
	spans, ok := h.exceptions[d]
	if !ok {
		spans = h.week[d.utc().Weekday()]
	}
	stretches := make([]stretch, 0, len(spans))
	for _, s := range spans {
		from, to := wall(d, s.from, h.location), wall(d, s.to, h.location)
		if !to.After(from) {
			continue
		}
		if n := len(stretches); n > 0 && !from.After(stretches[n-1].to) {
			stretches[n-1].from = earlier(stretches[n-1].from, from)
			stretches[n-1].to = later(stretches[n-1].to, to)
			continue
		}
		stretches = append(stretches, stretch{from, to})
	}
	return stretches
}

// merge sorts shifts and joins those that overlap or touch.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
