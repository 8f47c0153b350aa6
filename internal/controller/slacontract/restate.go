// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
)

// restatementEvents are said when a week that was closed and judged before is judged otherwise now: its counts were corrected, a waiver was
// signed, or a review was put on record late. The numbers are those that the workers noted of the frozen week.
func restatementEvents(before, after []slav1alpha1.ClosedWeek, m *slav1alpha1.SLAMeasurement) []condition.Event {
	var out []condition.Event
	for i := range after {
		week := &after[i]
		j := slices.IndexFunc(before, func(w slav1alpha1.ClosedWeek) bool { return w.Period == week.Period })
		if j < 0 {
			continue
		}
		was, is := verdictsOf(&before[j]), verdictsOf(week)
		var changes []string
		for _, clause := range clausesIn(was, is) {
			if was[clause] != is[clause] {
				changes = append(changes, fmt.Sprintf("%s was %s, is %s%s", clause, orNone(was[clause]), orNone(is[clause]), corrected(m, week.Period, clause)))
			}
		}
		if len(changes) == 0 {
			continue
		}
		out = append(out, normal("Restated", "Judge", condition.Cut(fmt.Sprintf("%s, a closed week, is judged anew: %s", week.Period, strings.Join(changes, "; "))),
			corev1.ObjectReference{
				APIVersion: slav1alpha1.GroupVersion.String(), Kind: Kind,
				FieldPath: fmt.Sprintf("status.history{%s %s}", week.Period, strings.Join(changes, "; ")),
			}))
	}
	return out
}

// verdictsOf the clauses of a week.
func verdictsOf(w *slav1alpha1.ClosedWeek) map[slav1alpha1.ClauseName]string {
	out := map[slav1alpha1.ClauseName]string{}
	for _, one := range []struct {
		verdict string
		clauses []slav1alpha1.ClauseName
	}{
		{"met", w.Met},
		{"behind its pace", w.AtRisk},
		{"missed", w.Missed},
		{"missed by far", w.Severe},
		{"without enough leads", w.Insufficient},
		{"waived", w.Waived},
	} {
		for _, clause := range one.clauses {
			out[clause] = one.verdict
		}
	}
	return out
}

func clausesIn(all ...map[slav1alpha1.ClauseName]string) []slav1alpha1.ClauseName {
	var out []slav1alpha1.ClauseName
	for _, verdicts := range all {
		for clause := range verdicts {
			out = append(out, clause)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func orNone(verdict string) string {
	if verdict == "" {
		return "not judged"
	}
	return verdict
}

// corrected are the numbers of a correction; empty when the counts of the week were not frozen, or are not what changed.
func corrected(m *slav1alpha1.SLAMeasurement, week string, clause slav1alpha1.ClauseName) string {
	if m == nil {
		return ""
	}
	for _, r := range m.Status.Restatements { // the newest first
		if r.Period == week && r.Clause == string(clause) {
			return fmt.Sprintf(" (%s counted %s, counts %s)", strings.TrimSpace(r.Clause+" "+r.Tier), r.Was, r.Is)
		}
	}
	return ""
}

// problemEvents are said once for each entry that does not count as it is written.
func problemEvents(before []metav1.Condition, problems []problem) []condition.Event {
	said := ""
	if was := meta.FindStatusCondition(before, slav1alpha1.RecordsAcceptedCondition); was != nil && was.Status == metav1.ConditionFalse {
		said = was.Message
	}
	var out []condition.Event
	for _, p := range problems {
		if strings.Contains(said, p.message) {
			continue
		}
		field, _, _ := strings.Cut(p.message, ":")
		out = append(out, condition.Event{
			Type: corev1.EventTypeWarning, Reason: p.reason, Action: "Judge", Note: condition.Cut(p.message),
			Related: corev1.ObjectReference{APIVersion: slav1alpha1.GroupVersion.String(), Kind: Kind, FieldPath: field},
		})
	}
	return out
}
