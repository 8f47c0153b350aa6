// SPDX-License-Identifier: Apache-2.0

package lead

import "time"

// Comeback is how a lead that was handed off stands towards its next hand-off.
type Comeback struct {
	Disposed time.Time // latest disposition since the hand-off; zero while there is none
	Rule     *Reentry  // of that disposition; nil: the lead does not come back
	Signals  []string  // that occurred after the disposition, in the definition's order: without any it does not come back
}

// From is when any path is open to the lead again; zero when none ever is.
func (c Comeback) From() time.Time {
	if c.Rule == nil || c.Rule.NewContact != "" {
		return time.Time{}
	}
	return c.Disposed.Add(c.Rule.After)
}

// Comeback folds the history, which is in (Time, Sequence) order, and says how the lead may come back after a hand-off.
func (p *Program) Comeback(history []Event, since time.Time) Comeback {
	s, r := newState(p), newReturning(&Again{Since: since})
	for _, e := range history {
		r.dispose(e, p.definition.Dispositions)
		s.apply(e)
	}
	c := Comeback{Disposed: r.at, Rule: r.rule}
	if c.Disposed.IsZero() {
		return c
	}
	for i, one := range s.signals.signals {
		if firstAfter(one.times, r.at) < len(one.times) {
			c.Signals = append(c.Signals, p.definition.Signals[i].Name)
		}
	}
	return c
}
