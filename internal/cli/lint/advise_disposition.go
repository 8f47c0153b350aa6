// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strings"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

var (
	ruleDispositions = define("incomplete-dispositions", Warning, playbook,
		"dispositions without an outcome Accepted, Recycled or Disqualified, or none at all",
		"every lead ends in one of three ways; what sales cannot say is lost as a lesson, and a rejection without a code improves nothing",
		"add the missing outcome, such as AcceptAsSQL, BadTiming or NotICP")
	ruleNoReentry = define("recycled-without-reentry", Advice, playbook,
		"dispositions that recycle a lead without saying how it may come back",
		"bad timing or a change of stakeholder is recyclable: the account still fits. Without reentry a lead never becomes MQL again",
		"write reentry, such as {after: 90d}")
	ruleNoAttempts = define("no-minimum-attempts", Advice, playbook,
		"dispositions of which none that recycles a lead demands attempts or the full cadence",
		"bad timing is a reason after five attempts, no response after the full cadence; one call and a voicemail are no follow-up",
		"write minAttempts: 5, or fullCadence: Required with a contract that has a followUp, where sales gives up on a lead")
)

func (o *object) adviseDispositions() {
	const path = "spec.dispositions"
	all := o.Definition.Spec.Dispositions
	var missing []string
	for _, outcome := range []slav1alpha1.DispositionOutcome{"Accepted", "Recycled", "Disqualified"} {
		if !slices.ContainsFunc(all, func(d slav1alpha1.Disposition) bool { return d.Outcome == outcome }) {
			missing = append(missing, string(outcome))
		}
	}
	if len(missing) > 0 {
		o.report(ruleDispositions, path, "no disposition has the outcome %s", strings.Join(missing, " or "))
	}
	var gone, recycling []string
	attempts := false
	for _, d := range all {
		if d.Outcome != "Recycled" {
			continue
		}
		recycling = append(recycling, string(d.Name))
		attempts = attempts || d.MinAttempts != nil || d.FullCadence != ""
		if d.Reentry == nil {
			gone = append(gone, string(d.Name))
		}
	}
	if len(gone) > 0 {
		o.report(ruleNoReentry, path, "a lead that is recycled as %s never comes back", strings.Join(gone, ", "))
	}
	if len(recycling) > 0 && !attempts {
		o.report(ruleNoAttempts, path, "a lead may be recycled as %s without one attempt to reach it", strings.Join(recycling, ", "))
	}
}
