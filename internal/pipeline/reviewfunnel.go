// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// monthsBefore are how many months before the period are told with it.
const monthsBefore = 12

// months are the leads by the month in which they became MQL, and what had become of them when the report was made.
func (g *gathering) months(ctx context.Context) error {
	own := g.p.months()
	all := slices.Clone(own)
	for range monthsBefore {
		all = append([]sla.Period{all[0].Before()}, all...)
	}
	for len(all) > len(own) && g.beforeGoLive(all[0]) {
		all = all[1:]
	}
	bounds := make([]time.Time, 0, len(all)+1)
	for _, month := range all {
		from, _, err := month.Bounds(g.p.zone)
		if err != nil {
			return err
		}
		bounds = append(bounds, from)
	}
	bounds = append(bounds, g.p.to)
	until := g.f.GeneratedAt
	delivered, err := g.l.Delivered(ctx, g.source, until, bounds...)
	if err != nil {
		return err
	}
	captured, err := g.l.Captured(ctx, bounds...)
	if err != nil {
		return err
	}
	deals, err := g.l.Deals(ctx, until, bounds...)
	if err != nil {
		return err
	}
	first := len(all) - len(own)
	g.f.Months = monthsOf(all, delivered, captured)
	for i := range g.f.Months {
		g.f.Months[i].Target = g.target(g.f.Months[i].Month)
	}
	g.retired(all)
	g.f.Funnel = funnelOf(g.pair.Terms)
	g.f.Deals = dealsOf(deals, first)
	within := slices.DeleteFunc(delivered, func(d ledger.Delivered) bool { return d.Bucket < first })
	g.f.Segments = segmentsOf(within, g.source != "")
	if g.p.kind == review.Strategic {
		g.f.Scores = scoresOf(within, g.pair.Bundle.Lead)
	}
	return nil
}

// beforeGoLive says whether a month was over before anything was agreed.
func (g *gathering) beforeGoLive(month sla.Period) bool {
	_, end, err := month.Bounds(g.p.zone)
	spells := g.judging.input.Spells
	paced := slices.ContainsFunc(g.judging.input.Paces, func(p sla.Pace) bool { return p.Month == month })
	return err == nil && !paced && (len(spells) == 0 || !end.After(spells[0].From))
}

// target of a month: that of the terms in force when it began, or first within it, for the business time that was left of it.
func (g *gathering) target(month sla.Period) int64 {
	from, to, err := month.Bounds(g.p.zone)
	in := g.judging.input
	if err != nil || len(in.Spells) == 0 {
		return 0
	}
	first, revision := in.Spells[0].From, in.Spells[0].Revision
	for _, s := range in.Spells {
		if !s.From.After(from) {
			first, revision = from, s.Revision
		}
	}
	for _, p := range in.Paces {
		if p.Month == month {
			revision, first = p.Revision, from
			if p.From.After(from) {
				first = p.From
			}
		}
	}
	terms := in.Book[revision]
	if terms == nil || !first.Before(to) {
		return 0
	}
	target := int64(terms.VolumeTarget())
	whole, left := terms.Hours().Elapsed(from, to), terms.Hours().Elapsed(first, to)
	if !first.After(from) || whole == 0 {
		return target
	}
	return (target*int64(left/time.Second) + int64(whole/time.Second) - 1) / int64(whole/time.Second)
}

// retired says of which months leads are missing that were counted: their number stays, what became of them is not known.
func (g *gathering) retired(months []sla.Period) {
	for _, month := range months {
		counted := int64(-1)
		for _, p := range g.judging.input.Paces {
			if p.Month == month {
				counted = max(counted, p.MQLs)
			}
		}
		for i := range g.f.Months {
			m := &g.f.Months[i]
			if m.Month == month && counted > m.MQLs {
				g.f.Notes = append(g.f.Notes, month.Label()+": "+strconv.FormatInt(counted-m.MQLs, 10)+
					" MQLs are no longer kept; what became of them is not known, and they are in no share")
			}
		}
	}
}

func monthsOf(all []sla.Period, delivered []ledger.Delivered, captured []int64) []review.Month {
	months := make([]review.Month, len(all))
	for i, month := range all {
		months[i] = review.Month{Month: month, Captured: captured[i]}
	}
	for _, d := range delivered {
		m := &months[d.Bucket]
		m.MQLs += d.Leads
		m.Accepted += from(d, ledger.ReachSAL)
		m.SQLs += from(d, ledger.ReachSQL)
		m.Opportunities += from(d, ledger.ReachOpportunity)
		m.Won += from(d, ledger.ReachWon)
		if d.Rejected {
			m.Rejected += d.Leads
		}
		if d.Lost {
			m.Lost += d.Leads
		}
	}
	return months
}

// from a step on: those that came that far.
func from(d ledger.Delivered, step ledger.Reach) int64 {
	if d.Reach >= step {
		return d.Leads
	}
	return 0
}

