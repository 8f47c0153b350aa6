// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"strings"
)

// Markdown is the report for a pull request or a wiki. Times are in the contract's zone.
func (d *Document) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n**%s.** %s\n\n", escape(d.Title()), escape(d.facts.Contract), escape(d.Result()), escape(d.Sentence()))
	for _, f := range d.head() {
		fmt.Fprintf(&b, "- %s: %s\n", f[0], escape(f[1]))
	}
	for _, s := range d.Sections() {
		fmt.Fprintf(&b, "\n## %s\n", escape(s.Title))
		for _, block := range s.Blocks {
			block.markdown(&b)
		}
	}
	fmt.Fprintf(&b, "\n---\n\n%s\n", escape(d.foot()))
	return b.String()
}

// head are the facts under the title.
func (d *Document) head() [][2]string {
	p := d.facts.Parties
	all := [][2]string{{"Period", string(d.facts.Period) + ", " + d.facts.Zone}, {"Review owner", d.facts.Owner}}
	for _, r := range d.facts.Reviews {
		if r.Name == d.facts.Review && r.Period == d.facts.Period && r.Held == "" {
			all = append(all, [2]string{"To be held by", d.day(r.Due)})
		}
	}
	all = append(all, [2]string{"Marketing", p.Marketing.text()}, [2]string{"Sales", p.Sales.text()})
	if p.Executive != nil {
		all = append(all, [2]string{"Executive", p.Executive.text()})
	}
	return all
}

func (c Contact) text() string {
	if c.Contact == "" {
		return c.Owner
	}
	return fmt.Sprintf("%s (%s)", c.Owner, c.Contact)
}

func (d *Document) foot() string {
	return fmt.Sprintf("Generated %s by review %s of cadence %s.", d.instant(d.facts.GeneratedAt), d.facts.Review, d.facts.Cadence)
}

func (block Block) markdown(b *strings.Builder) {
	switch {
	case block.Heading != nil:
		lamp := ""
		if l, ok := lamps[block.Heading.Lamp]; ok {
			lamp = l + " "
		}
		fmt.Fprintf(b, "\n### %s%s\n", lamp, escape(block.Heading.Text))
	case block.Text != "":
		fmt.Fprintf(b, "\n%s\n", escape(block.Text))
	case block.Callout != "":
		fmt.Fprintf(b, "\n**%s**\n", escape(block.Callout))
	case len(block.Items) > 0:
		b.WriteString("\n")
		for _, item := range block.Items {
			fmt.Fprintf(b, "- %s\n", escape(item))
		}
	case block.Table != nil:
		block.Table.markdown(b)
	case block.Code != "":
		fence := fenceFor(block.Code)
		fmt.Fprintf(b, "\n%s\n%s\n%s\n", fence, strings.TrimRight(block.Code, "\n"), fence)
	case len(block.Blanks) > 0:
		b.WriteString("\n")
		for _, blank := range block.Blanks {
			fmt.Fprintf(b, "- %s:\n", blank)
		}
	}
}

// fenceFor a text: longer than any that stands in it.
func fenceFor(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence
}

func (t *Table) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s:\n\n|", escape(t.Caption))
	for _, c := range t.Head {
		fmt.Fprintf(b, " %s |", escape(c.Name))
	}
	b.WriteString("\n|")
	for _, c := range t.Head {
		b.WriteString(map[bool]string{true: " ---: |", false: " --- |"}[c.Number])
	}
	b.WriteString("\n")
	for _, row := range t.Rows {
		b.WriteString("|")
		for _, c := range row {
			fmt.Fprintf(b, " %s |", c.markdown(t.Compact))
		}
		b.WriteString("\n")
	}
}

// markdown of a cell: in a matrix the shape alone stands for the indicator.
func (c Cell) markdown(compact bool) string {
	lamp := lamps[c.Lamp]
	if compact {
		lamp = shapes[c.Lamp]
	}
	return strings.TrimSpace(lamp + " " + escape(c.Text))
}
