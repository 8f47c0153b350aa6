// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/events"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// told is an event as the sink took it.
type told struct {
	ID       string   `json:"id"`
	Type     string   `json:"type"`
	Source   string   `json:"source"`
	Subject  string   `json:"subject"`
	Sequence string   `json:"sequence"`
	Data     crm.Data `json:"data"`
}

func (s *sink) told(t *testing.T) []told {
	t.Helper()
	var out []told
	for _, text := range s.taken() {
		_, body, _ := strings.Cut(text, " ")
		var one told
		if err := json.Unmarshal([]byte(body), &one); err != nil {
			t.Fatal(err)
		}
		out = append(out, one)
	}
	return out
}

func (s *sink) crm() effects.CRM {
	return &events.Sink{
		Target: func() (string, string, error) { return s.URL + "/crm?token=" + secret, secret, nil },
		Client: events.NewClient(5 * time.Second), Now: time.Now,
	}
}

func (r *rig) crmSettled() bool {
	return r.count(`SELECT count(*) FROM river_job WHERE kind = 'crm' AND state IN ('available', 'running', 'retryable', 'scheduled')`) == 0
}

// The CRM is told how a lead stands: all of it, with an id and a sequence that follow from the version.
func TestCRMIsTold(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	s := newSink(t)
	due := r.now().Add(time.Hour).Truncate(time.Microsecond)
	r.news("L1")
	touched := r.now().Truncate(time.Microsecond)
	of := func(string) standing {
		return standing{
			stage: ledger.StageMQL, score: 70, owner: rep1, obligations: []sla.Obligation{contact(sla.Open, due)}, touched: touched, attempts: 2,
		}
	}
	r.judge(of)
	at := r.now()
	r.ingest(ledger.Entry{
		Source: "/crm", ID: "d1", Lead: "L1", Kind: lead.KindDisposition, Time: at, Data: ledger.Data{Reason: "BadTiming"},
		Resolved: ledger.Resolved{Outcome: lead.Recycled, Coded: true},
	})
	r.judge(of)
	r.start(r.runner(func(run *effects.Runner) { run.CRM = s.crm() }))
	r.until("it is told", func() bool { return len(s.taken()) == 1 && r.crmSettled() })
	got := s.told(t)[0]
	want := told{
		Type: "dev.handoff.lead.changed", Source: "/handoff/revenue/mid-market", Subject: "L1", ID: got.ID, Sequence: got.Sequence,
		Data: crm.Data{
			Stage: "MQL", Score: 70, Cycle: 1, Owner: rep1, Definition: "definition-1",
			Disposition: &crm.Disposition{Outcome: "Recycled", Code: "BadTiming", Status: "Nurture", Time: at.Truncate(time.Microsecond)},
			Deadline:    &crm.Deadline{Clause: "firstContact", Due: due}, FirstTouchAt: touched, Attempts: 2,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if version := strings.TrimLeft(got.Sequence, "0"); got.ID != "acme/L1/"+version || len(got.Sequence) != 20 {
		t.Errorf("id %q, sequence %q", got.ID, got.Sequence)
	}
	// News that change nothing are not told; a deadline that passes is.
	r.news("L1")
	r.judge(of)
	ledgertest.Exec(t, r.dsn, `UPDATE obligations SET due_at = clock_timestamp() - interval '1 second'`)
	r.breached()
	r.until("the breach is told", func() bool { return len(s.taken()) == 2 && r.crmSettled() })
	if last := s.told(t)[1]; last.Data.Deadline != nil || !slices.Equal(last.Data.Overdue, []string{"firstContact"}) {
		t.Errorf("last: %+v", last.Data)
	}
}

// However often the CRM fails and however many changes come meanwhile, none is overtaken by an older one, and the last is told.
func TestCRMOrder(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	s := newSink(t)
	s.status = func(_ string, n int) int {
		if n%3 != 0 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	r.start(r.runner(func(run *effects.Runner) { run.CRM = s.crm() }))
	ids := []string{"L1", "L2", "L3"}
	const rounds = 15
	for round := 1; round <= rounds; round++ {
		r.news(ids...)
		r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: round, owner: rep1} })
	}
	r.until("all is told", r.crmSettled)
	last := map[string]told{}
	for _, one := range s.told(t) {
		if before, again := last[one.Subject]; again && (one.Sequence <= before.Sequence || one.Data.Score < before.Data.Score) {
			t.Errorf("%s after %s", one.ID, before.ID)
		}
		last[one.Subject] = one
	}
	for _, id := range ids {
		if last[id].Data.Score != rounds {
			t.Errorf("%s was told %+v last", id, last[id])
		}
	}
	if n := r.count(`SELECT count(*) FROM outbox WHERE live IS NOT NULL OR parked IS NOT NULL OR sent <> version`); n != 0 {
		t.Errorf("%d leads are not settled", n)
	}
}

