// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/child"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/resources"
)

// running says whether the workers of this contract are to run.
func (s *scope) running() bool { return len(s.pairs) > 0 && !s.tenantTaken }

// applyRoster hands the pools and the settings of the CRM to the workers. They take effect at once, unsigned. Pools must be readable with the definitions
// that the workers have, also with those to come; whether the settings fit the CRM is for the routing worker, which has the key to it.
func (s *scope) applyRoster(ctx context.Context) error {
	if !s.running() {
		return nil
	}
	wanted := convert.Roster(s.contract.Spec.Routing)
	if err := s.unreadable(wanted); err != nil {
		s.outcome.Add(err)
		last, err := s.lastRoster(ctx)
		if err != nil || last == nil {
			return err
		}
		wanted = *last // people are told of escalations all the same
	}
	settings, err := convert.CRM(s.contract.Spec.CRM)
	if err != nil {
		return err
	}
	roster, err := resources.RosterConfigMap(s.owner, wanted, s.standingToTell(), settings)
	if err != nil {
		return err
	}
	return child.Apply(ctx, s.client, s.live, roster)
}

// unreadable says why the pools cannot be read with a definition that the workers have; nil when they can.
func (s *scope) unreadable(wanted bundle.Roster) error {
	readers := s.active()
	if len(readers) == 0 {
		readers = s.mounted()
	}
	for i, p := range readers {
		program, err := lead.Compile(p.bundle.Lead)
		if err != nil {
			return outcome.Stalled(slav1alpha1.ReasonIncompatibleDefinition, "the adopted definition %s: %v; sign a new one",
				p.bundle.Definition.Name, err)
		}
		if _, err := program.CompilePools(wanted.Pools); err != nil {
			err = outcome.Stalled(slav1alpha1.ReasonInvalidRouting, "%v; the last roster stays in use", err)
			if i > 0 {
				err = later(err, p.bundle.EffectiveFrom)
			}
			return err
		}
	}
	return nil
}

// lastRoster is the one that the workers have; nil when they have none.
func (s *scope) lastRoster(ctx context.Context) (*bundle.Roster, error) {
	object := &corev1.ConfigMap{}
	found, err := s.get(ctx, resources.RosterName(s.owner.Name), object)
	if err != nil || !found || !metav1.IsControlledBy(object, s.contract) {
		return nil, err
	}
	if roster, err := bundle.DecodeRoster([]byte(object.Data[bundle.RosterFile])); err == nil {
		return &roster, nil
	}
	return nil, nil // changed by hand: there is none that could stay in use
}

// applyChildren makes the objects that run the pair. One that fails does not keep the others from being made.
func (s *scope) applyChildren(ctx context.Context) error {
	if !s.running() {
		return nil
	}
	for _, wanted := range s.children() {
		s.outcome.Add(child.Apply(ctx, s.client, s.live, wanted))
	}
	return nil
}

func (s *scope) children() []runtime.ApplyConfiguration {
	mounted := s.mounted()
	in := resources.WorkerInput{Owner: s.owner, Spec: s.contract.Spec, Image: s.image, Bundle: mounted[0].name}
	for _, p := range mounted[1:] {
		in.Coming = append(in.Coming, p.bundle.Sequence)
	}
	out := []runtime.ApplyConfiguration{
		resources.Measurement(s.owner),
		resources.MeasureRole(s.owner),
		resources.MeasureRoleBinding(s.owner),
		resources.IngestService(s.owner),
	}
	for _, component := range []resources.Component{resources.Scoring, resources.Routing} {
		out = append(out,
			resources.WorkerAccount(s.owner, component),
			resources.WorkerDisruptionBudget(s.owner, component),
			resources.WorkerNetworkPolicy(s.owner, component),
		)
	}
	return append(out, resources.ScoringDeployment(in), resources.RoutingDeployment(in))
}
