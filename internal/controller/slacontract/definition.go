// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"encoding/json"
	"fmt"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/child"
	"github.com/handoff-sla/handoff/internal/controller/leaddefinition"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/resources"
)

// lookUpDefinition finds the revision in force of the definition that the terms in force name. The name is signed with the terms: a new
// name in the spec takes effect with its signatures, not before.
func (s *scope) lookUpDefinition(ctx context.Context) error {
	name := s.contract.Spec.DefinitionRef.Name
	if s.terms != nil {
		name = s.terms.terms.Definition
	}
	object := &slav1alpha1.LeadDefinition{}
	found, err := s.get(ctx, name, object)
	if err != nil {
		return err
	}
	if !found {
		return outcome.Waiting(slav1alpha1.ReasonDefinitionNotFound, "LeadDefinition %s/%s does not exist%s", s.owner.Namespace, name, s.keepsPair())
	}
	revisions, err := ratify.List(ctx, s.client, leaddefinition.Series(s.owner.Namespace, name))
	if err != nil {
		return err
	}
	revision := ratify.Newest(revisions)
	if revision == nil {
		return outcome.Waiting(slav1alpha1.ReasonDefinitionNotRatified,
			"LeadDefinition %s/%s has no ratified revision yet%s", s.owner.Namespace, name, s.keepsPair())
	}
	return s.useDefinition(object, revision)
}

func (s *scope) useDefinition(object *slav1alpha1.LeadDefinition, revision *ratify.Revision) error {
	spec := slav1alpha1.LeadDefinitionSpec{}
	if err := json.Unmarshal(revision.Data, &spec); err != nil {
		return fmt.Errorf("ControllerRevision %s/%s: %w", s.owner.Namespace, revision.Name, err)
	}
	definition, err := convert.Definition(spec)
	if err != nil {
		return s.unusableDefinition(revision, err)
	}
	program, err := lead.Compile(definition)
	if err != nil {
		return s.unusableDefinition(revision, err)
	}
	s.definition = &ratifiedDefinition{
		revision: revision, program: program, definition: convert.WithProperties(definition, object.Spec),
	}
	return nil
}

func (s *scope) unusableDefinition(revision *ratify.Revision, err error) error {
	return outcome.Stalled(slav1alpha1.ReasonIncompatibleDefinition,
		"the ratified definition %s: %v%s; sign a new one", revision.Name, err, s.keepsPair())
}

// coOwnDefinition makes the revision outlive its definition: leads are judged by it for ever.
func (s *scope) coOwnDefinition(ctx context.Context) error {
	if s.definition == nil || s.tenantTaken || s.definition.revision.UID == "" {
		return nil
	}
	revision := s.definition.revision
	return child.ApplyAs(ctx, s.client, resources.RevisionCoOwner(s.owner, revision.Name, revision.UID), child.FieldManager+"-"+s.owner.Name)
}

// keepsPair says what goes on meanwhile.
func (s *scope) keepsPair() string {
	if s.pair == nil {
		return ""
	}
	return fmt.Sprintf("; the pair %s and %s stays in force", s.pair.bundle.Terms.Name, s.pair.bundle.Definition.Name)
}
