// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// ReviewLedger is what reports are made from and kept in.
type ReviewLedger interface {
	Archive
	Now(ctx context.Context) (time.Time, error)
	InForce(ctx context.Context) (int64, time.Time, error)
	Periods(ctx context.Context) ([]sla.Period, error)
	Spells(ctx context.Context) ([]judge.Spell, error)
	Backlog(ctx context.Context, periods ...sla.Period) (ledger.Backlog, error)
	Waiting(ctx context.Context, among []string) ([]string, error)
	Read(ctx context.Context, look func(*ledger.Reading) error) error
	Restatements(ctx context.Context, periods []sla.Period, limit int) ([]ledger.Restatement, error)
	Report(ctx context.Context, cadence, review string, period sla.Period) (*ledger.Report, error)
	KeepReport(ctx context.Context, r ledger.Report, to []ledger.Recipient) (kept ledger.Report, made bool, err error)
}

// Reports shows reports in the cluster, each once.
type Reports interface {
	Has(ctx context.Context, period sla.Period) (bool, error)
	Put(ctx context.Context, r ledger.Report) error
}

// Reviewing reports every closed period of a review's type that has data and no report yet: weeks, months or quarters.
type Reviewing struct {
	Review, Owner string
	Kind          review.Kind
	HistoryLimit  int           // periods to look back
	Patience      time.Duration // that a report waits for leads to be worked off, before it is left to another run
	Publish       bool          // to those who do not read the cluster, where the contract has notices
	Agreement     Agreement
	Pairs         *Pairs
	Ledger        ReviewLedger
	Reports       Reports
	Log           *slog.Logger
}

// Run reports what is due, the oldest period first, and says how many reports the cluster got. Running it again changes nothing.
func (r *Reviewing) Run(ctx context.Context) (made int, err error) {
	now, err := r.Ledger.Now(ctx)
	if err != nil {
		return 0, err
	}
	pair, err := r.pairInForce(ctx)
	if err != nil {
		return 0, err
	}
	periods, err := r.Ledger.Periods(ctx)
	if err != nil {
		return 0, err
	}
	due, err := closedPeriods(r.Kind, now, pair.Zone(), r.HistoryLimit, periods)
	if err != nil {
		return 0, err
	}
	for _, p := range due {
		there, err := r.Reports.Has(ctx, p.period)
		if err != nil {
			return made, shownError{err}
		}
		if there {
			continue
		}
		report, err := r.report(ctx, pair, p, now)
		if err != nil {
			return made, err
		}
		if err := r.Reports.Put(ctx, *report); err != nil {
			return made, shownError{err}
		}
		r.Log.Info("reported", "period", p.period, "result", report.Result)
		made++
	}
	return made, nil
}

// report on a period: the one that the ledger has, or a new one. What a job left there that died before the cluster had it, or another one has just
// made, stands.
func (r *Reviewing) report(ctx context.Context, pair *Pair, p stretch, now time.Time) (*ledger.Report, error) {
	kept, err := r.Ledger.Report(ctx, r.Agreement.Cadence, r.Review, p.period)
	if err != nil || kept != nil {
		return kept, err
	}
	if err := r.settled(ctx, p); err != nil {
		return nil, err
	}
	made, to, err := r.build(ctx, pair, p, now)
	if err != nil {
		return nil, fmt.Errorf("report on %s: %w", p.period, err)
	}
	report, _, err := r.Ledger.KeepReport(ctx, made, to)
	return &report, err
}

// settled is an error while something is not worked off, or not judged, that the report, which never changes, should say.
func (r *Reviewing) settled(ctx context.Context, p stretch) error {
	weeks := p.weeks()
	judged := append(slices.Clone(weeks), p.months()...)
	b, err := r.Ledger.Backlog(ctx, judged...)
	left := 0
	if err == nil && b.Waiting > 0 {
		if left, err = r.waiting(ctx); err == nil {
			b, err = r.Ledger.Backlog(ctx, judged...)
		}
	}
	switch {
	case err != nil:
		return err
	case left > 0:
		return shownError{fmt.Errorf("%d leads are not yet worked off; the report on %s waits", left, p.period)}
	case b.Unmarked > 0:
		return shownError{fmt.Errorf("%d deadlines have passed and are not yet marked; the report on %s waits", b.Unmarked, p.period)}
	case b.Stuck > 0:
		r.Log.Warn("leads that have failed for an hour are reported as they stand", "period", p.period, "leads", b.Stuck)
	}
	return r.Agreement.unjudged(weeks, p.zone)
}

// waitStep is how often leads that are waited for are looked at.
const waitStep = 500 * time.Millisecond

