// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"slices"
	"strings"

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

// tolerated is the share of values, in percent, that may be empty or unreadable in a column that is detected. Such rows
// are reported as malformed later; one bad row must not hide the column from all others.
const tolerated = 10

// Map finds the columns of the id, the time and the fields. idColumn and timeColumn are detected when empty.
func Map(t *Table, fields []lead.Field, idColumn, timeColumn string) (*Mapping, error) {
	m := &Mapping{}
	var err error
	if m.ID, err = column(t, idColumn, "--id-column", "unique ids named id, lead_id or *_id", isID); err != nil {
		return nil, err
	}
	if m.Time, err = column(t, timeColumn, "--time-column", "dates", isTime); err != nil {
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

func column(t *Table, named, flag, kind string, is func(*Table, int) bool) (int, error) {
	if named != "" {
		if i := slices.Index(t.Header, named); i >= 0 {
			return i, nil
		}
		return 0, fmt.Errorf("%s: no column %q; columns are %s", t.Name, named, strings.Join(t.Header, ", "))
	}
	for i := range t.Header {
		if is(t, i) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s: no column with %s; name one with %s (columns are %s)", t.Name, kind, flag, strings.Join(t.Header, ", "))
}

func isID(t *Table, column int) bool {
	name := strings.ToLower(t.Header[column])
	if name != "id" && !strings.HasSuffix(name, "_id") {
		return false
	}
	seen, empty := make(map[string]bool, len(t.Rows)), 0
	for _, row := range t.Rows {
		value := row.Cells[column]
		if value == "" {
			empty++
			continue
		}
		if seen[value] {
			return false
		}
		seen[value] = true
	}
	return len(seen) > 0 && empty*100 <= tolerated*len(t.Rows)
}

func isTime(t *Table, column int) bool {
	dates, bad := 0, 0
	for _, row := range t.Rows {
		if row.Cells[column] == "" {
			continue
		}
		if _, err := ParseTime(row.Cells[column]); err != nil {
			bad++
			continue
		}
		dates++
	}
	return dates > 0 && bad*100 <= tolerated*(dates+bad)
}
