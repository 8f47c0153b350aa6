// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// recounted is what Count says of the leads, by reading all of them.
func recounted(t *testing.T, dsn string) map[string]int64 {
	t.Helper()
	var out map[string]int64
	row := ledgertest.Value[[]byte](t, dsn, `SELECT jsonb_build_object(
    'captured', count(*) FILTER (WHERE stage <> 'Merged') + coalesce((SELECT sum(captured) FROM retired_leads WHERE tenant = $1), 0),
    'mqls', count(*) FILTER (WHERE coalesce(first_qualified_at, qualified_at) IS NOT NULL AND NOT before_go_live)
        + coalesce((SELECT sum(mqls) FROM retired_leads WHERE tenant = $1), 0),
    'held', count(*) FILTER (WHERE stage = 'Held'), 'fallback', count(*) FILTER (WHERE fallback),
    'recycled', count(*) FILTER (WHERE stage = 'Recycled'), 'disqualified', count(*) FILTER (WHERE stage = 'Disqualified'),
    'suppressed', count(*) FILTER (WHERE stage = 'Suppressed'), 'duplicates', count(*) FILTER (WHERE stage = 'Duplicate'),
    'merged', count(*) FILTER (WHERE stage = 'Merged'), 'excluded', count(*) FILTER (WHERE stage = 'Excluded'),
    'before go-live', count(*) FILTER (WHERE before_go_live)) FROM leads WHERE tenant = $1`, tenant)
	if err := json.Unmarshal(row, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func counted(t *testing.T, l *ledger.Ledger) map[string]int64 {
	t.Helper()
	s, err := l.Count(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := s.Leads
	return map[string]int64{
		"captured": n.Captured, "mqls": n.MQLs, "held": n.Held, "fallback": n.Fallback, "recycled": n.Recycled, "disqualified": n.Disqualified,
		"suppressed": n.Suppressed, "duplicates": n.Duplicates, "merged": n.Merged, "excluded": n.Excluded, "before go-live": n.BeforeGoLive,
	}
}

// Whatever happens to leads, and in whatever order, what is kept of their number equals what a count of all leads says.
func TestCountsEqualARecount(t *testing.T) {
	const leads = 80
	random := rand.New(rand.NewPCG(8, 2026))
	r := newRig(t, pipelinetest.Bundle(1, sla.CRM))
	all := pipelinetest.Lives(random, "lead", leads)
	name := func() string { return all[random.IntN(leads)][0].Lead }
	seen := map[string]bool{}
	check := func(did string) {
		t.Helper()
		got := counted(t, r.l)
		if diff := cmp.Diff(recounted(t, r.dsn), got); diff != "" {
			t.Fatalf("after %s (-recounted +kept):\n%s", did, diff)
		}
		for what, n := range got {
			seen[what] = seen[what] || n > 0
		}
	}
	for step := range 40 {
		var batch []ledger.Entry
		for range 12 {
			at := random.IntN(leads)
			n := min(len(all[at])-1, 1+random.IntN(5))
			if n > 0 {
				batch, all[at] = append(batch, all[at][:n]...), all[at][n:]
			}
		}
		did := "events"
		switch random.IntN(6) {
		case 0:
			did = "a merge"
			if one, other := name(), name(); one != other {
				batch = append(batch, ledger.Entry{
					Source: "/merges", ID: fmt.Sprint(step), Lead: one, Kind: lead.KindMerged, Time: pipelinetest.Begin.AddDate(0, 4, step), Data: ledger.Data{Merged: other},
				})
			}
		case 1:
			did = "an erasure"
			if ids := ledgertest.Column[string](t, r.dsn, "SELECT lead_id FROM leads WHERE lead_id NOT LIKE 'erased-%' ORDER BY 1"); len(ids) > 0 {
				if _, err := r.l.Erase(t.Context(), ids[random.IntN(len(ids))], "operator-1", random.IntN(3) == 0); err != nil {
					t.Fatal(err)
				}
			}
		case 2:
			did = "what these lives do not tell"
			ledgertest.Exec(t, r.dsn, `UPDATE leads SET before_go_live = NOT before_go_live WHERE hashtext(lead_id) % 7 = 0`,
				`UPDATE leads SET fallback = NOT fallback WHERE hashtext(lead_id) % 5 = 0`,
				`UPDATE leads SET stage = CASE WHEN hashtext(lead_id) % 12 = 0 THEN 'Duplicate' ELSE 'Excluded' END WHERE hashtext(lead_id) % 6 = 0`)
		}
		check(did)
		if len(batch) > 0 {
			if _, err := r.l.Ingest(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		check("taking events")
		if random.IntN(3) > 0 {
			r.work(team("rep-1"))
			check("working off")
		}
	}
	for _, what := range []string{"captured", "mqls", "held", "fallback", "recycled", "disqualified", "suppressed", "duplicates", "merged", "excluded", "before go-live"} {
		if !seen[what] {
			t.Errorf("there never was a lead that counts as %s", what)
		}
	}
	r.work(team("rep-1"))
	retireAll(t, r)
	check("retiring")
}

// Those that change leads at the same time, while others count, neither wait for each other in a circle nor lose a change.
func TestCountsOfLeadsThatChangeAtTheSameTime(t *testing.T) {
	r := newRig(t, pipelinetest.Bundle(1, sla.CRM))
	var group sync.WaitGroup
	for writer := range 4 {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(writer), 1))
			for _, life := range pipelinetest.Lives(random, fmt.Sprint("lead-", writer), 25) {
				if _, err := r.l.Ingest(t.Context(), life); err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range 15 {
				if _, err := r.l.Score(t.Context(), 1, 10, r.pair.Judge); err != nil {
					t.Error(err)
				}
				if _, err := r.l.Count(t.Context(), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	r.work(team("rep-1"))
	if diff := cmp.Diff(recounted(t, r.dsn), counted(t, r.l)); diff != "" {
		t.Errorf("(-recounted +kept):\n%s", diff)
	}
	if rows, kinds := ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM lead_counts"),
		ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM (SELECT DISTINCT stage, handed_off, before_go_live, fallback FROM lead_counts) AS k"); rows != kinds {
		t.Errorf("%d rows for %d kinds of leads: they were not added up", rows, kinds)
	}
}

// retireAll retires what can be.
func retireAll(t *testing.T, r *rig) {
	t.Helper()
	if _, _, _, err := r.l.Breached(t.Context(), 10000); err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, r.dsn, `UPDATE events SET received_at = time`)
	before := ledgertest.Value[int](t, r.dsn, `SELECT count(*) FROM leads`)
	loop := &pipeline.Retention{
		Pairs: &pipeline.Pairs{Mounted: r.pair}, Metrics: metrics(), Log: slog.New(slog.DiscardHandler), Keep: 90 * 24 * time.Hour,
		Ledger: func() (pipeline.RetentionLedger, error) { return r.l, nil },
	}
	for range 200 {
		again, err := loop.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if again > time.Minute {
			break
		}
	}
	if after := ledgertest.Value[int](t, r.dsn, `SELECT count(*) FROM leads`); after >= before {
		t.Fatalf("%d leads of %d are left: none was retired", after, before)
	}
}
