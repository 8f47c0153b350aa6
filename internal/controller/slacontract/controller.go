// SPDX-License-Identifier: Apache-2.0

// Package slacontract reconciles SLAContracts: it records the terms that both parties signed, hands the checked pair of terms and
// definition to the workers, keeps the workers running, and judges what they counted.
package slacontract

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
)

// Kind that this controller reconciles.
const Kind = "SLAContract"

// Reconciler of SLAContracts.
type Reconciler struct {
	Client client.Client
	Live   client.Reader // past the cache
	Clock  clock.PassiveClock
	Events events.EventRecorder
	Image  string // of the workers
	// Signers finds the parties' keys; nil means that nobody has any.
	Signers *ratify.Signers
}

// Reconcile one SLAContract.
func (r *Reconciler) Reconcile(ctx context.Context, contract *slav1alpha1.SLAContract) (reconcile.Result, error) {
	if !contract.DeletionTimestamp.IsZero() {
		return reconcile.Result{}, nil // the children go with their owner
	}
	s := r.newScope(contract)
	if err := s.gather(ctx); err != nil {
		s.outcome.Add(err)
		return s.outcome.Result(ctx, 0)
	}
	for _, phase := range []func(context.Context) error{
		s.checkTenant,
		s.ratifyTerms,
		s.planPairs,
		s.coOwnDefinitions,
		s.adoptPairs,
		s.judge,
		s.applyRoster,
		s.applyChildren,
		s.checkWorkers,
		s.pruneBundles,
	} {
		s.outcome.Add(phase(ctx))
	}
	return r.finish(ctx, s)
}

func (r *Reconciler) finish(ctx context.Context, s *scope) (reconcile.Result, error) {
	if s.outcome.Behind() {
		return s.outcome.Result(ctx, 0)
	}
	before := s.contract.Status.DeepCopy()
	s.writeStatus(&s.contract.Status)
	if !equality.Semantic.DeepEqual(before, &s.contract.Status) {
		if err := r.Client.Status().Update(ctx, s.contract); err != nil {
			s.outcome.Add(client.IgnoreNotFound(fmt.Errorf("status of SLAContract %s: %w", client.ObjectKeyFromObject(s.contract), err)))
			return s.outcome.Result(ctx, s.next())
		}
		condition.Send(r.Events, s.contract, s.changes(before, &s.contract.Status))
	}
	return s.outcome.Result(ctx, s.next())
}
