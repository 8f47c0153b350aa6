// SPDX-License-Identifier: Apache-2.0

package sla

// mostWeeks bounds what an escalation counts: longer than half a year, nobody waits.
const mostWeeks = 26

// compileGovernance checks what escalates and how the terms are enforced.
func compileGovernance(problems *Problems, t Terms) {
	weeks := func(where string, n int) {
		if n < 0 || n > mostWeeks {
			problems.add(where, "%d is outside 1 to %d", n, mostWeeks)
		}
	}
	weeks("terms.escalation.level2.consecutiveMisses", t.Escalation.ConsecutiveMisses)
	weeks("terms.escalation.level3.unresolvedWeeks", t.Escalation.UnresolvedWeeks)
	one := func(where, value string, known ...string) {
		for _, k := range append(known, "") {
			if value == k {
				return
			}
		}
		problems.add(where, "%q is unknown; write %s", value, orList(known))
	}
	one("terms.enforcement", string(t.Enforcement), string(Enforce), string(Observe))
	one("terms.governance.reviewsHeld", t.Governance.ReviewsHeld, "Required")
	one("terms.governance.definitionRefresh", t.Governance.DefinitionRefresh, "Quarterly")
	if x := t.Parties.Executive; x != nil && x.Owner == "" {
		problems.add("terms.parties.executive.owner", "is empty; write who decides, or leave the executive out")
	}
	if m := t.Marketing; m != nil && m.Volume != nil {
		checkSevere(problems, "terms.marketing.volume.severeBelowPercent", m.Volume.SevereBelowPercent, 100)
	}
	if s := t.Sales; s != nil && s.FirstContact != nil {
		checkSevere(problems, "terms.sales.firstContact.severeBelowContactedPercent", s.FirstContact.SevereBelowContactedPercent, s.FirstContact.TargetPercent)
	}
}

// checkSevere: what is missed by far is missed, so that its bound is not above the target.
func checkSevere(problems *Problems, where string, percent *int, target int) {
	switch {
	case percent == nil:
	case *percent < 0 || *percent > 100:
		problems.add(where, "%d is outside 0 to 100", *percent)
	case *percent > target:
		problems.add(where, "%d is above the target of %d: a week that meets the clause would miss it by far; lower it", *percent, target)
	}
}

func orList(words []string) string {
	text := ""
	for i, w := range words {
		if i > 0 {
			text += " or "
		}
		text += w
	}
	return text
}
