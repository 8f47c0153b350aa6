// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

var monday = time.Date(2026, 11, 16, 9, 0, 0, 0, time.UTC)

// projection is all that is kept of a lead and follows from its events' times alone.
const projection = `SELECT concat_ws(' | ', lead_id, stage, record, score_raw, score, missing, reached_at, reached_path, reached_missing,
    qualified_at, path, bundle_sequence, owner, owned_at, owned_first_at, disposed_at,
    (SELECT string_agg(concat_ws(',', clause, tier, period, revision, started_at, due_at, warn_at, stopped_at, state), ';' ORDER BY clause)
     FROM obligations o WHERE o.lead_id = l.lead_id))
FROM leads l ORDER BY lead_id`

// Whatever the order in which events arrive, and however they are cut into batches, the same follows. The leads qualify by one event,
// so that no order lets one qualify earlier, and have no intents, which are stamped with what is known at hand-off; owners are assigned
// from outside, so that no pick depends on the time of the test.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var entries []ledger.Entry
	add := func(e ledger.Entry) {
		e.ID = fmt.Sprint(len(entries))
		entries = append(entries, e)
	}
	for i := range 40 {
		id := fmt.Sprintf("lead-%02d", i)
		at := func() time.Time { return monday.Add(time.Duration(random.IntN(100*3600)) * time.Second) }
		add(captured(id, monday, map[string]any{"company": "acme", "numberofemployees": float64(random.IntN(100))}))
		for range random.IntN(4) {
			add(pricing(id, at()))
		}
		for range random.IntN(3) {
			add(ledger.Entry{Lead: id, Kind: "updated", Time: at(), Data: ledger.Data{Properties: map[string]any{"numberofemployees": float64(random.IntN(100))}}})
		}
		if i%4 != 0 {
			add(demo(id, monday.Add(101*time.Hour)))
			add(assigned(id, "rep-1", monday.Add(101*time.Hour)))
			add(assigned(id, "rep-2", monday.Add(102*time.Hour)))
		}
		for range random.IntN(3) {
			add(touch(id, monday.Add(101*time.Hour+time.Duration(random.IntN(900))*time.Second)))
		}
		if i%3 == 0 {
			add(disposed(id, "BadTiming", monday.Add(110*time.Hour)))
		}
		if i%5 == 0 {
			add(refused(id, monday.Add(time.Duration(100+random.IntN(20))*time.Hour)))
		}
	}
	var want []string
	for round := range 5 {
		r := newRig(t, bundleOf(1, byCRM, func(b *bundle.Bundle) {
			b.Lead.Intents = nil
			b.SLA.Sales.FirstContact.Tiers = b.SLA.Sales.FirstContact.Tiers[1:]
		}))
		left := append([]ledger.Entry(nil), entries...)
		if round > 0 {
			random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		}
		for len(left) > 0 {
			n := min(1+random.IntN(100), len(left))
			r.send(left[:n]...)
			left = left[n:]
			if random.IntN(2) == 0 {
				r.work(team("rep-1"))
			}
		}
		r.work(team("rep-1"))
		got := ledgertest.Column[string](t, r.dsn, projection)
		if round == 0 {
			want = got
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d (-in order +shuffled):\n%s", round, diff)
		}
	}
}

func byCRM(b *bundle.Bundle) { b.SLA.Marketing.Delivery.Mechanism = "CRM" }

// What arrives late tells what was true at its time: a lead that seemed incomplete was not.
func TestLateFactsCorrectTheStampOfReached(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	r.send(demo("lead-1", monday.Add(time.Hour)))
	r.work(team("rep-1"))
	stage := func() string {
		return ledgertest.Value[string](t, r.dsn, "SELECT concat_ws(' ', stage, array_to_string(reached_missing, ',')) FROM leads")
	}
	if got := stage(); got != "Held company" || r.state("lead-1", "completeness") != "Missed" {
		t.Errorf("at first: %s, completeness %s", got, r.state("lead-1", "completeness"))
	}
	r.send(captured("lead-1", monday, map[string]any{"company": "acme"}))
	r.work(team("rep-1"))
	if got := stage(); got != "MQL" || r.state("lead-1", "completeness") != "Met" {
		t.Errorf("with what arrived late: %s, completeness %s", got, r.state("lead-1", "completeness"))
	}
}

// A held lead that is completed later missed completeness, and is an MQL from then on.
func TestHeldLeadIsCompleted(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	r.send(demo("lead-1", monday), captured("lead-1", monday.Add(time.Hour), map[string]any{"company": "acme"}))
	r.work(team("rep-1"))
	got := ledgertest.Value[string](t, r.dsn, "SELECT concat_ws(' ', stage, array_to_string(reached_missing, ','), qualified_at) FROM leads")
	if want := "MQL company 2026-11-16 10:00:00+00"; got != want || r.state("lead-1", "completeness") != "Missed" {
		t.Errorf("%q, completeness %s; want %q, Missed", got, r.state("lead-1", "completeness"), want)
	}
}

