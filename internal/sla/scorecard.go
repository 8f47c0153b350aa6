// SPDX-License-Identifier: Apache-2.0

package sla

import "time"

// Count of the leads of one clause, tier, period and revision of the terms.
type Count struct {
	Clause   Clause
	Tier     string
	Period   Period
	Revision string

	Met, Missed, Open, AtRisk, Excused int64 // AtRisk leads are among the Open
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
	VerdictAtRisk           Verdict = "AtRisk"
	VerdictMissed           Verdict = "Missed"
	VerdictInsufficientData Verdict = "InsufficientData"
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
	Open       int64
	AtRisk     int64
	Actual     string // "81% (97 of 120)", "118 of 133 MQLs", "no leads yet"
	Target     string // "90%", "133 MQLs a month"
	EnforcedBy string
}

// Scorecard judges every clause and tier that the terms name, worst first: a weekly clause in the current ISO week once it has the
// minimum sample, else in the newest earlier week that has, else InsufficientData for the current one; volume in the current month,
// by its pace.
func Scorecard(c *Compiled, counts []Count, now time.Time) []Row { panic("pending") }

// ScorecardOf judges one closed period.
func ScorecardOf(c *Compiled, counts []Count, period Period) []Row { panic("pending") }
