// SPDX-License-Identifier: Apache-2.0

package leaddefinition

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
)

// changes are the events of the step from one status to the next.
func changes(before, after *slav1alpha1.LeadDefinitionStatus) []condition.Event {
	var out []condition.Event
	if after.InForce != nil && (before.InForce == nil || before.InForce.Revision != after.InForce.Revision) {
		out = append(out, condition.Event{
			Type: corev1.EventTypeNormal, Reason: "Ratified", Action: "Ratify", Note: after.InForce.Revision + " is in force",
			Related: condition.Revision(after.InForce.Revision),
		})
	}
	if after.Pending != nil && (before.Pending == nil || before.Pending.Digest != after.Pending.Digest) {
		ratified := meta.FindStatusCondition(after.Conditions, slav1alpha1.RatifiedCondition)
		out = append(out, condition.Event{
			Type: corev1.EventTypeNormal, Reason: slav1alpha1.ReasonSignOffMissing, Action: "Ratify", Note: condition.Note(ratified),
		})
	}
	return append(out, condition.StalledEvent(before.Conditions, after.Conditions)...)
}
