// SPDX-License-Identifier: Apache-2.0

package measurement

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/proposal"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Agreement reads the contract of a cadence and its definition: what was signed and when, the plans, waivers and disputes, and the reviews that were
// held. Without the definition, or before there is one, nothing is proposed. Dates are of the zone, that of the terms in force: those that are written
// may name another one, or one that is none, and are not signed yet.
func Agreement(ctx context.Context, c client.Client, cadence *slav1alpha1.ReviewCadence, zone *time.Location) (pipeline.Agreement, error) {
	var contract slav1alpha1.SLAContract
	key := types.NamespacedName{Namespace: cadence.Namespace, Name: cadence.Spec.ContractRef.Name}
	if err := c.Get(ctx, key, &contract); err != nil {
		return pipeline.Agreement{}, fmt.Errorf("reading SLAContract %s: %w", key, err)
	}
	a := agreementOf(cadence, &contract, zone)
	key.Name = contract.Spec.DefinitionRef.Name
	var definition slav1alpha1.LeadDefinition
	switch err := c.Get(ctx, key, &definition); {
	case apierrors.IsNotFound(err):
		return a, nil
	case err != nil:
		return a, fmt.Errorf("reading LeadDefinition %s: %w", key, err)
	}
	if definition.Status.InForce != nil {
		a.Definition = times(definition.Status.InForce.Signed)
	}
	a.Propose = func(results review.Results, from time.Time) (*review.Proposal, error) {
		return proposal.Next(&contract, &definition, results, from)
	}
	return a, nil
}

func agreementOf(cadence *slav1alpha1.ReviewCadence, contract *slav1alpha1.SLAContract, zone *time.Location) pipeline.Agreement {
	a := pipeline.Agreement{
		Contract: contract.Namespace + "/" + contract.Name, Cadence: cadence.Name, Made: cadence.CreationTimestamp.Time, Notices: contract.Spec.Notify != nil,
		Dispute: convert.Dispute(contract.Spec.Dispute), Waivers: waivers(contract), Remediations: convert.Remediations(contract.Spec.Remediations),
		Meetings: convert.Meetings(cadence.Spec, cadence.CreationTimestamp.Time, zone),
	}
	if contract.Status.Terms != nil {
		a.Terms = times(contract.Status.Terms.Signed)
	}
	for _, week := range contract.Status.History {
		judged := pipeline.JudgedWeek{Period: sla.Period(week.Period)}
		for _, clause := range week.Waived {
			judged.Waived = append(judged.Waived, sla.Clause(clause))
		}
		a.Judged = append(a.Judged, judged)
	}
	for _, record := range cadence.Spec.Records {
		a.Minutes = append(a.Minutes, minutes(record))
	}
	return a
}

func minutes(r slav1alpha1.ReviewRecord) pipeline.Minutes {
	m := pipeline.Minutes{Review: r.Review, Period: sla.Period(r.Period), Held: string(r.Held), Decisions: r.Decisions}
	for _, party := range r.By {
		m.By = append(m.By, string(party))
	}
	for _, action := range r.Actions {
		m.Actions = append(m.Actions, review.Action{What: action.What, Owner: action.Owner, Due: string(action.Due), Done: string(action.Done)})
	}
	return m
}

// waivers with the signatures of both by name. Whether a signature that has to be proved counts is for the manager, which has the keys.
func waivers(contract *slav1alpha1.SLAContract) []judge.Waiver {
	return convert.Waivers(contract, func(sla.SignOff) (bool, string) { return false, "" })
}

func times(written []metav1.Time) []time.Time {
	out := make([]time.Time, len(written))
	for i, t := range written {
		out[i] = t.UTC()
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}
