// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// A record says how its lead stands, field by field; what it says already is not written again.
func TestSystemIsWritten(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	due, touched := r.now().Add(time.Hour).Truncate(time.Millisecond), r.now().Truncate(time.Millisecond)
	r.news("L1")
	of := func(string) standing {
		return standing{
			stage: ledger.StageMQL, score: 70, owner: rep1, obligations: []sla.Obligation{contact(sla.Open, due)}, touched: touched, attempts: 2,
		}
	}
	r.judge(of)
	r.inCRM("L1")
	var run *effects.Runner
	r.start(r.runner(func(it *effects.Runner) { run = it; open(s).on(it) }))
	r.until("it is written", r.crmSettled)
	want := map[string]string{"lifecycle": "mql", "sla_score": "70", "sla_due": crm.Text(due), "sla_attempts": "2", "sla_first": crm.Text(touched), "owner": rep1}
	if diff := cmp.Diff(want, s.holds("L1")); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	// News that change nothing are not told, and neither is what was told before; what changes is, and nothing else.
	before := len(s.calls)
	r.news("L1")
	r.judge(of)
	ledgertest.Exec(t, r.dsn, `UPDATE outbox SET version = version + 1`)
	changed := func(string) standing {
		return standing{stage: ledger.StageMQL, score: 71, owner: rep2, touched: touched, attempts: 3}
	}
	r.judge(changed)
	r.news("L1")
	r.judge(changed)
	r.until("the change is written", func() bool { return s.holds("L1")["sla_score"] == "71" && r.crmSettled() })
	want["sla_score"], want["owner"], want["sla_due"], want["sla_attempts"] = "71", rep2, "", "3"
	if diff := cmp.Diff(want, s.holds("L1")); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if got := len(s.calls) - before; got != 1 {
		t.Errorf("%d calls for one change", got)
	}
	if n := r.unsettled(); n != 0 {
		t.Errorf("%d leads are not settled", n)
	}
	if got := metric(t, run, effects.ResultSent); got != 2 {
		t.Errorf("%v were counted as sent, want 2", got)
	}
	s.check(t)
}

// Jobs that come together are written together, each lead once, and as many as the CRM takes at a time.
func TestSystemBatches(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	ids := names(430)
	r.news(ids...)
	r.judge(scored(1))
	r.inCRM(ids...)
	release := make(chan struct{})
	s.during = func(call int) { <-release }
	r.start(r.runner(func(run *effects.Runner) { open(s).on(run) }))
	r.until("all are under way", func() bool {
		var n int
		s.do(func() {
			for _, size := range s.calls {
				n += size
			}
		})
		return n == len(ids)
	})
	close(release)
	r.until("all are written", r.crmSettled)
	if len(s.calls) > 8 || slices.Max(s.calls) != 100 {
		t.Errorf("calls of %v leads", s.calls)
	}
	for _, id := range ids {
		if got := len(s.changes[id]); got != 1 {
			t.Fatalf("%s was changed %d times", id, got)
		}
	}
	s.check(t)
}

// Of a batch each lead has an answer of its own: one that is refused is given up, after it was looked whether the fields have changed; one that is gone
// is left alone; one that failed for the moment is written later; one that was taken though no answer came is not written twice.
func TestSystemAnswersLeadByLead(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	ids := names(50)
	tries := map[string]int{}
	kind := func(id string) int { return slices.Index(ids, id) % 5 }
	s.fails = func(w crm.Write, _ int) (error, bool) {
		tries[w.Record]++
		switch first := tries[w.Record] == 1; {
		case kind(w.Record) == 1:
			return &crm.RefusedError{Status: 400, Reason: "lead_status: INVALID_OPTION"}, false
		case kind(w.Record) == 2 && first:
			return &crm.UnavailableError{Cause: "answered with status 429", After: time.Millisecond}, false
		case kind(w.Record) == 3:
			return &crm.GoneError{Gone: crm.Deleted}, false
		case kind(w.Record) == 4 && first:
			return &crm.UnavailableError{Cause: "did not answer in time"}, true
		}
		return nil, false
	}
	r.news(ids...)
	r.judge(scored(1))
	r.inCRM(ids...)
	g := open(s)
	var run *effects.Runner
	r.start(r.runner(func(it *effects.Runner) { run = it; g.on(it) }))
	r.until("all is done", func() bool {
		return r.crmSettled() && r.count(`SELECT count(*) FROM outbox WHERE parked IS NOT NULL`) == 10
	})
	for _, id := range ids {
		want := map[int]int{0: 1, 2: 1, 4: 1}[kind(id)]
		if got := len(s.changes[id]); got != want {
			t.Errorf("%s (%d) was changed %d times, want %d", id, kind(id), got, want)
		}
		if want := map[int]int{0: 1, 1: 2, 2: 2, 3: 1, 4: 2}[kind(id)]; tries[id] != want {
			t.Errorf("%s (%d) was tried %d times, want %d", id, kind(id), tries[id], want)
		}
	}
	letters, err := r.l.Letters(t.Context(), false, 50)
	if err != nil || len(letters) != 10 || !strings.Contains(letters[0].Error, "INVALID_OPTION") {
		t.Errorf("given up: %+v, %v", letters, err)
	}
	if n := r.count(`SELECT count(*) FROM crm_records WHERE gone = 'Deleted'`); n != 10 {
		t.Errorf("%d records are gone", n)
	}
	if g.doubted() == 0 {
		t.Error("nobody was asked to check the mapping")
	}
	for result, want := range map[string]float64{effects.ResultSent: 30, effects.ResultGone: 10, effects.ResultParked: 10, effects.ResultRetried: 30} {
		if got := metric(t, run, result); got != want {
			t.Errorf("%s: %v, want %v", result, got, want)
		}
	}
	// A record that is gone is not written any more.
	calls := len(s.calls)
	gone := ids[3]
	r.news(gone)
	r.judge(scored(2))
	r.until("it is left alone", r.crmSettled)
	if len(s.calls) != calls {
		t.Error("a record that is gone was written")
	}
	s.check(t)
}

