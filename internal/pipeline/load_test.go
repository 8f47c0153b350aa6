// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

func runLoop(t *testing.T, name string, step func(context.Context) (time.Duration, error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		pipeline.Loop{Name: name, Step: step, Metrics: metrics(), Log: slog.New(slog.DiscardHandler)}.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func (r *rig) breaches() *pipeline.Breaches {
	return &pipeline.Breaches{
		Metrics: metrics(), Log: slog.New(slog.DiscardHandler),
		Ledger: func() (pipeline.BreachLedger, error) { return r.l, nil },
	}
}

func waitFor(t *testing.T, dsn, query string, want int64) {
	t.Helper()
	var got int64
	if !ledgertest.Eventually(func() bool { got = ledgertest.Value[int64](t, dsn, query); return got == want }) {
		t.Fatalf("%s: %d, want %d", query, got, want)
	}
}

// Two replicas of each worker, while their connections are cut again and again and a later pair comes into force: every lead is
// scored and owned exactly once, turns add up, shares are even, and nothing is judged by a pair that was no longer in force.
func TestConservationUnderFire(t *testing.T) {
	const leads, perRequest = 2000, 50
	r := newRig(t, bundleOf(1))
	pools := team("rep-1", "rep-2", "rep-3", "rep-4")
	replicas := []*ledger.Ledger{ledgertest.Open(t, r.dsn, tenant), ledgertest.Open(t, r.dsn, tenant)}
	for i, l := range replicas {
		runLoop(t, fmt.Sprint("score-old-", i), r.scorer(l).Step)
		runLoop(t, fmt.Sprint("route-old-", i), r.router(l, pools).Step)
	}
	runLoop(t, "breach", r.breaches().Step)
	var senders sync.WaitGroup
	switched := make(chan struct{})
	for half := range 2 {
		senders.Go(func() {
			for i := half * perRequest; i < leads; i += 2 * perRequest {
				var entries []ledger.Entry
				for n := i; n < i+perRequest; n++ {
					id := fmt.Sprintf("lead-%04d", n)
					entries = append(entries, mql(id, time.Now())...)
					entries = append(entries, touch(id, time.Now()))
				}
				r.send(entries...)
				if i > leads/2 {
					<-switched
				}
			}
		})
	}
	waitFor(t, r.dsn, "SELECT least(count(*), 300) FROM leads WHERE owner IS NOT NULL", 300)
	cut := func() {
		ledgertest.Exec(t, r.dsn, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'handoff' AND datname = current_database() AND state LIKE 'idle in transaction%'`)
	}
	cut()
	r.inForce(bundleOf(2))
	close(switched)
	for i, l := range replicas {
		runLoop(t, fmt.Sprint("score-", i), r.scorer(l).Step)
		runLoop(t, fmt.Sprint("route-", i), r.router(l, pools).Step)
	}
	senders.Wait()
	cut()
	waitFor(t, r.dsn, "SELECT count(*) FROM work", 0)
	for query, want := range map[string]int64{
		"SELECT count(*) FROM leads": leads,
		"SELECT count(*) FROM leads WHERE stage = 'MQL' AND owner IS NOT NULL AND picked_rep = owner":                                                 leads,
		"SELECT count(*) FROM events WHERE scored_by IS NULL":                                                                                         0,
		"SELECT sum(turns)::bigint FROM rotation":                                                                                                     leads,
		"SELECT count(*) FROM rotation JOIN (SELECT owner AS rep, count(*) AS n FROM leads GROUP BY owner) o USING (rep) WHERE n = turns AND n = 500": 4,
		"SELECT count(*) FROM obligations WHERE clause = 'delivery'":                                                                                  leads,
		`SELECT count(*) FROM events e JOIN in_force f ON f.sequence > e.scored_by WHERE e.scored_at > f.since`:                                       0,
		"SELECT count(*) FROM leads WHERE terms_revision <> 'mid-market-terms-' || bundle_sequence":                                                   0,
		"SELECT count(DISTINCT scored_by) FROM events":                                                                                                2,
	} {
		if got := ledgertest.Value[int64](t, r.dsn, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}
