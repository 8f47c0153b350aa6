// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"slices"
	"testing"
)

// A share is rounded to the nearest percent, but not up to what is not reached.
func TestFormatShare(t *testing.T) {
	for want, n := range map[string][3]int64{
		"no leads":          {0, 0, 90},
		"81% (97 of 120)":   {97, 120, 90},
		"89% (896 of 1000)": {896, 1000, 90},
		"92% (917 of 1000)": {917, 1000, 90},
		"90% (896 of 1000)": {896, 1000, 80},
		"99% (999 of 1000)": {999, 1000, 90},
		"100% (5 of 5)":     {5, 5, 100},
	} {
		if got := FormatShare(n[0], n[1], int(n[2])); got != want {
			t.Errorf("%d of %d against %d%% reads %q, want %q", n[0], n[1], n[2], got, want)
		}
	}
}

// Within an indicator the order stays.
func TestWorstFirst(t *testing.T) {
	rows := WorstFirst([]Row{{Tier: "a", Indicator: Green}, {Tier: "b", Indicator: Grey}, {Tier: "c", Indicator: Red}, {Tier: "d", Indicator: Yellow}, {Tier: "e", Indicator: Red}})
	var order []string
	for _, r := range rows {
		order = append(order, r.Tier)
	}
	if want := []string{"c", "e", "d", "b", "a"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

func TestClauseThatIsNone(t *testing.T) {
	if c := Clause("other"); c.Party() != "" || c.EnforcedBy() != "" {
		t.Errorf("party %q, %q", c.Party(), c.EnforcedBy())
	}
}
