// SPDX-License-Identifier: Apache-2.0

package sla

import "time"

// State of an obligation.
type State string

// The states.
const (
	Open    State = "Open"
	Met     State = "Met"
	Missed  State = "Missed"
	Excused State = "Excused" // out of the clause: neither met nor missed
)

// Obligation is the standing of one lead under one clause. All times are instants; a zero time means none.
type Obligation struct {
	Clause Clause
	Tier   string    // the intent, for firstContact
	Start  time.Time // when the clock started, or the event that the clause is about
	Due    time.Time // last instant at which the clause can still be met; zero when it has no clock
	Warn   time.Time // from here an open clock is at risk; zero when it has no clock
	Stop   time.Time // what met, missed or excused it; zero while nothing did
	State  State
	Period Period // clocked: the ISO week of Due; volume: the month; others: the ISO week of their event
}

// AtRisk says whether the obligation is open and past its warning mark.
func (o Obligation) AtRisk(now time.Time) bool { panic("pending") }

// LateBy is how far past its deadline a missed obligation is or was stopped, on the wall clock; 0 unless it is missed and has a clock.
func (o Obligation) LateBy(now time.Time) time.Duration { panic("pending") }

// Obligations are the standing of one lead under every clause that the terms name and that applies to it yet, in the order of the
// clauses.
func Obligations(c *Compiled, f Facts, now time.Time) []Obligation { panic("pending") }
