// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// Whoever reads the CRM, writes into it, scores and routes the same leads at the same time waits for the others, never in a circle; in the end everything
// is told.
func TestReadingAndWritingTogether(t *testing.T) {
	const leads, rounds = 12, 15
	s := newTelling(t, leads, ledger.Effects{Notify: true, Acknowledge: true})
	var all sync.WaitGroup
	together := func(seed uint64, step func(context.Context, *ledger.Ledger, *rand.Rand, int) error) {
		l := ledgertest.Open(t, s.dsn, tenant)
		l.SetEffects(ledger.Effects{CRM: true, Notify: true, Acknowledge: true})
		random := rand.New(rand.NewPCG(seed, 6))
		all.Go(func() {
			for round := range rounds {
				if err := step(context.Background(), l, random, round); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for seed := range uint64(2) {
		together(seed, func(ctx context.Context, l *ledger.Ledger, random *rand.Rand, round int) error {
			in := ledger.CRMIntake{}
			for _, n := range random.Perm(leads)[:6] {
				k := record(n)
				k.Modified = noon.Add(time.Duration(random.IntN(100)) * time.Minute)
				in.Known = append(in.Known, k)
				in.Entries = append(in.Entries, captured(fmt.Sprintf("%d-%d-%d", seed, round, n), k.Lead, map[string]any{"n": float64(round)}))
			}
			one := in.Known[0]
			in.Undo = []crm.Undo{{Record: one.Record, Lead: one.Lead, Restore: map[string]string{"a": "b"}, Key: fmt.Sprintf("%d-%d", seed, round)}}
			_, err := l.TakeIn(ctx, in)
			return err
		})
		together(seed+10, func(ctx context.Context, l *ledger.Ledger, _ *rand.Rand, _ int) error {
			if _, err := l.Score(ctx, 1, 5, reach); err != nil {
				return err
			}
			_, err := l.Route(ctx, 1, 5, picking)
			return err
		})
	}
	together(20, func(ctx context.Context, l *ledger.Ledger, _ *rand.Rand, _ int) error {
		return tellAll(ctx, t, l, s.dsn)
	})
	all.Wait()
	for s.work(); len(s.jobs()) > 0; s.work() {
		if err := tellAll(t.Context(), t, s.l, s.dsn); err != nil {
			t.Fatal(err)
		}
	}
	for what, sql := range map[string]string{
		"to be restored": `SELECT count(*) FROM handoff.crm_records WHERE restore <> '{}'`, "notes that were not left": `SELECT count(*) FROM handoff.crm_set_backs WHERE noted_at IS NULL`,
		"waiting": `SELECT count(*) FROM handoff.leads WHERE acknowledged_at IS NULL`, "not told": `SELECT count(*) FROM handoff.outbox WHERE live IS NOT NULL OR sent <> version`,
	} {
		if n := ledgertest.Value[int64](t, s.dsn, sql); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	if diff := cmp.Diff([]int64{2 * rounds}, ledgertest.Column[int64](t, s.dsn, `SELECT count(*) FROM handoff.crm_set_backs`)); diff != "" {
		t.Error(diff)
	}
}

// tellAll takes the jobs there are.
func tellAll(ctx context.Context, t *testing.T, l *ledger.Ledger, dsn string) error {
	t.Helper()
	var jobs []ledger.OutgoingJob
	for _, text := range ledgertest.Column[string](t, dsn, `
SELECT jsonb_build_object('Job', id, 'Args', args)::text FROM handoff.river_job WHERE kind = 'crm' AND state = 'available' ORDER BY random()`) {
		var one ledger.OutgoingJob
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			return err
		}
		jobs = append(jobs, one)
	}
	standings, err := l.OutgoingMany(ctx, jobs)
	if err != nil {
		return err
	}
	var done []ledger.CRMTold
	for i, standing := range standings {
		if standing == nil {
			continue
		}
		one := taken(jobs[i], standing)
		if standing.Note != nil {
			one.Note = standing.Note.Key
		}
		done = append(done, one)
	}
	return l.FinishMany(ctx, done, completing(jobs))
}
