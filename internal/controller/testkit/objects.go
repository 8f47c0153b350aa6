// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Definition is a small valid definition, unsigned.
func Definition(namespace, name string) *slav1alpha1.LeadDefinition {
	return &slav1alpha1.LeadDefinition{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: slav1alpha1.LeadDefinitionSpec{
			Fields: []slav1alpha1.Field{
				{Name: "employees", Type: "Integer", Property: "numberofemployees", Required: ptr.To(true)},
				{Name: "email", Type: "String"},
			},
			Signals: []slav1alpha1.Signal{{Name: "demoRequest", Activity: "FormSubmit", When: `activity.form == "demo"`}},
			Scoring: &slav1alpha1.Scoring{Groups: []slav1alpha1.RuleGroup{{
				Name: "fit",
				Rules: []slav1alpha1.Rule{
					{Name: "company-size", When: "lead.employees >= 50", Points: ptr.To[int32](20)},
					{Name: "demo", Signal: "demoRequest", Points: ptr.To[int32](40), Max: ptr.To[int32](80), HalfLife: "14d"},
				},
			}}},
			Stages: slav1alpha1.Stages{MQL: slav1alpha1.MQLStage{Paths: []slav1alpha1.Path{
				{Name: "hand-raise", Criteria: []slav1alpha1.Criterion{{Expression: "signals.demoRequest.count > 0"}}},
				{Name: "fit", Threshold: ptr.To[int32](15)},
			}}},
			Intents: []slav1alpha1.Intent{{Name: "High", When: "signals.demoRequest.count > 0"}, {Name: "Standard"}},
			Dispositions: []slav1alpha1.Disposition{
				{Name: "AcceptAsSQL", Outcome: "Accepted"}, {Name: "BadTiming", Outcome: "Recycled"},
			},
		},
	}
}

// Contract is a small valid contract, unsigned.
func Contract(namespace, name, definition string) *slav1alpha1.SLAContract {
	return &slav1alpha1.SLAContract{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: slav1alpha1.SLAContractSpec{
			DefinitionRef: slav1alpha1.ObjectReference{Name: definition},
			Terms: slav1alpha1.Terms{
				Parties: slav1alpha1.Parties{
					Marketing: slav1alpha1.PartyContact{Owner: "VP Marketing"}, Sales: slav1alpha1.PartyContact{Owner: "VP Sales"},
				},
				Calendar: slav1alpha1.Calendar{
					TimeZone: "America/New_York",
					Hours: []slav1alpha1.WorkingHours{{
						Days:   []slav1alpha1.Weekday{"Mon", "Tue", "Wed", "Thu", "Fri"},
						Shifts: []slav1alpha1.Shift{{From: "09:00", To: "18:00"}},
					}},
				},
				Funnel: &slav1alpha1.Funnel{
					BookingsPerMonth: 500000, AverageDealSize: 50000,
					CloseRatePercent: ptr.To(intstr.FromInt32(25)), MQLToOpportunityPercent: ptr.To(intstr.FromString("30")),
				},
				Marketing: &slav1alpha1.MarketingTerms{
					Volume:       &slav1alpha1.VolumeClause{From: "Funnel"},
					Completeness: &slav1alpha1.ShareClause{TargetPercent: ptr.To[slav1alpha1.Percent](95)},
				},
				Sales: &slav1alpha1.SalesTerms{FirstContact: &slav1alpha1.FirstContactClause{
					TargetPercent: ptr.To[slav1alpha1.Percent](90),
					Tiers: []slav1alpha1.FirstContactTier{
						{Intent: "High", Within: "5m", OutsideHours: "1h"}, {Intent: "Standard", Within: "8h"},
					},
				}},
			},
			Routing: slav1alpha1.Routing{Pools: []slav1alpha1.Pool{{
				Name: "everyone", When: "lead.employees > 0", Members: []slav1alpha1.Member{{Rep: "rep-1"}, {Rep: "rep-2"}},
			}}},
			Ingest: slav1alpha1.Ingest{TokenSecretRef: slav1alpha1.ObjectReference{Name: "handoff-ingest"}},
			Ledger: slav1alpha1.Ledger{SecretRef: slav1alpha1.ObjectReference{Name: "handoff-ledger"}, Tenant: name},
		},
	}
}

// Cadence is a small valid cadence.
func Cadence(namespace, name, contract string) *slav1alpha1.ReviewCadence {
	return &slav1alpha1.ReviewCadence{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: slav1alpha1.ReviewCadenceSpec{
			ContractRef: slav1alpha1.ObjectReference{Name: contract},
			Reviews:     []slav1alpha1.Review{{Name: "weekly", Type: "Operational", Schedule: "0 9 * * MON", Owner: "RevOps"}},
		},
	}
}

// SignDefinition replaces the sign-offs by those of the parties over what is written.
func SignDefinition(t *testing.T, d *slav1alpha1.LeadDefinition, at time.Time, parties ...slav1alpha1.Party) {
	t.Helper()
	definition, err := convert.Definition(d.Spec)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := sla.DigestDefinition(definition)
	if err != nil {
		t.Fatal(err)
	}
	d.Spec.SignOffs = signOffs(d, digest, at, parties)
}

// SignContract does the same for a contract.
func SignContract(t *testing.T, c *slav1alpha1.SLAContract, at time.Time, parties ...slav1alpha1.Party) {
	t.Helper()
	terms, err := convert.Terms(c.Spec)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := sla.DigestTerms(terms)
	if err != nil {
		t.Fatal(err)
	}
	c.Spec.SignOffs = signOffs(c, digest, at, parties)
}

// Both parties.
func Both() []slav1alpha1.Party {
	return []slav1alpha1.Party{slav1alpha1.PartyMarketing, slav1alpha1.PartySales}
}

func signOffs(object client.Object, digest string, at time.Time, parties []slav1alpha1.Party) []slav1alpha1.SignOff {
	var out []slav1alpha1.SignOff
	for _, p := range parties {
		out = append(out, slav1alpha1.SignOff{
			Party: p, By: "VP " + string(p), At: metav1.NewTime(at), Digest: slav1alpha1.Digest(digest),
			Object: client.ObjectKeyFromObject(object).String(),
		})
	}
	return out
}
