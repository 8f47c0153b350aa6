// SPDX-License-Identifier: Apache-2.0

package sla

import (
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
	Tier   string    // the intent, for firstContact
	Start  time.Time // when the clock started, or the event that the clause is about
	Due    time.Time // last instant at which the clause can still be met; zero when it has no clock
	Warn   time.Time // from here an open clock is at risk; zero when it has no clock
	Stop   time.Time // what met, missed or excused it; zero while nothing did
	State  State
	Period Period // clocked: the ISO week of Due; volume: the month; others: the ISO week of their event
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
// bring it in later judge the whole month. It counts once, however often it is handed off.
func Obligations(c *Compiled, f Facts, now time.Time) []Obligation {
	var all []Obligation
	add := func(o Obligation, applies bool) {
		if applies {
			all = append(all, o)
		}
	}
	m, s := c.marketing(), c.sales()
	if q := f.Qualified; q != nil && !f.Again {
		all = append(all, Obligation{Clause: ClauseVolume, Start: q.At, Stop: q.At, State: Met, Period: MonthOf(q.At, c.hours.Location())})
	}
	if r := f.Reached; r != nil && m.Completeness != nil {
		all = append(all, c.moment(ClauseCompleteness, r.At, len(r.Missing) == 0))
	}
	if q := f.Qualified; q != nil && m.Score != nil {
		all = append(all, c.moment(ClauseScore, q.At, q.MetThreshold))
	}
	if m.Delivery != nil {
		add(c.delivery(*m.Delivery, f, now))
	}
	if s.FirstContact != nil {
		add(c.firstContact(*s.FirstContact, f, now))
	}
	if s.Disposition != nil {
		add(c.disposition(*s.Disposition, f, now))
	}
	if s.Rejection != nil {
		add(c.rejection(f))
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

func (c *Compiled) delivery(d Delivery, f Facts, now time.Time) (Obligation, bool) {
	if f.Qualified == nil {
		return Obligation{}, false
	}
	o := c.wallClock(ClauseDelivery, f.Qualified.At, d.Within)
	if f.NoCapacity {
		return o.excused(f.Qualified.At), true
	}
	return o.stopped(f.OwnedAt, now), true
}

func (c *Compiled) firstContact(clause FirstContact, f Facts, now time.Time) (Obligation, bool) {
	start, running := f.salesClock()
	if !running {
		return Obligation{}, false
	}
	for _, tier := range clause.Tiers {
		if tier.Intent != f.Qualified.Intent {
			continue
		}
		o := c.contactClock(tier, start)
		gone, disqualified := f.disposal(func(d Disposal) bool { return d.Coded && d.Outcome == lead.Disqualified })
		uncontacted := f.ContactAt.IsZero() || f.ContactAt.After(gone.At)
		if disqualified && uncontacted && gone.At.Before(o.Due) {
			return o.excused(gone.At), true
		}
		return o.stopped(f.ContactAt, now), true
	}
	return Obligation{}, false // no tier: this intent has no first-contact clock
}

// contactClock runs in business time; with outsideHours it ends earlier where that second window, on the wall clock, ends both earlier
// and outside business hours.
func (c *Compiled) contactClock(tier Tier, start time.Time) Obligation {
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

func (c *Compiled) disposition(d Disposition, f Facts, now time.Time) (Obligation, bool) {
	start, running := f.salesClock()
	if !running {
		return Obligation{}, false
	}
	first, _ := f.disposal(func(Disposal) bool { return true })
	return c.wallClock(ClauseDisposition, start, d.Within).stopped(first.At, now), true
}

func (c *Compiled) rejection(f Facts) (Obligation, bool) {
	first, rejected := f.disposal(func(d Disposal) bool { return rejection(d.Outcome) })
	if f.Qualified == nil || !rejected {
		return Obligation{}, false
	}
	return c.moment(ClauseRejection, first.At, first.Coded), true
}
