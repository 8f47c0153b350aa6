// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"slices"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Outcome is `--outcome` for other verbs: the same text means the same everywhere. It serves one goroutine.
type Outcome struct {
	outcome *outcome
	subject *subject
}

// NewOutcome takes the name of a column, or an expression over `lead` (the fields, in their types) and `row` (the columns, as text).
func NewOutcome(text string, fields []lead.Field, columns []string) (*Outcome, error) {
	o, err := newOutcome(text, fields, columns)
	if err != nil || o == nil {
		return nil, err
	}
	return &Outcome{outcome: o, subject: newSubject(fields, columns)}, nil
}

// Reads says whether the outcome is made of this column.
func (o *Outcome) Reads(column string) bool {
	return slices.Contains(o.outcome.columns, column)
}

// Converted asks about the lead whose cells are given. A value that is absent makes it false; any other error is told.
func (o *Outcome) Converted(cell func(column string) string) (bool, error) {
	o.subject.cell = cell
	return o.outcome.converted(o.subject)
}
