// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// judgement is what one definition makes of one lead.
type judgement struct {
	score   int       // when it became MQL; of a lead that did not, at the end of its history
	mql     bool      // a path held and no required field was missing
	held    bool      // a path held, but never with all required fields
	at      time.Time // when it became MQL
	reached time.Time // when a path first held
	missing []string  // required fields, when a path first held
	path    string
	intent  string
}

// judge evaluates leads under one definition; it serves one goroutine.
type judge struct {
	tracker *lead.Tracker
}

func newJudge(r Rules) judge { return judge{tracker: r.Program.NewTracker()} }

// standing takes what the tracker says now into the judgement; false when nothing later can change it.
func (j judge) standing(at time.Time, sum *judgement) bool {
	s := j.tracker.Standing()
	sum.score = s.Score.Clamped
	if s.Path == "" {
		return true
	}
	if sum.reached.IsZero() {
		sum.reached, sum.missing = at, s.Missing
		sum.path, sum.intent = s.Path, s.Intent
	}
	sum.held = len(s.Missing) > 0
	if sum.held {
		return true
	}
	sum.mql, sum.at, sum.path, sum.intent = true, at, s.Path, s.Intent
	return false
}

// follow judges a history in order of time.
func (j judge) follow(history []lead.Event) judgement {
	j.tracker.Reset()
	var sum judgement
	held := false
	for _, e := range history {
		if j.tracker.Apply(e) {
			more := j.standing(e.Time, &sum)
			held = held || sum.held
			if !more {
				break
			}
		}
	}
	sum.held = held && !sum.mql
	return sum
}
