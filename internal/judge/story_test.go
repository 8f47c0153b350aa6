// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// story is a scenario as testdata tells it: see testdata/README.md.
type story struct {
	t           *testing.T
	in          judge.Input
	weeks       []sla.Period
	corrections []correction
}

// correction of a count that arrives once a week is closed.
type correction struct {
	after sla.Period
	count sla.Count
}

var zone = time.UTC

func readStory(t *testing.T, text string) *story {
	t.Helper()
	s := &story{t: t, in: judge.Input{Book: map[string]*sla.Compiled{}}}
	_, text, _ = strings.Cut(text, "\n\n") // the title and what it is about
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		head, tail, found := strings.Cut(line, ": ")
		if !found {
			head, tail, found = strings.Cut(line, "  ")
		}
		if !found {
			t.Fatalf("line %q", line)
		}
		tail = strings.TrimSpace(tail)
		kind, rest, _ := strings.Cut(head, " ")
		switch {
		case kind == "terms":
			s.terms(rest, tail)
		case kind == "waiver":
			s.waiver(rest, tail)
		case kind == "dispute":
			s.dispute(tail)
		case kind == "plan":
			s.in.Remediations = append(s.in.Remediations, judge.Remediation{Name: rest, Clause: sla.Clause(tail)})
		case kind == "review":
			s.review(rest, tail)
		case kind == "signed":
			s.signed(rest, tail)
		case kind == "after":
			week, rows, _ := strings.Cut(tail, "  ")
			for _, row := range items(rows, ", ") {
				s.corrections = append(s.corrections, correction{sla.Period(rest), s.count(sla.Period(week), strings.TrimSpace(row))})
			}
		case strings.Contains(kind, "-W"):
			s.week(sla.Period(kind), strings.TrimSpace(strings.TrimPrefix(line, kind)))
		default:
			t.Fatalf("line %q", line)
		}
	}
	return s
}

func items(text, by string) []string {
	var out []string
	for _, part := range strings.Split(text, by) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// terms NAME from TIME: firstContact 90% High Standard; rejection 100%; volume 100; reviewsHeld; consecutive 3.
func (s *story) terms(head, tail string) {
	name, from, _ := strings.Cut(head, " from ")
	out := officeTerms()
	for _, part := range items(tail, ";") {
		words := strings.Fields(part)
		n := 0
		if len(words) > 1 {
			n, _ = strconv.Atoi(strings.TrimSuffix(words[1], "%"))
		}
		switch words[0] {
		case "firstContact":
			out.Sales.FirstContact = &sla.FirstContact{TargetPercent: n}
			for _, tier := range words[2:] {
				out.Sales.FirstContact.Tiers = append(out.Sales.FirstContact.Tiers, sla.Tier{Intent: tier, Within: time.Hour})
			}
		case "rejection":
			out.Sales.Rejection = &sla.Share{TargetPercent: n}
		case "volume":
			out.Marketing.Volume = &sla.Volume{MQLsPerMonth: n}
		case "reviewsHeld":
			out.Governance.ReviewsHeld = "Required"
		case "definitionRefresh":
			out.Governance.DefinitionRefresh = "Quarterly"
		case "consecutiveMisses":
			out.Escalation.ConsecutiveMisses = n
		case "unresolvedWeeks":
			out.Escalation.UnresolvedWeeks = n
		case "noExecutive":
			out.Parties.Executive = nil
		default:
			s.t.Fatalf("terms %q", part)
		}
	}
	c, err := sla.Compile(out)
	if err != nil {
		s.t.Fatal(err)
	}
	s.in.Book[name] = c
	s.in.InForce = name
	if from != "" {
		s.in.Spells = append(s.in.Spells, judge.Spell{From: s.time(from), Revision: name})
	}
}

// officeTerms are Monday to Friday, 9 to 17 in UTC, with an owner a side.
func officeTerms() sla.Terms {
	return sla.Terms{
		Definition: "leads",
		Parties: sla.Parties{
			Marketing: sla.Contact{Owner: "VP Marketing"}, Sales: sla.Contact{Owner: "VP Sales"}, Executive: &sla.Contact{Owner: "CRO"},
		},
		Calendar: sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{
			Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []sla.Shift{{From: "09:00", To: "17:00"}},
		}}},
		Marketing: &sla.Marketing{}, Sales: &sla.Sales{},
	}
}

