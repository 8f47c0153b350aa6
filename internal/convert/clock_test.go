// SPDX-License-Identifier: Apache-2.0

package convert_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
)

// Week 3 is closed, so that the open one begins on Monday, 25 January 2027; the newest count is of Wednesday.
func TestTheLedgersClockIsTheClock(t *testing.T) {
	wednesday := time.Date(2027, 1, 27, 12, 0, 0, 0, time.UTC)
	asOf := metav1.NewTime(wednesday)
	measured := slav1alpha1.SLAMeasurementStatus{AsOf: &asOf, ClosedThrough: "2027-W03"}
	tests := map[string]struct {
		own  time.Time
		m    slav1alpha1.SLAMeasurementStatus
		want time.Time
	}{
		"nothing is measured":           {wednesday, slav1alpha1.SLAMeasurementStatus{}, wednesday},
		"both clocks agree":             {wednesday.Add(time.Hour), measured, wednesday.Add(time.Hour)},
		"the other is behind by hours":  {wednesday.Add(-time.Hour), measured, wednesday},
		"the other is behind by a year": {wednesday.AddDate(-1, 0, 0), measured, wednesday},
		"the other is ahead by a year":  {wednesday.AddDate(1, 0, 0), measured, wednesday},
		"a week is closed, and nothing was counted since": {
			wednesday.AddDate(-1, 0, 0), slav1alpha1.SLAMeasurementStatus{ClosedThrough: "2027-W03"}, time.Date(2027, 1, 25, 0, 0, 0, 0, time.UTC),
		},
	}
	for name, tc := range tests {
		if got := convert.LedgerNow(tc.own, tc.m, time.UTC); !got.Equal(tc.want) {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}
