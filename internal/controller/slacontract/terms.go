// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"encoding/json"
	"fmt"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/holidays"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// signedTerms is what a revision of the terms keeps, in the form of a contract's spec; and beside it the dates of the region's holidays as the
// library had them when the revision was made.
type signedTerms struct {
	DefinitionRef slav1alpha1.ObjectReference `json:"definitionRef"`
	Terms         slav1alpha1.Terms           `json:"terms"`
	HolidayDates  []sla.Holiday               `json:"holidayDates,omitempty"`
}

// ratifyTerms checks what is written and records it once both parties have signed it.
func (s *scope) ratifyTerms(ctx context.Context) error {
	terms, err := convert.Terms(s.contract.Spec)
	if err != nil {
		return s.invalidTerms(err)
	}
	if terms, err = holidays.Expand(terms, s.now); err != nil {
		return s.invalidTerms(err)
	}
	if _, err := sla.Compile(terms); err != nil {
		return s.invalidTerms(err)
	}
	digest, err := sla.DigestTerms(terms)
	if err != nil {
		return s.invalidTerms(err)
	}
	keeper := ratify.Keeper{Client: s.client, Live: s.live, Signers: s.signers}
	standing, err := keeper.Keep(ctx, ratify.Text{
		Series: series(s.owner.Namespace, s.owner.Name), Owner: s.owner, Controller: true,
		Prefix: s.owner.Name + "-" + string(resources.Terms), Digest: digest, SignOffs: s.contract.Spec.SignOffs,
		Data: signedTerms{
			DefinitionRef: s.contract.Spec.DefinitionRef, Terms: s.contract.Spec.Terms, HolidayDates: terms.Calendar.HolidayDates,
		},
		EffectiveFrom: terms.EffectiveFrom,
	}, s.revisions, s.now)
	s.standing = *standing
	return err
}

func (s *scope) invalidTerms(err error) error {
	return outcome.Stalled(slav1alpha1.ReasonInvalidTerms, "%v%s", err, s.standing.Kept())
}

// readTerms reads ratified terms from their revision: what is written may not be signed.
func (s *scope) readTerms(revision *ratify.Revision) (*ratifiedTerms, error) {
	signed := signedTerms{}
	if err := json.Unmarshal(revision.Data, &signed); err != nil {
		return nil, fmt.Errorf("ControllerRevision %s/%s: %w", s.owner.Namespace, revision.Name, err)
	}
	terms, err := convert.Terms(slav1alpha1.SLAContractSpec{DefinitionRef: signed.DefinitionRef, Terms: signed.Terms})
	if err != nil {
		return nil, outcome.Stalled(slav1alpha1.ReasonInvalidTerms, "the ratified terms %s: %v; sign new terms", revision.Name, err)
	}
	terms.Calendar.HolidayDates = signed.HolidayDates
	compiled, err := sla.Compile(terms)
	if err != nil {
		return nil, outcome.Stalled(slav1alpha1.ReasonInvalidTerms, "the ratified terms %s: %v; sign new terms", revision.Name, err)
	}
	return &ratifiedTerms{revision: revision, terms: terms, compiled: compiled}, nil
}
