// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/handoff-sla/handoff/internal/cli/backtest"
	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// Input of an analysis.
type Input struct {
	Files    []string
	Stdin    io.Reader // for the file "-"
	Options  leadfile.Options
	IDColumn string       // detected when empty
	Fields   []lead.Field // of a definition; columns that are none of its fields keep to their own names
	Outcome  string
	Size     int // leads that are kept
}

// source is one file with the places of its columns.
type source struct {
	backtest.LeadFile
	columns []int // of each of its columns, the sample's; -1 for one that is not read
	undated int   // rows that a backtest leaves out, since it cannot tell when the lead came in
	first   leadfile.Problem
}

// Load reads the first file, which has a row for each lead, and what the others say of these leads. Each is read once; the others are read
// after the sample is drawn, so that memory depends on the sample alone.
func Load(ctx context.Context, in Input) (*Sample, *leadfile.Problems, error) {
	problems := &leadfile.Problems{}
	var readers []*leadfile.Reader
	defer func() {
		for _, r := range readers {
			_ = r.Close() // it was only read
		}
	}()
	in.Options.Expect = append(in.Options.Expect, backtest.OutcomeColumns(in.Outcome, in.Fields)...)
	for _, file := range in.Files {
		r, err := leadfile.Open(file, in.Stdin, in.Options)
		if err != nil {
			return nil, nil, err
		}
		readers = append(readers, r)
	}
	sources, columns, err := understand(in, readers)
	if err != nil {
		return nil, nil, err
	}
	addTypes(columns, in.Fields)
	NameFields(columns)
	outcome, err := newTruth(in, columns)
	if err != nil {
		return nil, nil, err
	}
	sample := NewSample(columns, in.Size)
	for _, base := range []bool{true, false} { // all leads before what others say of them
		for _, s := range sources {
			if s.Base != base {
				continue
			}
			if err := s.read(ctx, sample, problems); err != nil {
				return nil, nil, err
			}
			problems.Merge(s.Problems())
			s.tellUndated(problems)
		}
	}
	if err := backtest.Unseen(readers, in.Outcome, in.Fields, properties(columns)); err != nil {
		return nil, nil, err
	}
	if sample.Rows == 0 {
		return nil, nil, fmt.Errorf("%s: no lead could be read", in.Files[0])
	}
	sample.Judge(outcome.converted)
	return sample, problems, outcome.failed
}

// truth is the outcome of a lead's cells.
type truth struct {
	outcome *backtest.Outcome
	index   map[string]int // of columns
	failed  error          // the first time that it could not be told
}

func newTruth(in Input, columns []Column) (*truth, error) {
	names := properties(columns)
	outcome, err := backtest.NewOutcome(in.Outcome, in.Fields, names)
	if err != nil {
		return nil, err
	}
	t := &truth{outcome: outcome, index: map[string]int{}}
	for i, name := range names {
		t.index[name] = i
		columns[i].Truth = outcome.Reads(name)
	}
	return t, nil
}

func (t *truth) converted(cells []string) bool {
	yes, err := t.outcome.Converted(func(column string) string {
		if i, known := t.index[column]; known {
			return cells[i]
		}
		return ""
	})
	if err != nil && t.failed == nil {
		t.failed = fmt.Errorf("--outcome of a lead: %w", err)
	}
	return yes
}

// understand finds the ids of all files, as a backtest does, and the columns of all.
func understand(in Input, readers []*leadfile.Reader) (sources []*source, columns []Column, err error) {
	files, err := backtest.LeadFiles(readers, in.IDColumn)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		if err := f.Dated(); err != nil {
			return nil, nil, err
		}
		s := &source{LeadFile: f}
		columns = s.place(columns)
		sources = append(sources, s)
	}
	return sources, columns, nil
}

// place finds the places of the file's columns, and appends those that no earlier file has.
func (s *source) place(columns []Column) []Column {
	for i, name := range s.Columns() {
		known := slices.IndexFunc(columns, func(c Column) bool { return c.Property == name })
		switch {
		case name == "" || slices.Index(s.Columns(), name) != i:
			s.columns = append(s.columns, -1)
		case known >= 0:
			s.columns = append(s.columns, known)
		default:
			s.columns = append(s.columns, len(columns))
			c := Column{Property: name, ID: i == s.ID}
			if !s.Base {
				c.File = filepath.Base(s.Name())
			}
			columns = append(columns, c)
		}
	}
	return columns
}

// addTypes gives columns the names and types of the definition's fields.
func addTypes(columns []Column, fields []lead.Field) {
	for i := range columns {
		at := slices.IndexFunc(fields, func(f lead.Field) bool { return f.SourceProperty() == columns[i].Property })
		if at >= 0 {
			columns[i].Field, columns[i].Type = fields[at].Name, fields[at].Type
		}
	}
}

func (s *source) read(ctx context.Context, sample *Sample, problems *leadfile.Problems) error {
	cells := make([]string, len(sample.Columns))
	for {
		row, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		id := row.Cells[s.ID]
		if id == "" {
			problems.Add(s.problem(row, fmt.Sprintf("no id in column %q; the row is left out", s.Columns()[s.ID])))
			continue
		}
		clear(cells)
		for i, to := range s.columns {
			if to >= 0 {
				cells[to] = row.Cells[i]
			}
		}
		if s.Base {
			s.date(row)
			sample.Add(id, cells)
		} else if !sample.Join(id, cells) && sample.holdsAll() {
			problems.Add(s.problem(row, "no file of leads has this lead; the row is left out"))
		}
	}
}

// date counts rows that a backtest leaves out. An analysis needs no dates, so that the lead counts here.
func (s *source) date(row leadfile.Row) {
	wrong := s.Undated(row)
	if wrong == "" {
		return
	}
	if s.undated++; s.undated == 1 {
		s.first = leadfile.Problem{File: s.Name(), Line: row.Line, Kind: leadfile.KindDate, Message: wrong}
	}
}

func (s *source) tellUndated(problems *leadfile.Problems) {
	switch {
	case s.undated == 1:
		s.first.Message += "; the lead counts here, a backtest leaves it out"
	case s.undated > 1:
		s.first.Message += fmt.Sprintf(", as in %s rows in all; they count here, a backtest leaves them out", thousands(s.undated))
	default:
		return
	}
	problems.Add(s.first)
}

func (s *source) problem(row leadfile.Row, message string) leadfile.Problem {
	return leadfile.Problem{File: s.Name(), Line: row.Line, Kind: leadfile.KindID, Message: message}
}
