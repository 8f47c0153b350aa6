// SPDX-License-Identifier: Apache-2.0

package leadfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// read a text to its end: its rows as line:cell|cell, and what is wrong with it.
func read(t *testing.T, text string, options Options) ([]string, *Problems) {
	t.Helper()
	r, err := New("f.csv", strings.NewReader(text), options)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, r.Problems()
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprintf("%d:%s", row.Line, strings.Join(row.Cells, "|")))
	}
}

func TestReader(t *testing.T) {
	cases := map[string]struct {
		text     string
		options  Options
		rows     []string
		problems []Problem // without file and message
	}{
		"plain": {text: "id,when\na,1\nb,2\n", rows: []string{"2:a|1", "3:b|2"}},
		"semicolons, a byte order mark, carriage returns, blanks": {
			text: "\ufeffid;when\r\n a ; 1\r\n\r\nb;2", rows: []string{"2:a|1", "4:b|2"},
		},
		"tabs":               {text: "id\twhen\na\t1,5\n", rows: []string{"2:a|1,5"}},
		"a delimiter quoted": {text: "\"a;b;c\",id\n1,\"x,y\"\n", rows: []string{"2:1|x,y"}},
		"doubled quotes, a newline within a cell": {
			text: "id,note\na,\"say \"\"hi\"\"\"\nb,\"two\nlines\"\nc,d\n", rows: []string{`2:a|say "hi"`, "3:b|two\nlines", "5:c|d"},
		},
		"an empty file":              {text: " \n", problems: []Problem{{Kind: KindEmpty, Line: 1}}},
		"a header only":              {text: "id,when\n"},
		"blank lines before":         {text: "\n\nid,when\na,1\n", rows: []string{"4:a|1"}},
		"a quote out of place":       {text: "id,x\na,so\"cial\nb,1\n", rows: []string{"3:b|1"}, problems: []Problem{{Kind: KindQuote, Line: 2, Column: 5}}},
		"text after a closing quote": {text: "id,x\nä,\"so\"cial\nb,1\n", rows: []string{"3:b|1"}, problems: []Problem{{Kind: KindQuote, Line: 2, Column: 7}}},
		"a quote that is never closed loses its own line only": {
			text: "id,x\na,\"broken\nb,1\nc,2\n", rows: []string{"3:b|1", "4:c|2"}, problems: []Problem{{Kind: KindQuote, Line: 2, Column: 3}},
		},
		"a quote that another line closes loses its own line only": {
			text: "id,x\na,\"broken\nb,\"fine\"\nc,2\n", rows: []string{"3:b|fine", "4:c|2"}, problems: []Problem{{Kind: KindQuote, Line: 2, Column: 3}},
		},
		"a quote that swallows a delimiter": {
			text: "id,x\n\"a,1\nb,\"\nc,2\n", rows: []string{"4:c|2"},
			problems: []Problem{{Kind: KindCells, Line: 2}, {Kind: KindQuote, Line: 3, Column: 3}},
		},
		"too few and too many cells": {
			text: "id,x\na\nb,1,2\nc,3\n", rows: []string{"4:c|3"}, problems: []Problem{{Kind: KindCells, Line: 2}, {Kind: KindCells, Line: 3}},
		},
		"a byte that is no UTF-8": {
			text: "id,x\na,caf\xe9\nb,é\n", rows: []string{"2:a|caf\ufffd", "3:b|é"}, problems: []Problem{{Kind: KindEncoding, Line: 2, Column: 6}},
		},
		"the same within quotes": {
			text: "id,x\na,\"\ncaf\xe9\"\n", rows: []string{"2:a|caf\ufffd"}, problems: []Problem{{Kind: KindEncoding, Line: 3, Column: 4}},
		},
		"windows-1252": {text: "id,x\na,caf\xe9 \x80\n", options: Options{Encoding: Windows1252}, rows: []string{"2:a|café €"}},
		"utf-16":       {text: "\xff\xfei\x00d\x00,\x00x\x00\n\x00a\x00,\x00\xe9\x00\n\x00", rows: []string{"2:a|é"}},
		"columns twice and without a name": {
			text: "id,x,x,\na,1,2,3\n", rows: []string{"2:a|1|2|3"}, problems: []Problem{{Kind: KindColumn, Line: 1}, {Kind: KindColumn, Line: 1}},
		},
		"ndjson": {
			text: `{"id":"a","n":1.50,"list":["x","y"],"properties":{"p":true},"deep":{"er":null}}` + "\n\n" + `{"n":null,"id":"b"}` + "\n",
			rows: []string{"1:a|1.50|x;y|true|", "3:b||||"},
		},
		"broken ndjson": {
			text: `{"id":"a"}` + "\n" + `{"id":` + "\n[1]\n" + `{"id":"b"}`, rows: []string{"1:a", "4:b"},
			problems: []Problem{{Kind: KindJSON, Line: 2, Column: 6}, {Kind: KindJSON, Line: 3}},
		},
		"expected members": {text: `{"id":"a"}`, options: Options{Expect: []string{"late", "id"}}, rows: []string{"1:a|"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rows, problems := read(t, tc.text, tc.options)
			if diff := cmp.Diff(tc.rows, rows); diff != "" {
				t.Errorf("rows (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tc.problems, problems.First, cmpopts.IgnoreFields(Problem{}, "File", "Message")); diff != "" {
				t.Errorf("problems (-want +got)\n%s\n%v", diff, problems.First)
			}
			if problems.Count != len(tc.problems) {
				t.Errorf("%d problems counted, want %d", problems.Count, len(tc.problems))
			}
		})
	}
}

func TestRowsAcrossBlocks(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,note\n")
	const n = 40_000
	for i := range n {
		fmt.Fprintf(&b, "%d,\"line one\nline \"\"two\"\" of %d\"\n", i, i)
	}
	rows, problems := read(t, b.String(), Options{})
	if len(rows) != n || problems.Count != 0 {
		t.Fatalf("%d rows and %d problems, want %d and none: %v", len(rows), problems.Count, n, problems.First)
	}
	if want := fmt.Sprintf("%d:%d|line one\nline \"two\" of %d", 2*n, n-1, n-1); rows[n-1] != want {
		t.Errorf("last row %q, want %q", rows[n-1], want)
	}
}

func TestLinesOfAnyLength(t *testing.T) {
	long := strings.Repeat("x", 2*blockSize)
	tooLong := strings.Repeat("y", maxLine+2*blockSize)
	rows, problems := read(t, "id,x\na,"+long+"\nb,"+tooLong+"\nc,3\n", Options{})
	if len(rows) != 2 || rows[0] != "2:a|"+long || rows[1] != "4:c|3" {
		t.Errorf("%d rows, want those of lines 2 and 4", len(rows))
	}
	if diff := cmp.Diff(map[string]int{KindLong: 1}, problems.ByKind); diff != "" {
		t.Error(diff)
	}
}

// Rows of a spreadsheet whose cells are as long as they can be.
func TestRowsLongerThanABlock(t *testing.T) {
	cell := strings.Repeat(strings.Repeat("x", 299)+"\n", 100) + "." // 30 KB, 100 lines
	for _, columns := range []int{12, 18, 60} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			var b strings.Builder
			for i := range columns {
				fmt.Fprintf(&b, "c%d,", i)
			}
			b.WriteString("last\n")
			for i := range 3 {
				for range columns {
					b.WriteString("\"" + cell + "\",")
				}
				fmt.Fprintf(&b, "%d\n", i)
			}
			rows, problems := read(t, b.String(), Options{})
			if len(rows) != 3 || problems.Count != 0 {
				t.Fatalf("%d rows, want 3; problems %v", len(rows), problems.First)
			}
			if got := strings.Count(rows[2], cell); got != columns {
				t.Errorf("%d cells are whole, want %d", got, columns)
			}
		})
	}
}

