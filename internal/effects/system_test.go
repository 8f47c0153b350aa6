// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
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
	g := open(s)
	r.start(r.runner(func(it *effects.Runner) { run = it; g.on(it) }))
	r.until("it is written", r.crmSettled)
	want := map[string]string{"lifecycle": "mql", "sla_score": "70", "sla_due": crm.Text(due), "sla_attempts": "2", "sla_first": crm.Text(touched), "owner": rep1}
	if diff := cmp.Diff(want, s.holds("L1")); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	// News that change nothing are not told, and neither is what was told before; what changes is, and nothing else.
	before := len(s.calls)
	g.set(errShut) // it is scored before it is routed: somebody quick would write between the two
	r.news("L1")
	r.judge(of)
	ledgertest.Exec(t, r.dsn, `UPDATE outbox SET version = version + 1`)
	changed := func(string) standing {
		return standing{stage: ledger.StageMQL, score: 71, owner: rep2, touched: touched, attempts: 3}
	}
	r.judge(changed)
	r.news("L1")
	r.judge(changed)
	g.set(nil)
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

// Jobs that come together are written together, each lead once, and as many as the CRM takes at a time: of eight calls under way half may be of fewer.
func TestSystemBatches(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	s.max = 20
	ids := names(200)
	r.news(ids...)
	r.judge(scored(1))
	r.inCRM(ids...)
	release := make(chan struct{})
	s.during = func(int) { <-release }
	r.start(r.runner(func(run *effects.Runner) { open(s).on(run) }))
	var calls []int
	r.until("as many are under way as may be", func() bool {
		s.do(func() { calls = slices.Clone(s.calls) })
		return len(calls) == 8
	})
	close(release)
	r.until("all are written", r.crmSettled)
	if slices.Sort(calls); calls[4] != 20 || slices.Max(s.calls) != 20 {
		t.Errorf("calls of %v leads, then %v", calls, s.calls)
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
	s.fails = func(w crm.Write, _ int) (bool, error) {
		tries[w.Record]++
		switch first := tries[w.Record] == 1; {
		case kind(w.Record) == 1:
			return false, &crm.RefusedError{Status: 400, Reason: "lead_status: INVALID_OPTION"}
		case kind(w.Record) == 2 && first:
			return false, &crm.UnavailableError{Cause: "answered with status 429", After: time.Millisecond}
		case kind(w.Record) == 3:
			return false, &crm.GoneError{Gone: crm.Deleted}
		case kind(w.Record) == 4 && first:
			return true, &crm.UnavailableError{Cause: "did not answer in time"}
		}
		return false, nil
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

// A refusal is looked into once, whatever failed before it: an attempt that failed for the moment says nothing about the lead.
func TestSystemLooksIntoARefusal(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	tries := 0
	s.fails = func(crm.Write, int) (bool, error) {
		switch tries++; tries {
		case 1:
			return false, &crm.UnavailableError{Cause: "answered with status 503"}
		case 2:
			return false, &crm.RefusedError{Status: 400, Reason: "PROPERTY_DOESNT_EXIST of sla_score"}
		}
		return false, nil
	}
	r.news("L1")
	r.judge(scored(1))
	r.inCRM("L1")
	g := open(s)
	r.start(r.runner(g.on))
	r.until("it is written", func() bool { return s.holds("L1")["sla_score"] == "1" && r.crmSettled() })
	if n := r.count(`SELECT attempt FROM river_job WHERE kind = 'crm'`); n != 3 || g.doubted() != 1 || r.unsettled() != 0 {
		t.Errorf("%d attempts, doubted %d times, %d are unsettled", n, g.doubted(), r.unsettled())
	}
	s.check(t)
}

// breaks is a CRM whose adapter has a mistake: it comes out once.
type breaks struct {
	*scripted

	once sync.Once
}

func (b *breaks) Write(ctx context.Context, writes []crm.Write) []crm.Written {
	b.once.Do(func() { panic(fmt.Sprint("of ", writes[0].Record)) })
	return b.scripted.Write(ctx, writes)
}

// A mistake of the program costs the leads of its batch an attempt, and ends neither the process nor what else is written.
func TestSystemOutlivesAMistake(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	s.max = 20
	ids := names(60)
	r.news(ids...)
	r.judge(scored(1))
	r.inCRM(ids...)
	var log bytes.Buffer
	stop := r.start(r.runner(func(run *effects.Runner) {
		run.Log = slog.New(slog.NewTextHandler(&log, nil))
		open(&breaks{scripted: s}).on(run)
	}))
	r.until("all are written", r.crmSettled)
	if n := r.count(`SELECT count(*) FROM river_job WHERE attempt > 1`); n == 0 || n > 20 || r.unsettled() != 0 || len(s.records) != 60 {
		t.Errorf("%d leads were tried again, %d are unsettled, %d records", n, r.unsettled(), len(s.records))
	}
	stop()
	if text := log.String(); !strings.Contains(text, "breaks).Write") || strings.Contains(text, "of L") {
		t.Errorf("log: %s", text)
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
	s.fails = func(crm.Write, int) (bool, error) {
		if refused {
			return false, &crm.CredentialError{Cause: "refused the token (401)"}
		}
		return false, nil
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
	s.fails = func(_ crm.Write, call int) (bool, error) {
		if call <= 2 {
			return false, &crm.UnavailableError{Cause: "has no requests left today", After: 20 * time.Millisecond, Day: true}
		}
		return false, nil
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
	r.captured("E1", "lead1@example.com")
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
	if len(s.calls) > 0 || strings.Contains(strings.Join(plans, ""), "lead1") {
		t.Errorf("%d calls; plans %q", len(s.calls), plans)
	}
	g.mu.Lock()
	g.settings.DryRun = false
	g.mu.Unlock()
	r.until("what was planned is written", func() bool {
		return r.count(`SELECT count(*) FROM outbox WHERE planned IS NOT NULL`) == 0 && r.crmSettled()
	})
	for _, id := range []string{"L1", s.matched["lead1@example.com"]} {
		if got := s.holds(id)["sla_score"]; got != "7" || len(s.changes[id]) == 0 {
			t.Errorf("%s has the score %q", id, got)
		}
	}
	s.check(t)
}

// A lead that came as an event gets a record once, though the answer is lost; one without the value that finds it gets none; and two leads with the
// same value are not written at the same time.
func TestSystemMakesRecords(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	g := open(s)
	g.settings.MatchBy = "email"
	tries := map[string]int{}
	s.fails = func(w crm.Write, _ int) (bool, error) {
		if tries[keyOf(w)]++; tries[keyOf(w)] == 1 {
			return true, &crm.UnavailableError{Cause: "did not answer in time"}
		}
		return false, nil
	}
	r.captured("E1", "lead1@example.com")
	r.captured("E2", "lead3@example.com")
	r.captured("E3", "lead3@example.com")
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
	if id := s.matched["lead1@example.com"]; s.holds(id)["sla_score"] != "2" || len(s.matched) != 2 {
		t.Errorf("%v holds %v", s.matched, s.holds(id))
	}
	s.check(t)
}
