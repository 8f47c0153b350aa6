// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

var (
	reviewsSlot = slot{clause: sla.ClauseReviewsHeld}
	refreshSlot = slot{clause: sla.ClauseDefinitionRefresh}
)

// governance judges what both owe the agreement itself, in a closed week.
func (j *judging) governance(w span) []sla.Row {
	var rows []sla.Row
	owed := j.termsAt(w.to.Add(-time.Nanosecond)).Terms().Governance
	if owed.ReviewsHeld != "" {
		if row, ok := j.reviewsHeld(w, w.to); ok {
			rows = append(rows, row)
		}
	}
	if owed.DefinitionRefresh != "" {
		if row, ok := j.refreshed(w); ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// reviewsHeld judges the reviews whose date is in a week and has passed by the given time; false when there is none.
func (j *judging) reviewsHeld(w span, by time.Time) (sla.Row, bool) {
	row := newRow(j.terms, reviewsSlot, w.period)
	late := ""
	for _, r := range j.Reviews {
		last := j.dayOf(r.Due)
		if r.Due.Before(w.from) || !r.Due.Before(w.to) || last.to.After(by) {
			continue
		}
		row.Total++
		if !r.Held.IsZero() && r.Held.Before(last.to) {
			row.Met++
			continue
		}
		late += fmt.Sprintf(", %s of %s not", r.Name, r.Period)
	}
	row.Target = "each review by its date"
	row.Actual = fmt.Sprintf("%d of %d held in time", row.Met, row.Total)
	if row.Total == 1 && late != "" {
		row.Actual = "not held in time:" + late[1:len(late)-len(" not")]
	} else if text := row.Actual + late; len(text) <= 128 {
		row.Actual = text
	}
	if row.Total == 0 {
		return row, false
	}
	grade(&row, row.Met == row.Total, false, sla.VerdictMissed)
	return row, true
}

// dayOf a time.
func (j *judging) dayOf(t time.Time) span {
	from, to, _ := sla.Day(t.In(j.zone).Format(time.DateOnly), j.zone)
	return span{from: from, to: to}
}

// refreshed judges the signing of both texts: in the week in which a quarter ends, and, after a quarter in which they were not both signed,
// in the week in which they were.
func (j *judging) refreshed(w span) (sla.Row, bool) {
	if j.goLive.IsZero() || !j.goLive.Before(w.to) {
		return sla.Row{}, false
	}
	if row, ok := j.signedLate(w); ok {
		return row, true
	}
	quarter := sla.QuarterOf(w.from, j.zone)
	_, ends, err := quarter.Bounds(j.zone)
	if err != nil || ends.After(w.to) || j.goLive.After(ends.Add(-time.Nanosecond)) {
		return sla.Row{}, false
	}
	row := newRow(j.terms, refreshSlot, quarter)
	row.Total, row.Target = 1, "definition and terms signed in the quarter"
	signed, ok := j.signed(quarter)
	if ok {
		row.Met, row.Actual = 1, "signed on "+signed.In(j.zone).Format("2 January 2006")
	} else {
		row.Actual = "not both signed in " + string(quarter)
	}
	grade(&row, ok, false, sla.VerdictMissed)
	return row, true
}

// signedLate is the row of a week in which both texts were signed at last, after a quarter without.
func (j *judging) signedLate(w span) (sla.Row, bool) {
	at := w.to.Add(-time.Nanosecond)
	quarter := sla.QuarterOf(at, j.zone)
	before := quarter.Before()
	signed, ok := j.signed(quarter)
	_, began, err := before.Bounds(j.zone)
	if !ok || err != nil || signed.Before(w.from) || !signed.Before(w.to) || !j.goLive.Before(began) {
		return sla.Row{}, false
	}
	if _, kept := j.signed(before); kept {
		return sla.Row{}, false
	}
	row := newRow(j.terms, refreshSlot, quarter)
	row.Met, row.Total, row.Target = 1, 1, "definition and terms signed in the quarter"
	row.Actual = fmt.Sprintf("signed on %s, after %s went by without", signed.In(j.zone).Format("2 January 2006"), before)
	grade(&row, true, true, sla.VerdictMissed)
	return row, true
}

// signed is when both texts were first signed in a quarter. The quarter of the go-live counts as one in which they were: those texts came into
// force in it.
func (j *judging) signed(quarter sla.Period) (time.Time, bool) {
	from, to, err := quarter.Bounds(j.zone)
	if err != nil {
		return time.Time{}, false
	}
	terms, definition := firstIn(j.Terms, from, to, j.Now), firstIn(j.Definition, from, to, j.Now)
	switch {
	case !terms.IsZero() && !definition.IsZero():
		return later(terms, definition), true
	case !j.goLive.IsZero() && !j.goLive.Before(from) && j.goLive.Before(to):
		return j.signedBefore(), true
	default:
		return time.Time{}, false
	}
}

// signedBefore is when the texts of the go-live were both signed, as far as that is known.
func (j *judging) signedBefore() time.Time {
	var last time.Time
	for _, times := range [][]time.Time{j.Terms, j.Definition} {
		for _, t := range times {
			if !t.After(j.goLive) {
				last = later(last, t)
			}
		}
	}
	if last.IsZero() {
		return j.goLive
	}
	return last
}

// firstIn is the first of the times in a span, up to now; zero when there is none.
func firstIn(times []time.Time, from, to, now time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.Before(from) && t.Before(to) && !t.After(now) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// ratification says whether both texts were signed again in time. A lapse stays until they are.
func (j *judging) ratification() Ratification {
	if j.goLive.IsZero() {
		return Ratification{}
	}
	now := sla.QuarterOf(j.Now, j.zone)
	last := sla.QuarterOf(j.goLive, j.zone)
	for q := last; q != "" && q <= now; q = q.Next() {
		if _, ok := j.signed(q); ok {
			last = q
		}
	}
	out := Ratification{Currency: Current, Quarter: string(last.Next())}
	out.Signed, _ = j.signed(last)
	if last >= now {
		return out
	}
	if last.Next() < now {
		out.Currency, out.Quarter = Lapsed, string(now)
		_, out.Due, _ = last.Next().Bounds(j.zone)
		return out
	}
	out.Currency, out.Due = Due, j.strategicDue(now)
	if !j.Now.Before(out.Due) {
		out.Currency = Overdue
	}
	return out
}

// strategicDue is the end of the day by which the review of a quarter before is held in the given one; the end of the quarter when there is none.
func (j *judging) strategicDue(quarter sla.Period) time.Time {
	from, due, _ := quarter.Bounds(j.zone)
	for _, r := range j.Reviews {
		last := j.dayOf(r.Due).to
		if r.Period.Quarter() && !r.Due.Before(from) && last.Before(due) {
			due = last
		}
	}
	return due
}

// advice that follows from more than one week.
func (j *judging) advice(steps []Step) []string {
	now := sla.QuarterOf(j.Now, j.zone)
	for _, quarter := range []sla.Period{now, now.Before()} {
		var clauses []string
		var last time.Time
		for _, s := range steps {
			if s.Level == 3 && sla.QuarterOf(s.At.Add(-time.Nanosecond), j.zone) == quarter {
				clauses = append(clauses, fmt.Sprintf("%s on %s", s.Clause, s.At.In(j.zone).Format("2 January")))
				last = s.At
			}
		}
		renewed := slices.ContainsFunc(j.Terms, func(t time.Time) bool { return t.After(last) && !t.After(j.Now) })
		if len(clauses) >= 2 && !renewed {
			return []string{fmt.Sprintf("%s escalations reached the executive in %s (%s): renegotiate the terms. "+
				"Was the target realistic, or was the engine underfunded?", number(len(clauses)), quarter, list(clauses))}
		}
	}
	return nil
}