// While nothing is to be written, nothing is taken up: no attempt is used, and no request made. A credential that is refused shuts the gate.
func TestSystemWaitsForItsGate(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	ids := names(20)
	r.news(ids...)
	r.judge(scored(1))
	r.inCRM(ids...)
	g := open(s)
	g.set(errShut)
	refused := true
	s.fails = func(crm.Write, int) (error, bool) {
		if refused {
			return &crm.CredentialError{Cause: "refused the token (401)"}, false
		}
		return nil, false
	}
	var asked int
	var run *effects.Runner
	r.start(r.runner(func(it *effects.Runner) {
		run = it
		g.on(it)
		it.System = func() (crm.System, crm.Settings, error) {
			s.do(func() { asked++ })
			return g.ask()
		}
		it.Doubt = func(err error) { g.doubt(err); g.set(err) }
	}))
	r.until("the gate was asked a few times", func() bool {
		var n int
		s.do(func() { n = asked })
		return n > 3
	})
	if n := r.count(`SELECT count(*) FROM river_job WHERE kind = 'crm' AND state = 'available' AND attempt = 0`); n != 20 || len(s.calls) > 0 {
		t.Fatalf("%d jobs wait, %d calls", n, len(s.calls))
	}
	g.set(nil)
	r.until("the credential is doubted", func() bool { return g.doubted() > 0 })
	r.until("all wait again, as before", func() bool {
		return r.count(`SELECT count(*) FROM river_job WHERE kind = 'crm' AND state IN ('available', 'scheduled') AND attempt = 0`) == 20
	})
	s.do(func() { refused = false })
	g.set(nil)
	r.until("all are written", r.crmSettled)
	if n := r.count(`SELECT count(*) FROM river_job WHERE kind = 'crm' AND (attempt <> 1 OR state <> 'completed')`); n != 0 || r.unsettled() != 0 {
		t.Errorf("%d jobs used more than one attempt", n)
	}
	if metric(t, run, effects.ResultWaiting) == 0 {
		t.Error("none was counted as waiting")
	}
	s.check(t)
}

// An allowance of the day that is spent costs no attempt, either: it is asked again after a while.
func TestSystemWaitsForTheDay(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	ids := names(20)
	s.fails = func(_ crm.Write, call int) (error, bool) {
		if call <= 2 {
			return &crm.UnavailableError{Cause: "has no requests left today", After: 20 * time.Millisecond, Day: true}, false
		}
		return nil, false
	}
	r.news(ids...)
	r.judge(scored(1))
	r.inCRM(ids...)
	g := open(s)
	r.start(r.runner(g.on))
	r.until("all are written", r.crmSettled)
	if n := r.count(`SELECT count(*) FROM river_job WHERE kind = 'crm' AND (attempt <> 1 OR state <> 'completed')`); n != 0 || r.unsettled() != 0 || len(s.records) != 20 {
		t.Errorf("%d jobs used more than one attempt, %d are unsettled, %d records", n, r.unsettled(), len(s.records))
	}
	if g.doubted() != 0 {
		t.Error("the credential is doubted")
	}
	s.check(t)
}

