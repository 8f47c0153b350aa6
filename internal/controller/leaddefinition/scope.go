// SPDX-License-Identifier: Apache-2.0

package leaddefinition

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// scope is one reconciliation.
type scope struct {
	keeper     ratify.Keeper
	definition *slav1alpha1.LeadDefinition
	now        time.Time
	outcome    outcome.Outcome

	known     bool // whether the history could be read
	revisions []ratify.Revision
	digest    string // of what is written; empty when it does not compile

	effectiveFrom time.Time // of what is written

	standing ratify.Standing
}

func (r *Reconciler) newScope(d *slav1alpha1.LeadDefinition) *scope {
	return &scope{keeper: ratify.Keeper{Client: r.Client, Live: r.Live, Signers: r.Signers}, definition: d, now: r.Clock.Now()}
}

// Series of the revisions of a definition.
func Series(namespace, name string) ratify.Series {
	return ratify.Series{Namespace: namespace, Label: resources.DefinitionLabel, Object: name, Component: resources.Glossary}
}

func (s *scope) readHistory(ctx context.Context) error {
	revisions, err := ratify.List(ctx, s.keeper.Client, Series(s.definition.Namespace, s.definition.Name))
	if err != nil {
		return err
	}
	s.known, s.revisions = true, revisions
	s.standing = *ratify.Stand(revisions, s.now)
	return nil
}

// compile checks what is written and finds its digest.
func (s *scope) compile(context.Context) error {
	definition, err := convert.Definition(s.definition.Spec)
	if err != nil {
		return s.invalid(err)
	}
	if _, err := lead.Compile(definition); err != nil {
		return s.invalid(err)
	}
	s.effectiveFrom = definition.EffectiveFrom
	if s.digest, err = sla.DigestDefinition(definition); err != nil {
		return s.invalid(err)
	}
	return nil
}

func (s *scope) invalid(err error) error {
	return outcome.Stalled(slav1alpha1.ReasonInvalidDefinition, "%v%s", err, s.standing.Kept())
}

// ratify records what is written once both parties have signed it.
func (s *scope) ratify(ctx context.Context) error {
	if !s.known || s.digest == "" {
		return nil // said already
	}
	signed := s.definition.Spec.DeepCopy()
	signed.SignOffs = nil
	standing, err := s.keeper.Keep(ctx, ratify.Text{
		Series: Series(s.definition.Namespace, s.definition.Name), Owner: resources.OwnerOf(Kind, s.definition),
		Prefix: s.definition.Name, Digest: s.digest, SignOffs: s.definition.Spec.SignOffs, Data: signed,
		EffectiveFrom: s.effectiveFrom,
	}, s.revisions, s.now)
	s.standing = *standing
	return err
}

// next is when to look again although nothing changed.
func (s *scope) next() time.Duration {
	if s.standing.Next.IsZero() {
		return 0
	}
	return max(s.standing.Next.Sub(s.now), time.Second)
}

// writeStatus makes the whole status from what was found.
func (s *scope) writeStatus(status *slav1alpha1.LeadDefinitionStatus) {
	generation := s.definition.Generation
	status.ObservedGeneration = generation
	condition.SetReady(&status.Conditions, generation, s.now, &s.outcome, s.success())
	if !s.known {
		return // what is in force is not known: say nothing new about it
	}
	status.Digest = slav1alpha1.Digest(s.digest)
	status.InForce = s.standing.ShowInForce()
	status.Pending = s.standing.Pending()
	status.Scheduled = s.standing.Scheduled()
	if s.digest == "" {
		condition.Set(&status.Conditions, generation, s.now, slav1alpha1.RatifiedCondition, metav1.ConditionFalse,
			slav1alpha1.ReasonInvalidDefinition, "what is written does not compile, so that it cannot be signed")
		return
	}
	s.standing.SetRatified(&status.Conditions, generation, s.now, "leaddefinition", s.definition.Name)
}

func (s *scope) success() string {
	if outlook := s.standing.Outlook(); outlook != "" {
		return outlook
	}
	return "compiled; nothing is in force until both parties sign"
}
