// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// judgeEvery is how often a contract in force is looked at without a change: a week or month begins, a pace goes on.
const judgeEvery = 15 * time.Minute

// scope is one reconciliation.
type scope struct {
	client   client.Client
	live     client.Reader
	signers  *ratify.Signers
	image    string
	contract *slav1alpha1.SLAContract
	owner    resources.Owner
	now      time.Time
	outcome  outcome.Outcome

	// gathered
	revisions   []ratify.Revision // of the terms
	pairs       []pair            // of the existing bundles, oldest first
	measurement *slav1alpha1.SLAMeasurement
	workers     []worker

	// found on the way
	tenantTaken bool
	standing    ratify.Standing
	glossaries  map[string]*glossary // by the definition's name
	dated       []time.Time          // when something that is ratified comes into force
	plan        []step               // what is to be in force, now and later
	pair        *pair                // in force; the workers have it, or are given it now
	coming      []pair               // adopted, and to come into force
	judged      *judgement
	unread      bool        // what there is to judge could not be read: the last outcome stays
	problems    []problem   // of what is on record
	lookAt      []time.Time // when something that is on record begins to count, ends, or is due
}

// ratifiedTerms are terms that both parties signed.
type ratifiedTerms struct {
	revision *ratify.Revision
	terms    sla.Terms
	compiled *sla.Compiled
}

// ratifiedDefinition is a definition that both parties signed.
type ratifiedDefinition struct {
	revision   *ratify.Revision
	definition lead.Definition
	program    *lead.Program
}

// worker is one of the two Deployments; nil when it does not exist.
type worker struct {
	component  resources.Component
	deployment *appsv1.Deployment
}

func (r *Reconciler) newScope(contract *slav1alpha1.SLAContract) *scope {
	return &scope{
		client: r.Client, live: r.Live, signers: r.Signers, image: r.Image,
		contract: contract, owner: resources.OwnerOf(Kind, contract), now: r.Clock.Now(), glossaries: map[string]*glossary{},
	}
}

// series of the revisions of a contract's terms.
func series(namespace, name string) ratify.Series {
	return ratify.Series{Namespace: namespace, Label: resources.ContractLabel, Object: name, Component: resources.Terms}
}

// gather reads what exists. Without it nothing can be said, so that its error ends the reconciliation.
func (s *scope) gather(ctx context.Context) error {
	var err error
	if s.revisions, err = ratify.List(ctx, s.client, series(s.owner.Namespace, s.owner.Name)); err != nil {
		return err
	}
	s.standing = *ratify.Stand(s.revisions, s.now)
	s.measurement = &slav1alpha1.SLAMeasurement{}
	if found, err := s.get(ctx, s.owner.Name, s.measurement); err != nil || !found {
		s.measurement = nil
		if err != nil {
			return err
		}
	}
	pairs, err := listPairs(ctx, s.client, s.contract)
	if err != nil {
		return err
	}
	s.setPairs(pairs)
	return s.gatherWorkers(ctx)
}

func (s *scope) gatherWorkers(ctx context.Context) error {
	for _, component := range []resources.Component{resources.Scoring, resources.Routing} {
		deployment := &appsv1.Deployment{}
		found, err := s.get(ctx, resources.WorkerName(s.owner.Name, component), deployment)
		if err != nil {
			return err
		}
		if !found {
			deployment = nil
		}
		s.workers = append(s.workers, worker{component: component, deployment: deployment})
	}
	return nil
}

func (s *scope) get(ctx context.Context, name string, object client.Object) (bool, error) {
	err := s.client.Get(ctx, client.ObjectKey{Namespace: s.owner.Namespace, Name: name}, object)
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("get %T %s/%s: %w", object, s.owner.Namespace, name, err)
	}
	return true, nil
}

// next is when to look again although nothing changed.
func (s *scope) next() time.Duration {
	next := time.Duration(0)
	if s.pair != nil {
		next = judgeEvery
	}
	dates := append([]time.Time{s.standing.Next}, s.dated...)
	for _, at := range s.lookAt {
		if at.After(s.now) {
			dates = append(dates, at)
		}
	}
	for _, p := range s.coming {
		dates = append(dates, p.bundle.EffectiveFrom)
	}
	for _, at := range dates {
		if at.IsZero() {
			continue
		}
		if wait := max(at.Sub(s.now), time.Second); next == 0 || wait < next {
			next = wait
		}
	}
	return next
}
