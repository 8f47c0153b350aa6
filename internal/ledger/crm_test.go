// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// record of a lead of many(n), as it was read.
func record(n int) crm.Known {
	return crm.Known{
		Record: fmt.Sprintf("lead-%d", n), Lead: fmt.Sprintf("lead-%d", n), Modified: noon, Hashes: map[string]string{"email": "h1"},
		Seen: map[string]string{crm.SeenOwner: "rep-9@acme.example", crm.SeenStage: "lead"},
	}
}

func position(seconds int, id string) crm.Position {
	return crm.Position{Time: noon.Add(time.Duration(seconds) * time.Second), ID: id}
}

func takeIn(t *testing.T, l *ledger.Ledger, in ledger.CRMIntake) []ledger.Outcome {
	t.Helper()
	outcomes, err := l.TakeIn(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// knownOf a record; nil where it is not known.
func knownOf(t *testing.T, l *ledger.Ledger, id string) *crm.Known {
	t.Helper()
	all, err := l.CRMKnown(t.Context(), []string{id, "another"})
	if err != nil {
		t.Fatal(err)
	}
	k, is := all[id]
	if !is {
		return nil
	}
	return &k
}

func TestLeaseOfTheReader(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	hold := func(holder string, term time.Duration, want bool) {
		t.Helper()
		if held, err := l.CRMLease(t.Context(), holder, term); held != want || err != nil {
			t.Errorf("%s for %s: %v, want %v: %v", holder, term, held, want, err)
		}
	}
	hold("a", time.Hour, true)
	hold("b", time.Hour, false)
	hold("a", time.Hour, true)
	if state, err := l.CRMState(t.Context()); state.Holder != "a" || err != nil {
		t.Errorf("the state names %q: %v", state.Holder, err)
	}
	hold("a", 0, true) // given back
	hold("b", time.Hour, true)
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_leases SET until_at = clock_timestamp() - interval '1 second'`)
	hold("a", time.Hour, true)
	other := ledgertest.Open(t, dsn, "other")
	if held, err := other.CRMLease(t.Context(), "b", time.Hour); !held || err != nil {
		t.Errorf("the lease of another tenant: %v, %v", held, err)
	}
}

func TestTakeIn(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	hints := []ledger.Hinted{{Event: "1", Record: "lead-0"}, {Event: "2", Record: "lead-1"}, {Event: "1", Record: "lead-0"}}
	if err := errors.Join(l.NoteHints(t.Context(), hints), l.NoteHints(t.Context(), hints[:2])); err != nil {
		t.Fatal(err)
	}
	waiting, err := l.CRMHints(t.Context(), 10)
	if len(waiting) != 2 || err != nil {
		t.Fatalf("hints %v, want each event once: %v", waiting, err)
	}
	in := ledger.CRMIntake{
		Stream: crm.Leads, To: position(1, "lead-1"), Entries: many(2), Known: []crm.Known{record(1), record(0), record(7)}, Hints: []int64{waiting[0].ID},
	}
	want := []ledger.Outcome{ledger.Accepted, ledger.Accepted}
	if diff := cmp.Diff(want, takeIn(t, l, in)); diff != "" {
		t.Error(diff)
	}
	if at, err := l.CRMPosition(t.Context(), crm.Leads); at != in.To || err != nil {
		t.Errorf("position %v, want %v: %v", at, in.To, err)
	}
	known, err := l.CRMKnown(t.Context(), []string{"lead-0", "lead-1", "lead-7"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]crm.Known{"lead-0": record(0), "lead-1": record(1)}, known, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("known, of which one has no lead (-want +got):\n%s", diff)
	}
	if left, err := l.CRMHints(t.Context(), 10); len(left) != 1 || left[0] != waiting[1] || err != nil {
		t.Errorf("hints that wait: %v, want %v: %v", left, waiting[1:], err)
	}

	// The same again, from where it was: another worker was there.
	if _, err := l.TakeIn(t.Context(), in); !errors.Is(err, ledger.ErrCRMMoved) {
		t.Errorf("%v, want %v", err, ledger.ErrCRMMoved)
	}
	in.From, in.To = in.To, position(1, "lead-2")
	if diff := cmp.Diff([]ledger.Outcome{ledger.Duplicate, ledger.Duplicate}, takeIn(t, l, in)); diff != "" {
		t.Error(diff)
	}
}

// Of many replicas that read the same, one moves the position; the others write nothing.
func TestReplicasThatReadTheSame(t *testing.T) {
	_, dsn := ledgertest.New(t, tenant)
	const replicas, pages = 4, 5
	var from crm.Position
	for page := range pages {
		to := position(page+1, "x")
		won := make(chan int, replicas)
		var all sync.WaitGroup
		for replica := range replicas {
			all.Go(func() {
				e := captured(fmt.Sprintf("p%d-r%d", page, replica), fmt.Sprintf("lead-%d", page), nil)
				_, err := ledgertest.Open(t, dsn, tenant).TakeIn(context.Background(), ledger.CRMIntake{
					Stream: crm.Leads, From: from, To: to, Entries: []ledger.Entry{e}, Known: []crm.Known{record(page)},
				})
				switch {
				case err == nil:
					won <- replica
				case !errors.Is(err, ledger.ErrCRMMoved):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(won) != 1 {
			t.Fatalf("%d replicas moved the position, want 1", len(won))
		}
		from = to
	}
	if n := ledgertest.Value[int64](t, dsn, `SELECT count(*) FROM handoff.events`); n != pages {
		t.Errorf("%d events, want %d: who came too late wrote some", n, pages)
	}
}

// What was read before our latest write says nothing of what the record holds, but it may say that it is gone.
func TestReadBeforeOurWrite(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	takeIn(t, l, ledger.CRMIntake{Entries: many(1), Known: []crm.Known{record(0)}})
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_records SET wrote = '{"owner": "rep-1"}', wrote_at = '2027-01-04 12:00:10Z'`)
	old := record(0)
	old.Seen, old.Hashes, old.Diverged = map[string]string{"owner": "old"}, map[string]string{}, noon
	old.Modified = noon.Add(9 * time.Second)
	takeIn(t, l, ledger.CRMIntake{Known: []crm.Known{old}})
	want := record(0)
	want.Wrote, want.WroteAt = map[string]string{"owner": "rep-1"}, noon.Add(10*time.Second)
	if diff := cmp.Diff(&want, knownOf(t, l, "lead-0"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("after an old reading (-want +got):\n%s", diff)
	}
	old.Modified = noon.Add(10 * time.Second)
	takeIn(t, l, ledger.CRMIntake{Known: []crm.Known{old}})
	if got := knownOf(t, l, "lead-0"); got.Seen["owner"] != "old" || !got.Diverged.Equal(noon) || got.Wrote["owner"] != "rep-1" {
		t.Errorf("after a reading that is as new: %+v", got)
	}
	old.Modified, old.Gone = noon, crm.Deleted
	takeIn(t, l, ledger.CRMIntake{Known: []crm.Known{old}})
	if got := knownOf(t, l, "lead-0"); got.Gone != crm.Deleted || !got.Diverged.IsZero() {
		t.Errorf("of a record that is gone: %+v", got)
	}
}

// Two workers read at once: what the later reading knows is not undone by the earlier one, which is written last.
func TestReadBeforeSomebodyElse(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	late := record(0)
	late.Modified, late.Seen, late.Diverged = noon.Add(time.Minute), map[string]string{"owner": "late"}, noon
	takeIn(t, l, ledger.CRMIntake{Entries: many(1), Known: []crm.Known{late}})
	early := record(0)
	early.Seen, early.Stopped = map[string]string{"owner": "early"}, noon
	takeIn(t, l, ledger.CRMIntake{Known: []crm.Known{early}})
	if got := knownOf(t, l, "lead-0"); got.Seen["owner"] != "late" || !got.Modified.Equal(late.Modified) || got.Diverged.IsZero() {
		t.Errorf("after the earlier reading: %+v", got)
	}
	// Who reads does not stop anything again that an operator has resumed meanwhile, but sees that CRM and ledger agree.
	late.Stopped = noon
	takeIn(t, l, ledger.CRMIntake{Known: []crm.Known{late}})
	if got := knownOf(t, l, "lead-0"); !got.Stopped.IsZero() {
		t.Errorf("stopped again: %+v", got)
	}
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_records SET stopped_at = now()`)
	takeIn(t, l, ledger.CRMIntake{Known: []crm.Known{late}})
	if got := knownOf(t, l, "lead-0"); got.Stopped.IsZero() {
		t.Errorf("resumed by itself: %+v", got)
	}
	late.Stopped = time.Time{}
	takeIn(t, l, ledger.CRMIntake{Known: []crm.Known{late}})
	if got := knownOf(t, l, "lead-0"); !got.Stopped.IsZero() {
		t.Errorf("stopped though they agree: %+v", got)
	}
}

func TestStandingsForTheReader(t *testing.T) {
	l, _ := story(t)
	got, err := l.CRMStandings(t.Context(), []string{person, "lead-0", "unknown"})
	if err != nil {
		t.Fatal(err)
	}
	plain := ledger.CRMStanding{
		Standing: crm.Standing{Lead: "lead-0", Stage: ledger.StageMQL, Owner: "rep-1@acme.example"}, JudgedBy: 1,
	}
	want := map[string]ledger.CRMStanding{"lead-0": plain}
	disposed := plain
	disposed.Lead = person
	want[person] = disposed
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A disposition counts once the router has seen it, unless it was overturned.
func TestDispositionForTheReader(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	e := func(id string, kind lead.Kind, minutes int, data ledger.Data, coded bool) ledger.Entry {
		x := ledger.Entry{Source: "/test", ID: id, Lead: "lead-0", Kind: kind, Time: at(minutes), Data: data}
		if kind == lead.KindDisposition {
			x.Resolved = ledger.Resolved{Outcome: data.Outcome, Coded: coded}
		}
		return x
	}
	ingest(t, l, append(many(1),
		e("1", lead.KindDisposition, 1, ledger.Data{Outcome: lead.Accepted}, false),
		e("2", lead.KindDisposition, 2, ledger.Data{Outcome: lead.Recycled, Reason: "BadTiming"}, true))...)
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) })
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Route(ctx, 1, 10, keeping) })
	read := func() *crm.Disposition {
		t.Helper()
		got, err := l.CRMStandings(t.Context(), []string{"lead-0"})
		if err != nil {
			t.Fatal(err)
		}
		return got["lead-0"].Disposition
	}
	if got := read(); got != nil {
		t.Errorf("before the router: %+v", got)
	}
	ledgertest.Exec(t, dsn, `UPDATE handoff.leads SET disposed_at = now()`)
	if diff := cmp.Diff(&crm.Disposition{Outcome: "Recycled", Code: "BadTiming", Time: at(2)}, read()); diff != "" {
		t.Error(diff)
	}
	ingest(t, l, e("3", lead.KindContested, 3, ledger.Data{Ruling: lead.ContestOverturned, Parties: []string{"marketing", "sales"}}, false))
	if diff := cmp.Diff(&crm.Disposition{Outcome: "Accepted", Time: at(1)}, read()); diff != "" {
		t.Error(diff)
	}
}

func TestHintsAreForgottenAfterAWhile(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	if err := l.NoteHints(t.Context(), []ledger.Hinted{{Event: "1", Record: "a"}, {Event: "2", Record: "b"}, {Event: "3", Record: "c"}}); err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_hints SET done_at = clock_timestamp() - CASE event_id WHEN '1' THEN interval '73 hours' ELSE interval '71 hours' END
WHERE event_id <> '3'`)
	if err := l.SweepHints(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"2", "3"}, ledgertest.Column[string](t, dsn, `SELECT event_id FROM handoff.crm_hints ORDER BY 1`)); diff != "" {
		t.Error(diff)
	}
}