// waiver NAME: CLAUSE DATE to DATE, signed TIME | not signed: WHY.
func (s *story) waiver(name, tail string) {
	what, signed, _ := strings.Cut(tail, ", ")
	words := strings.Fields(what)
	w := judge.Waiver{Name: name, Clause: sla.Clause(words[0]), From: words[1], To: words[3]}
	if at, ok := strings.CutPrefix(signed, "signed "); ok {
		w.Signed = s.time(at)
	} else {
		w.Flaws = []string{signed}
	}
	s.in.Waivers = append(s.in.Waivers, w)
}

var disputeForm = regexp.MustCompile(`^(\w+) on (\S+) about (\w+), "([^"]*)"(?:; (\w+) on (\S+), "([^"]*)")?$`)

// dispute: PARTY on TIME about CLAUSE, "REASON"; WHO on TIME, "DECISION".
func (s *story) dispute(tail string) {
	m := disputeForm.FindStringSubmatch(tail)
	if m == nil {
		s.t.Fatalf("dispute %q", tail)
	}
	d := &judge.Dispute{RaisedBy: sla.Party(m[1]), At: s.time(m[2]), Clause: sla.Clause(m[3]), Reason: m[4]}
	if m[3] == "terms" {
		d.Clause = ""
	}
	if m[5] != "" {
		d.ResolvedBy, d.Resolved, d.Decision = m[5], s.time(m[6]), m[7]
	}
	s.in.Dispute = d
}

// review NAME: PERIOD due TIME[, held TIME].
func (s *story) review(name, tail string) {
	what, held, _ := strings.Cut(tail, ", held ")
	period, due, _ := strings.Cut(what, " due ")
	r := judge.Review{Name: name, Period: sla.Period(period), Due: s.time(due)}
	if held != "" {
		r.Held = s.time(held)
	}
	s.in.Reviews = append(s.in.Reviews, r)
}

// signed terms|definition|both: TIME, TIME.
func (s *story) signed(what, tail string) {
	for _, at := range items(tail, ",") {
		if what != "definition" {
			s.in.Terms = append(s.in.Terms, s.time(at))
		}
		if what != "terms" {
			s.in.Definition = append(s.in.Definition, s.time(at))
		}
	}
}

// week WEEK  ROW, ROW.
func (s *story) week(week sla.Period, tail string) {
	s.weeks = append(s.weeks, week)
	for _, item := range items(tail, ",") {
		if item == "nothing" {
			continue
		}
		if m := paceForm.FindStringSubmatch(item); m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64)
			p := sla.Pace{Week: week, Month: sla.Period(m[2]), MQLs: n, Revision: s.first()}
			if m[3] != "" {
				p.From = s.time(m[3])
			}
			s.in.Paces = append(s.in.Paces, p)
			continue
		}
		s.in.Counts = append(s.in.Counts, s.count(week, item))
	}
}

// first terms of the story: those of the months.
func (s *story) first() string {
	if len(s.in.Spells) > 0 {
		return s.in.Spells[0].Revision
	}
	return s.in.InForce
}

var (
	paceForm  = regexp.MustCompile(`^(\d+) MQLs in (\d{4}-\d\d)(?: since (\S+))?$`)
	countForm = regexp.MustCompile(`^(\w+) (\d+)/(\d+)(?: \((\d+) contacted\))?(?: by (\S+))?$`)
)

