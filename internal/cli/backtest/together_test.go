// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// byGroup is a definition with all that makes a hand-off depend on more than one lead and one time: an account's path, behaviour that
// decays, a required field, and rules of re-entry.
func byGroup() lead.Definition {
	d := definition(85)
	d.Fields = append(d.Fields, lead.Field{Name: "company", Type: lead.String, Property: "firm"})
	d.Fields[2].Required = true
	d.Account = &lead.Account{Field: "company"}
	d.Scoring.Groups[0].Rules[2].HalfLife = 5 * 24 * time.Hour
	d.Paths = append(d.Paths, lead.Path{Name: "group", Account: &lead.AccountPath{MinContacts: 2, Threshold: 110}})
	d.Exclusions = []lead.Exclusion{{Name: "giant", When: `lead.size > 170`}}
	d.Intents = []lead.Intent{{Name: "High", When: "signals.demo.count > 1"}, {Name: "Standard"}}
	d.Dispositions = append(d.Dispositions,
		lead.Disposition{Name: "BadTiming", Outcome: lead.Recycled, Reentry: &lead.Reentry{After: 48 * time.Hour, ScoreDelta: -15}},
		lead.Disposition{Name: "Gone", Outcome: lead.Recycled, Reentry: &lead.Reentry{NewContact: lead.NewContactRequired}})
	return d
}

// happening is an event of a lead, with the data that a CloudEvent has.
type happening struct {
	id   string
	e    lead.Event
	data map[string]any
}

