// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
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

// What must be gone afterwards, wherever it stood.
const (
	person  = "jane.doe@example.com"
	surname = "Doe-Personal"
)

var periodsOfStory = []sla.Period{"2027-W01", "2027-01"}

// keeping is a decision that gives each lead a met volume, a missed delivery and an open first contact.
func keeping(_ context.Context, r *ledger.Routing) error {
	for _, one := range r.Leads {
		one.Owner, one.OwnedAt, one.OwnedFirstAt = "rep-1@acme.example", noon, noon
		r.Keep(one, "terms-1", []sla.Obligation{
			{Clause: sla.ClauseVolume, State: sla.Met, Period: "2027-01", Start: noon, Stop: noon},
			{Clause: sla.ClauseDelivery, State: sla.Missed, Period: "2027-W01", Start: noon, Due: noon.Add(time.Hour), Stop: noon.Add(2 * time.Hour)},
			{Clause: sla.ClauseFirstContact, Tier: "High", State: sla.Open, Period: "2027-W01", Start: noon, Due: noon.Add(1e6 * time.Hour), Warn: noon.Add(9e5 * time.Hour)},
		})
	}
	return nil
}

func personal(n string, kind lead.Kind, data ledger.Data) ledger.Entry {
	return ledger.Entry{Source: "/test", ID: person + "-" + n, Lead: person, Kind: kind, Time: noon, Data: data}
}

// story of a person, worked off, among others.
func story(t *testing.T) (l *ledger.Ledger, dsn string) {
	t.Helper()
	l, dsn = ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, append(many(3),
		personal("1", lead.KindCaptured, ledger.Data{Properties: map[string]any{"email": person, "name": surname}}),
		personal("2", lead.KindActivity, ledger.Data{Activity: "form", Properties: map[string]any{"text": surname}}),
		personal("3", lead.KindTouch, ledger.Data{Rep: "rep-1@acme.example", Channel: "Phone", Direction: "Outbound", Actor: "Human"}),
		personal("4", lead.KindDisposition, ledger.Data{Outcome: lead.Recycled, Reason: "call back " + surname}),
		personal("5", lead.KindOpportunity, ledger.Data{Opportunity: surname + " GmbH", State: "Won", Amount: 100}),
		personal("6", lead.KindOpportunity, ledger.Data{Opportunity: surname + " AG", State: "Lost"}),
		personal("7", lead.KindFeedback, ledger.Data{Rating: 4, Comment: "ask for " + surname}),
		personal("8", lead.KindQualified, ledger.Data{Qualification: map[string]any{"contactRole": surname}}),
	)...)
	drain(t, func(ctx context.Context) (ledger.Batch, error) {
		return l.Score(ctx, 1, 10, func(one *ledger.Lead) error {
			if err := reach(one); err != nil {
				return err
			}
			one.Account, one.Record = "acme", map[string]any{"email": one.ID}
			return nil
		})
	})
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Route(ctx, 1, 10, keeping) })
	return l, dsn
}

// everything that the schema holds, as text: the name of each table and each of its rows.
func everything(t *testing.T, dsn string) string {
	t.Helper()
	var all strings.Builder
	for _, table := range ledgertest.Column[string](t, dsn, `SELECT table_name FROM information_schema.tables
WHERE table_schema = 'handoff' AND table_type = 'BASE TABLE' ORDER BY 1`) {
		for _, row := range ledgertest.Column[string](t, dsn, fmt.Sprintf(`SELECT t::text FROM %q t`, table)) {
			fmt.Fprintf(&all, "%s %s\n", table, row)
		}
	}
	return all.String()
}

func count(t *testing.T, l *ledger.Ledger) ledger.Snapshot {
	t.Helper()
	s, err := l.Count(t.Context(), periodsOfStory)
	if err != nil {
		t.Fatal(err)
	}
	s.AsOf = time.Time{}
	return s
}

func TestErase(t *testing.T) {
	l, dsn := story(t)
	before, whole := count(t, l), everything(t, dsn)
	if !strings.Contains(whole, person) || !strings.Contains(whole, surname) {
		t.Fatal("the story holds nothing personal: the test would prove nothing")
	}
	dry, err := l.Erase(t.Context(), person, "operator-1", true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, everything(t, dsn)); diff != "" {
		t.Errorf("a dry run changed the ledger:\n%s", diff)
	}
	done, err := l.Erase(t.Context(), person, "operator-1", false)
	if err != nil {
		t.Fatal(err)
	}
	want := ledger.ErasureCounts{Events: 8, Obligations: 3, Excused: 1}
	if diff := cmp.Diff(want, done.Counts); diff != "" || done.Counts != dry.Counts {
		t.Errorf("counts, and those of the dry run %+v:\n%s", dry.Counts, diff)
	}
	after := everything(t, dsn)
	for _, gone := range []string{person, surname, "jane", "Doe"} {
		if i := strings.Index(after, gone); i >= 0 {
			t.Errorf("%q is still there: %s", gone, after[max(0, i-200):min(len(after), i+100)])
		}
	}
	// The clock that ran is excused; everything else counts as before.
	expected := before
	for i, c := range expected.Counts {
		if c.Clause == sla.ClauseFirstContact {
			expected.Counts[i].Open, expected.Counts[i].Excused = c.Open-1, c.Excused+1
		}
	}
	if diff := cmp.Diff(expected, count(t, l)); diff != "" {
		t.Error(diff)
	}
	if got := ledgertest.Value[string](t, dsn, `SELECT contacts || ' ' || score FROM accounts`); got != "3 0" {
		t.Errorf("the account has contacts and score %q, want %q", got, "3 0")
	}
	if got := ledgertest.Value[string](t, dsn, `SELECT by_whom || ' ' || (counts ->> 'events') FROM erasures`); got != "operator-1 8" {
		t.Errorf("recorded %q", got)
	}
	deals := ledgertest.Column[string](t, dsn, `SELECT data ->> 'opportunity' FROM events WHERE kind = 'opportunity' ORDER BY 1`)
	if diff := cmp.Diff([]string{"opportunity-1", "opportunity-2"}, deals); diff != "" {
		t.Error(diff)
	}
}

