// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/claim"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// readRecords adds what both parties put on record beside the terms: the reviews that they held, and the waivers that they signed, by the rules and
// the keys of the terms.
func (s *scope) readRecords(ctx context.Context, in *judge.Input, zone *time.Location) error {
	cadence, err := s.cadence(ctx)
	if err != nil {
		return err
	}
	if cadence != nil {
		in.Reviews = convert.Reviews(cadence, judge.GoLive(*in), in.Now, zone)
	}
	keyring, err := s.signers.Keyring(ctx, s.owner.Namespace)
	if err != nil {
		return err
	}
	in.Waivers = convert.Waivers(s.contract, keyring.Check(sla.WaiverKind, s.owner.Namespace, s.owner.Name))
	s.lookAgain(in, zone)
	return nil
}

// signedBy takes the signatures away that are of a time to come: a waiver counts once that has come.
func signedBy(waivers []judge.Waiver, now time.Time) []judge.Waiver {
	out := slices.Clone(waivers)
	for i := range out {
		if out[i].Signed.After(now) {
			out[i].Signed, out[i].Flaws = time.Time{}, []string{"it is signed with a date that has not come"}
		}
	}
	return out
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
		if one.Spec.ContractRef.Name == s.owner.Name && one.DeletionTimestamp.IsZero() && (oldest == nil || claim.Older(one, oldest)) {
			oldest = one
		}
	}
	return oldest, nil
}

// lookAgain notes when a waiver begins, counts or ends, when a review is due, and when a dispute's dates come.
func (s *scope) lookAgain(in *judge.Input, zone *time.Location) {
	day := func(date string) {
		if begins, ends, err := sla.Day(date, zone); err == nil {
			s.lookAt = append(s.lookAt, begins, ends)
		}
	}
	for _, w := range in.Waivers {
		s.lookAt = append(s.lookAt, w.Signed)
		day(w.From)
		day(w.To)
	}
	for _, review := range in.Reviews {
		day(review.Due.In(zone).Format(time.DateOnly))
	}
	if d := in.Dispute; d != nil {
		s.lookAt = append(s.lookAt, d.At, d.Resolved)
	}
}
