// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

func disposed(id, leadID string, sent ledger.Data, means ledger.Resolved) ledger.Entry {
	return ledger.Entry{Source: "/test", ID: id, Lead: leadID, Kind: lead.KindDisposition, Time: noon, Data: sent, Resolved: means}
}

// What a disposition means is kept as it was when it was taken; the identity of its content is what was sent.
func TestDispositionsKeepTheirMeaning(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	register(t, l, 1)
	coded := ledger.Resolved{Outcome: lead.Recycled, Coded: true}
	byCode, byOutcome := ledger.Data{Reason: "BadTiming", By: "rep-1"}, ledger.Data{Outcome: lead.Accepted}
	got := ingest(t, l, disposed("1", "lead-1", byCode, coded), disposed("2", "lead-2", byCode, coded), disposed("3", "lead-2", byCode, coded),
		disposed("4", "lead-2", byOutcome, ledger.Resolved{}), disposed("1", "lead-1", byCode, ledger.Resolved{}))
	if got[4] != ledger.Duplicate {
		t.Errorf("sent again in one request: %s", got[4])
	}
	again := ingest(t, l, disposed("1", "lead-1", byCode, ledger.Resolved{Outcome: lead.Disqualified, Coded: true}),
		disposed("2", "lead-2", ledger.Data{Outcome: lead.Recycled, Reason: "BadTiming", By: "rep-1"}, coded))
	if diff := cmp.Diff([]ledger.Outcome{ledger.Duplicate, ledger.Conflict}, again); diff != "" {
		t.Errorf("sent again (-want +got):\n%s", diff)
	}
	list := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Disposed, error) {
		return r.Disposed(t.Context(), noon, noon.Add(time.Second))
	})
	want := []ledger.Disposed{
		{Lead: "lead-1", Outcome: lead.Recycled, Reason: "BadTiming", Coded: true},
		{Lead: "lead-2", Outcome: lead.Accepted},
		{Lead: "lead-2", Outcome: lead.Recycled, Reason: "BadTiming", Coded: true},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("dispositions, those of a lead once (-want +got):\n%s", diff)
	}
	batch, err := l.Score(t.Context(), 1, 1, func(one *ledger.Lead) error {
		want := &lead.Disposed{Outcome: lead.Recycled, Reason: "BadTiming", By: "rep-1", Coded: true}
		if diff := cmp.Diff(want, one.Events[0].Disposition); diff != "" {
			t.Errorf("as it is judged (-want +got):\n%s", diff)
		}
		return nil
	})
	if err != nil || batch.Leads != 1 {
		t.Errorf("%+v, %v", batch, err)
	}
}

// missed has every lead miss first contact, in the tier and by the minutes given.
func missed(t *testing.T, l *ledger.Ledger, sequence int64, period sla.Period, tiers map[string]string, late map[string]int) {
	t.Helper()
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, sequence, 10, reachBy(sequence)) })
	drain(t, func(ctx context.Context) (ledger.Batch, error) {
		return l.Route(ctx, sequence, 10, func(_ context.Context, r *ledger.Routing) error {
			for _, one := range r.Leads {
				r.Keep(one, "terms", []sla.Obligation{{
					Clause: sla.ClauseFirstContact, Tier: tiers[one.ID], Due: noon, Stop: noon.Add(time.Duration(late[one.ID]) * time.Minute),
					State: sla.Missed, Period: period,
				}})
			}
			return nil
		})
	})
}

func reachBy(sequence int64) ledger.Judge {
	return func(one *ledger.Lead) error {
		err := reach(one)
		one.ReachedBy, one.JudgedBy = sequence, sequence
		return err
	}
}

// The worst leads of each tier come first, within it.
func TestWorstOfEachTier(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, many(6)...)
	tiers, late := map[string]string{}, map[string]int{}
	for i := range 6 {
		id := fmt.Sprintf("lead-%d", i)
		tiers[id], late[id] = "Standard", 100+i
		if i%2 == 0 {
			tiers[id], late[id] = "High", 10+i
		}
	}
	missed(t, l, 1, "2027-W01", tiers, late)
	worst := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Missed, error) { return r.Missed(t.Context(), "", "2027-W01") })
	var got []string
	for _, m := range worst {
		got = append(got, m.Obligation.Tier+" "+m.Lead)
	}
	want := []string{"High lead-4", "High lead-2", "High lead-0", "Standard lead-5", "Standard lead-3", "Standard lead-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("worst (-want +got):\n%s", diff)
	}
}

// Two pairs may share their terms, when only the definition changed: a lead is judged by the one that qualified it.
func TestSwitchesByWhichLeadsAreJudged(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	for sequence := int64(1); sequence <= 2; sequence++ {
		b := pair(sequence)
		b.Terms.Name = "terms"
		if err := l.Register(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	ingest(t, l, many(1)...)
	missed(t, l, 2, "2027-W01", nil, nil)
	for period, want := range map[sla.Period][]string{"2027-W01": {"mid-market-2"}, "2027-W02": nil} {
		switches := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Switch, error) {
			return r.Switches(t.Context(), noon.AddDate(-30, 0, 0), noon.AddDate(-29, 0, 0), period)
		})
		var got []string
		for _, s := range switches {
			got = append(got, s.Definition.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", period, diff)
		}
	}
}

// Where leads came from may be the address of a page, which is another one for each lead: the beginning of it names the source.
func TestSourcesAreShort(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, many(3)...)
	missed(t, l, 1, "2027-W01", nil, nil)
	page := "https://example.org/" + strings.Repeat("ä", 60)
	ledgertest.Exec(t, dsn, `UPDATE leads SET record = jsonb_build_object('page', '`+page+`' || lead_id || repeat('x', 900))`)
	one := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Missed, error) { return r.Missed(t.Context(), "page", "2027-W01") })
	if len(one) != 3 || one[0].Source != page {
		t.Errorf("missed: %+v", one)
	}
	kept := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Kept, error) { return r.Kept(t.Context(), "page", "2027-W01") })
	if len(kept) != 1 || kept[0].Source != page || kept[0].Missed != 3 {
		t.Errorf("kept: %+v", kept)
	}
	ledgertest.Exec(t, dsn, `UPDATE leads SET qualified_at = '2027-01-05T00:00:00Z', before_go_live = false`)
	delivered := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Delivered, error) {
		return r.Delivered(t.Context(), "page", noon.AddDate(1, 0, 0), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC))
	})
	if len(delivered) != 1 || delivered[0].Source != page || delivered[0].Leads != 3 {
		t.Errorf("delivered: %+v", delivered)
	}
}
