// SPDX-License-Identifier: Apache-2.0

package lead

import "time"

// Journey is what a definition makes of a lead's history.
type Journey struct {
	Record     map[string]any // field name -> string, []string, int64, float64, bool or time.Time; absent values are not in it
	Score      Score          // at the last evaluated event; zero when none was evaluated
	Reached    *Reached       // the first time a path held, complete or not; nil if never
	Qualified  *Qualified     // the first time a path held and no required field was missing; nil if not (yet)
	MissingNow []string       // required fields missing at the last evaluated event, if a path holds then: the lead is held
}

// Reached is the first time that a path held, whether or not required fields were missing.
type Reached struct {
	At      time.Time
	Path    string
	Missing []string // required fields that were missing, in the definition's order
}

// Qualified is the moment at which a lead became MQL.
type Qualified struct {
	At           time.Time
	Path         string
	Threshold    int // of the path; 0 when it has none
	Score        int // Clamped, at that time
	Intent       string
	MetThreshold bool // whether the score met the path's threshold; true where the path has none
}

// Qualify folds the history, which is in (Time, Sequence) order, into the record and the occurrences of the signals, and
// evaluates the definition at the time of each captured, updated and activity event that is not before from: what is
// older was judged by the revision in force then.
func (p *Program) Qualify(history []Event, from time.Time) Journey {
	panic("pending")
}
