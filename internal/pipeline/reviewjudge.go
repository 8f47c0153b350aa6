// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// trendWeeks are how many weeks before a period are judged with it: escalations and trends go by them.
const trendWeeks = 26

// judging is what a period is judged by, as it stood at its end.
type judging struct {
	input judge.Input
	weeks []sla.Period // that ended within the period
}

// gatherJudging reads what the counts say now of the weeks up to the end of a period: what became known late counts. What was decided after the end
// does not.
func (r *Reviewing) gatherJudging(ctx context.Context, l *ledger.Reading, spells []judge.Spell, p stretch, now time.Time) (judging, error) {
	weeks := p.weeks()
	in, err := Counted(ctx, l, spells, p.to, len(weeks), p.zone)
	if err != nil {
		return judging{}, err
	}
	in.Terms, in.Definition = signedBy(r.Agreement.Terms, p.to), signedBy(r.Agreement.Definition, p.to)
	in.Waivers, in.Dispute, in.Remediations = r.Agreement.waived(p.zone), disputeAt(r.Agreement.Dispute, p.to), r.Agreement.Remediations
	in.Reviews = r.Agreement.reviews(judge.GoLive(in), p.to, now, p.zone)
	return judging{input: in, weeks: weeks}, nil
}

// Counted is what the ledger counts today of the weeks up to the end of a period, in which so many of them ended, with those before that they are judged
// with: no fewer than the manager knows. A report is made from it, and proved by it later.
func Counted(ctx context.Context, l *ledger.Reading, spells []judge.Spell, end time.Time, ended int, zone *time.Location) (judge.Input, error) {
	closed := sla.WeekOf(end, zone).Before()
	in := judge.Input{Book: map[string]*sla.Compiled{}, Now: end, ClosedThrough: closed}
	weeks := []sla.Period{closed}
	for len(weeks) < weeksBack+ended {
		weeks = append(weeks, weeks[len(weeks)-1].Before())
	}
	slices.Reverse(weeks)
	var err error
	if in.Counts, err = l.Counts(ctx, weeks); err != nil {
		return in, err
	}
	// The week in which the period ended may have its month's last mark.
	if in.Paces, err = l.Paces(ctx, append(weeks, closed.Next()), zone); err != nil {
		return in, err
	}
	pairs, err := l.Pairs(ctx)
	if err != nil {
		return in, err
	}
	for _, pair := range pairs {
		if in.Book[pair.Terms.Name], err = sla.Compile(pair.SLA); err != nil {
			return in, fmt.Errorf("terms %s: %w", pair.Terms.Name, err)
		}
	}
	for _, spell := range spells {
		// What was brought in of the time before the go-live is judged by the first terms.
		if spell.From.Before(end) || len(in.Spells) == 0 {
			in.Spells, in.InForce = append(in.Spells, spell), spell.Revision
		}
	}
	return in, nil
}

// judged fills in what follows. A week has the rows of that week; a month or a quarter those of its newest weeks, and the volume of its last month.
func (j judging) judged(f *review.Facts, p stretch) {
	now := judge.Judge(j.input)
	switch last, ok := lastOf(now.Weeks); {
	case p.kind == review.Operational && ok && last.Period == p.period:
		now.Rows = sla.WorstFirst(slices.Clone(last.Rows))
	case p.kind != review.Operational:
		now.Rows = slices.DeleteFunc(slices.Clone(now.Rows), func(row sla.Row) bool {
			return row.Clause == sla.ClauseVolume || row.Clause == sla.ClauseDefinitionRefresh
		})
		if row, ok := j.volume(p); ok {
			now.Rows = append(now.Rows, row)
		}
		if row, ok := j.refresh(p); ok {
			now.Rows = append(now.Rows, row)
		}
		now.Rows = sla.WorstFirst(now.Rows)
	}
	f.Judged(now, p.from)
}

// volume of the last month of a period, for good: the week in which it ended is judged as if it were over.
func (j judging) volume(p stretch) (sla.Row, bool) {
	in := j.input
	in.ClosedThrough = sla.WeekOf(p.to.Add(-time.Nanosecond), p.zone)
	_, end, err := in.ClosedThrough.Bounds(p.zone)
	if err != nil {
		return sla.Row{}, false
	}
	in.Now, in.Counts = end, nil
	last, ok := lastOf(judge.Judge(in).Weeks)
	if !ok {
		return sla.Row{}, false
	}
	row, ok := last.Verdict(sla.ClauseVolume)
	return row, ok && row.Period == sla.MonthOf(p.to.Add(-time.Nanosecond), p.zone)
}

// refresh is how the signing stood in the last instant of a period: what is due in the quarter that begins then is not this one's.
func (j judging) refresh(p stretch) (sla.Row, bool) {
	in := j.input
	in.Now, in.Counts = p.to.Add(-time.Nanosecond), nil
	in.ClosedThrough = sla.WeekOf(in.Now, p.zone).Before()
	rows := judge.Judge(in).Rows
	i := slices.IndexFunc(rows, func(row sla.Row) bool { return row.Clause == sla.ClauseDefinitionRefresh })
	if i < 0 {
		return sla.Row{}, false
	}
	return rows[i], true
}

func lastOf(weeks []judge.Week) (judge.Week, bool) {
	if len(weeks) == 0 {
		return judge.Week{}, false
	}
	return weeks[len(weeks)-1], true
}

// signedBy are the times up to an instant.
func signedBy(times []time.Time, end time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(times), func(t time.Time) bool { return t.After(end) })
}

// disputeAt an instant: one that was raised later is none yet, and one that was resolved later is open.
func disputeAt(d *judge.Dispute, end time.Time) *judge.Dispute {
	if d == nil || d.At.After(end) {
		return nil
	}
	at := *d
	if at.Resolved.After(end) {
		at.Resolved, at.ResolvedBy, at.Decision = time.Time{}, "", ""
	}
	return &at
}
