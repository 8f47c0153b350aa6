// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// 2027-W03 is 18 to 24 January; it ends at midnight of the 25th, and may be waived until that of 1 February.
func TestWaiverProblems(t *testing.T) {
	for name, tc := range map[string]struct {
		to, signed, now string
		flaws           []string
		reason, message string
	}{
		"signed at the last moment": {to: "2027-01-24", signed: "2027-02-01T00:00:00Z", now: "2027-03-01T00:00:00Z"},
		"signed too late for its week": {
			to: "2027-01-24", signed: "2027-02-01T00:00:01Z", now: "2027-03-01T00:00:00Z", reason: "WaiverTooLate",
			message: "spec.waivers[crm-migration]: both had signed it on 2027-02-01T00:00:01Z, more than 7 days after the end of 2027-W03: " +
				"that week is judged as if it were not there; agree on the next one within a week of the week's end",
		},
		"signed too late for some of its weeks": {
			to: "2027-02-14", signed: "2027-02-09T00:00:00Z", now: "2027-03-01T00:00:00Z", reason: "WaiverTooLate",
			message: "spec.waivers[crm-migration]: both had signed it on 2027-02-09T00:00:00Z, more than 7 days after the end of 2027-W03 to 2027-W04: " +
				"those weeks are judged as if it were not there; agree on the next one within a week of the week's end",
		},
		"signed by one": {
			to: "2027-01-24", now: "2027-01-26T00:00:00Z", flaws: []string{"Sales has not signed"}, reason: "WaiverNotSigned",
			message: "spec.waivers[crm-migration].signOffs: Sales has not signed, so that it does not count; " +
				"run `kubectl sla sign --waiver crm-migration --party PARTY --by ROLE FILE` on the manifest for each party that is missing",
		},
		"signed tomorrow": {
			to: "2027-01-24", signed: "2027-01-27T00:00:00Z", now: "2027-01-26T00:00:00Z", reason: "InvalidDate",
			message: "spec.waivers[crm-migration].signOffs: the last is dated 2027-01-27T00:00:00Z, which is in the future: it does not count until then; " +
				"sign with the date of today",
		},
		"signed by nobody, and over": {
			to: "2027-01-24", now: "2027-02-01T00:00:01Z", flaws: []string{"Marketing has not signed", "Sales has not signed"}, reason: "WaiverNotSigned",
			message: "spec.waivers[crm-migration].signOffs: Marketing has not signed; Sales has not signed, so that it does not count; " +
				"its weeks are over for more than 7 days: it can no longer be signed, and may be taken out",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := judge.Waiver{Name: "crm-migration", Clause: "firstContact", From: "2027-01-20", To: tc.to, Flaws: tc.flaws}
			if tc.signed != "" {
				w.Signed = moment(t, tc.signed)
			}
			got := waiverProblem(w, moment(t, tc.now), time.UTC)
			if tc.reason == "" {
				if got != nil {
					t.Errorf("%+v", got)
				}
				return
			}
			if diff := cmp.Diff(&problem{tc.reason, tc.message}, got, cmp.AllowUnexported(problem{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClauseProblems(t *testing.T) {
	spec := &slav1alpha1.SLAContractSpec{
		Waivers:      []slav1alpha1.Waiver{{Name: "a", Clause: "feedback"}, {Name: "b", Clause: "volume"}},
		Remediations: []slav1alpha1.Remediation{{Name: "c", Clause: "score"}},
		Dispute:      &slav1alpha1.Dispute{},
	}
	said := func(field, clause string) problem {
		return problem{"UnknownClause", field + `.clause: the terms acme-terms-1 have no clause "` + clause +
			`", so that the entry is about nothing; write a clause that they have, or take the entry out`}
	}
	want := []problem{said("spec.waivers[a]", "feedback"), said("spec.remediations[c]", "score")}
	got := clauseProblems(spec, []sla.Clause{"volume"}, "acme-terms-1")
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(problem{})); diff != "" {
		t.Error(diff)
	}
}

func TestDisputeProblems(t *testing.T) {
	now := moment(t, "2027-01-20T12:00:00Z")
	on := func(days int) metav1.Time { return metav1.NewTime(now.AddDate(0, 0, days)) }
	for name, tc := range map[string]struct {
		dispute *slav1alpha1.Dispute
		want    string
	}{
		"none":     {nil, ""},
		"open":     {&slav1alpha1.Dispute{At: on(-1)}, ""},
		"resolved": {&slav1alpha1.Dispute{At: on(-2), Resolution: &slav1alpha1.DisputeResolution{At: on(-1)}}, ""},
		"raised tomorrow": {
			&slav1alpha1.Dispute{At: on(1)},
			"spec.dispute.at: 2027-01-21T12:00:00Z is in the future: the dispute is none until then; write when it was raised",
		},
		"resolved tomorrow": {
			&slav1alpha1.Dispute{At: on(-2), Resolution: &slav1alpha1.DisputeResolution{At: on(1)}},
			"spec.dispute.resolution.at: 2027-01-21T12:00:00Z is in the future: the dispute is open until then; write when it was decided",
		},
		"resolved before it was raised": {
			&slav1alpha1.Dispute{At: on(-2), Resolution: &slav1alpha1.DisputeResolution{At: on(-3)}},
			"spec.dispute.resolution.at: 2027-01-17T12:00:00Z is before spec.dispute.at, so that the dispute is open; write when it was decided",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if p := disputeProblem(tc.dispute, now); p != nil {
				got = p.message
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	spec := &slav1alpha1.SLAContractSpec{
		Waivers: []slav1alpha1.Waiver{{}}, Remediations: []slav1alpha1.Remediation{{}, {}}, Dispute: &slav1alpha1.Dispute{},
	}
	if got := accepted(spec, nil); got.status != metav1.ConditionTrue || got.message != "1 waiver, 2 remediations, the dispute on record" {
		t.Errorf("%+v", got)
	}
	if got := accepted(&slav1alpha1.SLAContractSpec{}, nil); got != nil {
		t.Errorf("nothing on record: %+v", got)
	}
	got := accepted(spec, []problem{{"A", "first"}, {"B", "second"}})
	if got.status != metav1.ConditionFalse || got.reason != "A" || got.message != "first; second" {
		t.Errorf("%+v", got)
	}
}
