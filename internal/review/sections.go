// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

func (d *Document) scorecard() Section {
	s := Section{ID: "scorecard", Title: "Scorecard"}
	if len(d.facts.Scorecard) == 0 {
		s.text("The terms name no commitment that is judged in this period.")
		return s
	}
	var rows, times [][]Cell
	for _, r := range d.facts.Scorecard {
		rows = append(rows, append([]Cell{{Text: named(r.Clause, r.Tier)}, {Lamp: r.Indicator}},
			cells(string(r.Party), r.Actual, r.Target, r.verdict(), run(r.MissedWeeks), open(r))...))
		if t := r.Times; t != nil {
			times = append(times, cells(named(r.Clause, r.Tier), grouped(t.Leads), lasted(t.MedianSeconds), lasted(t.P90Seconds),
				rateOf(t.Within5m, t.Leads).short(), rateOf(t.Within15m, t.Leads).short()))
		}
	}
	s.table("Commitments as judged at the end of the period, those that fell furthest short first",
		columns("Commitment", "Indicator", "Owed by", "Actual", "Target", "Verdict", "Missed in a row", "#Still open"), rows)
	s.text("● Green: at target. ▲ Yellow: just below it. ■ Red: below. ○ Grey: too few leads to judge, or waived.")
	s.table("How long leads waited, of those that were done",
		columns("Commitment", "#Leads", "#Median", "#9 in 10 within", "#Within 5 min", "#Within 15 min"), times)
	return s
}

func (r Row) verdict() string {
	switch {
	case r.Severe:
		return judgedBy(r.Clause, r.Verdict) + ", by far"
	case r.Waiver != "":
		return judgedBy(r.Clause, r.Verdict) + " (" + r.Waiver + ")"
	default:
		return judgedBy(r.Clause, r.Verdict)
	}
}

func run(weeks int64) string {
	if weeks == 0 {
		return "-"
	}
	return several(weeks, "week")
}

func open(r Row) string {
	if r.Open == 0 {
		return "-"
	}
	if r.AtRisk > 0 {
		return fmt.Sprintf("%s, %s at risk", grouped(r.Open), grouped(r.AtRisk))
	}
	return grouped(r.Open)
}

func (d *Document) escalations() Section {
	s := Section{ID: "escalations", Title: "Escalations"}
	var rows, steps [][]Cell
	for _, e := range d.facts.Escalations {
		due := "-"
		if !e.Due.IsZero() {
			due = d.day(e.Due)
		}
		rows = append(rows, cells(named(sla.Clause(e.Clause), ""), fmt.Sprintf("%d", e.Level), d.day(e.Since), d.day(e.LevelSince), strings.Join(e.Owners, ", "),
			e.Reason, due, e.Clears))
	}
	for _, x := range d.facts.Steps {
		level := fmt.Sprintf("level %d", x.Level)
		if x.Level == 0 {
			level = "resolved"
		}
		steps = append(steps, cells(named(sla.Clause(x.Clause), ""), level, d.day(x.At), x.Reason))
	}
	if len(rows) > 0 {
		s.text("Level 1 is for the weekly meeting, level 2 for both owners, level 3 for the executive. The question is how to get back on track together.")
	}
	s.table("Open at the end of the period", columns("Commitment", "#Level", "Open since", "At this level since", "With", "Reason", "Goes up on", "Clears"), rows)
	s.table("Steps within the period", columns("Commitment", "Step", "When", "Reason"), steps)
	return s
}

// misses are what fell short, and the plan.
func (d *Document) misses() Section {
	s := Section{ID: "misses", Title: "What fell short, and the plan"}
	if len(d.results.Shortfalls) == 0 {
		s.text("Nothing that could be judged fell short in this period.")
		return s
	}
	s.diagnosis()
	for _, m := range d.results.Shortfalls {
		d.miss(&s, m)
	}
	return s
}

// persistent are the shortfalls that lasted: missed two weeks in a row, or twice within the period.
func (d *Document) persistent() Section {
	s := Section{ID: "persistent", Title: "What keeps falling short, and the plan"}
	s.diagnosis()
	intro := len(s.Blocks)
	for _, m := range d.results.Shortfalls {
		i := slices.IndexFunc(d.results.Trends, func(t Trend) bool { return t.Clause == m.Clause && t.Tier == m.Tier })
		if m.Clause == sla.ClauseVolume || m.Weeks >= 2 || (i >= 0 && d.results.Trends[i].Missed >= 2) {
			d.miss(&s, m)
		}
	}
	if len(s.Blocks) == intro {
		s.Blocks = nil
		s.text("No commitment fell short in more than one week.")
	}
	return s
}

// diagnosis asks the four questions once for all entries.
func (s *Section) diagnosis() {
	s.text("Each entry is about what happened and what will change. Four questions, to be answered together:")
	var all []string
	for _, q := range questions {
		all = append(all, q.Cause+": "+lowerFirst(q.Question))
	}
	s.items(all)
}

