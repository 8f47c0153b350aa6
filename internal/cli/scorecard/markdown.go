// SPDX-License-Identifier: Apache-2.0

package scorecard

import (
	"fmt"
	"io"
	"strings"
)

var inMarkdown = strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`)

// Markdown for a page or a comment.
func (c *Card) Markdown(w io.Writer) {
	fmt.Fprintf(w, "# Scorecard of %s/%s\n\n**%s.** %s\n\n%s\n", c.Namespace, c.Name, c.Result, inMarkdown.Replace(c.compliant()), inMarkdown.Replace(c.fresh()))
	if len(c.Scorecard) > 0 {
		fmt.Fprint(w, "\n| | clause | owed by | actual | target | period | verdict | weeks short | median | p90 | ≤5 min | ≤15 min | enforced | what is compared |\n"+
			"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	}
	for _, row := range c.Scorecard {
		t := times(row)
		line(w, signal(row.Indicator), clause(row), row.Party, row.Actual, row.Target, row.Period, verdict(row), weeks(row.MissedWeeks),
			t[0], t[1], t[2], t[3], string(row.Enforcement), row.EnforcedBy)
	}
	c.sections(w)
}

func (c *Card) sections(w io.Writer) {
	if c.Dispute != nil {
		bullets(w, "Dispute", []string{c.dispute()})
	}
	var escalations, plans, waivers, restated []string
	for _, e := range c.Escalations {
		escalations = append(escalations, fmt.Sprintf("level %d, %s: %s", e.Level, e.Clause, strings.Join(c.escalation(e), " ")))
	}
	for _, p := range c.Plans {
		plans = append(plans, string(p.Name)+": "+p.text())
	}
	if len(c.Unplanned) > 0 {
		plans = append(plans, c.unplanned())
	}
	for _, x := range c.Waivers {
		waivers = append(waivers, x.Name+": "+x.text())
	}
	for _, r := range c.Restatements {
		restated = append(restated, restatement(r, c.moment(r.At)))
	}
	bullets(w, "Escalations", escalations)
	bullets(w, "Plans", plans)
	bullets(w, "Waivers", waivers)
	bullets(w, doesNotCount, c.notAccepted())
	if strips := c.strips(); len(strips) > 0 {
		fmt.Fprintf(w, "\n## Closed weeks, %s\n\n| clause | the oldest week first |\n|---|---|\n", c.span())
		for _, s := range strips {
			line(w, string(s.Clause), s.String())
		}
		fmt.Fprintf(w, "\n%s\n", legend(strips))
	}
	bullets(w, "Counted again after the week was frozen", restated)
	bullets(w, "Advice", c.Advice)
}

func (s strip) String() string {
	var b strings.Builder
	for _, m := range s.Marks {
		b.WriteString(m.shape)
	}
	return b.String()
}

func line(w io.Writer, cells ...string) {
	for i := range cells {
		cells[i] = inMarkdown.Replace(cells[i])
	}
	fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
}

func bullets(w io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n## %s\n\n", title)
	for _, text := range lines {
		fmt.Fprintf(w, "- %s\n", inMarkdown.Replace(text))
	}
}