func TestErasedLeadIsNotTakenAgain(t *testing.T) {
	l, dsn := story(t)
	if _, err := l.Erase(t.Context(), person, "operator-1", false); err != nil {
		t.Fatal(err)
	}
	again := captured("other", "lead-0", nil)
	got := ingest(t, l, personal("1", lead.KindCaptured, ledger.Data{Properties: map[string]any{"name": surname}}), again,
		personal("99", lead.KindActivity, ledger.Data{Activity: "form"}))
	if diff := cmp.Diff([]ledger.Outcome{ledger.Forgotten, ledger.Accepted, ledger.Forgotten}, got); diff != "" {
		t.Error(diff)
	}
	got = ingest(t, l,
		ledger.Entry{Source: "/test", ID: "merge", Lead: "lead-0", Kind: lead.KindMerged, Time: noon, Data: ledger.Data{Merged: person}},
		ledger.Entry{Source: "/test", ID: "other merge", Lead: "lead-new", Kind: lead.KindMerged, Time: noon, Data: ledger.Data{Merged: person}},
		ledger.Entry{Source: "/test", ID: "of it", Lead: person, Kind: lead.KindMerged, Time: noon, Data: ledger.Data{Merged: "lead-1"}})
	if diff := cmp.Diff([]ledger.Outcome{ledger.Forgotten, ledger.Forgotten, ledger.Forgotten}, got); diff != "" {
		t.Error(diff)
	}
	if after := everything(t, dsn); strings.Contains(after, person) || strings.Contains(after, "lead-new") {
		t.Error("an id came back")
	}
	_, err := l.Erase(t.Context(), person, "operator-1", false)
	if unknown := (*ledger.UnknownLeadError)(nil); !errors.As(err, &unknown) {
		t.Errorf("erased twice: %v", err)
	}
}

// An event that was on its way while its lead was erased, or retired, is found by the scorer without a lead.
func TestEventThatWasOnItsWay(t *testing.T) {
	l, dsn := story(t)
	if _, err := l.Erase(t.Context(), person, "operator-1", false); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{person, "retired-1"} {
		ledgertest.Exec(t, dsn, fmt.Sprintf(`INSERT INTO handoff.events (tenant, source, event_id, kind, lead_id, time, content_hash, data)
VALUES ('%s', '/late', '%s', 'captured', '%s', now(), '', '{}')`, tenant, id, id),
			fmt.Sprintf(`INSERT INTO handoff.work (tenant, queue, lead_id) VALUES ('%s', 'score', '%s')`, tenant, id))
	}
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) })
	if strings.Contains(everything(t, dsn), person) {
		t.Error("what was on its way about the one who was forgotten is in the ledger")
	}
	if got := ledgertest.Value[string](t, dsn, `SELECT stage FROM leads WHERE lead_id = 'retired-1'`); got != "MQL" {
		t.Errorf("the other lead has stage %q: it should have begun anew", got)
	}
}

// A person who was merged is erased under every id; one who is held for the same person is named.
func TestEraseMerged(t *testing.T) {
	l, dsn := story(t)
	ledgertest.Exec(t, dsn,
		`UPDATE handoff.leads SET merged_into = 'lead-0' WHERE lead_id = '`+person+`'`,
		`INSERT INTO handoff.merges (tenant, seq, lead_id, merged, at) VALUES ('acme', 100, 'lead-0', '`+person+`', now())`,
		`UPDATE handoff.leads SET identity = '\x01' WHERE lead_id IN ('lead-0', 'lead-1')`,
		`UPDATE handoff.leads SET duplicate_of = 'lead-0' WHERE lead_id = 'lead-1'`,
		`INSERT INTO handoff.identities (tenant, identity) VALUES ('acme', '\x01')`)
	ingest(t, l, ledger.Entry{Source: "/test", ID: "merge", Lead: "lead-0", Kind: lead.KindMerged, Time: noon, Data: ledger.Data{Merged: person}})
	for _, id := range []string{"lead-0", person} { // whichever is named
		e, err := l.Erase(t.Context(), id, "operator-1", true)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]string{{person, "lead-0"}, {"lead-1"}}, [][]string{e.Leads, e.Duplicates}); diff != "" {
			t.Error(diff)
		}
	}
	e, err := l.Erase(t.Context(), "lead-0", "operator-1", false)
	if err != nil {
		t.Fatal(err)
	}
	after := everything(t, dsn)
	for _, gone := range []string{person, "lead-0", surname} {
		if i := strings.Index(after, gone); i >= 0 {
			t.Errorf("%q is still there: %s", gone, after[max(0, i-200):min(len(after), i+100)])
		}
	}
	got := ledgertest.Value[string](t, dsn, `SELECT duplicate_of FROM leads WHERE lead_id = 'lead-1'`)
	if want := e.Pseudonyms[1]; got != want {
		t.Errorf("the other lead refers to %q, want %q", got, want)
	}
	if n := ledgertest.Value[int64](t, dsn, `SELECT count(*) FROM identities`); n != 1 {
		t.Errorf("%d identities: another lead has it too", n)
	}
}
