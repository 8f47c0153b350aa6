// SPDX-License-Identifier: Apache-2.0

package events

import (
	"encoding/json"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// Told checks an event that follows from what a CRM showed, by the rules for those that are sent over HTTP: whoever tells of a lead, the same is taken
// and the same refused. The error is a FieldError.
func (c *Checker) Told(t crm.Told, now time.Time) (ledger.Entry, error) {
	entry := ledger.Entry{Source: t.Source, ID: t.ID, Lead: t.Lead, Kind: t.Kind, Time: t.Time.UTC()}
	for _, attribute := range []struct{ name, text string }{{"source", t.Source}, {"id", t.ID}, {"subject", t.Lead}} {
		if attribute.text == "" {
			return entry, wrong(attribute.name, "missing")
		}
		if err := plainText(attribute.name, attribute.text, maxText); err != nil {
			return entry, err
		}
	}
	if err := bounds(entry, now); err != nil {
		return entry, err
	}
	text, err := json.Marshal(t.Data)
	if err != nil {
		return entry, wrong("data", "has a value that JSON does not carry")
	}
	entry.Data, err = c.data(entry, text, now)
	entry.Resolved = c.resolve(entry)
	entry.Refused = err == nil && c.refuses(entry)
	return entry, err
}
