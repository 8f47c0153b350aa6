// SPDX-License-Identifier: Apache-2.0

package sla

import (
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
