// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Markdown is the report for people. Times are in the contract's time zone.
func (r Report) Markdown() string {
	var b strings.Builder
	r.writeHead(&b)
	r.writeScorecard(&b)
	r.writeMisses(&b)
	r.writeLeads(&b)
	r.writeRevisions(&b)
	fmt.Fprintf(&b, "\nGenerated %s by review %s of cadence %s.\n",
		r.instant(r.in.GeneratedAt), escape(r.in.Review), escape(r.in.Cadence))
	return b.String()
}

func (r Report) writeHead(b *strings.Builder) {
	fmt.Fprintf(b, "# Review of %s, %s\n\n", escape(r.in.Contract), escape(r.in.PeriodLabel))
	fmt.Fprintf(b, "**%s.** %s\n\n", r.Result(), escape(r.Sentence()))
	fmt.Fprintf(b, "- Period: %s\n- Review owner: %s\n", escape(string(r.in.Period)), escape(r.in.Owner))
	if r.in.Terms != nil {
		parties := r.in.Terms.Terms().Parties
		fmt.Fprintf(b, "- Marketing: %s\n- Sales: %s\n", party(parties.Marketing), party(parties.Sales))
	}
	r.writeCalendar(b)
}

func party(c sla.Contact) string {
	if c.Contact == "" {
		return escape(c.Owner)
	}
	return fmt.Sprintf("%s (%s)", escape(c.Owner), escape(c.Contact))
}

// writeCalendar lists the days of the period that had other hours than their weekday: they explain its numbers.
func (r Report) writeCalendar(b *strings.Builder) {
	for _, e := range r.exceptions() {
		fmt.Fprintf(b, "- Calendar: %s %s", e.Date, hours(e.Shifts))
		if e.Name != "" {
			fmt.Fprintf(b, " (%s)", escape(e.Name))
		}
		b.WriteString("\n")
	}
}

func hours(shifts []sla.Shift) string {
	if len(shifts) == 0 {
		return "closed"
	}
	var parts []string
	for _, s := range shifts {
		parts = append(parts, s.From+" to "+s.To)
	}
	return "open " + strings.Join(parts, ", ")
}

func (r Report) writeScorecard(b *strings.Builder) {
	b.WriteString("\n## Scorecard\n\n")
	if len(r.in.Rows) == 0 {
		b.WriteString("The terms name no commitment that is judged in this period.\n")
		return
	}
	b.WriteString("| Indicator | Commitment | Owed by | Actual | Target | Verdict | Still open | Measured by |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | ---: | --- |\n")
	for _, row := range r.in.Rows {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %d | %s |\n", lamps[row.Indicator], escape(title(row)), row.Party,
			escape(row.Actual), escape(row.Target), verdict(row.Verdict), row.Open, escape(row.EnforcedBy))
	}
}

func (r Report) writeMisses(b *strings.Builder) {
	b.WriteString("\n## What fell short, and the plan\n")
	if len(r.misses) == 0 {
		b.WriteString("\nNothing that could be judged fell short in this period.\n")
		return
	}
	b.WriteString("\nEach entry is about what happened and what will change. Look for the cause in resources, process, data and skills, together.\n")
	for _, m := range r.misses {
		writeMiss(b, m)
	}
}

func writeMiss(b *strings.Builder, m miss) {
	fmt.Fprintf(b, "\n### %s %s\n\n", lamps[m.row.Indicator], escape(title(m.row)))
	fmt.Fprintf(b, "%s, target %s.", escape(m.row.Actual), escape(m.row.Target))
	if m.row.Clause != sla.ClauseVolume {
		fmt.Fprintf(b, " %d of %d leads missed it; %d more are still open.", m.row.Total-m.row.Met, m.row.Total, m.row.Open)
	}
	b.WriteString("\n")
	if len(m.worst) > 0 {
		b.WriteString("\n| Lead | Late by | Now |\n| --- | ---: | --- |\n")
		for _, l := range m.worst {
			fmt.Fprintf(b, "| %s | %s | %s |\n", escape(l.Lead), lateBy(l.LateBy), now(l.Open))
		}
	}
	if m.more > 0 && len(m.worst) > 0 {
		fmt.Fprintf(b, "\nand %d more.\n", m.more)
	}
	b.WriteString("\nCause:\n\nPlan:\n")
}

func lateBy(d time.Duration) string {
	if d <= 0 {
		return "not timed"
	}
	return sla.FormatWindow(d)
}

func now(open bool) string {
	if open {
		return "waits still"
	}
	return "done"
}

func (r Report) writeLeads(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Leads\n\n| Captured | Became MQL | Held for a missing field |\n| ---: | ---: | ---: |\n| %d | %d | %d |\n",
		r.in.Leads.Captured, r.in.Leads.Qualified, r.in.Leads.Held)
	b.WriteString("\n## Dispositions\n\n")
	if len(r.in.Disposed) == 0 {
		b.WriteString("None in this period.\n")
		return
	}
	b.WriteString("| Outcome | Reason code | Leads |\n| --- | --- | ---: |\n")
	for _, d := range r.in.Disposed {
		reason := escape(d.Reason)
		if reason == "" {
			reason = "(no code)"
		}
		fmt.Fprintf(b, "| %s | %s | %d |\n", escape(string(d.Outcome)), reason, d.Count)
	}
}

func (r Report) writeRevisions(b *strings.Builder) {
	b.WriteString("\n## Judged by\n\n")
	if len(r.in.Revisions) == 0 {
		b.WriteString("No revision was in force.\n")
		return
	}
	b.WriteString("| Terms | Definition | In force since |\n| --- | --- | --- |\n")
	for _, v := range r.in.Revisions {
		fmt.Fprintf(b, "| %s | %s | %s |\n", escape(v.Terms), escape(v.Definition), r.instant(v.Since))
	}
}

func (r Report) instant(t time.Time) string { return t.In(r.location).Format("2006-01-02 15:04 MST") }
