// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// What was said of leads that were merged, was said of the one that is left. A rejection that was overturned was not said.
func TestReportsOnMergedLeads(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	register(t, l, 1)
	said := func(id, leadID string, kind lead.Kind, minute int, data ledger.Data) ledger.Entry {
		return ledger.Entry{Source: "/t", ID: id, Lead: leadID, Kind: kind, Time: noon.Add(time.Duration(minute) * time.Minute), Data: data}
	}
	rejected := func(id, leadID, reason string, minute int) ledger.Entry {
		return said(id, leadID, lead.KindDisposition, minute, ledger.Data{Outcome: lead.Recycled, Reason: reason})
	}
	overturned := func(id, leadID string, minute int) ledger.Entry {
		return said(id, leadID, lead.KindContested, minute, ledger.Data{Ruling: lead.ContestOverturned})
	}
	call := ledger.Data{Direction: "Outbound", Channel: "Phone", Actor: "Human"}
	ingest(t, l,
		said("1", "a", lead.KindCaptured, 0, ledger.Data{}), said("2", "b", lead.KindCaptured, 1, ledger.Data{}), said("3", "c", lead.KindCaptured, 2, ledger.Data{}),
		said("4", "a", lead.KindMerged, 3, ledger.Data{Merged: "b"}),
		said("5", "a", lead.KindTouch, 4, call), said("6", "b", lead.KindTouch, 5, call),
		rejected("7", "b", "First", 6), overturned("8", "a", 7),
		rejected("9", "a", "Second", 8),
		rejected("10", "c", "Third", 9), rejected("11", "c", "Fourth", 10), overturned("12", "c", 11), overturned("13", "c", 12),
	)
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) })
	flow := ledgertest.Read(t, l, func(r *ledger.Reading) (ledger.Flow, error) { return r.Flow(t.Context(), noon, noon.Add(time.Hour)) })
	if flow.Captured != 2 {
		t.Errorf("captured %d; want 2", flow.Captured)
	}
	list := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Disposed, error) {
		return r.Disposed(t.Context(), noon, noon.Add(time.Hour))
	})
	want := []ledger.Disposed{
		{Lead: "a", Outcome: lead.Recycled, Reason: "Second", Attempts: 2},
		{Lead: "c", Outcome: lead.Recycled, Reason: "Third"},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("disposed (-want +got):\n%s", diff)
	}
}

// A clock waits for what has come in about a lead that was merged into the one that it is about.
func TestBreachedWaitsForMergedLeads(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, captured("1", "a", nil), captured("2", "b", nil),
		ledger.Entry{Source: "/t", ID: "3", Lead: "a", Kind: lead.KindMerged, Time: noon, Data: ledger.Data{Merged: "b"}})
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) })
	drain(t, func(ctx context.Context) (ledger.Batch, error) {
		return l.Route(ctx, 1, 10, func(_ context.Context, r *ledger.Routing) error {
			for _, one := range r.Leads {
				r.Keep(one, "terms-1", []sla.Obligation{{
					Clause: sla.ClauseDelivery, Start: noon, Due: r.Now.Add(-time.Minute), State: sla.Open, Period: "2027-W01",
				}})
			}
			return nil
		})
	})
	ingest(t, l, captured("4", "b", nil))
	for _, step := range []struct {
		name string
		want int
	}{{"there is news of the one that was merged", 0}, {"that was worked off", 1}} {
		backlog, err := l.Backlog(t.Context(), "2027-W01")
		if err != nil || backlog.Unmarked != int64(step.want) {
			t.Errorf("%s: %d are to be marked, %v; want %d", step.name, backlog.Unmarked, err, step.want)
		}
		if missed, _, _, err := l.Breached(t.Context(), 10); err != nil || missed != step.want {
			t.Errorf("%s: missed %d, %v; want %d", step.name, missed, err, step.want)
		}
		ledgertest.Exec(t, dsn, "DELETE FROM work")
	}
}
