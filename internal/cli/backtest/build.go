// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
	"github.com/handoff-sla/handoff/internal/stats"
)

// builder makes a report of a tally.
type builder struct {
	in    *Input
	t     *tally
	known bool // whether the outcome is
}

func build(in *Input, t *tally) *Report {
	b := builder{in: in, t: t, known: in.Outcome != ""}
	r := &Report{
		Definition: in.New.Name, Outcome: in.Outcome,
		Leads: t.leads, MQLs: t.mqls, Held: t.held, Returned: t.returned, Converted: b.count(t.converted),
		Rows: t.rows, Skipped: t.skipped, Flips: Flips{GainedExamples: []Example{}, LostExamples: []Example{}},
		Problems: Problems{Count: t.problems.Count, ByKind: t.problems.ByKind, First: t.problems.First},
		Zone:     in.zone().String(), Months: b.months(), Scores: b.bands(), Paths: b.parts(t.paths, pathsOf(in)), Intents: b.parts(t.intents, intentsOf(in)),
		Missing: b.missing(), Reasons: b.reasons(), SQL: b.sql(), Terms: b.terms(), Volume: b.volume(), Notes: b.notes(),
	}
	if b.known {
		r.BaseRate = share(t.converted, t.leads)
		r.Precision, r.Recall, r.Lift, r.AUC = b.quality(t.mqls, t.mqlsConverted, t.scores)
	}
	if in.Old != nil {
		b.against(r)
	}
	if r.Problems.ByKind == nil {
		r.Problems = Problems{ByKind: map[string]int{}, First: []leadfile.Problem{}}
	}
	return r
}

// count is what only a known outcome tells.
func (b builder) count(n int64) *int64 {
	if !b.known {
		return nil
	}
	return &n
}

func (b builder) share(part, whole int64) *float64 {
	if !b.known {
		return nil
	}
	return share(part, whole)
}

func (b builder) quality(mqls, converted int64, scores map[int][2]int64) (precision, recall, lift, area *float64) {
	precision, recall = share(converted, mqls), share(converted, b.t.converted)
	if base := share(b.t.converted, b.t.leads); precision != nil && base != nil && *base > 0 {
		l := *precision / *base
		lift = &l
	}
	if a, ok := auc(scores); ok {
		area = &a
	}
	return precision, recall, lift, area
}

func (b builder) against(r *Report) {
	t := b.t
	r.Against = &Against{Definition: b.in.Old.Name, MQLs: t.oldMQLs}
	if b.known {
		r.Against.Precision, r.Against.Recall, r.Against.Lift, r.Against.AUC = b.quality(t.oldMQLs, t.oldMQLsConverted, t.old)
	}
	r.Flips = Flips{
		Gained: &t.gained, Lost: &t.lost, GainedConverted: b.count(t.gainedConverted), LostConverted: b.count(t.lostConverted),
		GainedExamples: append([]Example{}, t.examples.gained...), LostExamples: append([]Example{}, t.examples.lost...),
	}
}

// bandsOfScore is in how many bands the scores are shown.
const bandsOfScore = 10

func (b builder) bands() []Band {
	top := lead.DefaultMax
	if s := b.in.New.Definition.Scoring; s != nil && s.Max != nil {
		top = *s.Max
	}
	width := max(1, (top+bandsOfScore-1)/bandsOfScore)
	bands := []Band{}
	for from := 0; from <= top; from += width {
		to := min(from+width-1, top)
		if from+2*width > top && top-to <= 1 { // 90 to 100, not 90 to 99 and 100
			to = top
		}
		bands = append(bands, b.band(from, to))
		if to == top {
			break
		}
	}
	return bands
}

func (b builder) band(from, to int) Band {
	band := Band{From: from, To: to}
	converted, old := int64(0), int64(0)
	for score := from; score <= to; score++ {
		n := b.t.scores[score]
		band.Leads += n[0] + n[1]
		converted += n[1]
		old += b.t.old[score][0] + b.t.old[score][1]
	}
	if b.in.Old != nil {
		band.Against = &old
	}
	if b.known {
		band.Converted, band.Rate = &converted, share(converted, band.Leads)
	}
	if b.known && band.Leads > 0 {
		low, high := stats.Wilson(int(converted), int(band.Leads), stats.Z95)
		band.Low, band.High = &low, &high
	}
	return band
}

func pathsOf(in *Input) (names []string) {
	for _, p := range in.New.Definition.Paths {
		names = append(names, p.Name)
	}
	return names
}

func intentsOf(in *Input) (names []string) {
	for _, i := range in.New.Definition.Intents {
		names = append(names, i.Name)
	}
	if len(names) == 0 {
		names = []string{lead.DefaultIntent}
	}
	return names
}

// parts in the definition's order, also those that no lead took.
func (b builder) parts(all map[string]*counts, names []string) []Part {
	parts := []Part{}
	for _, name := range names {
		c := all[name]
		if c == nil {
			c = &counts{}
		}
		parts = append(parts, Part{Name: name, MQLs: c.mqls, Converted: b.count(c.mqlsConverted), Precision: b.share(c.mqlsConverted, c.mqls)})
	}
	return parts
}

func (b builder) missing() []Field {
	fields := []Field{}
	for _, name := range sortedKeys(b.t.missing) {
		fields = append(fields, Field{Field: name, Leads: b.t.missing[name]})
	}
	slices.SortStableFunc(fields, func(x, y Field) int { return cmp.Compare(y.Leads, x.Leads) })
	return fields
}

