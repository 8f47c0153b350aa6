// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

func (r *rig) breached() {
	r.t.Helper()
	if _, _, _, err := r.l.Breached(r.t.Context(), 500); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) warn() int {
	r.t.Helper()
	n, _, err := r.l.Warn(r.t.Context(), 500)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) levels() []string {
	r.t.Helper()
	return ledgertest.Column[string](r.t, r.dsn, `SELECT lead_id || ' ' || level || ' ' || recipient || ' ' || rep FROM notices ORDER BY 1`)
}

// open leads of rep 1, with one clock that is due.
func owned(due time.Time) func(string) standing {
	return func(string) standing {
		return standing{stage: ledger.StageMQL, owner: rep1, obligations: []sla.Obligation{contact(sla.Open, due)}}
	}
}

// The rep is warned, then told of the breach, and the manager once the rep had time for it; each once, and at once, though no digest is sent.
func TestRepThenManager(t *testing.T) {
	r := newRig(t, all)
	s := newSink(t)
	soon := contact(sla.Open, r.now().Add(time.Hour))
	soon.Warn = r.now()
	r.news("L1")
	r.judge(func(string) standing {
		return standing{stage: ledger.StageMQL, owner: rep1, obligations: []sla.Obligation{soon}}
	})
	for range 2 {
		r.warn()
	}
	stop := r.start(r.runner(func(run *effects.Runner) { run.Addresses = s.addresses }))
	r.until("the warning", func() bool { return len(s.taken()) == 1 && r.settled() })
	ledgertest.Exec(t, r.dsn, `UPDATE obligations SET due_at = clock_timestamp() - interval '1 second'`)
	for range 2 {
		r.breached()
	}
	r.until("two messages", func() bool { return len(s.taken()) == 2 && r.settled() })
	got := s.taken()
	for i, want := range []string{"At risk: firstContact (High) of lead L1 is due ", "Breach: firstContact (High) of lead L1 was due "} {
		if !slices.ContainsFunc(got, func(text string) bool {
			return strings.HasPrefix(text, "/rep/"+rep1+" "+want) && strings.Contains(text, "kubectl sla lead L1") &&
				strings.Contains(text, "Contract revenue/mid-market.")
		}) {
			t.Errorf("message %d is missing: %q", i, got)
		}
	}
	want := []string{"L1 Assigned Rep " + rep1, "L1 AtRisk Rep " + rep1, "L1 Breach Rep " + rep1, "L1 Escalation Manager " + rep1}
	if diff := cmp.Diff(want, r.levels()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	stop()
	// An hour later.
	r.hourLater()
	r.start(r.runner(func(run *effects.Runner) { run.Addresses = s.addresses }))
	r.until("the manager's message", func() bool { return len(s.taken()) == 3 && r.settled() })
	if got := s.taken()[2]; !strings.HasPrefix(got, "/manager/"+rep1+" Breach: firstContact") || !strings.Contains(got, "is still not done by "+rep1) {
		t.Errorf("the manager got %q", got)
	}
}

// hourLater makes what is scheduled due.
func (r *rig) hourLater() {
	r.t.Helper()
	ledgertest.Exec(r.t, r.dsn, `UPDATE messages SET due_at = clock_timestamp() WHERE sent_at IS NULL`,
		`UPDATE river_job SET state = 'available', scheduled_at = clock_timestamp() WHERE state = 'scheduled'`)
}

// A clause that was done meanwhile, late as it is, is no matter for the manager any more.
func TestManagerIsSparedWhatWasDone(t *testing.T) {
	r := newRig(t, all)
	s := newSink(t)
	due := r.now().Add(-time.Second)
	r.news("L1")
	r.judge(owned(due))
	r.breached()
	r.start(r.runner(func(run *effects.Runner) { run.Addresses = s.addresses }))
	r.until("the rep's message", func() bool { return len(s.taken()) == 1 && r.settled() })
	r.news("L1")
	r.judge(func(string) standing {
		o := contact(sla.Missed, due)
		o.Stop = r.now()
		return standing{stage: ledger.StageMQL, owner: rep1, obligations: []sla.Obligation{o}}
	})
	r.hourLater()
	r.until("the message is dropped", func() bool {
		return r.count(`SELECT count(*) FROM messages WHERE dropped = 'Over' AND recipient = 'Manager'`) == 1 && r.settled()
	})
	if got := s.taken(); len(got) != 1 {
		t.Errorf("sent: %q", got)
	}
}

// What happens in the transaction of a cause that is given up leaves nothing behind.
func TestNothingWithoutItsCause(t *testing.T) {
	r := newRig(t, all)
	r.news("L1")
	r.judge(func(string) standing { return standing{stage: ledger.StageMQL} })
	before := r.count(`SELECT count(*) FROM river_job`)
	r.news("L1")
	if _, err := r.l.Score(t.Context(), 1, 100, func(*ledger.Lead) error { return nil }); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := r.l.Route(ctx, 1, 100, func(_ context.Context, d *ledger.Routing) error {
		if err := route(d, owned(r.now().Add(-time.Minute))); err != nil {
			return err
		}
		cancel()
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if got := r.levels(); len(got) != 0 || r.count(`SELECT count(*) FROM river_job WHERE kind = 'notice'`) != 0 {
		t.Errorf("notices %q, jobs before %d", got, before)
	}
}

// Four routers and the searches beside them, over and over: one notice for each lead, clause and level, and one message for each notice.
func TestOnceUnderParallelRouters(t *testing.T) {
	r := newRig(t, all)
	var ids []string
	for i := range 60 {
		ids = append(ids, "L"+string(rune('A'+i%26))+string(rune('a'+i/26)))
	}
	due := r.now().Add(-time.Second)
	of := owned(due)
	workers := make([]*ledger.Ledger, 4)
	for i := range workers {
		workers[i] = ledgertest.Open(t, r.dsn, tenant)
		workers[i].SetEffects(all)
	}
	for range 5 {
		r.news(ids...)
		var group sync.WaitGroup
		for _, l := range workers {
			group.Go(func() {
				for {
					batch, err := l.Score(t.Context(), 1, 7, func(one *ledger.Lead) error { return score(one, of(one.ID), due) })
					if err != nil {
						t.Error(err)
						return
					}
					routed, err := l.Route(t.Context(), 1, 7, func(_ context.Context, d *ledger.Routing) error { return route(d, of) })
					if err != nil {
						t.Error(err)
						return
					}
					if _, _, err := l.Warn(t.Context(), 5); err != nil {
						t.Error(err)
					}
					if _, _, _, err := l.Breached(t.Context(), 5); err != nil {
						t.Error(err)
					}
					if batch.Leads+routed.Leads == 0 {
						return
					}
				}
			})
		}
		group.Wait()
	}
	r.breached()
	for _, level := range []string{"Breach", "Escalation", "Assigned"} {
		if n := r.count(`SELECT count(*) FROM notices WHERE level = $1`, level); n != int64(len(ids)) {
			t.Errorf("%d notices of %s for %d leads", n, level, len(ids))
		}
	}
	if n := r.count(`SELECT count(*) FROM river_job WHERE kind = 'notice'`); n != 2*int64(len(ids)) {
		t.Errorf("%d jobs", n)
	}
	if n := r.count(`SELECT count(*) FROM messages`); n != 2*int64(len(ids)) {
		t.Errorf("%d messages", n)
	}
}

// Without effects nothing is written, and what runs out a day before somebody hears of it is not told.
func TestWhatIsNotNoted(t *testing.T) {
	for name, c := range map[string]struct {
		effects ledger.Effects
		due     time.Duration
		want    []string
	}{
		"no effects": {ledger.Effects{}, -time.Minute, nil},
		"an old one": {all, -25 * time.Hour, []string{"L1 Assigned Rep " + rep1}},
		"a new one":  {all, -23 * time.Hour, []string{"L1 Assigned Rep " + rep1, "L1 Breach Rep " + rep1, "L1 Escalation Manager " + rep1}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.effects)
			r.news("L1")
			r.judge(owned(r.now().Add(c.due)))
			r.warn()
			r.breached()
			if diff := cmp.Diff(c.want, r.levels(), cmp.Transformer("empty", func(in []string) []string { return append([]string{}, in...) })); diff != "" {
				t.Errorf("notices (-want +got):\n%s", diff)
			}
			if c.want == nil && r.count(`SELECT (SELECT count(*) FROM river_job) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM messages)`) != 0 {
				t.Error("something was written")
			}
		})
	}
}

// Who hears of what: marketing of what it owes and of what comes back, sales as long as nobody owns the lead.
func TestRecipients(t *testing.T) {
	r := newRig(t, all)
	past := r.now().Add(-time.Second)
	r.news("held", "nobody", "late", "rejected", "moved", "freed")
	of := func(owner string) func(id string) standing {
		return func(id string) standing {
			switch id {
			case "held":
				return standing{stage: ledger.StageHeld, missing: []string{"company", "phone"}}
			case "nobody":
				return standing{stage: ledger.StageMQL, obligations: []sla.Obligation{contact(sla.Missed, past)}}
			case "late":
				o := contact(sla.Missed, past)
				o.Clause, o.Tier = sla.ClauseDelivery, ""
				return standing{stage: ledger.StageMQL, obligations: []sla.Obligation{o}}
			case "freed":
				if owner == rep2 {
					return standing{stage: ledger.StageMQL}
				}
			case "rejected":
				return standing{stage: ledger.StageMQL}
			}
			return standing{stage: ledger.StageMQL, owner: owner}
		}
	}
	r.judge(of(rep1))
	r.ingest(
		ledger.Entry{
			Source: "/crm", ID: "d1", Lead: "rejected", Kind: lead.KindDisposition, Time: r.now(), Data: ledger.Data{Reason: "BadTiming"},
			Resolved: ledger.Resolved{Outcome: lead.Recycled, Coded: true},
		},
		ledger.Entry{
			Source: "/crm", ID: "d2", Lead: "rejected", Kind: lead.KindDisposition, Time: r.now(),
			Data: ledger.Data{Outcome: lead.Disqualified, Reason: "she has left"},
		})
	r.news("held", "moved", "freed")
	r.judge(of(rep2))
	want := []string{
		"freed Assigned Rep " + rep1, "freed Released Rep " + rep1,
		"held Held Marketing ", "late Breach Marketing ",
		"moved Assigned Rep " + rep1, "moved Reassigned Rep " + rep2, "moved Released Rep " + rep1,
		"nobody Breach Sales ", "nobody Escalation Manager ",
		"rejected Rejected Marketing ", "rejected Rejected Marketing ",
	}
	if diff := cmp.Diff(want, r.levels()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	details := ledgertest.Column[string](t, r.dsn, `SELECT detail FROM notices WHERE recipient = 'Marketing' AND level <> 'Breach' ORDER BY 1`)
	if diff := cmp.Diff([]string{"Disqualified", "Recycled\nBadTiming", "company\nphone"}, details); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}

// An address that fails does not hold up the others, and those that have the message do not get it again.
func TestEachAddressOnce(t *testing.T) {
	r := newRig(t, all)
	s := newSink(t)
	s.status = func(path string, n int) int {
		if path == "/b" && n < 6 {
			return http.StatusBadGateway
		}
		return http.StatusOK
	}
	r.news("L1")
	r.judge(owned(r.now().Add(-time.Second)))
	r.breached()
	r.start(r.runner(func(run *effects.Runner) {
		run.Addresses = func(ledger.Recipient, string) ([]string, error) {
			return []string{s.address("/a"), s.address("/b"), s.address("/c")}, nil
		}
	}))
	r.until("all three", func() bool { return len(s.taken()) == 3 && r.settled() })
	var paths []string
	for _, text := range s.taken() {
		path, _, _ := strings.Cut(text, " ")
		paths = append(paths, path)
	}
	if diff := cmp.Diff([]string{"/a", "/c", "/b"}, paths); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
}

// A message that nobody takes is parked, not lost; tried again it goes out, or it is discarded for good. No error repeats the address.
func TestParkedMessage(t *testing.T) {
	r := newRig(t, all)
	s := newSink(t)
	down := true
	s.status = func(string, int) int {
		if down {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	}
	r.news("L1", "L2")
	r.judge(owned(r.now().Add(-time.Second)))
	r.breached()
	r.start(r.runner(func(run *effects.Runner) { run.Addresses = s.addresses }))
	letters := func() []ledger.Letter {
		list, err := r.l.Letters(t.Context(), false, 100)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	r.until("both are parked", func() bool { return len(letters()) == 2 })
	list := letters()
	first := list[0]
	want := ledger.Letter{
		Job: first.Job, Kind: "notice", State: ledger.Parked, Recipient: ledger.ToRep, Rep: rep1, Levels: []string{"Breach"}, Leads: []string{"L1"},
		Count: 1, Since: first.Since, ParkedAt: first.ParkedAt, Attempts: 12, Error: "service generic: answered with status 500",
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("letter (-want +got):\n%s", diff)
	}
	if n := r.count(`SELECT count(*) FROM river_job WHERE errors::text LIKE '%' || $1 || '%' OR errors::text LIKE '%127.0.0.1%'`, secret); n != 0 {
		t.Errorf("%d jobs show an address", n)
	}
	var notParked *ledger.NotParkedError
	if err := r.l.RetryLetters(t.Context(), []int64{first.Job, 999}); !errors.As(err, &notParked) || len(letters()) != 2 {
		t.Errorf("retrying what is not there: %v", err)
	}
	other := ledgertest.Open(t, r.dsn, "other")
	if err := other.DiscardLetters(t.Context(), []int64{first.Job}); !errors.As(err, &notParked) {
		t.Errorf("another tenant's: %v", err)
	}
	s.mu.Lock()
	down = false
	s.mu.Unlock()
	if err := r.l.DiscardLetters(t.Context(), []int64{list[1].Job}); err != nil {
		t.Fatal(err)
	}
	if err := r.l.RetryLetters(t.Context(), []int64{first.Job}); err != nil {
		t.Fatal(err)
	}
	r.until("the first is sent", func() bool { return len(s.taken()) == 1 && r.settled() })
	if len(letters()) != 0 || r.count(`SELECT count(*) FROM messages WHERE dropped = 'Discarded'`) != 1 {
		t.Errorf("left: %+v", letters())
	}
}

// A Secret that is not there yet holds messages up; one that names nobody has them dropped, and counted.
func TestAddressesThatAreNotThere(t *testing.T) {
	r := newRig(t, all)
	var mu sync.Mutex
	missing := true
	r.news("L1")
	r.judge(owned(r.now().Add(-time.Second)))
	r.breached()
	r.start(r.runner(func(run *effects.Runner) {
		run.Addresses = func(ledger.Recipient, string) ([]string, error) {
			mu.Lock()
			defer mu.Unlock()
			if missing {
				return nil, errors.New("no Secret")
			}
			return nil, nil
		}
	}))
	r.until("it is tried again", func() bool {
		return r.count(`SELECT coalesce(max(attempt), 0) FROM river_job WHERE kind = 'notice'`) > 2
	})
	mu.Lock()
	missing = false
	mu.Unlock()
	r.until("it is dropped", func() bool {
		return r.count(`SELECT count(*) FROM messages WHERE dropped = 'Unaddressed'`) == 1 && r.settled()
	})
}

// What was queued for more than a day, as when a contract was gone, is parked: an alarm of yesterday misleads.
func TestStaleMessageIsParked(t *testing.T) {
	r := newRig(t, all)
	s := newSink(t)
	r.news("L1")
	r.judge(owned(r.now().Add(-time.Second)))
	r.breached()
	ledgertest.Exec(t, r.dsn, `UPDATE messages SET due_at = due_at - interval '25 hours' WHERE recipient = 'Rep'`)
	r.start(r.runner(func(run *effects.Runner) { run.Addresses = s.addresses }))
	r.until("it is parked", func() bool { return r.count(`SELECT count(*) FROM river_job WHERE state = 'cancelled'`) == 1 })
	if got := s.taken(); len(got) != 0 {
		t.Errorf("sent: %q", got)
	}
}

// Messages go a month after they were sent, or dropped: most that are for managers are.
func TestMessagesAreSwept(t *testing.T) {
	r := newRig(t, all)
	r.news("L1", "L2", "L3")
	r.judge(owned(r.now().Add(-time.Second)))
	r.breached()
	ledgertest.Exec(t, r.dsn, `UPDATE messages SET dropped = 'Over'`,
		`UPDATE messages SET dropped = NULL, sent_at = now() WHERE id = (SELECT min(id) FROM messages)`)
	all := r.count(`SELECT count(*) FROM messages`)
	sweep := func() int64 {
		if err := r.l.SweepMessages(t.Context()); err != nil {
			t.Fatal(err)
		}
		return r.count(`SELECT count(*) FROM messages`)
	}
	if left := sweep(); left != all || all < 3 {
		t.Errorf("%d messages, %d left", all, left)
	}
	ledgertest.Exec(t, r.dsn, `UPDATE messages SET due_at = due_at - interval '31 days', sent_at = sent_at - interval '31 days'`)
	if left := sweep(); left != 0 {
		t.Errorf("%d messages are left", left)
	}
	var life *ledger.Life
	err := r.l.Read(t.Context(), func(read *ledger.Reading) (err error) {
		life, err = read.Life(t.Context(), "L1")
		return err
	})
	if err != nil || !slices.ContainsFunc(life.Notices, func(n ledger.Told) bool { return n.Level == string(ledger.Breach) && n.Swept }) {
		t.Errorf("what was told of L1 reads as if it waited: %+v, %v", life, err)
	}
}