// waiting are how many of the leads that have news now were not worked off in time. Each is waited for by itself: where news keeps coming, there is no
// moment at which none has any.
func (r *Reviewing) waiting(ctx context.Context) (left int, err error) {
	var leads []string
	for waited := time.Duration(0); ; waited += waitStep {
		leads, err = r.Ledger.Waiting(ctx, leads)
		if err != nil || len(leads) == 0 || waited >= r.Patience {
			return len(leads), err
		}
		timer := time.NewTimer(waitStep)
		select {
		case <-ctx.Done():
			timer.Stop()
			return len(leads), ctx.Err()
		case <-timer.C:
		}
	}
}

// pairInForce names who is addressed, and the days on which a period begins and ends.
func (r *Reviewing) pairInForce(ctx context.Context) (*Pair, error) {
	sequence, _, err := r.Ledger.InForce(ctx)
	if err != nil {
		return nil, err
	}
	if sequence == 0 {
		return r.Pairs.Mounted, nil
	}
	return r.Pairs.Of(ctx, r.Ledger, sequence)
}

// build makes a report, and says who gets it.
func (r *Reviewing) build(ctx context.Context, pair *Pair, p stretch, now time.Time) (ledger.Report, []ledger.Recipient, error) {
	facts, err := r.facts(ctx, pair, p, now)
	if err != nil {
		return ledger.Report{}, nil, err
	}
	if err := r.propose(&facts, now, p); err != nil {
		return ledger.Report{}, nil, err
	}
	made, err := r.fit(facts)
	return made, r.recipients(facts), err
}

// propose the manifests for the quarter that comes next, of the newest quarter that is over: what an older one has shown is overtaken.
func (r *Reviewing) propose(f *review.Facts, now time.Time, p stretch) error {
	if r.Kind != review.Strategic || r.Agreement.Propose == nil || p.period != sla.QuarterOf(now, p.zone).Before() {
		return nil
	}
	document, err := review.New(*f)
	if err != nil {
		return err
	}
	from, _, err := sla.QuarterOf(now, p.zone).Next().Bounds(p.zone)
	if err != nil {
		return err
	}
	f.Proposal, err = r.Agreement.Propose(document.Results(), from)
	return err
}

// maxReport is how many bytes all forms of a report may have together: a ConfigMap takes 1 MiB, names included.
const maxReport = 1_000_000

// fit cuts the lists of leads until the report fits into a ConfigMap, and says so in it. Numbers are never cut.
func (r *Reviewing) fit(f review.Facts) (ledger.Report, error) {
	for _, most := range []int{maxWorst, 3, 0} {
		shorter := f
		if most < maxWorst {
			shorter = shortened(f, most)
		}
		made, err := r.render(shorter)
		if err != nil {
			return made, err
		}
		if len(made.Markdown)+len(made.HTML)+len(made.JSON) <= maxReport {
			return made, nil
		}
	}
	return ledger.Report{}, shownError{fmt.Errorf("it has more than %d bytes without any list of leads, and fits into no ConfigMap", maxReport)}
}

func shortened(f review.Facts, most int) review.Facts {
	f.Misses = slices.Clone(f.Misses)
	for i := range f.Misses {
		f.Misses[i].Worst = f.Misses[i].Worst[:min(most, len(f.Misses[i].Worst))]
	}
	f.Feedback.Examples = f.Feedback.Examples[:min(most, len(f.Feedback.Examples))]
	f.Notes = append(slices.Clone(f.Notes), fmt.Sprintf(
		"The lists of leads are cut to %d each, since the report would not fit into its ConfigMap otherwise; the numbers are of all leads", most))
	return f
}

func (r *Reviewing) render(f review.Facts) (ledger.Report, error) {
	document, err := review.New(f)
	if err != nil {
		return ledger.Report{}, err
	}
	text, err := document.JSON()
	if err != nil {
		return ledger.Report{}, err
	}
	page, err := document.HTML()
	if err != nil {
		return ledger.Report{}, err
	}
	seal, err := document.Seal()
	return ledger.Report{
		Cadence: f.Cadence, Review: f.Review, Kind: string(f.Kind), Period: f.Period, Result: document.Result(), Summary: document.Summary(), Seal: seal,
		Markdown: document.Markdown(), HTML: page, JSON: string(text), MadeAt: f.GeneratedAt,
	}, err
}

// executiveLevel of an escalation concerns the executive.
const executiveLevel = 3

// recipients of a report: both sides, and the executive of those about a quarter and while something waits for a decision. Without notices
// no worker sends: a message would lie in the ledger for ever.
func (r *Reviewing) recipients(f review.Facts) []ledger.Recipient {
	switch {
	case !r.Publish:
		return nil
	case !r.Agreement.Notices:
		r.Log.Warn("the report is sent to nobody: the cadence publishes it, and the contract has no spec.notify", "period", f.Period)
		return nil
	}
	to := []ledger.Recipient{ledger.ToMarketing, ledger.ToSales}
	waits := slices.ContainsFunc(f.Escalations, func(e review.Escalation) bool { return e.Level >= executiveLevel })
	if f.Kind == review.Strategic || waits {
		to = append(to, ledger.ToExecutive)
	}
	return to
}
