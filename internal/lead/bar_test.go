// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func optedOut(at time.Time, scope Scope) Event {
	return Event{Kind: KindOptedOut, Time: at, Scope: scope}
}

func reinstated(at time.Time, scope Scope) Event {
	return Event{Kind: KindReinstated, Time: at, Scope: scope}
}

// barring is recycling with codes that suppress, and customers who are kept out.
func barring() Definition {
	d := recycling()
	d.Account = &Account{Field: "company"}
	d.Dispositions = append(d.Dispositions,
		Disposition{Name: "Fraud", Outcome: Disqualified, Suppress: ScopeAccount},
		Disposition{Name: "InvalidContact", Outcome: Disqualified, Suppress: ScopeContact})
	d.Exclusions = []Exclusion{{Name: "partner", When: "lead.partner"}, {Name: "old", When: `lead.founded < timestamp("1990-01-01T00:00:00Z")`}}
	return d
}

func TestWhatKeepsALeadOut(t *testing.T) {
	on := func(n int) time.Time { return day0.Add(time.Duration(n) * day) }
	partner := func(n int, is any) Event { return updated(on(n), map[string]any{"partner": is}) }
	p := mustCompile(t, barring())
	cases := map[string]struct {
		history []Event // after the capture on day 0
		given   Circumstances
		handed  int // day of the hand-off; -1 for none
		bar     Bar
	}{
		"nothing":                 {history: []Event{demoRequest(on(2))}, handed: 2},
		"opted out before":        {history: []Event{optedOut(on(1), ""), demoRequest(on(2))}, handed: -1, bar: Bar{Suppressed: &Suppression{Since: on(1), Scope: ScopeContact}}},
		"opted out at the moment": {history: []Event{optedOut(on(2), ""), demoRequest(on(2))}, handed: -1, bar: Bar{Suppressed: &Suppression{Since: on(2), Scope: ScopeContact}}},
		"opted out after":         {history: []Event{demoRequest(on(2)), optedOut(on(3), "")}, handed: 2, bar: Bar{Suppressed: &Suppression{Since: on(3), Scope: ScopeContact}}},
		"back at the reinstatement itself": {
			history: []Event{optedOut(on(1), ""), demoRequest(on(2)), reinstated(on(5), ScopeContact)}, handed: 5,
		},
		"the other scope lifts nothing": {
			history: []Event{optedOut(on(1), ScopeAccount), demoRequest(on(2)), reinstated(on(5), ScopeContact)}, handed: -1,
			bar: Bar{Suppressed: &Suppression{Since: on(1), Scope: ScopeAccount}},
		},
		"by a code": {
			history: []Event{disposedOf(on(1), "", "InvalidContact"), demoRequest(on(2))}, handed: -1,
			bar: Bar{Suppressed: &Suppression{Since: on(1), Scope: ScopeContact, Code: true}},
		},
		"by a code that was overturned": {
			history: []Event{disposedOf(on(1), "", "Fraud"), contested(on(2), ContestOverturned), demoRequest(on(3))}, handed: 3,
		},
		"overturned, but opted out too": {
			history: []Event{optedOut(on(1), ""), disposedOf(on(1), "", "InvalidContact"), contested(on(2), ContestOverturned), demoRequest(on(3))}, handed: -1,
			bar: Bar{Suppressed: &Suppression{Since: on(1), Scope: ScopeContact}},
		},
		"a later rejection is the one that is overturned": {
			history: []Event{disposedOf(on(1), "", "Fraud"), disposedOf(on(2), "", "BadTiming"), contested(on(3), ContestOverturned), demoRequest(on(4))}, handed: -1,
			bar: Bar{Suppressed: &Suppression{Since: on(1), Scope: ScopeAccount, Code: true}},
		},
		"by somebody of the account": {
			history: []Event{demoRequest(on(2))}, given: Circumstances{Marks: []Mark{{At: on(1), Scope: ScopeAccount}}}, handed: -1,
			bar: Bar{Suppressed: &Suppression{Since: on(1), Scope: ScopeAccount, Peer: true}},
		},
		"by somebody of the account, later": {
			history: []Event{demoRequest(on(2))}, given: Circumstances{Marks: []Mark{{At: on(3), Scope: ScopeAccount}}}, handed: 2,
		},
		"the account was reinstated by another": {
			history: []Event{disposedOf(on(1), "", "Fraud"), demoRequest(on(3))},
			given:   Circumstances{Marks: []Mark{{At: on(2), Scope: ScopeAccount, Lifted: true}}}, handed: 3,
		},
		"excluded": {history: []Event{partner(1, true), demoRequest(on(2))}, handed: -1, bar: Bar{Excluded: "partner"}},
		"excluded no more": {
			history: []Event{partner(1, true), demoRequest(on(2)), partner(4, false)}, handed: 4,
		},
		"a customer later": {history: []Event{demoRequest(on(2)), partner(4, true)}, handed: 2, bar: Bar{Excluded: "partner"}},
		"duplicate":        {history: []Event{demoRequest(on(2))}, given: Circumstances{DuplicateSince: on(2)}, handed: -1, bar: Bar{Duplicate: true}},
		"duplicate later":  {history: []Event{demoRequest(on(2))}, given: Circumstances{DuplicateSince: on(3)}, handed: 2},
		"asked of paths alone": {
			history: []Event{partner(1, true), optedOut(on(1), ""), demoRequest(on(2))}, given: Circumstances{Open: true, DuplicateSince: day0}, handed: 2,
			bar: Bar{Suppressed: &Suppression{Since: on(1), Scope: ScopeContact}, Excluded: "partner", Duplicate: true},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			history := append([]Event{captured(day0, director())}, c.history...)
			c.given.Judge = since(day0)
			j := p.QualifyIn(history, c.given)
			handed := -1
			if j.Qualified != nil {
				handed = int(j.Qualified.At.Sub(day0) / day)
			}
			if handed != c.handed || (j.Reached == nil) != (c.handed < 0) {
				t.Errorf("handed off on day %d, reached %+v; want day %d", handed, j.Reached, c.handed)
			}
			if diff := cmp.Diff(c.bar, j.Bar); diff != "" {
				t.Errorf("at the end (-want +got):\n%s", diff)
			}
			if c.handed < 0 && len(c.history) > 0 {
				at := on(2)
				if name == "by a code that was overturned" {
					at = on(3)
				}
				if last := c.history[len(c.history)-1]; last.Kind == KindActivity {
					at = last.Time
				}
				if !p.BarredThroughout(history, at, c.given) {
					t.Error("a hand-off then would not be void")
				}
			} else if c.handed >= 0 && !c.given.Open && p.BarredThroughout(history, on(c.handed), c.given) {
				t.Error("the hand-off would be void")
			}
		})
	}
}