// An MQL keeps its stamps under later pairs; its score goes on. A later look at the prices raises its intent by the terms that it is judged by.
func TestStampsStay(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	r.send(captured("lead-1", monday, map[string]any{"company": "acme", "numberofemployees": float64(60)}), demo("lead-1", monday))
	r.send(captured("lead-2", monday, map[string]any{"company": "acme"}))
	r.work(team("rep-1"))
	r.inForce(bundleOf(2, byCRM, func(b *bundle.Bundle) {
		b.Lead.Paths[0].Criteria[0].Expression = "signals.pricing.count > 0"
		b.SLA.Sales.FirstContact.Tiers[1].Within = time.Hour
	}))
	r.send(pricing("lead-1", monday.Add(time.Hour)), pricing("lead-2", monday.Add(time.Hour)),
		assigned("lead-1", "rep-1", monday), assigned("lead-2", "rep-1", monday))
	r.work(team("rep-1"))
	got := ledgertest.Column[string](t, r.dsn, `SELECT concat_ws(' ', lead_id, stage, path, qualified_at, bundle_sequence, terms_revision,
    score_at_handoff, score, (SELECT concat_ws(' ', tier, revision, due_at) FROM obligations o WHERE o.lead_id = l.lead_id AND clause = 'firstContact'))
FROM leads l ORDER BY lead_id`)
	want := []string{
		"lead-1 MQL hand-raise 2026-11-16 09:00:00+00 1 mid-market-terms-1 30 45 High mid-market-terms-1 2026-11-16 10:05:00+00",
		"lead-2 MQL hand-raise 2026-11-16 10:00:00+00 2 mid-market-terms-2 15 15 High mid-market-terms-2 2026-11-16 10:05:00+00",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("leads (-want +got):\n%s", diff)
	}
	if got := ledgertest.Column[int64](t, r.dsn, "SELECT scored_by FROM events ORDER BY seq"); !cmp.Equal(got, []int64{1, 1, 1, 2, 2, 2, 2}) {
		t.Errorf("events are scored by %v", got)
	}
}

// A late event is judged by the pair that meets it; what an older pair has judged is not judged again, though it lies later in time.
func TestALateEventDoesNotJudgeOldEventsAgain(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, func(b *bundle.Bundle) { b.Lead.Paths[0] = scored(65) }))
	r.send(captured("lead-1", monday, map[string]any{"company": "acme", "numberofemployees": float64(60)}), pricing("lead-1", monday.Add(time.Hour)))
	r.work(team("rep-1"))
	r.inForce(bundleOf(2, byCRM, func(b *bundle.Bundle) { b.Lead.Paths[0] = scored(40) }))
	r.send(ledger.Entry{Lead: "lead-1", Kind: lead.KindUpdated, Time: monday.Add(30 * time.Minute), Data: ledger.Data{
		Properties: map[string]any{"company": "acme inc"},
	}})
	r.work(team("rep-1"))
	stands := func() string {
		return ledgertest.Value[string](t, r.dsn, "SELECT concat_ws(' ', stage, score, record ->> 'company', reached_at, qualified_at, bundle_sequence) FROM leads")
	}
	// 45 points meet the new threshold only from the next event on.
	if got, want := stands(), "Inquiry 45 acme inc"; got != want {
		t.Errorf("after the late event: %q, want %q", got, want)
	}
	r.send(ledger.Entry{Lead: "lead-1", Kind: lead.KindUpdated, Time: monday.Add(2 * time.Hour), Data: ledger.Data{
		Properties: map[string]any{"company": "acme plc"},
	}})
	r.work(team("rep-1"))
	if got, want := stands(), "MQL 45 acme plc 2026-11-16 11:00:00+00 2026-11-16 11:00:00+00 2"; got != want {
		t.Errorf("after the next event: %q, want %q", got, want)
	}
}

// Nor is a lead held by a path that no event was judged to meet.
func TestALateEventHoldsNoLeadUp(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, func(b *bundle.Bundle) { b.Lead.Paths[0] = scored(65) }))
	r.send(captured("lead-1", monday, map[string]any{"numberofemployees": float64(60)}), pricing("lead-1", monday.Add(time.Hour)))
	r.work(team("rep-1"))
	r.inForce(bundleOf(2, byCRM, func(b *bundle.Bundle) { b.Lead.Paths[0] = scored(40) }))
	for _, step := range []struct {
		at   time.Time
		want string
	}{{monday.Add(30 * time.Minute), "Inquiry"}, {monday.Add(2 * time.Hour), "Held"}} {
		r.send(ledger.Entry{Lead: "lead-1", Kind: lead.KindUpdated, Time: step.at, Data: ledger.Data{
			Properties: map[string]any{"numberofemployees": float64(70)},
		}})
		r.work(team("rep-1"))
		if got := ledgertest.Value[string](t, r.dsn, "SELECT stage FROM leads"); got != step.want {
			t.Errorf("with an event of %s: %s, want %s", step.at, got, step.want)
		}
	}
}

func scored(threshold int) lead.Path {
	return lead.Path{Name: "scored", Threshold: &threshold, Criteria: []lead.Criterion{{Expression: "true"}}}
}
