// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// row of a query, by the names of its fields.
type row map[string]any

func (r row) text(field string) string {
	text, _ := r[field].(string)
	return text
}

func (r row) is(field string) bool {
	yes, _ := r[field].(bool)
	return yes
}

func (r row) number(field string) float64 {
	n, _ := r[field].(float64)
	return n
}

// time of a field; zero when it is empty.
func (r row) time(field string) time.Time { return parseTime(r.text(field)) }

func parseTime(text string) time.Time {
	for _, form := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// position after a row, by the time that the stream goes by.
func (r row) position(field string) crm.Position {
	return crm.Position{Time: r.time(field), ID: r.text("Id")}
}

// column is the ids in a field of rows, each once.
func column(list []row, field string) []string {
	var out []string
	seen := map[string]bool{}
	for _, r := range list {
		if id := r.text(field); id != "" && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// value of a field as the port has it.
func value(raw any, kind crm.FieldType) any {
	switch v := raw.(type) {
	case bool, float64:
		return v
	case string:
		if kind != crm.TypeTime && kind != crm.TypeDate {
			return v
		}
		if at := parseTime(v); !at.IsZero() {
			return at
		}
	}
	return nil // empty, or made of several fields, such as an address
}