// A dry run writes nothing, and keeps what it would write, without what the lead is.
func TestSystemDryRun(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	g := open(s)
	g.settings.DryRun, g.settings.MatchBy = true, "email"
	r.news("L1")
	r.captured("E1", "jane@example.com")
	r.judge(scored(7))
	r.inCRM("L1")
	r.start(r.runner(g.on))
	r.until("it is planned", r.crmSettled)
	plans := ledgertest.Column[string](t, r.dsn, `SELECT lead_id || ' ' || planned::text FROM outbox WHERE planned IS NOT NULL ORDER BY 1`)
	want := []string{
		`E1 {"match": "email", "owner": "rep-1@acme.example", "begins": ["email"], "values": {"lifecycle": "mql", "sla_score": "7", "sla_attempts": "0"}}`,
		`L1 {"owner": "rep-1@acme.example", "values": {"lifecycle": "mql", "sla_score": "7", "sla_attempts": "0"}}`,
	}
	if diff := cmp.Diff(want, plans); diff != "" {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
	if len(s.calls) > 0 || strings.Contains(strings.Join(plans, ""), "jane") {
		t.Errorf("%d calls; plans %q", len(s.calls), plans)
	}
	g.mu.Lock()
	g.settings.DryRun = false
	g.mu.Unlock()
	r.news("L1", "E1")
	r.judge(scored(8))
	r.until("it is written", r.crmSettled)
	if got := s.holds("L1")["sla_score"]; got != "8" || r.count(`SELECT count(*) FROM outbox WHERE planned IS NOT NULL`) != 0 {
		t.Errorf("score %q", got)
	}
}

// A lead that came as an event gets a record once, though the answer is lost; one without the value that finds it gets none; and two leads with the
// same value are not written at the same time.
func TestSystemMakesRecords(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	g := open(s)
	g.settings.MatchBy = "email"
	tries := map[string]int{}
	s.fails = func(w crm.Write, _ int) (error, bool) {
		if tries[keyOf(w)]++; tries[keyOf(w)] == 1 {
			return &crm.UnavailableError{Cause: "did not answer in time"}, true
		}
		return nil, false
	}
	r.captured("E1", "jane@example.com")
	r.captured("E2", "joe@example.com")
	r.captured("E3", "joe@example.com")
	r.news("E4")
	r.judge(scored(1))
	var run *effects.Runner
	r.start(r.runner(func(it *effects.Runner) { run = it; g.on(it) }))
	r.until("all is done", r.crmSettled)
	got := ledgertest.Column[string](t, r.dsn, `SELECT lead_id FROM crm_records ORDER BY 1`)
	if len(got) != 2 || got[0] != "E1" || len(s.matched) != 2 || len(s.records) != 2 {
		t.Errorf("records of %v, %v", got, s.matched)
	}
	if n := metric(t, run, effects.ResultUnrecorded); n != 1 {
		t.Errorf("%v have no record", n)
	}
	for id, changes := range s.changes {
		if len(changes) != 2 || changes[0] != "made" {
			t.Errorf("%s: %q", id, changes)
		}
	}
	// From then on the record is written as any other.
	r.news("E1")
	r.judge(scored(2))
	r.until("it is written", r.crmSettled)
	if id := s.matched["jane@example.com"]; s.holds(id)["sla_score"] != "2" || len(s.matched) != 2 {
		t.Errorf("%v holds %v", s.matched, s.holds(id))
	}
	s.check(t)
}

// What is set back is written though it was written before, then explained by one note, and done; whatever fails in between.
func TestSystemSetsBack(t *testing.T) {
	for name, c := range map[string]struct {
		fails  func(n int) (error, bool) // of the nth write
		noting func(n int) (error, bool) // of the nth note
		unsaid bool                      // the note is refused
	}{
		"at once":             {},
		"the write fails":     {fails: func(n int) (error, bool) { return unavailable(n == 1), false }},
		"the answer is lost":  {fails: func(n int) (error, bool) { return unavailable(n == 1), true }},
		"the note fails":      {noting: func(n int) (error, bool) { return unavailable(n == 1), false }},
		"its answer is lost":  {noting: func(n int) (error, bool) { return unavailable(n == 1), true }},
		"the note is refused": {noting: func(int) (error, bool) { return &crm.RefusedError{Status: 400}, false }, unsaid: true},
		"notes are forbidden": {noting: func(n int) (error, bool) { return forbidden(n == 1), false }},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRig(t, crmOnly()), newScripted()
			r.news("L1")
			r.judge(scored(1))
			r.inCRM("L1")
			r.start(r.runner(open(s).on))
			r.until("it is written", r.crmSettled)
			s.do(func() { // a person
				s.records["L1"]["lifecycle"], s.records["L1"]["lead_status"] = "customer", "Unqualified"
				s.changes["L1"] = nil
				writes, notes := 0, 0
				s.fails = func(crm.Write, int) (error, bool) { writes++; return orNone(c.fails, writes) }
				s.noting = func(crm.Note) (error, bool) { notes++; return orNone(c.noting, notes) }
			})
			undo := crm.Undo{
				Record: "L1", Lead: "L1", Rep: rep1, Why: "It was moved past its gate.", Key: "L1/1",
				Restore: map[string]string{"lifecycle": "mql", "lead_status": ""},
			}
			for range 2 { // the reader may say it twice
				if _, err := r.l.TakeIn(t.Context(), ledger.CRMIntake{Undo: []crm.Undo{undo}}); err != nil {
					t.Fatal(err)
				}
			}
			r.until("it is set back", func() bool { return r.crmSettled() && r.unsettled() == 0 })
			if got := s.holds("L1"); got["lifecycle"] != "mql" || got["lead_status"] != "" {
				t.Errorf("it holds %v", got)
			}
			if got := len(s.changes["L1"]); got != 1 {
				t.Errorf("it was changed %d times: %q", got, s.changes["L1"])
			}
			want := []string{undo.Why}
			if c.unsaid {
				want = nil
			}
			if diff := cmp.Diff(want, s.notes["L1"]); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			if n := r.count(`SELECT count(*) FROM crm_records WHERE restore <> '{}'`); n != 0 {
				t.Error("it is still to be set back")
			}
			if n := r.count(`SELECT count(*) FROM crm_set_backs WHERE noted_at IS NULL`); (n == 1) != c.unsaid {
				t.Errorf("%d notes are to be left", n)
			}
			calls := len(s.calls)
			r.news("L1")
			r.judge(scored(2))
			r.until("the next change is written", func() bool { return s.holds("L1")["sla_score"] == "2" && r.crmSettled() })
			if got := len(s.calls) - calls; got != 1 || len(s.changes["L1"]) != 2 {
				t.Errorf("%d calls for the next change, changes %q", got, s.changes["L1"])
			}
			s.check(t)
		})
	}
}

