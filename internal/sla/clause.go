// SPDX-License-Identifier: Apache-2.0

package sla

// Clause of the agreement.
type Clause string

// The clauses, in the order in which they are shown.
const (
	ClauseVolume       Clause = "volume"
	ClauseCompleteness Clause = "completeness"
	ClauseScore        Clause = "score"
	ClauseDelivery     Clause = "delivery"
	ClauseFirstContact Clause = "firstContact"
	ClauseDisposition  Clause = "disposition"
	ClauseRejection    Clause = "rejection"
)

// Party that owes the clause.
func (c Clause) Party() Party { panic("pending") }
