// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/handoff-sla/handoff/internal/sla"
)

func (d *Document) feedback() Section {
	s := Section{ID: "feedback", Title: "Feedback from sales"}
	f := d.facts.Feedback
	if f.Due == 0 && len(f.Examples) == 0 && len(f.Categories) == 0 {
		return s
	}
	s.text(fmt.Sprintf("Leads that were rejected or recycled, with structured feedback: %s.", rateOf(f.Given, f.Due)))
	s.table("Patterns: what it is about", columns("Category", "#Leads"), tallies(f.Categories))
	var rated [][]Cell
	for _, r := range f.Ratings {
		meaning := map[string]string{"1": " (worthless)", "5": " (excellent)"}[r.Key]
		rated = append(rated, cells(r.Key+meaning, grouped(r.Leads)))
	}
	s.table("Ratings", columns("Rating", "#Leads"), rated)
	s.table("Where leads rated 1 or 2 came from", columns("Source", "#Leads"), tallies(f.Sources))
	var rows [][]Cell
	for _, e := range f.Examples[:min(worstShown, len(f.Examples))] {
		rating := "-"
		if e.Rating > 0 {
			rating = fmt.Sprintf("%d", e.Rating)
		}
		rows = append(rows, cells(e.Lead, rating, cmp.Or(strings.Join(e.Categories, ", "), "-"), cmp.Or(e.Source, "-"), cmp.Or(e.Reason, "-")))
	}
	s.table("Examples", columns("Lead", "#Rating", "About", "Source", "Reason code"), rows)
	return s
}

func tallies(all []Tally) [][]Cell {
	var rows [][]Cell
	for _, t := range all {
		rows = append(rows, cells(orNone(t.Key), grouped(t.Leads)))
	}
	return rows
}

// leads of a week and what sales said of them.
func (d *Document) leads() Section {
	s := Section{ID: "leads", Title: "Leads and dispositions"}
	d.flow(&s)
	d.outcomes(&s)
	return s
}

func (d *Document) flow(s *Section) {
	f := d.facts.Flow
	s.table("What happened in the period, whenever the lead came in", columns("Step", "#Leads"), [][]Cell{
		cells("Captured", grouped(f.Captured)), cells("Became MQL", grouped(f.MQLs)), cells("Held for a required field", grouped(f.Held)),
		cells("Accepted by sales (SAL)", grouped(f.Accepted)), cells("Recycled", grouped(f.Recycled)), cells("Disqualified", grouped(f.Disqualified)),
		cells("Became SQL", grouped(f.SQLs)), cells("Opportunity opened", grouped(f.Opportunities)), cells("Won", grouped(f.Won)),
		cells("Lost", grouped(f.Lost)),
	})
}

func (d *Document) outcomes(s *Section) {
	var rows [][]Cell
	for _, o := range d.facts.Outcomes {
		rows = append(rows, cells(o.Outcome, cmp.Or(o.Reason, "(no code)"), grouped(o.Leads)))
	}
	s.table("Dispositions by reason code", columns("Outcome", "Reason code", "#Leads"), rows)
}

// dispositions of a month or quarter: accepted, rejected, recycled, contested.
func (d *Document) dispositions() Section {
	s := Section{ID: "dispositions", Title: "Accepted, recycled, disqualified"}
	d.flow(&s)
	d.outcomes(&s)
	c := d.facts.Contests
	if c.Opened+c.Upheld+c.Overturned+c.Open > 0 {
		s.text(fmt.Sprintf("Contested rejections: %s opened, %s upheld, %s overturned, %s without a ruling at the end of the period.",
			grouped(c.Opened), grouped(c.Upheld), grouped(c.Overturned), grouped(c.Open)))
		s.table("Why rejections were contested", columns("Reason", "#Rejections"), tallies(c.Reasons))
	}
	return s
}

