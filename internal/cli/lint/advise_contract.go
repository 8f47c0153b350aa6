// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/sla"
)

var (
	ruleTooMany = define("too-many-commitments", Warning, framework,
		"more than five commitments of one side; each first-contact tier is one, as it is a row of the scorecard",
		"complexity kills compliance: every rep should be able to say the obligations in two sentences",
		"start with three to five a side; add more once those work")
	ruleFew = define("few-commitments", Advice, framework,
		"one or two commitments of one side",
		"three to five a side are where to start; with fewer the other side has little to rely on",
		"add what is missing of volume, completeness, score, delivery; acceptance, firstContact, followUp, disposition, rejection, feedback")
	ruleOneSided = define("one-sided", Warning, playbook,
		"terms in which one party, or each, owes nothing",
		"an SLA is reciprocal by design: both teams commit, and both commitments are measured",
		"give each side commitments of its own")
	ruleNoContact = define("no-contact", Advice, framework,
		"a party without a contact",
		"every SLA needs an escalation process; the weekly report says whom to reach about a miss, and cannot",
		"state parties.<side>.contact")
	ruleNoVolume = define("no-volume", Advice, framework,
		"marketing commitments without a volume",
		"a number of qualified leads a month makes marketing think in pipeline, not in activity",
		"add marketing.volume, from the funnel")
	ruleStatedVolume = define("stated-volume", Advice, framework,
		"a volume that is stated and not derived from a funnel",
		"the number should be derived from the revenue target, worked backwards through the funnel",
		"write terms.funnel and volume: {from: Funnel}; kubectl sla simulate funnel works it out")
	ruleNoFirstContact = define("no-first-contact", Warning, playbook,
		"sales commitments without a first contact",
		"speed to lead is the most enforceable clause of the agreement: leads contacted within five minutes are many times more likely to qualify",
		"add sales.firstContact, tiered by intent")
	ruleNoDisposition = define("no-disposition", Advice, framework,
		"sales commitments without a disposition or a rejection clause",
		"without outcomes in time and reason codes marketing cannot improve, and leads simply disappear",
		"add sales.disposition and sales.rejection")
	ruleBenchmark = define("target-below-benchmark", Advice, playbook,
		"a completeness or rejection target below 100 %",
		"the benchmark is 100 % of required fields, and 100 % of rejections with a code: both can be enforced in the CRM",
		"raise the target, or accept it knowingly")
	ruleTargetZero = define("target-zero", Warning, semantics,
		"a target of 0 %",
		"it cannot be missed, so nothing is owed",
		"state a target, or delete the clause")
	ruleNeverRed = define("never-red", Warning, semantics,
		"a target that is not above yellowWithin",
		"however bad the week, the clause shows yellow and never red",
		"lower terms.yellowWithin, or raise the target")
)

// clause of a side, as far as all clauses are alike.
type clause struct {
	name   string
	path   string
	target *slav1alpha1.Percent // nil for volume
	count  int
}

const (
	marketingPath = "spec.terms.marketing"
	salesPath     = "spec.terms.sales"
)

// clauses of a side, read from the document, so that a clause that a later version adds counts too.
func (o *object) clauses(side string) []clause {
	_, _, whole := at(o.root, side)
	if !whole {
		return nil
	}
	node, _, _ := at(o.root, side)
	node = deref(node)
	if node.Kind != yaml.MappingNode {
		return nil
	}
	var out []clause
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		c := clause{name: name, path: side + "." + name, target: o.targets()[side+"."+name], count: 1}
		if list, _, found := at(o.root, c.path+".tiers"); found {
			c.count = max(1, len(deref(list).Content))
		}
		out = append(out, c)
	}
	return out
}

func (o *object) targets() map[string]*slav1alpha1.Percent {
	out := map[string]*slav1alpha1.Percent{}
	if m := o.Contract.Spec.Terms.Marketing; m != nil {
		out[marketingPath+".completeness"] = shareTarget(m.Completeness)
		out[marketingPath+".score"] = shareTarget(m.Score)
		if m.Delivery != nil {
			out[marketingPath+".delivery"] = m.Delivery.TargetPercent
		}
	}
	if s := o.Contract.Spec.Terms.Sales; s != nil {
		out[salesPath+".rejection"] = shareTarget(s.Rejection)
		out[salesPath+".feedback"] = shareTarget(s.Feedback)
		if s.Acceptance != nil {
			out[salesPath+".acceptance"] = s.Acceptance.TargetPercent
		}
		if s.FollowUp != nil {
			out[salesPath+".followUp"] = s.FollowUp.TargetPercent
		}
		if s.FirstContact != nil {
			out[salesPath+".firstContact"] = s.FirstContact.TargetPercent
		}
		if s.Disposition != nil {
			out[salesPath+".disposition"] = s.Disposition.TargetPercent
		}
	}
	return out
}

