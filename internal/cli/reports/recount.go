// SPDX-License-Identifier: Apache-2.0

package reports

import (
	"context"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// recount judges the weeks of a report anew, by what the ledger counts today, and says what differs.
func recount(ctx context.Context, l *ledger.Ledger, facts review.Facts) ([]Change, error) {
	zone, err := time.LoadLocation(facts.Zone)
	if err != nil {
		return nil, err
	}
	from, to, err := facts.Period.Bounds(zone)
	if err != nil {
		return nil, err
	}
	spells, err := l.Spells(ctx)
	if err != nil {
		return nil, err
	}
	weeks := within(facts, from, to, zone)
	var in judge.Input
	if err := l.Read(ctx, func(r *ledger.Reading) (err error) {
		in, err = pipeline.Counted(ctx, r, spells, to, len(weeks), zone)
		return err
	}); err != nil {
		return nil, err
	}
	in.Waivers = waivers(facts)
	return compare(weeks, judge.Judge(in).Weeks), nil
}

// waivers that the report went by.
func waivers(facts review.Facts) []judge.Waiver {
	var out []judge.Waiver
	for _, w := range facts.Waivers {
		out = append(out, judge.Waiver{Name: w.Name, Clause: w.Clause, From: w.From, To: w.To, Reason: w.Reason, Signed: w.Signed})
	}
	return out
}

// within are the weeks of a report that ended in its period.
func within(facts review.Facts, from, to time.Time, zone *time.Location) []review.Week {
	var out []review.Week
	for _, w := range facts.Weeks {
		if _, end, err := w.Period.Bounds(zone); err == nil && end.After(from) && !end.After(to) {
			out = append(out, w)
		}
	}
	return out
}

// compare the weeks of a report with the same ones as they are judged today: only what is counted from leads, since reviews and signatures are
// not in the ledger.
func compare(reported []review.Week, today []judge.Week) []Change {
	var out []Change
	for _, was := range reported {
		at := slices.IndexFunc(today, func(w judge.Week) bool { return w.Period == was.Period })
		for _, row := range was.Rows {
			if row.Clause == sla.ClauseReviewsHeld || row.Clause == sla.ClauseDefinitionRefresh {
				continue
			}
			change := Change{Clause: string(row.Clause), Tier: row.Tier, Period: string(was.Period), Was: row.Actual, Is: "not counted any more"}
			if at >= 0 {
				if now, found := rowOf(today[at], row); found {
					if now.Met == row.Met && now.Total == row.Total {
						continue
					}
					change.Is = now.Actual
				}
			}
			out = append(out, change)
		}
	}
	return out
}

// rowOf a week that is of the same clause and tier.
func rowOf(week judge.Week, like review.Row) (sla.Row, bool) {
	i := slices.IndexFunc(week.Rows, func(r sla.Row) bool { return r.Clause == like.Clause && r.Tier == like.Tier })
	if i < 0 {
		return sla.Row{}, false
	}
	return week.Rows[i], true
}
