// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/child"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/resources"
)

// running says whether the workers of this contract are to run.
func (s *scope) running() bool { return s.pair != nil && !s.tenantTaken }

// applyRoster hands the pools to the workers. They take effect at once, unsigned, so they must be readable with the definition that the
// workers have.
func (s *scope) applyRoster(ctx context.Context) error {
	if !s.running() {
		return nil
	}
	program, err := lead.Compile(s.pair.bundle.Lead)
	if err != nil {
		return outcome.Stalled(slav1alpha1.ReasonIncompatibleDefinition, "the definition in force, %s: %v; sign a new one",
			s.pair.bundle.Definition.Name, err)
	}
	pools := convert.Pools(s.contract.Spec.Routing)
	if _, err := program.CompilePools(pools); err != nil {
		return outcome.Stalled(slav1alpha1.ReasonInvalidRouting, "%v; the last roster stays in use", err)
	}
	roster, err := resources.RosterConfigMap(s.owner, pools)
	if err != nil {
		return err
	}
	return child.Apply(ctx, s.client, s.live, roster)
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
	in := resources.WorkerInput{Owner: s.owner, Spec: s.contract.Spec, Image: s.image, Bundle: s.pair.name}
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
