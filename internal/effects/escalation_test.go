// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/notify"
	"github.com/handoff-sla/handoff/internal/sla"
)

// steps of a worker that reads what the manager wrote.
func (r *rig) steps(l *ledger.Ledger, respect bool, standing ...bundle.EscalationStep) *effects.Steps {
	return &effects.Steps{
		Ledger: func() (*ledger.Ledger, error) { return l, nil }, Pairs: pairs(r.t), Every: time.Hour, Respect: respect,
		Standing: func() bundle.Standing { return bundle.Standing{Steps: standing} }, Metrics: effects.NewMetrics(prometheus.NewRegistry()),
	}
}

func (r *rig) escalate(standing ...bundle.EscalationStep) {
	r.t.Helper()
	if _, err := r.steps(r.l, false, standing...).Escalate(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// ofParty are the addresses of a recipient that is no rep.
func (s *sink) ofParty(to ledger.Recipient, _ string) ([]string, error) {
	return []string{s.address("/" + strings.ToLower(string(to)))}, nil
}

func missed(level int, at time.Time) bundle.EscalationStep {
	return bundle.EscalationStep{
		Clause: sla.ClauseFirstContact, Level: level, At: at, Reason: "97 of 120 leads contacted in time (81%), target 90%", Owners: []string{"VP Sales"},
		Since: at, Due: at.AddDate(0, 0, 7), Clears: "a closed week in which it is met",
	}
}

// Two replicas read the same standing, one of them after a restart, and both send: whom it concerns is told once. The terms of the test name no
// executive: marketing and sales stand in.
func TestStepIsToldOnceByTwoReplicas(t *testing.T) {
	r := newRig(t, all)
	s := newSink(t)
	other := ledgertest.Open(t, r.dsn, tenant)
	other.SetEffects(all)
	at := r.now().Add(-time.Hour)
	standing := []bundle.EscalationStep{missed(1, at.Add(-48*time.Hour)), missed(3, at)}
	r.start(r.runner(func(run *effects.Runner) { run.Addresses = s.ofParty }))
	r.start(r.runner(func(run *effects.Runner) {
		run.Addresses, run.Ledger = s.ofParty, func() (*ledger.Ledger, error) { return other, nil }
	}))
	var group sync.WaitGroup
	for _, l := range []*ledger.Ledger{r.l, other, r.l, other} {
		group.Go(func() {
			for range 3 {
				if _, err := r.steps(l, false, standing...).Escalate(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	r.until("all is sent", func() bool { return r.count(`SELECT count(*) FROM messages WHERE sent_at IS NULL`) == 0 && r.settled() })
	// Workers from before there were escalations take what is in the queue of the notices, and would drop them.
	if n := r.count(`SELECT count(*) FROM river_job WHERE queue = '` + ledger.Queue(ledger.NoticeArgs{}.Kind(), tenant) + `'`); n > 0 {
		t.Errorf("%d jobs stand in the queue of the notices", n)
	}
	var got []string
	for _, text := range s.taken() {
		first, _, _ := strings.Cut(text, ":")
		got = append(got, first)
	}
	slices.Sort(got)
	want := []string{
		"/marketing firstContact, level 3, for the executive", "/sales firstContact, level 1, for the weekly review",
		"/sales firstContact, level 3, for the executive",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
}

// Outside the hours of the contract nobody is told, where quiet hours are respected.
func TestStepsRespectQuietHours(t *testing.T) {
	r := newRig(t, all)
	pair := pairs(t)
	open := func() bool { return pair.Current().Terms.Hours().Open(r.now()) }
	before := open()
	if _, err := r.steps(r.l, true, missed(1, r.now())).Escalate(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Where an hour of the contract began or ended meanwhile, it may be either.
	if noted, after := r.count(`SELECT count(*) FROM escalations`) == 1, open(); noted != before && noted != after {
		t.Errorf("open %t and %t, noted %t", before, after, noted)
	}
	r.escalate(missed(1, r.now()))
	if n := r.count(`SELECT count(*) FROM escalations`); n == 0 {
		t.Error("with quiet hours ignored nothing is noted")
	}
}

// What people read: what fell short with its numbers, since when, what resolves it and until when, and what to ask. No blame, no secret.
func TestWhatAStepSays(t *testing.T) {
	r := newRig(t, all)
	s := newSink(t)
	at := time.Now().Add(-72 * time.Hour).Truncate(time.Second)
	second := missed(2, at.Add(24*time.Hour))
	second.Since, second.Owners, second.Due = at, []string{"VP Marketing", "VP Sales"}, time.Time{}
	over := missed(0, at.Add(48*time.Hour))
	over.Reason, over.Owners, over.Due, over.Clears = "112 of 120 leads contacted in time (93%), target 90%", nil, time.Time{}, ""
	r.start(r.runner(func(run *effects.Runner) {
		run.Addresses = func(to ledger.Recipient, _ string) ([]string, error) {
			if to != ledger.ToSales {
				return nil, nil
			}
			return []string{s.address("/sales")}, nil
		}
	}))
	zone := pairs(t).Current().Zone()
	moment := func(t time.Time) string { return t.In(zone).Format("Mon 2 Jan 2006 15:04 MST") }
	const help = "What would help? Is it a question of resources (the people and hours that it takes), of the process (steps, hand-offs, calendars), " +
		"of the data (fields, codes, times that do not arrive), or of people (skills, priorities, absence)?\n" +
		"Note the plan in spec.remediations of the contract, so that the next review can follow it.\n" +
		"Contract revenue/mid-market. See: kubectl describe slacontract mid-market -n revenue\n"
	for i, c := range []struct {
		step bundle.EscalationStep
		want string
	}{
		{missed(1, at), "firstContact, level 1, for the weekly review: 97 of 120 leads contacted in time (81%), target 90%.\n" +
			"At this level since " + moment(at) + ".\nNow with: VP Sales.\nWhat resolves it: a closed week in which it is met.\n" +
			"Unless it is resolved, it goes up to level 2 on " + moment(at.AddDate(0, 0, 7)) + ".\n" + help},
		{second, "firstContact, level 2, for the owners of both sides: 97 of 120 leads contacted in time (81%), target 90%.\n" +
			"At this level since " + moment(at.Add(24*time.Hour)) + ". Escalated since " + moment(at) + ".\nNow with: VP Marketing, VP Sales.\n" +
			"What resolves it: a closed week in which it is met.\n" + help},
		{over, "firstContact is resolved since " + moment(at.Add(48*time.Hour)) + ": 112 of 120 leads contacted in time (93%), target 90%.\n" +
			"Thank you to both teams. What helped is worth a word in the next review.\n" +
			"Contract revenue/mid-market. See: kubectl describe slacontract mid-market -n revenue\n"},
	} {
		r.escalate(c.step)
		r.until("it is sent", func() bool { return len(s.taken()) == i+1 && r.settled() })
		text, reference, _ := strings.Cut(strings.TrimPrefix(s.taken()[i], "/sales "), "Ref ")
		if diff := cmp.Diff(c.want, text); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
		if want := fmt.Sprintf(" firstContact/%d/%s", c.step.Level, c.step.At.UTC().Format(time.RFC3339)); !strings.HasSuffix(reference, want) {
			t.Errorf("reference %q", reference)
		}
	}
}

func weekly() ledger.Report {
	return ledger.Report{
		Cadence: "mid-market", Review: "weekly", Kind: "Operational", Period: "2027-W03", Result: "Missed", Summary: "1 of 8 clauses fell short.\n",
		Seal: "v1:sha256:77", Markdown: "# Week 3", HTML: "<h1>Week 3</h1>", JSON: `{}`, MadeAt: time.Date(2027, 1, 25, 14, 0, 0, 0, time.UTC),
	}
}

// A worker that is killed between sending and writing that down leaves a step, or a report, to another one, which sends it again as it was.
func TestKilledWhileSendingOfTheContract(t *testing.T) {
	for name, begin := range map[string]func(*rig){
		"step": func(r *rig) { r.escalate(missed(1, r.now())) },
		"report": func(r *rig) {
			if _, _, err := r.l.KeepReport(r.t.Context(), weekly(), []ledger.Recipient{ledger.ToSales}); err != nil {
				r.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, all)
			s := newSink(t)
			begin(r)
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), envChild+"=after", envDSN+"="+r.dsn, envAddress+"="+s.address("/sales"))
			if err := cmd.Run(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("the child ended with %v", err)
			}
			ledgertest.Exec(t, r.dsn, `UPDATE river_job SET attempted_at = attempted_at - interval '10 minutes' WHERE state = 'running'`,
				`DELETE FROM river_leader`)
			r.start(r.runner(func(run *effects.Runner) {
				run.Addresses = func(ledger.Recipient, string) ([]string, error) { return []string{s.address("/sales")}, nil }
			}))
			r.until("it is sent", func() bool { return r.count(`SELECT count(*) FROM messages WHERE sent_at IS NOT NULL`) == 1 })
			if got := s.taken(); len(got) != 2 || got[0] != got[1] {
				t.Errorf("taken: %q", got)
			}
		})
	}
}

// posted is a document and where it went.
type posted struct {
	to string
	notify.Document
}

// A report goes to each recipient once, with its page, whichever of two replicas sends it.
func TestReportToEachRecipientOnce(t *testing.T) {
	r := newRig(t, all)
	var mu sync.Mutex
	var got []posted
	edit := func(run *effects.Runner) {
		run.Addresses = func(to ledger.Recipient, _ string) ([]string, error) {
			return []string{string(to) + "-1", string(to) + "-2"}, nil
		}
		run.Send = func(_ context.Context, address string, d notify.Document) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, posted{address, d})
			return nil
		}
	}
	r.start(r.runner(edit))
	r.start(r.runner(edit))
	for range 3 {
		if _, _, err := r.l.KeepReport(t.Context(), weekly(), []ledger.Recipient{ledger.ToSales, ledger.ToExecutive}); err != nil {
			t.Fatal(err)
		}
	}
	r.until("it is sent", func() bool { return r.count(`SELECT count(*) FROM messages WHERE sent_at IS NOT NULL`) == 2 })
	mu.Lock()
	defer mu.Unlock()
	slices.SortFunc(got, func(a, b posted) int { return strings.Compare(a.to, b.to) })
	if len(got) != 4 {
		t.Fatalf("%d sent: %+v", len(got), got)
	}
	for i, to := range []string{"Executive-1", "Executive-2", "Sales-1", "Sales-2"} {
		d := got[i].Document
		text, _, _ := strings.Cut(d.Text, "\nRef ")
		if got[i].to != to || d.Title != "SLA report revenue/mid-market, weekly: week 3 of 2027 (18 to 24 January): Missed" || d.HTML != weekly().HTML ||
			d.Name != "mid-market-weekly-2027-W03.html" ||
			text != "1 of 8 clauses fell short.\n\n"+
				"Contract revenue/mid-market. See: kubectl sla report mid-market -n revenue --review weekly --period 2027-W03\nSeal v1:sha256:77" {
			t.Errorf("%d: %+v", i, got[i])
		}
	}
}

// Who lists one chat for several recipients reads the same there once; a mailbox of one of them gets it too.
func TestOneAddressOfSeveralRecipients(t *testing.T) {
	r := newRig(t, all)
	s := newSink(t)
	if _, _, err := r.l.KeepReport(t.Context(), weekly(), []ledger.Recipient{ledger.ToSales, ledger.ToMarketing, ledger.ToExecutive}); err != nil {
		t.Fatal(err)
	}
	r.start(r.runner(func(run *effects.Runner) {
		run.Addresses = func(to ledger.Recipient, _ string) ([]string, error) {
			if to == ledger.ToSales {
				return []string{s.address("/chat"), s.address("/sales")}, nil
			}
			return []string{s.address("/chat")}, nil
		}
	}))
	r.until("it is sent", func() bool {
		return r.count(`SELECT count(*) FROM messages WHERE sent_at IS NOT NULL OR dropped = 'Shared'`) == 3
	})
	var got []string
	for _, one := range s.taken() {
		path, _, _ := strings.Cut(one, " ")
		got = append(got, path)
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"/chat", "/sales"}) {
		t.Errorf("taken by %q", got)
	}
}

// A report that nobody takes is tried again, then parked, listed and counted; tried once more, it goes to the address that does not have it yet.
func TestReportThatIsNotTaken(t *testing.T) {
	r := newRig(t, all)
	s := newSink(t)
	broken := true
	s.status = func(path string, _ int) int {
		if path == "/down" && broken {
			return 503
		}
		return 200
	}
	var run *effects.Runner
	r.start(r.runner(func(one *effects.Runner) {
		run = one
		one.Addresses = func(ledger.Recipient, string) ([]string, error) {
			return []string{s.address("/up"), s.address("/down")}, nil
		}
	}))
	if _, _, err := r.l.KeepReport(t.Context(), weekly(), []ledger.Recipient{ledger.ToSales}); err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, r.dsn, `UPDATE river_job SET max_attempts = 3`)
	r.until("it is parked", func() bool { return r.count(`SELECT count(*) FROM river_job WHERE state = 'discarded'`) == 1 })
	letters, err := r.l.Letters(t.Context(), false, 10)
	if err != nil || len(letters) != 1 {
		t.Fatalf("%+v, %v", letters, err)
	}
	one := letters[0]
	if one.Kind != "report" || one.About != "mid-market weekly 2027-W03" || one.Recipient != ledger.ToSales || one.Count != 1 ||
		one.Error != "service generic: answered with status 503" {
		t.Errorf("letter %+v", one)
	}
	if n := testutil.ToFloat64(run.Metrics.Effects.WithLabelValues("report", effects.ResultParked)); n != 1 {
		t.Errorf("%v parked are counted", n)
	}
	kinds, err := r.l.OutstandingEffects(t.Context())
	if err != nil || !slices.ContainsFunc(kinds, func(k ledger.Outstanding) bool { return k.Kind == "report" && k.Parked == 1 }) {
		t.Errorf("outstanding %+v, %v", kinds, err)
	}
	s.mu.Lock()
	broken = false
	s.mu.Unlock()
	if err := r.l.RetryLetters(t.Context(), []int64{one.Job}); err != nil {
		t.Fatal(err)
	}
	r.until("it is sent", func() bool { return r.count(`SELECT count(*) FROM messages WHERE sent_at IS NOT NULL`) == 1 })
	got := s.taken()
	if len(got) != 2 || !strings.HasPrefix(got[0], "/up ") || !strings.HasPrefix(got[1], "/down ") {
		t.Errorf("taken %q", got)
	}
}

// What is about a closed week is sent after days without a worker, and not after a week.
func TestContractMessagesThatWaited(t *testing.T) {
	for days, want := range map[int]string{6: "sent", 8: "parked"} {
		t.Run(fmt.Sprint(days, " days"), func(t *testing.T) {
			r := newRig(t, all)
			s := newSink(t)
			r.escalate(missed(1, r.now()))
			ledgertest.Exec(t, r.dsn, fmt.Sprintf(`UPDATE messages SET due_at = due_at - interval '%d days'`, days))
			r.start(r.runner(func(run *effects.Runner) { run.Addresses, run.Log = s.ofParty, slog.New(slog.DiscardHandler) }))
			r.until("it is decided", func() bool { return r.settled() })
			got := "parked"
			if r.count(`SELECT count(*) FROM messages WHERE sent_at IS NOT NULL`) == 1 {
				got = "sent"
			}
			if got != want {
				t.Errorf("it is %s", got)
			}
			letters, err := r.l.Letters(t.Context(), false, 10)
			if err != nil || (len(letters) == 1) != (want == "parked") {
				t.Fatalf("%+v, %v", letters, err)
			}
			if want == "parked" && (letters[0].About != "firstContact level 1" || !strings.HasPrefix(letters[0].Error, "JobCancelError: it waited for more than 7 days")) {
				t.Errorf("%+v", letters[0])
			}
		})
	}
}
