// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// effectsAvailable says whether those who are to be told of leads can be, in the words of the routing worker, which has the Secrets; nil for a contract
// that tells nobody.
func effectsAvailable(spec slav1alpha1.SLAContractSpec, running bool, m *slav1alpha1.SLAMeasurement) *finding {
	if !running || spec.Notify == nil && spec.CRM == nil {
		return nil
	}
	if m != nil {
		c := meta.FindStatusCondition(m.Status.Conditions, slav1alpha1.EffectsAvailableCondition)
		switch {
		case c == nil:
		case c.Status == metav1.ConditionTrue:
			return &finding{metav1.ConditionTrue, slav1alpha1.ReasonEffectsAvailable, c.Message}
		case c.Status == metav1.ConditionFalse:
			return &finding{metav1.ConditionFalse, slav1alpha1.ReasonSecretNotFound, c.Message}
		}
	}
	return &finding{metav1.ConditionUnknown, slav1alpha1.ReasonWaiting, "the routing worker has not looked yet whether the Secrets of notify and crm are there"}
}
