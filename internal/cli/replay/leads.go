// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
)

const typePrefix = "dev.handoff.lead."

// SourceOf is the CloudEvents source of the rows of a file: the same file gives the same events wherever it lies.
func SourceOf(file string) string {
	return "urn:handoff:replay:" + url.PathEscape(filepath.Base(file))
}

// Leads makes an event of each row: captured for the first of a lead, updated for further ones of the same lead. What cannot
// become an event is returned with its place, in addition to what the table itself already holds.
func Leads(t *Table, m *Mapping) ([]Record, []Malformed, error) {
	var records []Record
	var malformed []Malformed
	ordinals := map[string]int{}
	for _, row := range t.Rows {
		id := row.Cells[m.ID]
		if id == "" {
			malformed = append(malformed, Malformed{Where: t.where(row.Line), Message: fmt.Sprintf("no id in column %q", t.Header[m.ID])})
			continue
		}
		at, err := leadfile.ParseTime(row.Cells[m.Time])
		if err != nil {
			malformed = append(malformed, Malformed{Where: t.where(row.Line), Message: fmt.Sprintf("column %q: %v", t.Header[m.Time], err)})
			continue
		}
		ordinals[id]++
		r, err := newRecord(Record{Where: t.where(row.Line), Lead: id, Time: at}, SourceOf(t.Name), ordinals[id], properties(row, m))
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", r.Where, err)
		}
		records = append(records, r)
	}
	return records, malformed, nil
}

// properties are the cells of mapped columns; an empty cell is a value that the lead does not have.
func properties(row leadfile.Row, m *Mapping) map[string]string {
	out := map[string]string{}
	for _, f := range m.Fields {
		if value := row.Cells[f.Column]; value != "" {
			out[f.Field.SourceProperty()] = value
		}
	}
	return out
}

// newRecord completes a record with its identity and attributes.
func newRecord(r Record, source string, ordinal int, properties map[string]string) (Record, error) {
	kind := "captured"
	if ordinal > 1 {
		kind = "updated"
	}
	r.ID = fmt.Sprintf("%s/%s/%d", r.Lead, kind, ordinal)
	r.attrs = map[string]json.RawMessage{}
	for name, value := range map[string]any{
		"specversion": "1.0", "type": typePrefix + kind, "source": source, "id": r.ID, "subject": r.Lead,
		"time": formatTime(r.Time), "datacontenttype": "application/json", "data": map[string]any{"properties": properties},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return r, err
		}
		r.attrs[name] = text
	}
	return r, nil
}
