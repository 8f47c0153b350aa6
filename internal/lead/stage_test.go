// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func accepted(at time.Time) Event { return Event{Kind: KindAccepted, Time: at} }

func deal(at time.Time, id string, state DealState) Event {
	return Event{Kind: KindOpportunity, Time: at, Opportunity: &Opportunity{ID: id, State: state}}
}

func TestStories(t *testing.T) {
	on := func(n int) time.Time { return day0.Add(time.Duration(n) * day) }
	codes := barring().Dispositions
	mql := Milestones{HandedOff: on(1)}
	with := func(m Milestones, edit func(*Milestones)) Milestones {
		edit(&m)
		return m
	}
	suppressed := func(n int) func(*Milestones) {
		return func(m *Milestones) { m.Suppressed = &Suppression{Since: on(n), Scope: ScopeContact} }
	}
	cases := map[string]struct {
		known   Milestones
		history []Event
		want    Stage
	}{
		"it came in":                        {Milestones{}, []Event{captured(day0, nil)}, StageInquiry},
		"it waits for a field":              {Milestones{Held: on(1)}, nil, StageHeld},
		"handed off":                        {mql, nil, StageMQL},
		"accepted":                          {mql, []Event{accepted(on(2))}, StageSAL},
		"accepted by its disposition":       {mql, []Event{disposedOf(on(2), Accepted, "")}, StageSAL},
		"accepted before the hand-off":      {mql, []Event{accepted(day0)}, StageMQL},
		"accepted at its moment":            {mql, []Event{accepted(on(1))}, StageSAL},
		"accepted, never handed off":        {Milestones{}, []Event{accepted(on(2))}, StageInquiry},
		"qualified by sales":                {with(mql, func(m *Milestones) { m.SQL = on(3) }), []Event{accepted(on(2))}, StageSQL},
		"accepted after it was qualified":   {with(mql, func(m *Milestones) { m.SQL = on(3) }), []Event{accepted(on(4))}, StageSQL},
		"a deal":                            {mql, []Event{deal(on(4), "d", DealOpen)}, StageOpportunity},
		"a deal of a lead never handed off": {Milestones{}, []Event{deal(on(4), "d", DealOpen)}, StageOpportunity},
		"won":                               {mql, []Event{deal(on(4), "d", DealOpen), deal(on(9), "d", DealWon)}, StageWon},
		"lost":                              {mql, []Event{deal(on(4), "d", DealOpen), deal(on(9), "d", DealLost)}, StageLost},
		"one of two is open":                {mql, []Event{deal(on(4), "d", DealLost), deal(on(9), "e", DealOpen)}, StageOpportunity},
		"one of two is won":                 {mql, []Event{deal(on(4), "d", DealWon), deal(on(9), "e", DealLost)}, StageWon},
		"opened again":                      {mql, []Event{deal(on(4), "d", DealLost), deal(on(9), "d", DealOpen)}, StageOpportunity},
		"accepted after the deal was lost":  {mql, []Event{deal(on(4), "d", DealLost), accepted(on(5))}, StageLost},
		"recycled":                          {mql, []Event{accepted(on(2)), disposedOf(on(3), "", "BadTiming")}, StageRecycled},
		"disqualified":                      {mql, []Event{disposedOf(on(3), "", "NotICP")}, StageDisqualified},
		"a code that says nothing":          {mql, []Event{disposedOf(on(3), "", "Whatever")}, StageMQL},
		"recycled, then accepted":           {mql, []Event{disposedOf(on(3), "", "BadTiming"), accepted(on(4))}, StageSAL},
		"recycled after a deal":             {mql, []Event{deal(on(3), "d", DealOpen), disposedOf(on(4), "", "BadTiming")}, StageRecycled},
		"a deal after all":                  {mql, []Event{disposedOf(on(3), "", "BadTiming"), deal(on(4), "d", DealOpen)}, StageOpportunity},
		"overturned":                        {mql, []Event{accepted(on(2)), disposedOf(on(3), "", "BadTiming"), contested(on(4), ContestOverturned)}, StageSAL},
		"upheld":                            {mql, []Event{disposedOf(on(3), "", "BadTiming"), contested(on(4), ContestUpheld)}, StageRecycled},
		"handed off again": {
			Milestones{HandedOff: on(40)}, []Event{accepted(on(2)), disposedOf(on(3), "", "BadTiming")}, StageMQL,
		},
		"held on its way back": {with(mql, func(m *Milestones) { m.Held = on(9) }), []Event{disposedOf(on(3), "", "BadTiming")}, StageHeld},
		"opted out":            {with(mql, suppressed(5)), []Event{accepted(on(2))}, StageSuppressed},
		"opted out, then won":  {with(mql, suppressed(5)), []Event{deal(on(7), "d", DealWon)}, StageWon},
		"an inquiry opted out": {with(Milestones{}, suppressed(0)), nil, StageSuppressed},
		"disqualified by a code that suppresses": {
			with(mql, suppressed(3)), []Event{disposedOf(on(3), "", "Fraud")}, StageDisqualified,
		},
		"that was lifted":                {mql, []Event{accepted(on(2)), disposedOf(on(3), "", "Fraud"), reinstated(on(5), ScopeAccount)}, StageSAL},
		"another scope was lifted":       {with(mql, suppressed(3)), []Event{disposedOf(on(3), "", "Fraud"), reinstated(on(5), ScopeContact)}, StageDisqualified},
		"a customer":                     {Milestones{Excluded: true}, nil, StageExcluded},
		"a customer who was handed off":  {with(mql, func(m *Milestones) { m.Excluded = true }), nil, StageMQL},
		"a duplicate":                    {Milestones{Duplicate: true, Held: on(1)}, nil, StageDuplicate},
		"a duplicate of a customer":      {Milestones{Duplicate: true, Excluded: true}, nil, StageDuplicate},
		"a duplicate since its hand-off": {with(mql, func(m *Milestones) { m.Duplicate = true }), nil, StageMQL},
		"merged":                         {with(mql, func(m *Milestones) { m.Merged = true }), []Event{deal(on(2), "d", DealWon)}, StageMerged},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := StageOf(codes, c.history, c.known); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// naive tells the stage by looking for the latest of each kind of fact, without going through them in order.
func naive(history []Event, m Milestones) Stage {
	latest := func(take func(Event) bool) (at time.Time) {
		for _, e := range history {
			if take(e) && e.Time.After(at) {
				at = e.Time
			}
		}
		return at
	}
	outcome := func(o Outcome) func(Event) bool {
		return func(e Event) bool { return e.Kind == KindDisposition && e.Disposition.Outcome == o }
	}
	recycled, disqualified := latest(outcome(Recycled)), latest(outcome(Disqualified))
	began, rejection, stage := m.HandedOff, recycled, StageRecycled
	if disqualified.After(recycled) {
		rejection, stage = disqualified, StageDisqualified
	}
	if rejection.After(began) {
		began = rejection
	} else {
		rejection = time.Time{}
	}
	dealt := latest(func(e Event) bool { return e.Kind == KindOpportunity })
	accepted := latest(func(e Event) bool { return e.Kind == KindAccepted || outcome(Accepted)(e) })
	switch {
	case dealt.After(began):
		last := map[string]Event{}
		for _, e := range history {
			if e.Kind == KindOpportunity && !e.Time.Before(last[e.Opportunity.ID].Time) {
				last[e.Opportunity.ID] = e
			}
		}
		found := StageLost
		for _, e := range last {
			if e.Opportunity.State == DealOpen && found == StageLost {
				found = StageOpportunity
			}
			if e.Opportunity.State == DealWon {
				found = StageWon
			}
		}
		return found
	case !m.HandedOff.IsZero() && m.SQL.After(began):
		return StageSQL
	case !m.HandedOff.IsZero() && accepted.After(began):
		return StageSAL
	case !rejection.IsZero():
		return stage
	case !m.HandedOff.IsZero():
		return StageMQL
	default:
		return StageInquiry
	}
}

// By times alone: facts at times of their own give the same stage in whatever order they are told, and that which a search without order finds.
func TestStagesGoByTime(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	seen := map[Stage]int{}
	for range 20000 {
		times := random.Perm(40)
		next := func() time.Time {
			at := day0.Add(time.Duration(times[0]+1) * time.Hour)
			times = times[1:]
			return at
		}
		var m Milestones
		if random.IntN(4) > 0 {
			m.HandedOff = next()
			if at := next(); random.IntN(3) == 0 && at.After(m.HandedOff) {
				m.SQL = at
			}
		}
		var history []Event
		for range random.IntN(7) {
			history = append(history, []Event{
				accepted(next()), disposedOf(next(), Accepted, ""), disposedOf(next(), Recycled, ""), disposedOf(next(), Disqualified, ""),
				deal(next(), []string{"a", "b"}[random.IntN(2)], []DealState{DealOpen, DealWon, DealLost}[random.IntN(3)]),
			}[random.IntN(5)])
			times = random.Perm(40)
			times = slices.DeleteFunc(times, func(n int) bool {
				at := day0.Add(time.Duration(n+1) * time.Hour)
				return at.Equal(m.HandedOff) || at.Equal(m.SQL) || slices.ContainsFunc(history, func(e Event) bool { return e.Time.Equal(at) })
			})
		}
		random.Shuffle(len(history), func(i, j int) { history[i], history[j] = history[j], history[i] })
		want := naive(history, m)
		slices.SortFunc(history, func(a, b Event) int { return a.Time.Compare(b.Time) })
		if got := StageOf(nil, history, m); got != want {
			t.Fatalf("%s, want %s of %+v\n%+v", got, want, m, history)
		}
		seen[want]++
	}
	for _, stage := range []Stage{StageInquiry, StageMQL, StageSAL, StageSQL, StageOpportunity, StageWon, StageLost, StageRecycled, StageDisqualified} {
		if seen[stage] < 50 {
			t.Errorf("only %d were %s", seen[stage], stage)
		}
	}
}

func TestMerges(t *testing.T) {
	merge := func(n int, survivor, merged string) Merge {
		return Merge{Survivor: survivor, Merged: merged, At: day0.Add(time.Duration(n) * day), Sequence: int64(n)}
	}
	for name, c := range map[string]struct {
		merges []Merge
		roots  map[string]string
		idle   int
	}{
		"one":                   {[]Merge{merge(1, "b", "a")}, map[string]string{"a": "b"}, 0},
		"a chain":               {[]Merge{merge(1, "b", "a"), merge(2, "c", "b")}, map[string]string{"a": "c", "b": "c"}, 0},
		"a chain from its end":  {[]Merge{merge(2, "b", "a"), merge(1, "c", "b")}, map[string]string{"a": "c", "b": "c"}, 0},
		"a circle":              {[]Merge{merge(1, "b", "a"), merge(2, "a", "b")}, map[string]string{"a": "b"}, 1},
		"a circle of three":     {[]Merge{merge(1, "b", "a"), merge(2, "c", "b"), merge(3, "a", "c")}, map[string]string{"a": "c", "b": "c"}, 1},
		"itself":                {[]Merge{merge(1, "a", "a")}, map[string]string{}, 1},
		"told twice":            {[]Merge{merge(1, "b", "a"), merge(2, "b", "a")}, map[string]string{"a": "b"}, 1},
		"taken by two":          {[]Merge{merge(1, "b", "a"), merge(2, "c", "a")}, map[string]string{"a": "c", "b": "c"}, 0},
		"the other way, before": {[]Merge{merge(2, "b", "a"), merge(1, "a", "b")}, map[string]string{"b": "a"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for range 10 {
				rand.Shuffle(len(c.merges), func(i, j int) { c.merges[i], c.merges[j] = c.merges[j], c.merges[i] })
				taken, idle := ResolveMerges(c.merges)
				if len(taken) != len(c.roots) || len(idle) != c.idle {
					t.Fatalf("%d taken in, %d say nothing new: want %d and %d", len(taken), len(idle), len(c.roots), c.idle)
				}
				for id, root := range c.roots {
					if taken[id].Root != root {
						t.Errorf("%s is in %s, want %s", id, taken[id].Root, root)
					}
				}
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	on := func(n int) time.Time { return day0.Add(time.Duration(n) * day) }
	d := midMarket()
	d.Identity = []string{"email", "company"}
	p := mustCompile(t, d)
	sent := func(n int, email, company any) Event {
		return updated(on(n), map[string]any{"email": email, "company": company})
	}
	for name, c := range map[string]struct {
		history []Event
		want    Identity
	}{
		"nothing":             {nil, Identity{}},
		"one of two":          {[]Event{captured(on(0), map[string]any{"email": "a@x.example"})}, Identity{}},
		"trimmed and lowered": {[]Event{sent(1, " A@x.Example ", "ACME")}, Identity{"a@x.example\x00acme", on(1)}},
		"since it was whole":  {[]Event{sent(1, "a@x.example", nil), sent(2, "A@x.example", "acme"), sent(3, "a@x.example ", "Acme")}, Identity{"a@x.example\x00acme", on(2)}},
		"another one now":     {[]Event{sent(1, "a@x.example", "acme"), sent(2, "b@x.example", "acme")}, Identity{"b@x.example\x00acme", on(2)}},
		"taken away":          {[]Event{sent(1, "a@x.example", "acme"), sent(2, "a@x.example", "")}, Identity{}},
		"of another type":     {[]Event{sent(1, "a@x.example", []string{"acme"})}, Identity{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := p.IdentityIn(c.history); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	if got := mustCompile(t, midMarket()).IdentityIn([]Event{sent(1, "a@x.example", "acme")}); got != (Identity{}) {
		t.Errorf("%+v by a definition that names no field", got)
	}
}
