// SPDX-License-Identifier: Apache-2.0

package paint

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Cell of a table.
type Cell struct {
	Text  string
	Style Style
}

// Cells without a style.
func Cells(texts ...string) []Cell {
	out := make([]Cell, len(texts))
	for i, text := range texts {
		out[i].Text = text
	}
	return out
}

// gap between columns.
const gap = "  "

// Table writes rows below a head, in columns as wide as what is in them. A column without any text is left out with its head. text/tabwriter
// would count what switches colours as text.
func (p Palette) Table(out io.Writer, indent string, head []string, rows [][]Cell) {
	widths := make([]int, len(head))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell.Text))
		}
	}
	var titles []Cell
	for i, title := range head {
		if widths[i] > 0 {
			widths[i] = max(widths[i], utf8.RuneCountInString(title))
		}
		titles = append(titles, Cell{title, Faint})
	}
	if strings.Join(head, "") != "" {
		p.row(out, indent, widths, titles)
	}
	for _, row := range rows {
		p.row(out, indent, widths, row)
	}
}

func (p Palette) row(out io.Writer, indent string, widths []int, cells []Cell) {
	line := indent
	pending := "" // spaces are written before the next text only: no line ends with them
	for i, cell := range cells {
		if widths[i] == 0 {
			continue
		}
		if cell.Text != "" {
			line += pending + p.Paint(cell.Style, cell.Text)
			pending = ""
		}
		pending += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell.Text)) + gap
	}
	fmt.Fprintln(out, strings.TrimRight(line, " "))
}