func TestRowsWithoutEnd(t *testing.T) {
	cell := "\"" + strings.Repeat("x", 30_000) + "\n.\","
	rows, problems := read(t, "id,x\na,1\n"+strings.Repeat(cell, 200)+"\nb,2\n", Options{})
	if problems.ByKind[KindLong] == 0 {
		t.Errorf("problems %v, want a row that is too long", problems.ByKind)
	}
	if len(rows) == 0 || rows[0] != "2:a|1" || rows[len(rows)-1] != "204:b|2" {
		t.Errorf("%d rows, want those of line 2 and 204", len(rows))
	}
	text := "id,x\na,\"" + strings.Repeat("\n", maxQuotedLines+1) + "\"\nb,2\n"
	if _, problems := read(t, text, Options{}); !strings.Contains(fmt.Sprint(problems.First), "2:3: the quote that opens here is not closed within 1000 lines") {
		t.Errorf("problems %v", problems.First)
	}
	text = "id,x\n" + strings.Repeat("\""+strings.Repeat("\n", 900)+"\",", 12) + "\nb,2\n"
	if _, problems := read(t, text, Options{}); !strings.Contains(fmt.Sprint(problems.First), "2:1: the row that begins here has more than 10000 lines") {
		t.Errorf("problems %v", problems.First)
	}
}