func unavailable(yes bool) error {
	if yes {
		return &crm.UnavailableError{Cause: "answered with status 503"}
	}
	return nil
}

func forbidden(yes bool) error {
	if yes {
		return &crm.CredentialError{Cause: "lacks the scope crm.objects.notes.write"}
	}
	return nil
}

func orNone(of func(int) (error, bool), n int) (error, bool) {
	if of == nil {
		return nil, false
	}
	return of(n)
}

// Two replicas and a CRM that fails in every way: nothing is lost, nothing is written twice, and nothing by what is older.
func TestSystemStorm(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	s.max = 20
	ids := names(60)
	n := 0
	s.fails = func(crm.Write, int) (error, bool) {
		n++
		switch {
		case n%5 == 1:
			return &crm.UnavailableError{Cause: "answered with status 429", After: time.Millisecond}, false
		case n%7 == 2:
			return &crm.UnavailableError{Cause: "did not answer in time"}, true
		case n%11 == 3:
			return &crm.CredentialError{Cause: "refused the token (401)"}, false
		}
		return nil, false
	}
	r.news(ids...)
	r.judge(scored(0))
	r.inCRM(ids...)
	for range 2 {
		r.start(r.runner(open(s).on))
	}
	const rounds = 8
	for round := 1; round <= rounds; round++ {
		r.news(ids...)
		r.judge(scored(round))
	}
	r.until("all is written", func() bool { return r.crmSettled() && r.unsettled() == 0 })
	for _, id := range ids {
		if got := s.holds(id)["sla_score"]; got != fmt.Sprint(rounds) {
			t.Errorf("%s holds %v", id, s.holds(id))
		}
		changes := s.changes[id]
		if sorted := slices.Sorted(slices.Values(changes)); !slices.Equal(changes, slices.Compact(sorted)) {
			t.Errorf("%s was written by what was older, or twice: %q", id, changes)
		}
	}
	s.check(t)
}

// A lead that was merged into another does not write into its record, which may be the other's by now.
func TestSystemOfMerges(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	r.news("L1", "L2")
	r.judge(scored(1))
	r.inCRM("L2")
	r.start(r.runner(open(s).on))
	r.until("the one with a record is written", r.crmSettled)
	calls := len(s.calls)
	r.ingest(ledger.Entry{Source: "/crm", ID: "m1", Lead: "L1", Kind: "merged", Time: r.now(), Data: ledger.Data{Merged: "L2"}})
	r.judge(scored(2))
	r.until("the one that is left is written", func() bool { return s.holds("L2")["sla_score"] == "2" && r.crmSettled() })
	if got := s.holds("L2"); got["owner"] != rep1 || got["lifecycle"] != "mql" || len(s.calls) != calls+1 {
		t.Errorf("it holds %v after %d calls", got, len(s.calls)-calls)
	}
	s.check(t)
}