// count is ROW MET/TOTAL [(N contacted)] [by TERMS]; a row of the first contact is named by its tier.
func (s *story) count(week sla.Period, item string) sla.Count {
	m := countForm.FindStringSubmatch(item)
	if m == nil {
		s.t.Fatalf("%s: row %q", week, item)
	}
	number := func(text string) int64 {
		n, _ := strconv.ParseInt(text, 10, 64)
		return n
	}
	n := sla.Count{Clause: sla.Clause(m[1]), Period: week, Met: number(m[2]), Missed: number(m[3]) - number(m[2]), Revision: m[5]}
	if n.Revision == "" {
		n.Revision = s.in.InForce
	}
	if n.Clause.Party() == "" {
		n.Clause, n.Tier, n.Contacted = sla.ClauseFirstContact, m[1], number(m[3])
		if m[4] != "" {
			n.Contacted = number(m[4])
		}
	}
	return n
}

func (s *story) time(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, strings.TrimSpace(text), zone); err == nil {
			return at
		}
	}
	s.t.Fatalf("time %q", text)
	return time.Time{}
}

// asOf is what is known once a week is closed, at its end: the counts and corrections that had arrived by then.
func (s *story) asOf(week sla.Period) judge.Input {
	in := s.in
	in.ClosedThrough = week
	_, in.Now, _ = week.Bounds(zone)
	in.Counts, in.Paces = nil, nil
	for _, n := range s.in.Counts {
		if n.Period <= week {
			in.Counts = append(in.Counts, n)
		}
	}
	for _, p := range s.in.Paces {
		if p.Week <= week {
			in.Paces = append(in.Paces, p)
		}
	}
	for _, c := range s.corrections {
		if c.after > week {
			continue
		}
		for i, n := range in.Counts {
			if n.Clause == c.count.Clause && n.Tier == c.count.Tier && n.Period == c.count.Period && n.Revision == c.count.Revision {
				in.Counts[i] = c.count
			}
		}
	}
	in.Waivers = slices.Clone(s.in.Waivers)
	for i, w := range in.Waivers {
		if w.Signed.After(in.Now) {
			in.Waivers[i].Signed, in.Waivers[i].Flaws = time.Time{}, []string{"Sales has not signed"}
		}
	}
	for i := range s.in.Spells { // what is in force now
		if spell := s.in.Spells[i]; !spell.From.After(in.Now) {
			in.InForce = spell.Revision
		}
	}
	return in
}

// tell says what followed, week by week as it was seen when each had closed, and how it stands at the end.
func (s *story) tell() string {
	var out strings.Builder
	for _, week := range s.weeks {
		j := judge.Judge(s.asOf(week))
		fmt.Fprintf(&out, "%s  %s\n", week, saw(j))
	}
	j := judge.Judge(s.asOf(s.weeks[len(s.weeks)-1]))
	section(&out, "steps", j.Steps, func(x judge.Step) string {
		return fmt.Sprintf("%s  %s %s: %s", x.At.Format("2006-01-02T15:04"), x.Clause, level(x.Level), x.Reason)
	})
	section(&out, "escalations", j.Escalations, escalation)
	section(&out, "scorecard", j.Rows, scorecardLine)
	section(&out, "advice", j.Advice, func(x string) string { return x })
	section(&out, "notes", j.Notes, func(x string) string { return x })
	if r := j.Ratification; r.Currency != "" && s.in.Terms != nil {
		fmt.Fprintf(&out, "\nratification: %s, signed %s; next in %s", r.Currency, r.Signed.Format(time.DateOnly), r.Quarter)
		if !r.Due.IsZero() {
			fmt.Fprintf(&out, " until %s", r.Due.Format("2006-01-02T15:04"))
		}
		out.WriteString("\n")
	}
	return out.String()
}

func level(n int) string {
	if n == 0 {
		return "resolved"
	}
	return fmt.Sprintf("level %d", n)
}