// What the CRM refuses is parked at once. The next change of the lead is told all the same, and takes the parked one with it.
func TestCRMRefuses(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	s := newSink(t)
	s.status = func(_ string, n int) int {
		if n == 1 {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	}
	r.news("L1")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 1} })
	r.start(r.runner(func(run *effects.Runner) { run.CRM = s.crm() }))
	parked := func() []ledger.Letter {
		list, err := r.l.Letters(t.Context(), false, 10)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	r.until("it is parked", func() bool { return len(parked()) == 1 })
	list := parked()
	if got := list[0]; got.Attempts != 1 || !strings.Contains(got.Error, "status 422") || strings.Contains(got.Error, secret) ||
		!slices.Equal(got.Leads, []string{"L1"}) || got.Kind != "crm" {
		t.Errorf("letter %+v", got)
	}
	r.news("L1")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 2} })
	r.until("the next is told", func() bool { return len(s.taken()) == 1 && r.crmSettled() && len(parked()) == 0 })
	if got := s.told(t)[0]; got.Data.Score != 2 {
		t.Errorf("told %+v", got)
	}
}

// A parked write that somebody has tried again tells how the lead stands now.
func TestCRMTriedAgain(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	s := newSink(t)
	s.status = func(_ string, n int) int {
		if n == 1 {
			return http.StatusForbidden
		}
		return http.StatusOK
	}
	r.news("L1")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 1} })
	r.start(r.runner(func(run *effects.Runner) { run.CRM = s.crm() }))
	r.until("it is parked", func() bool {
		return r.count(`SELECT count(*) FROM outbox WHERE parked IS NOT NULL`) == 1 && r.crmSettled()
	})
	list, err := r.l.Letters(t.Context(), false, 10)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := r.l.RetryLetters(t.Context(), []int64{list[0].Job}); err != nil {
		t.Fatal(err)
	}
	r.until("it is told", func() bool { return len(s.taken()) == 1 && r.crmSettled() })
	if n := r.count(`SELECT count(*) FROM outbox WHERE live IS NOT NULL OR parked IS NOT NULL OR sent <> version`); n != 0 {
		t.Error("the outbox is not settled")
	}
}

// A job that River gave up by itself, as it does when a worker died at the last attempt, does not keep its lead from being told.
func TestCRMLostJob(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	s := newSink(t)
	r.news("L1")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 1} })
	ledgertest.Exec(t, r.dsn, `UPDATE river_job SET state = 'discarded', finalized_at = now()`)
	if err := r.l.ParkLost(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.news("L1")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 2} })
	r.start(r.runner(func(run *effects.Runner) { run.CRM = s.crm() }))
	r.until("it is told", func() bool { return len(s.taken()) == 1 && r.crmSettled() })
	if n := r.count(`SELECT count(*) FROM river_job WHERE state = 'discarded'`); n != 0 {
		t.Error("the lost job is still there")
	}
}

// A job that was given up is no dead letter any more once its lead was told by another one, nor once the lead is erased.
func TestCRMSupersededJob(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	r.news("L1", "L2", "L3")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 1} })
	ledgertest.Exec(t, r.dsn, `UPDATE river_job SET state = 'cancelled', finalized_at = now()`,
		`UPDATE outbox SET live = NULL, parked = (SELECT id FROM river_job j WHERE (j.args ->> 'outbox')::bigint = outbox.id)`,
		`UPDATE outbox SET parked = NULL WHERE lead_id = 'L1'`, `DELETE FROM outbox WHERE lead_id = 'L2'`)
	if err := r.l.ParkLost(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := r.l.Letters(t.Context(), false, 10)
	if err != nil || len(list) != 1 || !slices.Equal(list[0].Leads, []string{"L3"}) {
		t.Errorf("left: %+v, %v", list, err)
	}
}

