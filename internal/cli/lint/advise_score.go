// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"

	"github.com/handoff-sla/handoff/internal/cli/lint/truth"
	"github.com/handoff-sla/handoff/internal/lead"
)

var (
	ruleRuleNever = define("rule-never-matches", Warning, semantics,
		"a scoring rule that no lead can match",
		"its points are never given, so the score is lower than both teams think",
		"correct the condition, or delete the rule")
	ruleRuleAlways = define("rule-always-matches", Advice, semantics,
		"a scoring rule that every lead matches",
		"points that everybody has tell no lead from another: they only lower the threshold",
		"correct the condition, or delete the rule and lower the threshold by its points")
	ruleNoPoints = define("rule-without-effect", Warning, semantics,
		"a rule that can never change the score: no points, or points taken away in a group that has none to take",
		"a group's sum is clamped to 0 and its max before the groups are summed",
		"give it points, or move it into the group whose points it should reduce")
	ruleCapAboveGroup = define("cap-above-group", Advice, semantics,
		"a rule whose points, or whose own max, are above the max of its group",
		"the group's max cuts it off, so the rule can never give what it says",
		"lower the rule's points or max, or raise the group's max")
	ruleGroupNotReached = define("group-max-not-reached", Advice, semantics,
		"a group whose rules together can never give the group's max",
		"whoever reads the max overestimates what the group weighs",
		"lower the group's max to what its rules give, or add points")
	ruleUncapped = define("uncapped-behaviour", Advice, playbook,
		"a behaviour rule without a max in a group without one",
		"a buyer's journey has about ten touchpoints; one behaviour that is repeated often enough should not qualify a lead alone",
		"state a max for the rule or for its group")
	ruleNoDecay = define("no-decay", Advice, playbook,
		"behaviour rules of which none has a half-life",
		"how scores decay over time is part of the scoring model: interest of a year ago is no interest of today",
		"state a halfLife, such as 30d")
	ruleOneKind = define("one-kind-of-score", Advice, playbook,
		"a score of fit rules alone, or of behaviour rules alone",
		"scoring models commonly combine fit with behaviour: either alone hands over the wrong people, or the right ones too early",
		"add a group of the other kind")
	ruleScoreIdle = define("score-decides-nothing", Warning, semantics,
		"scoring in a definition of which no path has a threshold",
		"the score is computed and shown, but qualifies nobody",
		"give a path a threshold, or delete the scoring")
	ruleUnreachable = define("threshold-unreachable", Warning, semantics,
		"a threshold that no combination of rules can reach",
		"no lead will ever take this path, and nobody will be told",
		"lower the threshold, or raise the points and the groups' max")
	ruleBand = define("threshold-outside-band", Advice, playbook,
		"a threshold below 60 or above 75 of 100 points (of scoring.max, in proportion)",
		"thresholds are often between 60 and 75 points, depending on the model: below, sales gets what it ignores; above, too few",
		"check it against converted leads: kubectl sla backtest")
	ruleOneRule = define("threshold-by-one-rule", Advice, framework,
		"a rule whose points for a single match alone reach a threshold",
		"marketing should not decide alone that a download is worth 50 points, and a single click is no reliable signal of intent",
		"lower its points; for what qualifies by itself write a path with a criterion, which says so")
)

// unlimited stands for points without a bound; sums of it stay far from overflow.
const unlimited = 1 << 30

func (o *object) adviseScoring() {
	s := o.definition.Scoring
	if s == nil {
		return
	}
	highest, fit, behaviour, decays := 0, 0, 0, false
	for i, g := range s.Groups {
		path := fmt.Sprintf("spec.scoring.groups[%d]", i)
		for j, r := range g.Rules {
			if r.On == "" {
				fit++
			} else {
				behaviour++
			}
			decays = decays || r.HalfLife != 0
			o.adviseRule(g, r, fmt.Sprintf("%s.rules[%d]", path, j))
		}
		reach := o.reach(g)
		if g.Max != nil && reach < *g.Max {
			o.report(ruleGroupNotReached, path+".max", "group %q has the max %d, but its rules give at most %d", g.Name, *g.Max, reach)
		}
		highest += min(reach, valueOr(g.Max, unlimited))
	}
	if behaviour > 0 && !decays {
		o.report(ruleNoDecay, "spec.scoring", "no behaviour rule has a halfLife: points are kept for ever")
	}
	if fit == 0 || behaviour == 0 {
		kind := map[bool]string{true: "fit", false: "behaviour"}[behaviour == 0]
		o.report(ruleOneKind, "spec.scoring", "the score has rules of %s alone", kind)
	}
	o.adviseThresholds(*s, min(highest, valueOr(s.Max, lead.DefaultMax)))
}

