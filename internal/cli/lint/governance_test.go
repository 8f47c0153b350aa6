// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sigsyaml "sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/lint"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

// What the API server refuses is said before it is applied.
func TestTheServerWouldRefuse(t *testing.T) {
	cases := map[string]struct{ rule, old, by, want string }{
		"two reviews with one name": {
			"review-seldom", "  - {name: weekly,", "  - {name: weekly, type: Operational, schedule: \"0 8 * * MON\", owner: Sales}\n  - {name: weekly,", "Duplicate value",
		},
		"two records of one review and period": {
			"record-of-an-open-period", "period: 2027-W02, held: \"2027-01-15\"", "period: 2027-W01, held: \"2027-01-12\"", "Duplicate value",
		},
		"a waiver of more than a quarter": {"waiver-too-late", `from: "2027-01-04", to: "2027-01-10"`, `from: "2027-01-04", to: "2027-04-07"`, "waiver lasts at most a quarter"},
		"a waiver that ends before it begins": {
			"waiver-too-late", `from: "2027-01-04", to: "2027-01-10"`, `from: "2027-01-04", to: "2027-01-03"`, "ends on or after the day",
		},
		"a party twice in a record": {"record-misfit", "2026-Q4, held: \"2027-01-06\", by: [Marketing, Sales]", "2026-Q4, held: \"2027-01-06\", by: [Sales, Sales]", "by"},
		"a period of no form":       {"record-misfit", "2026-Q4", "2026-Q5", "records[1].period"},
		"a clause that does not exist": {
			"remediation-overdue", "clause: delivery", "clause: speed", "remediations[1].clause",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			report, err := lintText(t, replace(t, read(t, tc.rule), tc.old, tc.by))
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range report.Findings {
				found = found || f.Severity == lint.Error && strings.Contains(f.Rule+" "+f.Path+" "+f.Message, tc.want)
			}
			if !found {
				t.Errorf("no error with %q: %+v", tc.want, report.Findings)
			}
		})
	}
}

// The days and periods of records and plans are those of the contract's time zone.
func TestDaysOfTheContract(t *testing.T) {
	text := strings.Replace(read(t, "remediation-overdue"), "2027-01-14", "2027-01-18", 1) + "---\n" + read(t, "record-of-an-open-period")
	at := func(instant string) []string {
		docs, err := manifest.Scan("-", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		then, err := time.Parse(time.RFC3339, instant)
		if err != nil {
			t.Fatal(err)
		}
		report, err := lint.Run(t.Context(), docs, lint.Options{Now: then})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range report.Findings {
			if f.Rule == "remediation-overdue" || f.Rule == "record-of-an-open-period" {
				out = append(out, f.Message)
			}
		}
		return out
	}
	// W02 ends at midnight in New York, five hours after that of UTC.
	late := []string{"calls was due on 2027-01-15"}
	before := append(late[:1:1], "2027-W02 is not over before 2027-01-18T00:00:00-05:00", "2026-12 was not over on 2026-12-31")
	after := append(late[:1:1], "2027-W02 was not over on 2027-01-15", "2026-12 was not over on 2026-12-31")
	if diff := cmp.Diff(before, at("2027-01-18T04:59:59Z")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(after, at("2027-01-18T05:00:00Z")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(append([]string{"nights was due on 2027-01-18"}, after...), at("2027-01-19T05:00:00Z")); diff != "" {
		t.Error(diff)
	}
}

// A text that is signed now takes the place of those that are scheduled after it.
func TestScheduled(t *testing.T) {
	march := metav1.NewTime(time.Date(2027, 3, 1, 5, 0, 0, 0, time.UTC))
	live := func(status slav1alpha1.SLAContractStatus) lint.Lookup {
		return func(_ context.Context, kind, _, _ string) (string, error) {
			if kind != "SLAContract" {
				return "", nil
			}
			c := slav1alpha1.SLAContract{Status: status}
			c.SetGroupVersionKind(slav1alpha1.GroupVersion.WithKind(kind))
			text, err := sigsyaml.Marshal(c)
			return string(text), err
		}
	}
	pair := slav1alpha1.ScheduledPair{Revision: "inbound-terms-2", Definition: "d", Bundle: "b", Sequence: 2, EffectiveFrom: march}
	coming := slav1alpha1.SLAContractStatus{Scheduled: []slav1alpha1.ScheduledPair{pair}}
	ofDefinition := coming
	ofDefinition.Terms = &slav1alpha1.InForce{Revision: pair.Revision}
	docs, err := manifest.Scan("testdata/rules/no-effective-date.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := docs[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	already := coming
	already.Terms = &slav1alpha1.InForce{Revision: "inbound-terms-1", Digest: slav1alpha1.Digest(digest)}
	dated := func(from string) string {
		return replace(t, read(t, "no-effective-date"), "  terms:\n", "  terms:\n    effectiveFrom: \""+from+"\"\n")
	}
	cases := map[string]struct {
		text   string
		status slav1alpha1.SLAContractStatus
		want   []string
	}{
		"at once": {read(t, "no-effective-date"), coming, []string{
			"it takes effect once both have signed, and then takes the place of inbound-terms-2, which is scheduled for 2027-03-01T05:00:00Z",
		}},
		"before": {dated("2027-02-01T05:00:00Z"), coming, []string{
			"it takes effect on 2027-02-01T05:00:00Z, and takes the place of inbound-terms-2, which is scheduled for 2027-03-01T05:00:00Z",
		}},
		"in its place":                {dated("2027-03-01T05:00:00Z"), coming, nil},
		"after":                       {dated("2027-04-01T05:00:00Z"), coming, nil},
		"in force already":            {read(t, "no-effective-date"), already, nil},
		"scheduled by its definition": {read(t, "no-effective-date"), ofDefinition, nil},
		"nothing scheduled":           {read(t, "no-effective-date"), slav1alpha1.SLAContractStatus{}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			docs, err := manifest.Scan("-", strings.NewReader(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			report, err := lint.Run(t.Context(), docs, lint.Options{Now: now, Lookup: live(tc.status)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range report.Findings {
				if f.Rule == "effective-dates-apart" {
					got = append(got, f.Message)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