func TestMarksForTheAccount(t *testing.T) {
	on := func(n int) time.Time { return day0.Add(time.Duration(n) * day) }
	p := mustCompile(t, barring())
	history := []Event{
		optedOut(on(1), ScopeContact), disposedOf(on(2), "", "Fraud"), contested(on(3), ContestOverturned), optedOut(on(4), ScopeAccount),
		disposedOf(on(5), "", "Fraud"), contested(on(6), ContestOverturned), reinstated(on(7), ScopeAccount), reinstated(on(8), ScopeContact),
	}
	mark := func(n int, lifted bool) Mark { return Mark{At: on(n), Scope: ScopeAccount, Lifted: lifted} }
	want := []Mark{mark(2, false), mark(3, true), mark(4, false), mark(5, false), mark(7, true)}
	if diff := cmp.Diff(want, p.AccountMarks(history), cmp.AllowUnexported(Mark{})); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
	if s := p.SuppressedAt(history[:1], []Mark{mark(9, false), mark(9, true)}); s == nil || s.Scope != ScopeContact {
		t.Errorf("%+v: its own comes first", s)
	}
	if s := p.SuppressedAt(nil, []Mark{mark(9, true), mark(9, false)}); s == nil || !s.Peer {
		t.Errorf("%+v: of two at one instant that which keeps out", s)
	}
	if s := p.SuppressedAt(history, nil); s != nil {
		t.Errorf("%+v: all was lifted", s)
	}
}

// A tracker hands off as QualifyIn does, whatever keeps leads out.
func TestATrackerIsKeptOutAsQualifyInIs(t *testing.T) {
	p := mustCompile(t, barring())
	random := rand.New(rand.NewPCG(17, 18))
	tracker, barred, handed := p.NewTracker(), 0, 0
	for range 800 {
		history := randomHistory(random)
		last := history[len(history)-1].Time
		for range random.IntN(8) {
			at := day0.Add(time.Duration(random.Int64N(int64(last.Sub(day0) + 30*day))))
			scope := []Scope{ScopeContact, ScopeAccount, ""}[random.IntN(3)]
			history = append(history, []Event{
				optedOut(at, scope), reinstated(at, scope), contested(at, ContestOverturned), demoRequest(at), updated(at, map[string]any{"partner": random.IntN(2) == 0}),
				disposedOf(at, "", []string{"NoResponse", "BadTiming", "Fraud", "InvalidContact"}[random.IntN(4)]),
			}[random.IntN(6)])
		}
		slices.SortStableFunc(history, func(a, b Event) int { return a.Time.Compare(b.Time) })
		var got []time.Time
		inCycle := false
		tracker.Reset()
		for _, e := range history {
			if !tracker.Apply(e) {
				continue
			}
			if inCycle && tracker.Returns() {
				inCycle = false
			}
			if s := tracker.Standing(); !inCycle && s.Path != "" && len(s.Missing) == 0 {
				got, inCycle = append(got, e.Time), true
				tracker.HandOff()
			}
		}
		if diff := cmp.Diff(handOffsOf(p, history), got); diff != "" {
			t.Fatalf("hand-offs (-QualifyIn +tracker):\n%s", diff)
		}
		if p.QualifyIn(history, Circumstances{Judge: since(day0), Open: true}).Qualified != nil && len(got) == 0 {
			barred++
		}
		handed += len(got)
	}
	if barred < 20 || handed < 200 {
		t.Errorf("%d were kept out, %d handed off: too few to tell", barred, handed)
	}
}
