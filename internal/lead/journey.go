// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
	"time"
)

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
	s := newState(p)
	var j Journey
	last := lastJudged(history, from)
	for i, e := range history {
		if !s.apply(e) || e.Time.Before(from) {
			continue
		}
		// Once qualified, only where the lead stands at the end is still asked.
		if j.Qualified == nil || i == last {
			s.judge(&j)
		}
	}
	j.Record = s.values()
	j.Score.Factors = slices.Clone(j.Score.Factors) // they stand in the state's buffer
	return j
}

// lastJudged is the index of the last event that Qualify evaluates; -1 when there is none.
func lastJudged(history []Event, from time.Time) int {
	for i, e := range slices.Backward(history) {
		switch e.Kind {
		case KindCaptured, KindUpdated, KindActivity:
			if !e.Time.Before(from) {
				return i
			}
		default:
		}
	}
	return -1
}

// judge evaluates the definition at the state's time.
func (s *state) judge(j *Journey) {
	j.Score, j.MissingNow = s.score(), nil
	held := s.holding(j.Score.Clamped)
	if held < 0 {
		return
	}
	p, missing := s.program.paths[held], s.missing()
	j.MissingNow = missing
	if j.Reached == nil {
		j.Reached = &Reached{At: s.now, Path: p.name, Missing: missing}
	}
	if j.Qualified == nil && len(missing) == 0 {
		j.Qualified = &Qualified{
			At: s.now, Path: p.name, Threshold: valueOr(p.threshold, 0), Score: j.Score.Clamped, Intent: s.intent(),
			MetThreshold: p.threshold == nil || j.Score.Clamped >= *p.threshold,
		}
	}
}
