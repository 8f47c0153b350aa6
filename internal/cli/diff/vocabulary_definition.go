// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"strconv"
	"strings"

	"github.com/handoff-sla/handoff/internal/lead"
)

// vocabulary of one kind: its fields in the order in which changes are told, and what of it both parties sign.
type vocabulary struct {
	words  []word
	signed func(pattern string) bool
}

// What changes mean.
var (
	qualify = effects{stricter: "fewer leads qualify", looser: "more leads qualify"}
	accept  = effects{stricter: "fewer leads become SQL", looser: "more leads become SQL"}
	hold    = effects{party: marketing, stricter: "a lead without it is held", looser: "a lead without it is handed over"}
	keepOut = effects{stricter: "more leads are kept out", looser: "fewer leads are kept out"}
	give    = effects{party: sales, stricter: "the code takes the whole follow-up", looser: "the code may be given before the follow-up is complete"}
	again   = effects{stricter: "such leads come back later, or not at all", looser: "such leads come back, or come back sooner"}
	forS    = effects{party: sales}
	forM    = effects{party: marketing}
)

const (
	marketing = "Marketing"
	sales     = "Sales"

	backtest = "a backtest shows which leads it moves"
	tried    = "the first that holds wins"
)

var definitionVocabulary = vocabulary{signed: func(pattern string) bool { return pattern != "fields[].property" }, words: []word{
	{at: "effectiveFrom", label: "effective from", unit: moment, none: "the last signature", neither: "never before both have signed"},

	{at: "fields", shape: keyed, noun: "field", verdicts: fieldPresence},
	{at: "fields[].type", label: "type", unit: plain, neither: "expressions read another type"},
	{at: "fields[].property", label: "property", unit: plain, none: "the field's own name", neither: "the source's name for it"},
	{at: "fields[].required", unit: flag("required", "optional"), none: "optional", rising: Stricter, effects: hold, known: true},

	{at: "account", shape: clause, noun: "account", neither: "which leads belong together"},
	{at: "account.field", label: "field", unit: plain, neither: "which leads belong together"},

	{at: "identity", label: "identity", unit: names, none: "every lead is a person of its own", neither: "which leads are the same person"},

	{at: "signals", shape: keyed, noun: "signal", neither: "counts where a rule or a criterion reads it"},
	{at: "signals[].activity", label: "activity", unit: plain, neither: "other events count"},
	{at: "signals[].when", label: "when", unit: expression, none: "every such activity", neither: "other events count"},

	{at: "scoring", shape: group},
	{
		at: "scoring.max", label: "highest score", unit: plain, none: strconv.Itoa(lead.DefaultMax) + " (default)", rising: Looser, effects: qualify,
		absent: lead.DefaultMax, known: true, verdicts: scoreNumber,
	},
	{at: "scoring.groups", shape: keyed, noun: "group", parts: "rules"},
	{at: "scoring.groups[].max", label: "max", unit: plain, none: "no limit", rising: Looser, effects: qualify, absent: noLimit, known: true, verdicts: scoreNumber},
	{at: "scoring.groups[].rules", shape: keyed, noun: "rule", nested: true, verdicts: rulePresence},
	{at: "scoring.groups[].rules[].when", label: "when", unit: expression, verdicts: scoreText},
	{at: "scoring.groups[].rules[].signal", label: "signal", unit: plain, verdicts: scoreText},
	{at: "scoring.groups[].rules[].points", label: "points", unit: plain, rising: Looser, effects: qualify, verdicts: scoreNumber},
	{
		at: "scoring.groups[].rules[].max", label: "max", unit: plain, none: "no limit", rising: Looser, effects: qualify, absent: noLimit, known: true,
		verdicts: scoreNumber,
	},
	{
		at: "scoring.groups[].rules[].halfLife", label: "half-life", unit: wall, none: "no decay", rising: Looser, effects: qualify, absent: noLimit, known: true,
		verdicts: scoreDecay,
	},

	{at: "stages", shape: group},
	{at: "stages.mql", shape: group},
	{at: "stages.mql.paths", shape: ordered, noun: "path", label: "paths", rising: Looser, effects: qualify, moved: tried},
	{at: "stages.mql.paths[].threshold", label: "threshold", unit: plain, rising: Stricter, effects: qualify, known: true},
	{at: "stages.mql.paths[].account", shape: clause, noun: "account", neither: backtest},
	{at: "stages.mql.paths[].account.minContacts", label: "contacts at least", unit: plain, rising: Stricter, effects: qualify},
	{at: "stages.mql.paths[].account.threshold", label: "threshold", unit: plain, rising: Stricter, effects: qualify},
	{
		at: "stages.mql.paths[].criteria", shape: sequence, noun: "criterion", key: "message", label: "criteria", rising: Stricter, effects: qualify,
		moved: "the same leads qualify",
	},
	{at: "stages.mql.paths[].criteria[].expression", label: "", unit: expression, neither: backtest},
	{at: "stages.mql.paths[].criteria[].message", label: "message", unit: plain, neither: "the same leads qualify"},
	{at: "stages.sql", shape: group},
	{at: "stages.sql.criteria", shape: keyed, noun: "SQL criterion", rising: Stricter, effects: accept},
	{at: "stages.sql.criteria[].expression", label: "", unit: expression, neither: "other leads become SQL"},
	{at: "stages.sql.criteria[].message", label: "message", unit: plain, neither: "the same leads become SQL"},

	{at: "stages.exclusions", shape: keyed, noun: "exclusion", rising: Stricter, effects: keepOut},
	{at: "stages.exclusions[].when", label: "", unit: expression, neither: "other leads are kept out"},

	{at: "intents", shape: ordered, noun: "intent", label: "intents", moved: tried, neither: "the contract's first-contact tiers must fit"},
	{at: "intents[].when", label: "when", unit: expression, none: "the rest", neither: "other leads have this intent's window of first contact"},

	{at: "dispositions", shape: keyed, noun: "disposition", verdicts: dispositionPresence},
	{at: "dispositions[].outcome", label: "outcome", unit: plain, verdicts: outcomeVerdict},
	{at: "dispositions[].minAttempts", label: "attempts at least", unit: plain, rising: Stricter, effects: forS, known: true},
	{at: "dispositions[].status", label: "status", unit: plain, none: "not stated", neither: "what the CRM shows"},
	{at: "dispositions[].fullCadence", label: "full cadence", unit: ranked("Required"), none: "not demanded", rising: Stricter, effects: give, known: true},
	{at: "dispositions[].suppress", label: "suppressed", unit: ranked("Contact", "Account"), none: "nobody", rising: Stricter, effects: keepOut, known: true},
	{at: "dispositions[].reentry", shape: clause, noun: "re-entry", rising: Looser, effects: again},
	{at: "dispositions[].reentry.after", label: "after", unit: wall, none: "never", rising: Stricter, effects: again},
	{at: "dispositions[].reentry.scoreDelta", label: "score", unit: plain, none: "0", rising: Looser, effects: qualify, known: true},
	{at: "dispositions[].reentry.newContact", label: "new contact", unit: plain, neither: "Required: only another contact brings the account back"},
}}

