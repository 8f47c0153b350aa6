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
	set(slav1alpha1.CompliantCondition, compliant(s.judged))
	if f := effectsAvailable(s.contract.Spec, s.running(), s.measurement); f != nil {
		set(slav1alpha1.EffectsAvailableCondition, *f)
	} else {
		meta.RemoveStatusCondition(&status.Conditions, slav1alpha1.EffectsAvailableCondition)
	}
}

// writeOutcome shows the business outcome.
func (s *scope) writeOutcome(status *slav1alpha1.SLAContractStatus) {
	status.IngestAddress, status.VolumeTarget, status.MQLs, status.FirstContact = "", nil, "", ""
	status.Scorecard, status.Leads = nil, nil
	if s.measurement != nil {
		status.Leads = s.measurement.Status.Leads.DeepCopy()
	}
	if s.running() {
		status.IngestAddress = resources.IngestAddress(s.owner.Namespace, s.owner.Name)
	}
	if s.judged == nil {
		return
	}
	status.Scorecard = convert.Scorecard(s.judged.rows)
	status.MQLs, status.FirstContact = s.judged.mqls(), s.judged.firstContact()
	if s.judged.volumeTarget > 0 {
		target := int32(s.judged.volumeTarget)
		status.VolumeTarget = &target
	}
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
