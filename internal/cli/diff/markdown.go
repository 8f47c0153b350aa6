// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"fmt"
	"io"
	"strings"
)

// Marker is a comment that nobody sees: a pipeline finds its own comment of a pull request by it, to write it anew.
const Marker = "<!-- kubectl sla diff -->"

// Markdown writes the report for a comment of a pull request. Whatever came from a manifest stands in code: it can neither
// mention people nor change the page.
func (r Report) Markdown(w io.Writer) {
	fmt.Fprintf(w, "%s\n## What changes in the agreement\n\n%s\n\n", Marker, sentence(r.Summary()))
	for _, o := range r.Objects {
		if len(o.Voided) > 0 {
			fmt.Fprintf(w, "> **Voids signatures**: %s must be signed again by %s (%s → %s).\n>\n", o.code(), signersCode(o.Voided),
				code(short(o.OldDigest)), code(short(o.NewDigest)))
		}
	}
	for _, o := range r.Objects {
		o.markdown(w)
	}
}

func (o *Object) code() string {
	name := o.Name
	if o.Namespace != "" {
		name = o.Namespace + "/" + o.Name
	}
	return o.Kind + " " + code(name)
}

func (o *Object) markdown(w io.Writer) {
	fmt.Fprintf(w, "\n### %s", o.code())
	if o.State != Changed {
		fmt.Fprintf(w, ": %s", o.State)
	}
	if o.Against != "" {
		fmt.Fprintf(w, ", against %s", o.Against)
	}
	fmt.Fprint(w, "\n\n")
	if o.Problem != "" {
		fmt.Fprintf(w, "**The operator would refuse it, nobody can sign it**: %s\n\n", code(o.Problem))
	}
	if len(o.Signed) > 0 && o.OldDigest != o.NewDigest {
		fmt.Fprintf(w, "Signed by %s: %s.\n\n", signersCode(o.Signed), code(short(o.NewDigest)))
	}
	for _, line := range o.Renewed {
		fmt.Fprintf(w, "%s\n\n", code(line))
	}
	table(w, "", o.Part(true))
	table(w, "Needs no signature:", o.Part(false))
	if len(o.Missing) > 0 {
		fmt.Fprintf(w, "Takes effect when %s signed:\n\n%s\n", have("**"+strings.Join(o.Missing, "** and **")+"**", len(o.Missing)),
			fence(strings.Join(o.Commands, "\n")))
	}
}

func table(w io.Writer, title string, changes []Change) {
	if len(changes) == 0 {
		return
	}
	if title != "" {
		fmt.Fprintf(w, "%s\n\n", title)
	}
	fmt.Fprint(w, "| what | before | after | effect |\n|---|---|---|---|\n")
	for _, c := range changes {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", c.about(), cell(c.Old, c.Unit, c.Kind == Added), cell(c.New, c.Unit, c.Kind == Removed), c.verdictMarkdown())
	}
	fmt.Fprintln(w)
}

func (c Change) about() string {
	parts := make([]string, len(c.Subject))
	for i, p := range c.Subject {
		parts[i] = p.Noun
		if p.Name != "" {
			parts[i] = strings.TrimSpace(p.Noun + " " + code(p.Name))
		}
	}
	about := strings.Join(parts, ", ")
	if c.What == "" || c.Kind == Added || c.Kind == Removed {
		return strings.TrimSpace(about + " " + map[Kind]string{Added: "**added**", Removed: "**removed**"}[c.Kind])
	}
	return strings.TrimPrefix(about+": "+c.What, ": ")
}

func cell(value, unit string, empty bool) string {
	if empty || value == "" {
		return ""
	}
	return strings.TrimSpace(code(value) + " " + unit)
}

func (c Change) verdictMarkdown() string {
	text := c.Verdict()
	if c.Direction == "" {
		return text
	}
	return strings.Replace(text, string(c.Direction), "**"+string(c.Direction)+"**", 1)
}

func signersCode(all []Signature) string {
	parts := make([]string, len(all))
	for i, s := range all {
		parts[i] = s.Party
		if s.By != "" {
			parts[i] += " (" + code(s.By) + ")"
		}
	}
	return strings.Join(parts, " and ")
}

// code is a value as it is, on one line, whatever it holds; a bar would end the cell of a table.
func code(value string) string {
	value = strings.ReplaceAll(oneLine(value), "|", `\|`)
	ticks := "`"
	for strings.Contains(value, ticks) {
		ticks += "`"
	}
	if len(ticks) > 1 || strings.HasPrefix(value, "`") {
		return ticks + " " + value + " " + ticks
	}
	return ticks + value + ticks
}

// fence is a block of code.
func fence(value string) string {
	ticks := "```"
	for strings.Contains(value, ticks) {
		ticks += "`"
	}
	return ticks + "sh\n" + value + "\n" + ticks
}

func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
