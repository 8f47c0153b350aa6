// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"strings"

	"github.com/handoff-sla/handoff/internal/sla"
)

func (d *Document) advice() Section {
	s := Section{ID: "advice", Title: "What the numbers suggest"}
	s.items(d.results.Advice)
	return s
}

// trends of a month show the weeks one by one; those of a quarter too.
func (d *Document) trends() Section {
	s := Section{ID: "trends", Title: "Trends"}
	if len(d.results.Trends) == 0 {
		return s
	}
	var rows [][]Cell
	var charts []*Chart
	for _, t := range d.results.Trends {
		rows = append(rows, cells(named(t.Clause, t.Tier), fmt.Sprintf("%d of %d", t.Missed, t.Judged), t.direction()))
		if c := trendChart(t); c != nil {
			charts = append(charts, c)
		}
	}
	s.table("The weeks of the period against as many before", columns("Commitment", "#Weeks missed", "Direction"), rows)
	s.charts(charts...)
	d.history(&s, 13)
	return s
}

// funnel from MQL to won, of the leads that became MQL in the period.
func (d *Document) funnel() Section {
	s := Section{ID: "funnel", Title: "From MQL to won"}
	c := d.results.Cohort
	if c.MQLs == 0 && len(d.facts.Months) == 0 {
		return s
	}
	s.text(fmt.Sprintf("Leads that became MQL in %s, and what had become of them by %s. Later ones had less time.",
		d.facts.Period.Label(), d.instant(d.facts.GeneratedAt)))
	s.charts(funnelChart(c))
	s.table("Of the MQLs of the period", columns("Step", "#Leads", "#Of the MQLs", "#True share, 95%"), [][]Cell{
		cells("MQL", grouped(c.MQLs), "", ""), step("Accepted (SAL)", c.Accepted, c.MQLs), step("SQL", c.SQLs, c.MQLs),
		step("Opportunity", c.Opportunities, c.MQLs), step("Won", c.Won, c.MQLs), step("Recycled or disqualified", c.Rejected, c.MQLs),
	})
	var months [][]Cell
	for _, m := range d.facts.Months {
		target := "-"
		if m.Target > 0 {
			target = grouped(m.Target)
		}
		months = append(months, cells(m.Month.Label(), grouped(m.Captured), grouped(m.MQLs), target, rateOf(m.Accepted, m.MQLs).short(),
			rateOf(m.SQLs, m.MQLs).short(), rateOf(m.Opportunities, m.MQLs).short(), grouped(m.Won)))
	}
	s.table("By the month in which leads became MQL",
		columns("Month", "#Captured", "#MQLs", "#Target", "#SAL", "#SQL", "#Opportunity", "#Won"), months)
	return s
}

func step(name string, n, of int64) []Cell {
	r := rateOf(n, of)
	return cells(name, grouped(n), r.short(), r.between())
}

// projected pipeline of what was delivered.
func (d *Document) projected() Section {
	s := Section{ID: "projected", Title: "Pipeline projected from what was delivered"}
	p := d.results.Projection
	if p == nil {
		return s
	}
	s.callout(fmt.Sprintf("%s are worth %s%s of pipeline and %s%s of bookings at the agreed rates.", several(p.MQLs, "MQL"),
		grouped(p.Pipeline), d.currency(), grouped(p.Bookings), d.currency()))
	s.text(p.Formula + ".")
	if deals := d.facts.Deals; deals != nil {
		s.text(fmt.Sprintf("So far: %s open (%s%s), %s won (%s%s), %s lost.", several(deals.Open, "opportunity"), grouped(deals.OpenValue), d.currency(),
			grouped(deals.Won), grouped(deals.WonValue), d.currency(), grouped(deals.Lost)))
	}
	return s
}

// currency of amounts, with a space before it.
func (d *Document) currency() string {
	if d.facts.Deals == nil || d.facts.Deals.Currency == "" {
		return ""
	}
	return " " + d.facts.Deals.Currency
}

// segments of the MQLs by rep, source, path and intent.
func (d *Document) segments() Section {
	s := Section{ID: "segments", Title: "By rep and by source"}
	names := []struct{ by, title string }{{"rep", "Rep"}, {"source", "Source"}, {"path", "Path to MQL"}, {"intent", "Intent"}}
	for _, n := range names {
		var rows [][]Cell
		for _, g := range d.facts.Segments {
			if g.By == n.by {
				rows = append(rows, cells(orNone(g.Key), grouped(g.MQLs), rateOf(g.Accepted, g.MQLs).short(), rateOf(g.Rejected, g.MQLs).short(),
					rateOf(g.SQLs, g.MQLs).short(), rateOf(g.Opportunities, g.MQLs).short(), grouped(g.Won)))
			}
		}
		s.table("MQLs of the period by "+strings.ToLower(n.title),
			columns(n.title, "#MQLs", "#Accepted", "#Rejected", "#SQL", "#Opportunity", "#Won"), rows)
	}
	if len(s.Blocks) > 0 {
		s.text("Few leads make wide swings: a difference between two lines is a question to ask, not a ranking.")
	}
	return s
}

func (d *Document) questions() Section {
	s := Section{ID: "questions", Title: "The six questions"}
	for i, q := range d.results.Questions {
		s.heading(fmt.Sprintf("%d. %s", i+1, q.Question))
		s.text(q.Answer)
		s.items(q.Patterns)
	}
	return s
}

