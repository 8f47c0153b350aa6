// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"io"
	"strings"
)

// Markdown for a pull request: what changes at a glance, the rest folded away.
func (r *Report) Markdown(out io.Writer) error {
	m := markdown{out: out}
	m.headline(r)
	if r.Against != nil {
		m.flips(r.Flips)
	}
	if r.Volume != nil {
		m.line("%s%s.", strings.ToUpper(r.Volume.sentence()[:1]), r.Volume.sentence()[1:])
		m.line("")
	}
	m.months(r)
	m.bands(r)
	m.parts(r)
	m.terms(r)
	m.input(r)
	return m.err
}

type markdown struct {
	out io.Writer
	err error
}

func (m *markdown) line(format string, args ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.out, format+"\n", args...)
	}
}

// cell keeps a text from ending its cell or its row.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ", "<", "&lt;", "`", "'").Replace(text)
}

func (m *markdown) row(cells ...string) {
	for i, c := range cells {
		cells[i] = cell(c)
	}
	m.line("| %s |", strings.Join(cells, " | "))
}

func (m *markdown) head(first string, others ...string) {
	m.row(append([]string{first}, others...)...)
	m.line("|---%s|", strings.Repeat("|---:", len(others)))
}

func (m *markdown) fold(title string) { m.line("<details><summary>%s</summary>\n", cell(title)) }

func (m *markdown) unfold() { m.line("\n</details>\n") }

func (m *markdown) headline(r *Report) {
	m.line("### Backtest of %s on %s\n", cell(r.Definition), several(r.Leads, "lead"))
	old := r.Against
	if old == nil {
		m.head("", "value")
		m.row("MQLs", fmt.Sprintf("%d (%s of the leads)", r.MQLs, percent(share(r.MQLs, r.Leads))))
	} else {
		m.head("", "now", "before ("+old.Definition+")", "change")
		m.row("MQLs", fmt.Sprint(r.MQLs), fmt.Sprint(old.MQLs), fmt.Sprintf("%+d", r.MQLs-old.MQLs))
	}
	for _, x := range r.counted() {
		m.line("| %s | %d |%s", cell(x.name), x.count, only(old != nil, " | |"))
	}
	if r.Converted != nil {
		for _, row := range r.qualityRows() {
			if old == nil {
				m.row(row.Name, row.Now)
				continue
			}
			m.row(row.Name, row.Now, row.Was, row.Change)
		}
		m.line("\n%d of the leads converted (%s): `%s`.", *r.Converted, percent(r.BaseRate), cell(r.Outcome))
	}
	if r.SQL != nil {
		m.line("\nSQLs: %s.", cell(r.SQL.sentence()))
	}
	m.line("")
}

func (m *markdown) flips(f Flips) {
	m.line("**%s**\n", f.sentence())
	if len(f.GainedExamples)+len(f.LostExamples) == 0 {
		return
	}
	m.fold("examples")
	m.line("| lead | | score | why |\n|---|---|---:|---|")
	for _, list := range []struct {
		title    string
		examples []Example
	}{{"gained", f.GainedExamples}, {"lost", f.LostExamples}} {
		for _, x := range list.examples {
			m.row(x.ID, strings.TrimSuffix(list.title+", "+strings.TrimSuffix(converted(x.Converted), "; "), ", "),
				fmt.Sprintf("%d → %d", x.OldScore, x.Score), strings.Join(x.Why, "; "))
		}
	}
	m.unfold()
}

func (m *markdown) months(r *Report) {
	if len(r.Months) == 0 {
		return
	}
	m.fold("MQLs a month (" + r.Zone + ")")
	titles := []string{"leads", "MQLs", "converted"}
	if r.Against != nil {
		titles = append(titles, "MQLs before")
	}
	m.head("month", titles...)
	for _, month := range r.Months {
		cells := []string{month.Month, fmt.Sprint(month.Leads), fmt.Sprint(month.MQLs), whole(month.Converted)}
		if r.Against != nil {
			cells = append(cells, whole(month.Against))
		}
		m.row(cells...)
	}
	m.unfold()
}

func (m *markdown) bands(r *Report) {
	m.fold("score bands")
	m.head("score", "leads", "converted", "rate", "95 %")
	for _, b := range r.Scores {
		m.row(fmt.Sprintf("%d-%d", b.From, b.To), fmt.Sprint(b.Leads), whole(b.Converted), percent(b.Rate), interval(b.Low, b.High))
	}
	m.unfold()
}

func (m *markdown) parts(r *Report) {
	m.fold("paths, intents, missing fields, reasons")
	m.head("", "MQLs", "converted", "precision")
	for _, p := range r.Paths {
		m.row("path "+p.Name, fmt.Sprint(p.MQLs), whole(p.Converted), percent(p.Precision))
	}
	for _, p := range r.Intents {
		m.row("intent "+p.Name, fmt.Sprint(p.MQLs), whole(p.Converted), percent(p.Precision))
	}
	if len(r.Missing) > 0 {
		m.line("")
		m.head("missing field", "leads held")
	}
	for _, f := range r.Missing {
		m.row(f.Field, fmt.Sprint(f.Leads))
	}
	if len(r.Reasons) > 0 {
		m.line("")
		m.head("reason", "outcome", "leads", "MQLs")
	}
	for _, x := range r.Reasons {
		m.row(orNone(x.Reason)+only(!x.Coded, " (no code of the definition)"), x.Outcome, fmt.Sprint(x.Leads), fmt.Sprint(x.MQLs))
	}
	m.unfold()
}

func (m *markdown) terms(r *Report) {
	if r.Terms == nil {
		return
	}
	m.line("What the terms of %s would have given:\n", cell(r.Terms.Contract))
	m.head("clause", "tier", "within", "met", "share", "target", "window that meets the target")
	for _, c := range r.Terms.Clauses {
		m.row(c.Clause, c.Tier, c.Within, fmt.Sprintf("%d of %d", c.Met, c.Met+c.Missed), percent(c.Share), percent(&c.Target), c.needs())
	}
	m.line("")
}

func (m *markdown) input(r *Report) {
	m.line("%s read, %d left out, %s.", several(r.Rows, "row"), r.Skipped, several(int64(r.Problems.Count), "problem"))
	if r.Problems.Count > 0 {
		m.line("")
		m.fold("problems of the input")
		for i, p := range r.Problems.First {
			if i == shownProblems {
				m.line("- and %d more", r.Problems.Count-i)
				break
			}
			m.line("- %s", cell(p.String()))
		}
		m.unfold()
	}
	for _, note := range r.Notes {
		m.line("\n%s", cell(note))
	}
}
