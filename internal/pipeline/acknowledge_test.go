// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// recorded has the CRM know leads.
func (r *rig) recorded(leads ...string) {
	r.t.Helper()
	var in ledger.CRMIntake
	for _, id := range leads {
		in.Known = append(in.Known, crm.Known{Record: "rec-" + id, Lead: id, Modified: monday})
	}
	if _, err := r.l.TakeIn(context.Background(), in); err != nil {
		r.t.Fatal(err)
	}
}

// tell the CRM of all leads that there is something to tell of, which takes it.
func (r *rig) tell() {
	r.t.Helper()
	ctx := context.Background()
	for _, text := range ledgertest.Column[string](r.t, r.dsn, "SELECT jsonb_build_object('Job', id, 'Args', args)::text FROM river_job WHERE kind = 'crm' AND state = 'available'") {
		var job ledger.OutgoingJob
		if err := json.Unmarshal([]byte(text), &job); err != nil {
			r.t.Fatal(err)
		}
		standings, err := r.l.OutgoingMany(ctx, []ledger.OutgoingJob{job})
		if err != nil {
			r.t.Fatal(err)
		}
		s := standings[0]
		done := ledger.CRMTold{Args: job.Args, Version: s.Version, Content: []byte("x"), Lead: s.Lead}
		if s.Known != nil {
			done.Written, done.Owner = &crm.Written{Record: s.Known.Record, Modified: monday}, &s.Owner
		}
		err = r.l.FinishMany(ctx, []ledger.CRMTold{done}, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE river_job SET state = 'completed', finalized_at = now() WHERE id = $1", job.Job)
			return err
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// delivered says what stopped the clock of delivery, and whether the clock of the first contact started with the owner.
const delivered = `SELECT concat_ws(' ', l.lead_id, l.cycle, d.state, CASE d.stopped_at WHEN l.acknowledged_at THEN 'acknowledged' WHEN l.owned_first_at THEN 'owned' END,
    CASE f.started_at WHEN l.owned_first_at THEN 'running' END)
FROM leads l LEFT JOIN obligations d ON d.lead_id = l.lead_id AND d.cycle = l.cycle AND d.clause = 'delivery'
LEFT JOIN obligations f ON f.lead_id = l.lead_id AND f.cycle = l.cycle AND f.clause = 'firstContact' ORDER BY 1`

// A lead that lives in a CRM is delivered when that has acknowledged its owner. Sales' clocks run from when there is one.
func TestDeliveryByAcknowledgement(t *testing.T) {
	r, clock := newClockRig(t, monday)
	r.l.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
	r.inForce(bundleOf(1))
	pools := team("rep-1")
	minute := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Minute) }
	for i := range 4 {
		id := fmt.Sprint("lead-", i)
		r.send(captured(id, monday, map[string]any{"company": "acme"}))
		if i > 0 {
			r.recorded(id)
		}
		r.send(demo(id, monday))
	}
	clock.Set(minute(1))
	r.work(pools)
	expect(t, r, "picked", delivered, "lead-0 1 Met owned running", "lead-1 1 Open running", "lead-2 1 Open running", "lead-3 1 Open running")

	clock.Set(minute(2))
	r.send(assigned("lead-2", "rep-2", minute(2))) // by the CRM itself
	r.send(assigned("lead-3", "rep-1", monday.Add(-time.Minute)))
	r.work(pools)
	expect(t, r, "another system says who owns them", delivered,
		"lead-0 1 Met owned running", "lead-1 1 Open running", "lead-2 1 Met running", "lead-3 1 Met owned")
	clock.Set(minute(3))
	r.tell()
	r.send(touch("lead-1", minute(3)), touch("lead-1", minute(4)))
	r.work(pools)
	expect(t, r, "acknowledged", delivered,
		"lead-0 1 Met owned running", "lead-1 1 Met acknowledged running", "lead-2 1 Met running", "lead-3 1 Met owned")
	expect(t, r, "touches", "SELECT concat_ws(' ', first_touch_at = '"+minute(3).Format(time.RFC3339)+"', attempts) FROM leads ORDER BY lead_id", "0", "t 2", "0", "0")
	told := "SELECT count(*)::text FROM river_job WHERE kind = 'crm' AND state = 'available' AND (args ->> 'outbox')::bigint = (SELECT id FROM outbox WHERE lead_id = 'lead-1')"
	expect(t, r, "the CRM is to be told of the touches", told, "1")
	r.tell()
	r.send(touch("lead-1", minute(5)))
	r.work(pools)
	expect(t, r, "an attempt more is told", told, "1")
}

// A CRM that is not told any more is not waited for.
func TestNobodyWaitsForACRMThatIsGone(t *testing.T) {
	r, clock := newClockRig(t, monday)
	r.l.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
	r.inForce(bundleOf(1))
	pools := team("rep-1")
	r.send(captured("lead-1", monday, map[string]any{"company": "acme"}))
	r.recorded("lead-1")
	r.send(demo("lead-1", monday))
	clock.Set(monday.Add(time.Minute))
	r.work(pools)
	clock.Set(monday.Add(time.Hour))
	settle(t, r.breaches().Step)
	r.work(pools)
	expect(t, r, "never acknowledged", delivered, "lead-1 1 Missed running")
	r.l.SetEffects(ledger.Effects{CRM: true})
	if _, err := r.router(r.l, pools).StepUnrouted(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.work(pools)
	expect(t, r, "the CRM was taken out of the contract", delivered, "lead-1 1 Met owned running")
}

// Each hand-off waits by itself.
func TestAcknowledgementOfTheNextHandOff(t *testing.T) {
	r, clock := newClockRig(t, monday)
	r.l.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
	r.inForce(bundleOf(1, byRecycling, func(b *bundle.Bundle) { b.Lead.Dispositions[0].Reentry.After = 1 }))
	pools := team("rep-1")
	r.send(captured("lead-1", monday, map[string]any{"company": "acme"}))
	r.recorded("lead-1")
	r.send(demo("lead-1", monday))
	clock.Set(monday.Add(time.Minute))
	r.work(pools)
	r.tell()
	r.work(pools)
	expect(t, r, "first", delivered, "lead-1 1 Met acknowledged running")
	clock.Set(later(9, 0))
	r.send(disposed("lead-1", "BadTiming", later(0, 2)), demo("lead-1", later(9, 0)))
	r.work(pools)
	expect(t, r, "second", delivered, "lead-1 2 Open running")
	expect(t, r, "what was acknowledged stays", "SELECT state FROM obligations WHERE clause = 'delivery' ORDER BY cycle", "Met", "Open")
	r.tell()
	r.work(pools)
	expect(t, r, "second", delivered, "lead-1 2 Met acknowledged running")
	expect(t, r, "both", "SELECT state FROM obligations WHERE clause = 'delivery' ORDER BY cycle", "Met", "Met")
}

// A lead that takes in one which waits goes on waiting, and is told of in the record of that one.
func TestAcknowledgementOfAMergedLead(t *testing.T) {
	r, clock := newClockRig(t, monday)
	r.l.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
	r.inForce(bundleOf(1))
	pools := team("rep-1")
	for _, id := range []string{"lead-1", "lead-2"} {
		r.send(captured(id, monday, map[string]any{"company": "acme"}))
	}
	r.recorded("lead-1")
	r.send(demo("lead-1", monday))
	clock.Set(monday.Add(time.Minute))
	r.work(pools)
	clock.Set(monday.Add(2 * time.Minute))
	r.send(ledger.Entry{Lead: "lead-2", Kind: lead.KindMerged, Time: monday.Add(2 * time.Minute), Data: ledger.Data{Merged: "lead-1"}})
	r.work(pools)
	expect(t, r, "merged", delivered, "lead-1 1", "lead-2 1 Open running")
	r.tell()
	r.work(pools)
	expect(t, r, "acknowledged", delivered, "lead-1 1", "lead-2 1 Met acknowledged running")
}