func funnelOf(terms *sla.Compiled) *review.Funnel {
	t := terms.Terms()
	if t.Funnel == nil {
		return nil
	}
	return &review.Funnel{
		BookingsPerMonth: t.Funnel.BookingsPerMonth, AverageDealSize: t.Funnel.AverageDealSize,
		CloseRatePercent: t.Funnel.CloseRatePercent, MQLToOpportunityPercent: t.Funnel.MQLToOpportunityPercent,
		Target: int64(terms.VolumeTarget()), Stated: t.Marketing != nil && t.Marketing.Volume != nil && !t.Marketing.Volume.FromFunnel,
	}
}

// dealsOf the buckets from the first on. The currency is the one that most of the priced deals are in.
func dealsOf(all []ledger.Deals, first int) *review.Deals {
	priced := map[string]int64{}
	for _, d := range all {
		if d.Bucket >= first && d.Priced > 0 {
			priced[d.Currency] += d.Priced
		}
	}
	out := &review.Deals{}
	for currency, n := range priced {
		if most := priced[out.Currency]; n > most || n == most && currency < out.Currency {
			out.Currency = currency
		}
	}
	for _, d := range all {
		if d.Bucket < first {
			continue
		}
		same := d.Currency == out.Currency
		switch lead.DealState(d.State) {
		case lead.DealWon:
			out.Won += d.Deals
			if same {
				out.WonPriced, out.WonValue = out.WonPriced+d.Priced, out.WonValue+d.Amount
			}
		case lead.DealLost:
			out.Lost += d.Deals
		case lead.DealOpen:
			out.Open += d.Deals
			if same {
				out.OpenValue += d.Amount
			}
		}
	}
	return out
}

// segmentsOf the MQLs by who owns them, where they came from, the path and the intent.
func segmentsOf(delivered []ledger.Delivered, sourced bool) []review.Segment {
	type key struct{ by, value string }
	all := map[key]*review.Segment{}
	for _, d := range delivered {
		keys := []key{{"rep", d.Rep}, {"path", d.Path}, {"intent", d.Intent}}
		if sourced {
			keys = append(keys, key{"source", d.Source})
		}
		for _, k := range keys {
			if all[k] == nil {
				all[k] = &review.Segment{By: k.by, Key: k.value}
			}
			s := all[k]
			s.MQLs += d.Leads
			s.Accepted += from(d, ledger.ReachSAL)
			s.SQLs += from(d, ledger.ReachSQL)
			s.Opportunities += from(d, ledger.ReachOpportunity)
			s.Won += from(d, ledger.ReachWon)
			if d.Rejected {
				s.Rejected += d.Leads
			}
		}
	}
	out := make([]review.Segment, 0, len(all))
	for _, s := range all {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b review.Segment) int {
		return cmp.Or(cmp.Compare(a.By, b.By), cmp.Compare(b.MQLs, a.MQLs), cmp.Compare(a.Key, b.Key))
	})
	return fold(out)
}

// fold adds the smallest of many values up. No number is left out.
func fold(sorted []review.Segment) []review.Segment {
	var out []review.Segment
	n := map[string]int{}
	for _, s := range sorted {
		n[s.By]++
		switch {
		case n[s.By] <= maxKeys:
			out = append(out, s)
		case n[s.By] == maxKeys+1:
			s.Key = others
			out = append(out, s)
		default:
			last := &out[len(out)-1]
			last.MQLs, last.Accepted, last.Rejected = last.MQLs+s.MQLs, last.Accepted+s.Accepted, last.Rejected+s.Rejected
			last.SQLs, last.Opportunities, last.Won = last.SQLs+s.SQLs, last.Opportunities+s.Opportunities, last.Won+s.Won
		}
	}
	return out
}

// scoresOf the MQLs by path and score at hand-off.
func scoresOf(delivered []ledger.Delivered, d lead.Definition) *review.Scores {
	scores := &review.Scores{Max: lead.DefaultMax}
	if d.Scoring != nil && d.Scoring.Max != nil {
		scores.Max = int64(*d.Scoring.Max)
	}
	for _, p := range d.Paths {
		path := review.ScorePath{Name: p.Name}
		if p.Threshold != nil {
			path.Threshold = int64(*p.Threshold)
		}
		scores.Paths = append(scores.Paths, path)
	}
	type key struct {
		path  string
		score int64
	}
	all := map[key]*review.Scored{}
	for _, one := range delivered {
		k := key{one.Path, one.Score}
		if all[k] == nil {
			all[k] = &review.Scored{Path: one.Path, Score: one.Score}
		}
		s := all[k]
		s.MQLs += one.Leads
		s.Accepted += from(one, ledger.ReachSAL)
		s.Opportunities += from(one, ledger.ReachOpportunity)
		s.Won += from(one, ledger.ReachWon)
	}
	for _, s := range all {
		scores.MQLs = append(scores.MQLs, *s)
	}
	return scores
}

// near are the leads of the period that are no MQLs, by their score.
func (g *gathering) near(ctx context.Context) error {
	near, err := g.l.Near(ctx, g.p.from, g.p.to)
	for score, leads := range near {
		g.f.Scores.Near = append(g.f.Scores.Near, review.Tally{Key: strconv.FormatInt(score, 10), Leads: leads})
	}
	return err
}