// noLimit is above every number that the API allows.
const noLimit = 1e12

// fieldPresence: a field matters to Marketing when it is required.
func fieldPresence(q question) verdict {
	if q.entry()["required"] != true {
		return verdict{}
	}
	if q.kind == Removed {
		return hold.of(Looser)
	}
	return hold.of(Stricter)
}

func dispositionPresence(q question) verdict {
	if q.kind == Removed {
		return verdict{effect: "Sales has one reason code less: a lead that gets it counts as without one"}
	}
	return verdict{effect: "Sales has one reason code more"}
}

// outcomeVerdict says what becomes of leads with the reason code.
func outcomeVerdict(q question) verdict {
	switch _, after := q.values(); after {
	case string(lead.Accepted):
		return verdict{effect: "such leads stay with Sales"}
	case string(lead.Recycled):
		return verdict{effect: "such leads return to Marketing"}
	case string(lead.Disqualified):
		return verdict{effect: "such leads leave the rotation"}
	default:
		return verdict{}
	}
}

// scoreNumber judges a number that raises scores. It is without effect where no path asks for a score.
func scoreNumber(q question) verdict {
	word := q.walker.words[q.at.pattern]
	before, after := q.values()
	was, is, ok := word.numbers(before, after)
	direction := word.rising
	switch {
	case !ok:
		return verdict{}
	case was == is:
		return verdict{effect: "the same in effect"}
	case is < was:
		direction = direction.opposite()
	}
	return q.score(direction)
}

// scoreDecay: what takes points away does so for longer.
func scoreDecay(q question) verdict {
	v := scoreNumber(q)
	if points, _ := number(q.entry()["points"]); points < 0 && v.direction != "" {
		return q.score(v.direction.opposite())
	}
	return v
}

func scoreText(q question) verdict {
	v := q.score(Stricter)
	if v.direction != "" {
		return verdict{effect: backtest}
	}
	return v
}

func rulePresence(q question) verdict {
	direction := Looser
	if points, _ := number(q.entry()["points"]); points < 0 {
		direction = Stricter
	}
	if q.kind == Removed {
		direction = direction.opposite()
	}
	return q.score(direction)
}

// score is the verdict on what gives more or fewer points.
func (q question) score(d Direction) verdict {
	if !asksForScore(q.walker.old) && !asksForScore(q.walker.new) {
		return verdict{effect: "changes the score only: no path asks for one"}
	}
	return qualify.of(d)
}

func asksForScore(spec map[string]any) bool {
	for _, path := range asList(asMap(asMap(spec["stages"])["mql"])["paths"]) {
		p := asMap(path)
		if p["threshold"] != nil || asMap(p["account"])["threshold"] != nil {
			return true
		}
	}
	return false
}

func under(pattern string, parents ...string) bool {
	for _, parent := range parents {
		if pattern == parent || strings.HasPrefix(pattern, parent+".") || strings.HasPrefix(pattern, parent+"[]") {
			return true
		}
	}
	return false
}
