// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Reached is the first time a path to MQL held, complete or not.
type Reached struct {
	At      time.Time
	Missing []string // required fields that were missing then
}

// Qualified is the moment a lead became MQL.
type Qualified struct {
	At           time.Time
	Intent       string
	MetThreshold bool // the score was at or above what the path demands
}

// Stamps are what the ledger keeps of one lead beside its events.
type Stamps struct {
	Reached    *Reached   // nil: no path held yet
	Qualified  *Qualified // nil: not handed off
	OwnedAt    time.Time  // when routing first gave the lead to a rep; zero when it did not. An earlier assigned event wins
	NoCapacity bool       // no rep was available when the lead qualified
	Again      bool       // it was handed off before: it is not delivered once more
}

// Disposal is one disposition of a lead, with its outcome resolved from the reason code where sales left it out.
type Disposal struct {
	At      time.Time
	Outcome lead.Outcome
	Reason  string
	Coded   bool // the reason was a code for this outcome when it was sent, or is one of the definition that judges; and there were attempts enough

	MinAttempts int // that the code demands; 0 for none
	Attempts    int // outbound touches since the hand-off up to the disposition; counted only where the code demands some
}

// Facts are what is known of one lead, as far as the clauses need it.
type Facts struct {
	Reached    *Reached
	Qualified  *Qualified
	OwnedAt    time.Time // zero: no owner yet
	NoCapacity bool
	Again      bool       // handed off before
	ContactAt  time.Time  // earliest genuine contact that is not before the hand-off, also one from before a rep owned the lead; zero: none
	Disposals  []Disposal // by time; those from before the hand-off are not among them: they were not about it
}

// FactsOf gathers the facts of one lead from its stamps and its history, in any order: the time of an event counts, never when it
// arrived. The history of a lead that was handed off more than once is that of the hand-off in question, up to the next. codes are the dispositions of the definition that the lead is judged by.
func FactsOf(stamps Stamps, codes []lead.Disposition, history []lead.Event) Facts {
	f := Facts{Reached: stamps.Reached, Qualified: stamps.Qualified, OwnedAt: stamps.OwnedAt, NoCapacity: stamps.NoCapacity, Again: stamps.Again}
	events := slices.Clone(history)
	slices.SortStableFunc(events, func(a, b lead.Event) int {
		if order := a.Time.Compare(b.Time); order != 0 {
			return order
		}
		return int(a.Sequence - b.Sequence)
	})
	for _, e := range events {
		switch {
		case e.Kind == lead.KindAssigned && e.Owner != "":
			f.OwnedAt = earliest(f.OwnedAt, e.Time)
		case e.Kind == lead.KindTouch && e.Touch != nil && e.Touch.Genuine() && !f.before(e):
			f.ContactAt = earliest(f.ContactAt, e.Time)
		case e.Kind == lead.KindDisposition && e.Disposition != nil:
			f.addDisposal(e, codes, events)
		}
	}
	return f
}

// before says whether an event was before the hand-off, and so not about it.
func (f *Facts) before(e lead.Event) bool { return f.Qualified != nil && e.Time.Before(f.Qualified.At) }

func (f *Facts) addDisposal(e lead.Event, codes []lead.Disposition, events []lead.Event) {
	if f.before(e) {
		return
	}
	d := Disposal{At: e.Time, Outcome: e.Disposition.Outcome, Reason: e.Disposition.Reason, Coded: e.Disposition.Coded}
	for _, code := range codes {
		if code.Name == d.Reason && (d.Outcome == "" || d.Outcome == code.Outcome) {
			d.Outcome, d.Coded, d.MinAttempts = code.Outcome, true, code.MinAttempts
		}
	}
	if d.MinAttempts > 0 {
		d.Attempts = f.attempts(events, d.At)
		d.Coded = d.Attempts >= d.MinAttempts
	}
	if d.Outcome != "" {
		f.Disposals = append(f.Disposals, d)
	}
}

// attempts to reach the lead from the hand-off up to an instant, by people or machines.
func (f *Facts) attempts(events []lead.Event, until time.Time) int {
	count := 0
	for _, e := range events {
		if e.Kind == lead.KindTouch && e.Touch != nil && e.Touch.Direction == "Outbound" && !f.before(e) && !e.Time.After(until) {
			count++
		}
	}
	return count
}

// earliest is the earlier of two times, of which zero means none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// disposal is the first one that the filter takes.
func (f *Facts) disposal(take func(Disposal) bool) (Disposal, bool) {
	i := slices.IndexFunc(f.Disposals, take)
	if i < 0 {
		return Disposal{}, false
	}
	return f.Disposals[i], true
}

// salesClock is when the clocks of sales start: when a rep owns the qualified lead, or at qualification when no rep was available then.
// Later owners do not restart them.
func (f *Facts) salesClock() (start time.Time, running bool) {
	switch {
	case f.Qualified == nil:
		return time.Time{}, false
	case f.NoCapacity:
		return f.Qualified.At, true
	case f.OwnedAt.IsZero():
		return time.Time{}, false
	default:
		return later(f.OwnedAt, f.Qualified.At), true
	}
}
