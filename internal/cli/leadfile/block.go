// SPDX-License-Identifier: Apache-2.0

package leadfile

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Row of a file. Empty cells are values that are absent.
type Row struct {
	Line  int      // its first line
	Lines int      // how many it takes
	Cells []string // as many as the file has columns, without white space around them
}

// Block is a piece of a file that ends where a row ends.
type Block struct {
	layout *layout
	line   int // of its first
	lines  int
	text   string
	whole  bool // nothing follows
	rows   []parsed
	clean  bool // valid UTF-8
}

// parsed is a row of a block with quotes: where such a block ends is known only by reading its rows.
type parsed struct {
	Row
	problem *Problem
	text    string // of the lines; only where the encoding is in doubt
}

// newBlock takes as much of the text as are whole rows.
func newBlock(l *layout, line int, text string, whole bool) *Block {
	b := &Block{layout: l, line: line, text: text, whole: whole, clean: utf8.ValidString(text)}
	if !l.json && strings.IndexByte(text, '"') >= 0 {
		b.parseQuoted()
	}
	return b
}

// Rows are read one after the other until yield is false. Each is valid only during the call; what is wrong goes into problems.
func (b *Block) Rows(problems *Problems, yield func(Row) bool) {
	c := b.cursor()
	for {
		row, ok := c.next(problems)
		if !ok || !yield(row) {
			return
		}
	}
}

// Size of the block in bytes.
func (b *Block) Size() int { return len(b.text) }

func (b *Block) parseQuoted() {
	b.rows = []parsed{}
	at, line := 0, b.line
	for at < len(b.text) {
		rec := csvRecord(b.text, at, b.layout.comma, b.whole, nil)
		if rec.incomplete {
			b.text = b.text[:at]
			return
		}
		p := b.check(&rec, at, line)
		if p.problem != nil || !blank(rec.cells) {
			if !b.clean {
				p.text = b.text[at:rec.next]
			}
			b.rows = append(b.rows, p)
		}
		at, line = rec.next, line+rec.lines
	}
}

// blank is an empty line.
func blank(cells []string) bool { return len(cells) == 1 && cells[0] == "" }

// check makes a row of a record if it has the right number of cells. One that runs over several lines and has not is taken for a broken
// quote: only its first line is left out.
func (b *Block) check(rec *record, at, line int) parsed {
	if rec.kind != "" {
		return parsed{problem: &Problem{Kind: rec.kind, Line: line, Column: rec.column, Message: rec.message + "; the line is left out"}}
	}
	columns := len(b.layout.columns)
	if len(rec.cells) != columns && (!blank(rec.cells) || rec.lines > 1) {
		p := &Problem{Kind: KindCells, Line: line, Message: instead(len(rec.cells), columns) + "; the row is left out"}
		if rec.lines > 1 {
			p.Message = instead(len(rec.cells), columns) + fmt.Sprintf(" over %d lines; if a quote is broken here, the lines that follow are rows of their own: this one is left out", rec.lines)
			rec.next, rec.lines = at+strings.IndexByte(b.text[at:], '\n')+1, 1
		}
		return parsed{problem: p}
	}
	return parsed{Row: Row{Line: line, Lines: rec.lines, Cells: rec.cells}}
}

func instead(cells, columns int) string {
	if cells == 1 {
		return fmt.Sprintf("1 cell instead of %d", columns)
	}
	return fmt.Sprintf("%d cells instead of %d", cells, columns)
}

func (b *Block) eachLine(see func(line int, text string)) {
	line := b.line
	for rest := b.text; rest != ""; line++ {
		var text string
		text, rest, _ = strings.Cut(rest, "\n")
		see(line, text)
	}
}

func (b *Block) cursor() cursor { return cursor{block: b, line: b.lineOrZero()} }

func (b *Block) lineOrZero() int {
	if b == nil {
		return 0
	}
	return b.line
}

