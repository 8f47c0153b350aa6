// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/judge"
)

// end of an ISO week of 2027 in UTC: W03 ends on 25 January.
func end(week int) time.Time { return time.Date(2027, 1, 11+7*(week-1), 0, 0, 0, 0, time.UTC) }

func statusOf(through string, open ...slav1alpha1.EscalationStatus) *slav1alpha1.SLAContractStatus {
	out := &slav1alpha1.SLAContractStatus{Escalations: open}
	weeks := []string{"2027-W05", "2027-W04", "2027-W03", "2027-W02", "2027-W01"}
	for _, week := range weeks {
		if week <= through {
			out.History = append(out.History, slav1alpha1.ClosedWeek{Period: week})
		}
	}
	return out
}

func open(clause string, level int32, since time.Time) slav1alpha1.EscalationStatus {
	return slav1alpha1.EscalationStatus{
		Clause: clause, Level: level, Since: metav1.NewTime(since), LevelSince: metav1.NewTime(since), Owners: []string{"VP Sales"},
		Reason: "81% (97 of 120)", Clears: "one week in which it is met",
	}
}

// Each step is said once, whatever the manager slept through, and a status that is as it was says nothing.
func TestEscalationEvents(t *testing.T) {
	const clause = "firstContact"
	steps := []judge.Step{
		{Clause: clause, Level: 1, At: end(1), Reason: "81%"},
		{Clause: clause, Level: 2, At: end(2), Reason: "80%"},
		{Clause: clause, Level: 0, At: end(3), Reason: "met in 2027-W03"},
		{Clause: clause, Level: 1, At: end(4), Reason: "79%"},
	}
	disputed := append([]judge.Step{}, steps[:1]...)
	disputed = append(disputed, judge.Step{Clause: "terms", Level: 3, At: end(1).Add(time.Hour), Reason: "Sales disagrees"})
	for name, tc := range map[string]struct {
		before, after *slav1alpha1.SLAContractStatus
		steps         []judge.Step
		want          string
	}{
		"raised":        {statusOf(""), statusOf("2027-W01", open(clause, 1, end(1))), steps[:1], "EscalationRaised 1"},
		"gone up":       {statusOf("2027-W01", open(clause, 1, end(1))), statusOf("2027-W02", open(clause, 2, end(2))), steps[:2], "EscalationRaised 2"},
		"as it was":     {statusOf("2027-W02", open(clause, 2, end(2))), statusOf("2027-W02", open(clause, 2, end(2))), steps[:2], ""},
		"another week":  {statusOf("2027-W02", open(clause, 2, end(2))), statusOf("2027-W03", open(clause, 2, end(2))), steps[:2], ""},
		"resolved":      {statusOf("2027-W02", open(clause, 2, end(2))), statusOf("2027-W03"), steps[:3], "EscalationResolved 0"},
		"slept through": {statusOf("2027-W01", open(clause, 1, end(1))), statusOf("2027-W04", open(clause, 1, end(4))), steps, "EscalationRaised 2, EscalationResolved 0, EscalationRaised 1"},
		"a first look":  {statusOf(""), statusOf("2027-W04", open(clause, 1, end(4))), steps, "EscalationRaised 1"},
		"counted again": {statusOf("2027-W02", open(clause, 2, end(2))), statusOf("2027-W02"), nil, "EscalationResolved 0"},
		"eased by a correction": {
			statusOf("2027-W02", open(clause, 2, end(2))), statusOf("2027-W02", open(clause, 1, end(2))),
			[]judge.Step{{Clause: clause, Level: 1, At: end(2)}},
			"EscalationEased 1",
		},
		"disputed": {
			statusOf("2027-W01", open(clause, 1, end(1))), statusOf("2027-W01", open("terms", 3, end(1).Add(time.Hour)), open(clause, 1, end(1))), disputed,
			"EscalationRaised 3",
		},
		"disputed since": {
			statusOf("2027-W01", open("terms", 3, end(1).Add(time.Hour)), open(clause, 1, end(1))),
			statusOf("2027-W02", open("terms", 3, end(1).Add(time.Hour)), open(clause, 1, end(1))), disputed, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, e := range escalationEvents(tc.before, tc.after, tc.steps, time.UTC) {
				_, level, _ := strings.Cut(e.Related.FieldPath, " level ")
				got = append(got, e.Reason+" "+level[:1])
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNotesOfSteps(t *testing.T) {
	due := metav1.NewTime(end(4))
	raised := open("firstContact", 2, end(2))
	raised.Owners, raised.Due = []string{"VP Marketing", "VP Sales"}, &due
	step := judge.Step{Clause: "firstContact", Level: 2, At: end(2), Reason: "fell short two weeks running: 80% (8 of 10), target 90%"}
	want := "firstContact is at level 2: fell short two weeks running: 80% (8 of 10), target 90%. With VP Marketing and VP Sales; ends with: one week in which it is met; " +
		"else it goes up to level 3 on 1 February 2027. No plan is on record yet (spec.remediations): is it a resource, a process, a data or a people question?"
	if diff := cmp.Diff(want, stepEvent(step, 1, &raised, time.UTC).Note); diff != "" {
		t.Error(diff)
	}
	raised.Remediations = []string{"emea-nights"}
	if got := stepEvent(step, 1, &raised, time.UTC).Note; strings.Contains(got, "question?") {
		t.Errorf("a plan is there: %s", got)
	}
	want = "firstContact is resolved, from level 2: met in 2027-W03"
	if diff := cmp.Diff(want, stepEvent(judge.Step{Clause: "firstContact", At: end(3), Reason: "met in 2027-W03"}, 2, nil, time.UTC).Note); diff != "" {
		t.Error(diff)
	}
}

// The workers are given the steps of the last four weeks, with what is open of them.
func TestStanding(t *testing.T) {
	j := &judge.Judgement{
		Steps: []judge.Step{
			{Clause: "volume", Level: 1, At: end(1)}, {Clause: "firstContact", Level: 1, At: end(4)}, {Clause: "firstContact", Level: 2, At: end(5), Reason: "80%"},
		},
		Escalations: []judge.Escalation{{
			Clause: "firstContact", Level: 2, Since: end(4), LevelSince: end(5), Owners: []string{"VP Sales"}, Due: end(7), Clears: "one week in which it is met",
		}},
	}
	got := standing(j, end(5).Add(24*time.Hour))
	if len(got.Steps) != 2 || got.Steps[0].Owners != nil || got.Steps[0].Level != 1 {
		t.Fatalf("%+v", got.Steps)
	}
	if s := got.Steps[1]; s.Level != 2 || s.Owners[0] != "VP Sales" || !s.Due.Equal(end(7)) || !s.Since.Equal(end(4)) || s.Clears == "" || s.Reason != "80%" {
		t.Errorf("%+v", s)
	}
}
