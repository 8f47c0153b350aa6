// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// Terms are signed with the parties' keys as definitions are; a signature of the definition of the same name is none of the terms.
func TestTermsAreVerified(t *testing.T) {
	b := newBench(t)
	c, namespace := b.contract, b.contract.Namespace
	marketing, sales := testkit.Key(t, 1), testkit.Key(t, 2)
	b.r.Signers = &ratify.Signers{Reader: testkit.Client, Key: client.ObjectKey{Namespace: namespace, Name: "keys"}}
	testkit.PutKeys(t, b.r.Signers.Key, map[string]string{namespace + ".Marketing": marketing.Line(), namespace + ".Sales": sales.Line()})

	marketing.Seal(t, Kind, c, &c.Spec.SignOffs[0], "")
	sales.Seal(t, "LeadDefinition", c, &c.Spec.SignOffs[1], "")
	b.create(c)
	b.reconcile()
	testkit.Condition(t, c.Status.Conditions, "Ratified", metav1.ConditionFalse, "SignOffMissing", "")
	if c.Status.Terms != nil || c.Status.Pending == nil || len(c.Status.Pending.Missing) != 1 || c.Status.Pending.Missing[0] != slav1alpha1.PartySales {
		t.Errorf("terms %+v, pending %+v", c.Status.Terms, c.Status.Pending)
	}

	sales.Seal(t, Kind, c, &c.Spec.SignOffs[1], "")
	b.update(c)
	b.reconcile()
	testkit.Condition(t, c.Status.Conditions, "Ratified", metav1.ConditionTrue, "Verified", "")
	if c.Status.Terms == nil {
		t.Error("not ratified")
	}
}
