// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"slices"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

var (
	ruleNotOwed = define("clause-not-in-terms", Warning, semantics,
		"a waiver, a remediation or a dispute about a clause that the terms do not have",
		"nothing is judged by that clause, so there is nothing to waive, to mend or to dispute",
		"name a clause of the terms, or delete the entry")
	ruleWaiverUnsigned = define("waiver-not-signed", Warning, operator,
		"a waiver that both parties have not signed",
		"it has no effect: a week is waived when both signed within 7 days of its end",
		"kubectl sla sign --waiver NAME --party ... --by ... FILE")
	ruleWaiverOther = define("waiver-sign-off-of-another-text", Error, operator,
		"a sign-off of a waiver whose digest is not that of the waiver as it is written, or that is of another contract",
		"it does not count: the party agreed to other days, another clause or another reason",
		"have the party sign what is written: kubectl sla sign --waiver NAME --party ... --by ... FILE")
	ruleWaiverLate = define("waiver-too-late", Warning, operator,
		"a waiver of a week that ended more than 7 days before both had signed it",
		"that week is judged all the same: what is known to have fallen short cannot be waived afterwards",
		"let the waiver begin later; record a plan (spec.remediations) for what has happened")
	ruleOverdue = define("remediation-overdue", Warning, semantics,
		"a plan whose day has passed and that is not done",
		"every report carries it on, and its escalation goes up if the clause still falls short",
		"write done: YYYY-MM-DD, or agree on another day")
	ruleEscalation = define("escalation-out-of-the-ordinary", Advice, framework,
		"level 2 after one missed week or after more than four, or level 3 after more than four weeks of level 2",
		"two weeks running is when both owners should look: one week may be chance, and five are a lost quarter",
		"consecutiveMisses: 2 to 4, unresolvedWeeks: 1 to 4")
	ruleNoExecutive = define("no-executive", Advice, framework,
		"terms with an escalation and no executive",
		"at level 3, and in a dispute, the two owners who did not agree would decide",
		"state parties.executive")
	ruleObserve = define("observe", Advice, playbook,
		"terms that only observe",
		"what a system does not enforce depends on goodwill: leads without required fields are handed off, and rejections need no reason code",
		"observe while the baseline is measured, then write enforcement: Enforce")
	ruleNobodyReviews = define("reviews-without-cadence", Warning, semantics,
		"governance.reviewsHeld in a contract that no cadence among what was given reviews",
		"no review is ever due, so the commitment cannot be missed",
		"write a ReviewCadence for the contract, or lint its file too")
	ruleApart = define("effective-dates-apart", Warning, semantics,
		"terms that take effect at another time than their definition, or before others that are scheduled already",
		"between the two dates leads are judged by a pair that nobody has read together; and terms that are signed later take the place of earlier ones that would follow them",
		"write the same effectiveFrom into both; after what is scheduled, or again in its place")
)

const (
	fewestMisses, mostMisses = 2, 4
	mostWeeks                = 4
	signedWithin             = 7 * 24 * time.Hour
)

// owed are the clauses that the terms have.
func (o *object) owed() []string {
	var out []string
	for _, side := range []string{marketingPath, salesPath} {
		for _, c := range o.clauses(side) {
			out = append(out, c.name)
		}
	}
	if g := o.Contract.Spec.Terms.Governance; g != nil {
		if g.ReviewsHeld != "" {
			out = append(out, "reviewsHeld")
		}
		if g.DefinitionRefresh != "" {
			out = append(out, "definitionRefresh")
		}
	}
	return out
}

// checkGovernance of valid terms, and of what is recorded beside them.
func (o *object) checkGovernance(now time.Time) {
	spec, owed := o.Contract.Spec, o.owed()
	check := func(path string, name slav1alpha1.ClauseName) {
		if !slices.Contains(owed, string(name)) {
			o.report(ruleNotOwed, path+".clause", "the terms have no %s", name)
		}
	}
	zone := o.terms.Hours().Location()
	today := now.In(zone).Format(time.DateOnly)
	for i, w := range spec.Waivers {
		path := fmt.Sprintf("spec.waivers[%d]", i)
		check(path, w.Clause)
		o.checkWaiver(path, w, now, zone)
	}
	for i, r := range spec.Remediations {
		path := fmt.Sprintf("spec.remediations[%d]", i)
		check(path, r.Clause)
		if r.Done == "" && string(r.Due) < today {
			o.report(ruleOverdue, path+".due", "%s was due on %s", r.Name, r.Due)
		}
	}
	if d := spec.Dispute; d != nil && d.Clause != "" {
		check("spec.dispute", d.Clause)
	}
	o.adviseGovernance()
}