// cursor walks over the rows of a block.
type cursor struct {
	block *Block
	at    int // in text, or in rows
	line  int
	cells []string
	told  map[string]bool // members that are no columns
}

func (c *cursor) next(problems *Problems) (Row, bool) {
	if c.block == nil {
		return Row{}, false
	}
	if c.block.rows != nil {
		return c.nextParsed(problems)
	}
	for c.at < len(c.block.text) {
		line, next := c.block.text[c.at:], len(c.block.text)
		if end := strings.IndexByte(line, '\n'); end >= 0 {
			line, next = line[:end], c.at+end+1
		}
		number := c.line
		c.at, c.line = next, c.line+1
		if !c.read(number, line, problems) {
			continue
		}
		row := Row{Line: number, Lines: 1, Cells: c.cells}
		c.block.decode(row, line, problems)
		return row, true
	}
	return Row{}, false
}

// read one line into cells; false for a blank one and one with a problem.
func (c *cursor) read(number int, line string, problems *Problems) bool {
	l := c.block.layout
	if l.json {
		if strings.TrimSpace(line) == "" {
			return false
		}
		return c.readObject(number, line, problems)
	}
	c.cells = splitPlain(strings.TrimSuffix(line, "\r"), l.comma, c.cells)
	if blank(c.cells) {
		return false
	}
	if len(c.cells) != len(l.columns) {
		problems.lose(Problem{
			File: l.name, Line: number, Kind: KindCells, Message: instead(len(c.cells), len(l.columns)) + "; the row is left out",
		})
		return false
	}
	return true
}

func (c *cursor) readObject(number int, line string, problems *Problems) bool {
	var problem *Problem
	c.cells, problem = c.block.layout.object(line, c.cells, func(name string) { c.unread(number, name, problems) })
	if problem != nil {
		problem.File, problem.Line = c.block.layout.name, number
		problems.lose(*problem)
		return false
	}
	return true
}

// unread value of a member that is no column: each counts, the first of a block is told.
func (c *cursor) unread(number int, name string, problems *Problems) {
	if c.told[name] {
		problems.count(KindColumn)
		return
	}
	if c.told == nil {
		c.told = map[string]bool{}
	}
	c.told[name] = true
	problems.Add(Problem{
		File: c.block.layout.name, Line: number, Kind: KindColumn,
		Message: fmt.Sprintf("member %q is not in the first rows of the file and is not read, here and in later lines", name),
	})
}

func (c *cursor) nextParsed(problems *Problems) (Row, bool) {
	for c.at < len(c.block.rows) {
		p := &c.block.rows[c.at]
		c.at++
		if p.problem != nil {
			problem := *p.problem
			problem.File = c.block.layout.name
			problems.lose(problem)
			continue
		}
		if c.block.clean {
			return p.Row, true
		}
		row := p.Row
		row.Cells = append(c.cells[:0], row.Cells...) // a block may be walked over twice
		c.cells = row.Cells
		c.block.decode(row, p.text, problems)
		return row, true
	}
	return Row{}, false
}

// decode replaces what is no UTF-8 in a row.
func (b *Block) decode(row Row, text string, problems *Problems) {
	if b.clean || utf8.ValidString(text) {
		return
	}
	line, column, given := row.Line, 1, byte(0)
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			given = text[i]
			break
		}
		if column++; r == '\n' {
			line, column = line+1, 1
		}
	}
	problems.Add(Problem{
		File: b.layout.name, Line: line, Column: column, Kind: KindEncoding,
		Message: fmt.Sprintf("byte 0x%02X is no UTF-8 and is read as \ufffd; --encoding %s reads files of older spreadsheets", given, Windows1252),
	})
	for i, cell := range row.Cells {
		row.Cells[i] = strings.ToValidUTF8(cell, "\ufffd")
	}
}

// Lines that the block has.
func (b *Block) Lines() int { return b.lines }
