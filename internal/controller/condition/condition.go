// SPDX-License-Identifier: Apache-2.0

// Package condition sets the conditions that every kind has, in the way that kstatus reads them.
package condition

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
)

// maxMessage is what the schema of a condition allows.
const maxMessage = 32768

// Set a condition of an object; the transition time is now when the status changes.
func Set(conditions *[]metav1.Condition, generation int64, now time.Time, kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: cut(message, maxMessage),
		ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now),
	})
}

// SetReady sets Ready from the outcome, and Stalled or Reconciling when it is not True; those two are absent otherwise.
func SetReady(conditions *[]metav1.Condition, generation int64, now time.Time, o *outcome.Outcome, success string) {
	reason, message, stalled := o.Verdict()
	meta.RemoveStatusCondition(conditions, slav1alpha1.StalledCondition)
	if reason == "" {
		meta.RemoveStatusCondition(conditions, slav1alpha1.ReconcilingCondition)
		Set(conditions, generation, now, slav1alpha1.ReadyCondition, metav1.ConditionTrue, slav1alpha1.ReasonSucceeded, success)
		return
	}
	Set(conditions, generation, now, slav1alpha1.ReadyCondition, metav1.ConditionFalse, reason, message)
	also, absent := slav1alpha1.ReconcilingCondition, slav1alpha1.StalledCondition
	if stalled {
		also, absent = absent, also
	}
	meta.RemoveStatusCondition(conditions, absent)
	Set(conditions, generation, now, also, metav1.ConditionTrue, reason, message)
}
