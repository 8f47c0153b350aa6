// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

func (r *rig) delivered(until time.Time, bounds ...time.Time) []ledger.Delivered {
	r.t.Helper()
	return ledgertest.Read(r.t, r.l, func(l *ledger.Reading) ([]ledger.Delivered, error) {
		return l.Delivered(r.t.Context(), "", until, bounds...)
	})
}

// A lead that was handed off twice is one MQL, of the month and with the score of the first time; what came of it is what came of it last.
func TestALeadThatCameBackIsOneMQL(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, byRecycling))
	events := twice()
	for i, e := range events {
		if e.Data.Reason == "BadTiming" { // as ingest resolves it
			events[i].Resolved = ledger.Resolved{Outcome: lead.Recycled, Coded: true}
		}
	}
	r.send(events...)
	r.work(team("rep-1"))
	december := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	first := ledger.Delivered{Rep: "rep-2", Path: "hand-raise", Intent: "Standard", Score: 30, Leads: 1}
	for until, want := range map[time.Time]func(*ledger.Delivered){
		later(0, 2):  func(*ledger.Delivered) {},
		later(1, 0):  func(d *ledger.Delivered) { d.Rejected = true },
		later(21, 0): func(d *ledger.Delivered) { d.Reach = ledger.ReachSQL },
	} {
		expected := first
		want(&expected)
		got := r.delivered(until, monday, december, december.AddDate(0, 1, 0))
		if diff := gocmp.Diff([]ledger.Delivered{expected}, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", until, diff)
		}
	}
	for _, c := range []struct {
		from, to time.Time
		want     ledger.Flow
	}{
		{monday, december, ledger.Flow{Captured: 1, Qualified: 1}},
		{december, december.AddDate(0, 1, 0), ledger.Flow{Accepted: 1, SQLs: 1}},
	} {
		flow := ledgertest.Read(t, r.l, func(l *ledger.Reading) (ledger.Flow, error) { return l.Flow(t.Context(), c.from, c.to) })
		if diff := gocmp.Diff(c.want, flow); diff != "" {
			t.Errorf("from %s (-want +got):\n%s", c.from, diff)
		}
	}
}

// What is told of a lead that was merged is told of the one that is left: deals, and who gave it back.
func TestDealsOfMergedLeads(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	deal := func(id string, at time.Time, state lead.DealState, amount float64) ledger.Entry {
		return ledger.Entry{Lead: id, Kind: lead.KindOpportunity, Time: at, Data: ledger.Data{
			Opportunity: "d-" + id, State: state, Amount: amount, Currency: "EUR",
		}}
	}
	r.send(append(mql("a", later(0, 0)), mql("b", later(0, 1))...)...)
	r.send(deal("b", later(0, 2), lead.DealOpen, 100), deal("b", later(2, 0), lead.DealWon, 120), deal("a", later(0, 3), lead.DealLost, 0),
		ledger.Entry{Lead: "a", Kind: lead.KindMerged, Time: later(1, 0), Data: ledger.Data{Merged: "b"}})
	r.work(team("rep-1"))
	want := []ledger.Delivered{{Path: "hand-raise", Intent: "Standard", Score: 30, Reach: ledger.ReachWon, Leads: 1}}
	if diff := gocmp.Diff(want, r.delivered(later(3, 0), monday, later(3, 0))); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
	want[0].Reach = ledger.ReachOpportunity
	if diff := gocmp.Diff(want, r.delivered(later(1, 0), monday, later(1, 0))); diff != "" {
		t.Errorf("before it was won (-want +got):\n%s", diff)
	}
	deals := ledgertest.Read(t, r.l, func(l *ledger.Reading) ([]ledger.Deals, error) {
		return l.Deals(t.Context(), later(3, 0), monday, later(3, 0))
	})
	wantDeals := []ledger.Deals{{State: "Lost", Deals: 1}, {State: "Won", Currency: "EUR", Deals: 1, Priced: 1, Amount: 120}}
	if diff := gocmp.Diff(wantDeals, deals); diff != "" {
		t.Errorf("deals (-want +got):\n%s", diff)
	}
	flow := ledgertest.Read(t, r.l, func(l *ledger.Reading) (ledger.Flow, error) { return l.Flow(t.Context(), monday, later(3, 0)) })
	if diff := gocmp.Diff(ledger.Flow{Captured: 1, Qualified: 1, Opportunities: 1, Won: 1}, flow); diff != "" {
		t.Errorf("flow (-want +got):\n%s", diff)
	}
}

// Leads whose history is no longer kept stay in the counts; a report says that nothing else is known of them.
func TestAReportSaysWhatIsNoLongerKept(t *testing.T) {
	r := livedQuarter(t)
	ledgertest.Exec(t, r.dsn, `INSERT INTO retired_counts (tenant, period, clause, tier, revision, met, missed, stopped) VALUES
('acme', '2027-02', 'volume', '', 'mid-market-terms-1', 3, 0, ARRAY['2027-02-03'::timestamptz, '2027-02-04', '2027-02-05']),
('acme', '2027-W05', 'firstContact', 'High', 'mid-market-terms-1', 2, 1, '{}')`)
	var s shelf
	if _, err := r.reviews(review.Performance, "monthly", &s).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := factsOf(t, s.made["2027-02"])
	own := int64(len(within(quarterBegins.AddDate(0, 1, 0), quarterBegins.AddDate(0, 2, 0))))
	if got := f.Months[len(f.Months)-1].MQLs; got != own {
		t.Errorf("%d MQLs are known, want %d", got, own)
	}
	i := slices.IndexFunc(f.Scorecard, func(row review.Row) bool { return row.Clause == sla.ClauseVolume })
	if i < 0 || f.Scorecard[i].Met != own+3 {
		t.Errorf("volume counts them: %+v", f.Scorecard)
	}
	for _, note := range []string{
		"February 2027: 3 MQLs are no longer kept; what became of them is not known, and they are in no share",
		"firstContact: 3 leads of the period are no longer kept; they are in the counts, and not in what is told of single leads",
	} {
		if !slices.Contains(f.Notes, note) {
			t.Errorf("%q is not among the notes:\n%s", note, strings.Join(f.Notes, "\n"))
		}
	}
}
