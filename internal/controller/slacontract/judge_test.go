// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

// The week that is open by the ledger's clock is judged, whatever the manager's clock says. 2027-W03 begins on Monday, 18 January.
func TestWeeksAreClosedByTheLedger(t *testing.T) {
	terms, err := convert.Terms(testkit.Contract("revenue", "acme", "mid-market").Spec) // in New York
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		closedThrough, now, week string
	}{
		"in time":                    {"2027-W02", "2027-01-20T15:00:00Z", "2027-W03"},
		"first instant of the week":  {"2027-W02", "2027-01-18T05:00:00Z", "2027-W03"},
		"a moment behind":            {"2027-W02", "2027-01-18T04:59:59Z", "2027-W03"},
		"weeks behind":               {"2027-W02", "2026-12-01T00:00:00Z", "2027-W03"},
		"a moment ahead":             {"2027-W02", "2027-01-25T05:00:00Z", "2027-W03"},
		"years ahead":                {"2027-W02", "2031-01-01T00:00:00Z", "2027-W03"},
		"ahead, over the year's end": {"2026-W52", "2027-02-01T00:00:00Z", "2026-W53"},
		"not told":                   {"", "2027-01-25T05:00:00Z", "2027-W04"},
		"no week":                    {"soon", "2027-01-25T05:00:00Z", "2027-W04"},
		"a month":                    {"2026-11", "2027-01-25T05:00:00Z", "2027-W04"},
	} {
		t.Run(name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, tc.now)
			if err != nil {
				t.Fatal(err)
			}
			s := &scope{
				client: testkit.Client, contract: testkit.Contract("revenue", "acme", "mid-market"), glossaries: map[string]*glossary{},
				now: now, pair: &pair{bundle: bundle.Bundle{SLA: terms}}, measurement: &slav1alpha1.SLAMeasurement{
					Status: slav1alpha1.SLAMeasurementStatus{AsOf: &metav1.Time{Time: now}, ClosedThrough: tc.closedThrough},
				},
			}
			if err := s.judge(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, row := range s.judged.Rows {
				if row.Clause == sla.ClauseCompleteness && string(row.Period) != tc.week {
					t.Errorf("judged %s as the current week, want %s", row.Period, tc.week)
				}
			}
		})
	}
}
