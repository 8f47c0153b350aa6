// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// byScore qualifies by size alone, which the definition of the other tests does not.
func byScore(b *bundle.Bundle) {
	b.Lead.Paths[0].Criteria[0].Expression = "lead.employees >= 50"
}

// workers are loops as the two processes run them, over pairs that they share with nobody.
func (r *rig) workers(ctx context.Context, scoring, routing *pipeline.Pairs) {
	r.t.Helper()
	s := r.scorer(r.l)
	s.Pairs = scoring
	w := r.router(r.l, team("rep-1"))
	w.Pairs = routing
	log, m := slog.New(slog.DiscardHandler), metrics()
	for _, step := range []func(context.Context) (time.Duration, error){s.Step, w.Step} {
		done := make(chan struct{})
		ctx, cancel := context.WithCancel(ctx)
		go func() {
			defer close(done)
			pipeline.Loop{Name: "test", Step: step, Metrics: m, Log: log}.Run(ctx)
		}()
		r.t.Cleanup(func() { cancel(); <-done })
	}
}

// At its second, a pair that was registered beforehand is taken up by running workers, with no call from outside: by the one that has it
// mounted, and by the one that finds it in the ledger's archive. Counts are attributed to the revision that judged.
func TestWorkersFollowTheClockOfTheLedger(t *testing.T) {
	old := bundleOf(1, func(b *bundle.Bundle) { b.Lead.Paths[0].Criteria[0].Expression = "lead.employees >= 50000" })
	at := monday.Add(time.Hour)
	r, clock := newClockRig(t, monday)
	r.inForce(old)
	coming := bundleOf(2, byScore, func(b *bundle.Bundle) { b.EffectiveFrom = at })
	if err := r.l.Register(t.Context(), coming); err != nil {
		t.Fatal(err)
	}
	mounted, err := pipeline.CompilePair(coming)
	if err != nil {
		t.Fatal(err)
	}
	scoring := &pipeline.Pairs{Mounted: r.pair, Coming: []*pipeline.Pair{mounted}}
	routing := &pipeline.Pairs{Mounted: r.pair}
	r.workers(t.Context(), scoring, routing)
	next := 0
	sendUntilScored := func(sequence int64) {
		ledgertest.Await(t, fmt.Sprintf("the pair %d scores", sequence), func() bool {
			r.send(captured(fmt.Sprintf("lead-%03d", next), monday, map[string]any{"company": "acme", "numberofemployees": 100}))
			next++
			return ledgertest.Value[int64](t, r.dsn, "SELECT count(*) FROM events WHERE scored_by = $1", sequence) >= 5
		})
	}
	sendUntilScored(1)
	clock.Set(at.Add(-200 * time.Millisecond))
	sendUntilScored(2)
	waitFor(t, r.dsn, "SELECT count(*) FROM work", 0)
	const scored = `SELECT concat_ws(' ', e.scored_by, l.stage, coalesce(l.definition_revision, '-'), coalesce(l.owner, '-'),
    e.scored_at >= (SELECT since FROM in_force WHERE sequence = 2))
FROM events e JOIN leads l USING (lead_id) GROUP BY 1 HAVING count(*) >= 5 ORDER BY 1`
	want := []string{"1 Inquiry - - f", "2 MQL mid-market-2 rep-1 t"}
	if diff := cmp.Diff(want, ledgertest.Column[string](t, r.dsn, scored)); diff != "" {
		t.Errorf("scored by, what became of it, after the second (-want +got):\n%s", diff)
	}
	for name, pairs := range map[string]*pipeline.Pairs{"scoring": scoring, "routing": routing} {
		if got := pairs.Current().Bundle.Sequence; got != 2 {
			t.Errorf("%s judges by %d", name, got)
		}
	}
	if scoring.Current() != mounted {
		t.Error("the mounted pair was read from the archive")
	}
	revisions := ledgertest.Column[string](t, r.dsn, "SELECT DISTINCT revision FROM obligations")
	if diff := cmp.Diff([]string{"mid-market-terms-2"}, revisions); diff != "" {
		t.Errorf("counts of revisions (-want +got):\n%s", diff)
	}
}

// A pair that this version cannot read is not taken up: the worker claims nothing, says so, and goes on when it can.
func TestPairThatCannotBeTakenUp(t *testing.T) {
	r := newRig(t, bundleOf(1))
	if err := r.l.Register(t.Context(), bundleOf(2)); err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, r.dsn, `UPDATE in_force SET bundle = bundle || '{"novelty": 1}' WHERE sequence = 2`)
	r.send(demo("lead-1", time.Now().Add(-time.Minute)))
	s := r.scorer(r.l)
	_, err := s.Step(t.Context())
	if err == nil || !strings.Contains(pipeline.Explain(err).Error(), "the pair with sequence 2 is in force, but this worker cannot take it up") ||
		!strings.Contains(pipeline.Explain(err).Error(), "novelty") {
		t.Errorf("error %v", err)
	}
	if n := ledgertest.Value[int64](t, r.dsn, "SELECT count(*) FROM events WHERE scored_by IS NOT NULL"); n != 0 {
		t.Errorf("%d events were scored", n)
	}
	ledgertest.Exec(t, r.dsn, `UPDATE in_force SET bundle = bundle - 'novelty' WHERE sequence = 2`)
	settle(t, s.Step)
	if got := ledgertest.Value[int64](t, r.dsn, "SELECT scored_by FROM events"); got != 2 {
		t.Errorf("scored by %d", got)
	}
}

// The pools are read with the definition that is in force: one that it does not fit holds the leads, and says why.
func TestRosterOfAnotherDefinition(t *testing.T) {
	r := newRig(t, bundleOf(1))
	pools := team("rep-1")
	pools[0].When = "lead.employees > 0"
	router := r.router(r.l, pools)
	without := bundleOf(2, func(b *bundle.Bundle) {
		b.Lead.Fields = b.Lead.Fields[:1]
		b.Lead.Scoring = nil
	})
	r.inForce(without)
	r.send(captured("lead-1", monday, map[string]any{"company": "acme"}), demo("lead-1", monday.Add(time.Second)))
	settle(t, r.scorer(r.l).Step)
	if again, err := router.Step(t.Context()); err != nil || again != 0 {
		t.Fatalf("the switch is not followed: %v, %v", again, err)
	}
	if _, err := router.Step(t.Context()); err == nil || !strings.Contains(pipeline.Explain(err).Error(), "roster: ") {
		t.Errorf("error %v", err)
	}
	if n := ledgertest.Value[int64](t, r.dsn, "SELECT count(*) FROM work WHERE queue = 'route'"); n == 0 {
		t.Error("the lead is no longer waiting")
	}
}
