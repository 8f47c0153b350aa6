// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// writeStatus makes the whole status from what was found.
func (s *scope) writeStatus(status *slav1alpha1.SLAContractStatus) {
	generation := s.contract.Generation
	status.ObservedGeneration = generation
	status.Digest = slav1alpha1.Digest(s.standing.Digest)
	status.Terms = s.standing.ShowInForce()
	status.Pending = s.standing.Pending()
	status.InForce = s.pair.inForce()
	status.Scheduled = scheduled(s.coming)
	s.writeOutcome(status)

	condition.SetReady(&status.Conditions, generation, s.now, &s.outcome, s.success())
	if s.standing.Digest == "" {
		condition.Set(&status.Conditions, generation, s.now, slav1alpha1.RatifiedCondition, metav1.ConditionFalse,
			slav1alpha1.ReasonInvalidTerms, "what is written does not compile, so that it cannot be signed")
	} else {
		s.standing.SetRatified(&status.Conditions, generation, s.now, "slacontract", s.contract.Name)
	}
	s.warnOfHolidays(status)
	set := func(kind string, f finding) {
		condition.Set(&status.Conditions, generation, s.now, kind, f.status, f.reason, f.message)
	}
	set(slav1alpha1.WorkersAvailableCondition, workersAvailable(s.running(), s.workers, s.measurement))
	set(slav1alpha1.MeasuredCondition, measured(s.pair, s.coming, s.workers, s.measurement))
	s.writeAccepted(status)
	if !s.unread {
		set(slav1alpha1.CompliantCondition, compliant(s.judged))
	}
	s.writeEffects(status)
}

// writeAccepted shows whether what is on record counts. While it could not be read, nothing new is said about it.
func (s *scope) writeAccepted(status *slav1alpha1.SLAContractStatus) {
	if s.unread {
		return
	}
	f := accepted(&s.contract.Spec, s.problems)
	if s.judged == nil || f == nil {
		meta.RemoveStatusCondition(&status.Conditions, slav1alpha1.RecordsAcceptedCondition)
		return
	}
	condition.Set(&status.Conditions, s.contract.Generation, s.now, slav1alpha1.RecordsAcceptedCondition, f.status, f.reason, f.message)
}

// writeOutcome shows the business outcome.
func (s *scope) writeOutcome(status *slav1alpha1.SLAContractStatus) {
	status.IngestAddress, status.Leads = "", nil
	if s.measurement != nil {
		status.Leads = s.measurement.Status.Leads.DeepCopy()
	}
	if s.running() {
		status.IngestAddress = resources.IngestAddress(s.owner.Namespace, s.owner.Name)
	}
	if s.unread {
		return // the last good outcome stays
	}
	if s.judged != nil && !s.judged.back.IsZero() && len(status.Scorecard) > 0 {
		status.Scorecard = unknown(status.Scorecard, s.judged.closed)
		return
	}
	status.VolumeTarget, status.MQLs, status.FirstContact, status.Scorecard = nil, "", "", nil
	status.Escalation, status.Escalations, status.History, status.Advice = "", nil, nil, nil
	if s.judged == nil {
		return
	}
	status.Scorecard = convert.Scorecard(s.judged.Rows)
	status.MQLs, status.FirstContact = s.judged.mqls(), s.judged.firstContact()
	status.Escalations = convert.Escalations(s.judged.Escalations)
	status.Escalation = highest(status.Escalations)
	status.History, status.Advice = convert.History(s.judged.Weeks), s.judged.Advice
	if s.judged.volumeTarget > 0 {
		target := int32(s.judged.volumeTarget)
		status.VolumeTarget = &target
	}
}

// unknown are the rows of the last good scorecard: their numbers stay, and what is not closed by the time given has no verdict while the ledger's
// clock cannot be trusted. A closed period stays as it was judged.
func unknown(rows []slav1alpha1.ScorecardRow, closed func(period string) bool) []slav1alpha1.ScorecardRow {
	out := make([]slav1alpha1.ScorecardRow, 0, len(rows))
	for _, row := range rows {
		if !closed(row.Period) && row.Verdict != slav1alpha1.Verdict(sla.VerdictWaived) {
			row.Verdict, row.Indicator = slav1alpha1.Verdict(sla.VerdictUnknown), slav1alpha1.Indicator(sla.Grey)
		}
		out = append(out, row)
	}
	return out
}

func (s *scope) success() string {
	var parts []string
	if s.pair != nil {
		parts = append(parts, pairName(s.pair.bundle)+" are in force")
	}
	for _, p := range s.coming {
		parts = append(parts, fmt.Sprintf("%s come into force at %s", pairName(p.bundle), p.bundle.EffectiveFrom.UTC().Format(time.RFC3339)))
	}
	return strings.Join(parts, "; ")
}
