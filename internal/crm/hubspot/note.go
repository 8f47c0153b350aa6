// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"context"
	"html"
	"net/http"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/crm"
)

// noteToContact is HubSpot's own type of the association of a note with a contact.
const noteToContact = 202

// Note leaves a note at a contact, unless one with its key is there. Notes of the contact are looked through by its associations, which are never behind,
// as a search would be: so a note that was taken although the answer was lost is not left twice. Notes are no engagement that counts as a touch.
func (s *System) Note(ctx context.Context, n crm.Note) error {
	left, err := s.associated(ctx, contacts, notes, []string{n.Record})
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(left[n.Record], maxBatch) {
		found, err := s.batchRead(ctx, notes, "", chunk, []string{"hs_note_body"}, nil)
		if err != nil {
			return err
		}
		for _, one := range found {
			if strings.Contains(html.UnescapeString(said(one.Properties["hs_note_body"])), n.Key) {
				return nil
			}
		}
	}
	request := map[string]any{
		"properties": map[string]string{"hs_timestamp": s.access.Now().UTC().Format(stamp), "hs_note_body": noteBody(n)},
		"associations": []any{map[string]any{
			"to":    map[string]string{"id": n.Record},
			"types": []any{map[string]any{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": noteToContact}},
		}},
	}
	return port(s.call(ctx, http.MethodPost, s.objects(notes, ""), request, nil), []string{"hs_timestamp", "hs_note_body"})
}

// noteBody is the text as HubSpot shows it: a note is HTML.
func noteBody(n crm.Note) string {
	text := n.Text
	if !strings.Contains(text, n.Key) {
		text += "\n(" + n.Key + ")"
	}
	return strings.ReplaceAll(html.EscapeString(text), "\n", "<br>")
}
