// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"fmt"
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

func verdictLines(clause, tier, verdict string) string {
	var out strings.Builder
	for _, v := range []string{"AtRisk", "InsufficientData", "Met", "Missed", "Unknown", "Waived"} {
		value := 0
		if v == verdict {
			value = 1
		}
		fmt.Fprintf(&out, "handoff_clause_verdict{clause=%q,contract=\"mid-market\",namespace=\"revenue\",tier=%q,verdict=%q} %d\n", clause, tier, v, value)
	}
	return out.String()
}

func TestCollector(t *testing.T) {
	contract := &slav1alpha1.SLAContract{
		ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "mid-market"},
		Status: slav1alpha1.SLAContractStatus{
			Conditions: []metav1.Condition{{Type: "Compliant", Status: metav1.ConditionFalse}},
			Scorecard: []slav1alpha1.ScorecardRow{
				{Clause: "firstContact", Tier: "High", Verdict: "Missed", MissedWeeks: ptr.To[int32](2), Met: ptr.To[int64](3), Total: ptr.To[int64](4)},
				{Clause: "score", Verdict: "Waived", Met: ptr.To[int64](0), Total: ptr.To[int64](0)},
			},
			Escalations: []slav1alpha1.EscalationStatus{{Clause: "terms", Level: 3}, {Clause: "firstContact", Level: 2}},
		},
	}
	c := newFake(t, interceptor.Funcs{}, contract)
	want := `
# HELP handoff_clause_met_ratio Share of leads that met the clause in the period that is judged, 0 to 1; for volume, MQLs over the target. Absent without leads.
# TYPE handoff_clause_met_ratio gauge
handoff_clause_met_ratio{clause="firstContact",contract="mid-market",namespace="revenue",tier="High"} 0.75
# HELP handoff_clause_missed_weeks Closed weeks in a row in which the clause was missed.
# TYPE handoff_clause_missed_weeks gauge
handoff_clause_missed_weeks{clause="firstContact",contract="mid-market",namespace="revenue",tier="High"} 2
handoff_clause_missed_weeks{clause="score",contract="mid-market",namespace="revenue",tier=""} 0
# HELP handoff_clause_verdict 1 for the verdict that the clause has in the period that is judged, 0 for the others.
# TYPE handoff_clause_verdict gauge
` + verdictLines("firstContact", "High", "Missed") + verdictLines("score", "", "Waived") + `
# HELP handoff_escalation_level Level of the open escalation of the clause, 1 to 3; 0 when none is open. The clause terms is a dispute about the agreement itself.
# TYPE handoff_escalation_level gauge
handoff_escalation_level{clause="firstContact",contract="mid-market",namespace="revenue"} 2
handoff_escalation_level{clause="score",contract="mid-market",namespace="revenue"} 0
handoff_escalation_level{clause="terms",contract="mid-market",namespace="revenue"} 3
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
