// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"sync"
	"sync/atomic"
	"time"
)

// timeline is the business time of some years in a row, laid out so that a deadline is two look-ups however far away it is. It never
// changes once it is made. Instants are seconds since its base, and so are sums of open time: zones and shifts know no parts of a second.
type timeline struct {
	base   int64  // Unix time of the first instant
	length uint32 // seconds from the base to the end
	years  [2]int // the first and the last

	open   []opening // in order, apart from each other; then one at the end with the sum of all
	byTime []uint32  // of each 2^timeBits seconds, the first stretch that ends after they began
	byOpen []uint32  // of each 2^openBits open seconds, the stretch that holds the first of them

	openBits uint8
}

// opening is where a stretch of open time begins, and how much open time was before it.
type opening struct{ from, before uint32 }

const (
	timeBits = 16 // about 18 hours: seldom more than one stretch
	second   = int64(time.Second)
	few      = 4 // stretches that are quicker looked through than halved

	// mostYears and mostOpenings bound the memory of a timeline: the longest window takes ten years of the calendar.
	mostYears    = 20
	mostOpenings = 1 << 16
)

// timelines make a timeline of hours once they are asked so often that it pays, and another when they are asked about other years.
// Hours that are compiled and hardly asked, as all of the manager's, never have one.
type timelines struct {
	current  atomic.Pointer[timeline]
	unserved atomic.Int32 // questions that the current one could not answer
	making   sync.Mutex
}

// worthwhile is the number of questions about other years after which a timeline is made. It takes as long as some hundred answers.
const worthwhile = 32

// missed takes note of a question between two instants that the timeline could not answer.
func (h *Hours) missed(from, to time.Time) {
	if h.lines.unserved.Add(1) < worthwhile || !h.lines.making.TryLock() {
		return
	}
	defer h.lines.making.Unlock()
	h.lines.unserved.Store(0)
	first, last := from.In(h.location).Year(), to.In(h.location).Year()
	if last-first >= mostYears {
		return
	}
	if now := h.lines.current.Load(); now != nil {
		if joined := [2]int{min(first, now.years[0]), max(last, now.years[1])}; joined[1]-joined[0] < mostYears {
			first, last = joined[0], joined[1]
		}
	}
	h.lines.current.Store(h.timeline(first, last))
}

// timeline of some years, both included; of fewer when they hold more stretches than it may have.
func (h *Hours) timeline(first, last int) *timeline {
	begin := wall(date{first, time.January, 1}, 0, h.location)
	l := &timeline{base: begin.Unix(), years: [2]int{first, last}}
	end := begin
	var sum uint32
	var stretches []stretch // of at most the last two days: the next may go on where they end
	put := func(s stretch) {
		l.open = append(l.open, opening{l.since(s.from), sum})
		sum += uint32(s.to.Sub(s.from) / time.Second)
	}
	day := date{first, time.January, 1}
	for ; day.year <= last && len(l.open) < mostOpenings; day = day.next() {
		for _, s := range h.on(day) {
			if n := len(stretches); n > 0 && !s.from.After(stretches[n-1].to) {
				stretches[n-1].to = later(stretches[n-1].to, s.to)
				continue
			}
			stretches = append(stretches, s)
		}
		for len(stretches) > 1 {
			put(stretches[0])
			stretches = stretches[1:]
		}
		end = wall(day, minutesOfDay, h.location)
	}
	for _, s := range stretches {
		put(s)
		end = later(end, s.to)
	}
	l.length = l.since(end)
	l.open = append(l.open, opening{l.length, sum})
	l.index(sum)
	return l
}

func (l *timeline) since(t time.Time) uint32 { return uint32(t.Unix() - l.base) }

// index makes the two tables. That of open time has about two entries a stretch.
func (l *timeline) index(sum uint32) {
	n := len(l.open) - 1
	l.byTime = make([]uint32, l.length>>timeBits+2)
	for i, stretch := 0, 0; i < len(l.byTime); i++ {
		for stretch < n && int64(l.closes(uint32(stretch))) <= int64(i)<<timeBits {
			stretch++
		}
		l.byTime[i] = uint32(stretch)
	}
	for n > 0 && sum>>l.openBits > 2*uint32(n) {
		l.openBits++
	}
	l.byOpen = make([]uint32, sum>>l.openBits+2)
	for i, stretch := 0, 0; i < len(l.byOpen); i++ {
		for stretch < n && int64(l.open[stretch+1].before) <= int64(i)<<l.openBits {
			stretch++
		}
		l.byOpen[i] = uint32(stretch)
	}
}

// closes is where a stretch ends.
func (l *timeline) closes(i uint32) uint32 {
	return l.open[i].from + l.open[i+1].before - l.open[i].before
}

// at is the stretch that holds an instant, or the next one; false when the timeline does not reach so far.
func (l *timeline) at(sec int64) (x, stretch uint32, ok bool) {
	if uint64(sec-l.base) >= uint64(l.length) {
		return 0, 0, false
	}
	x = uint32(sec - l.base)
	stretch = l.byTime[x>>timeBits]
	for after := l.byTime[x>>timeBits+1]; after > stretch+few; { // many short stretches
		if half := (stretch + after) / 2; l.closes(half-1) <= x {
			stretch = half
		} else {
			after = half
		}
	}
	for last := uint32(len(l.open) - 1); stretch < last && l.closes(stretch) <= x; stretch++ {
	}
	return x, stretch, true
}

// passed is the open time in nanoseconds from the base to an instant.
func (l *timeline) passed(t time.Time) (open int64, ok bool) {
	x, i, ok := l.at(t.Unix())
	if !ok {
		return 0, false
	}
	s := l.open[i]
	if x < s.from {
		return int64(s.before) * second, true
	}
	return int64(s.before+x-s.from)*second + int64(t.Nanosecond()), true
}

// add is Hours.Add within the timeline. The budget is not below 0.
func (l *timeline) add(start time.Time, budget time.Duration, loc *time.Location) (time.Time, bool) {
	x, i, ok := l.at(start.Unix())
	if !ok || int(i) == len(l.open)-1 {
		return time.Time{}, false
	}
	s, spent := l.open[i], int64(0)
	if x >= s.from {
		spent = int64(x-s.from)*second + int64(start.Nanosecond())
	}
	if budget > 0 {
		end := &l.open[len(l.open)-1]
		if int64(budget) > int64(end.before)*second { // before the sum below could overflow
			return time.Time{}, false
		}
		spent += int64(s.before)*second + int64(budget)
		if spent > int64(end.before)*second {
			return time.Time{}, false
		}
		s = l.holding(spent)
		spent -= int64(s.before) * second
	}
	whole := spent / second
	return time.Unix(l.base+int64(s.from)+whole, spent-whole*second).In(loc), true
}

// holding is the stretch in which so much open time has passed: that which it ends, when it ends one.
func (l *timeline) holding(open int64) opening {
	last := uint32((open - 1) / second) // the second that is the last to have begun
	i := l.byOpen[last>>l.openBits]
	for n := l.byOpen[last>>l.openBits+1]; n > i+few; { // stretches of very different lengths
		if half := (i + n) / 2; l.open[half].before <= last {
			i = half
		} else {
			n = half
		}
	}
	for l.open[i+1].before <= last {
		i++
	}
	return l.open[i]
}
