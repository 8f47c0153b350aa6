// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
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
	MetThreshold bool         // the score was at or above what the path demands
	Raises       []lead.Raise // higher intents that it showed from then on, in order
}

// Stamps are what the ledger keeps of one lead beside its events.
type Stamps struct {
	Reached    *Reached    // nil: no path held yet
	Qualified  *Qualified  // nil: not handed off
	OwnedAt    time.Time   // when routing first gave the lead to a rep; zero when it did not. An earlier assigned event wins
	NoCapacity bool        // no rep was available when the lead qualified
	Again      bool        // it was handed off before: it is not delivered once more
	Before     bool        // it reached a path or was handed off before the contract took effect: nobody owes anything about it
	Marks      []lead.Mark // for its whole account, in any order: by other leads, and by this one before its history begins

	Awaits         bool      // it is delivered when the CRM has acknowledged the owner whom routing gave it
	AcknowledgedAt time.Time // when it did; zero: not yet
}

// Disposal is one disposition of a lead, with its outcome resolved from the reason code where sales left it out.
type Disposal struct {
	At      time.Time
	Outcome lead.Outcome
	Reason  string
	Coded   bool // the reason was a code for this outcome when it was sent, or is one of the definition that judges. Whether it counts, Compiled.Coded says

	MinAttempts int  // that the code demands; 0 for none
	Attempts    int  // outbound touches since the hand-off up to the disposition; counted only where the code demands some
	FullCadence bool // the code demands the contract's whole follow-up
}

// Attempt to reach the lead, by a person or a machine.
type Attempt struct {
	At      time.Time
	Channel string
}

// Facts are what is known of one lead, as far as the clauses need it. Nothing from before the hand-off is among them but what stamps tell:
// it was not about it.
type Facts struct {
	Reached      *Reached
	Qualified    *Qualified
	OwnedAt      time.Time // zero: no owner yet
	Awaits       bool      // it is delivered when the CRM has acknowledged an owner
	Acknowledged time.Time // when it did, or when another system said itself who owns the lead; zero: not yet
	NoCapacity   bool
	Again        bool        // handed off before
	Before       bool        // from before the contract took effect
	ContactAt    time.Time   // earliest genuine contact that was put on record in time, also one from before a rep owned the lead; zero: none
	LateContacts []time.Time // genuine contacts that were put on record too late to count
	Attempts     []Attempt   // by time
	TalkedAt     time.Time   // earliest conversation, or what sales can only know from one; zero: none
	AcceptedAt   time.Time   // when sales took the lead on; zero: not yet
	FeedbackAt   time.Time   // earliest structured feedback; zero: none
	BarredAt     time.Time   // since when the lead must not be contacted; zero: it may be
	Disposals    []Disposal  // by time
	RefusedAt    time.Time   // earliest rejection without a code that was refused, and not overturned later; zero: none
	Voided       []Disposal  // rejections that both parties overturned, as if they had not been; by time
}

// FactsOf gathers the facts of one lead from its stamps and its history, in any order: the time of an event counts, never when it
// arrived. The history of a lead that was handed off more than once is that of the hand-off in question, up to the next. codes are the dispositions of the definition that the lead is judged by.
func FactsOf(stamps Stamps, codes []lead.Disposition, history []lead.Event) Facts {
	f := Facts{
		Reached: stamps.Reached, Qualified: stamps.Qualified, OwnedAt: stamps.OwnedAt,
		NoCapacity: stamps.NoCapacity, Again: stamps.Again, Before: stamps.Before,
		Awaits: stamps.Awaits, Acknowledged: stamps.AcknowledgedAt,
	}
	events := slices.Clone(history)
	slices.SortStableFunc(events, func(a, b lead.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Sequence, b.Sequence))
	})
	for _, e := range events {
		if e.Kind == lead.KindAssigned && e.Owner != "" {
			f.OwnedAt = earliest(f.OwnedAt, e.Time)
			if f.Awaits {
				f.Acknowledged = earliest(f.Acknowledged, e.Time)
			}
		}
		if f.before(e) {
			continue
		}
		f.hear(e)
	}
	f.BarredAt = f.barred(events, stamps.Marks)
	void := lead.VoidIn(codes, events)
	for i, e := range events {
		switch {
		case f.before(e):
		case e.Kind == lead.KindDisposition && e.Disposition != nil:
			f.dispose(e, codes, void[i])
		case e.Kind == lead.KindRefused && !void[i]:
			f.RefusedAt = earliest(f.RefusedAt, e.Time)
		}
	}
	return f
}

