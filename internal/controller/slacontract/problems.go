// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// problem is an entry that does not count as it is written: which, why, and what helps.
type problem struct {
	reason  string
	message string
}

// signedWithin is how long after a week's end a waiver of it may be signed.
const signedWithin = 7 * 24 * time.Hour

// recordProblems are those of the waivers, the plans and the dispute.
func recordProblems(contract *slav1alpha1.SLAContract, in *judge.Input, known []sla.Clause, zone *time.Location) []problem {
	var out []problem
	for _, w := range in.Waivers {
		if p := waiverProblem(w, in.Now, zone); p != nil {
			out = append(out, *p)
		}
	}
	out = append(out, clauseProblems(&contract.Spec, known, in.InForce)...)
	if p := disputeProblem(contract.Spec.Dispute, in.Now); p != nil {
		out = append(out, *p)
	}
	return out
}

// clauseProblems are entries about clauses that no terms of the contract have. An entry about a clause that older terms had is about their weeks.
func clauseProblems(spec *slav1alpha1.SLAContractSpec, known []sla.Clause, terms string) []problem {
	var out []problem
	check := func(field string, clause slav1alpha1.ClauseName) {
		if clause == "" || slices.Contains(known, sla.Clause(clause)) {
			return
		}
		out = append(out, problem{slav1alpha1.ReasonUnknownClause, fmt.Sprintf(
			"%s.clause: the terms %s have no clause %q, so that the entry is about nothing; write a clause that they have, or take the entry out", field, terms, clause)})
	}
	for _, w := range spec.Waivers {
		check(fmt.Sprintf("spec.waivers[%s]", w.Name), w.Clause)
	}
	for _, r := range spec.Remediations {
		check(fmt.Sprintf("spec.remediations[%s]", r.Name), r.Clause)
	}
	if spec.Dispute != nil {
		check("spec.dispute", spec.Dispute.Clause)
	}
	return out
}

// waiverProblem says why a waiver does not count, or not in all of its weeks; nil when it does. Weeks are judged after they are closed: until then
// a waiver may still be signed.
func waiverProblem(w judge.Waiver, now time.Time, zone *time.Location) *problem {
	field := fmt.Sprintf("spec.waivers[%s]", w.Name)
	weeks := weeksOf(w, zone)
	if len(weeks) == 0 {
		return nil // the CRD refuses what is no date
	}
	if w.Signed.IsZero() {
		said := fmt.Sprintf("%s.signOffs: %s, so that it does not count", field, strings.Join(w.Flaws, "; "))
		if _, ends, err := weeks[len(weeks)-1].Bounds(zone); err == nil && now.After(ends.Add(signedWithin)) {
			return &problem{slav1alpha1.ReasonWaiverNotSigned, said + "; its weeks are over for more than 7 days: it can no longer be signed, and may be taken out"}
		}
		return &problem{slav1alpha1.ReasonWaiverNotSigned, fmt.Sprintf(
			"%s; run `kubectl sla sign --waiver %s --party PARTY --by ROLE FILE` on the manifest for each party that is missing", said, w.Name)}
	}
	if w.Signed.After(now) {
		return &problem{slav1alpha1.ReasonInvalidDate, fmt.Sprintf(
			"%s.signOffs: the last is dated %s, which is in the future: it does not count until then; sign with the date of today", field, stamp(w.Signed))}
	}
	late := slices.DeleteFunc(weeks, func(week sla.Period) bool {
		_, ends, err := week.Bounds(zone)
		return err != nil || !w.Signed.After(ends.Add(signedWithin))
	})
	if len(late) == 0 {
		return nil
	}
	return &problem{slav1alpha1.ReasonWaiverTooLate, fmt.Sprintf(
		"%s: both had signed it on %s, more than 7 days after the end of %s: %s judged as if it were not there; agree on the next one within a week of the week's end",
		field, stamp(w.Signed), span(late), isAre(len(late)))}
}

func isAre(weeks int) string {
	if weeks == 1 {
		return "that week is"
	}
	return "those weeks are"
}

// span of weeks: 2027-W03, or 2027-W03 to 2027-W05.
func span(weeks []sla.Period) string {
	if len(weeks) == 1 {
		return string(weeks[0])
	}
	return fmt.Sprintf("%s to %s", weeks[0], weeks[len(weeks)-1])
}

// weeksOf are the weeks that a waiver touches, oldest first.
func weeksOf(w judge.Waiver, zone *time.Location) []sla.Period {
	from, errFrom := time.ParseInLocation(time.DateOnly, w.From, zone)
	to, errTo := time.ParseInLocation(time.DateOnly, w.To, zone)
	if errFrom != nil || errTo != nil {
		return nil
	}
	var out []sla.Period
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		if week := sla.WeekOf(day, zone); len(out) == 0 || out[len(out)-1] != week {
			out = append(out, week)
		}
	}
	return out
}

// disputeProblem names a date of the dispute that has not come; nil when both have.
func disputeProblem(d *slav1alpha1.Dispute, latest time.Time) *problem {
	switch {
	case d == nil:
		return nil
	case d.At.After(latest):
		return &problem{slav1alpha1.ReasonInvalidDate, fmt.Sprintf(
			"spec.dispute.at: %s is in the future: the dispute is none until then; write when it was raised", stamp(d.At.Time))}
	case d.Resolution != nil && d.Resolution.At.After(latest):
		return &problem{slav1alpha1.ReasonInvalidDate, fmt.Sprintf(
			"spec.dispute.resolution.at: %s is in the future: the dispute is open until then; write when it was decided", stamp(d.Resolution.At.Time))}
	case d.Resolution != nil && d.Resolution.At.Before(&d.At):
		return &problem{slav1alpha1.ReasonInvalidDate, fmt.Sprintf(
			"spec.dispute.resolution.at: %s is before spec.dispute.at, so that the dispute is open; write when it was decided", stamp(d.Resolution.At.Time))}
	}
	return nil
}

// missingRevisions are those that leads were counted under and that are gone.
func missingRevisions(counts []sla.Count, book map[string]*sla.Compiled, inForce string) []problem {
	var gone []string
	for _, n := range counts {
		if book[n.Revision] == nil && !slices.Contains(gone, n.Revision) {
			gone = append(gone, n.Revision)
		}
	}
	slices.Sort(gone)
	var out []problem
	for _, name := range gone {
		out = append(out, problem{slav1alpha1.ReasonRevisionMissing, fmt.Sprintf(
			"ControllerRevision %s is gone or cannot be read: what was counted under it is judged by %s; `kubectl sla revisions import` brings it back from an export",
			name, inForce)})
	}
	return out
}

// accepted is the condition about all that is on record; nil when there is nothing.
func accepted(spec *slav1alpha1.SLAContractSpec, problems []problem) *finding {
	if len(problems) > 0 {
		var said []string
		for _, p := range problems {
			said = append(said, p.message)
		}
		return &finding{metav1.ConditionFalse, problems[0].reason, strings.Join(said, "; ")}
	}
	var parts []string
	count := func(n int, one, many string) {
		switch n {
		case 0:
		case 1:
			parts = append(parts, "1 "+one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	count(len(spec.Waivers), "waiver", "waivers")
	count(len(spec.Remediations), "remediation", "remediations")
	if spec.Dispute != nil {
		parts = append(parts, "the dispute")
	}
	if len(parts) == 0 {
		return nil
	}
	return &finding{metav1.ConditionTrue, slav1alpha1.ReasonRecordsAccepted, strings.Join(parts, ", ") + " on record"}
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
