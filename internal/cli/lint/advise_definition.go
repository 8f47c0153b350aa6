// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/cli/lint/truth"
	"github.com/handoff-sla/handoff/internal/lead"
)

var (
	ruleNoRequired = define("no-required-field", Warning, framework,
		"a definition without a required field",
		"missing data creates friction and gives reps an excuse not to follow up; the completeness clause would be met by an empty record",
		"mark the minimum: company, its size, contact, title, email, phone and source")
	ruleUnreadField = define("unread-field", Advice, semantics,
		"a field that is not required and that no expression of the definition, or of the contracts given, reads",
		"it is collected and signed for nothing",
		"use it, mark it required, or delete it")
	ruleUnreadSignal = define("unread-signal", Advice, semantics,
		"a signal that no rule and no expression of the definition, or of the contracts given, reads",
		"behaviour is counted that decides nothing",
		"use it in a rule or a criterion, or delete it")
	ruleSignalNever = define("signal-never-counts", Warning, semantics,
		"a signal whose `when` can never be true",
		"no activity counts, so whatever reads the signal never holds",
		"correct the condition")
	ruleNoIntents = define("no-intents", Advice, playbook,
		"a definition without intents",
		"a single response window is the wrong design: a demo request earns minutes, a content download hours",
		"name at least High and Standard, and tier the first contact by them")
	ruleIntentAlways = define("intent-always", Warning, semantics,
		"an intent, before the last, that no lead can miss",
		"intents are tried in order: the ones after it never apply",
		"narrow its condition")
	ruleIntentNever = define("intent-never", Warning, semantics,
		"an intent that no lead can have, by itself or because earlier ones take all its leads",
		"its first-contact window never applies",
		"correct its condition or its place in the order")
	ruleNoAccount = define("no-buying-group", Advice, playbook,
		"a definition without a path over the account",
		"the unit of measurement has moved from the single lead to the buying group: several contacts of an account say more than one person's form fills",
		"name the account's field and add a path with account: {minContacts: 2, threshold: ...}")
)

// adviseDefinition says what practice says about a valid definition.
func (o *object) adviseDefinition() {
	d := *o.definition
	if !slices.ContainsFunc(d.Fields, func(f lead.Field) bool { return f.Required }) {
		o.report(ruleNoRequired, "spec.fields", "none of the %d fields is required", len(d.Fields))
	}
	for i, s := range d.Signals {
		if e, err := truth.Parse(s.When); s.When != "" && err == nil && truth.Never(e, nil) {
			o.report(ruleSignalNever, fmt.Sprintf("spec.signals[%d].when", i), "signal %q: no activity counts by %s", s.Name, s.When)
		}
	}
	o.adviseScoring()
	for i, p := range d.Paths {
		o.advisePath(p, fmt.Sprintf("spec.stages.mql.paths[%d]", i))
	}
	if !slices.ContainsFunc(d.Paths, func(p lead.Path) bool { return p.Account != nil }) {
		o.report(ruleNoAccount, "spec.stages.mql.paths", "no path looks at the contacts of an account together")
	}
	o.adviseSQL()
	o.adviseIntents()
	o.adviseDispositions()
	o.adviseExclusions()
}

// adviseIntents: a lead that qualifies has its required fields, so these are present here.
func (o *object) adviseIntents() {
	intents := o.definition.Intents
	if len(intents) == 0 {
		o.report(ruleNoIntents, "spec", "there are no intents: every lead is %s", lead.DefaultIntent)
		return
	}
	present := required(o.definition.Fields)
	space := truth.NewSpace(o.definition.Fields, present...)
	reached := make([]bool, len(intents))
	for _, in := range intents[:len(intents)-1] {
		e, err := truth.Parse(in.When)
		if err != nil {
			return
		}
		space.Add(e)
	}
	known := space.Each(func(outcomes []truth.Outcome) bool {
		first := slices.Index(outcomes, truth.True)
		if first < 0 {
			first = len(intents) - 1
		}
		reached[first] = true
		return slices.Contains(reached, false)
	})
	if known {
		o.adviseReached(intents, reached, present)
	}
}

// required fields are there, and not blank, once a lead has qualified.
func required(fields []lead.Field) []string {
	var names []string
	for _, f := range fields {
		if f.Required {
			names = append(names, f.Name)
		}
	}
	return names
}

func (o *object) adviseReached(intents []lead.Intent, reached []bool, present []string) {
	for i, in := range intents {
		path := fmt.Sprintf("spec.intents[%d]", i)
		e, err := truth.Parse(in.When)
		always := i < len(intents)-1 && err == nil && truth.Always(e, o.definition.Fields, present...)
		switch {
		case always && reached[i]:
			o.report(ruleIntentAlways, path+".when", "every lead has the intent %q; %s never applies", in.Name, strings.Join(namesOf(intents[i+1:]), ", "))
			return
		case !reached[i]:
			o.report(ruleIntentNever, path, "no lead has the intent %q", in.Name)
		case in.When != "" && err == nil && readsNothing(e):
			o.report(ruleConstant, path+".when", "intent %q: %s reads no field and no signal", in.Name, in.When)
		}
	}
}

func namesOf(intents []lead.Intent) []string {
	var names []string
	for _, in := range intents {
		names = append(names, in.Name)
	}
	return names
}

// adviseUnread looks for fields and signals that nothing reads; alsoFields and alsoSignals are read by others.
func (o *object) adviseUnread(alsoFields, alsoSignals []string) {
	if o.errors() > 0 {
		return
	}
	fields, signals := append(slices.Clone(alsoFields), o.definition.Identity...), slices.Clone(alsoSignals)
	o.expressions(func(e *truth.Expression) {
		fields, signals = append(fields, e.Reads("lead")...), append(signals, e.Reads("signals")...)
	})
	if a := o.definition.Account; a != nil {
		fields = append(fields, a.Field)
	}
	if s := o.definition.Scoring; s != nil {
		for _, g := range s.Groups {
			for _, r := range g.Rules {
				signals = append(signals, r.On)
			}
		}
	}
	for i, f := range o.definition.Fields {
		if !f.Required && !slices.Contains(fields, f.Name) {
			o.report(ruleUnreadField, fmt.Sprintf("spec.fields[%d]", i), "nothing reads the field %q", f.Name)
		}
	}
	for i, s := range o.definition.Signals {
		if !slices.Contains(signals, s.Name) {
			o.report(ruleUnreadSignal, fmt.Sprintf("spec.signals[%d]", i), "nothing reads the signal %q", s.Name)
		}
	}
}
