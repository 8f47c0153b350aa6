// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

type clauseTier struct {
	clause sla.Clause
	tier   string
}

// others stands for the values of a breakdown that are too many to list.
const others = "(others)"

// misses are what is known of the leads that missed a clause in the weeks of the period, and of all that were judged by it.
func (g *gathering) misses(ctx context.Context) error {
	if len(g.judging.weeks) == 0 {
		return nil
	}
	missed, err := g.l.Missed(ctx, g.source, g.judging.weeks...)
	if err != nil {
		return err
	}
	kept, err := g.l.Kept(ctx, g.source, g.judging.weeks...)
	if err != nil {
		return err
	}
	gone, err := g.l.Retired(ctx, g.judging.weeks...)
	if err != nil {
		return err
	}
	byClause := map[clauseTier]*review.Miss{}
	fields := map[clauseTier]map[string]int64{}
	for _, m := range missed {
		key := clauseTier{m.Obligation.Clause, m.Obligation.Tier}
		one := byClause[key]
		if one == nil {
			one = &review.Miss{Clause: key.clause, Tier: key.tier}
			byClause[key], fields[key] = one, map[string]int64{}
		}
		g.add(one, m)
		for _, field := range m.Missing {
			fields[key][field]++
		}
	}
	for key, one := range byClause {
		one.MissingFields = tallies(fields[key])
		one.Reps, one.Sources = shares(kept, key, g.source != "")
		g.f.Misses = append(g.f.Misses, *one)
	}
	for _, clause := range sla.Clauses {
		if n := gone[string(clause)]; n > 0 {
			g.f.Notes = append(g.f.Notes, fmt.Sprintf(
				"%s: %d leads of the period are no longer kept; they are in the counts, and not in what is told of single leads", clause, n))
		}
	}
	return nil
}

// add a lead to what is known of a clause. The worst come first.
func (g *gathering) add(one *review.Miss, m ledger.Missed) {
	o := m.Obligation
	open := o.Stop.IsZero()
	one.Missed++
	if clocked := !o.Start.IsZero() && !o.Due.IsZero(); clocked {
		if m.NoCapacity {
			one.NobodyAvailable++
		}
		if !g.pair.Terms.Hours().Open(o.Start) {
			one.OutsideHours++
		}
		if m.Reassigned {
			one.Reassigned++
		}
		if m.LoggedLate {
			one.LoggedLate++
		}
		if open {
			one.NeverDone++
		}
	}
	if len(one.Worst) >= maxWorst {
		return
	}
	late := review.LateLead{Lead: m.Lead, Rep: m.Rep, Source: m.Source, Open: open && !o.Due.IsZero()}
	if !o.Due.IsZero() {
		late.LateSeconds = int64(o.LateBy(g.f.GeneratedAt).Seconds())
	}
	one.Worst = append(one.Worst, late)
}

// shares of the leads of a clause by rep, where sales owes it, and by source.
func shares(kept []ledger.Kept, key clauseTier, sourced bool) (reps, sources []review.Share) {
	byRep, bySource := map[string]*review.Share{}, map[string]*review.Share{}
	add := func(all map[string]*review.Share, value string, k ledger.Kept) {
		if all[value] == nil {
			all[value] = &review.Share{Key: value}
		}
		all[value].Met += k.Met
		all[value].Missed += k.Missed
	}
	for _, k := range kept {
		if k.Clause != key.clause || k.Tier != key.tier {
			continue
		}
		if key.clause.Party() == sla.PartySales {
			add(byRep, k.Rep, k)
		}
		if sourced {
			add(bySource, k.Source, k)
		}
	}
	return most(byRep), most(bySource)
}

// most are the values with the most leads; the rest is one. No number is left out.
func most(all map[string]*review.Share) []review.Share {
	out := make([]review.Share, 0, len(all))
	for _, s := range all {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b review.Share) int {
		return cmp.Or(cmp.Compare(b.Met+b.Missed, a.Met+a.Missed), cmp.Compare(a.Key, b.Key))
	})
	if len(out) <= maxKeys {
		return out
	}
	rest := review.Share{Key: others}
	for _, s := range out[maxKeys:] {
		rest.Met, rest.Missed = rest.Met+s.Met, rest.Missed+s.Missed
	}
	return append(out[:maxKeys], rest)
}

// outcomes counts leads by outcome and code; a reason that is no code, neither when it was sent nor now, counts as none, and so does a code that was
// given before its attempts under terms that enforce them.
func outcomes(sent []ledger.Disposed, pair *Pair) []review.Outcome {
	type key struct {
		outcome lead.Outcome
		reason  string
	}
	type told struct {
		key
		lead string
	}
	seen := map[told]bool{}
	counts := map[key]int64{}
	for _, s := range sent {
		k := key{outcome: s.Outcome}
		if s.Coded {
			k.reason = s.Reason
		}
		for _, code := range pair.Bundle.Lead.Dispositions {
			if code.Name == s.Reason && (s.Outcome == "" || s.Outcome == code.Outcome) {
				k = key{code.Outcome, code.Name}
				if s.Attempts < code.MinAttempts && !pair.Terms.Terms().Observes() {
					k.reason = ""
				}
			}
		}
		if t := (told{k, s.Lead}); k.outcome != "" && !seen[t] {
			seen[t] = true
			counts[k]++
		}
	}
	var out []review.Outcome
	for k, n := range counts {
		out = append(out, review.Outcome{Outcome: string(k.outcome), Reason: k.reason, Leads: n})
	}
	return out
}