func (d *Document) calibration() Section {
	s := Section{ID: "calibration", Title: "Did the score predict conversion?"}
	if len(d.results.Calibration) == 0 {
		return s
	}
	var rows [][]Cell
	for _, b := range d.results.Calibration {
		rows = append(rows, cells(fmt.Sprintf("%d to %d", b.From, b.To), grouped(b.Opportunities.Of), grouped(b.Opportunities.Count),
			b.Opportunities.short(), b.Opportunities.between(), grouped(b.Won)))
	}
	s.charts(calibrationChart(d.results.Calibration, d.results.Cohort))
	s.table("MQLs by score when they qualified", columns("Score", "#MQLs", "#Opportunities", "#Share", "#True share, 95%", "#Won"), rows)
	return s
}

func (d *Document) sweeps() Section {
	s := Section{ID: "thresholds", Title: "Tighten or loosen?"}
	for _, w := range d.results.Sweeps {
		s.heading("Path " + w.Path + ", threshold " + grouped(w.Now))
		if w.Reason != "" {
			s.text(w.Advice + ". " + w.Reason)
		}
		s.charts(sweepChart(w))
		var rows [][]Cell
		for _, t := range w.Steps {
			score := grouped(t.Score)
			if t.Score == w.Now {
				score += " (now)"
			}
			more := "-"
			if t.Score < w.Now {
				more = "up to " + grouped(t.Near)
			}
			rows = append(rows, cells(score, grouped(t.MQLs), more, grouped(t.Accepted), grouped(t.Opportunities), t.Precision.short(),
				grouped(t.LostOpportunities)))
		}
		s.table("What other thresholds would have given",
			columns("Threshold", "#MQLs", "#More leads", "#Accepted", "#Opportunities", "#Precision", "#Opportunities lost"), rows)
	}
	if len(s.Blocks) > 0 {
		s.text("Precision is opportunities of the MQLs. Of leads below the threshold in force nobody knows what would have become of them: " +
			"they are counted, not judged.")
	}
	return s
}

// realistic is the funnel worked out anew from what happened.
func (d *Document) realistic() Section {
	s := Section{ID: "target", Title: "The volume target, from what happened"}
	r := d.results.Recomputed
	if r == nil {
		return s
	}
	names := map[string]string{
		"averageDealSize": "Average deal size", "closeRatePercent": "Close rate, %", "mqlToOpportunityPercent": "MQL to opportunity, %",
	}
	var rows [][]Cell
	for _, x := range r.Steps {
		happened := x.Happened
		if happened == "" {
			happened = "nothing yet"
		} else if low, high := x.Sample.bounds(); x.Name != "averageDealSize" {
			happened = fmt.Sprintf("%s (%.0f to %.0f)", happened, low, high)
		}
		used := x.Used
		if x.Reason != "" {
			used += " (as agreed: " + x.Reason + ")"
		}
		rows = append(rows, cells(names[x.Name], money(x.Agreed), money(happened), money(used)))
	}
	s.table(fmt.Sprintf("Funnel for bookings of %s%s a month", grouped(r.Bookings), d.currency()),
		columns("Assumption", "#Agreed", "#Happened (95%)", "#Used"), rows)
	if r.Proposed == 0 {
		s.text("The rates give no target that could be agreed.")
		return s
	}
	s.callout(fmt.Sprintf("For the same bookings the next quarter takes %s a month; %s were agreed.", several(r.Proposed, "MQL"), grouped(r.Agreed)))
	s.text(r.Formula + ".")
	if r.Low > 0 && r.High > 0 && r.Low != r.High {
		s.text(fmt.Sprintf("With the rates at the ends of their intervals it would be %s to %s: a wide range asks for caution, and for more data.",
			grouped(r.Low), grouped(r.High)))
	}
	return s
}

// money has a comma between the thousands, where a text is a whole number.
func money(text string) string {
	if n := whole(text); n >= 1000 {
		return grouped(n)
	}
	return text
}

func (d *Document) proposal() Section {
	s := Section{ID: "proposal", Title: "Proposal for the next quarter"}
	p := d.facts.Proposal
	if p == nil || p.Manifests == "" {
		return s
	}
	s.text("A text to start from, not a decision. Nothing changes until both parties have signed it; until then what is in force stays in force.")
	s.items(p.Changes)
	if p.Command != "" {
		s.text("Save the manifests below, check them with kubectl sla lint, let both parties sign them, and then:")
		s.Blocks = append(s.Blocks, Block{Code: p.Command})
	}
	s.Blocks = append(s.Blocks, Block{Code: p.Manifests})
	return s
}

// governance: were reviews held, and is the ratification current?
func (d *Document) governance() Section {
	s := Section{ID: "governance", Title: "Governance"}
	if r := d.facts.Ratification; r.Currency != "" {
		text := fmt.Sprintf("Ratification: %s.", strings.ToLower(r.Currency))
		if !r.Signed.IsZero() {
			text += " Both parties last signed on " + d.day(r.Signed) + "."
		}
		if !r.Due.IsZero() {
			text += fmt.Sprintf(" To be signed again for %s by %s; the same text may be signed.", r.Quarter, d.day(r.Due))
		}
		s.text(text)
	}
	var highest []string
	for _, x := range d.facts.Steps {
		if x.Level == 3 {
			highest = append(highest, lowerFirst(named(sla.Clause(x.Clause), "")))
		}
	}
	if len(highest) > 0 {
		s.text(fmt.Sprintf("Escalations that reached level 3 in the period: %d (%s).", len(highest), strings.Join(highest, ", ")))
	} else {
		s.text("No escalation reached level 3 in the period.")
	}
	var rows [][]Cell
	for _, r := range d.facts.Reviews {
		held := "no record"
		switch {
		case r.Held != "":
			held = r.Held
		case r.Due.After(d.facts.GeneratedAt):
			held = "not due yet"
		}
		rows = append(rows, cells(r.Name, string(r.Period), d.day(r.Due), held, strings.Join(r.By, ", ")))
	}
	s.table("Reviews", columns("Review", "Period", "To be held by", "Held", "By"), rows)
	return s
}
