// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// ReviewLedger is what reports are made from.
type ReviewLedger interface {
	Archive
	Now(ctx context.Context) (time.Time, error)
	InForce(ctx context.Context) (int64, time.Time, error)
	Periods(ctx context.Context) ([]sla.Period, error)
	Count(ctx context.Context, periods []sla.Period) (ledger.Snapshot, error)
	Backlog(ctx context.Context, periods ...sla.Period) (ledger.Backlog, error)
	Read(ctx context.Context, look func(*ledger.Reading) error) error
}

// Reports keeps reports, each once.
type Reports interface {
	Has(ctx context.Context, period sla.Period) (bool, error)
	Put(ctx context.Context, period sla.Period, result, markdown string) error
}

// Reviewing reports every closed week that has data and no report yet.
type Reviewing struct {
	Cadence, Review, Owner string
	HistoryLimit           int // weeks to look back
	Pairs                  *Pairs
	Ledger                 ReviewLedger
	Reports                Reports
	Log                    *slog.Logger
}

// Run reports what is due, the oldest week first, and says how many reports it made. Running it again changes nothing.
func (r *Reviewing) Run(ctx context.Context) (made int, err error) {
	now, err := r.Ledger.Now(ctx)
	if err != nil {
		return 0, err
	}
	pair, err := r.pairInForce(ctx)
	if err != nil {
		return 0, err
	}
	weeks, err := r.due(ctx, now, pair.Zone())
	if err != nil {
		return 0, err
	}
	for _, week := range weeks {
		there, err := r.Reports.Has(ctx, week)
		if err != nil {
			return made, shownError{err}
		}
		if there {
			continue
		}
		if err := r.settled(ctx, week); err != nil {
			return made, err
		}
		report, err := r.build(ctx, pair, week, now)
		if err != nil {
			return made, fmt.Errorf("report on %s: %w", week, err)
		}
		if err := r.Reports.Put(ctx, week, report.Result(), report.Markdown()); err != nil {
			return made, shownError{err}
		}
		r.Log.Info("reported", "period", week, "result", report.Result())
		made++
	}
	return made, nil
}

// settled is an error while something is not worked off that the report, which never changes, should say.
func (r *Reviewing) settled(ctx context.Context, week sla.Period) error {
	b, err := r.Ledger.Backlog(ctx, week)
	switch {
	case err != nil:
		return err
	case b.Waiting > 0:
		return shownError{fmt.Errorf("%d leads are not yet worked off; the report on %s waits", b.Waiting, week)}
	case b.Unmarked > 0:
		return shownError{fmt.Errorf("%d deadlines have passed and are not yet marked; the report on %s waits", b.Unmarked, week)}
	case b.Stuck > 0:
		r.Log.Warn("leads that have failed for an hour are reported as they stand", "period", week, "leads", b.Stuck)
	}
	return nil
}

// pairInForce judges all weeks: those of older terms keep their own counts, and are compared with today's targets.
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

// due are the closed weeks with data, no further back than the history limit. ISO weeks sort as text.
func (r *Reviewing) due(ctx context.Context, now time.Time, zone *time.Location) ([]sla.Period, error) {
	last, err := closedThrough(now, zone)
	if err != nil {
		return nil, err
	}
	begin, _, err := last.Bounds(zone)
	if err != nil {
		return nil, err
	}
	first := sla.WeekOf(begin.AddDate(0, 0, -7*(r.HistoryLimit-1)), zone)
	periods, err := r.Ledger.Periods(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(periods, func(p sla.Period) bool { return !p.Week() || p < first || p > last }), nil
}

func (r *Reviewing) build(ctx context.Context, pair *Pair, week sla.Period, now time.Time) (review.Report, error) {
	from, to, err := week.Bounds(pair.Zone())
	if err != nil {
		return review.Report{}, err
	}
	snapshot, err := r.Ledger.Count(ctx, []sla.Period{week})
	if err != nil {
		return review.Report{}, err
	}
	volume, err := r.volume(ctx, pair.Zone(), to)
	if err != nil {
		return review.Report{}, err
	}
	in := review.Input{
		Contract: pair.Bundle.Contract, Cadence: r.Cadence, Review: r.Review, Owner: r.Owner,
		Period: week, Terms: pair.Terms, Rows: sla.ScorecardOf(pair.Terms, append(snapshot.Counts, volume), week), GeneratedAt: now,
	}
	err = r.Ledger.Read(ctx, func(l *ledger.Reading) error { return r.look(ctx, l, pair, &in, from, to) })
	if err != nil {
		return review.Report{}, err
	}
	return review.Build(in), nil
}

// look at what happened in the week.
func (r *Reviewing) look(ctx context.Context, l *ledger.Reading, pair *Pair, in *review.Input, from, to time.Time) error {
	missed, err := l.Missed(ctx, "", in.Period)
	if err != nil {
		return err
	}
	for _, m := range missed {
		o := m.Obligation
		in.Worst = append(in.Worst, review.Late{
			Clause: o.Clause, Tier: o.Tier, Lead: m.Lead, LateBy: o.LateBy(in.GeneratedAt), Open: o.Stop.IsZero(),
		})
	}
	flow, err := l.Flow(ctx, from, to)
	if err != nil {
		return err
	}
	in.Leads = review.Leads{Captured: flow.Captured, Qualified: flow.Qualified, Held: flow.Held}
	sent, err := l.Disposed(ctx, from, to)
	if err != nil {
		return err
	}
	in.Disposed = dispositions(sent, pair.Bundle.Lead.Dispositions)
	switches, err := l.Switches(ctx, from, to, in.Period)
	for _, s := range switches {
		in.Revisions = append(in.Revisions, review.Revision{Definition: s.Definition.Name, Terms: s.Terms.Name, Since: s.Since})
	}
	return err
}

// volume of the month so far, at the end of a week: the week's review looks at the pace.
func (r *Reviewing) volume(ctx context.Context, zone *time.Location, end time.Time) (sla.Count, error) {
	month := sla.MonthOf(end.Add(-1), zone)
	from, _, err := month.Bounds(zone)
	if err != nil {
		return sla.Count{}, err
	}
	var flow ledger.Flow
	err = r.Ledger.Read(ctx, func(l *ledger.Reading) error {
		flow, err = l.Flow(ctx, from, end)
		return err
	})
	return sla.Count{Clause: sla.ClauseVolume, Period: month, Met: flow.Qualified}, err
}

// dispositions counts leads by outcome and code; a reason that is no code, neither when it was sent nor now, counts as none,
// and so does a code that was given after fewer attempts than it demands.
func dispositions(sent []ledger.Disposed, codes []lead.Disposition) []review.Disposed {
	type key struct {
		outcome lead.Outcome
		reason  string
	}
	type told struct {
		key
		lead string
	}
	seen := map[told]bool{}
	counts := map[key]int64{}
	for _, s := range sent {
		k := key{outcome: s.Outcome}
		if s.Coded {
			k.reason = s.Reason
		}
		for _, code := range codes {
			if code.Name == s.Reason && (s.Outcome == "" || s.Outcome == code.Outcome) {
				k = key{code.Outcome, code.Name}
				if s.Attempts < code.MinAttempts {
					k.reason = ""
				}
			}
		}
		if t := (told{k, s.Lead}); k.outcome != "" && !seen[t] {
			seen[t] = true
			counts[k]++
		}
	}
	var out []review.Disposed
	for k, n := range counts {
		out = append(out, review.Disposed{Outcome: k.outcome, Reason: k.reason, Count: n})
	}
	slices.SortFunc(out, func(a, b review.Disposed) int {
		return cmp.Or(cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}
