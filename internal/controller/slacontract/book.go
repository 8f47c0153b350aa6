// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"slices"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/leaddefinition"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/sla"
)

// book is every ratified text of the terms, to judge each lead by those it was counted under.
type book struct {
	terms    map[string]*sla.Compiled // by the name of their revision
	compiled *sla.Compiled            // those in force
	clauses  []sla.Clause             // that any of them has
	signed   []time.Time              // the definitions that they name, each time by both
}

// readBook compiles all that was ratified. A revision that cannot be read is left out: what was counted under it is said to be judged by the terms in
// force. Those are read from the pair: the workers have the same text.
func (s *scope) readBook(ctx context.Context) (*book, error) {
	inForce := s.pair.bundle
	compiled, err := sla.Compile(inForce.SLA)
	if err != nil {
		return nil, outcome.Stalled(slav1alpha1.ReasonInvalidTerms, "the terms in force, %s: %v; sign new terms", inForce.Terms.Name, err)
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
	for _, name := range slices.Compact(definitions) {
		revisions, err := ratify.List(ctx, s.client, leaddefinition.Series(s.owner.Namespace, name))
		if err != nil {
			return nil, err
		}
		b.signed = append(b.signed, ratify.Signed(revisions)...)
	}
	return b, nil
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
