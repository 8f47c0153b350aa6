// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// compliant is the business outcome.
func compliant(j *judgement) finding {
	switch {
	case j == nil || !j.counted:
		return finding{metav1.ConditionUnknown, slav1alpha1.ReasonNotMeasured, "nothing has been counted yet"}
	case !j.back.IsZero():
		return finding{metav1.ConditionUnknown, slav1alpha1.ReasonClockWentBack, fmt.Sprintf(
			"the ledger's clock went back, so that what is open is not judged until it has caught up; the scorecard is that of %s, and closed weeks stay as they were judged",
			stamp(j.back))}
	}
	n := tallied(j.Rows)
	switch {
	case len(n.missed) > 0:
		return finding{metav1.ConditionFalse, slav1alpha1.ReasonMissed, "fell short: " + strings.Join(n.missed, "; ") + escalated(j.Escalations)}
	case len(j.Rows) == 0:
		return finding{metav1.ConditionUnknown, slav1alpha1.ReasonInsufficientData, "the terms in force have no clause"}
	case n.thin+n.waived == len(j.Rows):
		return finding{
			metav1.ConditionUnknown, slav1alpha1.ReasonInsufficientData,
			"no clause has enough leads yet to be judged" + alsoWaived(n.waived) + escalated(j.Escalations),
		}
	}
	found := finding{metav1.ConditionTrue, slav1alpha1.ReasonAllMet, fmt.Sprintf("%d of %d clauses met", n.met, len(j.Rows))}
	if len(n.behind) > 0 {
		found.reason = slav1alpha1.ReasonAtRisk
		found.message += "; behind its pace: " + strings.Join(n.behind, "; ")
	}
	if n.thin > 0 {
		found.message += fmt.Sprintf("; %d without enough leads to be judged", n.thin)
	}
	found.message += alsoWaived(n.waived) + escalated(j.Escalations)
	if n.met == 0 {
		found.status = metav1.ConditionUnknown // nothing is missed, but nothing is kept either
	}
	return found
}

// tally of the verdicts on the scorecard; of those that fall short, the numbers.
type tally struct {
	missed, behind    []string
	met, waived, thin int
}

func tallied(rows []sla.Row) tally {
	var n tally
	for _, row := range rows {
		switch row.Verdict {
		case sla.VerdictMissed:
			n.missed = append(n.missed, numbers(row))
		case sla.VerdictAtRisk:
			n.behind = append(n.behind, numbers(row))
		case sla.VerdictMet:
			n.met++
		case sla.VerdictWaived:
			n.waived++
		case sla.VerdictInsufficientData, sla.VerdictUnknown:
			n.thin++
		}
	}
	return n
}

func alsoWaived(rows int) string {
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf("; %d waived", rows)
}

// escalated names what is open in few words; empty when nothing is.
func escalated(open []judge.Escalation) string {
	if len(open) == 0 {
		return ""
	}
	var parts []string
	for _, e := range open {
		parts = append(parts, fmt.Sprintf("%s at level %d", e.Clause, e.Level))
	}
	return "; escalated: " + strings.Join(parts, ", ")
}

// highest level that is open, and of which clause, for the print column; empty when none is.
func highest(open []slav1alpha1.EscalationStatus) string {
	if len(open) == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", open[0].Level, open[0].Clause)
}

// numbers of a row in words: firstContact High 81% (97 of 120), target 90%, 2027-W03.
func numbers(row sla.Row) string {
	return fmt.Sprintf("%s %s, target %s, %s", clauseName(string(row.Clause), row.Tier), row.Actual, row.Target, row.Period)
}

func clauseName(clause, tier string) string {
	if tier == "" {
		return clause
	}
	return clause + " " + tier
}

// mqls of the month against the target, such as 118/133; empty without a volume clause.
func (j *judgement) mqls() string {
	for _, row := range j.Rows {
		if row.Clause == sla.ClauseVolume {
			return fmt.Sprintf("%d/%d", row.Met, row.Total)
		}
	}
	return ""
}

// firstContact is the share of the worst tier that can be judged, as its row shows it.
func (j *judgement) firstContact() string {
	var worst *sla.Row
	for i := range j.Rows {
		row := &j.Rows[i]
		if row.Clause != sla.ClauseFirstContact || row.Verdict == sla.VerdictInsufficientData || row.Total == 0 {
			continue
		}
		if worst == nil || row.Met*worst.Total < worst.Met*row.Total {
			worst = row
		}
	}
	if worst == nil {
		return ""
	}
	share, _, _ := strings.Cut(worst.Actual, " ")
	return share
}
