// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/handoff-sla/handoff/internal/sla"
)

// both is what both sides owe the agreement itself, in two sentences; nil where the terms do not speak of it.
func both(t sla.Terms) *Sentence {
	severe := severe(t)
	if t.Governance == (sla.Governance{}) && t.Escalation == (sla.Escalation{}) && t.Enforcement == "" && t.Parties.Executive == nil && severe == "" {
		return nil
	}
	var does []string
	if t.Governance.ReviewsHeld != "" {
		does = append(does, "hold every review in time")
	}
	if t.Governance.DefinitionRefresh != "" {
		does = append(does, "sign definition and terms again each quarter")
	}
	misses := cmp.Or(t.Escalation.ConsecutiveMisses, sla.DefaultConsecutiveMisses)
	deal := "deal with what falls short " + running(misses)
	if severe != "" {
		deal += ", or once by far (" + severe + ")"
	}
	last := "the two owners"
	if x := t.Parties.Executive; x != nil {
		last = "the " + strings.TrimPrefix(x.Owner, "the ")
	}
	lasts := counted(cmp.Or(t.Escalation.UnresolvedWeeks, sla.DefaultUnresolvedWeeks), "week")
	first := fmt.Sprintf("Both %s, and %s with what is not resolved in another %s.", list(append(does, deal)), last, lasts)
	kept := "What does not fit the agreement is held back or refused until it does."
	if t.Enforcement == sla.Observe {
		kept = "Nothing is held back or refused: what does not fit the agreement is reported."
	}
	return &Sentence{first, kept}
}

// severe misses that the terms state.
func severe(t sla.Terms) string {
	var parts []string
	if m := t.Marketing; m != nil && m.Volume != nil && m.Volume.SevereBelowPercent != nil {
		parts = append(parts, fmt.Sprintf("less than %d%% of the volume", *m.Volume.SevereBelowPercent))
	}
	if s := t.Sales; s != nil && s.FirstContact != nil && s.FirstContact.SevereBelowContactedPercent != nil {
		parts = append(parts, fmt.Sprintf("less than %d%% of a week's leads contacted", *s.FirstContact.SevereBelowContactedPercent))
	}
	return either(parts)
}

// running weeks.
func running(n int) string {
	if n == 1 {
		return "in a week"
	}
	return counted(n, "week") + " in a row"
}

func counted(n int, word string) string {
	if n == 1 {
		return word
	}
	return fmt.Sprintf("%d %s", n, noun(n, word))
}
