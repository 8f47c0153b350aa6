// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"testing"

	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func TestDispositionsIdentityAndExclusions(t *testing.T) {
	type definition = slav1alpha1.LeadDefinition
	recycled := func(d *definition) *slav1alpha1.Disposition { return &d.Spec.Dispositions[1] }
	disqualified := func(d *definition) *slav1alpha1.Disposition {
		d.Spec.Dispositions[1].Outcome = "Disqualified"
		return &d.Spec.Dispositions[1]
	}
	excluded := func(names ...string) func(*definition) {
		return func(d *definition) {
			for _, name := range names {
				d.Spec.Stages.Exclusions = append(d.Spec.Stages.Exclusions, slav1alpha1.Exclusion{Name: slav1alpha1.Name(name), When: "lead.employees > 10000"})
			}
		}
	}
	tests := map[string]struct {
		change func(*definition)
		want   string
	}{
		"a status":       {func(d *definition) { recycled(d).Status = "Returned to Marketing: nurture" }, ""},
		"a long status":  {func(d *definition) { recycled(d).Status = longName(64) }, "status"},
		"a full cadence": {func(d *definition) { recycled(d).FullCadence = "Required" }, ""},
		"a cadence of another sort": {
			func(d *definition) { recycled(d).FullCadence = "Half" }, "fullCadence",
		},
		"a full cadence of a disqualified lead": {
			func(d *definition) { disqualified(d).FullCadence = "Required" }, "`fullCadence` needs the outcome Recycled",
		},
		"a suppressed contact":       {func(d *definition) { disqualified(d).Suppress = "Contact" }, ""},
		"suppressed while recycled":  {func(d *definition) { recycled(d).Suppress = "Contact" }, "`suppress` needs the outcome Disqualified"},
		"suppressed of another sort": {func(d *definition) { disqualified(d).Suppress = "Everybody" }, "suppress"},
		"an account nobody names":    {func(d *definition) { disqualified(d).Suppress = "Account" }, "`suppress: Account` needs `account: {field: ...}`"},
		"a suppressed account": {func(d *definition) {
			disqualified(d).Suppress, d.Spec.Account = "Account", &slav1alpha1.Account{Field: "email"}
		}, ""},
		"an identity":                 {func(d *definition) { d.Spec.Identity = []string{"email"} }, ""},
		"an identity by a number":     {func(d *definition) { d.Spec.Identity = []string{"employees"} }, "`identity` lists names of fields of type String"},
		"an identity by no field":     {func(d *definition) { d.Spec.Identity = []string{"email", "mail"} }, "`identity` lists names of fields of type String"},
		"an identity twice":           {func(d *definition) { d.Spec.Identity = []string{"email", "email"} }, "Duplicate value"},
		"exclusions":                  {excluded("customer", "partner"), ""},
		"exclusions of one name":      {excluded("customer", "customer"), "Duplicate value"},
		"exclusion without condition": {func(d *definition) { excluded("customer")(d); d.Spec.Stages.Exclusions[0].When = "" }, "when"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := testkit.Definition("default", "clauses")
			tc.change(d)
			check(t, d, tc.want)
		})
	}
}

func TestClausesOfSales(t *testing.T) {
	percent := ptr.To[slav1alpha1.Percent](90)
	tests := map[string]struct {
		change func(*slav1alpha1.SalesTerms)
		want   string
	}{
		"as they are":                     {func(*slav1alpha1.SalesTerms) {}, ""},
		"no span, no channels":            {func(s *slav1alpha1.SalesTerms) { s.FollowUp.MinSpan, s.FollowUp.Channels = "", nil }, ""},
		"no attempts":                     {func(s *slav1alpha1.SalesTerms) { s.FollowUp.Attempts = 0 }, "attempts"},
		"too many attempts":               {func(s *slav1alpha1.SalesTerms) { s.FollowUp.Attempts = 51 }, "attempts"},
		"too many channels":               {func(s *slav1alpha1.SalesTerms) { s.FollowUp.Channels = ptr.To[int32](6) }, "channels"},
		"channels over attempts":          {func(s *slav1alpha1.SalesTerms) { s.FollowUp.Attempts = 2; s.FollowUp.Channels = ptr.To[int32](3) }, "`channels` cannot be more than `attempts`"},
		"a span of one attempt":           {func(s *slav1alpha1.SalesTerms) { s.FollowUp.Attempts = 1; s.FollowUp.Channels = nil }, "it needs at least two"},
		"a window that is none":           {func(s *slav1alpha1.SalesTerms) { s.FollowUp.Within = "soon" }, "within"},
		"an acceptance without a window":  {func(s *slav1alpha1.SalesTerms) { s.Acceptance.Within = "" }, "within"},
		"an acceptance without a target":  {func(s *slav1alpha1.SalesTerms) { s.Acceptance.TargetPercent = nil }, "targetPercent"},
		"a feedback without a target":     {func(s *slav1alpha1.SalesTerms) { s.Feedback.TargetPercent = nil }, "targetPercent"},
		"a target of more than everybody": {func(s *slav1alpha1.SalesTerms) { s.FollowUp.TargetPercent = ptr.To[slav1alpha1.Percent](101) }, "targetPercent"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := testkit.Contract("default", "clauses", "clauses")
			s := c.Spec.Terms.Sales
			s.Acceptance = &slav1alpha1.AcceptanceClause{Within: "24h", TargetPercent: percent}
			s.FollowUp = &slav1alpha1.FollowUpClause{Attempts: 6, MinSpan: "10d", Within: "14d", Channels: ptr.To[int32](2), TargetPercent: percent}
			s.Feedback = &slav1alpha1.ShareClause{TargetPercent: percent}
			tc.change(s)
			check(t, c, tc.want)
		})
	}
}
