// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// Mapping says what the columns of a table are.
type Mapping struct {
	ID     int // column of the lead's id
	Time   int // column of the time of capture
	Fields []MappedField
	Unused []string // columns that are not sent
}

// MappedField is a column whose values go into a field.
type MappedField struct {
	Column int
	Field  lead.Field
}

// Map finds the columns of the id, the time and the fields. idColumn and timeColumn are detected when empty.
func Map(t *Table, fields []lead.Field, idColumn, timeColumn string) (*Mapping, error) {
	m := &Mapping{}
	var err error
	if m.ID, err = column(t, idColumn, leadfile.IDColumn); err != nil {
		return nil, err
	}
	if m.Time, err = column(t, timeColumn, leadfile.TimeColumn); err != nil {
		return nil, err
	}
	for i, name := range t.Header {
		at := slices.IndexFunc(fields, func(f lead.Field) bool { return f.SourceProperty() == name })
		switch {
		case at >= 0:
			m.Fields = append(m.Fields, MappedField{Column: i, Field: fields[at]})
		case i != m.ID && i != m.Time:
			m.Unused = append(m.Unused, name)
		}
	}
	return m, nil
}

func column(t *Table, named string, detect func(string, []string, []leadfile.Row) (int, error)) (int, error) {
	if named != "" {
		return leadfile.Column(t.Name, t.Header, named)
	}
	return detect(t.Name, t.Header, t.Rows)
}
