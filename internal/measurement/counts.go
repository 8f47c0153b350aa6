// SPDX-License-Identifier: Apache-2.0

package measurement

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Write brings the counts into the status, unless they are there already.
func (w *Writer) Write(ctx context.Context, m pipeline.Measurement) error {
	current, err := w.get(ctx)
	if err != nil {
		return err
	}
	want := statusOf(m)
	clock := w.clock(current.Status.Conditions, m)
	if current.Status.AsOf != nil && equalCounts(current.Status, want) && sameClock(current.Status.Conditions, clock) {
		return nil
	}
	status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&want)
	if err != nil {
		return err
	}
	// Said even when there are none, so that they stay ours and the last row can go.
	for _, list := range []string{"rows", "paces", "spells", "restatements"} {
		if status[list] == nil {
			status[list] = []any{}
		}
	}
	if clock != nil {
		status["conditions"] = []any{applied(*clock)}
	}
	return w.apply(ctx, ManagerCounts, status)
}

// equalCounts leaves out the conditions, which others write, and the time of counting.
func equalCounts(a, b slav1alpha1.SLAMeasurementStatus) bool {
	a.Conditions, b.Conditions, a.AsOf, b.AsOf = nil, nil, nil, nil
	return equality.Semantic.DeepEqual(a, b)
}

// clock is the condition that the ledger's clock went back; nil while it did not. It goes once the clock has caught up.
func (w *Writer) clock(conditions []metav1.Condition, m pipeline.Measurement) *metav1.Condition {
	if !m.ClockBehind {
		return nil
	}
	c := metav1.Condition{
		Type: slav1alpha1.ClockSteadyCondition, Status: metav1.ConditionFalse, Reason: slav1alpha1.ReasonClockWentBack,
		Message: fmt.Sprintf("the ledger's clock went back: it has shown %s before. Closed weeks stay closed, and nothing is judged until it has caught up; "+
			"set the clock of the database server", m.AsOf.UTC().Format(time.RFC3339)),
		LastTransitionTime: metav1.NewTime(w.Now()),
	}
	if old := meta.FindStatusCondition(conditions, c.Type); old != nil {
		c.LastTransitionTime = old.LastTransitionTime
	}
	return &c
}

func sameClock(conditions []metav1.Condition, want *metav1.Condition) bool {
	is := meta.FindStatusCondition(conditions, slav1alpha1.ClockSteadyCondition)
	return (is == nil) == (want == nil) && (is == nil || is.Message == want.Message)
}

func statusOf(m pipeline.Measurement) slav1alpha1.SLAMeasurementStatus {
	asOf := metav1.NewTime(m.AsOf.UTC().Truncate(time.Second))
	status := slav1alpha1.SLAMeasurementStatus{
		AsOf:          &asOf,
		ClosedThrough: string(m.ClosedThrough),
		Sequence:      m.Sequence,
		Leads: &slav1alpha1.LeadCounts{
			Captured: &m.Leads.Captured, MQLs: &m.Leads.MQLs, Held: &m.Leads.Held,
			Unrouted: &m.Leads.Unrouted, Fallback: &m.Leads.Fallback, Waiting: &m.Leads.Waiting,
			Recycled: &m.Leads.Recycled, Disqualified: &m.Leads.Disqualified, Suppressed: &m.Leads.Suppressed,
			Duplicates: &m.Leads.Duplicates, Merged: &m.Leads.Merged, Excluded: &m.Leads.Excluded, BeforeGoLive: &m.Leads.BeforeGoLive,
		},
	}
	for _, c := range m.Counts {
		status.Rows = append(status.Rows, row(c))
	}
	for _, p := range m.Paces {
		status.Paces = append(status.Paces, pace(p))
	}
	for _, s := range kept(m.Spells) {
		status.Spells = append(status.Spells, slav1alpha1.MeasuredSpell{Revision: s.Revision, From: metav1.NewTime(s.From.UTC().Truncate(time.Second))})
	}
	for _, r := range m.Restatements {
		was, is := inWords(r.Was, r.Is, r.Clause), inWords(r.Is, r.Was, r.Clause)
		status.Restatements = append(status.Restatements, slav1alpha1.Restatement{
			Clause: string(r.Clause), Tier: r.Tier, Period: string(r.Period), At: metav1.NewTime(r.At.UTC().Truncate(time.Second)), Was: was, Is: is,
		})
	}
	return status
}

// mostSpells is what the schema allows.
const mostSpells = 50

// kept are the go-live and the newest.
func kept(spells []judge.Spell) []judge.Spell {
	if len(spells) <= mostSpells {
		return spells
	}
	return append(spells[:1:1], spells[len(spells)-mostSpells+1:]...)
}

func pace(p sla.Pace) slav1alpha1.MeasuredPace {
	out := slav1alpha1.MeasuredPace{Week: string(p.Week), Month: string(p.Month), MQLs: &p.MQLs, Revision: p.Revision}
	if !p.From.IsZero() {
		out.From = new(metav1.NewTime(p.From.UTC().Truncate(time.Second)))
	}
	return out
}

// inWords is a count as people read it; what is neither met nor missed is named where the other one has another number of it.
func inWords(c, other sla.Count, clause sla.Clause) string {
	var text string
	switch total := c.Met + c.Missed; {
	case clause == sla.ClauseVolume:
		text = fmt.Sprintf("%d MQLs", c.Met)
	case total == 0:
		text = "no leads"
	default:
		percent := (200*c.Met + total) / (2 * total)
		if c.Missed > 0 {
			percent = min(percent, 99)
		}
		text = fmt.Sprintf("%d%% (%d of %d)", percent, c.Met, total)
	}
	if c.Contacted != other.Contacted {
		text += fmt.Sprintf(", %d contacted", c.Contacted)
	}
	if c.Excused != other.Excused {
		text += fmt.Sprintf(", %d excused", c.Excused)
	}
	if c.Open != other.Open {
		text += fmt.Sprintf(", %d open", c.Open)
	}
	return text
}

func row(c sla.Count) slav1alpha1.MeasurementRow {
	out := slav1alpha1.MeasurementRow{
		Clause: string(c.Clause), Tier: c.Tier, Period: string(c.Period), Revision: c.Revision,
		Met: &c.Met, Missed: &c.Missed, Open: &c.Open, AtRisk: &c.AtRisk, Excused: &c.Excused,
	}
	if c.Clause == sla.ClauseFirstContact {
		out.Contacted = &c.Contacted
	}
	if t := c.Times; t.Leads > 0 {
		out.Times = &slav1alpha1.ResponseTimes{
			Leads: &t.Leads, Within5m: &t.Within5m, Within15m: &t.Within15m,
			Median: convert.WaitedFor(t.Median), P90: convert.WaitedFor(t.P90),
		}
	}
	return out
}
