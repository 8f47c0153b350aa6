// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// records are what both parties put on record beside the terms, as the judge takes it.
type records struct {
	spec    *slav1alpha1.SLAContractSpec
	reviews []judge.Review
	waivers []judge.Waiver
	missing map[string][]sla.Party // who has not signed a waiver, by its name
}

// readRecords reads the cadence that reviews the contract, and checks the signatures of the waivers.
func (s *scope) readRecords(ctx context.Context, b *book, now time.Time, zone *time.Location) (*records, error) {
	r := &records{spec: &s.contract.Spec, missing: map[string][]sla.Party{}}
	cadence, err := s.cadence(ctx)
	if err != nil {
		return nil, err
	}
	if cadence != nil && len(b.spells) > 0 {
		r.reviews = reviewsOf(&cadence.Spec, b.spells[0].From, now, zone)
	}
	s.lookAgain(r, zone)
	return r, nil
}

// cadence that reviews the contract; nil when none does. Of several, the oldest does: the others are refused.
func (s *scope) cadence(ctx context.Context) (*slav1alpha1.ReviewCadence, error) {
	list := &slav1alpha1.ReviewCadenceList{}
	if err := s.client.List(ctx, list, client.InNamespace(s.owner.Namespace)); err != nil {
		return nil, fmt.Errorf("list ReviewCadences of %s: %w", s.owner.Namespace, err)
	}
	var oldest *slav1alpha1.ReviewCadence
	for i := range list.Items {
		one := &list.Items[i]
		if one.Spec.ContractRef.Name == s.owner.Name && one.DeletionTimestamp.IsZero() && (oldest == nil || older(one, oldest)) {
			oldest = one
		}
	}
	return oldest, nil
}

// lookAgain notes when a waiver begins or ends, and when a review is due.
func (s *scope) lookAgain(r *records, zone *time.Location) {
	for _, w := range r.waivers {
		for _, day := range []string{w.From, w.To} {
			if begins, ends, err := sla.Day(day, zone); err == nil {
				s.lookAt = append(s.lookAt, begins, ends)
			}
		}
	}
	for _, review := range r.reviews {
		if _, ends, err := sla.Day(review.Due.In(zone).Format(time.DateOnly), zone); err == nil {
			s.lookAt = append(s.lookAt, ends)
		}
	}
	if d := r.spec.Dispute; d != nil {
		s.lookAt = append(s.lookAt, d.At.Time)
		if d.Resolution != nil {
			s.lookAt = append(s.lookAt, d.Resolution.At.Time)
		}
	}
}

// problems of the records: what does not count as it is written.
func (r *records) problems(b *book, terms string, now time.Time, zone *time.Location) []problem {
	var out []problem
	for _, w := range r.waivers {
		if p := waiverProblem(w, r.missing[w.Name], now, zone); p != nil {
			out = append(out, *p)
		}
	}
	out = append(out, clauseProblems(r.spec, b.clauses, terms)...)
	if p := disputeProblem(r.spec.Dispute, now); p != nil {
		out = append(out, *p)
	}
	return out
}