// crmOf a person: a record with all that may be kept of it.
func crmOf(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	if err := l.NoteHints(t.Context(), []ledger.Hinted{{Event: "1", Record: "rec-" + person}, {Event: "2", Record: person}}); err != nil {
		t.Fatal(err)
	}
	takeIn(t, l, ledger.CRMIntake{
		Known: []crm.Known{{Record: "rec-" + person, Lead: person, Modified: noon, Seen: map[string]string{"owner": "rep-1@acme.example"}}},
		Undo:  []crm.Undo{{Record: "rec-" + person, Lead: person, Restore: map[string]string{"status": "Open"}, Why: "no reason code", Key: "k-" + person}},
	})
}

func TestEraseLeavesNoRecord(t *testing.T) {
	l, dsn := story(t)
	crmOf(t, l)
	e, err := l.Erase(t.Context(), person, "operator-1", false)
	if err != nil {
		t.Fatal(err)
	}
	if e.Counts.Unsent != 1 { // the note
		t.Errorf("%d unsent, want 1", e.Counts.Unsent)
	}
	for _, gone := range []string{person, surname} {
		if after := everything(t, dsn); strings.Contains(after, gone) {
			i := strings.Index(after, gone)
			t.Errorf("%q is still there: %s", gone, after[max(0, i-200):min(len(after), i+100)])
		}
	}
	// Who read the record before goes on without it.
	outcomes := takeIn(t, l, ledger.CRMIntake{
		Entries: []ledger.Entry{personal("1", lead.KindCaptured, ledger.Data{Properties: map[string]any{"email": person}})},
		Known:   []crm.Known{{Record: "rec-" + person, Lead: person, Modified: noon, Hashes: map[string]string{"email": "h"}}},
		Undo:    []crm.Undo{{Record: "rec-" + person, Lead: person, Key: "again"}},
	})
	if diff := cmp.Diff([]ledger.Outcome{ledger.Forgotten}, outcomes); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(everything(t, dsn), person) {
		t.Error("the record of somebody who was erased is known again")
	}
}

