// SPDX-License-Identifier: Apache-2.0

package measurement_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

var signedAt = time.Date(2027, 2, 5, 9, 0, 0, 0, time.UTC)

func agreed(t *testing.T) (*slav1alpha1.ReviewCadence, *slav1alpha1.SLAContract, *slav1alpha1.LeadDefinition) {
	t.Helper()
	at := metav1.NewTime(signedAt)
	contract := &slav1alpha1.SLAContract{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "mid-market"}}
	contract.Spec.DefinitionRef.Name = "leads"
	contract.Spec.Terms.Calendar.TimeZone = "Nowhere/Yet" // written, and not in force
	contract.Spec.Dispute = &slav1alpha1.Dispute{RaisedBy: slav1alpha1.PartySales, At: at, Reason: "too many"}
	contract.Spec.Remediations = []slav1alpha1.Remediation{{
		Name: "nights", Clause: "firstContact", Owner: "VP Sales", Plan: "Madrid", Due: "2027-03-01",
	}}
	both := slav1alpha1.Waiver{Name: "both", Clause: "firstContact", From: "2027-02-01", To: "2027-02-02", Reason: "CRM"}
	digest, err := sla.DigestWaiver(convert.Waiver("revenue", "mid-market", both))
	if err != nil {
		t.Fatal(err)
	}
	for _, party := range []slav1alpha1.Party{slav1alpha1.PartyMarketing, slav1alpha1.PartySales} {
		both.SignOffs = append(both.SignOffs, slav1alpha1.SignOff{
			Party: party, By: "VP", At: at, Digest: slav1alpha1.Digest(digest), Object: "revenue/mid-market",
		})
	}
	one, other := both, both
	one.Name, one.SignOffs = "one", both.SignOffs[:1]
	other.To = "2027-02-03" // not what was signed
	other.Name = "other"
	contract.Spec.Waivers = []slav1alpha1.Waiver{both, one, other}
	contract.Status.Terms = &slav1alpha1.InForce{Signed: []metav1.Time{at}}
	contract.Status.History = []slav1alpha1.ClosedWeek{{Period: "2027-W05", Waived: []slav1alpha1.ClauseName{"firstContact"}}}
	definition := &slav1alpha1.LeadDefinition{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "leads"}}
	definition.Status.InForce = &slav1alpha1.InForce{Signed: []metav1.Time{at}}
	cadence := &slav1alpha1.ReviewCadence{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "board", CreationTimestamp: at}}
	cadence.Spec.ContractRef.Name = "mid-market"
	cadence.Spec.Reviews = []slav1alpha1.Review{
		{Name: "weekly", Type: slav1alpha1.ReviewOperational, Schedule: "0 9 * * MON", HeldWithin: "2d"},
		{Name: "never", Type: slav1alpha1.ReviewStrategic, Schedule: "0 9 30 2 *"},
	}
	cadence.Spec.Records = []slav1alpha1.ReviewRecord{{
		Review: "weekly", Period: "2027-W05", Held: "2027-02-09", By: []slav1alpha1.Party{slav1alpha1.PartyMarketing, slav1alpha1.PartySales},
		Decisions: []string{"call first"}, Actions: []slav1alpha1.ReviewAction{{What: "staff the night", Owner: "VP Sales", Due: "2027-03-01"}},
	}}
	return cadence, contract, definition
}

func TestAgreement(t *testing.T) {
	cadence, contract, definition := agreed(t)
	scheme, err := measurement.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(contract, definition).Build()
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	a, err := measurement.Agreement(t.Context(), c, cadence, madrid)
	if err != nil {
		t.Fatal(err)
	}
	if a.Contract != "revenue/mid-market" || a.Cadence != "board" || !cmp.Equal(a.Terms, []time.Time{signedAt}) || !cmp.Equal(a.Definition, a.Terms) {
		t.Errorf("names and signatures: %+v", a)
	}
	if len(a.Meetings) != 1 || a.Meetings[0].Name != "weekly" || a.Meetings[0].HeldWithin != 48*time.Hour || len(a.Meetings[0].Records) != 1 {
		t.Fatalf("meetings: %+v", a.Meetings)
	}
	if day, held := time.Date(2027, 2, 9, 0, 0, 0, 0, madrid), a.Meetings[0].Records[0].Held; held.Before(day) || !held.Before(day.AddDate(0, 0, 1)) {
		t.Errorf("held %s, which is not of the day %s", held, day)
	}
	minutes := []pipeline.Minutes{{
		Review: "weekly", Period: "2027-W05", Held: "2027-02-09", By: []string{"Marketing", "Sales"}, Decisions: []string{"call first"},
		Actions: []review.Action{{What: "staff the night", Owner: "VP Sales", Due: "2027-03-01"}},
	}}
	if diff := cmp.Diff(minutes, a.Minutes); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
	signed := map[string]time.Time{}
	for _, w := range a.Waivers {
		signed[w.Name] = w.Signed
	}
	if diff := cmp.Diff(map[string]time.Time{"both": signedAt, "one": {}, "other": {}}, signed); diff != "" {
		t.Errorf("waivers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]pipeline.JudgedWeek{{Period: "2027-W05", Waived: []sla.Clause{sla.ClauseFirstContact}}}, a.Judged); diff != "" {
		t.Errorf("judged (-want +got):\n%s", diff)
	}
	if a.Dispute == nil || a.Dispute.Reason != "too many" || len(a.Remediations) != 1 || a.Remediations[0].Name != "nights" {
		t.Errorf("dispute %+v, plans %+v", a.Dispute, a.Remediations)
	}
	if p, err := a.Propose(review.Results{}, signedAt); err != nil || p.Manifests == "" {
		t.Errorf("proposal %+v, %v", p, err)
	}
}

// Nothing is proposed of a definition that is not there; without its contract there is nothing to report.
func TestAgreementThatIsNotWhole(t *testing.T) {
	cadence, contract, _ := agreed(t)
	scheme, err := measurement.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	a, err := measurement.Agreement(t.Context(), fake.NewClientBuilder().WithScheme(scheme).WithObjects(contract).Build(), cadence, time.UTC)
	if err != nil || a.Propose != nil || a.Definition != nil {
		t.Errorf("without a definition: %+v, %v", a, err)
	}
	if _, err := measurement.Agreement(t.Context(), fake.NewClientBuilder().WithScheme(scheme).Build(), cadence, time.UTC); err == nil {
		t.Error("a contract that is not there was read")
	}
}
