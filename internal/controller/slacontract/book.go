// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/controller/leaddefinition"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// book is every ratified text of the terms, to judge each lead by those it was counted under.
type book struct {
	terms    map[string]*sla.Compiled // by the name of their revision
	compiled *sla.Compiled            // those in force
	clauses  []sla.Clause             // that any of them has
	spells   []judge.Spell
	signed   []time.Time // the definitions that they name, each time by both
}

// readBook compiles all that was ratified. A revision that cannot be read is left out: what was counted under it is said to be judged by the terms in
// force. Those are read from the pair: the workers have the same text.
func (s *scope) readBook(ctx context.Context) (*book, error) {
	inForce := s.pair.bundle
	compiled, err := sla.Compile(inForce.SLA)
	if err != nil {
		return nil, err
	}
	b := &book{terms: map[string]*sla.Compiled{}, compiled: compiled}
	definitions := []string{inForce.SLA.Definition}
	for i := range s.revisions {
		read, err := s.readTerms(&s.revisions[i])
		if err != nil {
			continue
		}
		b.terms[s.revisions[i].Name] = read.compiled
		definitions = append(definitions, read.terms.Definition)
		b.clauses = append(b.clauses, clausesOf(read.compiled, read.terms)...)
	}
	b.terms[inForce.Terms.Name] = compiled
	b.clauses = append(b.clauses, clausesOf(compiled, inForce.SLA)...)
	slices.Sort(definitions)
	golive := s.pair.bundle.Start()
	for _, name := range slices.Compact(definitions) {
		revisions, err := ratify.List(ctx, s.client, leaddefinition.Series(s.owner.Namespace, name))
		if err != nil {
			return nil, err
		}
		b.signed = append(b.signed, ratify.Signed(revisions)...)
		for i := range revisions {
			golive = earlier(golive, revisions[i].Start())
		}
	}
	b.spells = spells(s.revisions, golive, s.now)
	return b, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// spells say which terms were in force since when, the oldest first. Nothing is before there is a definition too.
func spells(revisions []ratify.Revision, golive, now time.Time) []judge.Spell {
	sorted := slices.SortedFunc(slices.Values(revisions), func(a, b ratify.Revision) int {
		return cmp.Or(a.Start().Compare(b.Start()), cmp.Compare(a.Number, b.Number))
	})
	var out []judge.Spell
	newest := int64(0)
	for i := range sorted {
		r := &sorted[i]
		if r.Number < newest || r.EffectiveFrom.After(now) {
			continue // superseded before its time, or to come
		}
		newest = r.Number
		from := r.Start()
		if from.Before(golive) {
			from = golive
		}
		if len(out) > 0 && !from.After(out[len(out)-1].From) {
			out = out[:len(out)-1]
		}
		out = append(out, judge.Spell{From: from, Revision: r.Name})
	}
	return out
}

// clausesOf terms: those of leads, and what both owe the agreement itself.
func clausesOf(c *sla.Compiled, t sla.Terms) []sla.Clause {
	var out []sla.Clause
	for _, demand := range c.Demands() {
		out = append(out, demand.Clause)
	}
	if t.Governance.ReviewsHeld != "" {
		out = append(out, sla.ClauseReviewsHeld)
	}
	if t.Governance.DefinitionRefresh != "" {
		out = append(out, sla.ClauseDefinitionRefresh)
	}
	return out
}
