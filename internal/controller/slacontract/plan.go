// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/lead"
)

// step is what is to be in force from a time on: now when `from` is zero.
type step struct {
	from       time.Time
	bundle     bundle.Bundle
	definition *ratify.Revision // nil when the step keeps the pair as it is
	program    *lead.Program
}

// planPairs finds out which pair is to be in force now and from each date on that a ratified revision has. A pair that does not fit is said
// now, long before its date; the one before it then stays in force.
func (s *scope) planPairs(ctx context.Context) error {
	if s.tenantTaken {
		return nil
	}
	terms := s.ratifiedTerms()
	if len(terms) == 0 {
		return s.nothingRatified(ctx)
	}
	dates, err := s.dates(ctx, terms)
	if err != nil {
		return err
	}
	s.dated = dates
	plan := []step{s.keptStep()}
	now, saidNow := s.stepAt(ctx, terms, s.now)
	if now != nil {
		plan = []step{*now}
	} else if saidNow != nil && (len(dates) == 0 || !isNothingYet(saidNow)) {
		s.outcome.Add(saidNow)
	}
	for _, at := range dates {
		next, err := s.stepAt(ctx, terms, at)
		if err != nil {
			if saidNow == nil || err.Error() != saidNow.Error() {
				s.outcome.Add(later(err, at))
			}
			if next = s.keptAt(terms, at, err); next == nil {
				continue
			}
		}
		next.from, next.bundle.EffectiveFrom = at, at
		if !sameContent(plan[len(plan)-1].bundle, next.bundle) {
			plan = append(plan, *next)
		}
	}
	s.plan = plan
	return nil
}

// ratifiedTerms are the revisions of the terms in force and to come.
func (s *scope) ratifiedTerms() []ratify.Revision {
	var out []ratify.Revision
	if s.standing.InForce != nil {
		out = append(out, *s.standing.InForce)
	}
	return append(out, s.standing.Coming...)
}

func (s *scope) nothingRatified(ctx context.Context) error {
	if s.standing.Digest == "" {
		return nil // said already: the terms do not compile
	}
	s.outcome.Add(outcome.Waiting(slav1alpha1.ReasonNothingInForce, "no terms were ratified yet: %s", s.standing.Missing("slacontract", s.owner.Name)))
	_, err := s.lookUpDefinition(ctx, s.contract.Spec.DefinitionRef.Name)
	return err
}

