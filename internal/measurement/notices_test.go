// SPDX-License-Identifier: Apache-2.0

package measurement_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/measurement"
)

// Whether there is anybody to send to is the contract's to say.
func TestAgreementSaysWhetherPeopleAreTold(t *testing.T) {
	for name, notify := range map[string]*slav1alpha1.Notify{"silent": nil, "told": {SecretRef: slav1alpha1.ObjectReference{Name: "notify-urls"}}} {
		contract := &slav1alpha1.SLAContract{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: name}}
		contract.Spec.Notify = notify
		cadence := &slav1alpha1.ReviewCadence{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "board"}}
		cadence.Spec.ContractRef.Name = name
		a, err := measurement.Agreement(t.Context(), newCluster(t, contract), cadence, time.UTC)
		if err != nil || a.Notices != (notify != nil) {
			t.Errorf("%s: %t, %v", name, a.Notices, err)
		}
	}
}
