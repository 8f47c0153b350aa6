// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func TestWhatBothPutOnRecord(t *testing.T) {
	type contract = slav1alpha1.SLAContract
	waiver := func(from, to string) func(*contract) {
		return func(c *contract) {
			c.Spec.Waivers = append(c.Spec.Waivers, slav1alpha1.Waiver{
				Name: "crm-migration", Clause: "firstContact", From: slav1alpha1.Date(from), To: slav1alpha1.Date(to), Reason: "the CRM was moved",
			})
		}
	}
	tests := map[string]struct {
		change func(*contract)
		want   string
	}{
		"a waiver of a day":           {waiver("2027-01-18", "2027-01-18"), ""},
		"a waiver of a quarter":       {waiver("2027-07-01", "2027-09-30"), ""}, // 92 days
		"a waiver of 93 days":         {waiver("2027-07-01", "2027-10-01"), "at most a quarter (92 days)"},
		"a waiver that ends too soon": {waiver("2027-01-18", "2027-01-17"), "ends on or after the day on which it begins"},
		"a waiver of no date":         {waiver("2027-01-18", "2027-1-19"), "spec.waivers[0].to"},
		"two waivers of one name":     {func(c *contract) { waiver("2027-01-18", "2027-01-19")(c); waiver("2027-02-18", "2027-02-19")(c) }, "Duplicate value"},
		"a waiver of no clause":       {func(c *contract) { waiver("2027-01-18", "2027-01-19")(c); c.Spec.Waivers[0].Clause = "speed" }, "spec.waivers[0].clause"},
		"governance of nothing":       {func(c *contract) { c.Spec.Terms.Governance = &slav1alpha1.Governance{} }, "spec.terms.governance"},
		"a refresh each month":        {func(c *contract) { c.Spec.Terms.Governance = &slav1alpha1.Governance{DefinitionRefresh: "Monthly"} }, "definitionRefresh"},
		"no misses for level 2": {func(c *contract) {
			c.Spec.Terms.Escalation = &slav1alpha1.EscalationTerms{Level2: &slav1alpha1.EscalationLevel2{}}
		}, "consecutiveMisses"},
		"enforcement by half":  {func(c *contract) { c.Spec.Terms.Enforcement = "Half" }, "spec.terms.enforcement"},
		"severe above the end": {func(c *contract) { c.Spec.Terms.Marketing.Volume.SevereBelowPercent = ptr.To[slav1alpha1.Percent](101) }, "severeBelowPercent"},
		"a plan without a date": {func(c *contract) {
			c.Spec.Remediations = []slav1alpha1.Remediation{{Name: "night", Clause: "firstContact", Owner: "RevOps", Plan: "Route nights to Madrid"}}
		}, "spec.remediations[0].due"},
		"a dispute without a reason": {func(c *contract) {
			c.Spec.Dispute = &slav1alpha1.Dispute{RaisedBy: "Sales", At: metav1.NewTime(testkit.Now())}
		}, "spec.dispute.reason"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := testkit.Contract("default", "record", "mid-market")
			tc.change(c)
			check(t, c, tc.want)
		})
	}
}

func TestReviewsOnRecord(t *testing.T) {
	record := func(period string, by ...slav1alpha1.Party) slav1alpha1.ReviewRecord {
		return slav1alpha1.ReviewRecord{Review: "weekly", Period: period, Held: "2027-01-25", By: by}
	}
	tests := map[string]struct {
		records []slav1alpha1.ReviewRecord
		want    string
	}{
		"by both":           {[]slav1alpha1.ReviewRecord{record("2027-W03", testkit.Both()...)}, ""},
		"of a month":        {[]slav1alpha1.ReviewRecord{record("2027-01", "Sales")}, ""},
		"of a quarter":      {[]slav1alpha1.ReviewRecord{record("2027-Q1", "Sales")}, ""},
		"of no quarter":     {[]slav1alpha1.ReviewRecord{record("2027-Q5", "Sales")}, "spec.records[0].period"},
		"by nobody":         {[]slav1alpha1.ReviewRecord{record("2027-W03")}, "spec.records[0].by"},
		"by a party twice":  {[]slav1alpha1.ReviewRecord{record("2027-W03", "Sales", "Sales")}, "Duplicate value"},
		"of a period twice": {[]slav1alpha1.ReviewRecord{record("2027-W03", "Sales"), record("2027-W03", "Marketing")}, "Duplicate value"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := testkit.Cadence("default", "record", "mid-market")
			c.Spec.Records = tc.records
			check(t, c, tc.want)
		})
	}
}
