// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// judgement is what one definition makes of one lead up to its first hand-off, and in each cycle after that.
type judgement struct {
	score   int       // when it became MQL; of a lead that did not, at the end of its history
	peak    int       // the highest score at any event of the lead, whether or not it became MQL and what became of it then
	mql     bool      // a path held and nothing held the lead up
	held    bool      // a path held, but never with all required fields
	at      time.Time // when it became MQL
	reached time.Time // when a path first held
	missing []string  // required fields, when a path first held
	path    string
	intent  string

	again []judgement // cycles of a lead that was recycled and reached a path again
}

// take what the lead's standing says at a time; true when that makes it an MQL.
func (c *judgement) take(s lead.Standing, at time.Time) bool {
	c.score = s.Score.Clamped
	if s.Path == "" {
		return false
	}
	if c.reached.IsZero() {
		c.reached, c.missing = at, s.Missing
		c.path, c.intent = s.Path, s.Intent
	}
	c.held = s.Held || c.held
	if s.Held {
		return false
	}
	c.mql, c.held, c.at, c.path, c.intent = true, false, at, s.Path, s.Intent
	return true
}

// cycles are all hand-offs, in order of time; one at least, which may be none yet.
func (c *judgement) cycles() []judgement {
	if len(c.again) == 0 {
		return []judgement{*c}
	}
	return append([]judgement{*c}, c.again...)
}

// judge evaluates leads under one definition; it serves one goroutine.
type judge struct {
	program *lead.Program
	tracker *lead.Tracker
	others  []*lead.Tracker // of leads that are judged together
	returns bool            // whether leads may come back
}

func newJudge(r Rules) *judge {
	comesBack := func(d lead.Disposition) bool { return d.Reentry != nil }
	return &judge{program: r.Program, tracker: r.Program.NewTracker(), returns: slices.ContainsFunc(r.Definition.Dispositions, comesBack)}
}

// alone judges a course by the lead itself.
func (j *judge) alone(c course) judgement {
	j.tracker.Reset()
	f := follower{tracker: j.tracker, course: c, returns: j.returns}
	for _, e := range c.events {
		if f.tracker.Apply(e) {
			f.stand(e)
		}
	}
	return f.sum
}

// course is what is known of a lead.
type course struct {
	events []lead.Event // in order of time; Sequence is that of the rows
	late   []bool       // by sequence: rows of further files of leads from after its capture. They tell what became of it, closed deals say
}

func (c course) later(e lead.Event) bool { return int(e.Sequence) < len(c.late) && c.late[e.Sequence] }

// follower is one lead on its way through its history.
type follower struct {
	tracker *lead.Tracker
	course  course
	returns bool // whether it may come back
	sum     judgement
	last    lead.Event
	score   int    // at its last event
	account string // that it is counted under
}

// stand takes what the definition says at the lead's last event, as the scorer does when that event is the latest that it knows.
func (f *follower) stand(e lead.Event) {
	cycle := &f.sum
	if n := len(f.sum.again); n > 0 {
		cycle = &f.sum.again[n-1]
	}
	f.enter(cycle, e.Time)
	for cycle.mql && f.tracker.Returns() {
		f.sum.again = append(f.sum.again, judgement{})
		cycle = &f.sum.again[len(f.sum.again)-1]
		f.enter(cycle, e.Time)
	}
	if f.course.later(e) {
		return
	}
	score := f.score
	if len(f.sum.again) > 0 {
		score = f.tracker.Score()
	}
	f.sum.peak = max(f.sum.peak, score)
}

func (f *follower) enter(cycle *judgement, at time.Time) {
	standing := f.tracker.Standing()
	f.score = standing.Score.Clamped
	if !cycle.mql && cycle.take(standing, at) && f.returns {
		f.tracker.HandOff()
	}
}
