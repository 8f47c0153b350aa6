// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

// judgement of what the workers counted, by the terms of the pair in force.
type judgement struct {
	counted      bool // whether any count has arrived
	rows         []sla.Row
	volumeTarget int
}

// finding is one condition's worth of a verdict.
type finding struct {
	status  metav1.ConditionStatus
	reason  string
	message string
}

// judge compares the counts with the terms.
func (s *scope) judge(context.Context) error {
	if s.pair == nil {
		return nil
	}
	compiled, err := sla.Compile(s.pair.bundle.SLA)
	if err != nil {
		return outcome.Stalled(slav1alpha1.ReasonInvalidTerms, "the terms in force, %s: %v; sign new terms", s.pair.bundle.Terms.Name, err)
	}
	s.judged = &judgement{volumeTarget: compiled.VolumeTarget()}
	var counts []sla.Count
	at := s.now
	if s.measurement != nil && s.measurement.Status.AsOf != nil {
		s.judged.counted = true
		counts = convert.Counts(s.measurement.Status.Rows)
		at = withinOpenWeek(s.now, sla.Period(s.measurement.Status.ClosedThrough), compiled.Hours().Location())
	}
	s.judged.rows = sla.Scorecard(compiled, counts, at)
	return nil
}

// withinOpenWeek moves now into the week that follows the last one that is closed. Weeks are closed by the ledger's clock: a manager whose own is
// ahead or behind must neither close one nor open one again. What is no week moves nothing.
func withinOpenWeek(now time.Time, closedThrough sla.Period, zone *time.Location) time.Time {
	_, opened, err := closedThrough.Bounds(zone)
	if err != nil || !closedThrough.Week() {
		return now
	}
	if now.Before(opened) {
		return opened
	}
	_, closes, err := sla.WeekOf(opened, zone).Bounds(zone)
	if err != nil || now.Before(closes) {
		return now
	}
	return closes.Add(-time.Nanosecond)
}

// compliant is the business outcome.
func compliant(j *judgement) finding {
	if j == nil || !j.counted {
		return finding{metav1.ConditionUnknown, slav1alpha1.ReasonNotMeasured, "nothing has been counted yet"}
	}
	var missed, behind []string
	met := 0
	for _, row := range j.rows {
		switch row.Verdict {
		case sla.VerdictMissed:
			missed = append(missed, numbers(row))
		case sla.VerdictAtRisk:
			behind = append(behind, numbers(row))
		case sla.VerdictMet:
			met++
		case sla.VerdictInsufficientData:
		}
	}
	thin := len(j.rows) - met - len(behind) - len(missed)
	switch {
	case len(missed) > 0:
		return finding{metav1.ConditionFalse, slav1alpha1.ReasonMissed, "missed: " + strings.Join(missed, "; ")}
	case len(j.rows) == 0:
		return finding{metav1.ConditionUnknown, slav1alpha1.ReasonInsufficientData, "the terms in force have no clause"}
	case thin == len(j.rows):
		return finding{metav1.ConditionUnknown, slav1alpha1.ReasonInsufficientData, "no clause has enough leads yet to be judged"}
	}
	found := finding{metav1.ConditionTrue, slav1alpha1.ReasonAllMet, fmt.Sprintf("%d of %d clauses met", met, len(j.rows))}
	if len(behind) > 0 {
		found.reason = slav1alpha1.ReasonAtRisk
		found.message += "; behind its pace: " + strings.Join(behind, "; ")
	}
	if thin > 0 {
		found.message += fmt.Sprintf("; %d without enough leads to be judged", thin)
	}
	if met == 0 {
		found.status = metav1.ConditionUnknown // nothing is missed, but nothing is kept either
	}
	return found
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
	for _, row := range j.rows {
		if row.Clause == sla.ClauseVolume {
			return fmt.Sprintf("%d/%d", row.Met, j.volumeTarget)
		}
	}
	return ""
}

// firstContact is the share of the worst tier that can be judged, as its row shows it.
func (j *judgement) firstContact() string {
	var worst *sla.Row
	for i := range j.rows {
		row := &j.rows[i]
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
