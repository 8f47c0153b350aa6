// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// followedUp is when the lead had been followed up as the clause says: the cadence was complete, or there was a conversation. Zero: not yet.
func (f *Facts) followedUp(clause FollowUp) time.Time {
	return earliest(f.TalkedAt, clause.Complete(f.Attempts))
}

// Complete is when attempts, which are in order of time, were enough, over a long enough time and enough channels; zero while they are not.
func (u FollowUp) Complete(attempts []Attempt) time.Time {
	var channels []string
	for i, a := range attempts {
		if !slices.Contains(channels, a.Channel) {
			channels = append(channels, a.Channel)
		}
		if i+1 >= u.Attempts && len(channels) >= u.Channels && a.At.Sub(attempts[0].At) >= u.MinSpan {
			return a.At
		}
	}
	return time.Time{}
}

// followUp is met when the lead was followed up in time, and missed when it was given back before that without a code that counts, or when the
// time ran out. A lead that went another way before is out of it: sales disposed of it as accepted or gave it back for a reason that it had
// found out, or the lead must not be contacted. An accepted event excuses nothing: it promises the work that is counted here.
func (c *Compiled) followUp(clause FollowUp, f Facts, start, now time.Time) Obligation {
	o := c.wallClock(ClauseFollowUp, start, clause.Within)
	done := f.followedUp(clause)
	undone := func(at time.Time) bool { return done.IsZero() || at.Before(done) }
	excuse := f.BarredAt
	if accepted, ok := f.disposal(func(d Disposal) bool { return d.Outcome == lead.Accepted }); ok {
		excuse = earliest(excuse, accepted.At)
	}
	if first, rejected := f.disposal(func(d Disposal) bool { return rejection(d.Outcome) }); rejected {
		switch contactable := f.BarredAt.IsZero() || first.At.Before(f.BarredAt); {
		case c.Earned(f, first):
			excuse = earliest(excuse, first.At)
		case undone(first.At) && contactable:
			o.State, o.Stop = Missed, first.At
			return o
		}
	}
	if !excuse.IsZero() && undone(excuse) && excuse.Before(o.Due) {
		return o.excused(later(excuse, o.Start))
	}
	return o.stopped(done, now)
}
