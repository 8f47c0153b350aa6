// SPDX-License-Identifier: Apache-2.0

package life

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/ledger"
)

func TestWhatACorrectionChanged(t *testing.T) {
	for name, tc := range map[string]struct {
		correction ledger.Correction
		want       []string
	}{
		"a clause": {
			ledger.Correction{Before: map[string]any{"clause": "firstContact", "state": "Missed"}, After: map[string]any{"clause": "firstContact", "state": "Met"}},
			[]string{"state: Missed, now Met"},
		},
		"a stamp that is taken back": {
			ledger.Correction{Before: map[string]any{"sal_at": "2027-01-05"}, After: map[string]any{"sal_at": nil}}, []string{"sal_at: 2027-01-05, now none"},
		},
		"a clause that is withdrawn": {ledger.Correction{Before: map[string]any{"state": "Met"}}, []string{"state: Met, now none"}},
		"a merge": {
			ledger.Correction{Before: map[string]any{"stage": "MQL"}, After: map[string]any{"into": "lead-2"}}, []string{"into: lead-2", "stage: was MQL"},
		},
		"an idle merge": {ledger.Correction{After: map[string]any{"merged": "lead-3"}}, []string{"merged: lead-3"}},
	} {
		if diff := cmp.Diff(tc.want, changed(tc.correction)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
