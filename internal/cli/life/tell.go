// SPDX-License-Identifier: Apache-2.0

package life

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/explain"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// maxScores is how many evaluations are told with what changed: each looks at the whole history before it.
const maxScores = 200

// lateAfter is the delay of an event that is worth a word.
const lateAfter = time.Minute

// pair is what judges, compiled once.
type pair struct {
	explainer *explain.Explainer
	terms     *sla.Compiled
	sla       sla.Terms
}

// pairs by sequence.
type pairs struct {
	reading *ledger.Reading
	known   map[int64]*pair
}

func (p pairs) of(ctx context.Context, sequence int64) (*pair, error) {
	if known, is := p.known[sequence]; is {
		return known, nil
	}
	b, err := p.reading.Bundle(ctx, sequence)
	if err != nil {
		return nil, err
	}
	explainer, err := explain.New(b.Definition.Name, b.Lead)
	if err != nil {
		return nil, fmt.Errorf("definition %s: %w", b.Definition.Name, err)
	}
	terms, err := sla.Compile(b.SLA)
	if err != nil {
		return nil, fmt.Errorf("terms %s: %w", b.Terms.Name, err)
	}
	p.known[sequence] = &pair{explainer, terms, b.SLA}
	return p.known[sequence], nil
}

// Of reads a lead and tells its life. A lead that is not there is a ledger.UnknownLeadError.
func Of(ctx context.Context, r *ledger.Reading, id string, o Options) (*Life, error) {
	kept, err := r.Life(ctx, id)
	if err != nil {
		return nil, err
	}
	force, _, err := r.InForce(ctx)
	if err != nil {
		return nil, err
	}
	t := &teller{Options: o, kept: kept, pairs: pairs{r, map[int64]*pair{}}}
	now, err := t.pairs.of(ctx, force.Sequence)
	if err != nil {
		return nil, err
	}
	one := kept.Lead
	t.out = &Life{
		Lead: id, Tenant: o.Tenant, Contract: force.Contract, Zone: now.terms.Hours().Location().String(), At: kept.Now, Stage: string(one.Stage),
		Score: one.Score.Clamped, Missing: one.Missing, Owner: one.Owner, Cycle: one.Number, Waiting: kept.Waiting,
		MergedInto: one.MergedInto, Duplicate: one.DuplicateOf, LinkedTo: kept.LinkedTo,
	}
	if o.ShowData {
		t.out.Record = recordOf(now.explainer.Lead(id, one.History()))
	}
	for _, tell := range []func(context.Context) error{t.events, t.stages, t.choices, t.clocks, t.notices, t.corrections} {
		if err := tell(ctx); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(t.out.Entries, func(a, b Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.order, b.order))
	})
	return t.out, nil
}

func (t *teller) add(e Entry) {
	e.order = slices.Index([]Kind{KindEvent, KindStage, KindChoice, KindClock, KindNotice, KindCorrection}, e.Kind)
	t.out.Entries = append(t.out.Entries, e)
}

// events with what each made of the score, by the definition that scored it. What is judged is the history that is known now: an event that
// came late is in its place.
func (t *teller) events(ctx context.Context) error {
	history := t.kept.Lead.History()
	place := make(map[int64]int, len(history))
	for i, e := range history {
		place[e.Sequence] = i
	}
	evaluated := 0
	for _, a := range t.kept.Arrivals {
		if scored(a) {
			evaluated++
		}
	}
	if evaluated > maxScores {
		t.out.Notes = append(t.out.Notes, fmt.Sprintf("the score is told after the last %d of %d events that are evaluated", maxScores, evaluated))
	}
	points, before := map[string]float64{}, 0
	for _, a := range t.kept.Arrivals {
		e := Entry{At: a.Time, Kind: KindEvent, What: string(a.Kind), Event: t.event(a)}
		if a.Kind == lead.KindRefused {
			e.Details = []string{"a rejection without a reason code: it was not taken, and misses the clause rejection"}
		}
		if i, judged := place[a.Sequence]; scored(a) && judged {
			if evaluated--; evaluated < maxScores {
				pair, err := t.pairs.of(ctx, a.ScoredBy)
				if err != nil {
					return err
				}
				x := pair.explainer.Lead(t.out.Lead, history[:i+1])
				now := pointsOf(x)
				e.Score = &Score{Before: before, After: x.Score.Clamped, Changes: changes(points, now)}
				points, before = now, x.Score.Clamped
			}
		}
		t.add(e)
	}
	return nil
}

// scored says whether the definition was evaluated at an event.
func scored(a ledger.Arrival) bool {
	return a.ScoredBy != 0 && (a.Kind == lead.KindCaptured || a.Kind == lead.KindUpdated || a.Kind == lead.KindActivity)
}

