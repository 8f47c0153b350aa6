// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// mostWeeks is how many closed weeks the status shows.
const mostWeeks = 26

// escalations as the status shows them.
func escalations(open []judge.Escalation) []slav1alpha1.EscalationStatus {
	var out []slav1alpha1.EscalationStatus
	for _, e := range open {
		shown := slav1alpha1.EscalationStatus{
			Clause: string(e.Clause), Level: int32(e.Level), Since: metav1.NewTime(e.Since), LevelSince: metav1.NewTime(e.LevelSince), //nolint:gosec // 1 to 3
			Owners: e.Owners, Reason: e.Reason, Clears: e.Clears, Remediations: e.Remediations,
		}
		if !e.Due.IsZero() {
			shown.Due = &metav1.Time{Time: e.Due}
		}
		out = append(out, shown)
	}
	return out
}

// history of the newest closed weeks, the newest first.
func history(weeks []judge.Week) []slav1alpha1.ClosedWeek {
	var out []slav1alpha1.ClosedWeek
	for _, week := range slices.Backward(weeks) {
		if len(out) == mostWeeks {
			break
		}
		shown := slav1alpha1.ClosedWeek{Period: string(week.Period)}
		for _, clause := range sla.Clauses {
			if row, judged := week.Verdict(clause); judged {
				show(&shown, slav1alpha1.ClauseName(clause), row)
			}
		}
		out = append(out, shown)
	}
	return out
}

func show(week *slav1alpha1.ClosedWeek, clause slav1alpha1.ClauseName, row sla.Row) {
	switch row.Verdict {
	case sla.VerdictMet:
		week.Met = append(week.Met, clause)
	case sla.VerdictAtRisk:
		week.AtRisk = append(week.AtRisk, clause)
	case sla.VerdictMissed:
		week.Missed = append(week.Missed, clause)
		if row.Severe {
			week.Severe = append(week.Severe, clause)
		}
	case sla.VerdictWaived:
		week.Waived = append(week.Waived, clause)
	case sla.VerdictInsufficientData, sla.VerdictUnknown:
		week.Insufficient = append(week.Insufficient, clause)
	}
}

// disputeOf the contract; nil when there is none.
func disputeOf(d *slav1alpha1.Dispute) *judge.Dispute {
	if d == nil {
		return nil
	}
	out := &judge.Dispute{RaisedBy: sla.Party(d.RaisedBy), At: d.At.Time, Clause: sla.Clause(d.Clause), Reason: d.Reason}
	if r := d.Resolution; r != nil {
		out.Resolved, out.ResolvedBy, out.Decision = r.At.Time, r.By, r.Decision
	}
	return out
}

func remediationsOf(all []slav1alpha1.Remediation) []judge.Remediation {
	out := make([]judge.Remediation, 0, len(all))
	for _, r := range all {
		out = append(out, judge.Remediation{
			Name: string(r.Name), Clause: sla.Clause(r.Clause), Cause: string(r.Cause), Owner: r.Owner, Plan: r.Plan, Due: string(r.Due), Done: string(r.Done),
		})
	}
	return out
}

func waiverOf(w *slav1alpha1.Waiver) judge.Waiver {
	return judge.Waiver{Name: string(w.Name), Clause: sla.Clause(w.Clause), From: string(w.From), To: string(w.To), Reason: w.Reason}
}

// reviewsOf a cadence that were due since the go-live, and the next of each. One whose schedule cannot be kept is none: the cadence says so.
func reviewsOf(spec *slav1alpha1.ReviewCadenceSpec, golive, now time.Time, zone *time.Location) []judge.Review {
	var out []judge.Review
	for _, review := range spec.Reviews {
		schedule, err := judge.ParseSchedule(review.Schedule, now)
		if err != nil {
			continue
		}
		m := judge.Meeting{Name: review.Name, Type: string(review.Type), Schedule: schedule}
		if review.HeldWithin != "" {
			if m.HeldWithin, err = sla.ParseWindow(string(review.HeldWithin)); err != nil {
				continue // the CRD's pattern refuses what is no length of time
			}
		}
		for _, record := range spec.Records {
			held, _, err := sla.Day(string(record.Held), zone)
			if record.Review != review.Name || err != nil {
				continue
			}
			one := judge.Record{Period: sla.Period(record.Period), Held: held}
			for _, party := range record.By {
				one.By = append(one.By, sla.Party(party))
			}
			m.Records = append(m.Records, one)
		}
		out = append(out, judge.DueReviews(m, golive, now, zone)...)
	}
	return out
}
