// SPDX-License-Identifier: Apache-2.0

package leadfile

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of one row that runs over several lines. A quote that is never closed would else swallow the rest of the file.
const (
	maxQuotedBytes = 128 << 10 // a spreadsheet's cell holds 32,767 characters
	maxQuotedLines = 1000      // of a cell
	maxRowLines    = 10_000    // of all cells of a row
)

// record is one row of a CSV text, or what is wrong with it.
type record struct {
	cells   []string
	next    int    // where the following record begins
	lines   int    // that this one takes
	kind    string // of the problem; empty when there is none
	column  int    // of the problem, in characters from 1
	message string

	incomplete bool // the text ends within a quoted cell
}

// csvRecord reads the record that begins at the given place. Its cells reuse the slice given. whole says that no text follows the end of s.
func csvRecord(s string, at int, comma byte, whole bool, cells []string) record {
	end := strings.IndexByte(s[at:], '\n')
	line := s[at:]
	next := len(s)
	if end >= 0 {
		line, next = s[at:at+end], at+end+1
	}
	if strings.IndexByte(line, '"') < 0 {
		return record{cells: splitPlain(strings.TrimSuffix(line, "\r"), comma, cells), next: next, lines: 1}
	}
	p := quotedParser{text: s, start: at, at: at, comma: comma, whole: whole}
	r := p.record(cells)
	if r.kind != "" {
		r.next, r.lines = next, 1 // resynchronise at the next line
	}
	return r
}

// splitPlain cuts a line without quotes.
func splitPlain(line string, comma byte, cells []string) []string {
	cells = cells[:0]
	for {
		i := strings.IndexByte(line, comma)
		if i < 0 {
			return append(cells, trim(line))
		}
		cells = append(cells, trim(line[:i]))
		line = line[i+1:]
	}
}

// trim takes white space away; most cells have none.
func trim(cell string) string {
	if n := len(cell); n == 0 || (plain(cell[0]) && plain(cell[n-1])) {
		return cell
	}
	return strings.TrimSpace(cell)
}

func plain(c byte) bool { return c > ' ' && c < utf8.RuneSelf }

// quotedParser reads one record with quotes.
type quotedParser struct {
	text      string
	start, at int
	comma     byte
	whole     bool
	lines     int // ended so far
	fault     record
}

func (p *quotedParser) record(cells []string) record {
	cells = cells[:0]
	for {
		cell, ok := p.cell()
		if !ok {
			return p.fault
		}
		cells = append(cells, trim(cell))
		switch {
		case p.at < len(p.text) && p.text[p.at] == p.comma:
			p.at++
		case p.at < len(p.text): // the newline
			p.at++
			return record{cells: cells, next: p.at, lines: p.lines + 1}
		default:
			return record{cells: cells, next: p.at, lines: p.lines + 1}
		}
	}
}

// cell leaves the parser at the delimiter, the newline or the end.
func (p *quotedParser) cell() (string, bool) {
	from := p.at
	for from < len(p.text) && p.text[from] == ' ' {
		from++
	}
	if from < len(p.text) && p.text[from] == '"' {
		return p.quoted(from)
	}
	for p.at < len(p.text) && p.text[p.at] != p.comma && p.text[p.at] != '\n' {
		if p.text[p.at] == '"' {
			return "", p.broken(p.at, `a quote within a cell that does not begin with one; such a cell is quoted as a whole and its quotes doubled`)
		}
		p.at++
	}
	return p.text[from:max(from, p.at)], true
}

// quoted reads a cell whose opening quote is at the given place.
func (p *quotedParser) quoted(open int) (string, bool) {
	var b strings.Builder
	at, before := open+1, p.lines
	for {
		i := strings.IndexByte(p.text[at:min(len(p.text), open+maxQuotedBytes)], '"')
		if i < 0 {
			return "", p.unclosed(open)
		}
		part := p.text[at : at+i]
		p.lines += strings.Count(part, "\n")
		switch {
		case p.lines-before > maxQuotedLines:
			return "", p.broken(open, fmt.Sprintf("the quote that opens here is not closed within %d lines", maxQuotedLines))
		case p.lines > maxRowLines:
			return "", p.broken(p.start, fmt.Sprintf("the row that begins here has more than %d lines in quotes", maxRowLines))
		}
		at += i + 1
		if at < len(p.text) && p.text[at] == '"' {
			b.WriteString(part)
			b.WriteByte('"')
			at++
			continue
		}
		if b.Len() > 0 {
			b.WriteString(part)
			part = b.String()
		}
		return part, p.closed(open, at)
	}
}

// closed checks that only blanks stand between a closing quote and the end of its cell.
func (p *quotedParser) closed(open, at int) bool {
	for at < len(p.text) && (p.text[at] == ' ' || p.text[at] == '\r') {
		at++
	}
	p.at = at
	switch {
	case at == len(p.text) && !p.whole:
		p.fault = record{incomplete: true}
		return false
	case at == len(p.text), p.text[at] == p.comma, p.text[at] == '\n':
		return true
	case p.lines > 0:
		return p.broken(open, "the quote that opens here is not closed before another one on a later line")
	default:
		return p.broken(at, "text between a closing quote and the end of its cell; a quote within a quoted cell is doubled")
	}
}

func (p *quotedParser) unclosed(open int) bool {
	if !p.whole && len(p.text) < open+maxQuotedBytes {
		p.fault = record{incomplete: true}
		return false
	}
	return p.broken(open, "the quote that opens here is never closed")
}

func (p *quotedParser) broken(at int, message string) bool {
	p.fault = record{kind: KindQuote, message: message}
	if line := p.text[p.start:at]; strings.IndexByte(line, '\n') < 0 {
		p.fault.column = utf8.RuneCountInString(line) + 1
	}
	return false
}