func TestStrict(t *testing.T) {
	r, err := New("f.csv", strings.NewReader("id,x\na,1\nb\nc,2\n"), Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	_, err = r.Next()
	if want := "f.csv:3: 1 cell instead of 2; the row is left out"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := New("f.csv", strings.NewReader(""), Options{Strict: true}); err == nil {
		t.Error("an empty file is no error")
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte("id,x\na,1\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		content []byte
		wantErr string
	}{
		"gzip":       {content: packed.Bytes()},
		"cut off":    {content: packed.Bytes()[:packed.Len()-6], wantErr: "unexpected EOF"},
		"array":      {content: []byte("[{}]"), wantErr: "jq -c"},
		"binary":     {content: []byte("PK\x03\x04\x00\x00,x\nb,1\n"), wantErr: "NUL bytes"},
		"bad header": {content: []byte("id,\"x\n"), wantErr: "header row"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, tc.content, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Open(file, nil, Options{})
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("error %v, want one with %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			row, err := r.Next()
			if err != nil || row.Cells[1] != "1" {
				t.Errorf("row %v, error %v", row, err)
			}
			if read, size := r.Progress(); read != size || size != int64(len(tc.content)) {
				t.Errorf("progress %d of %d, want all of %d", read, size, len(tc.content))
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := Open(dir, nil, Options{}); err == nil || !strings.Contains(err.Error(), "a folder") {
		t.Errorf("error %v for a folder", err)
	}
	if _, err := New("f", strings.NewReader("x"), Options{Encoding: "ebcdic"}); err == nil || !strings.Contains(err.Error(), "known: utf-8") {
		t.Errorf("error %v for an unknown encoding", err)
	}
}

func TestSampleIsReadAgain(t *testing.T) {
	r, err := New("f.csv", strings.NewReader("id,when\na,2018-02-01\n,soon\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	sample, err := r.Sample()
	if err != nil || len(sample) != 2 {
		t.Fatalf("sample %v, error %v", sample, err)
	}
	if row, err := r.Next(); err != nil || row.Line != 2 {
		t.Errorf("first row %v, error %v", row, err)
	}
}

// FuzzReader holds that reading ends, that no line is lost (each is in a row, in a problem, or blank), and that it makes no difference how
// much of a file is in memory at a time. Blocks are of a few bytes, so that rows are longer than them.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"id,x\na,1\n", "id,x\na,\"b\nc\"\n\"d,\n", "id;x\r\n\"\"\"\";\"\n\xff\n", "{\"id\":1}\n{\"id\":\n\n{}", "a\n\"\n\"\n,,\n", "\ufeff\n\nid\n\"a\"b\n",
		"id,x,y\na,\"one cell\nof three lines\nand\",\"another\nlong cell\"\nb,c,d\n",
	} {
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(30))
	}
	f.Fuzz(func(t *testing.T, text string, block uint8) {
		if strings.ContainsAny(text, "\x00\ufeff") || strings.HasPrefix(text, "\x1f\x8b") || strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
			return // other encodings have other lines
		}
		size := 8 + int(block)
		whole, ok := readBlocks(t, text, limits{block: blockSize, line: maxLine})
		if !ok {
			return
		}
		if _, ok = readBlocks(t, text, limits{block: size, line: 4 * size}); !ok {
			return // the header is longer than a block
		}
		pieces, _ := readBlocks(t, text, limits{block: size, line: maxLine})
		if diff := cmp.Diff(whole, pieces); diff != "" && !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") { // the first block has the members
			t.Fatalf("in blocks of %d bytes %q reads differently (-whole +in pieces)\n%s", size, text, diff)
		}
	})
}

// readBlocks reads a text in blocks and checks that no line of it is lost. What it read is rows and problems by their line; false when the
// text is no export at all.
func readBlocks(t *testing.T, text string, held limits) (map[int]string, bool) {
	t.Helper()
	r, err := newReader("f", iotest.HalfReader(strings.NewReader(text)), Options{}, held)
	if err != nil {
		return nil, false
	}
	seen, problems := map[int]string{}, Problems{}
	for {
		block, err := r.NextBlock()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if block.Size() == 0 {
			t.Fatalf("an empty block at line %d of %q: reading would not end", r.line, text)
		}
		block.Rows(&problems, func(row Row) bool {
			if len(row.Cells) != len(r.Columns()) {
				t.Fatalf("%d cells for %d columns", len(row.Cells), len(r.Columns()))
			}
			for i := range row.Lines {
				if seen[row.Line+i] != "" {
					t.Fatalf("line %d is read twice", row.Line+i)
				}
				seen[row.Line+i] = fmt.Sprintf("row %q", row.Cells)
			}
			return true
		})
	}
	problems.Merge(r.Problems())
	for _, p := range problems.First {
		seen[p.Line] += p.Kind + ": " + p.Message
	}
	if problems.Count > len(problems.First) {
		return seen, true
	}
	for i, line := range strings.Split(text, "\n") {
		if n := i + 1; n > r.headerLines && seen[n] == "" && strings.Trim(line, " \t\r\v\f\u0085\u00a0\"") != "" {
			t.Fatalf("line %d of %q is lost", n, text)
		}
	}
	return seen, true
}

// What is allocated for a file is per block, not per row, and what is held does not grow with it.
func TestMemoryIsBounded(t *testing.T) {
	const rows = 1_000_000
	r, err := New("f.csv", &endless{row: []byte("lead-1234567,2018-02-01,some text that is not short,42\n"), left: rows}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	n, highest := 1, uint64(0) // the first row is the header
	for ; ; n++ {
		if _, err := r.Next(); err != nil {
			break
		}
		if n%100_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			highest = max(highest, now.HeapAlloc)
		}
	}
	if n != rows {
		t.Fatalf("%d rows, want %d", n, rows)
	}
	if got := now.Mallocs - before.Mallocs; got > 10_000 {
		t.Errorf("%d allocations for a million rows: they should be per block", got)
	}
	if highest > before.HeapAlloc+4<<20 {
		t.Errorf("%d bytes held at most, %d before", highest, before.HeapAlloc)
	}
}

type endless struct {
	row  []byte
	left int
	part []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.part) == 0 {
		if e.left == 0 {
			return 0, io.EOF
		}
		e.left--
		e.part = e.row
	}
	n := copy(p, e.part)
	e.part = e.part[n:]
	return n, nil
}

// Members that come first after the beginning of a file.
func TestLateMembers(t *testing.T) {
	const early, late = 20_000, 5000
	var b strings.Builder
	for i := range early {
		fmt.Fprintf(&b, "{\"id\":\"%d\",\"text\":\"something that takes room\"}\n", i)
	}
	for i := range late {
		fmt.Fprintf(&b, "{\"id\":\"%d\",\"stage\":\"Won\",\"other\":1,\"more\":2}\n", i)
	}
	r, err := New("f.ndjson", strings.NewReader(b.String()), Options{Expect: []string{"id", "stage", "never"}})
	if err != nil {
		t.Fatal(err)
	}
	won := 0
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.Cells[2] == "Won" {
			won++
		}
	}
	if won != late {
		t.Errorf("%d lines have the late member that is expected, want %d", won, late)
	}
	if diff := cmp.Diff([]string{"never"}, r.Unseen()); diff != "" {
		t.Errorf("unseen (-want +got)\n%s", diff)
	}
	if n := r.Problems().ByKind[KindColumn]; n != 2*late || r.Problems().Count != n {
		t.Errorf("%d values are told as lost, want %d", n, 2*late)
	}
	if n := len(r.Problems().First); n < 2 || n > 10 {
		t.Errorf("%d problems are told one by one, want one for each member and block", n)
	}
}

func TestColumn(t *testing.T) {
	columns := []string{"id", "Size"}
	if at, err := Column("f.csv", columns, "Size"); at != 1 || err != nil {
		t.Errorf("column %d, error %v", at, err)
	}
	for name, want := range map[string]string{
		"size": `f.csv: no column "size"; did you mean "Size"; columns are id, Size`, "other": `f.csv: no column "other"; columns are id, Size`,
	} {
		if _, err := Column("f.csv", columns, name); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