func (b builder) reasons() []Reason {
	sums := map[[2]string]*Reason{}
	for key, n := range b.t.reasons {
		at := [2]string{key.outcome, key.code}
		if sums[at] == nil {
			sums[at] = &Reason{Outcome: key.outcome, Reason: key.code, Coded: slices.ContainsFunc(b.in.New.Definition.Dispositions, func(d lead.Disposition) bool {
				return d.Name == key.code && string(d.Outcome) == key.outcome
			})}
		}
		sums[at].Leads += n
		if key.mql {
			sums[at].MQLs += n
		}
	}
	reasons := []Reason{}
	for _, r := range sums {
		reasons = append(reasons, *r)
	}
	slices.SortFunc(reasons, func(x, y Reason) int {
		return cmp.Or(cmp.Compare(y.Leads, x.Leads), cmp.Compare(x.Outcome, y.Outcome), cmp.Compare(x.Reason, y.Reason))
	})
	return reasons
}

func (b builder) sql() *SQL {
	t := &b.t.sql
	if t.asked == 0 {
		return nil
	}
	s := &SQL{Asked: t.asked, SQLs: t.met, Converted: b.count(t.converted), Unmet: []Unmet{}}
	for _, c := range b.in.New.Definition.SQL {
		if n := t.unmet[c.Name]; n > 0 {
			s.Unmet = append(s.Unmet, Unmet{Criterion: c.Name, MQLs: n})
		}
	}
	slices.SortStableFunc(s.Unmet, func(x, y Unmet) int { return cmp.Compare(y.MQLs, x.MQLs) })
	return s
}

func (b builder) volume() *Volume {
	keys := b.keysOfMonths()
	if b.in.Terms == nil || b.in.Terms.VolumeTarget() == 0 || len(keys) == 0 {
		return nil
	}
	v := &Volume{Contract: b.in.Contract, Target: b.in.Terms.VolumeTarget()}
	oldMet, sum, oldSum := 0, int64(0), int64(0)
	for _, key := range keys {
		c := b.month(key)
		v.Months++
		sum, oldSum = sum+c.qualified, oldSum+c.qualifiedOld
		if c.qualified >= int64(v.Target) {
			v.MonthsMet++
		}
		if c.qualifiedOld >= int64(v.Target) {
			oldMet++
		}
	}
	v.Average = float64(sum) / float64(v.Months)
	if b.in.Old != nil {
		mean := float64(oldSum) / float64(v.Months)
		change := v.Average - mean
		v.AgainstMet, v.AgainstMean, v.AverageChange = &oldMet, &mean, &change
	}
	return v
}

func (b builder) terms() *Terms {
	if len(b.t.terms.clauses) == 0 {
		return nil
	}
	terms := &Terms{Contract: b.in.Contract, AssumedOwned: b.t.terms.assumed}
	s, m := b.in.Terms.Terms().Sales, b.in.Terms.Terms().Marketing
	if m != nil && m.Delivery != nil {
		terms.add(b, clauseKey{clause: sla.ClauseDelivery}, m.Delivery.Within, m.Delivery.TargetPercent)
	}
	if s != nil {
		terms.sales(b, *s)
	}
	return terms
}

// sales has a row for each clause, in the order in which they are shown.
func (t *Terms) sales(b builder, s sla.Sales) {
	if s.Acceptance != nil {
		t.add(b, clauseKey{clause: sla.ClauseAcceptance}, s.Acceptance.Within, s.Acceptance.TargetPercent)
	}
	if s.FirstContact != nil {
		for _, tier := range s.FirstContact.Tiers {
			t.add(b, clauseKey{sla.ClauseFirstContact, tier.Intent}, tier.Within, s.FirstContact.TargetPercent)
		}
	}
	if s.FollowUp != nil {
		t.add(b, clauseKey{clause: sla.ClauseFollowUp}, s.FollowUp.Within, s.FollowUp.TargetPercent)
	}
	if s.Disposition != nil {
		t.add(b, clauseKey{clause: sla.ClauseDisposition}, s.Disposition.Within, s.Disposition.TargetPercent)
	}
	if s.Rejection != nil {
		t.add(b, clauseKey{clause: sla.ClauseRejection}, 0, s.Rejection.TargetPercent)
	}
	if s.Feedback != nil {
		t.add(b, clauseKey{clause: sla.ClauseFeedback}, 0, s.Feedback.TargetPercent)
	}
}

func (t *Terms) add(b builder, key clauseKey, within time.Duration, target int) {
	n := b.t.terms.clauses[key]
	if n == nil {
		return
	}
	c := Clause{
		Clause: string(key.clause), Tier: key.tier, Met: n.met, Missed: n.missed, Open: n.open, Excused: n.excused,
		Share: share(n.met, n.met+n.missed), Target: float64(target) / 100,
		MedianTook: seconds(n.took.quantile(50)), Needs: seconds(n.took.quantile(target)),
	}
	if within > 0 {
		c.Within = sla.FormatWindow(within)
	}
	t.Clauses = append(t.Clauses, c)
}

func seconds(length time.Duration, known bool) *int64 {
	if !known {
		return nil
	}
	s := int64(length / time.Second)
	return &s
}

func (b builder) notes() []string {
	notes := append([]string{}, b.in.Notes...)
	if b.t.leads == 0 {
		notes = append(notes, "no lead was read")
	}
	if !b.known {
		notes = append(notes, "no --outcome: what converted is not known, and so are precision, recall and AUC not")
	}
	notes = append(notes, b.t.repeated.notes()...)
	notes = append(notes, b.t.refused.notes()...)
	return append(notes, b.t.outcomes.notes(b.t.leads)...)
}
