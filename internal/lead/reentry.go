// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
	"sort"
	"time"
)

// NewContact says whether an account comes back by somebody else.
type NewContact string

// NewContactRequired keeps the lead itself out.
const NewContactRequired NewContact = "Required"

// Reentry says how a lead that sales recycled may become MQL again.
type Reentry struct {
	After      time.Duration `json:"after,omitempty"`      // since the disposition
	ScoreDelta int           `json:"scoreDelta,omitempty"` // added to the score from then on
	NewContact NewContact    `json:"newContact,omitempty"` // who may come back for the account; this lead when empty
}

// Again says that a lead was handed off before: its history is evaluated for what comes after that.
type Again struct {
	Since time.Time // the hand-off before
	Until time.Time // the hand-off that followed; zero while there is none
}

// returning is a lead that was handed off, on its way back.
type returning struct {
	Again
	rule *Reentry  // of the latest disposition; nil while there is none, and for one after which a lead does not come back
	at   time.Time // of that disposition

	said   []said
	latest int // index in said of the latest rejection; -1 when there is none, or when it was about another hand-off
}

// said is a disposition of the hand-off in question.
type said struct {
	rule *Reentry
	at   time.Time
	void bool // it was overturned
}

func newReturning(a *Again) *returning {
	if a == nil {
		return nil
	}
	return &returning{Again: *a, latest: -1}
}

// dispose takes the latest disposition since the hand-off and, where another hand-off followed, before that. How many attempts its code
// demands does not matter here: it is what sales found. One that is overturned before another hand-off followed is void from then on.
func (r *returning) dispose(e Event, codes []Disposition) {
	switch {
	case r == nil:
		return
	case e.Kind == KindDisposition && e.Disposition != nil:
		r.say(e, codes)
	case e.overturns() && r.latest >= 0 && !r.followed(e):
		r.said[r.latest].void = true
	default:
		return
	}
	r.rule, r.at = nil, time.Time{}
	for _, one := range r.said {
		if !one.void {
			r.rule, r.at = one.rule, one.at
		}
	}
}

// say what a disposition says; one without an outcome says nothing.
func (r *returning) say(e Event, codes []Disposition) {
	outcome, code := e.Disposition.resolve(codes)
	if outcome == "" {
		return
	}
	within := !e.Time.Before(r.Since) && !r.followed(e)
	if outcome.rejects() {
		r.latest = -1
		if within {
			r.latest = len(r.said)
		}
	}
	if within {
		one := said{at: e.Time}
		if code != nil {
			one.rule = code.Reentry
		}
		r.said = append(r.said, one)
	}
}

// followed says whether an event came after the next hand-off.
func (r *returning) followed(e Event) bool { return !r.Until.IsZero() && !e.Time.Before(r.Until) }

// scoreDelta of the lead's re-entry.
func (r *returning) scoreDelta() int {
	if r == nil || r.rule == nil {
		return 0
	}
	return r.rule.ScoreDelta
}

// admits says whether the lead may take a path: always, unless it was handed off before. Then it comes back by a signal that is newer
// than its disposition, once the time is over; before that by a path that asks for no score, if the newer signals alone meet its criteria:
// who raises a hand again is not made to wait.
func (s *state) admits(p path) bool {
	r := s.returning
	switch {
	case r == nil:
		return true
	case r.rule == nil || r.rule.NewContact != "" || !s.signalledAfter(r.at):
		return false
	case !s.now.Before(r.at.Add(r.rule.After)):
		return true
	default:
		return p.threshold == nil && p.account == nil && s.allAfter(r.at, p.criteria)
	}
}

func firstAfter(times []time.Time, at time.Time) int {
	return sort.Search(len(times), func(i int) bool { return times[i].After(at) })
}

func (s *state) signalledAfter(at time.Time) bool {
	return slices.ContainsFunc(s.signals.signals, func(one *signalObject) bool { return firstAfter(one.times, at) < len(one.times) })
}

// allAfter says whether criteria hold with the occurrences of signals after an instant alone.
func (s *state) allAfter(at time.Time, criteria []*expression) bool {
	kept := make([][]time.Time, len(s.signals.signals))
	for i, one := range s.signals.signals {
		kept[i], one.times = one.times, one.times[firstAfter(one.times, at):]
	}
	held := s.all(criteria)
	for i, one := range s.signals.signals {
		one.times = kept[i]
	}
	return held
}

func (c *compiler) reentry(where string, d Disposition) {
	r := d.Reentry
	switch {
	case r == nil:
	case d.Outcome != Recycled:
		c.problem(where, "`reentry` needs the outcome Recycled: a lead with the outcome %s does not come back", d.Outcome)
	case r.After < 0:
		c.problem(where, "reentry.after is negative")
	case r.NewContact != "" && r.NewContact != NewContactRequired:
		c.problem(where, "reentry.newContact %q is unknown; known: Required", r.NewContact)
	case (r.NewContact == "") == (r.After == 0):
		c.problem(where, "reentry: write either `after` or `newContact: Required`")
	case r.NewContact != "" && r.ScoreDelta != 0:
		c.problem(where, "reentry: `scoreDelta` needs `after`: with `newContact` this lead does not come back")
	case r.ScoreDelta != 0 && c.program.definition.Scoring == nil:
		c.problem(where, "reentry.scoreDelta is %d, but the definition has no `scoring`", r.ScoreDelta)
	}
}
