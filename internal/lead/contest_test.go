// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func contested(at time.Time, ruling Ruling) Event {
	return Event{Kind: KindContested, Time: at, Contest: &Contest{Ruling: ruling}}
}

func TestWithoutOverturned(t *testing.T) {
	on := func(n int) time.Time { return day0.Add(time.Duration(n) * day) }
	codes := recycling().Dispositions
	cases := map[string]struct {
		history []Event
		want    []Overturned
	}{
		"nothing disputed":           {[]Event{disposedOf(on(1), "", "BadTiming")}, nil},
		"disputed":                   {[]Event{disposedOf(on(1), "", "BadTiming"), contested(on(2), ContestOpened)}, nil},
		"upheld":                     {[]Event{disposedOf(on(1), "", "BadTiming"), contested(on(2), ContestUpheld)}, nil},
		"overturned":                 {[]Event{disposedOf(on(1), "", "BadTiming"), contested(on(2), ContestOverturned)}, []Overturned{{0, 1}}},
		"overturned before it":       {[]Event{contested(on(1), ContestOverturned), disposedOf(on(2), "", "BadTiming")}, nil},
		"no rejection":               {[]Event{disposedOf(on(1), "", "AcceptAsSQL"), contested(on(2), ContestOverturned)}, nil},
		"by its outcome alone":       {[]Event{disposedOf(on(1), Disqualified, ""), contested(on(2), ContestOverturned)}, []Overturned{{0, 1}}},
		"a reason that says nothing": {[]Event{disposedOf(on(1), "", "Whatever"), contested(on(2), ContestOverturned)}, nil},
		"the latest of two": {
			[]Event{disposedOf(on(1), "", "NotICP"), disposedOf(on(2), "", "BadTiming"), contested(on(3), ContestOverturned)}, []Overturned{{1, 2}},
		},
		"the rejection before an acceptance": {
			[]Event{disposedOf(on(1), "", "NotICP"), disposedOf(on(2), "", "AcceptAsSQL"), contested(on(3), ContestOverturned)}, []Overturned{{0, 2}},
		},
		"twice is once": {
			[]Event{disposedOf(on(1), "", "NotICP"), contested(on(2), ContestOverturned), contested(on(3), ContestOverturned)}, []Overturned{{0, 1}},
		},
		"each its own": {
			[]Event{
				disposedOf(on(1), "", "NotICP"), contested(on(2), ContestOverturned), disposedOf(on(3), "", "BadTiming"), contested(on(4), ContestOverturned),
			}, []Overturned{{0, 1}, {2, 3}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, OverturnedIn(codes, c.history)); diff != "" {
				t.Errorf("overturned (-want +got):\n%s", diff)
			}
			rulings := 0
			for _, e := range c.history {
				if e.overturns() {
					rulings++
				}
			}
			kept := WithoutOverturned(codes, c.history)
			if len(kept) != len(c.history)-len(c.want)-rulings {
				t.Errorf("%d of %d events are left", len(kept), len(c.history))
			}
			if diff := cmp.Diff(kept, WithoutOverturned(codes, kept)); diff != "" {
				t.Errorf("done twice (-once +twice):\n%s", diff)
			}
		})
	}
}

// An overturned rejection lets no lead come back, from when it was overturned; what had come of it before, stays.
func TestAnOverturnedRejectionEndsTheWayBack(t *testing.T) {
	on := func(n int) time.Time { return day0.Add(time.Duration(n) * day) }
	p := mustCompile(t, recycling())
	begin := []Event{captured(day0, director()), demoRequest(on(1)), disposedOf(on(3), "", "BadTiming")}
	for name, c := range map[string]struct {
		then []Event
		want time.Time
	}{
		"not disputed":            {[]Event{demoRequest(on(5))}, on(5)},
		"overturned before":       {[]Event{contested(on(4), ContestOverturned), demoRequest(on(5))}, time.Time{}},
		"overturned after":        {[]Event{demoRequest(on(5)), contested(on(6), ContestOverturned)}, on(5)},
		"upheld":                  {[]Event{contested(on(4), ContestUpheld), demoRequest(on(5))}, on(5)},
		"rejected again":          {[]Event{contested(on(4), ContestOverturned), disposedOf(on(5), "", "BadTiming"), demoRequest(on(6))}, on(6)},
		"back to the code before": {[]Event{disposedOf(on(4), "", "NotICP"), contested(on(5), ContestOverturned), demoRequest(on(6))}, on(6)},
	} {
		t.Run(name, func(t *testing.T) {
			history := append(append([]Event{}, begin...), c.then...)
			j := p.QualifyIn(history, Circumstances{Judge: since(day0), Again: &Again{Since: on(1)}})
			var got time.Time
			if j.Qualified != nil {
				got = j.Qualified.At
			}
			if !got.Equal(c.want) {
				t.Errorf("it comes back at %v, want %v", got, c.want)
			}
		})
	}
}
