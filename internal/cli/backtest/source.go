// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
)

// role of a file.
type role byte

const (
	base       role = iota // a row a lead
	joined                 // rows about leads of the base files, such as closed deals
	activities             // occurrences of behaviour
	touches                // touches, assignments, dispositions
	events                 // CloudEvents
)

// earliest and latest bound the dates that are believed; others are mistakes of an export.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// source is a file whose columns are understood.
type source struct {
	reader *leadfile.Reader
	role   role
	number int // among all files
	id     int // column; -1 when the file is empty
	time   int // column; -1 when there is none

	fields  [][]mapped // for each definition: what its fields are read from
	columns []string
}

// mapped is a field that is read from a column.
type mapped struct{ field, column int }

func (s *source) empty() bool { return len(s.columns) == 0 }

// problem in a row of the file.
func (s *source) problem(line int, kind, format string, args ...any) leadfile.Problem {
	return leadfile.Problem{File: s.reader.Name(), Line: line, Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// open all files; they are closed by closeAll.
func (in *Input) open() (all []*source, err error) {
	options := in.Options
	for _, r := range in.both() {
		options.Expect = append(options.Expect, expected(in.Outcome, r.Definition.Fields)...)
	}
	for _, group := range []struct {
		files []string
		role  role
	}{{in.Leads, base}, {in.Activities, activities}, {in.Touches, touches}} {
		for _, name := range group.files {
			if group.role != base {
				options.Expect = nil
			}
			reader, err := leadfile.Open(name, in.Stdin, options)
			if err != nil {
				return all, errors.Join(err, closeAll(all))
			}
			all = append(all, &source{reader: reader, role: group.role, number: len(all), id: -1, time: -1, columns: reader.Columns()})
		}
	}
	if err := in.understand(all); err != nil {
		return all, errors.Join(err, closeAll(all))
	}
	return all, nil
}

func closeAll(all []*source) error {
	var errs []error
	for _, s := range all {
		errs = append(errs, s.reader.Close())
	}
	return errors.Join(errs...)
}

// identify tells files that are joined from those with a row a lead, and finds the id among the columns of each.
func (in *Input) identify(all []*source) error {
	var first *source
	for _, s := range all {
		if s.role != base || s.empty() {
			continue
		}
		if first == nil {
			first = s
		} else if !slices.Equal(s.columns, first.columns) {
			s.role = joined
		}
	}
	common, err := in.idColumn(first, all)
	for _, s := range all {
		if err == nil && !s.empty() {
			s.id, err = in.idOf(s, common)
		}
	}
	return err
}

// understand finds the id, the time and the fields among the columns of each file.
func (in *Input) understand(all []*source) error {
	if err := in.identify(all); err != nil {
		return err
	}
	for _, s := range all {
		if s.empty() {
			continue
		}
		if err := in.timeOf(s); err != nil {
			return err
		}
		for _, r := range in.both() {
			var fields []mapped
			for i, f := range r.Definition.Fields {
				if column := slices.Index(s.columns, f.SourceProperty()); column >= 0 {
					fields = append(fields, mapped{field: i, column: column})
				}
			}
			s.fields = append(s.fields, fields)
		}
	}
	return nil
}

// idColumn is the name of the id's column: the first of the leads' columns that may hold ids and that all files have, else the first that
// may hold ids.
func (in *Input) idColumn(first *source, all []*source) (string, error) {
	if in.IDColumn != "" || first == nil {
		return in.IDColumn, nil
	}
	rows, err := first.reader.Sample()
	if err != nil {
		return "", err
	}
	at, err := leadfile.IDColumn(first.reader.Name(), first.columns, rows)
	for i := range first.columns {
		everywhere := leadfile.IsIDName(first.columns[i])
		for _, s := range all {
			everywhere = everywhere && (s.empty() || slices.Contains(s.columns, first.columns[i]))
		}
		if everywhere && len(all) > 1 && (err != nil || i != at) && first.unique(rows, i) {
			return first.columns[i], nil
		}
	}
	if err != nil { // a file whose ids repeat, row after row of the same lead
		if i := slices.IndexFunc(first.columns, leadfile.IsIDName); i >= 0 {
			return first.columns[i], nil
		}
		return "", err
	}
	return first.columns[at], nil
}

func (s *source) unique(rows []leadfile.Row, column int) bool {
	one := make([]leadfile.Row, len(rows))
	for i, row := range rows {
		one[i] = leadfile.Row{Cells: row.Cells[column : column+1]}
	}
	_, err := leadfile.IDColumn(s.reader.Name(), s.columns[column:column+1], one)
	return err == nil
}

// idOf is the column of the lead's id in one file: of the common name, lead_id, or the only one named *_id.
func (in *Input) idOf(s *source, common string) (int, error) {
	names := []string{common}
	if in.IDColumn == "" {
		names = append(names, "lead_id")
	}
	for _, name := range names {
		if i := slices.Index(s.columns, name); i >= 0 {
			return i, nil
		}
	}
	var named []int
	for i, name := range s.columns {
		if leadfile.IsIDName(name) {
			named = append(named, i)
		}
	}
	if in.IDColumn == "" && len(named) == 1 {
		return named[0], nil
	}
	return 0, fmt.Errorf("%s: no column %q with the lead's id; name one that all files have with --id-column (columns are %s)",
		s.reader.Name(), common, strings.Join(s.columns, ", "))
}

func (in *Input) timeOf(s *source) error {
	if i := slices.Index(s.columns, in.TimeColumn); in.TimeColumn != "" && i >= 0 {
		s.time = i
		return nil
	}
	if in.TimeColumn != "" && s.role == base {
		_, err := leadfile.Column(s.reader.Name(), s.columns, in.TimeColumn)
		return err
	}
	rows, err := s.reader.Sample()
	if err != nil || len(rows) == 0 {
		return err
	}
	s.time, err = s.dated(rows)
	switch {
	case err == nil:
		return nil
	case s.role == base:
		s.reader.Problems().Add(s.problem(1, leadfile.KindColumn,
			"no column of dates (RFC 3339, YYYY-MM-DD hh:mm:ss, YYYY-MM-DD): no months are reported; name one with --time-column"))
		return nil
	case s.role == joined: // its rows tell of the lead as it was captured
		return nil
	default:
		return err
	}
}

// dated is the column of dates that rows of the file show; -1 with an error when there is none.
func (s *source) dated(rows []leadfile.Row) (int, error) {
	at, err := leadfile.TimeColumn(s.reader.Name(), s.columns, rows)
	if err == nil {
		return at, nil
	}
	if at = mostlyDates(s.columns, rows); at >= 0 {
		return at, nil
	}
	return -1, err
}

// mostlyDates is the column of which at least half of the values are dates, and the most; -1 when there is none.
func mostlyDates(columns []string, rows []leadfile.Row) int {
	best, most := -1, 0
	for i := range columns {
		read, filled := 0, 0
		for _, row := range rows {
			if row.Cells[i] == "" {
				continue
			}
			filled++
			if _, err := leadfile.ParseTime(row.Cells[i]); err == nil {
				read++
			}
		}
		if 2*read >= filled && read > most {
			best, most = i, read
		}
	}
	return best
}

// when is the time of a row.
func (s *source) when(in *Input, row leadfile.Row) (time.Time, string) {
	if s.time < 0 {
		return in.Now, ""
	}
	text := row.Cells[s.time]
	if text == "" {
		return time.Time{}, fmt.Sprintf("no date in column %q", s.columns[s.time])
	}
	at, err := leadfile.ParseTime(text)
	switch {
	case err != nil:
		return at, fmt.Sprintf("column %q: %v", s.columns[s.time], err)
	case at.Before(earliest) || !at.Before(latest):
		return at, fmt.Sprintf("column %q: %q is no date between 1970 and 2200", s.columns[s.time], text)
	}
	return at, ""
}
