// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
)

// Table is a CSV file whose rows all have as many cells as the header; others are in Malformed.
type Table struct {
	Name      string
	Header    []string
	Rows      []leadfile.Row
	Malformed []Malformed
}

// ReadTable reads a CSV file. The delimiter is the one that the header has most of.
func ReadTable(name string, in io.Reader) (*Table, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(data))
	first, _, _ := bytes.Cut(data, []byte("\n"))
	r.Comma = rune(leadfile.Delimiter(string(first)))
	r.FieldsPerRecord = -1 // a row of another length is reported, it does not end the reading
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: no header row: %w", name, err)
	}
	t := &Table{Name: name, Header: trimAll(header)}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		t.add(r, cells, err)
	}
}

func (t *Table) add(r *csv.Reader, cells []string, err error) {
	if err != nil {
		line, message := 0, err.Error()
		if parse := (&csv.ParseError{}); errors.As(err, &parse) {
			line, message = parse.StartLine, parse.Err.Error()
		}
		t.Malformed = append(t.Malformed, Malformed{Where: t.where(line), Message: message})
		return
	}
	line, _ := r.FieldPos(0)
	if len(cells) != len(t.Header) {
		message := fmt.Sprintf("%d fields instead of %d", len(cells), len(t.Header))
		t.Malformed = append(t.Malformed, Malformed{Where: t.where(line), Message: message})
		return
	}
	t.Rows = append(t.Rows, leadfile.Row{Line: line, Cells: trimAll(cells)})
}

func (t *Table) where(line int) string { return fmt.Sprintf("%s:%d", t.Name, line) }

func trimAll(cells []string) []string {
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
	}
	return cells
}
