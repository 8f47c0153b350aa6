// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// A Service that somebody else made keeps its name; everything beside it is made, and its own turn comes when it goes.
func TestForeignChildStallsUntilItGoes(t *testing.T) {
	b := newBench(t)
	foreign := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: "acme-ingest"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 9999}}},
	}
	b.create(foreign, b.definition, b.contract)
	b.reconcileDefinition()
	result := b.reconcile()
	message := "Service " + b.contract.Namespace + "/acme-ingest already exists and belongs to somebody else; rename or delete it"
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "NameTaken", message)
	testkit.Condition(t, b.contract.Status.Conditions, "Stalled", metav1.ConditionTrue, "NameTaken", message)
	if result.RequeueAfter == 0 || result.RequeueAfter > time.Minute {
		t.Errorf("looked at again after %s", result.RequeueAfter)
	}
	b.deployment("acme-routing") // fails when it does not exist
	if live := testkit.Get(t, foreign); len(live.OwnerReferences) > 0 || live.Spec.Ports[0].Port != 9999 {
		t.Errorf("the foreign service was taken: %+v", live)
	}

	if err := testkit.Client.Delete(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	b.reconcile()
	if meta.FindStatusCondition(b.contract.Status.Conditions, slav1alpha1.StalledCondition) != nil {
		t.Errorf("still stalled: %+v", b.contract.Status.Conditions)
	}
	if live := testkit.Get(t, foreign); !metav1.IsControlledBy(live, b.contract) {
		t.Errorf("owners %+v", live.OwnerReferences)
	}
}
