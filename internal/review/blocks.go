// SPDX-License-Identifier: Apache-2.0

package review

import (
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Section of a report. Every rendering shows the same sections in the same order.
type Section struct {
	ID     string // for links within the report
	Title  string
	Blocks []Block
}

// Block is one piece of a section; one of the fields is set.
type Block struct {
	Heading *Heading
	Text    string
	Callout string // text that stands out
	Items   []string
	Table   *Table
	Charts  []*Chart // only where pictures can be shown: a table says the same
	Code    string
	Blanks  []string // labels of lines for people to fill in
}

// Heading within a section.
type Heading struct {
	Text string
	Lamp sla.Indicator // empty: none
}

// Table with a header row.
type Table struct {
	Caption string
	Head    []Column
	Rows    [][]Cell
	Compact bool // a matrix of short cells, which stays one where there is little room
}

// Column of a table.
type Column struct {
	Name   string
	Number bool
}

// Cell of a table. The first of a row is its header.
type Cell struct {
	Text string
	Lamp sla.Indicator // empty: none
}

func columns(names ...string) []Column {
	all := make([]Column, 0, len(names))
	for _, n := range names {
		c := Column{Name: n}
		if n[0] == '#' {
			c = Column{Name: n[1:], Number: true}
		}
		all = append(all, c)
	}
	return all
}

func cells(texts ...string) []Cell {
	all := make([]Cell, 0, len(texts))
	for _, t := range texts {
		all = append(all, Cell{Text: t})
	}
	return all
}

func (s *Section) text(t string) { s.Blocks = append(s.Blocks, Block{Text: t}) }

func (s *Section) callout(t string) { s.Blocks = append(s.Blocks, Block{Callout: t}) }

func (s *Section) heading(t string) { s.Blocks = append(s.Blocks, Block{Heading: &Heading{Text: t}}) }

func (s *Section) items(all []string) {
	if len(all) > 0 {
		s.Blocks = append(s.Blocks, Block{Items: all})
	}
}

// table of rows; nothing when there are none.
func (s *Section) table(caption string, head []Column, rows [][]Cell) {
	if len(rows) > 0 {
		s.Blocks = append(s.Blocks, Block{Table: &Table{Caption: caption, Head: head, Rows: rows}})
	}
}

func (s *Section) matrix(caption string, head []Column, rows [][]Cell) {
	if len(rows) > 0 {
		s.Blocks = append(s.Blocks, Block{Table: &Table{Caption: caption, Head: head, Rows: rows, Compact: true}})
	}
}

func (s *Section) charts(all ...*Chart) {
	if len(all) > 0 {
		s.Blocks = append(s.Blocks, Block{Charts: all})
	}
}

func (d *Document) instant(t time.Time) string {
	return t.In(d.location).Format("2006-01-02 15:04 MST")
}

func (d *Document) day(t time.Time) string {
	return t.In(d.location).Format("Mon 2 Jan 2006, 15:04 MST")
}

// Sections of the report in their order; those without content are left out.
func (d *Document) Sections() []Section {
	parts := map[Kind][]func() Section{
		Operational: {
			d.advice, d.scorecard, d.escalations, d.misses, d.feedback, d.leads, d.recent, d.carried, d.exceptions, d.judgedBy,
		},
		Performance: {
			d.advice, d.scorecard, d.escalations, d.trends, d.funnel, d.dispositions, d.projected, d.persistent, d.segments, d.feedback, d.carried,
			d.exceptions, d.judgedBy,
		},
		Strategic: {
			d.advice, d.questions, d.calibration, d.sweeps, d.funnel, d.realistic, d.proposal, d.scorecard, d.trends, d.persistent, d.escalations,
			d.governance, d.dispositions, d.segments, d.feedback, d.carried, d.exceptions, d.judgedBy,
		},
	}
	var all []Section
	for _, part := range parts[d.facts.Kind] {
		if s := part(); len(s.Blocks) > 0 {
			all = append(all, s)
		}
	}
	return all
}
