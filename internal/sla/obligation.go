// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

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
	Tier   string    // the intent whose window it is, for firstContact
	Start  time.Time // when the clock started, or the event that the clause is about
	Due    time.Time // last instant at which the clause can still be met; zero when it has no clock
	Warn   time.Time // from here an open clock is at risk; zero when it has no clock
	Stop   time.Time // what met, missed or excused it; zero while nothing did
	State  State
	Period Period // clocked: the ISO week of Due; volume: the month; others, and feedback: the ISO week of their event
}

// AtRisk says whether the obligation is open and at or past its warning mark.
func (o Obligation) AtRisk(now time.Time) bool {
	return o.State == Open && !o.Warn.IsZero() && !now.Before(o.Warn)
}

// LateBy is how far past its deadline a missed obligation was stopped, or is now, on the wall clock; 0 unless it is missed and has a clock.
func (o Obligation) LateBy(now time.Time) time.Duration {
	if o.State != Missed || o.Due.IsZero() {
		return 0
	}
	if !o.Stop.IsZero() {
		now = o.Stop
	}
	return max(0, now.Sub(o.Due))
}

// Obligations are the standing of one lead under every clause that the terms name and that applies to it yet, in the order of the
// clauses. An open clock past its deadline is missed. An MQL counts for volume even where the terms have no such clause: those that
// bring it in later judge the whole month. It counts once, however often it is handed off. A lead from before the contract took effect owes
// nothing to anybody.
func Obligations(c *Compiled, f Facts, now time.Time) []Obligation {
	if f.Before {
		return nil
	}
	return c.salesObligations(c.marketingObligations(nil, f, now), f, now)
}

func (c *Compiled) marketingObligations(all []Obligation, f Facts, now time.Time) []Obligation {
	m := c.marketing()
	if q := f.Qualified; q != nil && !f.Again {
		all = append(all, Obligation{Clause: ClauseVolume, Start: q.At, Stop: q.At, State: Met, Period: MonthOf(q.At, c.hours.Location())})
	}
	if r := f.Reached; r != nil && m.Completeness != nil {
		all = append(all, c.moment(ClauseCompleteness, r.At, len(r.Missing) == 0))
	}
	if q := f.Qualified; q != nil && m.Score != nil {
		all = append(all, c.moment(ClauseScore, q.At, q.MetThreshold))
	}
	if q := f.Qualified; q != nil && m.Delivery != nil {
		all = append(all, c.delivery(*m.Delivery, f, now))
	}
	return all
}

func (c *Compiled) salesObligations(all []Obligation, f Facts, now time.Time) []Obligation {
	s := c.sales()
	if start, running := f.salesClock(); running {
		if s.Acceptance != nil {
			all = append(all, c.acceptance(*s.Acceptance, f, start, now))
		}
		if s.FirstContact != nil {
			if o, tiered := c.firstContact(*s.FirstContact, f, start, now); tiered {
				all = append(all, o)
			}
		}
		if s.FollowUp != nil {
			all = append(all, c.followUp(*s.FollowUp, f, start, now))
		}
		if s.Disposition != nil {
			all = append(all, c.disposition(*s.Disposition, f, start, now))
		}
	}
	first, rejected := f.disposal(func(d Disposal) bool { return rejection(d.Outcome) })
	if f.Qualified == nil {
		return all
	}
	if s.Rejection != nil {
		if o, tried := c.rejection(f, first); tried {
			all = append(all, o)
		}
	}
	if s.Feedback != nil && rejected {
		all = append(all, c.feedback(f, first.At, now))
	}
	return all
}

// moment is an obligation without a clock, met or missed by one event.
func (c *Compiled) moment(clause Clause, at time.Time, met bool) Obligation {
	state := Missed
	if met {
		state = Met
	}
	return Obligation{Clause: clause, Start: at, Stop: at, State: state, Period: WeekOf(at, c.hours.Location())}
}

// wallClock is an open clock that counts every hour.
func (c *Compiled) wallClock(clause Clause, start time.Time, within time.Duration) Obligation {
	return c.clock(Obligation{Clause: clause, Start: start, Due: start.Add(within), Warn: start.Add(percentOf(within, c.warnAtPercent()))})
}

func (c *Compiled) clock(o Obligation) Obligation {
	o.State, o.Period = Open, WeekOf(o.Due, c.hours.Location())
	return o
}

// stopped judges a clock by when it was stopped; a zero stop means that it still runs. Exactly at the deadline is in time.
func (o Obligation) stopped(stop, now time.Time) Obligation {
	switch {
	case !stop.IsZero() && stop.After(o.Due), stop.IsZero() && now.After(o.Due):
		o.State = Missed
	case !stop.IsZero():
		o.State = Met
	}
	o.Stop = stop
	return o
}

func (o Obligation) excused(stop time.Time) Obligation {
	o.State, o.Stop = Excused, stop
	return o
}

// barred excuses a clock that was not stopped in time when, before its deadline, the lead asked not to be contacted. What was done in time all the
// same counts as met.
func (o Obligation) barred(at time.Time) Obligation {
	if at.IsZero() || !at.Before(o.Due) || o.State == Met {
		return o
	}
	return o.excused(later(at, o.Start))
}

