// SPDX-License-Identifier: Apache-2.0

package analyze

import (
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
	*leadfile.Reader
	base    bool  // it has a row for each lead
	id      int   // its column of ids
	columns []int // of each of its columns, the sample's; -1 for one that is not read
}

// Load reads the first file, which has a row for each lead, and what the others say of these leads. Each is read once; the others are read
// after the sample is drawn, so that memory depends on the sample alone.
func Load(in Input) (*Sample, *leadfile.Problems, error) {
	problems := &leadfile.Problems{}
	var sources []*source
	defer func() {
		for _, s := range sources {
			_ = s.Close() // it was only read
		}
	}()
	var columns []Column
	for _, file := range in.Files {
		r, err := leadfile.Open(file, in.Stdin, in.Options)
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, &source{Reader: r, base: len(sources) == 0 || slices.Equal(r.Columns(), sources[0].Columns())})
	}
	common, err := commonID(in, sources)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range sources {
		if columns, err = s.understand(common, columns); err != nil {
			return nil, nil, err
		}
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
			if s.base != base {
				continue
			}
			if err := s.read(sample, problems); err != nil {
				return nil, nil, err
			}
			problems.Merge(s.Problems())
		}
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

// commonID is the name of the column of ids: the one that is named, or the first of the leads' that may hold ids and that all files have, or
// the first whose values are unique, or the first that may hold ids (a file with several rows of a lead).
func commonID(in Input, sources []*source) (string, error) {
	if in.IDColumn != "" {
		return in.IDColumn, nil
	}
	first := sources[0]
	for _, name := range first.Columns() {
		lacks := slices.ContainsFunc(sources, func(s *source) bool { return !slices.Contains(s.Columns(), name) })
		if len(sources) > 1 && leadfile.IsIDName(name) && !lacks {
			return name, nil
		}
	}
	rows, err := first.Sample()
	if err != nil {
		return "", err
	}
	at, err := leadfile.IDColumn(first.Name(), first.Columns(), rows)
	if err == nil {
		return first.Columns()[at], nil
	}
	if at = slices.IndexFunc(first.Columns(), leadfile.IsIDName); at >= 0 {
		return first.Columns()[at], nil
	}
	return "", err
}

// understand finds the places of the columns, and appends those that no earlier file has.
func (s *source) understand(id string, columns []Column) ([]Column, error) {
	var err error
	if s.id, err = leadfile.Column(s.Name(), s.Columns(), id); err != nil {
		return nil, fmt.Errorf("%w; name the column of the lead's id, which all files must have, with --id-column", err)
	}
	for i, name := range s.Columns() {
		known := slices.IndexFunc(columns, func(c Column) bool { return c.Property == name })
		switch {
		case name == "" || slices.Index(s.Columns(), name) != i:
			s.columns = append(s.columns, -1)
		case known >= 0:
			s.columns = append(s.columns, known)
		default:
			s.columns = append(s.columns, len(columns))
			c := Column{Property: name, ID: i == s.id}
			if !s.base {
				c.File = filepath.Base(s.Name())
			}
			columns = append(columns, c)
		}
	}
	return columns, nil
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

func (s *source) read(sample *Sample, problems *leadfile.Problems) error {
	cells := make([]string, len(sample.Columns))
	for {
		row, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		id := row.Cells[s.id]
		if id == "" {
			problems.Add(s.problem(row, fmt.Sprintf("no id in column %q; the row is left out", s.Columns()[s.id])))
			continue
		}
		clear(cells)
		for i, to := range s.columns {
			if to >= 0 {
				cells[to] = row.Cells[i]
			}
		}
		if s.base {
			sample.Add(id, cells)
		} else if !sample.Join(id, cells) && sample.holdsAll() {
			problems.Add(s.problem(row, "no file of leads has this lead; the row is left out"))
		}
	}
}

func (s *source) problem(row leadfile.Row, message string) leadfile.Problem {
	return leadfile.Problem{File: s.Name(), Line: row.Line, Kind: leadfile.KindID, Message: message}
}