// before says whether an event was before the hand-off, and so not about it.
func (f *Facts) before(e lead.Event) bool { return f.Qualified != nil && e.Time.Before(f.Qualified.At) }

// hear of everything but assignments and dispositions.
func (f *Facts) hear(e lead.Event) {
	switch {
	case e.Kind == lead.KindTouch && e.Touch != nil:
		f.touch(e.Time, *e.Touch)
	case e.Kind == lead.KindAccepted:
		f.AcceptedAt = earliest(f.AcceptedAt, e.Time)
	case e.Kind == lead.KindQualified, e.Kind == lead.KindOpportunity:
		f.TalkedAt = earliest(f.TalkedAt, e.Time)
	case e.Kind == lead.KindFeedback && e.Feedback != nil && e.Feedback.Structured():
		f.FeedbackAt = earliest(f.FeedbackAt, e.Time)
	}
}

func (f *Facts) touch(at time.Time, t lead.Touch) {
	if t.Direction == "Outbound" {
		f.Attempts = append(f.Attempts, Attempt{At: at, Channel: t.Channel})
	}
	if t.Conversation() {
		f.TalkedAt = earliest(f.TalkedAt, at)
	}
	switch {
	case !t.Genuine():
	case t.Late(at):
		f.LateContacts = append(f.LateContacts, at)
	default:
		f.ContactAt = earliest(f.ContactAt, at)
	}
}

func (f *Facts) dispose(e lead.Event, codes []lead.Disposition, overturned bool) {
	d := Disposal{At: e.Time, Outcome: e.Disposition.Outcome, Reason: e.Disposition.Reason, Coded: e.Disposition.Coded}
	for _, code := range codes {
		if code.Name == d.Reason && (d.Outcome == "" || d.Outcome == code.Outcome) {
			d.Outcome, d.Coded = code.Outcome, true
			d.MinAttempts, d.FullCadence = code.MinAttempts, code.FullCadence == lead.FullCadenceRequired
		}
	}
	if d.MinAttempts > 0 {
		d.Attempts = f.attempts(d.At)
	}
	switch {
	case d.Outcome == "":
	case overturned:
		f.Voided = append(f.Voided, d)
	default:
		if d.Outcome == lead.Accepted {
			f.AcceptedAt = earliest(f.AcceptedAt, d.At)
		}
		f.Disposals = append(f.Disposals, d)
	}
}

// attempts to reach the lead from the hand-off up to an instant, by people or machines.
func (f *Facts) attempts(until time.Time) int {
	n := slices.IndexFunc(f.Attempts, func(a Attempt) bool { return a.At.After(until) })
	if n < 0 {
		return len(f.Attempts)
	}
	return n
}

// barred is when the lead, or its account, was first not to be contacted, by what was in force at the hand-off or was said after it: a request
// of the contact is lifted by a reinstatement of the contact; one for the account by one of the account, whichever of its leads said either.
// What is lifted later was in force all the same.
func (f *Facts) barred(events []lead.Event, marks []lead.Mark) time.Time {
	account, contact := slices.Clone(marks), []lead.Mark(nil)
	for _, e := range events {
		if e.Kind != lead.KindOptedOut && e.Kind != lead.KindReinstated {
			continue
		}
		m := lead.Mark{At: e.Time, Lifted: e.Kind == lead.KindReinstated}
		if e.Scope == lead.ScopeAccount {
			account = append(account, m)
		} else {
			contact = append(contact, m)
		}
	}
	slices.SortStableFunc(account, func(a, b lead.Mark) int { return a.At.Compare(b.At) })
	var handOff time.Time
	if f.Qualified != nil {
		handOff = f.Qualified.At
	}
	return earliest(lead.BarredSince(account, handOff), lead.BarredSince(contact, handOff))
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
