// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/sla"
)

func TestCountsWithTimes(t *testing.T) {
	got := Counts([]slav1alpha1.MeasurementRow{{
		Clause: "firstContact", Contacted: new(int64(3)),
		Times: &slav1alpha1.ResponseTimes{
			Leads: new(int64(4)), Within5m: new(int64(1)), Within15m: new(int64(2)), Median: "10m0s", P90: "2h0m0s",
		},
	}})
	want := []sla.Count{{
		Clause: sla.ClauseFirstContact, Contacted: 3,
		Times: sla.Times{Leads: 4, Within5m: 1, Within15m: 2, Median: 10 * time.Minute, P90: 2 * time.Hour},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPaces(t *testing.T) {
	live := time.Date(2027, 1, 13, 5, 0, 0, 0, time.UTC)
	got := Paces([]slav1alpha1.MeasuredPace{
		{Week: "2027-W05", Month: "2027-02", MQLs: new(int64(7)), Revision: "mid-market-terms-1"},
		{Week: "2027-W03", Month: "2027-01", MQLs: new(int64(4)), Revision: "mid-market-terms-1", From: new(metav1.NewTime(live.Local()))},
	})
	want := []sla.Pace{
		{Week: "2027-W05", Month: "2027-02", MQLs: 7, Revision: "mid-market-terms-1"},
		{Week: "2027-W03", Month: "2027-01", MQLs: 4, Revision: "mid-market-terms-1", From: live},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
