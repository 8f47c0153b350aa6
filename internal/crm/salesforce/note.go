// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

// maxTitle of a note, in characters.
const maxTitle = 80

// title by which a note is found again.
func title(key string) string {
	const before = "Handoff "
	if len(before)+len(key) <= maxTitle {
		return before + key
	}
	sum := sha256.Sum256([]byte(key))
	return before + hex.EncodeToString(sum[:16])
}

// Note implements crm.Writer, with a classic note: people see it among Notes & Attachments.
func (s *System) Note(ctx context.Context, n crm.Note) error {
	if !isLead(n.Record) {
		return &crm.RefusedError{Status: http.StatusBadRequest, Reason: "MALFORMED_ID on ParentId"}
	}
	found, err := s.whole(ctx, live, selectFrom("Note", []string{"Id"}, "", "ParentId = "+quote(n.Record), "Title = "+quote(title(n.Key)))+" LIMIT 1")
	if err != nil {
		return wire.Failure(err)
	}
	if len(found) > 0 {
		return nil
	}
	library, err := s.library(ctx)
	if err != nil {
		return wire.Failure(err)
	}
	out, err := library.InsertCollection("Note", []map[string]any{
		{"ParentId": n.Record, "Title": title(n.Key), "Body": n.Text + "\n\n" + n.Key},
	}, 1)
	if err != nil {
		return wire.Failure(err)
	}
	if len(out.Results) != 1 {
		return &crm.UnavailableError{Cause: "did not say what became of a note"}
	}
	if result := out.Results[0]; !result.Success {
		list := make([]said, len(result.Errors))
		for i, e := range result.Errors {
			list[i] = said{ErrorCode: e.ErrorCode, StatusCode: e.StatusCode, Message: e.Message, Fields: e.Fields}
		}
		return refusal(list)
	}
	return nil
}
