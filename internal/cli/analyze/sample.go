// SPDX-License-Identifier: Apache-2.0

// Package analyze is the joint-definition session from data: what each field of past leads tells about the outcome, which columns cannot
// be used, and a draft of a score with what it is worth on leads that it was not fitted on.
package analyze

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"unique"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/stats"
)

// Column of the leads: a field of the definition, or a column of a file.
type Column struct {
	Property string         // the column's name
	File     string         // where it comes from; empty for the first file, which has a row for each lead
	Field    string         // lead.<Field>; made of the column's name where there is no definition
	Type     lead.FieldType // empty: to be inferred
	Truth    bool           // the outcome is made of it
	ID       bool           // it identifies the lead
}

// Sample of the leads, in memory that does not grow with their number: the leads whose ids have the smallest hashes, which is a uniform
// sample of leads (not of rows), the same one whatever their order.
type Sample struct {
	Columns []Column
	Rows    int // of the first file
	Updates int // rows among them of a lead that was kept already

	size    int
	members map[string]*member
	largest hashes // those kept, the largest hash first
	kept    []row  // once the outcomes are known
}

type row struct {
	cells     []string // "" is absent
	converted bool
}

type member struct {
	id    string
	hash  uint64
	order int
	cells []string
}

// NewSample keeps at most size leads.
func NewSample(columns []Column, size int) *Sample {
	return &Sample{Columns: columns, size: size, members: map[string]*member{}}
}

// Add a row of a lead, with a cell for each column; they are copied. A further row of a lead updates it.
func (s *Sample) Add(id string, cells []string) {
	s.Rows++
	if known, ok := s.members[id]; ok {
		s.Updates++
		known.set(cells)
		return
	}
	sum := sha256.Sum256([]byte(id))
	hash := binary.BigEndian.Uint64(sum[:])
	if len(s.largest) >= s.size {
		if hash >= s.largest[0].hash {
			return
		}
		delete(s.members, s.largest[0].id)
		heap.Pop(&s.largest)
	}
	m := &member{id: unique.Make(id).Value(), hash: hash, order: s.Rows, cells: make([]string, len(s.Columns))}
	m.set(cells)
	s.members[m.id] = m
	heap.Push(&s.largest, m)
}

// Join what another file says of a lead, if it is in the sample.
func (s *Sample) Join(id string, cells []string) bool {
	m, ok := s.members[id]
	if ok {
		m.set(cells)
	}
	return ok
}

// holdsAll says, before Judge, whether no lead was left out.
func (s *Sample) holdsAll() bool { return len(s.members)+s.Updates == s.Rows }

// set cells that have a value.
func (m *member) set(cells []string) {
	for i, cell := range cells {
		if cell != "" {
			m.cells[i] = unique.Make(cell).Value() // one copy of each text, free of the file's buffer
		}
	}
}

// Judge says of each lead whether it converted, and ends the sampling.
func (s *Sample) Judge(converted func(cells []string) bool) {
	slices.SortFunc(s.largest, func(a, b *member) int { return cmp.Compare(a.order, b.order) })
	for _, m := range s.largest {
		s.kept = append(s.kept, row{cells: m.cells, converted: converted(m.cells)})
	}
	s.members, s.largest = nil, nil
}

// Whole says whether no lead was left out.
func (s *Sample) Whole() bool { return len(s.kept)+s.Updates == s.Rows }

func (s *Sample) outcomes() []bool {
	out := make([]bool, len(s.kept))
	for i, r := range s.kept {
		out[i] = r.converted
	}
	return out
}

func (s *Sample) cell() stats.Cell { return cellOf(s.kept, func(row) bool { return true }) }

func cellOf(rows []row, in func(row) bool) stats.Cell {
	var c stats.Cell
	for _, r := range rows {
		if in(r) {
			count(&c, r.converted)
		}
	}
	return c
}

// hashes is a heap with the largest on top.
type hashes []*member

func (h *hashes) Len() int           { return len(*h) }
func (h *hashes) Less(i, j int) bool { return (*h)[i].hash > (*h)[j].hash }
func (h *hashes) Swap(i, j int)      { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }

// Push implements heap.Interface.
func (h *hashes) Push(x any) {
	if m, ok := x.(*member); ok {
		*h = append(*h, m)
	}
}

// Pop implements heap.Interface.
func (h *hashes) Pop() any {
	last := len(*h) - 1
	m := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return m
}

func properties(columns []Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Property
	}
	return names
}

// Knows says which of these is no column.
func (s *Sample) Knows(columns []string) error {
	known := properties(s.Columns)
	for _, name := range columns {
		if !slices.Contains(known, name) {
			return fmt.Errorf("no column %q; %s", name, lead.Suggest(name, known))
		}
	}
	return nil
}
