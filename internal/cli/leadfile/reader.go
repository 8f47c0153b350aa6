// SPDX-License-Identifier: Apache-2.0

package leadfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
)

// Sizes of what is held in memory at a time.
const (
	blockSize = 256 << 10 // more than most rows have; a longer one has a block of its own
	maxLine   = 4 << 20   // what is longer is no row
	maxSample = 2000      // rows from which columns are detected
)

// limits of what is held in memory at a time; tests make them small.
type limits struct{ block, line int }

// begin reads the header, or enough of an NDJSON file to know its columns.
func (r *Reader) begin() error {
	if err := r.fill(r.limits.block); err != nil {
		return err
	}
	r.buf = bytes.TrimPrefix(r.buf, []byte("\ufeff"))
	text := bytes.TrimLeft(r.buf, " \t\r\n")
	switch {
	case len(text) == 0 && r.eof:
		r.problem(Problem{Kind: KindEmpty, Line: 1, Message: "the file is empty"})
		return nil
	case len(text) > 0 && text[0] == '[':
		return fmt.Errorf("%s: a JSON array; make a line of each of its objects: jq -c '.[]' FILE > FILE.ndjson", r.name)
	case len(text) > 0 && text[0] == '{':
		r.layout.json = true
		return r.members()
	default:
		return r.header()
	}
}

func (r *Reader) header() error {
	for { // blank lines before the header
		end := bytes.IndexByte(r.buf, '\n')
		if end < 0 || len(bytes.TrimSpace(r.buf[:end])) > 0 {
			break
		}
		r.buf, r.line = r.buf[end+1:], r.line+1
	}
	text := string(r.buf)
	if !strings.Contains(text, "\n") && !r.eof {
		return fmt.Errorf("%s: the header row is longer than %d bytes; this is no CSV file", r.name, r.limits.block)
	}
	if !r.eof {
		text = text[:strings.LastIndexByte(text, '\n')+1] // whole lines
	}
	first, _, _ := strings.Cut(text, "\n")
	if strings.ContainsRune(first, 0) {
		return fmt.Errorf("%s: no text (it holds NUL bytes); CSV, NDJSON and these compressed with gzip can be read", r.name)
	}
	r.layout.comma = Delimiter(first)
	rec := csvRecord(text, 0, r.layout.comma, r.eof, nil)
	switch {
	case rec.incomplete:
		return fmt.Errorf("%s:%d: the header row has a quote that is not closed within %d bytes", r.name, r.line, len(text))
	case rec.kind != "":
		return fmt.Errorf("%s:%d: the header row: %s", r.name, r.line, rec.message)
	}
	r.layout.columns = make([]string, len(rec.cells))
	for i, name := range rec.cells {
		r.layout.columns[i] = strings.Clone(strings.ToValidUTF8(name, "\ufffd"))
		r.checkColumn(i)
	}
	r.buf, r.line = r.buf[rec.next:], r.line+rec.lines
	r.headerLines = r.line - 1
	return nil
}

func (r *Reader) checkColumn(i int) {
	name := r.layout.columns[i]
	p := Problem{Kind: KindColumn, Line: r.line, Message: fmt.Sprintf("column %d has no name; it is not read", i+1)}
	if name != "" {
		first := slices.Index(r.layout.columns, name)
		if first == i {
			return
		}
		p.Message = fmt.Sprintf("column %d is named %q as column %d is; only the first is read", i+1, name, first+1)
	}
	r.problem(p)
}

// members are the columns of an NDJSON file: those of its beginning, in the order in which they come, then the expected ones.
func (r *Reader) members() error {
	r.layout.index = map[string]int{}
	block, err := r.cut()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	block.eachLine(func(_ int, line string) {
		for _, name := range memberNames(line) {
			r.addMember(name)
		}
	})
	r.layout.shown = len(r.layout.columns)
	for _, name := range r.options.Expect {
		r.addMember(name)
	}
	r.layout.came = make([]atomic.Bool, len(r.layout.columns)-r.layout.shown)
	r.ahead = append(r.ahead, block)
	return nil
}