// dates to come of the terms and of the definitions that they name. Those of what is not there or cannot be read, which stepAt says, are the
// ones that were adopted when it was: it must not hold up the others.
func (s *scope) dates(ctx context.Context, terms []ratify.Revision) ([]time.Time, error) {
	var out []time.Time
	for i := range terms {
		if terms[i].EffectiveFrom.After(s.now) {
			out = append(out, terms[i].EffectiveFrom)
		}
		found, err := s.glossaryOf(ctx, &terms[i])
		if err != nil {
			return nil, err
		}
		if found == nil {
			out = append(out, s.adoptedDates(terms[i].Name)...)
			continue
		}
		for _, coming := range ratify.Coming(found.revisions, s.now) {
			out = append(out, coming.EffectiveFrom)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal), nil
}

// glossaryOf is the definition that terms name; nil when the terms cannot be read or it is not there. An error says nothing about either.
func (s *scope) glossaryOf(ctx context.Context, terms *ratify.Revision) (*glossary, error) {
	read, err := s.readTerms(terms)
	if err != nil {
		return nil, nil //nolint:nilerr // stepAt says it
	}
	found, err := s.lookUpDefinition(ctx, read.terms.Definition)
	var wait *outcome.WaitError
	var stall *outcome.StallError
	if errors.As(err, &wait) || errors.As(err, &stall) {
		return nil, nil
	}
	return found, err
}

// adoptedDates are those to come of the pairs of some terms.
func (s *scope) adoptedDates(terms string) []time.Time {
	var out []time.Time
	for _, p := range s.coming {
		if p.bundle.Terms.Name == terms {
			out = append(out, p.bundle.EffectiveFrom)
		}
	}
	return out
}

// nothing is the step of a time when no pair is in force.
func nothing() step { return step{bundle: bundle.Bundle{CalledOff: true}} }

// keptStep is the pair in force, which stays when there is no other.
func (s *scope) keptStep() step {
	if s.pair == nil {
		return nothing()
	}
	return step{bundle: s.pair.bundle}
}

// keptAt is what was adopted for a time of the same terms, which stays when what it was made of is not there any more; nil when it is there
// and does not do.
func (s *scope) keptAt(terms []ratify.Revision, at time.Time, err error) *step {
	revision := ratify.At(terms, at)
	var stall *outcome.StallError
	if revision == nil || errors.As(err, &stall) {
		return nil
	}
	for _, p := range s.coming {
		if p.bundle.EffectiveFrom.Equal(at) && p.bundle.Terms.Name == revision.Name {
			return &step{bundle: p.bundle}
		}
	}
	return nil
}

// stepAt is the checked pair of a time.
func (s *scope) stepAt(ctx context.Context, terms []ratify.Revision, at time.Time) (*step, error) {
	revision := ratify.At(terms, at)
	if revision == nil {
		return nil, outcome.Waiting(slav1alpha1.ReasonNothingInForce, "no terms are in force yet%s", s.standing.Kept())
	}
	read, err := s.readTerms(revision)
	if err != nil {
		return nil, err
	}
	found, err := s.lookUpDefinition(ctx, read.terms.Definition)
	if err != nil {
		return nil, err
	}
	if revision = ratify.At(found.revisions, at); revision == nil {
		return nil, outcome.Waiting(slav1alpha1.ReasonDefinitionNotRatified, "LeadDefinition %s/%s has no ratified revision %s%s",
			s.owner.Namespace, read.terms.Definition, s.yet(found), s.keepsPair())
	}
	definition, err := s.readDefinition(found.object, revision)
	if err != nil {
		return nil, err
	}
	if misfits := read.compiled.Fits(definition.definition); len(misfits) > 0 {
		return nil, outcome.Stalled(slav1alpha1.ReasonIncompatibleDefinition, "definition %s does not fit the terms %s: %s%s",
			revision.Name, read.revision.Name, strings.Join(misfits, "; "), s.keepsPair())
	}
	return &step{bundle: s.candidate(read, definition), definition: revision, program: definition.program}, nil
}

func (s *scope) yet(found *glossary) string {
	if len(found.revisions) == 0 {
		return "yet"
	}
	return "in force yet"
}

// isNothingYet says that a pair is only waited for.
func isNothingYet(err error) bool {
	var wait *outcome.WaitError
	return errors.As(err, &wait) && (wait.Reason == slav1alpha1.ReasonNothingInForce || wait.Reason == slav1alpha1.ReasonDefinitionNotRatified)
}

// later says from when on something is wrong.
func later(err error, at time.Time) error {
	from := "from " + at.UTC().Format(time.RFC3339) + " on, "
	var stall *outcome.StallError
	var wait *outcome.WaitError
	switch {
	case errors.As(err, &stall):
		return outcome.Stalled(stall.Reason, "%s%s", from, stall.Message)
	case errors.As(err, &wait):
		return outcome.Waiting(wait.Reason, "%s%s", from, wait.Message)
	}
	return err
}

// candidate has the date from which both are in force: by a clock of the ledger that is behind the operator's, it may be to come.
func (s *scope) candidate(terms *ratifiedTerms, definition *ratifiedDefinition) bundle.Bundle {
	from := terms.revision.EffectiveFrom
	if definition.revision.EffectiveFrom.After(from) {
		from = definition.revision.EffectiveFrom
	}
	return bundle.Bundle{
		EffectiveFrom: from,

		Contract:   s.owner.Namespace + "/" + s.owner.Name,
		Definition: bundle.RevisionOf{Name: definition.revision.Name, Digest: definition.revision.Digest},
		Terms:      bundle.RevisionOf{Name: terms.revision.Name, Digest: terms.revision.Digest},
		Lead:       definition.definition,
		SLA:        terms.terms,
	}
}
