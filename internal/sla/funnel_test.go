// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func texts(s FunnelSteps) []string {
	return []string{s.Bookings.RatString(), s.Deals.RatString(), s.Opportunities.RatString(), s.Leads.RatString()}
}

func TestFunnelSteps(t *testing.T) {
	article := Funnel{500000, 50000, "25", "30"}
	steps, err := article.Steps()
	if err != nil || steps.MQLs != 133 {
		t.Fatalf("%d MQLs, %v; want 133", steps.MQLs, err)
	}
	if diff := cmp.Diff([]string{"500000", "10", "40", "400/3"}, texts(steps)); diff != "" {
		t.Error(diff)
	}
	worth, err := Funnel{0, 50000, "25", "30"}.Worth(133)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"498750", "399/40", "399/10", "133"}, texts(worth)); diff != "" {
		t.Error(diff)
	}
}

// Forwards undoes backwards, exactly, wherever the target needed no rounding.
func TestWorthIsTheReverseOfSteps(t *testing.T) {
	for mqls := 1; mqls <= 300; mqls++ {
		for _, rates := range [][2]string{{"100", "100"}, {"12.5", "10.5"}, {"0.1", "33.3"}} {
			worth, err := Funnel{0, 8000, rates[0], rates[1]}.Worth(mqls)
			if err != nil {
				t.Fatal(err)
			}
			if !worth.Bookings.IsInt() {
				continue
			}
			steps, err := Funnel{worth.Bookings.Num().Int64(), 8000, rates[0], rates[1]}.Steps()
			if err != nil || steps.MQLs != mqls || steps.Leads.Cmp(big.NewRat(int64(mqls), 1)) != 0 {
				t.Fatalf("%d MQLs at %v are worth %s, which take %d MQLs (%v)", mqls, rates, worth.Bookings.RatString(), steps.MQLs, err)
			}
		}
	}
}

func TestWorthNamesWhatIsWrong(t *testing.T) {
	_, err := Funnel{0, 0, "0", "101"}.Worth(0)
	want := []string{"terms.funnel.averageDealSize", "terms.funnel.closeRatePercent", "terms.funnel.mqlToOpportunityPercent", "mqlsPerMonth"}
	if diff := cmp.Diff(want, whereOf(t, err)); diff != "" {
		t.Error(diff)
	}
}
