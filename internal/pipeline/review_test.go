// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// shelf keeps reports in memory.
type shelf struct {
	order []sla.Period
	made  map[sla.Period]ledger.Report
	fail  sla.Period
}

func (s *shelf) Has(_ context.Context, p sla.Period) (bool, error) {
	_, there := s.made[p]
	return there, nil
}

func (s *shelf) Put(_ context.Context, r ledger.Report) error {
	if r.Period == s.fail {
		return errors.New("no room")
	}
	if s.made == nil {
		s.made = map[sla.Period]ledger.Report{}
	}
	s.made[r.Period] = r
	s.order = append(s.order, r.Period)
	return nil
}

// weekly reviews of the rig's contract.
func (r *rig) weekly(s *shelf, log io.Writer) *pipeline.Reviewing {
	return &pipeline.Reviewing{
		Review: "weekly", Owner: "RevOps", Kind: review.Operational, HistoryLimit: 4,
		Agreement: pipeline.Agreement{Contract: "revenue/mid-market", Cadence: "mid-market"},
		Pairs:     &pipeline.Pairs{Mounted: r.pair}, Ledger: r.l, Reports: s, Log: slog.New(slog.NewTextHandler(log, nil)),
	}
}

func TestReviewing(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, func(b *bundle.Bundle) { b.SLA.MinimumSample = new(1) }))
	var s shelf
	reviewing := r.weekly(&s, io.Discard)
	run := func(want ...sla.Period) {
		t.Helper()
		s.order = nil
		made, err := reviewing.Run(t.Context())
		if err != nil || made != len(want) {
			t.Errorf("%d reports, %v", made, err)
		}
		if diff := cmp.Diff(want, s.order); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	}
	run()
	now := time.Now().UTC()
	week := func(back int) (time.Time, sla.Period) {
		week := sla.WeekOf(now.AddDate(0, 0, -7*back), time.UTC)
		begin, _, err := week.Bounds(time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		return begin.AddDate(0, 0, 2), week
	}
	worked := func(id string, at time.Time) {
		r.send(append(mql(id, at), pricing(id, at), assigned(id, "rep-1", at), touch(id, at.Add(time.Minute)), disposed(id, "BadTiming", at.Add(2*time.Minute)))...)
	}
	lastAt, last := week(1)
	beforeAt, before := week(3)
	tooOld, _ := week(9)
	worked("lead-now", now.Add(-time.Hour))
	worked("lead-1", lastAt.Add(-time.Hour))
	r.send(append([]ledger.Entry{pricing("late-1", lastAt.Add(-2*time.Hour))}, append(mql("late-1", lastAt.Add(-2*time.Hour)), assigned("late-1", "rep-1", lastAt.Add(-2*time.Hour)))...)...)
	worked("lead-3", beforeAt.Add(-time.Hour))
	worked("lead-9", tooOld)
	r.work(team("rep-1"))
	s.fail = last
	if _, err := reviewing.Run(t.Context()); err == nil || !strings.Contains(pipeline.Explain(err).Error(), "no room") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]sla.Period{before}, s.order); diff != "" {
		t.Errorf("the oldest is first (-want +got):\n%s", diff)
	}
	s.fail = ""
	run(last)
	run()
	for _, want := range []string{"late-1", "VP Sales", "RevOps", "BadTiming", string(last), "mid-market-terms-1", "volume"} {
		if !strings.Contains(s.made[last].Markdown, want) {
			t.Errorf("%q is not in the report:\n%s", want, s.made[last].Markdown)
		}
	}
}

// A report never changes, so it waits for what is not worked off, but not for ever for what cannot be.
func TestReviewingWaitsForTheBacklog(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	var s shelf
	var log strings.Builder
	reviewing := r.weekly(&s, &log)
	at := time.Now().UTC().AddDate(0, 0, -7).Truncate(24 * time.Hour)
	week := sla.WeekOf(at, time.UTC)
	waits := func(name, want string) {
		t.Helper()
		_, err := reviewing.Run(t.Context())
		if err == nil || pipeline.Explain(err).Error() != want || len(s.order) > 0 {
			t.Errorf("%s: %v, reports %v; want %q and none", name, err, s.order, want)
		}
	}
	r.send(append(mql("lead-1", at), pricing("lead-1", at), assigned("lead-1", "rep-1", at))...)
	r.work(team("rep-1"))
	r.send(touch("lead-1", at.Add(time.Minute)), touch("lead-2", at))
	waiting := fmt.Sprintf("2 leads are not yet worked off; the report on %s waits", week)
	waits("news", waiting)
	ledgertest.Exec(t, r.dsn, "UPDATE work SET postponed_until = clock_timestamp(), enqueued_at = clock_timestamp() - interval '59 minutes'")
	waits("failing, but not for long", waiting)
	r.work(team("rep-1"))
	ledgertest.Exec(t, r.dsn, "UPDATE obligations SET state = 'Open' WHERE clause = 'firstContact'",
		"UPDATE obligations SET period = (SELECT period FROM obligations WHERE clause = 'delivery') WHERE clause = 'firstContact'")
	waits("a deadline", fmt.Sprintf("1 deadlines have passed and are not yet marked; the report on %s waits", week))
	settle(t, (&pipeline.Breaches{
		Ledger:  func() (pipeline.BreachLedger, error) { return r.l, nil },
		Metrics: metrics(), Log: slog.New(slog.DiscardHandler),
	}).Step)
	ledgertest.Exec(t, r.dsn, `INSERT INTO work (tenant, queue, lead_id, postponed_until, enqueued_at)
SELECT 'acme', 'route', 'lead-2', clock_timestamp(), clock_timestamp() - interval '61 minutes'`)
	if made, err := reviewing.Run(t.Context()); err != nil || made != 1 {
		t.Errorf("with a lead that cannot be worked off: %d reports, %v", made, err)
	}
	if !strings.Contains(log.String(), "leads=1") {
		t.Errorf("log: %s", log.String())
	}
}