// carried are decisions, actions and plans of before.
func (d *Document) carried() Section {
	s := Section{ID: "carried", Title: "Carried forward"}
	var decisions, actions []string
	for _, r := range d.facts.Reviews {
		for _, text := range r.Decisions {
			decisions = append(decisions, fmt.Sprintf("%s, %s: %s", r.Name, r.Period, text))
		}
		for _, a := range r.Actions {
			actions = append(actions, d.action(r, a))
		}
	}
	var plans [][]Cell
	for _, p := range d.facts.Plans {
		done := cmp.Or(p.Done, "open")
		if p.Done == "" && strings.HasSuffix(d.planned(p), "past its date)") {
			done = "open, past its date"
		}
		plans = append(plans, cells(p.Name, named(p.Clause, ""), cmp.Or(p.Cause, "-"), p.Plan, p.Owner, p.Due, done))
	}
	s.table("Plans", columns("Plan", "Commitment", "Cause", "What", "Owner", "Due", "Done"), plans)
	if len(actions) > 0 {
		s.heading("Actions")
		s.items(actions)
	}
	if len(decisions) > 0 {
		s.heading("Decisions of earlier reviews")
		s.items(decisions)
	}
	return s
}

func (d *Document) action(r HeldReview, a Action) string {
	p := d.planned(Plan{Plan: a.What, Owner: a.Owner, Due: cmp.Or(a.Due, "9999-12-31"), Done: a.Done})
	return strings.Replace(p, ", due 9999-12-31", "", 1) + fmt.Sprintf(", from %s of %s", r.Name, r.Period)
}

// exceptions to the usual: waivers, restatements, the judge's notes, other hours.
func (d *Document) exceptions() Section {
	s := Section{ID: "exceptions", Title: "Waivers, corrections and notes"}
	var waivers, changes, days [][]Cell
	for _, w := range d.facts.Waivers {
		signed := "not by both, or too late: without effect"
		if !w.Signed.IsZero() {
			signed = d.day(w.Signed)
		}
		waivers = append(waivers, cells(w.Name, named(w.Clause, ""), w.From+" to "+w.To, w.Reason, signed))
	}
	for _, r := range d.facts.Restatements {
		changes = append(changes, cells(named(r.Clause, r.Tier), string(r.Period), rateOf(r.WasMet, r.WasMet+r.WasMissed).String(),
			rateOf(r.Met, r.Met+r.Missed).String(), d.day(r.At)))
	}
	for _, c := range d.facts.Calendar {
		days = append(days, cells(c.Date, c.Hours, cmp.Or(c.Name, "-")))
	}
	s.table("Waivers: weeks out of judgement by agreement", columns("Waiver", "Commitment", "Days", "Reason", "Signed by both"), waivers)
	s.table("Restatements: closed weeks that count differently since", columns("Commitment", "Week", "Was", "Is", "Since"), changes)
	s.table("Days with other business hours", columns("Date", "Hours", "Name"), days)
	if len(d.facts.Notes) > 0 {
		s.heading("Notes")
		s.items(d.facts.Notes)
	}
	return s
}

// judgedBy names the revisions in force and how each commitment is measured.
func (d *Document) judgedBy() Section {
	s := Section{ID: "judged-by", Title: "Judged by"}
	var revisions, measured [][]Cell
	for _, v := range d.facts.Revisions {
		revisions = append(revisions, cells(v.Terms, v.Definition, d.instant(v.Since)))
	}
	if len(revisions) == 0 {
		s.text("No revision was in force.")
	}
	s.table("Revisions that both parties signed", columns("Terms", "Definition", "In force since"), revisions)
	for _, r := range d.facts.Scorecard {
		measured = append(measured, cells(named(r.Clause, r.Tier), cmp.Or(r.EnforcedBy, "-"), mode(r.Enforcement), cmp.Or(r.Review, "-")))
	}
	s.table("How each commitment is measured", columns("Commitment", "Measured by", "Enforcement", "Review"), measured)
	return s
}

func mode(m sla.Mode) string {
	switch m {
	case sla.Enforce:
		return "enforced"
	case sla.Observe:
		return "observed only"
	default:
		return "-"
	}
}
