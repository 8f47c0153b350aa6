// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
)

// effectsAvailable says whether those who are to be told of leads can be, in the words of the routing worker, which has the Secrets; nil for a contract
// that tells nobody.
func effectsAvailable(spec slav1alpha1.SLAContractSpec, running bool, m *slav1alpha1.SLAMeasurement) *finding {
	if !running || spec.Notify == nil && (spec.CRM == nil || spec.CRM.Events == nil) {
		return nil
	}
	if c := reported(m, slav1alpha1.EffectsAvailableCondition); c != nil {
		switch c.Status {
		case metav1.ConditionTrue:
			return &finding{metav1.ConditionTrue, slav1alpha1.ReasonEffectsAvailable, c.Message}
		case metav1.ConditionFalse:
			return &finding{metav1.ConditionFalse, slav1alpha1.ReasonSecretNotFound, c.Message}
		case metav1.ConditionUnknown:
		}
	}
	return &finding{metav1.ConditionUnknown, slav1alpha1.ReasonWaiting, "the routing worker has not looked yet whether the Secrets of notify and crm are there"}
}

// crmReasons are those for which the routing worker leaves the CRM alone.
var crmReasons = []string{
	slav1alpha1.ReasonSecretNotFound, slav1alpha1.ReasonCredentialRefused, slav1alpha1.ReasonAccountChanged, slav1alpha1.ReasonPermissionMissing,
	slav1alpha1.ReasonFieldMissing, slav1alpha1.ReasonFieldMistyped, slav1alpha1.ReasonFieldReadOnly, slav1alpha1.ReasonFieldShared, slav1alpha1.ReasonOptionMissing,
	slav1alpha1.ReasonMappingAmbiguous, slav1alpha1.ReasonOwnerUnknown, slav1alpha1.ReasonUnreachable, slav1alpha1.ReasonLimitReached,
}

// crmAvailable says whether the CRM that the leads live in can be read and written, in the words of the routing worker, which has the key to it; nil for
// a contract whose leads live nowhere else.
func crmAvailable(spec slav1alpha1.SLAContractSpec, running bool, m *slav1alpha1.SLAMeasurement) *finding {
	if !running || !livesInCRM(spec.CRM) {
		return nil
	}
	c := reported(m, slav1alpha1.CRMAvailableCondition)
	switch {
	case c == nil || c.Status == metav1.ConditionUnknown:
		return &finding{metav1.ConditionUnknown, slav1alpha1.ReasonWaiting, "the routing worker has not asked the CRM yet"}
	case c.Status == metav1.ConditionTrue && c.Reason == slav1alpha1.ReasonSetBackStopped:
		return &finding{metav1.ConditionTrue, slav1alpha1.ReasonSetBackStopped, c.Message}
	case c.Status == metav1.ConditionTrue:
		return &finding{metav1.ConditionTrue, slav1alpha1.ReasonCRMAvailable, c.Message}
	case slices.Contains(crmReasons, c.Reason):
		return &finding{metav1.ConditionFalse, c.Reason, c.Message}
	}
	return &finding{metav1.ConditionFalse, slav1alpha1.ReasonUnreachable, c.Message} // the workers write the measurement: only reasons that are known pass
}

func livesInCRM(c *slav1alpha1.CRM) bool {
	return c != nil && (c.HubSpot != nil || c.Salesforce != nil)
}

// reported is a condition of the workers; nil when they did not say.
func reported(m *slav1alpha1.SLAMeasurement, kind string) *metav1.Condition {
	if m == nil {
		return nil
	}
	return meta.FindStatusCondition(m.Status.Conditions, kind)
}

// writeEffects shows what is known of whom the workers tell.
func (s *scope) writeEffects(status *slav1alpha1.SLAContractStatus) {
	show := func(kind string, f *finding) {
		if f == nil {
			meta.RemoveStatusCondition(&status.Conditions, kind)
			return
		}
		condition.Set(&status.Conditions, s.contract.Generation, s.now, kind, f.status, f.reason, f.message)
	}
	show(slav1alpha1.EffectsAvailableCondition, effectsAvailable(s.contract.Spec, s.running(), s.measurement))
	show(slav1alpha1.CRMAvailableCondition, crmAvailable(s.contract.Spec, s.running(), s.measurement))
}

// crmEvents say once that the CRM is left alone, and why, and that it is not any more.
func crmEvents(before, after []metav1.Condition) []condition.Event {
	was, is := meta.FindStatusCondition(before, slav1alpha1.CRMAvailableCondition), meta.FindStatusCondition(after, slav1alpha1.CRMAvailableCondition)
	switch {
	case is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason:
		return nil
	case is.Status == metav1.ConditionFalse || is.Reason == slav1alpha1.ReasonSetBackStopped:
		return []condition.Event{{Type: corev1.EventTypeWarning, Reason: is.Reason, Action: "Reconcile", Note: condition.Note(is)}}
	case is.Status == metav1.ConditionTrue && was != nil && was.Status == metav1.ConditionFalse:
		return []condition.Event{normal(is.Reason, "Reconcile", condition.Note(is), corev1.ObjectReference{})}
	}
	return nil
}
