// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

// begin has records found, or made, for leads that came as events and have none.
func (b *batch) begin(ctx context.Context) {
	var without []*telling
	var ids []string
	for _, t := range b.leads {
		if t.result == "" && t.write.Record == "" {
			without, ids = append(without, t), append(ids, t.standing.Lead)
		}
	}
	if len(without) == 0 {
		return
	}
	records, err := b.ledger.Records(ctx, ids)
	if err != nil {
		for _, t := range without {
			t.result = resultFailed
			t.end(b.failed(ctx, t.job, false, shown(err)))
		}
		return
	}
	fields := b.Pairs.Current().Bundle.Lead.Fields
	taken := map[string]bool{}
	for _, t := range without {
		match := matchOf(b.settings, fields, records[t.standing.Lead])
		switch {
		case match == nil:
			t.result = ResultUnrecorded
		case taken[match.Value]: // two leads that would be one record: after the other one
			t.result = resultFailed
			t.end(river.JobSnooze(time.Second))
		default:
			taken[match.Value] = true
			t.write.Match = match
		}
	}
}

// matchOf a lead is what its record is found by, with all that it would begin with; nil when the lead has no value of the field. A stage or a status that an
// event brought is no word of sales, and the record does not begin with it.
func matchOf(s crm.Settings, fields []lead.Field, record map[string]any) *crm.Match {
	match := crm.Match{Field: s.MatchBy, Values: map[string]any{}}
	for _, f := range fields {
		property, value := f.SourceProperty(), asCRM(f.Type, record[f.Name])
		if value == nil {
			continue
		}
		if property == s.MatchBy {
			match.Value = crm.Text(value)
		}
		if property == s.MatchBy || !s.Mapping.Fields.Has(property) {
			match.Values[property] = value
		}
	}
	if match.Value == "" {
		return nil
	}
	return &match
}

// asCRM is a value of a lead's record as a CRM takes it: of several choices, both HubSpot and Salesforce make one text with semicolons.
func asCRM(kind lead.FieldType, value any) any {
	switch v := value.(type) {
	case string:
		if kind == lead.Timestamp {
			at, err := time.Parse(time.RFC3339Nano, v)
			if err != nil {
				return nil
			}
			return at.UTC()
		}
		if v == "" {
			return nil
		}
		return v
	case float64, bool:
		return v
	case []any:
		var texts []string
		for _, one := range v {
			texts = append(texts, crm.Text(one))
		}
		if len(texts) == 0 {
			return nil
		}
		return strings.Join(texts, ";")
	default:
		return nil
	}
}
