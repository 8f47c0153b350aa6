// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Count of the leads of one clause, tier, period and revision of the terms.
type Count struct {
	Clause   Clause
	Tier     string
	Period   Period
	Revision string

	Met, Missed, Open, AtRisk, Excused int64 // AtRisk leads are among the Open

	Contacted int64 // of first contact: those among Met and Missed that were contacted at all
	Times     Times
}

// Times are how long leads waited, in the time that their clause counts; of the leads that were done. Zero where there is none.
type Times struct {
	Leads, Within5m, Within15m int64
	Median, P90                time.Duration
}

// Pace is how many leads had become MQL in a month by the end of a week, or by the end of the month within that week.
type Pace struct {
	Week, Month Period
	MQLs        int64
	Revision    string    // of the terms at the beginning of the month: their target is the month's
	From        time.Time // when the month began for the contract, where it went live within it; else zero
}

// Indicator is the traffic light of a row.
type Indicator string

// The indicators.
const (
	Green  Indicator = "Green"
	Yellow Indicator = "Yellow"
	Red    Indicator = "Red"
	Grey   Indicator = "Grey"
)

// Verdict on a clause in a period. Met and Missed are spelt as the states of an obligation are.
type Verdict string

// The verdicts.
const (
	VerdictMet              Verdict = "Met"
	VerdictAtRisk           Verdict = "AtRisk" // volume below its pace in a month that is not over
	VerdictMissed           Verdict = "Missed"
	VerdictInsufficientData Verdict = "InsufficientData"
	VerdictWaived           Verdict = "Waived"
	VerdictUnknown          Verdict = "Unknown" // what is needed to judge is not known, or contradicts itself
)

// Row is one clause (and tier) judged in one period.
type Row struct {
	Clause     Clause
	Tier       string
	Party      Party
	Period     Period
	Indicator  Indicator
	Verdict    Verdict
	Met        int64
	Total      int64 // met and missed; for volume the target of the month
	Open       int64 // still running
	AtRisk     int64 // of those open, past the warning mark
	Actual     string
	Target     string
	EnforcedBy string

	Enforcement Mode   // empty where nothing is held back
	Review      string // Weekly, Monthly or Quarterly
	Severe      bool   // missed by far
	MissedWeeks int    // closed weeks in a row, this one among them
	Waiver      string // name of the waiver, with VerdictWaived
	Times       Times
	Contacted   int64
}

// Scorecard judges every clause and tier that the terms name, worst first: Red, Yellow, Grey, Green, then in the order of the clauses. A
// weekly clause is judged in the current ISO week once it has the minimum sample, else in the newest earlier week that has, else it has
// InsufficientData for the current week. Volume is judged in the current month, by its pace. Counts of several revisions are
// summed and judged by these terms.
func Scorecard(c *Compiled, counts []Count, now time.Time) []Row {
	loc := c.hours.Location()
	sums := sum(counts)
	var rows []Row
	for _, d := range c.Demands() {
		if d.Clause == ClauseVolume {
			rows = append(rows, c.volumeRow(d, sums, MonthOf(now, loc), now))
			continue
		}
		period := c.judgedWeek(d, sums, WeekOf(now, loc))
		rows = append(rows, c.shareRow(d, sums, period))
	}
	return WorstFirst(rows)
}

// ScorecardOf judges one closed period, worst first. A week has a row for each weekly clause and tier; when the counts also hold the month of
// its last day, volume is judged too, by the pace at the end of the week: the counts should then hold no lead
// that qualified later. A month has the row for volume only. What is neither has no rows.
func ScorecardOf(c *Compiled, counts []Count, period Period) []Row {
	loc := c.hours.Location()
	_, end, err := period.Bounds(loc)
	if err != nil || period.Quarter() {
		return nil
	}
	sums := sum(counts)
	month := MonthOf(end.Add(-1), loc)
	var rows []Row
	for _, d := range c.Demands() {
		switch _, counted := sums[key{d.Clause, d.Tier, month}]; {
		case d.Clause != ClauseVolume && period.Week():
			rows = append(rows, c.shareRow(d, sums, period))
		case d.Clause == ClauseVolume && (counted || !period.Week()):
			rows = append(rows, c.volumeRow(d, sums, month, end))
		}
	}
	return WorstFirst(rows)
}

type key struct {
	clause Clause
	tier   string
	period Period
}