// delivery is met when somebody owns the lead and, where the lead lives in a CRM, that has acknowledged it.
func (c *Compiled) delivery(d Delivery, f Facts, now time.Time) Obligation {
	o := c.wallClock(ClauseDelivery, f.Qualified.At, d.Within)
	if f.NoCapacity {
		return o.excused(f.Qualified.At)
	}
	if f.Awaits {
		return o.stopped(f.Acknowledged, now)
	}
	return o.stopped(f.OwnedAt, now)
}

// acceptance is met when sales takes the lead on, or gives it back with a code.
func (c *Compiled) acceptance(a Acceptance, f Facts, start, now time.Time) Obligation {
	stop := f.AcceptedAt
	if coded, ok := f.disposal(func(d Disposal) bool { return rejection(d.Outcome) && c.Coded(f, d) }); ok {
		stop = earliest(stop, coded.At)
	}
	return c.wallClock(ClauseAcceptance, start, a.Within).stopped(stop, now).barred(f.BarredAt)
}

func (c *Compiled) firstContact(clause FirstContact, f Facts, start, now time.Time) (Obligation, bool) {
	o, tiered := c.contactClock(clause, f, start)
	if !tiered { // this intent has no first-contact clock
		return o, false
	}
	// Where the lead is disqualified or opts out before anybody has reached it, there is nothing to reach it for.
	excuse := f.BarredAt
	if gone, ok := f.disposal(func(d Disposal) bool { return d.Outcome == lead.Disqualified && c.Coded(f, d) }); ok {
		excuse = earliest(excuse, gone.At)
	}
	if uncontacted := f.ContactAt.IsZero() || f.ContactAt.After(excuse); !excuse.IsZero() && uncontacted && excuse.Before(o.Due) {
		return o.excused(later(excuse, o.Start)), true
	}
	return o.stopped(f.ContactAt, now), true
}

// contactClock is that of the intent at the hand-off or, where it ends earlier, that of a higher intent which the lead showed before the first
// contact: that one runs from then on. The tier is the one that sets the deadline.
func (c *Compiled) contactClock(clause FirstContact, f Facts, start time.Time) (Obligation, bool) {
	var o Obligation
	tiered := false
	take := func(intent string, from time.Time) {
		i := slices.IndexFunc(clause.Tiers, func(t Tier) bool { return t.Intent == intent })
		if i < 0 {
			return
		}
		if clock := c.tierClock(clause.Tiers[i], from); !tiered || clock.Due.Before(o.Due) {
			o, tiered = clock, true
		}
	}
	take(f.Qualified.Intent, start)
	for _, raise := range f.Qualified.Raises {
		if f.ContactAt.IsZero() || raise.At.Before(f.ContactAt) {
			take(raise.Intent, later(start, raise.At))
		}
	}
	return o, tiered
}

// tierClock runs in business time; with outsideHours it ends earlier where that second window, on the wall clock, ends both earlier
// and outside business hours.
func (c *Compiled) tierClock(tier Tier, start time.Time) Obligation {
	o := Obligation{
		Clause: ClauseFirstContact, Tier: tier.Intent, Start: start,
		Due:  c.hours.Add(start, tier.Within),
		Warn: c.hours.Add(start, percentOf(tier.Within, c.warnAtPercent())),
	}
	if outside := start.Add(tier.OutsideHours); tier.OutsideHours > 0 && outside.Before(o.Due) && !c.hours.Open(outside) {
		o.Due, o.Warn = outside, start.Add(percentOf(tier.OutsideHours, c.warnAtPercent()))
	}
	return c.clock(o)
}

func (c *Compiled) disposition(d Disposition, f Facts, start, now time.Time) Obligation {
	first, _ := f.disposal(func(Disposal) bool { return true })
	return c.wallClock(ClauseDisposition, start, d.Within).stopped(first.At, now).barred(f.BarredAt)
}

// feedback is about the first rejection, and counts in its week. It may come until that week freezes, a week after its end: also before the
// rejection, since the lead carries it.
func (c *Compiled) feedback(f Facts, rejected, now time.Time) Obligation {
	week := WeekOf(rejected, c.hours.Location())
	due := c.frozen(week)
	o := Obligation{
		Clause: ClauseFeedback, Start: rejected, Due: due, Warn: rejected.Add(percentOf(due.Sub(rejected), c.warnAtPercent())), State: Open, Period: week,
	}
	stop := f.FeedbackAt
	if !stop.IsZero() {
		stop = later(stop, rejected)
	}
	return o.stopped(stop, now)
}

// frozen is when a week is closed for good: at the end of the week after it.
func (c *Compiled) frozen(week Period) time.Time {
	_, end, err := week.Bounds(c.hours.Location())
	if err != nil { // weeks are made by WeekOf
		return time.Time{}
	}
	_, next, _ := WeekOf(end, c.hours.Location()).Bounds(c.hours.Location())
	return next
}
