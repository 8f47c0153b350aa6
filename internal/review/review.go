// SPDX-License-Identifier: Apache-2.0

// Package review makes the content of a review: what was promised, what happened, and where a plan is due. It is pure: it
// knows no Kubernetes, SQL, HTTP or clock.
package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Input of a report about one closed period. It carries ids only, no personal data.
type Input struct {
	Contract    string // namespace/name
	Cadence     string // name of the ReviewCadence
	Review      string // name of the review in it
	Owner       string // of the review
	Period      sla.Period
	PeriodLabel string // for people; Period.Label when empty
	Terms       *sla.Compiled
	Rows        []sla.Row // worst first, as sla.ScorecardOf gives them
	Worst       []Late    // leads that missed a clause in the period, in any order; the report shows the worst of each clause
	Leads       Leads
	Disposed    []Disposed // dispositions made in the period, in any order
	Revisions   []Revision // in force during the period, oldest first
	GeneratedAt time.Time
}

// Late is a lead that missed a clause.
type Late struct {
	Clause sla.Clause
	Tier   string
	Lead   string        // its id
	LateBy time.Duration // past the deadline, on the wall clock; 0 where the clause has no clock
	Open   bool          // still not done when the report was made
}

// Leads of the period.
type Leads struct {
	Captured  int64 // entered the ledger in the period
	Qualified int64 // became MQL in the period
	Held      int64 // reached a path in the period and still wait for a required field
}

// Disposed counts dispositions by outcome and reason code.
type Disposed struct {
	Outcome lead.Outcome
	Reason  string // empty: without a code of the definition
	Count   int64
}

// Report on one period.
type Report struct {
	in       Input
	location *time.Location
	misses   []miss
}

// miss is a row below its target, with the leads that show it best.
type miss struct {
	row   sla.Row
	worst []Late
	more  int // leads that missed the clause and are not shown
}

// shown is the number of leads listed for each miss: enough to find a pattern, few enough to talk about each.
const shown = 10

// Build makes the report. The same input gives the same report.
func Build(in Input) Report {
	r := Report{in: in, location: time.UTC}
	if in.Terms != nil {
		r.location = in.Terms.Hours().Location()
	}
	r.in.PeriodLabel = cmp.Or(in.PeriodLabel, in.Period.Label())
	for _, row := range in.Rows {
		if row.Verdict == sla.VerdictMissed || row.Verdict == sla.VerdictAtRisk {
			r.misses = append(r.misses, missOf(row, in.Worst))
		}
	}
	r.in.Disposed = slices.SortedFunc(slices.Values(in.Disposed), func(a, b Disposed) int {
		return cmp.Or(cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return r
}

// exceptions of the calendar and its holidays within the period, by date.
func (r Report) exceptions() []sla.Exception {
	from, to, err := r.in.Period.Bounds(r.location)
	if r.in.Terms == nil || err != nil { // a label that is no period has no days
		return nil
	}
	first, end := from.Format(time.DateOnly), to.Format(time.DateOnly)
	var within []sla.Exception
	for _, e := range r.in.Terms.Terms().Calendar.Days() {
		if e.Date >= first && e.Date < end {
			within = append(within, e)
		}
	}
	slices.SortFunc(within, func(a, b sla.Exception) int { return cmp.Compare(a.Date, b.Date) })
	return within
}

func missOf(row sla.Row, late []Late) miss {
	m := miss{row: row}
	for _, l := range late {
		if l.Clause == row.Clause && l.Tier == row.Tier {
			m.worst = append(m.worst, l)
		}
	}
	slices.SortFunc(m.worst, func(a, b Late) int {
		return cmp.Or(cmp.Compare(b.LateBy, a.LateBy), cmp.Compare(a.Lead, b.Lead))
	})
	if row.Clause != sla.ClauseVolume {
		m.more = int(row.Total - row.Met)
	}
	m.worst = m.worst[:min(shown, len(m.worst))]
	m.more = max(0, m.more-len(m.worst))
	return m
}

// Result in a few words: "8 green, 1 yellow, 1 red". Colours without a row are left out.
func (r Report) Result() string {
	counts := map[sla.Indicator]int{}
	for _, row := range r.in.Rows {
		counts[row.Indicator]++
	}
	var parts []string
	for _, indicator := range []sla.Indicator{sla.Green, sla.Yellow, sla.Red, sla.Grey} {
		if n := counts[indicator]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(string(indicator))))
		}
	}
	if len(parts) == 0 {
		return "nothing to judge"
	}
	return strings.Join(parts, ", ")
}

// Sentence says the result in one sentence, with the numbers of every miss.
func (r Report) Sentence() string {
	var judged, grey int
	for _, row := range r.in.Rows {
		if row.Verdict == sla.VerdictInsufficientData {
			grey++
			continue
		}
		judged++
	}
	var b strings.Builder
	switch {
	case judged == 0:
		return "No commitment had enough leads to be judged."
	case len(r.misses) == 0:
		fmt.Fprintf(&b, "Every one of %s with enough leads was met", commitments(judged))
	default:
		fmt.Fprintf(&b, "%d of %s fell short: ", len(r.misses), commitments(judged))
		for i, m := range r.misses {
			if i > 0 {
				b.WriteString("; ")
			}
			fmt.Fprintf(&b, "%s at %s against %s", lowerFirst(title(m.row)), m.row.Actual, m.row.Target)
		}
	}
	if grey > 0 {
		fmt.Fprintf(&b, " (%d more had too few leads to judge)", grey)
	}
	return b.String() + "."
}

func title(row sla.Row) string { return named(row.Clause, row.Tier) }
