// SPDX-License-Identifier: Apache-2.0

// Package review makes the content of a review: what was promised, what happened, and where a plan is due. It is pure.
package review

import (
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Input of a report about one closed period. It carries ids only, no personal data.
type Input struct {
	Contract    string // namespace/name
	Cadence     string
	Review      string
	Owner       string // of the review
	Period      sla.Period
	PeriodLabel string // empty: Period.Label
	Terms       *sla.Compiled
	Rows        []sla.Row // as sla.ScorecardOf gives them
	Worst       []Late    // leads that missed a clause in the period, in any order; the report shows the worst of each clause
	Leads       Leads
	Disposed    []Disposed // dispositions made in the period
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

// Revision that leads were judged by.
type Revision struct {
	Definition string
	Terms      string
	Since      time.Time
}

// Report on one period.
type Report struct{ in Input }

// Build makes the report. The same input gives the same report.
func Build(in Input) Report { return Report{in: in} }

// Result in a few words: "8 green, 1 yellow, 1 red".
func (r Report) Result() string { panic("pending") }

// Markdown is the report for people.
func (r Report) Markdown() string { panic("pending") }
