// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Shortfall is a clause (and tier) that fell short in the period: its numbers, and what they say about why.
type Shortfall struct {
	Clause    sla.Clause    `json:"clause"`
	Tier      string        `json:"tier,omitempty"`
	Party     sla.Party     `json:"party"`
	Indicator sla.Indicator `json:"indicator"`
	Severe    bool          `json:"severe"`
	Actual    string        `json:"actual"`
	Target    string        `json:"target"`
	Weeks     int64         `json:"missedWeeks"`
	Likely    string        `json:"likelyCause,omitempty"` // Resource, Process, Data or People; empty: the numbers point to none
	Questions []Diagnosis   `json:"questions"`             // always the four, in that order
	Worst     []LateLead    `json:"worst"`                 // at most ten
	More      int64         `json:"more"`                  // leads that fell short and are not among the worst
	Reps      []Group       `json:"byRep"`
	Sources   []Group       `json:"bySource"`
	Plans     []string      `json:"openPlans"` // names
}

// Diagnosis is one of the four questions, and what the numbers say to it.
type Diagnosis struct {
	Cause    string   `json:"cause"`
	Question string   `json:"question"`
	Findings []string `json:"findings"`
}

// Group are the leads of one rep or source that a clause judged.
type Group struct {
	Key    string `json:"key"`
	Missed Rate   `json:"missed"`
}

// worstShown is the number of leads listed for each miss: enough to find a pattern, few enough to talk about each.
const worstShown = 10

// leastForCause is the number of leads that fell short from which the numbers are asked for a cause.
const leastForCause = 3

// questions of a diagnosis, in the order in which they are asked.
var questions = []Diagnosis{
	{Cause: "Resource", Question: "Were there enough people and hours for the leads that came?"},
	{Cause: "Process", Question: "Did the way of a lead from one step to the next hold it up?"},
	{Cause: "Data", Question: "Was something about the lead missing, wrong, or written down too late?"},
	{Cause: "People", Question: "Would training, coaching or a different mix of leads help someone?"},
}

// finding is something that the numbers say, and how many of the leads that fell short it explains.
type finding struct {
	cause    string
	text     string
	explains int64
	likely   bool
}

// shortfalls are the rows that are missed or behind, in their order.
func (f *Facts) shortfalls(rows []Row) []Shortfall {
	all := []Shortfall{}
	for _, row := range rows {
		if row.Verdict == sla.VerdictMissed || row.Verdict == sla.VerdictAtRisk {
			all = append(all, f.shortfall(row))
		}
	}
	return all
}

func (f *Facts) shortfall(row Row) Shortfall {
	s := Shortfall{
		Clause: row.Clause, Tier: row.Tier, Party: row.Party, Indicator: row.Indicator, Severe: row.Severe, Actual: row.Actual, Target: row.Target,
		Weeks: row.MissedWeeks, Worst: []LateLead{}, Plans: []string{},
	}
	for _, p := range f.Plans {
		if p.Clause == row.Clause && p.Done == "" {
			s.Plans = append(s.Plans, p.Name)
		}
	}
	m := f.missOf(row.Clause, row.Tier)
	s.Worst = append(s.Worst, m.Worst[:min(worstShown, len(m.Worst))]...)
	s.More = max(0, m.Missed-int64(len(s.Worst)))
	s.Reps, s.Sources = groups(m.Reps), groups(m.Sources)
	found := slices.Concat(circumstances(m), f.ofClause(row), concentrations(m))
	s.Likely = likely(found)
	for _, q := range questions {
		q.Findings = []string{}
		for _, x := range found {
			if x.cause == q.Cause {
				q.Findings = append(q.Findings, x.text)
			}
		}
		s.Questions = append(s.Questions, q)
	}
	return s
}

// missOf is what is known of a clause's misses, sorted; none when nothing is.
func (f *Facts) missOf(clause sla.Clause, tier string) Miss {
	for _, m := range f.Misses {
		if m.Clause == clause && m.Tier == tier {
			return m
		}
	}
	return Miss{Clause: clause, Tier: tier}
}

