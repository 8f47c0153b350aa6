// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/lint/truth"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

var (
	ruleShortCadence = define("short-cadence", Advice, framework,
		"a follow-up of fewer than six attempts, over less than ten days, over more than fourteen, or through one channel",
		"the standard is six to eight touches over ten to fourteen days across several channels; a single call and a voicemail are no follow-up",
		"write followUp: {attempts: 6, minSpan: 10d, within: 14d, channels: 2}")
	ruleBeforeFollowUp = define("disposition-before-follow-up", Warning, semantics,
		"a disposition window that is shorter than the follow-up's",
		"the outcome is due before the follow-up has to be complete: sales misses one clause or the other",
		"give the disposition the follow-up's window and some days, such as 16d after 14d")
	ruleNotDemanded = define("cadence-not-demanded", Advice, playbook,
		"a follow-up in the terms, and a definition of which no reason code demands it",
		"a lead that is given back with a code is out of the clause, so that a lead may be given up with a code after one call",
		"write fullCadence: Required at the code for a lead that never answered, such as NoResponse")
	ruleNoStart = define("no-effective-date", Advice, semantics,
		"terms that nobody has signed yet, and that have no effectiveFrom",
		"leads that qualified before the contract went live are out of it only when the terms say from when on they count; without a date the first signatures bring in the clocks of all that are in the ledger",
		"write terms.effectiveFrom, the first instant of a week to come")
	ruleExclusionAlways = define("exclusion-always", Warning, semantics,
		"an exclusion that no lead with its required fields can miss",
		"no lead would ever be handed off",
		"narrow its condition")
	ruleExclusionNever = define("exclusion-never", Warning, semantics,
		"an exclusion that no lead can be kept out by",
		"whom it is meant for is handed off",
		"correct its condition")
)

// What the framework calls the standard.
const (
	cadenceAttempts = 6
	cadenceChannels = 2
	cadenceTo       = 14 * 24 * time.Hour
)

// adviseFollowUp looks at the cadence itself.
func (o *object) adviseFollowUp(f sla.FollowUp) {
	const path = salesPath + ".followUp"
	var short []string
	if f.Attempts < cadenceAttempts {
		short = append(short, fmt.Sprintf("%d attempts (the standard is 6 to 8)", f.Attempts))
	}
	switch {
	case f.MinSpan < cadenceFrom:
		short = append(short, "a span of "+orNone(f.MinSpan)+" (10 to 14 days)")
	case f.MinSpan > cadenceTo:
		short = append(short, "a span of "+sla.FormatWindow(f.MinSpan)+" (10 to 14 days)")
	}
	if f.Channels < cadenceChannels {
		short = append(short, "one channel (several)")
	}
	if len(short) > 0 {
		o.report(ruleShortCadence, path, "the follow-up has %s", strings.Join(short, ", "))
	}
}

func orNone(d time.Duration) string {
	if d == 0 {
		return "no time"
	}
	return sla.FormatWindow(d)
}

// adviseDispositionWindow compares it with what has to come before an outcome: the longest first contact and the follow-up.
func (o *object) adviseDispositionWindow(s sla.Sales, longest time.Duration) {
	const path = salesPath + ".disposition.within"
	switch within := s.Disposition.Within; {
	case within < longest:
		o.report(ruleBeforeContact, path, "an outcome is due after %s, but a first contact only after %s of business time",
			sla.FormatWindow(within), hours(longest))
	case s.FollowUp != nil && within < s.FollowUp.Within:
		o.report(ruleBeforeFollowUp, path, "an outcome is due after %s, but the follow-up only after %s", sla.FormatWindow(within), sla.FormatWindow(s.FollowUp.Within))
	case s.FollowUp == nil && within < cadenceFrom:
		o.report(ruleInsideCadence, path, "an outcome is due after %s, before a follow-up of ten to fourteen days is done", sla.FormatWindow(within))
	}
}

// adviseStart of a contract that is not in force yet: later its date is a thing of the past.
func (o *object) adviseStart() {
	if len(o.Contract.Spec.SignOffs) == 0 && o.Contract.Spec.Terms.EffectiveFrom == nil {
		o.report(ruleNoStart, "spec.terms", "no effectiveFrom: leads that qualified before go-live would count")
	}
}

// adviseCadence looks for a reason code that demands the follow-up of the terms.
func (o *object) adviseCadence(definition *object) {
	s := o.terms.Terms().Sales
	if s == nil || s.FollowUp == nil {
		return
	}
	demands := func(d lead.Disposition) bool { return d.FullCadence != "" }
	if all := definition.definition.Dispositions; len(all) > 0 && !slices.ContainsFunc(all, demands) {
		o.report(ruleNotDemanded, salesPath+".followUp", "no reason code of %s demands it", definition)
	}
}

// adviseExclusions: a lead that qualifies has its required fields, so these are present here.
func (o *object) adviseExclusions() {
	present := required(o.definition.Fields)
	for i, x := range o.definition.Exclusions {
		e, err := truth.Parse(x.When)
		if err != nil {
			continue
		}
		path := fmt.Sprintf("spec.stages.exclusions[%d].when", i)
		switch {
		case truth.Always(e, o.definition.Fields, present...):
			o.report(ruleExclusionAlways, path, "the exclusion %q keeps every lead out by %s", x.Name, x.When)
		case truth.Never(e, o.definition.Fields):
			o.report(ruleExclusionNever, path, "the exclusion %q keeps no lead out by %s", x.Name, x.When)
		}
	}
}