// Two tenants on one database: each worker takes its own jobs only.
func TestTenantsApart(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	s := newSink(t)
	r.news("L1")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 1} })
	other := ledgertest.Open(t, r.dsn, "other")
	stop := r.start(r.runner(func(run *effects.Runner) {
		run.CRM, run.Tenant = s.crm(), "other"
		run.Ledger = func() (*ledger.Ledger, error) { return other, nil }
	}))
	r.until("it leads", func() bool { return r.count(`SELECT count(*) FROM river_leader`) == 1 })
	stop()
	if got := s.taken(); len(got) != 0 {
		t.Errorf("another tenant's worker told %q", got)
	}
	r.start(r.runner(func(run *effects.Runner) { run.CRM = s.crm() }))
	r.until("it is told", func() bool { return len(s.taken()) == 1 && r.crmSettled() })
}

// A lead that was merged into another is told of, too: it has no owner and no deadline any more.
func TestCRMIsToldOfMerges(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	s := newSink(t)
	of := func(string) standing { return standing{stage: ledger.StageMQL, score: 1, owner: rep1} }
	r.news("L1", "L2")
	r.judge(of)
	r.start(r.runner(func(run *effects.Runner) { run.CRM = s.crm() }))
	r.until("both are told", func() bool { return len(s.taken()) == 2 && r.crmSettled() })
	r.ingest(ledger.Entry{Source: "/crm", ID: "m1", Lead: "L1", Kind: lead.KindMerged, Time: r.now(), Data: ledger.Data{Merged: "L2"}})
	r.judge(of)
	r.until("the merge is told", func() bool {
		return slices.ContainsFunc(s.told(t), func(one told) bool { return one.Subject == "L2" && one.Data.Stage == "Merged" && one.Data.Owner == "" }) &&
			r.crmSettled()
	})
	n := len(s.taken())
	r.news("L1")
	r.judge(of)
	r.until("it is settled", r.crmSettled)
	if got := len(s.taken()); got != n {
		t.Errorf("news that change nothing are told: %d, then %d", n, got)
	}
}

// What is told of a lead whose history was retired, or that was erased and came back, is newer than all that was told before.
func TestCRMVersionsGoOn(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	judge := func(score int) int64 {
		r.news("L1")
		r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: score} })
		return r.count(`SELECT version FROM outbox WHERE lead_id = 'L1'`)
	}
	judge(1)
	before := judge(2)
	ledgertest.Exec(t, r.dsn, `DELETE FROM outbox`)
	if after := judge(3); after <= before {
		t.Errorf("version %d after %d", after, before)
	}
}

// A job that River gave up by itself and somebody discards before that was noted does not keep its lead from being told.
func TestCRMLostJobDiscarded(t *testing.T) {
	r := newRig(t, ledger.Effects{CRM: true})
	r.news("L1")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 1} })
	ledgertest.Exec(t, r.dsn, `UPDATE river_job SET state = 'discarded', finalized_at = now()`)
	list, err := r.l.Letters(t.Context(), false, 10)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := r.l.DiscardLetters(t.Context(), []int64{list[0].Job}); err != nil {
		t.Fatal(err)
	}
	r.news("L1")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL, score: 2} })
	if n := r.count(`SELECT count(*) FROM river_job WHERE state = 'available'`); n != 1 {
		t.Errorf("%d jobs wait for the next change, want 1", n)
	}
}

// The age of what waits counts from when it could be done: an escalation that has just come due is not late.
func TestOutboxAge(t *testing.T) {
	r := newRig(t, all)
	age := func() time.Duration {
		kinds, err := r.l.OutstandingEffects(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return kinds[slices.IndexFunc(kinds, func(k ledger.Outstanding) bool { return k.Kind == "notice" })].Age
	}
	r.news("L1")
	r.judge(owned(r.now().Add(-time.Second)))
	r.breached()
	const job = ` WHERE kind = 'notice' AND (args ->> 'message')::bigint = (SELECT id FROM messages WHERE recipient = 'Manager')`
	ledgertest.Exec(t, r.dsn, `DELETE FROM river_job WHERE kind <> 'notice' OR state <> 'scheduled'`,
		`UPDATE river_job SET state = 'available', created_at = now() - interval '1 hour', scheduled_at = now()`+job)
	if got := age(); got > 30*time.Minute {
		t.Errorf("it waits for %s", got)
	}
	ledgertest.Exec(t, r.dsn, `UPDATE river_job SET state = 'scheduled', scheduled_at = now() - interval '45 minutes'`+job)
	if got := age(); got < 30*time.Minute {
		t.Errorf("what nobody takes up waits for %s", got)
	}
}
