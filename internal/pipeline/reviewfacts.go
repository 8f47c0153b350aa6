// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// restatementsRead is how many restatements a report looks through.
const restatementsRead = 500

// facts of a period that is over. Numbers are as the ledger has them now; what was decided after the end of the period does not count yet.
func (r *Reviewing) facts(ctx context.Context, pair *Pair, p stretch, now time.Time) (review.Facts, error) {
	f := review.Facts{
		Kind: p.kind, Contract: r.Agreement.Contract, Cadence: r.Agreement.Cadence, Review: r.Review, Owner: r.Owner,
		Period: p.period, Zone: p.zone.String(), GeneratedAt: now.Truncate(time.Second),
		Parties: partiesOf(pair.Terms.Terms().Parties), MinimumSample: pair.Terms.MinimumSample(),
	}
	first, last, err := daysOf(p.period, p.zone)
	if err != nil {
		return f, err
	}
	f.Calendar = daysWithin(pair.Terms.Terms().Calendar, first, last)
	f.Plans = review.PlansOf(r.Agreement.Remediations, first)
	spells, err := r.Ledger.Spells(ctx)
	if err != nil {
		return f, err
	}
	err = r.Ledger.Read(ctx, func(l *ledger.Reading) error {
		j, err := r.gatherJudging(ctx, l, spells, p, now)
		if err != nil {
			return err
		}
		j.judged(&f, p)
		if live := judge.GoLive(j.input); !live.IsZero() {
			f.Reviews = r.Agreement.heldReviews(r.Agreement.reviews(live, now, now, p.zone), p.from, p.to, p.zone)
		}
		g := gathering{l: l, p: p, judging: j, pair: pair, source: sourceField(pair.Bundle.Lead), f: &f}
		return g.gather(ctx)
	})
	if err != nil {
		return f, err
	}
	f.Waivers = r.Agreement.shownWaivers(first, last, p.zone)
	f.Restatements, err = r.restated(ctx, p)
	return f, err
}

// restated are the weeks that came to count differently since the report before this one was made.
func (r *Reviewing) restated(ctx context.Context, p stretch) ([]review.Restatement, error) {
	var since time.Time
	before, err := r.Ledger.Report(ctx, r.Agreement.Cadence, r.Review, p.period.Before())
	if err != nil {
		return nil, err
	}
	if before != nil {
		since = before.MadeAt
	}
	var weeks []sla.Period
	for week, n := sla.WeekOf(p.to, p.zone).Before(), 0; n < trendWeeks+len(p.weeks()); n++ {
		weeks = append(weeks, week)
		week = week.Before()
	}
	all, err := r.Ledger.Restatements(ctx, weeks, restatementsRead)
	if err != nil {
		return nil, err
	}
	var out []review.Restatement
	for _, s := range all {
		if s.At.After(since) && (s.Was.Met != s.Is.Met || s.Was.Missed != s.Is.Missed) {
			out = append(out, review.Restatement{
				Clause: s.Clause, Tier: s.Tier, Period: s.Period, At: s.At,
				WasMet: s.Was.Met, WasMissed: s.Was.Missed, Met: s.Is.Met, Missed: s.Is.Missed,
			})
		}
	}
	return out, nil
}

// gathering is what one look at the ledger finds for a report.
type gathering struct {
	l       *ledger.Reading
	p       stretch
	judging judging
	pair    *Pair
	source  string // field of the definition; empty: none says where a lead came from
	f       *review.Facts
}