func shareTarget(c *slav1alpha1.ShareClause) *slav1alpha1.Percent {
	if c == nil {
		return nil
	}
	return c.TargetPercent
}

// adviseContract says what practice says about valid terms.
func (o *object) adviseContract(now time.Time) {
	marketing, sales := o.clauses(marketingPath), o.clauses(salesPath)
	o.adviseCount("marketing", marketingPath, marketing, sales)
	o.adviseCount("sales", salesPath, sales, marketing)
	for _, c := range append(marketing, sales...) {
		o.adviseTarget(c)
	}
	o.adviseClauses(len(marketing) > 0, len(sales) > 0)
	parties := o.Contract.Spec.Terms.Parties
	if parties.Marketing.Contact == "" {
		o.report(ruleNoContact, "spec.terms.parties.marketing", "marketing has no contact")
	}
	if parties.Sales.Contact == "" {
		o.report(ruleNoContact, "spec.terms.parties.sales", "sales has no contact")
	}
	o.adviseWindows()
	o.adviseFunnel()
	o.adviseCalendar(now)
	o.adviseStart()
}

func (o *object) adviseCount(side, path string, mine, others []clause) {
	total := 0
	for _, c := range mine {
		total += c.count
	}
	switch {
	case total == 0 && len(others) > 0:
		o.report(ruleOneSided, "spec.terms", "%s owes nothing, the other side %d things", side, len(others))
	case total == 0 && side == "marketing":
		o.report(ruleOneSided, "spec.terms", "neither side owes anything")
	case total > 5:
		o.report(ruleTooMany, path, "%s owes %d things; more than five are not kept in mind", side, total)
	case total > 0 && total < 3:
		o.report(ruleFew, path, "%s owes %s", side, map[int]string{1: "one thing", 2: "two things"}[total])
	}
}

func (o *object) adviseTarget(c clause) {
	if c.target == nil {
		return
	}
	target, path := int(*c.target), c.path+".targetPercent"
	yellow := sla.DefaultYellowWithin
	if y := o.Contract.Spec.Terms.YellowWithin; y != nil {
		yellow = int(*y)
	}
	switch {
	case target == 0:
		o.report(ruleTargetZero, path, "%s has a target of 0%%", c.name)
	case target <= yellow:
		o.report(ruleNeverRed, path, "%s has a target of %d%%, and is yellow down to %d points below it", c.name, target, yellow)
	case target < 100 && (c.name == "completeness" || c.name == "rejection"):
		o.report(ruleBenchmark, path, "%s has a target of %d%%; the benchmark is 100%%", c.name, target)
	}
}

// adviseClauses looks for the clauses that matter most; a side without any is reported elsewhere.
func (o *object) adviseClauses(marketing, sales bool) {
	if m := o.Contract.Spec.Terms.Marketing; marketing && m != nil {
		switch {
		case m.Volume == nil:
			o.report(ruleNoVolume, marketingPath, "marketing owes no volume")
		case m.Volume.MQLsPerMonth != nil:
			o.report(ruleStatedVolume, marketingPath+".volume.mqlsPerMonth", "%d MQLs a month are stated", *m.Volume.MQLsPerMonth)
		}
	}
	if s := o.Contract.Spec.Terms.Sales; sales && s != nil {
		if s.FirstContact == nil {
			o.report(ruleNoFirstContact, salesPath, "sales owes no first contact")
		}
		if s.Disposition == nil || s.Rejection == nil {
			missing := map[bool]string{true: "disposition", false: "rejection"}[s.Disposition == nil]
			o.report(ruleNoDisposition, salesPath, "sales owes no %s", missing)
		}
	}
}

// tiers of the first contact, as they are written.
func tiers(o *object) []slav1alpha1.FirstContactTier {
	s := o.Contract.Spec.Terms.Sales
	if s == nil || s.FirstContact == nil {
		return nil
	}
	return s.FirstContact.Tiers
}

func tierPath(i int) string { return fmt.Sprintf("%s.firstContact.tiers[%d]", salesPath, i) }
