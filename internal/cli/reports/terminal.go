// SPDX-License-Identifier: Apache-2.0

package reports

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/handoff-sla/handoff/internal/cli/paint"
)

// Terminal writes a report's Markdown for people who read it in a terminal: the forms that reports have, headings, lists, tables and fenced
// text, and not all of the language.
func Terminal(w io.Writer, p paint.Palette, markdown string) {
	t := terminal{out: w, palette: p}
	for line := range strings.Lines(markdown) {
		t.line(strings.TrimRight(line, "\r\n"))
	}
	t.flush()
}

type terminal struct {
	out     io.Writer
	palette paint.Palette
	fence   string // that ends the text; empty outside of one
	table   [][]string
}

var heading = regexp.MustCompile(`^(#{1,6}) (.*)$`)

func (t *terminal) line(text string) {
	if t.fence != "" {
		if text == t.fence {
			t.fence = ""
			return
		}
		fmt.Fprintln(t.out, strings.TrimRight("    "+text, " "))
		return
	}
	if strings.HasPrefix(text, "|") {
		t.table = append(t.table, cells(text))
		return
	}
	t.flush()
	switch found := heading.FindStringSubmatch(text); {
	case found != nil && len(found[1]) == 1:
		title := plain(found[2])
		fmt.Fprintf(t.out, "%s\n%s\n", t.palette.Paint(paint.Bold, title), strings.Repeat("=", len([]rune(title))))
	case found != nil:
		fmt.Fprintln(t.out, t.palette.Paint(headingStyle(found[2]), plain(found[2])))
	case strings.HasPrefix(text, "```"):
		t.fence = strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	case text == "---":
	case strings.HasPrefix(text, "- "):
		fmt.Fprintln(t.out, "  - "+t.spans(text[2:]))
	default:
		fmt.Fprintln(t.out, t.spans(text))
	}
}

// flush the table that was gathered.
func (t *terminal) flush() {
	rows := t.table
	t.table = nil
	if len(rows) < 2 {
		return
	}
	head := make([]string, len(rows[0]))
	for i, title := range rows[0] {
		head[i] = strings.ToUpper(title)
	}
	var body [][]paint.Cell
	for _, row := range rows[2:] { // the second is the rule
		cells := make([]paint.Cell, len(head))
		for i := range min(len(row), len(head)) {
			cells[i] = paint.Cell{Text: row[i], Style: signalStyle(row[i])}
		}
		body = append(body, cells)
	}
	t.palette.Table(t.out, "  ", head, body)
}

// cells of a row of a table. A bar that is escaped ends none.
func cells(row string) []string {
	var out []string
	var cell strings.Builder
	row = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(row), "|"), "|")
	for i := 0; i < len(row); i++ {
		switch {
		case row[i] == '\\' && i+1 < len(row):
			cell.WriteString(row[i : i+2])
			i++
		case row[i] == '|':
			out = append(out, plain(strings.TrimSpace(cell.String())))
			cell.Reset()
		default:
			cell.WriteByte(row[i])
		}
	}
	return append(out, plain(strings.TrimSpace(cell.String())))
}

var (
	escaped  = regexp.MustCompile(`\\([[:punct:]])`)
	entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	strong   = regexp.MustCompile(`\*\*(.+?)\*\*`)
)

// plain text: what Markdown escapes is as it was.
func plain(text string) string { return entities.Replace(escaped.ReplaceAllString(text, "$1")) }

// spans of a line: what is strong is bold.
func (t *terminal) spans(text string) string {
	var b strings.Builder
	for {
		at := strong.FindStringSubmatchIndex(text)
		if at == nil {
			return b.String() + plain(text)
		}
		b.WriteString(plain(text[:at[0]]) + t.palette.Paint(paint.Bold, plain(text[at[2]:at[3]])))
		text = text[at[1]:]
	}
}

// signals that a report has, as shapes.
var signals = map[string]paint.Style{"●": paint.Green, "▲": paint.Yellow, "■": paint.Red, "○": paint.Faint}

func signalStyle(text string) paint.Style {
	for shape, style := range signals {
		if strings.HasPrefix(text, shape) {
			return style
		}
	}
	return paint.Plain
}

func headingStyle(text string) paint.Style {
	if style := signalStyle(text); style != paint.Plain {
		return style
	}
	return paint.Bold
}
