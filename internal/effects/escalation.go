// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// stepEvery is how late people hear of a step, beside the time that the file takes to get here.
const stepEvery = 10 * time.Second

// Escalate tells of the steps of escalations that the manager wrote down and nobody was told of yet.
func (s *Steps) Escalate(ctx context.Context) (time.Duration, error) {
	l, err := s.Ledger()
	if err != nil {
		return 0, pipeline.ErrNotReady
	}
	executive := s.Pairs.Current().Bundle.SLA.Parties.Executive != nil
	_, err = l.NoteSteps(ctx, s.Standing().Steps, executive, s.open)
	return stepEvery, err
}

// whose an escalation of a level is.
var whose = map[int]string{1: "for the weekly review", 2: "for the owners of both sides", 3: "for the executive"}

// questions to ask about a miss, whoever it is by: the answer is the beginning of a plan.
const questions = "What would help? Is it a question of resources (the people and hours that it takes), of the process (steps, hand-offs, calendars), " +
	"of the data (fields, codes, times that do not arrive), or of people (skills, priorities, absence)?"

// composeStep writes what became of an escalation: what fell short and what would resolve it, never who is to blame.
func composeStep(m *ledger.Message, contract string, zone *time.Location) (title, text string) {
	s := m.Step
	var out strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&out, format+"\n", values...) }
	if s.Level == 0 {
		title = fmt.Sprintf("SLA resolved: %s", s.Clause)
		line("%s is resolved since %s: %s", s.Clause, moment(s.At, zone), sentenceOf(s.Reason))
		line("Thank you to both teams. What helped is worth a word in the next review.")
	} else {
		title = fmt.Sprintf("SLA escalation level %d: %s", s.Level, s.Clause)
		line("%s, level %d, %s: %s", s.Clause, s.Level, cmp.Or(whose[s.Level], "open"), sentenceOf(s.Reason))
		line("At this level since %s.%s", moment(s.At, zone), begun(s, zone))
		if len(s.Owners) > 0 {
			line("Now with: %s.", strings.Join(s.Owners, ", "))
		}
		if s.Clears != "" {
			line("What resolves it: %s", sentenceOf(s.Clears))
		}
		if !s.Due.IsZero() {
			line("Unless it is resolved, it goes up to level %d on %s.", s.Level+1, moment(s.Due, zone))
		}
		line("%s", questions)
		line("Note the plan in spec.remediations of the contract, so that the next review can follow it.")
	}
	namespace, name, _ := strings.Cut(contract, "/")
	line("Contract %s. See: kubectl describe slacontract %s -n %s", contract, name, namespace)
	fmt.Fprintf(&out, "Ref %d %s/%d/%s", m.ID, s.Clause, s.Level, s.At.Format(time.RFC3339))
	return title, out.String()
}

// begun says when it all began, where that was at another level.
func begun(s *bundle.EscalationStep, zone *time.Location) string {
	if s.Since.IsZero() || s.Since.Equal(s.At) {
		return ""
	}
	return fmt.Sprintf(" Escalated since %s.", moment(s.Since, zone))
}

// sentenceOf ends a text with a full stop, once.
func sentenceOf(text string) string { return strings.TrimRight(text, ". ") + "." }