// groups are shares with the most misses first.
func groups(shares []Share) []Group {
	all := []Group{}
	for _, s := range shares {
		all = append(all, Group{Key: s.Key, Missed: rateOf(s.Missed, s.Met+s.Missed)})
	}
	slices.SortStableFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Missed.Count, a.Missed.Count), cmp.Compare(a.Missed.Of, b.Missed.Of), cmp.Compare(a.Key, b.Key))
	})
	return all
}

// circumstances are what the leads that fell short have in common.
func circumstances(m Miss) []finding {
	var found []finding
	add := func(cause string, n int64, text string) {
		if n > 0 {
			found = append(found, finding{
				cause: cause, text: fmt.Sprintf("For %s of %s, %s.", grouped(n), several(m.Missed, "lead"), text), explains: n,
				likely: m.Missed >= leastForCause && 2*n >= m.Missed,
			})
		}
	}
	add("Resource", m.NobodyAvailable, "no rep was available when the clock began")
	add("Process", m.OutsideHours, "the clock began outside business hours")
	add("Process", m.Reassigned, "the lead changed owner")
	add("Data", m.LoggedLate, "a touch was logged more than 24 hours after it was made, and so did not count")
	for _, t := range m.MissingFields {
		add("Data", t.Leads, "the field "+t.Key+" was empty")
	}
	return found
}

// concentrations say that most of the misses were with one rep or from one source, and far more than its part of the leads.
func concentrations(m Miss) []finding {
	cause := "Process"
	switch m.Clause {
	case sla.ClauseCompleteness, sla.ClauseScore, sla.ClauseFeedback, sla.ClauseRejection:
		cause = "Data"
	default:
	}
	var found []finding
	if g, all, ok := concentrated(m.Sources); ok {
		found = append(found, finding{
			cause: cause, explains: g.Missed.Count, likely: true,
			text: fmt.Sprintf("%s of %s came from %s, the source of %s of all %s.", grouped(g.Missed.Count), grouped(all.Count), orNone(g.Key),
				grouped(g.Missed.Of), several(all.Of, "lead")),
		})
	}
	switch g, all, ok := concentrated(m.Reps); {
	case ok && g.Key == "":
		found = append(found, finding{
			cause: "Resource", explains: g.Missed.Count, likely: true,
			text: fmt.Sprintf("%s of %s had no owner.", grouped(g.Missed.Count), several(all.Count, "lead")),
		})
	case ok:
		found = append(found, finding{
			cause: "People", explains: g.Missed.Count, likely: true,
			text: fmt.Sprintf("%s of %s were with %s, who had %s of all %s. What would help there?", grouped(g.Missed.Count), grouped(all.Count),
				g.Key, grouped(g.Missed.Of), several(all.Of, "lead")),
		})
	}
	return found
}

// concentrated is the group with at least half of the misses and one and a half times its part of the leads.
func concentrated(shares []Share) (Group, Rate, bool) {
	var missed, of int64
	for _, s := range shares {
		missed += s.Missed
		of += s.Met + s.Missed
	}
	all := groups(shares)
	if len(all) < 2 || missed < leastForCause {
		return Group{}, Rate{}, false
	}
	top := all[0]
	ok := 2*top.Missed.Count >= missed && 2*top.Missed.Count*of >= 3*missed*top.Missed.Of
	return top, rateOf(missed, of), ok
}

// ofClause are findings that one clause alone knows.
func (f *Facts) ofClause(row Row) []finding {
	switch row.Clause {
	case sla.ClauseVolume:
		if n := f.Flow.Held; n > 0 {
			short := row.Total - row.Met
			return []finding{{
				cause: "Data", text: fmt.Sprintf("%s reached a path and wait for a required field.", several(n, "lead")), explains: n,
				likely: short > 0 && 2*n >= short,
			}}
		}
	case sla.ClauseReviewsHeld:
		var found []finding
		for _, r := range f.Reviews {
			if r.Held == "" && !r.Due.After(f.GeneratedAt) {
				text := fmt.Sprintf("No record says that review %s of %s was held.", r.Name, r.Period)
				found = append(found, finding{cause: "Process", text: text, explains: 1})
			}
		}
		return found
	default:
	}
	return nil
}

// likely is the cause that explains most of what fell short, of those that explain enough; the first asked wins a tie.
func likely(found []finding) string {
	best := finding{}
	for _, x := range found {
		if x.likely && x.explains > best.explains {
			best = x
		}
	}
	return best.cause
}
