// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/sla"
)

// changes are the events of the step from one status to the next.
func (s *scope) changes(before, after *slav1alpha1.SLAContractStatus) []condition.Event {
	out := lifecycleEvents(before, after, s.now)
	out = append(out, clauseEvents(s.contract.Name, before.Scorecard, after.Scorecard)...)
	if s.judged != nil && s.judged.back.IsZero() {
		out = append(out, escalationEvents(before, after, s.judged.Steps, s.judged.zone)...)
		out = append(out, restatementEvents(before.History, after.History, s.measurement)...)
	}
	out = append(out, crmEvents(before.Conditions, after.Conditions)...)
	return append(out, problemEvents(before.Conditions, s.problems)...)
}

// lifecycleEvents are about what is signed and in force.
func lifecycleEvents(before, after *slav1alpha1.SLAContractStatus, now time.Time) []condition.Event {
	var out []condition.Event
	if after.Terms != nil && (before.Terms == nil || before.Terms.Revision != after.Terms.Revision) {
		out = append(out, normal("Ratified", "Ratify", "the terms "+after.Terms.Revision+" are ratified", condition.Revision(after.Terms.Revision)))
	}
	if after.InForce != nil && (before.InForce == nil || before.InForce.Sequence != after.InForce.Sequence) {
		what := "are handed to the workers as"
		if slices.ContainsFunc(before.Scheduled, func(p slav1alpha1.ScheduledPair) bool { return p.Sequence == after.InForce.Sequence }) {
			what = "came into force, as was scheduled, as"
		}
		out = append(out, normal("Adopted", "Adopt", fmt.Sprintf("the terms %s and the definition %s %s pair %d",
			after.InForce.Revision, after.InForce.Definition, what, after.InForce.Sequence), condition.ConfigMap(after.InForce.Bundle)))
	}
	out = append(out, scheduleEvents(before, after, now)...)
	if after.Pending != nil && len(after.Pending.Missing) > 0 && (before.Pending == nil || before.Pending.Digest != after.Pending.Digest) {
		ratified := meta.FindStatusCondition(after.Conditions, slav1alpha1.RatifiedCondition)
		out = append(out, normal(slav1alpha1.ReasonSignOffMissing, "Ratify", condition.Note(ratified), corev1.ObjectReference{}))
	}
	out = append(out, holidayEvents(before, after)...)
	return append(out, condition.StalledEvent(before.Conditions, after.Conditions)...)
}

// scheduleEvents are said once, when a pair is handed out whose time is to come, and when it is superseded before that.
func scheduleEvents(before, after *slav1alpha1.SLAContractStatus, now time.Time) []condition.Event {
	var out []condition.Event
	has := func(all []slav1alpha1.ScheduledPair, sequence int64) bool {
		return slices.ContainsFunc(all, func(p slav1alpha1.ScheduledPair) bool { return p.Sequence == sequence })
	}
	for _, p := range after.Scheduled {
		if !has(before.Scheduled, p.Sequence) {
			out = append(out, normal("Scheduled", "Adopt", fmt.Sprintf("the terms %s and the definition %s are handed to the workers as pair %d, "+
				"which comes into force at %s", p.Revision, p.Definition, p.Sequence, p.EffectiveFrom.UTC().Format(time.RFC3339)),
				condition.ConfigMap(p.Bundle)))
		}
	}
	for _, p := range before.Scheduled {
		if !has(after.Scheduled, p.Sequence) && p.EffectiveFrom.After(now) {
			out = append(out, normal("Superseded", "Adopt", fmt.Sprintf("pair %d, of %s and %s, does not come into force: what was ratified since took its place",
				p.Sequence, p.Revision, p.Definition), condition.ConfigMap(p.Bundle)))
		}
	}
	return out
}

const (
	missed = slav1alpha1.Verdict(sla.VerdictMissed)
	met    = slav1alpha1.Verdict(sla.VerdictMet)
)

// clauseEvents are said once, when a clause becomes missed and when it is met again.
func clauseEvents(contract string, before, after []slav1alpha1.ScorecardRow) []condition.Event {
	was := map[[2]string]slav1alpha1.Verdict{}
	for _, row := range before {
		was[[2]string{row.Clause, row.Tier}] = row.Verdict
	}
	var out []condition.Event
	for _, row := range after {
		old := was[[2]string{row.Clause, row.Tier}]
		note := condition.Cut(fmt.Sprintf("%s %s, target %s, %s", clauseName(row.Clause, row.Tier), row.Actual, row.Target, row.Period))
		counts := corev1.ObjectReference{ // what the clause was judged by
			APIVersion: slav1alpha1.GroupVersion.String(), Kind: "SLAMeasurement", Name: contract,
			FieldPath: "status.rows{" + strings.TrimSuffix(row.Clause+"/"+row.Tier, "/") + "}",
		}
		switch {
		case row.Verdict == missed && old != missed:
			out = append(out, condition.Event{Type: corev1.EventTypeWarning, Reason: "ClauseMissed", Action: "Judge", Note: note, Related: counts})
		case row.Verdict == met && old == missed:
			out = append(out, normal("ClauseMet", "Judge", note, counts))
		}
	}
	return out
}

func normal(reason, action, note string, related corev1.ObjectReference) condition.Event {
	return condition.Event{Type: corev1.EventTypeNormal, Reason: reason, Action: action, Note: note, Related: related}
}
