// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Reached is the first time a path to MQL held, complete or not.
type Reached struct {
	At      time.Time
	Missing []string // required fields that were missing then
}

// Qualified is the moment a lead became MQL.
type Qualified struct {
	At           time.Time
	Intent       string
	MetThreshold bool // the score was at or above what the path demands
}

// Stamps are what the ledger keeps of one lead beside its events.
type Stamps struct {
	Reached    *Reached   // nil: no path held yet
	Qualified  *Qualified // nil: not handed off
	OwnedAt    time.Time  // when a rep first owned the lead; zero when the ledger knows of none. An earlier assigned event wins
	NoCapacity bool       // no rep was available when the lead qualified
}

// Disposal is one disposition of a lead, with its outcome resolved from the reason code where sales left it out.
type Disposal struct {
	At      time.Time
	Outcome lead.Outcome
	Reason  string
	Coded   bool // the reason is a code of the definition, for this outcome
}

// Facts are what is known of one lead, as far as the clauses need it.
type Facts struct {
	Reached    *Reached
	Qualified  *Qualified
	OwnedAt    time.Time // zero: no owner yet
	NoCapacity bool
	ContactAt  time.Time  // earliest genuine contact; zero: none
	Disposals  []Disposal // by time
}

// FactsOf gathers the facts of one lead from its stamps and its whole history, in any order. codes are the dispositions of the
// definition that the lead is judged by.
func FactsOf(stamps Stamps, codes []lead.Disposition, history []lead.Event) Facts { panic("pending") }
