// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

func newFake(t *testing.T, funcs interceptor.Funcs, objects ...client.Object) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := slav1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(funcs).Build()
}

func TestCollector(t *testing.T) {
	contract := &slav1alpha1.SLAContract{
		ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "mid-market"},
		Status: slav1alpha1.SLAContractStatus{
			Conditions: []metav1.Condition{{Type: "Compliant", Status: metav1.ConditionFalse}},
			Scorecard: []slav1alpha1.ScorecardRow{
				{Clause: "firstContact", Tier: "High", Met: ptr.To[int64](3), Total: ptr.To[int64](4)},
				{Clause: "score", Met: ptr.To[int64](0), Total: ptr.To[int64](0)},
			},
		},
	}
	c := newFake(t, interceptor.Funcs{}, contract)
	want := `
# HELP handoff_clause_met_ratio Share of leads that met the clause in the period that is judged, 0 to 1; for volume, MQLs over the target. Absent without leads.
# TYPE handoff_clause_met_ratio gauge
handoff_clause_met_ratio{clause="firstContact",contract="mid-market",namespace="revenue",tier="High"} 0.75
# HELP handoff_contract_condition 1 for the status that the contract's condition has, 0 for the others.
# TYPE handoff_contract_condition gauge
handoff_contract_condition{contract="mid-market",namespace="revenue",status="false",type="Compliant"} 1
handoff_contract_condition{contract="mid-market",namespace="revenue",status="true",type="Compliant"} 0
handoff_contract_condition{contract="mid-market",namespace="revenue",status="unknown",type="Compliant"} 0
`
	if err := testutil.CollectAndCompare(NewCollector(c), strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), contract); err != nil {
		t.Fatal(err)
	}
	if n := testutil.CollectAndCount(NewCollector(c)); n != 0 {
		t.Errorf("a contract that is gone leaves %d series", n)
	}
}

func TestCollectorSaysWhenItCannotRead(t *testing.T) {
	c := newFake(t, interceptor.Funcs{List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
		return errors.New("no cache")
	}})
	if err := testutil.CollectAndCompare(NewCollector(c), strings.NewReader("")); err == nil || !strings.Contains(err.Error(), "no cache") {
		t.Errorf("error %v", err)
	}
}