func (g *gathering) gather(ctx context.Context) error {
	steps := []func(context.Context) error{g.revisions, g.flow, g.misses, g.contests, g.feedback}
	if g.p.kind != review.Operational {
		steps = append(steps, g.months)
	}
	if g.p.kind == review.Strategic {
		steps = append(steps, g.near)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathering) revisions(ctx context.Context) error {
	switches, err := g.l.Switches(ctx, g.p.from, g.p.to, append(slices.Clone(g.judging.weeks), g.p.months()...)...)
	for _, s := range switches {
		g.f.Revisions = append(g.f.Revisions, review.Revision{
			Definition: s.Definition.Name, DefinitionDigest: s.Definition.Digest, Terms: s.Terms.Name, TermsDigest: s.Terms.Digest, Since: s.Since,
		})
	}
	return err
}

func (g *gathering) flow(ctx context.Context) error {
	flow, err := g.l.Flow(ctx, g.p.from, g.p.to)
	if err != nil {
		return err
	}
	sent, err := g.l.Disposed(ctx, g.p.from, g.p.to)
	if err != nil {
		return err
	}
	g.f.Outcomes = outcomes(sent, g.pair)
	g.f.Flow = review.Flow{
		Captured: flow.Captured, MQLs: flow.Qualified, Held: flow.Held, Accepted: flow.Accepted, SQLs: flow.SQLs,
		Opportunities: flow.Opportunities, Won: flow.Won, Lost: flow.Lost,
	}
	recycled, disqualified := rejected(sent)
	g.f.Flow.Recycled, g.f.Flow.Disqualified = int64(len(recycled)), int64(len(disqualified))
	return nil
}

// rejected are the leads that were given back, for later and for good.
func rejected(sent []ledger.Disposed) (recycled, disqualified map[string]bool) {
	recycled, disqualified = map[string]bool{}, map[string]bool{}
	for _, s := range sent {
		switch s.Outcome {
		case lead.Recycled:
			recycled[s.Lead] = true
		case lead.Disqualified:
			disqualified[s.Lead] = true
		case lead.Accepted:
		}
	}
	return recycled, disqualified
}

func (g *gathering) contests(ctx context.Context) error {
	// A dispute that nobody rules on is open for a year at most: beyond, nobody means it any more.
	said, err := g.l.Contested(ctx, g.p.to.AddDate(-1, 0, 0), g.p.to)
	if err != nil {
		return err
	}
	reasons := map[string]int64{}
	c := &g.f.Contests
	for _, s := range said {
		if s.Open {
			c.Open++
		}
		if s.At.Before(g.p.from) {
			continue
		}
		switch s.Ruling {
		case lead.ContestOpened:
			c.Opened++
			reasons[s.Reason]++
		case lead.ContestUpheld:
			c.Upheld++
		case lead.ContestOverturned:
			c.Overturned++
		}
	}
	c.Reasons = tallies(reasons)
	return nil
}

// lowRating is the highest of those that say a lead was of little worth.
const lowRating = 2

// feedback of the period. Of the leads that were given back in it, what came until the report was made counts.
func (g *gathering) feedback(ctx context.Context) error {
	all, err := g.l.FedBack(ctx, g.source, g.p.from, g.f.GeneratedAt.Add(time.Second))
	if err != nil {
		return err
	}
	sent, err := g.l.Disposed(ctx, g.p.from, g.p.to)
	if err != nil {
		return err
	}
	recycled, disqualified := rejected(sent)
	due, given := map[string]bool{}, map[string]bool{}
	for _, leads := range []map[string]bool{recycled, disqualified} {
		for id := range leads {
			due[id] = true
		}
	}
	categories, ratings, sources := map[string]int64{}, map[string]int64{}, map[string]int64{}
	fb := &g.f.Feedback
	for _, one := range all {
		if due[one.Lead] {
			given[one.Lead] = true
		}
		if !one.At.Before(g.p.to) {
			continue
		}
		for _, category := range one.Categories {
			categories[category]++
		}
		if one.Rating > 0 {
			ratings[fmt.Sprint(one.Rating)]++
		}
		if one.Rating > 0 && one.Rating <= lowRating {
			sources[one.Source]++
		}
		fb.Examples = append(fb.Examples, review.FeedbackExample{
			Lead: one.Lead, Rating: one.Rating, Categories: one.Categories, Source: one.Source, Reason: one.Reason,
		})
	}
	fb.Due, fb.Given = int64(len(due)), int64(len(given))
	fb.Categories, fb.Ratings, fb.Sources = tallies(categories), tallies(ratings), folded(tallies(sources))
	// Those without a rating say less than the lowest.
	slices.SortStableFunc(fb.Examples, func(a, b review.FeedbackExample) int {
		return cmp.Or(cmp.Compare((a.Rating+5)%6, (b.Rating+5)%6), cmp.Compare(a.Lead, b.Lead))
	})
	fb.Examples = fb.Examples[:min(len(fb.Examples), maxExamples)]
	return nil
}

// The lists of leads in a report.
const (
	maxExamples = 10
	maxWorst    = 10
	maxKeys     = 100 // values of a breakdown; the rest is added up
)

func tallies(counts map[string]int64) []review.Tally {
	all := make([]review.Tally, 0, len(counts))
	for key, n := range counts {
		all = append(all, review.Tally{Key: key, Leads: n})
	}
	slices.SortFunc(all, func(a, b review.Tally) int { return cmp.Or(cmp.Compare(b.Leads, a.Leads), cmp.Compare(a.Key, b.Key)) })
	return all
}

// folded adds the smallest of many tallies up. No number is left out.
func folded(all []review.Tally) []review.Tally {
	if len(all) <= maxKeys {
		return all
	}
	rest := review.Tally{Key: others}
	for _, t := range all[maxKeys:] {
		rest.Leads += t.Leads
	}
	return append(all[:maxKeys], rest)
}

// sourceNames are what systems call where a lead came from, in small letters and without signs.
var sourceNames = []string{"source", "leadsource", "hsanalyticssource", "originalsource", "utmsource"}

// sourceField is the field of the definition that says where a lead came from: the one that is named so, else the first whose property is.
func sourceField(d lead.Definition) string {
	plain := strings.NewReplacer("_", "", "-", "", " ", "")
	property := ""
	for _, field := range d.Fields {
		if field.Type != lead.String {
			continue
		}
		if field.Name == "source" {
			return field.Name
		}
		if property == "" && slices.Contains(sourceNames, plain.Replace(strings.ToLower(field.Property))) {
			property = field.Name
		}
	}
	return property
}

func partiesOf(p sla.Parties) review.Parties {
	parties := review.Parties{Marketing: review.Contact(p.Marketing), Sales: review.Contact(p.Sales)}
	if p.Executive != nil {
		executive := review.Contact(*p.Executive)
		parties.Executive = &executive
	}
	return parties
}

// daysWithin are the days from the first to the last that have other hours than their weekday.
func daysWithin(c sla.Calendar, first, last string) []review.Day {
	var days []review.Day
	for _, e := range c.Days() {
		if e.Date >= first && e.Date <= last {
			days = append(days, review.Day{Date: e.Date, Hours: hoursOf(e.Shifts), Name: e.Name})
		}
	}
	return days
}

func hoursOf(shifts []sla.Shift) string {
	if len(shifts) == 0 {
		return "closed"
	}
	parts := make([]string, len(shifts))
	for i, s := range shifts {
		parts[i] = s.From + " to " + s.To
	}
	return "open " + strings.Join(parts, ", ")
}
