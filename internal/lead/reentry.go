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
}

func newReturning(a *Again) *returning {
	if a == nil {
		return nil
	}
	return &returning{Again: *a}
}

// dispose takes the latest disposition since the hand-off and, where another hand-off followed, before that. How many attempts its code
// demands does not matter here: it is what sales found.
func (r *returning) dispose(e Event, codes []Disposition) {
	if r == nil || e.Kind != KindDisposition || e.Disposition == nil || e.Time.Before(r.Since) || !r.Until.IsZero() && !e.Time.Before(r.Until) {
		return
	}
	i := slices.IndexFunc(codes, func(d Disposition) bool {
		return d.Name == e.Disposition.Reason && (e.Disposition.Outcome == "" || e.Disposition.Outcome == d.Outcome)
	})
	switch {
	case i >= 0:
		r.rule, r.at = codes[i].Reentry, e.Time
	case e.Disposition.Outcome != "":
		r.rule, r.at = nil, e.Time
	}
}

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