func TestExportTellsOfRecords(t *testing.T) {
	l, _ := story(t)
	crmOf(t, l)
	err := l.Read(t.Context(), func(r *ledger.Reading) error {
		for one, want := range map[string]int{person: 1, "lead-0": 0} {
			all, err := r.CRMRecords(t.Context(), one)
			if err != nil || len(all) != want {
				t.Fatalf("%s: %d records, want %d: %v", one, len(all), want, err)
			}
			for _, told := range all {
				for _, part := range []string{"rec-" + person, "no reason code", `"event_id": "1"`, `"restore"`} {
					if !strings.Contains(string(told), part) {
						t.Errorf("nothing of %q: %s", part, told)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A record goes with the history of its lead.
func TestRetireTakesRecords(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	old := captured("e0", "lead-0", nil)
	old.Time = noon.AddDate(-8, 0, 0)
	if err := l.NoteHints(t.Context(), []ledger.Hinted{{Event: "1", Record: "lead-0"}}); err != nil {
		t.Fatal(err)
	}
	takeIn(t, l, ledger.CRMIntake{Entries: []ledger.Entry{old}, Known: []crm.Known{record(0)}, Undo: []crm.Undo{{Record: "lead-0", Lead: "lead-0", Key: "k"}}})
	drain(t, func(ctx context.Context) (ledger.Batch, error) {
		return l.Score(ctx, 1, 10, func(one *ledger.Lead) error { one.Stage = ledger.StageInquiry; return nil })
	})
	ledgertest.Exec(t, dsn, `UPDATE handoff.events SET received_at = time`)
	if out, err := l.Retire(t.Context(), 90*24*time.Hour, 0, 100); out.Leads != 1 || err != nil {
		t.Fatalf("%+v: %v", out, err)
	}
	for _, table := range []string{"crm_records", "crm_set_backs", "crm_hints", "outbox"} {
		if n := ledgertest.Value[int64](t, dsn, `SELECT count(*) FROM handoff.`+table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

func TestCRMState(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	if state, err := l.CRMState(t.Context()); err != nil || len(state.Cursors) != 0 || state.Holder != "" || state.Records != 0 {
		t.Errorf("of a ledger without a CRM: %+v, %v", state, err)
	}
	gone, diverged := record(1), record(2)
	gone.Gone, diverged.Diverged = crm.Deleted, noon
	if err := l.NoteHints(t.Context(), []ledger.Hinted{{Event: "1", Record: "a"}}); err != nil {
		t.Fatal(err)
	}
	takeIn(t, l, ledger.CRMIntake{Stream: crm.Calls, To: crm.Position{ID: "x"}})
	takeIn(t, l, ledger.CRMIntake{
		Stream: crm.Leads, To: position(0, "lead-3"), Entries: many(5), Known: []crm.Known{record(0), gone, diverged},
		Undo: []crm.Undo{{Record: "lead-2", Lead: "lead-2", Restore: map[string]string{"a": ""}, Key: "k"}},
	})
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_cursors SET at = clock_timestamp() - interval '1 hour' WHERE at IS NOT NULL`)
	got, err := l.CRMState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if lag := got.Cursors[1].Lag; lag < time.Hour || lag > 2*time.Hour {
		t.Errorf("lag %s, want an hour", lag)
	}
	want := ledger.CRMState{
		Cursors: []ledger.CRMCursor{{Stream: crm.Calls, ID: "x"}, {Stream: crm.Leads, ID: "lead-3"}},
		Records: 3, Gone: map[crm.Gone]int64{crm.Deleted: 1}, Unmatched: 2, Diverged: 1, Restoring: 1, SetBacks: 1, Hints: 1,
	}
	ignored := []cmp.Option{cmpopts.IgnoreFields(ledger.CRMCursor{}, "Time", "MovedAt", "Lag"), cmpopts.IgnoreFields(ledger.CRMState{}, "HintsSince"), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(want, got, ignored...); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
