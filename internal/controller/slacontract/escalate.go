// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// toldFor is for how long a step is handed to the workers, which tell people of it: longer than they look back.
const toldFor = 28 * 24 * time.Hour

// standing is what the workers tell people of: the steps of the last weeks, by the ledger's time.
func standing(j *judge.Judgement, now time.Time) bundle.Standing {
	var out bundle.Standing
	for _, step := range j.Steps {
		if step.At.Before(now.Add(-toldFor)) {
			continue
		}
		told := bundle.EscalationStep{Clause: step.Clause, Level: step.Level, At: step.At.UTC(), Reason: step.Reason}
		if open := openAt(j, step); open != nil {
			told.Owners, told.Since, told.Due, told.Clears = open.Owners, open.Since.UTC(), open.Due.UTC(), open.Clears
		}
		out.Steps = append(out.Steps, told)
	}
	return out
}

// openAt is the open escalation that a step raised to its level; nil when it went on, or is over.
func openAt(j *judge.Judgement, step judge.Step) *judge.Escalation {
	i := slices.IndexFunc(j.Escalations, func(e judge.Escalation) bool {
		return e.Clause == step.Clause && e.Level == step.Level && e.LevelSince.Equal(step.At)
	})
	if i < 0 {
		return nil
	}
	return &j.Escalations[i]
}

// escalationEvents are said once for each step: of the weeks that were closed since the last status, and of whatever else changed what is open,
// such as a dispute, or a correction of old counts. The statuses alone say which: a restart repeats nothing.
func escalationEvents(before, after *slav1alpha1.SLAContractStatus, steps []judge.Step, zone *time.Location) []condition.Event {
	var out []condition.Event
	said := map[string]int32{} // the level that was said last, by clause
	for _, e := range before.Escalations {
		said[e.Clause] = e.Level
	}
	for _, step := range closedSince(before, after, steps, zone) {
		clause, level := string(step.Clause), int32(step.Level)
		if said[clause] == level {
			continue
		}
		out = append(out, stepEvent(step, said[clause], find(after.Escalations, clause), zone))
		said[clause] = level
	}
	for i := range after.Escalations {
		e := &after.Escalations[i]
		if said[e.Clause] != e.Level {
			step := judge.Step{Clause: sla.Clause(e.Clause), Level: int(e.Level), At: e.LevelSince.Time, Reason: e.Reason}
			out = append(out, stepEvent(step, said[e.Clause], e, zone))
		}
		delete(said, e.Clause)
	}
	for _, clause := range sorted(said) {
		if said[clause] > 0 {
			out = append(out, stepEvent(lastResolution(clause, steps), said[clause], nil, zone))
		}
	}
	return out
}

func sorted(levels map[string]int32) []string {
	out := make([]string, 0, len(levels))
	for clause := range levels {
		out = append(out, clause)
	}
	slices.Sort(out)
	return out
}

// closedSince are the steps of the weeks that were closed after those that the last status knew. A first status knew none: what happened
// before it is in the history.
func closedSince(before, after *slav1alpha1.SLAContractStatus, steps []judge.Step, zone *time.Location) []judge.Step {
	if len(before.History) == 0 {
		return nil
	}
	var out []judge.Step
	for _, step := range steps {
		week := sla.WeekOf(step.At.Add(-time.Nanosecond), zone)
		_, ends, err := week.Bounds(zone)
		atEnd := err == nil && step.At.Equal(ends)
		known := slices.ContainsFunc(after.History, func(w slav1alpha1.ClosedWeek) bool { return w.Period == string(week) })
		if atEnd && known && string(week) > before.History[0].Period {
			out = append(out, step)
		}
	}
	return out
}

func find(all []slav1alpha1.EscalationStatus, clause string) *slav1alpha1.EscalationStatus {
	i := slices.IndexFunc(all, func(e slav1alpha1.EscalationStatus) bool { return e.Clause == clause })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// lastResolution of a clause that is open no more. Without a step, counts were corrected, a week was waived or a dispute was taken back, so that it
// never was.
func lastResolution(clause string, steps []judge.Step) judge.Step {
	for i := len(steps) - 1; i >= 0; i-- {
		if string(steps[i].Clause) == clause {
			if steps[i].Level == 0 {
				return steps[i]
			}
			break
		}
	}
	return judge.Step{Clause: sla.Clause(clause), Reason: "by the counts and the records as they are now, nothing of it is open"}
}

// stepEvent says a step in words. open is the escalation as it stands; nil when it is over by now.
func stepEvent(step judge.Step, from int32, open *slav1alpha1.EscalationStatus, zone *time.Location) condition.Event {
	related := corev1.ObjectReference{ // one of its own for each step, so that none is folded into another
		APIVersion: slav1alpha1.GroupVersion.String(), Kind: Kind,
		FieldPath: fmt.Sprintf("status.escalations{%s level %d %s}", step.Clause, step.Level, stamp(step.At)),
	}
	if step.Level == 0 {
		return normal("EscalationResolved", "Judge", condition.Cut(fmt.Sprintf("%s is resolved, from level %d: %s", step.Clause, from, step.Reason)), related)
	}
	note := fmt.Sprintf("%s is at level %d: %s", step.Clause, step.Level, step.Reason)
	if open != nil && int(open.Level) == step.Level {
		note += fmt.Sprintf(". With %s; ends with: %s", strings.Join(open.Owners, " and "), open.Clears)
		if open.Due != nil {
			note += fmt.Sprintf("; else it goes up to level %d on %s", open.Level+1, open.Due.In(zone).Format("2 January 2006"))
		}
		if len(open.Remediations) == 0 && open.Level < 3 {
			note += ". No plan is on record yet (spec.remediations): is it a resource, a process, a data or a people question?"
		}
	}
	reason := "EscalationRaised"
	if step.Level < int(from) {
		reason = "EscalationEased"
	}
	return condition.Event{Type: corev1.EventTypeWarning, Reason: reason, Action: "Judge", Note: condition.Cut(note), Related: related}
}

// standingToTell is nothing new while the ledger's clock cannot be trusted, or nothing could be judged: people were told of what there was.
func (s *scope) standingToTell() bundle.Standing {
	if s.judged == nil || !s.judged.back.IsZero() {
		return bundle.Standing{}
	}
	return standing(&s.judged.Judgement, s.judged.at)
}
