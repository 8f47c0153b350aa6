// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// asked are hours that have a timeline of the years about a start.
func asked(t *testing.T, h *Hours, start time.Time) *Hours {
	t.Helper()
	for range worthwhile {
		h.Add(start, time.Hour)
	}
	if h.lines.current.Load() == nil {
		t.Fatal("no timeline was made")
	}
	return h
}

// A manager holds thousands of compiled terms: hours that are hardly asked make nothing.
func TestTimelineIsMadeWhenItPays(t *testing.T) {
	h := hoursOf(t, workdays(newYork))
	start := local(t, newYork, "2027-01-20 10:00")
	for range worthwhile - 1 {
		h.Add(start, time.Hour)
	}
	if h.lines.current.Load() != nil {
		t.Errorf("there is a timeline after %d questions", worthwhile-1)
	}
	h.Open(start)
	line := h.lines.current.Load()
	if line == nil {
		t.Fatalf("there is no timeline after %d questions", worthwhile)
	}
	if line.years != [2]int{2027, 2027} {
		t.Errorf("the timeline is of %v, want 2027 alone", line.years)
	}
	for range worthwhile {
		h.Elapsed(start, start.AddDate(2, 0, 0))
	}
	if got := h.lines.current.Load().years; got != [2]int{2027, 2029} {
		t.Errorf("asked about 2029, the timeline is of %v, want 2027 to 2029", got)
	}
}

// bytes of a timeline.
func (l *timeline) bytes() int {
	return int(unsafe.Sizeof(*l)) + cap(l.open)*int(unsafe.Sizeof(opening{})) + 4*(cap(l.byTime)+cap(l.byOpen))
}

// Memory is bounded, whatever is asked: years that are too far apart take the place of the others, and the stretches are counted.
func TestTimelineIsBounded(t *testing.T) {
	h := asked(t, hoursOf(t, workdays(newYork)), local(t, newYork, "2027-01-20 10:00"))
	if got := h.lines.current.Load().bytes(); got > 10<<10 {
		t.Errorf("a year takes %d bytes, want at most 10 KiB", got)
	}
	asked(t, h, local(t, newYork, "1990-01-20 10:00"))
	if got := h.lines.current.Load().years; got != [2]int{1990, 1990} {
		t.Errorf("asked about 1990, the timeline is of %v", got)
	}
	for range 2 * worthwhile {
		h.Elapsed(local(t, newYork, "1990-01-20 10:00"), local(t, newYork, "2027-01-20 10:00"))
	}
	if got := h.lines.current.Load().years; got != [2]int{1990, 1990} {
		t.Errorf("asked about 37 years at once, the timeline is of %v", got)
	}
	if line := hoursOf(t, crowded()).timeline(2020, 2039); len(line.open) > mostOpenings+100 || line.bytes() > 2<<20 {
		t.Errorf("%d stretches and %d bytes, want at most %d stretches", len(line.open), line.bytes(), mostOpenings)
	} else if at, ok := line.add(time.Unix(line.base, 0), 0, time.UTC); !ok || at.Year() != 2020 {
		t.Errorf("it does not answer about its first year: %v, %v", at, ok)
	} else if _, ok := line.passed(time.Date(2039, 6, 1, 0, 0, 0, 0, time.UTC)); ok {
		t.Error("it answers about a year for which it has no room")
	}
}

// crowded has a stretch of a minute each half hour, and long ones on Sundays.
func crowded() Calendar {
	var many []Shift
	for m := 0; m < minutesOfDay; m += 30 {
		many = append(many, Shift{From: clockText(m), To: clockText(m + 1)})
	}
	return Calendar{TimeZone: "UTC", Hours: []WeekHours{
		{Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}, Shifts: many},
		{Days: []string{"Sun"}, Shifts: []Shift{{"00:00", "24:00"}}},
	}}
}

// The timeline says what walking day by day says, also ten years away and where stretches are of very different lengths.
func TestTimelineAgreesWithWalking(t *testing.T) {
	split := workdays("Europe/Berlin")
	split.Hours[0].Shifts = []Shift{{"08:30", "12:00"}, {"13:00", "17:30"}}
	short := Calendar{TimeZone: "Pacific/Chatham", Hours: []WeekHours{{Days: []string{"Sun"}, Shifts: []Shift{{"02:30", "02:31"}}}}}
	always := Calendar{TimeZone: newYork, Hours: []WeekHours{{
		Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}, Shifts: []Shift{{"00:00", "24:00"}},
	}}}
	for name, c := range map[string]Calendar{"workdays": workdays(newYork), "split": split, "a minute a week": short, "always": always, "crowded": crowded()} {
		t.Run(name, func(t *testing.T) {
			h := hoursOf(t, c)
			random := rand.New(rand.NewPCG(1, 2027))
			begin := time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC)
			decade := h.weekly() * 520
			asked(t, h, begin)
			for i := range 80 {
				start := begin.Add(time.Duration(random.Int64N(int64(400 * 24 * time.Hour))))
				budget := time.Duration(random.Int64N(int64(decade)))
				if i%2 == 0 {
					budget = budget.Truncate(time.Minute) / 1000
				}
				if got, want := h.Add(start, budget), h.walk(start, budget); !got.Equal(want) {
					t.Fatalf("Add(%v, %v) = %v, walking says %v", start, budget, got, want)
				}
				end := start.Add(budget / 50)
				if got, want := h.Elapsed(start, end), h.sum(start, end); got != want {
					t.Fatalf("Elapsed(%v, %v) = %v, walking says %v", start, end, got, want)
				}
			}
			if h.lines.current.Load() == nil {
				t.Error("there was no timeline")
			}
		})
	}
}

// Many ask at once, about years that are there and years that are not.
func TestTimelineIsShared(t *testing.T) {
	h := hoursOf(t, workdays(newYork))
	start := local(t, newYork, "2027-01-20 17:58")
	var group sync.WaitGroup
	wrong := make(chan string, 8)
	for i := range 8 {
		group.Go(func() {
			for n := range 500 {
				from := start.AddDate(i*(n%12), 0, 0)
				if got, want := h.Add(from, 40*time.Hour), h.walk(from, 40*time.Hour); !got.Equal(want) {
					wrong <- fmt.Sprintf("Add(%v) = %v, want %v", from, got, want)
					return
				}
			}
		})
	}
	group.Wait()
	close(wrong)
	for text := range wrong {
		t.Error(text)
	}
}

func TestDeadlineAllocatesNothing(t *testing.T) {
	start := local(t, newYork, "2027-01-20 17:58")
	h := asked(t, hoursOf(t, workdays(newYork)), start)
	if n := testing.AllocsPerRun(100, func() {
		deadline = h.Add(start, 40*time.Hour)
		if h.Elapsed(start, deadline) != 40*time.Hour || !h.Open(deadline) {
			t.Error("40 hours from 17:58 are not 40 hours, or end outside business hours")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
