// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// A Secret of the notices that is missing is said by the contract, which is Ready all the same; without notices nothing is said.
func TestMissingSecretOfNotices(t *testing.T) {
	b := newBench(t)
	b.contract.Spec.Notify = &slav1alpha1.Notify{SecretRef: slav1alpha1.ObjectReference{Name: "notify-urls"}}
	b.inForce()
	b.available("acme-scoring", 1)
	b.available("acme-routing", 1)
	b.count()
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "EffectsAvailable", metav1.ConditionUnknown, "Waiting", "")
	m := b.measurement()
	m.Status.Conditions = append(m.Status.Conditions, metav1.Condition{
		Type: "EffectsAvailable", Status: metav1.ConditionFalse, Reason: "SecretNotFound", LastTransitionTime: metav1.NewTime(testkit.Now()),
		Message: `Secret "notify-urls" has none of the keys`,
	})
	b.updateStatus(m)
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "EffectsAvailable", metav1.ConditionFalse, "SecretNotFound", `Secret "notify-urls" has none of the keys`)
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "")
	b.writes.All = nil
	if b.reconcile(); len(b.writes.All) != 0 {
		t.Errorf("nothing was new, and it wrote %q", b.writes.All)
	}
	b.contract.Spec.Notify = nil
	b.update(b.contract)
	b.reconcile()
	if c := meta.FindStatusCondition(b.contract.Status.Conditions, "EffectsAvailable"); c != nil {
		t.Errorf("still said: %+v", c)
	}
}