// somebody does something, in a few leads of a few accounts, some of which change.
func happenings(random *rand.Rand) []happening {
	firms := []any{"Acme", " ACME", "acme", "Bolt", "bolt", "Cog", "", nil}
	pick := func(from ...any) any { return from[random.IntN(len(from))] }
	var all []happening
	add := func(id string, e lead.Event, data map[string]any) {
		e.Sequence = int64(len(all))
		all = append(all, happening{id, e, data})
	}
	leads := 2 + random.IntN(9)
	for i := range leads {
		id := fmt.Sprintf("l%d", i)
		at := time.Date(2026, 1, 1, random.IntN(200), 0, 0, 0, time.UTC)
		properties := map[string]any{"origin": pick("paid", "social"), "size": float64(random.IntN(200)), "phone": pick("1", "1", nil), "firm": pick(firms...)}
		add(id, lead.Event{Kind: lead.KindCaptured, Time: at, Properties: properties}, map[string]any{"properties": properties})
		for range random.IntN(12) {
			at = at.Add(time.Duration(random.IntN(60)) * time.Hour)
			switch random.IntN(7) {
			case 5:
				kind, scope := pick(lead.KindOptedOut, lead.KindReinstated, lead.KindReinstated).(lead.Kind), pick(lead.ScopeContact, lead.ScopeContact, lead.ScopeAccount).(lead.Scope)
				add(id, lead.Event{Kind: kind, Time: at, Scope: scope}, map[string]any{"scope": scope})
			case 6:
				ruling := pick(lead.ContestOverturned, lead.ContestUpheld).(lead.Ruling)
				add(id, lead.Event{Kind: lead.KindContested, Time: at, Contest: &lead.Contest{Ruling: ruling}},
					map[string]any{"ruling": ruling, "parties": []string{"Marketing", "Sales"}})
			case 0:
				properties := map[string]any{pick("phone", "firm", "firm").(string): pick(firms...)}
				add(id, lead.Event{Kind: lead.KindUpdated, Time: at, Properties: properties}, map[string]any{"properties": properties})
			case 1, 2, 3:
				properties := map[string]any{"form": "demo", "real": random.IntN(4) > 0}
				add(id, lead.Event{Kind: lead.KindActivity, Time: at, Activity: "FormSubmit", Properties: properties},
					map[string]any{"activity": "FormSubmit", "properties": properties})
			default:
				reason := pick("BadTiming", "BadTiming", "BadTiming", "Gone", "NotICP").(string)
				add(id, lead.Event{Kind: lead.KindDisposition, Time: at, Disposition: &lead.Disposed{Reason: reason}}, map[string]any{"reason": reason})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b happening) int {
		return cmp.Or(a.e.Time.Compare(b.e.Time), strings.Compare(a.id, b.id), int(a.e.Sequence-b.e.Sequence))
	})
	return all
}

// stamped is one cycle of a lead.
type stamped struct {
	Reached   time.Time
	Missing   []string
	Qualified time.Time
	Path      string
	Intent    string
	Score     int
}

// live scores each event when it happens, as the workers do; the contacts of accounts are counted as the ledger counts them.
func live(t *testing.T, r Rules, all []happening) map[string][]stamped {
	t.Helper()
	pair := &pipeline.Pair{Bundle: bundle.Bundle{Sequence: 1, Lead: r.Definition}, Program: r.Program}
	leads := map[string]*ledger.Lead{}
	for _, h := range all {
		one := leads[h.id]
		if one == nil {
			one = &ledger.Lead{ID: h.id, Cycle: ledger.Cycle{Number: 1}}
			leads[h.id] = one
		}
		one.Events = append(one.Events, ledger.Stored{Event: h.e})
		one.Peers = nil
		if account := r.Program.AccountOf(r.Program.Qualify(one.History(), nil).Record); account != "" {
			one.Peers = &lead.Contacts{}
			for _, other := range leads {
				if other != one && other.Account == account {
					one.Peers.Count, one.Peers.Score = one.Peers.Count+1, one.Peers.Score+other.Score.Clamped
				}
			}
		}
		if err := pair.Judge(one); err != nil {
			t.Fatal(err)
		}
		for i := range one.Events {
			one.Events[i].ScoredBy = 1
		}
	}
	stamps := map[string][]stamped{}
	for id, one := range leads {
		for _, c := range append(slices.Clone(one.Past), one.Cycle) {
			var s stamped
			if c.Reached != nil {
				s.Reached, s.Missing, s.Path = c.Reached.At, c.Reached.Missing, c.Reached.Path
			}
			if q := c.Qualified; q != nil {
				s.Qualified, s.Path, s.Intent, s.Score = q.At, q.Path, q.Intent, q.Score
			}
			stamps[id] = append(stamps[id], s)
		}
	}
	return stamps
}

// replayed is what the backtest makes of the same events in a file, the later ones first.
func replayed(t *testing.T, in Input, all []happening) (now, was map[string][]stamped) {
	t.Helper()
	var text strings.Builder
	for _, h := range slices.Backward(all) {
		line, err := json.Marshal(map[string]any{"type": typePrefix + string(h.e.Kind), "subject": h.id, "time": h.e.Time, "data": h.data})
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	in.Events, in.Workers = []string{files(t, map[string]string{"e.ndjson": text.String()})("e.ndjson")}, 2
	j := &joiner{in: &in, total: newTally(0), spill: newSpill(t.TempDir(), 3, 64)}
	defer func() { j.spill.close() }()
	if err := j.sortEvents(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := j.groupAccounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	now, was = map[string][]stamped{}, map[string][]stamped{}
	var mu sync.Mutex
	err := j.eachPart(t.Context(), func(w *gatherer, number int) error {
		return w.groups(number, func(leads []*gathered) {
			w.judge(leads)
			mu.Lock()
			defer mu.Unlock()
			for _, l := range leads {
				now[l.id], was[l.id] = stampsOfCycles(l.now), stampsOfCycles(l.was)
			}
		})
	})
	if err != nil || j.total.problems.Count > 0 {
		t.Fatal(err, j.total.problems)
	}
	return now, was
}

func stampsOfCycles(j judgement) (stamps []stamped) {
	for _, c := range j.cycles() {
		s := stamped{Reached: c.reached, Missing: c.missing, Path: c.path}
		if c.mql {
			s.Qualified, s.Intent, s.Score = c.at, c.intent, c.score
		}
		stamps = append(stamps, s)
	}
	return stamps
}

// A backtest gives the same hand-offs at the same times as the workers of the cluster, when events arrive as they happen.
func TestBacktestAgreesWithTheScorer(t *testing.T) {
	inOrder := func(h []happening) []happening { // events of one time are in the order of the file
		slices.SortStableFunc(h, func(a, b happening) int { return cmp.Or(a.e.Time.Compare(b.e.Time), strings.Compare(a.id, b.id)) })
		return h
	}
	d, other := byGroup(), byGroup()
	other.Account, other.Paths = &lead.Account{Field: "phone"}, other.Paths[1:]
	old := rules(t, "old", other)
	in := Input{New: rules(t, "new", d), Old: &old}
	random := rand.New(rand.NewPCG(5, 6))
	byAccount, again, held := 0, 0, 0
	for round := range 120 {
		all := happenings(random)
		for i := 1; i < len(all); i++ { // no two events of a lead at the same time: their order in a file would be another one
			for all[i].e.Time.Compare(all[i-1].e.Time) <= 0 {
				all[i].e.Time = all[i].e.Time.Add(time.Second)
			}
		}
		all = inOrder(all)
		now, was := replayed(t, in, all)
		want := live(t, in.New, all)
		if diff := gocmp.Diff(want, now); diff != "" {
			t.Fatalf("round %d, the new definition (-live +backtest):\n%s", round, diff)
		}
		if diff := gocmp.Diff(live(t, old, all), was); diff != "" {
			t.Fatalf("round %d, the old definition (-live +backtest):\n%s", round, diff)
		}
		for _, cycles := range want {
			again += len(cycles) - 1
			for _, c := range cycles {
				if c.Path == "group" {
					byAccount++
				}
				if len(c.Missing) > 0 {
					held++
				}
			}
		}
	}
	if byAccount < 40 || again < 15 || held < 20 {
		t.Errorf("%d by an account, %d again, %d held: too few to tell", byAccount, again, held)
	}
}
