// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

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
	Progress func(read, size int64)
}

// source is one file with the places of its columns.
type source struct {
	*leadfile.Reader
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
	for i, file := range in.Files {
		s, err := open(in, i, file, &columns)
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, s)
	}
	addTypes(columns, in.Fields)
	NameFields(columns)
	outcome, err := CompileOutcome(in.Outcome, columns)
	if err != nil {
		return nil, nil, err
	}
	sample := NewSample(columns, in.Size)
	for i, s := range sources {
		if err := s.read(sample, i == 0, problems, in.Progress); err != nil {
			return nil, nil, err
		}
		problems.Merge(s.Problems())
	}
	if sample.Rows == 0 {
		return nil, nil, fmt.Errorf("%s: no lead could be read", in.Files[0])
	}
	sample.Judge(outcome.Converted)
	return sample, problems, nil
}

func open(in Input, number int, file string, columns *[]Column) (*source, error) {
	r, err := leadfile.Open(file, in.Stdin, in.Options)
	if err != nil {
		return nil, err
	}
	s := &source{Reader: r}
	if s.id, err = idColumn(r, in.IDColumn, *columns); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	for i, name := range r.Columns() {
		known := slices.IndexFunc(*columns, func(c Column) bool { return c.Property == name })
		switch {
		case name == "" || slices.Index(r.Columns(), name) != i:
			s.columns = append(s.columns, -1)
		case known >= 0:
			s.columns = append(s.columns, known)
		case number > 0 && i == s.id: // the leads' own column, by another name
			s.columns = append(s.columns, -1)
		default:
			s.columns = append(s.columns, len(*columns))
			c := Column{Property: name, ID: number == 0 && i == s.id}
			if number > 0 {
				c.File = filepath.Base(file)
			}
			*columns = append(*columns, c)
		}
	}
	return s, nil
}

// idColumn is the one that is named, or that the first file has too, or that looks like one.
func idColumn(r *leadfile.Reader, named string, columns []Column) (int, error) {
	for _, c := range columns {
		if at := slices.Index(r.Columns(), c.Property); c.ID && at >= 0 {
			return at, nil
		}
	}
	if named != "" && (len(columns) == 0 || slices.Contains(r.Columns(), named)) {
		return leadfile.Column(r.Name(), r.Columns(), named)
	}
	rows, err := r.Sample()
	if err != nil {
		return 0, err
	}
	return leadfile.IDColumn(r.Name(), r.Columns(), rows)
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

// progressEvery so many rows.
const progressEvery = 10_000

func (s *source) read(sample *Sample, first bool, problems *leadfile.Problems, progress func(read, size int64)) error {
	cells := make([]string, len(sample.Columns))
	for n := 0; ; n++ {
		if progress != nil && n%progressEvery == 0 {
			progress(s.Progress())
		}
		row, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		id := row.Cells[s.id]
		if id == "" {
			problems.Add(leadfile.Problem{
				File: s.Name(), Line: row.Line, Kind: leadfile.KindID,
				Message: fmt.Sprintf("no id in column %q; the row is left out", s.Columns()[s.id]),
			})
			continue
		}
		clear(cells)
		for i, to := range s.columns {
			if to >= 0 {
				cells[to] = row.Cells[i]
			}
		}
		if first {
			sample.Add(id, cells)
		} else {
			sample.Join(id, cells)
		}
	}
}
