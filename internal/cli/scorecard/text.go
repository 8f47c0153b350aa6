// SPDX-License-Identifier: Apache-2.0

package scorecard

import (
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/paint"
)

var styles = map[slav1alpha1.Indicator]paint.Style{"Green": paint.Green, "Yellow": paint.Yellow, "Red": paint.Red, "Grey": paint.Faint}

var markStyles = map[string]paint.Style{"●": paint.Green, "▲": paint.Yellow, "■": paint.Red, "✖": paint.Red, "○": paint.Faint, "–": paint.Faint, "·": paint.Faint}

// doesNotCount is above what the operator does not take as it is written.
const doesNotCount = "On record, and does not count as it is written"

// Text for a terminal. wide adds what each clause compares, and in which field of the CRM it is.
func (c *Card) Text(w io.Writer, p paint.Palette, wide bool) {
	fmt.Fprintln(w, p.Paint(paint.Bold, "SLAContract "+c.Namespace+"/"+c.Name))
	fmt.Fprintln(w, c.tally(p))
	fmt.Fprintln(w, c.compliant())
	fmt.Fprintln(w, c.fresh())
	c.rows(w, p, wide)
	c.raised(w, p)
	c.plans(w, p)
	c.history(w, p)
	c.restated(w, p)
	section(w, p, "Advice", c.Advice)
}

// tally is the number of rows of each colour.
func (c *Card) tally(p paint.Palette) string {
	var parts []string
	for _, i := range indicators {
		if n := count(c.Scorecard, i); n > 0 {
			parts = append(parts, p.Paint(styles[i], fmt.Sprintf("%s %d %s", shapes[i], n, strings.ToLower(string(i)))))
		}
	}
	if len(parts) == 0 {
		return "Nothing to judge yet."
	}
	return strings.Join(parts, "  ")
}

func (c *Card) rows(w io.Writer, p paint.Palette, wide bool) {
	if len(c.Scorecard) == 0 {
		return
	}
	head := []string{"", "CLAUSE", "OWED BY", "ACTUAL", "TARGET", "PERIOD", "VERDICT", "WEEKS SHORT", "MEDIAN", "P90", "≤5 MIN", "≤15 MIN", "ENFORCED"}
	if wide {
		head = append(head, "WHAT IS COMPARED")
	}
	var rows [][]paint.Cell
	for _, row := range c.Scorecard {
		t := times(row)
		cells := paint.Cells(signal(row.Indicator), clause(row), row.Party, row.Actual, row.Target, row.Period, verdict(row), weeks(row.MissedWeeks),
			t[0], t[1], t[2], t[3], string(row.Enforcement))
		cells[0].Style = styles[row.Indicator]
		if wide {
			cells = append(cells, paint.Cell{Text: row.EnforcedBy})
		}
		rows = append(rows, cells)
	}
	fmt.Fprintln(w)
	p.Table(w, "", head, rows)
}

func (c *Card) raised(w io.Writer, p paint.Palette) {
	if c.Dispute != nil {
		section(w, p, "Dispute", []string{c.dispute()})
	}
	if len(c.Escalations) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", p.Paint(paint.Bold, "Escalations"))
	for _, e := range c.Escalations {
		style := paint.Yellow
		if e.Level > 1 {
			style = paint.Red
		}
		fmt.Fprintf(w, "  %s  %s\n", p.Paint(style, fmt.Sprintf("level %d", e.Level)), e.Clause)
		for _, line := range c.escalation(e) {
			fmt.Fprintln(w, "    "+line)
		}
	}
}

func (c *Card) plans(w io.Writer, p paint.Palette) {
	var lines []string
	for _, plan := range c.Plans {
		lines = append(lines, string(plan.Name)+"  "+plan.text())
	}
	if len(c.Unplanned) > 0 {
		lines = append(lines, c.unplanned())
	}
	section(w, p, "Plans", lines)
	lines = nil
	for _, waiver := range c.Waivers {
		lines = append(lines, waiver.Name+"  "+waiver.text())
	}
	section(w, p, "Waivers", lines)
	section(w, p, doesNotCount, c.notAccepted())
}

func section(w io.Writer, p paint.Palette, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", p.Paint(paint.Bold, title))
	for _, line := range lines {
		fmt.Fprintln(w, "  "+line)
	}
}

func (c *Card) history(w io.Writer, p paint.Palette) {
	strips := c.strips()
	if len(strips) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", p.Paint(paint.Bold, "Closed weeks, "+c.span()))
	longest := 0
	for _, s := range strips {
		longest = max(longest, len(s.Clause))
	}
	for _, s := range strips {
		fmt.Fprintf(w, "  %-*s  ", longest, s.Clause)
		for _, m := range s.Marks {
			fmt.Fprint(w, p.Paint(markStyles[m.shape], m.shape))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "  "+p.Paint(paint.Faint, legend(strips)))
}

func (c *Card) restated(w io.Writer, p paint.Palette) {
	var lines []string
	for _, r := range c.Restatements {
		lines = append(lines, restatement(r, c.moment(r.At)))
	}
	section(w, p, "Counted again after the week was frozen", lines)
}

func restatement(r slav1alpha1.Restatement, at string) string {
	name := clause(slav1alpha1.ScorecardRow{Clause: r.Clause, Tier: r.Tier})
	return fmt.Sprintf("%s in %s: was %s, is %s since %s", name, r.Period, r.Was, r.Is, at)
}

// Short is a line for each contract.
func Short(w io.Writer, p paint.Palette, cards []Card) {
	head := []string{"NAMESPACE", "NAME", "COMPLIANT", "GREEN", "YELLOW", "RED", "GREY", "ESCALATION", "MQLS", "FIRST CONTACT", "AS OF"}
	var rows [][]paint.Cell
	for i := range cards {
		c := &cards[i]
		compliant, style := c.word()
		cells := []paint.Cell{{Text: c.Namespace}, {Text: c.Name}, {Text: compliant, Style: style}}
		for _, indicator := range indicators {
			cell := paint.Cell{Text: "-", Style: paint.Faint}
			if n := count(c.Scorecard, indicator); n > 0 {
				cell = paint.Cell{Text: fmt.Sprintf("%s %d", shapes[indicator], n), Style: styles[indicator]}
			}
			cells = append(cells, cell)
		}
		asOf := "not known"
		if c.AsOf != nil {
			asOf = c.moment(*c.AsOf)
		}
		rows = append(rows, append(cells, paint.Cells(dash(c.highest()), dash(c.MQLs), dash(c.FirstContact), asOf)...))
	}
	p.Table(w, "", head, rows)
}

// word for whether the contract is compliant.
func (c *Card) word() (string, paint.Style) {
	switch {
	case c.Compliant == nil:
		return "not judged", paint.Faint
	case c.Compliant.Status == metav1.ConditionTrue:
		return "yes", paint.Green
	case c.Compliant.Status == metav1.ConditionFalse:
		return "no", paint.Red
	default:
		return "not known", paint.Yellow
	}
}

// highest escalation that is open.
func (c *Card) highest() string {
	level, name := int32(0), ""
	for _, e := range c.Escalations {
		if e.Level > level {
			level, name = e.Level, fmt.Sprintf("%d %s", e.Level, e.Clause)
		}
	}
	return name
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
