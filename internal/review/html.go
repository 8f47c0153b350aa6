// SPDX-License-Identifier: Apache-2.0

package review

import (
	"embed"
	"html/template"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/handoff-sla/handoff/internal/sla"
)

//go:embed page
var pageFiles embed.FS

// pages are read once; what they show is escaped for the place where it stands.
var pages = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"shape": func(l sla.Indicator) string { return shapes[l] },
	"word":  func(l sla.Indicator) string { return string(l) },
	"class": func(l sla.Indicator) string { return strings.ToLower(string(l)) },
}).ParseFS(pageFiles, "page/*"))

// page is what the template shows.
type page struct {
	Title, Contract, Result, Sentence, Foot, Seal string

	Lamps    []rowsOfLamp
	Head     [][2]string
	Sections []Section
}

// rowsOfLamp counts the rows of an indicator.
type rowsOfLamp struct {
	Indicator sla.Indicator
	Rows      int64
}

// HTML is the report as one page that needs nothing else: no script, no picture, no style from elsewhere.
func (d *Document) HTML() (string, error) {
	seal, err := d.Seal()
	if err != nil {
		return "", err
	}
	r := d.results
	p := page{
		Title: d.Title(), Contract: d.facts.Contract, Result: r.Result, Sentence: r.Sentence, Foot: d.foot(), Seal: seal,
		Head: d.head(), Sections: d.Sections(),
	}
	for _, l := range []rowsOfLamp{{sla.Green, r.Green}, {sla.Yellow, r.Yellow}, {sla.Red, r.Red}, {sla.Grey, r.Grey}} {
		if l.Rows > 0 {
			p.Lamps = append(p.Lamps, l)
		}
	}
	var b strings.Builder
	err = pages.ExecuteTemplate(&b, "page.html", p)
	return b.String(), err
}

// Wide says whether a table is shown as a list of cards where there is little room.
func (t *Table) Wide() bool { return !t.Compact && len(t.Head) > 3 }

// Name of the column of a cell by its place.
func (t *Table) Name(i int) string { return t.Head[i].Name }

// shortest is how long the cells of a column are that is not broken into lines.
const shortest = 20

// Class of a cell by its place: numbers stand on the right, short texts on one line, and what is empty is left out where there is little room.
func (t *Table) Class(i int, c Cell) string {
	var classes []string
	if t.Head[i].Number {
		classes = append(classes, "number")
	}
	if !slices.ContainsFunc(t.Rows, func(row []Cell) bool { return utf8.RuneCountInString(row[i].Text) > shortest }) {
		classes = append(classes, "short")
	}
	if c.Lamp == "" && (c.Text == "" || c.Text == "-") {
		classes = append(classes, "none")
	}
	return strings.Join(classes, " ")
}