// checkWaiver that is not over, or that is signed.
func (o *object) checkWaiver(path string, w slav1alpha1.Waiver, now time.Time, zone *time.Location) {
	o.checkWaiverSignOffs(path, w)
	signed := time.Time{}
	for _, off := range w.SignOffs {
		if off.At.After(signed) {
			signed = off.At.Time
		}
	}
	if len(w.SignOffs) < 2 {
		signed = now // at the earliest
		o.waiverUnsigned(path, w)
	}
	// A week is waived as a whole when the waiver touches it.
	first, err := time.ParseInLocation(time.DateOnly, string(w.From), zone)
	if err != nil {
		return // the schema lets 30 February pass: no week is touched
	}
	_, ends, err := sla.WeekOf(first, zone).Bounds(zone)
	if err == nil && signed.After(ends.Add(signedWithin)) {
		o.report(ruleWaiverLate, path+".from", "%s could be signed until %s", sla.WeekOf(first, zone), ends.Add(signedWithin).Format(time.RFC3339))
	}
}

// checkWaiverSignOffs by the digest of the waiver, where the manifest says in which namespace it is.
func (o *object) checkWaiverSignOffs(path string, w slav1alpha1.Waiver) {
	if o.Namespace == "" {
		return
	}
	digest, err := sla.DigestWaiver(convert.Waiver(o.Namespace, o.Name, w))
	if err != nil {
		return // the schema has said what is wrong
	}
	subject := sla.Subject{Namespace: o.Namespace, Name: o.Name, Digest: digest}
	for i, off := range convert.SignOffs(w.SignOffs) {
		if off.Digest != digest {
			o.report(ruleWaiverOther, fmt.Sprintf("%s.signOffs[%d].digest", path, i), "%s signed %s, another text of %s than %s, which is written now", off.Party,
				short(off.Digest), w.Name, short(digest))
		} else if elsewhere := subject.Elsewhere(off); elsewhere != "" {
			o.report(ruleWaiverOther, fmt.Sprintf("%s.signOffs[%d].object", path, i), "%s", elsewhere)
		}
	}
}

func (o *object) waiverUnsigned(path string, w slav1alpha1.Waiver) {
	signed := map[slav1alpha1.Party]bool{}
	for _, off := range w.SignOffs {
		signed[off.Party] = true
	}
	switch {
	case signed[slav1alpha1.PartyMarketing]:
		o.report(ruleWaiverUnsigned, path+".signOffs", "Sales has not signed %s", w.Name)
	case signed[slav1alpha1.PartySales]:
		o.report(ruleWaiverUnsigned, path+".signOffs", "Marketing has not signed %s", w.Name)
	default:
		o.report(ruleWaiverUnsigned, path+".signOffs", "neither Marketing nor Sales has signed %s", w.Name)
	}
}

func (o *object) adviseGovernance() {
	terms := o.Contract.Spec.Terms
	if e := terms.Escalation; e != nil {
		if e.Level2 != nil && (e.Level2.ConsecutiveMisses < fewestMisses || e.Level2.ConsecutiveMisses > mostMisses) {
			o.report(ruleEscalation, "spec.terms.escalation.level2.consecutiveMisses", "level 2 after %s", weeksOf(e.Level2.ConsecutiveMisses, "missed week"))
		}
		if e.Level3 != nil && e.Level3.UnresolvedWeeks > mostWeeks {
			o.report(ruleEscalation, "spec.terms.escalation.level3.unresolvedWeeks", "level 3 after %s of level 2", weeksOf(e.Level3.UnresolvedWeeks, "week"))
		}
		if terms.Parties.Executive == nil {
			o.report(ruleNoExecutive, "spec.terms.parties", "the terms escalate, and name no executive")
		}
	}
	if terms.Enforcement == slav1alpha1.Observe {
		o.report(ruleObserve, "spec.terms.enforcement", "nothing is held back or refused")
	}
}

func weeksOf(n int32, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// checkDates of terms and their definition that are both still to come, or one of them.
func (o *object) checkDates(definition *object, now time.Time) {
	terms, from := o.Contract.Spec.Terms.EffectiveFrom, definition.Definition.Spec.EffectiveFrom
	switch {
	case from == nil || !from.After(now):
		return // the definition is there when the terms come
	case terms == nil:
		o.report(ruleApart, "spec.terms", "they take effect at once, and %s on %s", definition, from.UTC().Format(time.RFC3339))
	case terms.Before(from):
		o.report(ruleApart, "spec.terms.effectiveFrom", "they take effect on %s, and %s on %s", terms.UTC().Format(time.RFC3339), definition,
			from.UTC().Format(time.RFC3339))
	}
}