func (t *teller) event(a ledger.Arrival) *Event {
	e := &Event{Source: a.Source, ID: a.ID, Kind: string(a.Kind), Arrived: a.Received, ScoredBy: a.ScoredBy}
	if a.Lead != t.out.Lead {
		e.Lead = a.Lead
	}
	if late := a.Received.Sub(a.Time); late >= lateAfter {
		e.Late = late
	}
	if t.ShowData {
		e.Data = a.Data
	}
	return e
}

func pointsOf(x explain.Explanation) map[string]float64 {
	points := map[string]float64{}
	for _, g := range x.Groups {
		for _, r := range g.Rules {
			points[g.Name+"/"+r.Name] = r.Points
		}
	}
	return points
}

func changes(before, after map[string]float64) []Change {
	var all []Change
	for _, rule := range slices.Sorted(maps.Keys(after)) {
		if before[rule] != after[rule] {
			all = append(all, Change{Rule: rule, Before: before[rule], After: after[rule]})
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(before)) {
		if _, still := after[rule]; !still && before[rule] != 0 {
			all = append(all, Change{Rule: rule, Before: before[rule]})
		}
	}
	return all
}

// stages that the lead reached, by what the ledger stamped.
func (t *teller) stages(context.Context) error {
	one := t.kept.Lead
	for _, c := range append(slices.Clone(one.Past), one.Cycle) {
		stage := func(at time.Time, what string, details ...string) {
			if !at.IsZero() {
				t.add(Entry{At: at, Kind: KindStage, What: what, Cycle: c.Number, Details: details})
			}
		}
		if r := c.Reached; r != nil && (c.Qualified == nil || !r.At.Equal(c.Qualified.At)) {
			details := []string{"path " + r.Path}
			if len(r.Missing) > 0 {
				details = append(details, "held: no value for "+strings.Join(r.Missing, ", "))
			}
			stage(r.At, "reached a path", details...)
		}
		if q := c.Qualified; q != nil {
			stage(q.At, "MQL", "path "+q.Path, fmt.Sprintf("score %d", q.Score), "intent "+q.Intent,
				"judged by "+c.DefinitionRevision+" and "+c.TermsRevision)
		}
		stage(c.SALAt, "SAL")
		stage(c.SQLAt, "SQL")
		stage(c.DisposedAt, "disposed of")
	}
	if !one.SuppressedAt.IsZero() {
		t.add(Entry{At: one.SuppressedAt, Kind: KindStage, What: "suppressed", Details: []string{"scope " + string(one.SuppressedScope)}})
	}
	return nil
}

func (t *teller) choices(context.Context) error {
	for _, c := range t.kept.Choices {
		var parts []string
		for _, part := range []struct{ word, value string }{{"to", c.Rep}, {"from", c.From}, {"pool", c.Pool}} {
			if part.value != "" {
				parts = append(parts, part.word+" "+part.value)
			}
		}
		t.add(Entry{
			At: c.At, Kind: KindChoice, Cycle: c.Cycle, What: strings.TrimSpace(string(c.Kind) + " " + strings.Join(parts, " ")),
			Details: c.Reason.Lines(),
		})
	}
	return nil
}

func (t *teller) notices(context.Context) error {
	for _, n := range t.kept.Notices {
		what := strings.TrimSpace(fmt.Sprintf("%s %s", n.Level, n.Clause)) + " to " + n.Recipient
		if n.Rep != "" {
			what += " (" + n.Rep + ")"
		}
		e := Entry{At: n.At, Kind: KindNotice, What: what, Cycle: n.Cycle}
		switch {
		case n.Dropped != "":
			e.Details = []string{"not sent: " + n.Dropped}
		case n.Swept:
			e.Details = []string{"done; its message is not kept any more"}
		case n.Sent.IsZero():
			e.Details = []string{"waits"}
		default:
			e.Details = []string{"sent " + n.Sent.Format(time.RFC3339)}
		}
		t.add(e)
	}
	return nil
}

func (t *teller) corrections(context.Context) error {
	for _, c := range t.kept.Corrections {
		e := Entry{At: c.At, Kind: KindCorrection, What: string(c.What)}
		e.Details = changed(c)
		t.add(e)
	}
	return nil
}

// changed says what a correction changed, and what it says besides, such as the lead that took this one in.
func changed(c ledger.Correction) []string {
	names := maps.Clone(c.Before)
	if names == nil {
		names = map[string]any{}
	}
	maps.Copy(names, c.After)
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, had := c.Before[name]
		after, has := c.After[name]
		was, is := fmt.Sprint(before), fmt.Sprint(after)
		switch {
		case !had:
			lines = append(lines, name+": "+said(is))
		case !has && c.After != nil:
			lines = append(lines, name+": was "+said(was))
		case was != is:
			lines = append(lines, fmt.Sprintf("%s: %s, now %s", name, said(was), said(is)))
		}
	}
	return lines
}

func said(value string) string {
	if value == "<nil>" {
		return "none"
	}
	return value
}

func recordOf(x explain.Explanation) map[string]any {
	record := map[string]any{}
	for _, v := range x.Record {
		if v.Value != nil {
			record[v.Field] = v.Value
		}
	}
	return record
}
