// SPDX-License-Identifier: Apache-2.0

package leadfile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kinds of problems.
const (
	KindEmpty    = "empty"    // the file holds nothing
	KindQuote    = "quote"    // a quote that is out of place or never closed; the line is left out
	KindCells    = "cells"    // a row with another number of cells than the header; left out
	KindJSON     = "json"     // a line that is no JSON object; left out
	KindLong     = "long"     // a line that is longer than any real row; left out
	KindEncoding = "encoding" // bytes that are no text in the file's encoding; the row is kept, they read as U+FFFD
	KindColumn   = "column"   // a column that is missing, has no name or is there twice
	KindID       = "id"       // a row without the lead's id; left out
	KindDate     = "date"     // a date that cannot be read
	KindValue    = "value"    // a value that does not fit its field; read as absent
)

// maxFirst is how many problems are kept one by one.
const maxFirst = 100

// Problem is one piece of input that could not be read as it should. Line and Column are counted from 1, Column in characters; 0 where
// there is none.
type Problem struct { //nolint:errname // what reads a list of problems calls each of them a problem; only a strict run makes one an error
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// String is file:line:column: message.
func (p Problem) String() string {
	where := p.File
	if p.Line > 0 {
		where += fmt.Sprintf(":%d", p.Line)
	}
	if p.Column > 0 {
		where += fmt.Sprintf(":%d", p.Column)
	}
	return where + ": " + p.Message
}

// Error makes a problem the error that ends a strict run.
func (p Problem) Error() string { return p.String() }

// Problems counts problems and keeps the first hundred, whatever the order in which they come. The zero value is ready for use.
type Problems struct {
	Count  int
	Lost   int // rows that the reader left out
	ByKind map[string]int
	First  []Problem // by line; one file's after another's, in the order in which the files were merged
}

// Add one problem.
func (ps *Problems) Add(p Problem) {
	ps.count(p.Kind)
	ps.keep(p)
}

func (ps *Problems) count(kind string) {
	if ps.ByKind == nil {
		ps.ByKind = map[string]int{}
	}
	ps.Count++
	ps.ByKind[kind]++
}

// lose a row.
func (ps *Problems) lose(p Problem) {
	ps.Lost++
	ps.Add(p)
}

// keep holds the problems of smallest line, so that it makes no difference which part of a file was read first.
func (ps *Problems) keep(p Problem) {
	if len(ps.First) == maxFirst && !before(p, ps.First[maxFirst-1]) {
		return
	}
	p.Message = strings.Clone(p.Message) // the message may share memory with the whole block that it was read from
	at, _ := slices.BinarySearchFunc(ps.First, p, func(a, b Problem) int {
		if before(b, a) {
			return 1
		}
		return -1
	})
	ps.First = slices.Insert(ps.First, at, p)
	ps.First = ps.First[:min(len(ps.First), maxFirst)]
}

func before(a, b Problem) bool {
	return a.File == b.File && cmp.Or(a.Line-b.Line, a.Column-b.Column) < 0
}

// Merge adds the problems of another part of the same file, or of another file.
func (ps *Problems) Merge(other *Problems) {
	if other == nil || other.Count == 0 {
		return
	}
	if ps.ByKind == nil {
		ps.ByKind = map[string]int{}
	}
	ps.Count += other.Count
	ps.Lost += other.Lost
	for kind, n := range other.ByKind {
		ps.ByKind[kind] += n
	}
	for _, p := range other.First {
		ps.keep(p)
	}
}

// Kinds that occurred, in alphabetical order.
func (ps *Problems) Kinds() []string { return slices.Sorted(maps.Keys(ps.ByKind)) }
