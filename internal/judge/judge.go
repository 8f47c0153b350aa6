// SPDX-License-Identifier: Apache-2.0

// Package judge says what follows from what was counted: how each closed week was kept, which escalations are open, and what is due of the
// governance. It is pure, and a function of closed periods: judging a year from its counts gives what watching it gave.
package judge

import (
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Input is all that a judgement goes by.
type Input struct {
	Book    map[string]*sla.Compiled // terms by the name of their revision, those in force among them
	InForce string                   // revision by which the open periods are shown
	// Spells say which terms were in force since when, the oldest first: the first one is the go-live. Without any, those in force were so
	// all along, since both texts were first signed.
	Spells []Spell

	Counts        []sla.Count // of weeks, by clause, tier and revision
	Paces         []sla.Pace  // of the open week and the closed ones
	Now           time.Time   // by the ledger's clock
	ClosedThrough sla.Period  // the last closed week

	Reviews      []Review    // those that were due, as DueReviews gives them, and when each was held
	Terms        []time.Time // when both parties had signed a text of the terms, in any order
	Definition   []time.Time // the same of the definition
	Waivers      []Waiver
	Dispute      *Dispute
	Remediations []Remediation
}

// Spell is a time during which terms were in force: from then on, until the next one begins.
type Spell struct {
	From     time.Time
	Revision string
}

// Review of a period that a cadence demands.
type Review struct {
	Name   string
	Period sla.Period // that is reviewed
	Due    time.Time  // to be held at the latest
	Held   time.Time  // by both parties; zero: not held
}

// Waiver takes a clause out of judgement.
type Waiver struct {
	Name     string
	Clause   sla.Clause
	From, To string // first and last day, YYYY-MM-DD in the contract's zone
	Reason   string
	Signed   time.Time // the later of both signatures that count; zero: not both have signed
	Flaws    []string  // in words, why a signature does not count
}

// Dispute is a disagreement about the terms.
type Dispute struct {
	RaisedBy sla.Party
	At       time.Time
	Clause   sla.Clause // empty: the terms as a whole
	Reason   string

	Resolved   time.Time // zero: open
	ResolvedBy string
	Decision   string
}

// Remediation is the plan for a miss.
type Remediation struct {
	Name   string
	Clause sla.Clause
	Cause  string // Resource, Process, Data, People, or empty
	Owner  string
	Plan   string
	Due    string // date
	Done   string // date; empty: open
}

// Week is a closed week as it was judged.
type Week struct {
	Period sla.Period
	Rows   []sla.Row // a row a clause and tier, in the order of the clauses
}

// Verdict on a clause in the week: that of its worst tier. False where the clause was not judged in it.
func (w Week) Verdict(c sla.Clause) (sla.Row, bool) {
	var worst sla.Row
	found := false
	for _, row := range w.Rows {
		if row.Clause != c {
			continue
		}
		redder := rank(row.Verdict) == rank(worst.Verdict) && row.Indicator == sla.Red && worst.Indicator != sla.Red
		if !found || rank(row.Verdict) > rank(worst.Verdict) || redder {
			worst, found = row, true
		}
	}
	return worst, found
}

func rank(v sla.Verdict) int {
	switch v {
	case sla.VerdictMissed:
		return 4
	case sla.VerdictAtRisk:
		return 3
	case sla.VerdictMet:
		return 2
	case sla.VerdictInsufficientData, sla.VerdictUnknown:
		return 1
	default:
		return 0
	}
}

// Escalation of a clause that was missed and is not resolved.
type Escalation struct {
	Clause       sla.Clause // ClauseTerms for a dispute about all of them
	Level        int
	Since        time.Time  // end of the first missed week, or when the dispute was raised
	LevelSince   time.Time  // when it reached its level
	Week         sla.Period // the last missed one
	Owners       []string
	Reason       string    // in words, with the numbers
	Due          time.Time // when it goes up a level unless it is resolved; zero at level 3
	Clears       string
	Remediations []string // names of the open plans for it
}

// ClauseTerms stands for the agreement as a whole in a dispute.
const ClauseTerms sla.Clause = "terms"

// Step is a change of an escalation, so that somebody can be told of each once.
type Step struct {
	Clause sla.Clause
	Level  int // that it reached; 0: it was resolved
	At     time.Time
	Reason string
}

// Judgement of a contract.
type Judgement struct {
	Rows         []sla.Row    // the scorecard, worst first
	Weeks        []Week       // closed, oldest first
	Escalations  []Escalation // the highest level first
	Steps        []Step       // all that the weeks hold, oldest first
	Advice       []string
	Notes        []string // what was left out and why, such as a waiver that only one party signed
	Ratification Ratification
}

// Currency of the ratification.
type Currency string

// The states.
const (
	Current Currency = "Current"
	Due     Currency = "Due"
	Overdue Currency = "Overdue"
	Lapsed  Currency = "Lapsed"
)

// Ratification says whether definition and terms were signed again in time.
type Ratification struct {
	Currency Currency  // empty: nothing was ratified yet
	Signed   time.Time // last
	Quarter  string    // in which both are to sign, such as 2027-Q2
	Due      time.Time // until when; zero while Current
}
