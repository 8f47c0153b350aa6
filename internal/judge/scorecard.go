// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// scorecard has a row for each clause and tier that the terms in force name, worst first. A clause of leads is judged in the open week once it
// has the minimum sample, else in the newest closed week that has, else it has InsufficientData for the open week. Volume is
// judged in the current month, by its pace.
func (j *judging) scorecard(weeks []Week, r Ratification) []sla.Row {
	var rows []sla.Row
	open := map[slot][]sla.Count{}
	for _, d := range j.terms.Demands() {
		if d.Clause == sla.ClauseVolume {
			rows = append(rows, j.openVolume())
			continue
		}
		s := slot{d.Clause, d.Tier}
		open[s] = j.counts[place{s, j.open.period}]
		rows = append(rows, j.openShare(s, weeks))
	}
	for i := range rows {
		if rows[i].Period == j.open.period { // closed weeks are marked already
			j.markSevere(rows[i:i+1], open)
		}
	}
	rows = append(rows, j.openGovernance(weeks, r)...)
	for i := range rows {
		j.stand(&rows[i], weeks)
	}
	return sla.WorstFirst(rows)
}

// stand adds what the closed weeks and the waivers say about a row.
func (j *judging) stand(row *sla.Row, weeks []Week) {
	row.MissedWeeks = missedWeeks(weeks, slot{row.Clause, row.Tier})
	w := j.open
	if row.Period.Week() {
		w = j.spanOf(row.Period)
	}
	if name := j.waiver(row.Clause, w); name != "" {
		waive(row, name)
		return
	}
	if j.back && row.Verdict != sla.VerdictInsufficientData && !w.from.Before(j.open.from) {
		row.Verdict, row.Indicator, row.Severe = sla.VerdictUnknown, sla.Grey, false
	}
}

// missedWeeks is how often in a row a row was missed, up to the last closed week.
func missedWeeks(weeks []Week, s slot) int {
	for _, week := range slices.Backward(weeks) {
		for _, row := range week.Rows {
			if (slot{row.Clause, row.Tier}) == s {
				return row.MissedWeeks
			}
		}
	}
	return 0
}

// openShare is the row of the newest week that has the minimum sample, or was judged as the last of four, else of the open one. A waiver for the open
// week shows there.
func (j *judging) openShare(s slot, weeks []Week) sla.Row {
	open := j.share(s, j.open, j.counts[place{s, j.open.period}])
	if open.Verdict != sla.VerdictInsufficientData || j.waiver(s.clause, j.open) != "" {
		return open
	}
	for _, week := range slices.Backward(weeks) {
		for _, row := range week.Rows {
			if (slot{row.Clause, row.Tier}) == s && j.sampled(row) {
				return row
			}
		}
	}
	return open
}

// sampled says whether the row of a closed week had leads enough.
func (j *judging) sampled(row sla.Row) bool {
	if row.Verdict == sla.VerdictWaived {
		s := slot{row.Clause, row.Tier}
		row = j.share(s, j.spanOf(row.Period), j.counts[place{s, row.Period}])
	}
	return row.Verdict != sla.VerdictInsufficientData
}

// openVolume is the pace of the current month, by its newest count.
func (j *judging) openVolume() sla.Row {
	month := sla.MonthOf(j.Now, j.zone)
	p := sla.Pace{Month: month, Revision: j.inForceAt(j.Now)}
	for _, n := range j.Counts {
		if n.Clause == sla.ClauseVolume && n.Period == month {
			p.MQLs += n.Met
		}
	}
	for _, q := range j.Paces {
		if q.Month == month && q.Week <= j.open.period && q.Week > p.Week {
			p = q
		}
	}
	if row, ok := j.volumeRow(p, j.Now); ok {
		return row
	}
	// The month began under terms that ask for no volume: it is judged from the next one on.
	row := newRow(j.terms, volumeSlot, month)
	row.Met, row.Total = p.MQLs, int64(j.terms.VolumeTarget())
	row.Actual = fmt.Sprintf("%d MQLs, judged from %s on", row.Met, month.Next().Label())
	row.Target = fmt.Sprintf("%d MQLs a month", row.Total)
	return row
}

// openGovernance is what both owe the agreement itself, as it stands now.
func (j *judging) openGovernance(weeks []Week, r Ratification) []sla.Row {
	var rows []sla.Row
	owed := j.terms.Terms().Governance
	if owed.ReviewsHeld != "" {
		rows = append(rows, j.openReviews(weeks))
	}
	if owed.DefinitionRefresh != "" {
		rows = append(rows, j.openRefresh(r))
	}
	return rows
}

// openReviews are those of the open week whose day is over, else those of the newest week that had any.
func (j *judging) openReviews(weeks []Week) sla.Row {
	row, ok := j.reviewsHeld(j.open, j.Now)
	if ok {
		return row
	}
	for _, week := range slices.Backward(weeks) {
		if past, ok := week.Verdict(sla.ClauseReviewsHeld); ok {
			return past
		}
	}
	row.Actual = "no review was due yet"
	if len(j.Reviews) == 0 && !j.goLive.IsZero() { // one ahead is known of whatever has a schedule
		row.Actual = "no ReviewCadence says when a review is due"
	}
	return row
}

// openRefresh is the row of the signing: due is grey, overdue is yellow, and lapsed is missed.
func (j *judging) openRefresh(r Ratification) sla.Row {
	quarter := sla.QuarterOf(j.Now, j.zone)
	row := newRow(j.terms, refreshSlot, quarter)
	row.Total, row.Target = 1, "definition and terms signed in the quarter"
	date := func(t time.Time) string { return t.In(j.zone).Format("2 January 2006") }
	switch r.Currency {
	case Current:
		row.Met, row.Actual = 1, "signed on "+date(r.Signed)
		grade(&row, true, true, sla.VerdictMet)
	case Due:
		row.Actual = "to be signed by both by " + date(r.Due.Add(-time.Nanosecond))
	case Overdue:
		row.Actual = "was to be signed by both by " + date(r.Due.Add(-time.Nanosecond))
		grade(&row, false, true, sla.VerdictAtRisk)
	case Lapsed:
		row.Actual = "not both signed since " + date(r.Signed)
		grade(&row, false, false, sla.VerdictMissed)
	default:
		row.Actual = "not ratified yet"
	}
	return row
}
