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

// glossary is a LeadDefinition with its ratified revisions.
type glossary struct {
	object    *slav1alpha1.LeadDefinition
	revisions []ratify.Revision
}

// lookUpDefinition finds the definition that ratified terms name. The name is signed with the terms: a new name in the spec takes effect with
// its signatures, not before.
func (s *scope) lookUpDefinition(ctx context.Context, name string) (*glossary, error) {
	if known, ok := s.glossaries[name]; ok {
		return known, nil
	}
	found := &glossary{object: &slav1alpha1.LeadDefinition{}}
	there, err := s.get(ctx, name, found.object)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, outcome.Waiting(slav1alpha1.ReasonDefinitionNotFound, "LeadDefinition %s/%s does not exist%s", s.owner.Namespace, name, s.keepsPair())
	}
	if found.revisions, err = ratify.List(ctx, s.client, leaddefinition.Series(s.owner.Namespace, name)); err != nil {
		return nil, err
	}
	s.glossaries[name] = found
	return found, nil
}

// readDefinition reads a ratified definition from its revision.
func (s *scope) readDefinition(object *slav1alpha1.LeadDefinition, revision *ratify.Revision) (*ratifiedDefinition, error) {
	spec := slav1alpha1.LeadDefinitionSpec{}
	if err := json.Unmarshal(revision.Data, &spec); err != nil {
		return nil, fmt.Errorf("ControllerRevision %s/%s: %w", s.owner.Namespace, revision.Name, err)
	}
	definition, err := convert.Definition(spec)
	if err != nil {
		return nil, s.unusableDefinition(revision, err)
	}
	program, err := lead.Compile(definition)
	if err != nil {
		return nil, s.unusableDefinition(revision, err)
	}
	return &ratifiedDefinition{revision: revision, program: program, definition: convert.WithProperties(definition, object.Spec)}, nil
}

func (s *scope) unusableDefinition(revision *ratify.Revision, err error) error {
	return outcome.Stalled(slav1alpha1.ReasonIncompatibleDefinition,
		"the ratified definition %s: %v%s; sign a new one", revision.Name, err, s.keepsPair())
}

// coOwnDefinitions makes the revisions in use, and those to come, outlive their definition: leads are judged by them for ever.
func (s *scope) coOwnDefinitions(ctx context.Context) error {
	if s.tenantTaken {
		return nil
	}
	for _, step := range s.plan {
		revision := step.definition
		if revision == nil || revision.UID == "" {
			continue
		}
		err := child.ApplyAs(ctx, s.client, resources.RevisionCoOwner(s.owner, revision.Name, revision.UID), child.FieldManager+"-"+s.owner.Name)
		if err != nil {
			return err
		}
	}
	return nil
}

// keepsPair says what goes on meanwhile.
func (s *scope) keepsPair() string {
	if s.pair == nil {
		return ""
	}
	return fmt.Sprintf("; the pair %s stays in force", pairName(s.pair.bundle))
}