func (r *Reader) addMember(name string) {
	if _, known := r.layout.index[name]; !known && name != "" {
		r.layout.index[name] = len(r.layout.columns)
		r.layout.columns = append(r.layout.columns, name)
	}
}

func (r *Reader) problem(p Problem) {
	p.File = r.name
	r.problems.Add(p)
}

// strict is the first problem when problems are errors.
func (r *Reader) strict() error {
	if r.options.Strict && r.problems.Count > 0 {
		return r.problems.First[0]
	}
	return nil
}

// Next row; io.EOF at the end. The row is valid until the next call.
func (r *Reader) Next() (Row, error) {
	for {
		if row, ok := r.current.next(&r.problems); ok {
			return row, r.strict()
		}
		if err := r.strict(); err != nil {
			return Row{}, err
		}
		block, err := r.NextBlock()
		if err != nil {
			return Row{}, err
		}
		r.current = block.cursor()
	}
}

// Sample is up to 2,000 rows from the beginning of what was not read yet; they are read again by Next and NextBlock.
func (r *Reader) Sample() ([]Row, error) {
	if len(r.ahead) == 0 {
		block, err := r.cut()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		r.ahead = append(r.ahead, block)
	}
	var rows []Row
	c, ignored := r.ahead[0].cursor(), Problems{}
	for len(rows) < maxSample {
		row, ok := c.next(&ignored)
		if !ok {
			break
		}
		row.Cells = slices.Clone(row.Cells)
		rows = append(rows, row)
	}
	return rows, nil
}

// NextBlock is a piece of the file that can be read on its own, also by another goroutine; io.EOF at the end.
func (r *Reader) NextBlock() (*Block, error) {
	if len(r.ahead) > 0 {
		block := r.ahead[0]
		r.ahead = r.ahead[1:]
		return block, nil
	}
	return r.cut()
}

// cut takes whole rows from what was read; more is read until there is one.
func (r *Reader) cut() (*Block, error) {
	for want := r.limits.block; ; want *= 2 {
		if err := r.fill(want); err != nil {
			return nil, err
		}
		end := bytes.LastIndexByte(r.buf, '\n') + 1
		if r.eof {
			end = len(r.buf)
		}
		if end == 0 && r.eof {
			return nil, io.EOF
		}
		if b := newBlock(&r.layout, r.line, string(r.buf[:end]), r.eof); b.text != "" {
			b.lines = strings.Count(b.text, "\n")
			r.buf, r.line = r.buf[len(b.text):], r.line+b.lines
			return b, nil
		}
		if len(r.buf) > r.limits.line {
			if err := r.skipLine(); err != nil {
				return nil, err
			}
			want = r.limits.block / 2
		}
	}
}

// skipLine leaves out a line of a row that does not fit into memory.
func (r *Reader) skipLine() error {
	r.problems.lose(Problem{
		File: r.name, Line: r.line, Kind: KindLong, Message: fmt.Sprintf("a row that is longer than %d bytes begins here; the line is left out", r.limits.line),
	})
	for {
		if end := bytes.IndexByte(r.buf, '\n'); end >= 0 {
			r.buf, r.line = r.buf[end+1:], r.line+1
			return nil
		}
		r.buf = r.buf[:0]
		if r.eof {
			return nil
		}
		if err := r.fill(r.limits.block); err != nil {
			return err
		}
	}
}

// fill reads until so many bytes are there or the file ends.
func (r *Reader) fill(want int) error {
	if len(r.buf) < want && cap(r.buf) < want {
		if cap(r.store) < want+r.limits.block {
			r.store = make([]byte, want+r.limits.block)
		}
		r.buf = r.store[:copy(r.store[:cap(r.store)], r.buf)]
	}
	for tries := 0; len(r.buf) < want && !r.eof && r.err == nil; tries++ {
		n, err := r.source.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			r.eof = true
		case err != nil:
			r.err = fmt.Errorf("%s: after line %d: %w", r.name, r.line, err)
		case n > 0:
			tries = 0
		case tries > 100:
			r.err = fmt.Errorf("%s: after line %d: %w", r.name, r.line, io.ErrNoProgress)
		}
	}
	return r.err
}