// sum adds up the revisions.
func sum(counts []Count) map[key]Count {
	sums := map[key]Count{}
	for _, n := range counts {
		k := key{n.Clause, n.Tier, n.Period}
		s := sums[k]
		s.Met += n.Met
		s.Missed += n.Missed
		s.Open += n.Open
		s.AtRisk += n.AtRisk
		s.Excused += n.Excused
		sums[k] = s
	}
	return sums
}

// judgedWeek is the newest week up to the current one with the minimum sample, else the current one.
func (c *Compiled) judgedWeek(d Demand, sums map[key]Count, current Period) Period {
	var newest Period
	for k, n := range sums {
		fits := k.clause == d.Clause && k.tier == d.Tier && k.period.Week() && k.period <= current
		if fits && n.Met+n.Missed >= c.MinimumSample() {
			newest = max(newest, k.period)
		}
	}
	return cmp.Or(newest, current)
}

// shareRow judges the share of leads that met a clause in a week.
func (c *Compiled) shareRow(d Demand, sums map[key]Count, period Period) Row {
	n := sums[key{d.Clause, d.Tier, period}]
	row := newRow(d, period, n, n.Met+n.Missed)
	row.Target = fmt.Sprintf("%d%%", d.Target)
	row.Actual = FormatShare(row.Met, row.Total, d.Target)
	if row.Total < c.MinimumSample() {
		row.Verdict, row.Indicator = VerdictInsufficientData, Grey
		return row
	}
	// Whole numbers on both sides: 89.6 % is below a target of 90 %.
	row.judge(100*row.Met >= int64(d.Target)*row.Total, 100*row.Met >= (int64(d.Target)-c.YellowWithin())*row.Total, VerdictMissed)
	return row
}

// volumeRow judges the MQLs of a month against the share of the target that is due at the given instant by business time.
func (c *Compiled) volumeRow(d Demand, sums map[key]Count, month Period, at time.Time) Row {
	row := newRow(d, month, sums[key{d.Clause, d.Tier, month}], int64(d.Target))
	row.Target = fmt.Sprintf("%d MQLs a month", d.Target)
	row.Actual = fmt.Sprintf("%d of %d MQLs", row.Met, row.Total)
	from, to, err := month.Bounds(c.hours.Location())
	if err != nil { // months are made by MonthOf
		row.Verdict, row.Indicator = VerdictInsufficientData, Grey
		return row
	}
	short := VerdictAtRisk
	passed, whole := int64(c.hours.Elapsed(from, at)/time.Second), int64(c.hours.Elapsed(from, to)/time.Second)
	if !at.Before(to) {
		short, passed, whole = VerdictMissed, 1, 1
	}
	// met / target >= passed / whole, in whole numbers.
	due := row.Total * passed
	row.judge(row.Met*whole >= due, 100*row.Met*whole >= (100-c.YellowWithin())*due, short)
	return row
}

func newRow(d Demand, period Period, n Count, total int64) Row {
	return Row{
		Clause: d.Clause, Tier: d.Tier, Party: d.Clause.Party(), Period: period,
		Met: n.Met, Total: total, Open: n.Open, AtRisk: n.AtRisk, EnforcedBy: d.Clause.EnforcedBy(),
	}
}

func (r *Row) judge(met, near bool, short Verdict) {
	switch {
	case met:
		r.Verdict, r.Indicator = VerdictMet, Green
	case near:
		r.Verdict, r.Indicator = short, Yellow
	default:
		r.Verdict, r.Indicator = short, Red
	}
}

// FormatShare is a share in words, such as "81% (97 of 120)". It rounds to the nearest percent, but never up to a target that is not reached, nor up to 100: 89.6 % of a target of 90 %
// reads 89%.
func FormatShare(met, total int64, target int) string {
	if total == 0 {
		return "no leads"
	}
	percent := 100 * met / total
	nearest := (200*met + total) / (2 * total)
	if nearest < 100 && (nearest < int64(target) || percent >= int64(target)) {
		percent = nearest
	}
	return fmt.Sprintf("%d%% (%d of %d)", percent, met, total)
}

// WorstFirst sorts rows: Red, Yellow, Grey, Green. It keeps the order of the clauses within an indicator.
func WorstFirst(rows []Row) []Row {
	rank := map[Indicator]int{Red: 0, Yellow: 1, Grey: 2, Green: 3}
	slices.SortStableFunc(rows, func(a, b Row) int { return rank[a.Indicator] - rank[b.Indicator] })
	return rows
}
