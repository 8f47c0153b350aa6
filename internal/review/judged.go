// SPDX-License-Identifier: Apache-2.0

package review

import (
	"time"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Judged takes over what was judged: the scorecard, the closed weeks, the escalations, the steps since an instant, the ratification, the advice and
// the notes. The judgement is the one at the end of the period.
func (f *Facts) Judged(j judge.Judgement, since time.Time) {
	f.Scorecard = RowsOf(j.Rows)
	f.Weeks = nil
	for _, w := range j.Weeks {
		week := Week{Period: w.Period, Rows: RowsOf(w.Rows)}
		for i := range week.Rows {
			week.Rows[i].EnforcedBy = "" // the scorecard says it once
		}
		f.Weeks = append(f.Weeks, week)
	}
	f.Escalations = nil
	for _, e := range j.Escalations {
		f.Escalations = append(f.Escalations, Escalation{
			Clause: string(e.Clause), Level: int64(e.Level), Since: e.Since, LevelSince: e.LevelSince, Owners: e.Owners, Reason: e.Reason,
			Due: e.Due, Clears: e.Clears,
		})
	}
	f.Steps = nil
	for _, s := range j.Steps {
		if !s.At.Before(since) {
			f.Steps = append(f.Steps, Step{Clause: string(s.Clause), Level: int64(s.Level), At: s.At, Reason: s.Reason})
		}
	}
	r := j.Ratification
	f.Ratification = Ratification{Currency: string(r.Currency), Signed: r.Signed, Quarter: r.Quarter, Due: r.Due}
	f.Advice, f.Notes = j.Advice, j.Notes
}

// RowsOf are judged rows as a report holds them, in their order.
func RowsOf(rows []sla.Row) []Row {
	var all []Row
	for _, r := range rows {
		row := Row{
			Clause: r.Clause, Tier: r.Tier, Party: r.Party, Period: r.Period, Indicator: r.Indicator, Verdict: r.Verdict,
			Met: r.Met, Total: r.Total, Open: r.Open, AtRisk: r.AtRisk, Actual: r.Actual, Target: r.Target, EnforcedBy: r.EnforcedBy,
			Enforcement: r.Enforcement, Review: r.Review, Severe: r.Severe, MissedWeeks: int64(r.MissedWeeks), Waiver: r.Waiver, Contacted: r.Contacted,
		}
		if t := r.Times; t.Leads > 0 {
			row.Times = &Times{
				Leads: t.Leads, Within5m: t.Within5m, Within15m: t.Within15m,
				MedianSeconds: int64(t.Median / time.Second), P90Seconds: int64(t.P90 / time.Second),
			}
		}
		all = append(all, row)
	}
	return all
}

// PlansOf are remediations as a report holds them: those open, and those done on or after a date, YYYY-MM-DD.
func PlansOf(plans []judge.Remediation, since string) []Plan {
	var all []Plan
	for _, p := range plans {
		if p.Done == "" || p.Done >= since {
			all = append(all, Plan{Name: p.Name, Clause: p.Clause, Cause: p.Cause, Owner: p.Owner, Plan: p.Plan, Due: p.Due, Done: p.Done})
		}
	}
	return all
}

// WaiversOf are waivers as a report holds them: those that touch the days from the first to the last, YYYY-MM-DD.
func WaiversOf(waivers []judge.Waiver, first, last string) []Waiver {
	var all []Waiver
	for _, w := range waivers {
		if w.To >= first && w.From <= last {
			all = append(all, Waiver{Name: w.Name, Clause: w.Clause, From: w.From, To: w.To, Reason: w.Reason, Signed: w.Signed})
		}
	}
	return all
}
