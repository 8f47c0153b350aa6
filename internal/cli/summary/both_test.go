// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"reflect"
	"testing"

	"github.com/handoff-sla/handoff/internal/sla"
)

func TestBoth(t *testing.T) {
	sixty := 60
	const refused = " What does not fit the agreement is held back or refused until it does."
	cases := map[string]struct {
		terms sla.Terms
		want  string
	}{
		"nothing is said of it": {sla.Terms{}, ""},
		"everything": {
			sla.Terms{
				Parties:     sla.Parties{Executive: &sla.Contact{Owner: "CRO"}},
				Governance:  sla.Governance{ReviewsHeld: "Required", DefinitionRefresh: "Quarterly"},
				Escalation:  sla.Escalation{ConsecutiveMisses: 3, UnresolvedWeeks: 1},
				Enforcement: sla.Enforce,
				Marketing:   &sla.Marketing{Volume: &sla.Volume{MQLsPerMonth: 1, SevereBelowPercent: &sixty}},
				Sales:       &sla.Sales{FirstContact: &sla.FirstContact{SevereBelowContactedPercent: &sixty}},
			},
			"Both hold every review in time, sign definition and terms again each quarter, and deal with what falls short 3 weeks in a row, or once by far " +
				"(less than 60% of the volume or less than 60% of a week's leads contacted), and the CRO with what is not resolved in another week." + refused,
		},
		"the numbers of the house": {
			sla.Terms{Enforcement: sla.Observe},
			"Both deal with what falls short 2 weeks in a row, and the two owners with what is not resolved in another 2 weeks. " +
				"Nothing is held back or refused: what does not fit the agreement is reported.",
		},
		"one week": {
			sla.Terms{Escalation: sla.Escalation{ConsecutiveMisses: 1}},
			"Both deal with what falls short in a week, and the two owners with what is not resolved in another 2 weeks." + refused,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if s := both(tc.terms); s != nil {
				got = s.String()
			}
			if got != tc.want {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
		})
	}
}

// Each part of the governance is heard.
func TestEveryPartOfTheGovernanceIsHeard(t *testing.T) {
	heard := map[string]bool{}
	for _, g := range []sla.Governance{{}, {ReviewsHeld: "Required"}, {DefinitionRefresh: "Quarterly"}, {ReviewsHeld: "Required", DefinitionRefresh: "Quarterly"}} {
		heard[both(sla.Terms{Governance: g, Enforcement: sla.Enforce}).String()] = true
	}
	if n := reflect.TypeFor[sla.Governance]().NumField(); len(heard) != 1<<n {
		t.Errorf("%d ways of %d parts sound like %d", 1<<n, n, len(heard))
	}
}
