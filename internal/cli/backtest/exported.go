// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"slices"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// LeadFile is `--leads` for other verbs: which of the files have a row a lead, and where the lead's id is in them, means the same everywhere.
type LeadFile struct {
	*leadfile.Reader
	ID   int  // column; -1 when the file is empty
	Base bool // it has a row a lead; others are joined to these by the id

	source *source
}

// LeadFiles are the files that were opened, in the same order; idColumn is detected when empty. That all are empty is an error.
func LeadFiles(readers []*leadfile.Reader, idColumn string) ([]LeadFile, error) {
	in := &Input{IDColumn: idColumn}
	var all []*source
	for n, r := range readers {
		all = append(all, &source{reader: r, number: n, id: -1, time: -1, columns: r.Columns()})
	}
	if err := nothing(all); err != nil {
		return nil, err
	}
	if err := in.identify(all); err != nil {
		return nil, err
	}
	out := make([]LeadFile, len(all))
	for i, s := range all {
		out[i] = LeadFile{Reader: s.reader, ID: s.id, Base: s.role == base, source: s}
	}
	return out, nil
}

// Dated finds the column of the capture's time in a file with a row a lead, if there is one.
func (f LeadFile) Dated() error {
	rows, err := f.Sample()
	if err == nil && f.Base && f.ID >= 0 {
		f.source.time, _ = f.source.dated(rows)
	}
	return err
}

// Undated says what is wrong with a row's time, for which a backtest leaves the row out; empty when it is taken.
func (f LeadFile) Undated(row leadfile.Row) string {
	_, wrong := f.source.when(&Input{}, row)
	return wrong
}

// OutcomeColumns are those that an outcome may read, before any file is: for leadfile.Options.Expect.
func OutcomeColumns(text string, fields []lead.Field) []string { return outcomeReads(text, fields) }

// Unseen is an error about a column of the outcome that no line of the files had, when all are read.
func Unseen(readers []*leadfile.Reader, text string, fields []lead.Field, columns []string) error {
	var all []*source
	for _, r := range readers {
		all = append(all, &source{reader: r, columns: r.Columns()})
	}
	in := &Input{Outcome: text, New: Rules{Definition: lead.Definition{Fields: fields}}}
	return in.unseen(all, columns)
}

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