// adviseRule looks at one rule.
func (o *object) adviseRule(g lead.Group, r lead.Rule, path string) {
	name := g.Name + "/" + r.Name
	if e, err := truth.Parse(r.When); r.When != "" && err == nil {
		switch {
		case truth.Never(e, o.definition.Fields):
			o.report(ruleRuleNever, path+".when", "rule %q: no lead matches %s", name, r.When)
		case truth.Always(e, o.definition.Fields):
			o.report(ruleRuleAlways, path+".when", "rule %q: every lead matches %s", name, r.When)
		}
	}
	o.advisePoints(g, r, name, path)
}

func (o *object) advisePoints(g lead.Group, r lead.Rule, name, path string) {
	limit := valueOr(g.Max, unlimited)
	switch {
	case r.Points == 0:
		o.report(ruleNoPoints, path+".points", "rule %q gives no points", name)
	case r.Points < 0 && !givesAny(g):
		o.report(ruleNoPoints, path+".points", "rule %q takes points away in group %q, of which no rule gives any", name, g.Name)
	case r.Points > limit:
		o.report(ruleCapAboveGroup, path+".points", "rule %q gives %d points, but its group at most %d", name, r.Points, limit)
	case valueOr(r.Max, 0) > limit:
		o.report(ruleCapAboveGroup, path+".max", "rule %q may give %d, but its group at most %d", name, *r.Max, limit)
	case r.On != "" && r.Points > 0 && r.Max == nil && g.Max == nil:
		o.report(ruleUncapped, path, "rule %q gives %d points for each occurrence, without any limit but the score's", name, r.Points)
	}
}

func givesAny(g lead.Group) bool {
	for _, r := range g.Rules {
		if r.Points > 0 {
			return true
		}
	}
	return false
}

// reach is the most that a group's rules can give one lead, before the group's own max. It may be too high, never too low: where
// the rules tell too many kinds of leads apart, those that exclude each other are taken to match together.
func (o *object) reach(g lead.Group) int {
	behaviour, most := 0, 0
	var fit []lead.Rule
	for _, r := range g.Rules {
		switch {
		case r.On == "":
			fit = append(fit, r)
			most += max(r.Points, 0)
		case r.Points > 0:
			behaviour += valueOr(r.Max, unlimited)
		}
	}
	if exact, ok := o.mostOf(fit); ok {
		most = exact
	}
	return min(most+behaviour, unlimited)
}

// mostOf is the most that fit rules give any one lead; rules that cannot be told apart go through all kinds of leads together.
func (o *object) mostOf(fit []lead.Rule) (int, bool) {
	space := truth.NewSpace(o.definition.Fields)
	for _, r := range fit {
		e, err := truth.Parse(r.When)
		if err != nil {
			return 0, false
		}
		space.Add(e)
	}
	most := 0
	known := space.Each(func(outcomes []truth.Outcome) bool {
		sum := 0
		for i, outcome := range outcomes {
			if outcome == truth.True {
				sum += fit[i].Points
			}
		}
		most = max(most, sum)
		return true
	})
	return most, known
}

// adviseThresholds compares the paths' thresholds with what the rules give; highest is the most that any lead can score.
func (o *object) adviseThresholds(s lead.Scoring, highest int) {
	scored := false
	top := valueOr(s.Max, lead.DefaultMax)
	for i, p := range o.definition.Paths {
		path := fmt.Sprintf("spec.stages.mql.paths[%d]", i)
		scored = scored || p.Account != nil
		if p.Threshold == nil {
			continue
		}
		scored = true
		threshold := *p.Threshold
		percent := 100 * float64(threshold) / float64(top)
		switch {
		case threshold > highest:
			o.report(ruleUnreachable, path+".threshold", "path %q asks for %d points, but the rules give no lead more than %d", p.Name, threshold, highest)
		case percent < 60 || percent > 75:
			scale := ""
			if top != 100 {
				scale = fmt.Sprintf(", which is %.0f of 100", percent)
			}
			o.report(ruleBand, path+".threshold", "path %q has the threshold %d of %d%s; usual are 60 to 75 of 100", p.Name, threshold, top, scale)
		}
		o.adviseSingleRule(s, p, path)
	}
	if !scored {
		o.report(ruleScoreIdle, "spec.scoring", "no path has a threshold, so the score decides nothing")
	}
}

func (o *object) adviseSingleRule(s lead.Scoring, p lead.Path, path string) {
	for _, g := range s.Groups {
		for _, r := range g.Rules {
			given := min(r.Points, valueOr(r.Max, unlimited), valueOr(g.Max, unlimited))
			if given >= *p.Threshold {
				o.report(ruleOneRule, path+".threshold", "rule %q gives %d points for one match, and path %q asks for %d", g.Name+"/"+r.Name, given, p.Name, *p.Threshold)
			}
		}
	}
}

func valueOr(v *int, otherwise int) int {
	if v != nil {
		return *v
	}
	return otherwise
}
