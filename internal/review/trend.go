// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Trend is how a clause (and tier) went over the closed weeks.
type Trend struct {
	Clause    sla.Clause `json:"clause"`
	Tier      string     `json:"tier,omitempty"`
	Points    []Point    `json:"points"`    // oldest first
	Now       Rate       `json:"now"`       // all leads of the weeks in the period
	Before    Rate       `json:"before"`    // all leads of as many weeks before them
	Direction string     `json:"direction"` // Better, Worse, Same, or Unknown with too few leads
	Missed    int64      `json:"missedWeeks"`
	Judged    int64      `json:"judgedWeeks"` // of the weeks in the period, those that were met or missed
}

// Point is a clause in a week.
type Point struct {
	Period    sla.Period    `json:"period"`
	Within    bool          `json:"withinPeriod"`
	Share     Rate          `json:"share"`
	Verdict   sla.Verdict   `json:"verdict"`
	Indicator sla.Indicator `json:"indicator"`
	Target    string        `json:"target"`
}

// points of the percentage by which a share has to change to be called better or worse.
const noticeable = 5

// trends of every clause and tier that the weeks know, in the order of the clauses.
func (f *Facts) trends() []Trend {
	all := []Trend{}
	weeks := f.weeksWithin()
	for _, w := range f.Weeks {
		for _, row := range w.Rows {
			i := slices.IndexFunc(all, func(t Trend) bool { return t.Clause == row.Clause && t.Tier == row.Tier })
			if i < 0 {
				all = append(all, Trend{Clause: row.Clause, Tier: row.Tier})
				i = len(all) - 1
			}
			all[i].Points = append(all[i].Points, Point{
				Period: w.Period, Within: slices.Contains(weeks, w.Period), Share: rateOf(row.Met, row.Total), Verdict: row.Verdict,
				Indicator: row.Indicator, Target: row.Target,
			})
		}
	}
	slices.SortStableFunc(all, func(a, b Trend) int { return cmp.Compare(order(a.Clause), order(b.Clause)) })
	for i := range all {
		all[i].sum(len(weeks), f.MinimumSample)
	}
	return all
}

// order of the clauses in tables.
func order(c sla.Clause) int {
	return slices.Index([]sla.Clause{
		sla.ClauseVolume, sla.ClauseCompleteness, sla.ClauseScore, sla.ClauseDelivery, sla.ClauseAcceptance, sla.ClauseFirstContact, sla.ClauseFollowUp,
		sla.ClauseDisposition, sla.ClauseRejection, sla.ClauseFeedback, sla.ClauseReviewsHeld, sla.ClauseDefinitionRefresh,
	}, c)
}

// weeksWithin are the closed weeks whose last day lies in the period.
func (f *Facts) weeksWithin() []sla.Period {
	zone, from, to, err := f.bounds()
	if err != nil {
		return nil
	}
	var within []sla.Period
	for _, w := range f.Weeks {
		_, end, err := w.Period.Bounds(zone)
		if err == nil && end.After(from) && !end.After(to) {
			within = append(within, w.Period)
		}
	}
	return within
}

// sum compares the weeks of the period with as many before.
func (t *Trend) sum(weeks int, least int64) {
	// A week whose volume was asked in two months has two points; leads of volume are those of the month so far, and not summed.
	var now, before [2]int64
	earlier := []Point{}
	for _, p := range t.Points {
		if !p.Within {
			earlier = append(earlier, p)
			continue
		}
		now[0], now[1] = now[0]+p.Share.Count, now[1]+p.Share.Of
		switch p.Verdict {
		case sla.VerdictMissed:
			t.Missed++
			t.Judged++
		case sla.VerdictMet:
			t.Judged++
		default:
		}
	}
	for _, p := range earlier[max(0, len(earlier)-weeks):] {
		before[0], before[1] = before[0]+p.Share.Count, before[1]+p.Share.Of
	}
	t.Direction = "Unknown"
	if t.Clause == sla.ClauseVolume {
		return
	}
	t.Now, t.Before = rateOf(now[0], now[1]), rateOf(before[0], before[1])
	if t.Now.Of < max(1, least) || t.Before.Of < max(1, least) {
		return
	}
	switch change := t.Now.at() - t.Before.at(); {
	case change >= noticeable:
		t.Direction = "Better"
	case change <= -noticeable:
		t.Direction = "Worse"
	default:
		t.Direction = "Same"
	}
}

// direction in words.
func (t *Trend) direction() string {
	switch t.Direction {
	case "Better", "Worse":
		return fmt.Sprintf("%s: %s, %s before", t.Direction, t.Now.short(), t.Before.short())
	case "Same":
		return fmt.Sprintf("About the same: %s, %s before", t.Now.short(), t.Before.short())
	default:
		return "Too little to compare"
	}
}