func (d *Document) miss(s *Section, m Shortfall) {
	s.Blocks = append(s.Blocks, Block{Heading: &Heading{Text: named(m.Clause, m.Tier), Lamp: m.Indicator}})
	owed := string(m.Party)
	if m.Party == sla.PartyBoth {
		owed = "both"
	}
	text := fmt.Sprintf("%s, target %s, owed by %s.", m.Actual, m.Target, owed)
	if m.Weeks > 1 {
		text += fmt.Sprintf(" Missed %s in a row.", several(m.Weeks, "week"))
	}
	s.text(text + d.overPeriod(m))
	var rows [][]Cell
	for _, l := range m.Worst {
		rows = append(rows, cells(l.Lead, lateFor(l.LateSeconds), state(l.Open), cmp.Or(l.Rep, "-"), cmp.Or(l.Source, "-")))
	}
	s.table("Leads that show it best", columns("Lead", "#Late by", "Now", "Rep", "Source"), rows)
	if m.More > 0 && len(rows) > 0 {
		s.text(fmt.Sprintf("And %s more.", grouped(m.More)))
	}
	s.table("By rep", columns("Rep", "#Fell short"), groupCells(m.Reps))
	s.table("By source", columns("Source", "#Fell short"), groupCells(m.Sources))
	var found []string
	for _, q := range m.Questions {
		if len(q.Findings) > 0 {
			found = append(found, q.Cause+": "+strings.Join(q.Findings, " "))
		}
	}
	s.items(found)
	switch {
	case m.Likely != "":
		s.callout("Likely cause, to be confirmed together: " + strings.ToLower(m.Likely) + ".")
	case len(found) > 0:
		s.text("Likely cause: the numbers point to no single one.")
	default:
		s.text("Likely cause: the numbers say nothing about it.")
	}
	d.plan(s, m)
}

// overPeriod sums the weeks up where the period has several; rows are of single weeks.
func (d *Document) overPeriod(m Shortfall) string {
	for _, t := range d.results.Trends {
		if d.facts.Kind != Operational && t.Clause == m.Clause && t.Tier == m.Tier && t.Now.Of > 0 {
			return fmt.Sprintf(" Over the period: %s, missed in %d of %s.", t.Now, t.Missed, several(t.Judged, "judged week"))
		}
	}
	return ""
}

// plan shows those that are open, or leaves room for one.
func (d *Document) plan(s *Section, m Shortfall) {
	var plans []string
	for _, p := range d.facts.Plans {
		if p.Clause == m.Clause && p.Done == "" {
			plans = append(plans, "Plan: "+d.planned(p))
		}
	}
	if len(plans) > 0 {
		s.items(plans)
		return
	}
	s.Blocks = append(s.Blocks, Block{Blanks: []string{"Cause", "Plan", "Owner", "Due"}})
}

func (d *Document) planned(p Plan) string {
	text := fmt.Sprintf("%s (%s, due %s", p.Plan, p.Owner, p.Due)
	switch {
	case p.Done != "":
		text += ", done " + p.Done
	case p.Due < d.facts.GeneratedAt.In(d.location).Format(time.DateOnly):
		text += ", past its date"
	}
	return text + ")"
}

func groupCells(all []Group) [][]Cell {
	var rows [][]Cell
	for _, g := range all {
		rows = append(rows, cells(orNone(g.Key), g.Missed.String()))
	}
	return rows
}

func lateFor(seconds int64) string {
	if seconds <= 0 {
		return "not timed"
	}
	return lasted(seconds)
}

func state(open bool) string {
	if open {
		return "still waits"
	}
	return "done"
}

// recent are the last weeks at a glance.
func (d *Document) recent() Section {
	s := Section{ID: "recent", Title: "The last weeks"}
	if len(d.facts.Weeks) > 1 {
		d.history(&s, 6)
	}
	return s
}

// history is a matrix of clauses and weeks, the newest first: it is what a narrow screen shows.
func (d *Document) history(s *Section, weeks int) {
	all := slices.Clone(d.facts.Weeks[max(0, len(d.facts.Weeks)-weeks):])
	slices.Reverse(all)
	head := columns("Commitment")
	year := ""
	for _, w := range all {
		name := weekNumber(w.Period)
		if in, _, _ := strings.Cut(string(w.Period), "-"); in != year {
			year, name = in, string(w.Period)
		}
		head = append(head, Column{Name: name})
	}
	var rows [][]Cell
	for _, t := range d.results.Trends {
		row := cells(named(t.Clause, t.Tier))
		for _, w := range all {
			row = append(row, t.cell(w.Period))
		}
		rows = append(rows, row)
	}
	s.matrix("Indicator and share by week, the newest first", head, rows)
}

func (t *Trend) cell(week sla.Period) Cell {
	c := Cell{Text: "-"}
	for _, p := range t.Points {
		if p.Period == week {
			c = Cell{Lamp: p.Indicator, Text: p.Share.short()}
			if p.Share.Of == 0 {
				c.Text = ""
			}
			if p.Verdict == sla.VerdictWaived {
				c.Text = "waived"
			}
		}
	}
	return c
}