// busy is a ledger in which, whenever a report looks, some leads have just been worked off and another has news.
type busy struct {
	pipeline.ReviewLedger

	t     *testing.T
	dsn   string
	looks int
}

func (b *busy) Waiting(ctx context.Context, among []string) ([]string, error) {
	b.looks++
	ledgertest.Exec(b.t, b.dsn, fmt.Sprintf("INSERT INTO work (tenant, queue, lead_id) VALUES ('acme', 'route', 'news-%d')", b.looks))
	if b.looks > 1 {
		ledgertest.Exec(b.t, b.dsn, fmt.Sprintf("DELETE FROM work WHERE lead_id = 'news-%d'", b.looks-1))
	}
	return b.ReviewLedger.Waiting(ctx, among)
}

// A tenant whose events never stop gets its reports all the same.
func TestReviewingWhileNewsKeepsComing(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	var s shelf
	reviewing := r.weekly(&s, io.Discard)
	at := time.Now().UTC().AddDate(0, 0, -7).Truncate(24 * time.Hour)
	r.send(append(mql("lead-1", at), pricing("lead-1", at), assigned("lead-1", "rep-1", at))...)
	r.work(team("rep-1"))
	reviewing.Ledger, reviewing.Patience = &busy{ReviewLedger: r.l, t: t, dsn: r.dsn}, time.Minute
	if made, err := reviewing.Run(t.Context()); err != nil || made != 1 {
		t.Errorf("%d reports, %v", made, err)
	}
}

// A disposition is accepted by one pair and judged by another that does not know its reason: it counts, with its code.
func TestDispositionsAcrossPairs(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	at := time.Now().UTC().AddDate(0, 0, -7).Truncate(24 * time.Hour)
	r.send(append(mql("lead-1", at), assigned("lead-1", "rep-1", at))...)
	r.work(team("rep-1"))
	later := bundleOf(2, byCRM, func(b *bundle.Bundle) {
		b.Lead.Dispositions = append(b.Lead.Dispositions, lead.Disposition{Name: "Student", Outcome: lead.Disqualified})
	})
	r.inForce(later)
	taken := disposed("lead-1", "Student", at.Add(time.Minute))
	taken.Resolved = ledger.Resolved{Outcome: lead.Disqualified, Coded: true} // as ingest has it by the second pair
	vague := func(reason string) ledger.Entry {
		e := disposed("lead-1", reason, at.Add(2*time.Minute))
		e.Data.Outcome = lead.Recycled
		return e
	}
	r.send(taken, vague("who knows"), vague("whatever")) // the last two say the same to the report
	early, enough := disposed("early", "BadTiming", at.Add(time.Minute)), disposed("enough", "BadTiming", at.Add(2*time.Minute))
	r.send(append(append(mql("early", at), mql("enough", at)...), touch("enough", at.Add(time.Minute)), early, enough)...)
	r.work(team("rep-1"))
	for clause, want := range map[sla.Clause]string{sla.ClauseDisposition: "Met", sla.ClauseRejection: "Met", sla.ClauseFirstContact: "Excused"} {
		if got := r.state("lead-1", clause); got != want {
			t.Errorf("%s: %s, want %s", clause, got, want)
		}
	}
	r.inForce(bundleOf(3, byCRM, func(b *bundle.Bundle) { b.Lead.Dispositions[0].MinAttempts = 1 }))
	var s shelf
	reviewing := r.weekly(&s, io.Discard)
	if _, err := reviewing.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| Disqualified | Student | 1 |", "| Recycled | (no code) | 2 |", "| Recycled | BadTiming | 1 |"} {
		if text := s.made[sla.WeekOf(at, time.UTC)].Markdown; !strings.Contains(text, want) {
			t.Errorf("the report does not have %q:\n%s", want, text)
		}
	}
}
