// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// The manager's clock may be a year off: weeks are those of the ledger, and so is what follows from them.
func TestManagersClockIsAYearOff(t *testing.T) {
	outcome := map[string]slav1alpha1.SLAContractStatus{}
	for name, years := range map[string]int{"right": 0, "ahead": 1, "behind": -1} {
		b := withExecutive(t)
		rows := []slav1alpha1.MeasurementRow{week(2, 8, 2), week(3, 8, 2), week(4, 9, 1)}
		b.closes(2, rows[:1]...)
		b.closes(3, rows...)
		b.clock.SetTime(b.clock.Now().AddDate(years, 0, 0))
		b.reconcile()
		status := b.contract.Status
		outcome[name] = slav1alpha1.SLAContractStatus{
			Scorecard: status.Scorecard, Escalation: status.Escalation, Escalations: status.Escalations, History: status.History, FirstContact: status.FirstContact,
		}
		b.hears("Warning EscalationRaised firstContact is at level 1", "Warning EscalationRaised firstContact is at level 2")
		if years != 0 {
			b.restarts()
		}
	}
	if outcome["right"].Escalation != "2 firstContact" || len(outcome["right"].History) != 2 {
		t.Errorf("with the right clock: %+v", outcome["right"])
	}
	for _, name := range []string{"ahead", "behind"} {
		if diff := cmp.Diff(outcome["right"], outcome[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// While the ledger's clock cannot be trusted, the last good scorecard stays, without a verdict on what is open; closed weeks and what they raised
// stay, nothing is said, and a missed SLA is neither claimed nor denied.
func TestLedgersClockWentBack(t *testing.T) {
	b := withExecutive(t)
	rows := []slav1alpha1.MeasurementRow{week(2, 8, 2), week(3, 8, 2), week(4, 9, 1)}
	b.closes(3, rows...)
	before := b.contract.Status.DeepCopy()
	b.governed()

	m := b.measurement()
	m.Status.Conditions = []metav1.Condition{{
		Type: slav1alpha1.ClockSteadyCondition, Status: metav1.ConditionFalse, Reason: slav1alpha1.ReasonClockWentBack,
		Message: "the ledger's clock went back", LastTransitionTime: metav1.NewTime(b.clock.Now()),
	}}
	m.Status.Rows = nil // whatever is counted by such a clock
	b.updateStatus(m)
	b.clock.SetTime(b.clock.Now().Add(time.Hour))
	b.reconcile()
	status := b.contract.Status
	compliant := meta.FindStatusCondition(status.Conditions, "Compliant")
	if compliant.Status != metav1.ConditionUnknown || compliant.Reason != "ClockWentBack" ||
		!strings.Contains(compliant.Message, "the scorecard is that of 2027-01-25T14:00:00Z") {
		t.Errorf("Compliant %+v", compliant)
	}
	testkit.Condition(t, status.Conditions, "Measured", metav1.ConditionUnknown, "ClockWentBack",
		"counts as of 2027-01-25T14:00:00Z: the ledger's clock went back")
	testkit.Condition(t, status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "")
	if diff := cmp.Diff(before.History, status.History) + cmp.Diff(before.Escalations, status.Escalations); diff != "" || status.FirstContact != before.FirstContact {
		t.Error(diff)
	}
	for i, row := range status.Scorecard {
		was := before.Scorecard[i]
		if row.Actual != was.Actual || (row.Period == "2027-W04" && (row.Verdict != "Unknown" || row.Indicator != "Grey")) {
			t.Errorf("%+v was %+v", row, was)
		}
	}
	b.hears()
	b.restarts()

	m = b.measurement()
	m.Status.Conditions = nil
	m.Status.Rows = rows
	for i := range m.Status.Rows {
		m.Status.Rows[i].Revision = status.InForce.Revision
	}
	b.updateStatus(m)
	b.reconcile()
	b.escalation("2 firstContact", 2, "VP Marketing", "VP Sales")
	b.hears()
	if diff := cmp.Diff(before.Scorecard, b.contract.Status.Scorecard); diff != "" {
		t.Errorf("once it caught up: %s", diff)
	}
}

// Signing the same terms again is a time of signing, in the status of the contract, and no new revision.
func TestTermsSignedAgain(t *testing.T) {
	b := withExecutive(t)
	revision := b.contract.Status.InForce.Revision
	april := time.Date(2027, 4, 6, 15, 0, 0, 0, time.UTC)
	b.clock.SetTime(april.Add(time.Hour))
	testkit.SignContract(t, b.contract, april, testkit.Both()...)
	b.update(b.contract)
	b.reconcile()
	signed := b.contract.Status.Terms.Signed
	if len(signed) != 2 || !signed[0].Time.Equal(april) || !signed[1].Time.Equal(testkit.Now()) || b.contract.Status.InForce.Revision != revision {
		t.Errorf("signed %v, in force %s instead of %s", signed, b.contract.Status.InForce.Revision, revision)
	}
	b.restarts()
}
