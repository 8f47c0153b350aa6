// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"slices"
	"time"
)

// story counts what one story means, clause by clause.
func (o *oracle) story(s *story) {
	if s.reached.IsZero() {
		return
	}
	o.moment("completeness", o.cal.week(s.reached), s.missing == "")
	if s.qualified.IsZero() {
		return
	}
	o.moment("volume", o.cal.month(s.qualified), true)
	o.moment("score", o.cal.week(s.qualified), true) // a path that demands a score holds only at that score
	o.clock("delivery", "", s.qualified.Add(deliveryWithin), s.owned, time.Time{})
	d := o.outcome(s)
	o.acceptance(s, d)
	o.firstContact(s, d)
	o.followUp(s, d)
	var disposed time.Time
	if d != nil {
		disposed = d.at
	}
	o.clock("disposition", "", s.owned.Add(dispositionDays*24*time.Hour), disposed, s.optedOut)
	rejected := d != nil && d.outcome != "Accepted"
	switch {
	case o.tried(s): // without a code, before anything else
		o.moment("rejection", o.cal.week(s.tried.at), false)
	case rejected:
		o.moment("rejection", o.cal.week(d.at), o.coded(s, d))
	}
	if rejected {
		o.saidWhy(s, d)
	}
}

// tried says whether sales wanted to give the lead back without a code by now, which was refused: it has it still.
func (o *oracle) tried(s *story) bool { return s.tried != nil && !s.tried.at.After(o.now) }

// outcome that counts by now: a rejection that is disputed stands until both have overturned it.
func (o *oracle) outcome(s *story) *disposal {
	if v := s.voided; v != nil && !v.at.After(o.now) && s.ruled.After(o.now) {
		return v
	}
	if d := s.disposed; d != nil && !d.at.After(o.now) {
		return d
	}
	return nil
}

// coded says whether the reason counts; that there was no response does after the whole cadence only.
func (o *oracle) coded(s *story, d *disposal) bool {
	if !d.coded || d.reason != "NoResponse" {
		return d.coded
	}
	done := o.followedUp(s)
	return !done.IsZero() && !done.After(d.at)
}

func (o *oracle) acceptance(s *story, d *disposal) {
	stop := o.seen(s.accepted)
	if d != nil && (d.outcome == "Accepted" || o.coded(s, d)) {
		stop = first(stop, d.at)
	}
	o.clock("acceptance", "", s.owned.Add(acceptanceWithin), stop, s.optedOut)
}

func (o *oracle) firstContact(s *story, d *disposal) {
	var contact time.Time
	for _, t := range s.touches {
		if t.genuine() {
			contact = first(contact, o.seen(t.at))
		}
	}
	excuse := o.seen(s.optedOut)
	if d != nil && d.outcome == "Disqualified" && o.coded(s, d) {
		excuse = first(excuse, d.at)
	}
	if !excuse.IsZero() && contact.After(excuse) { // whoever calls then calls in vain
		contact = time.Time{}
	}
	o.clock("firstContact", s.intent, o.contactDue(s), contact, excuse)
}

func (o *oracle) contactDue(s *story) time.Time {
	if s.intent == standard {
		return o.cal.due(s.owned, standardMinutes)
	}
	due := o.cal.due(s.owned, highMinutes)
	if outside := s.owned.Add(highOutside); outside.Before(due) && !o.cal.open(outside) {
		return outside
	}
	return due
}

// followedUp is when there had been a conversation, or attempts enough over enough days and channels; zero when there had not.
func (o *oracle) followedUp(s *story) time.Time {
	talked := o.seen(s.found)
	var attempts []touch
	for _, t := range s.touches {
		if o.seen(t.at).IsZero() {
			continue
		}
		if t.conversation() {
			talked = first(talked, t.at)
		}
		if t.direction == "Outbound" {
			attempts = append(attempts, t)
		}
	}
	slices.SortStableFunc(attempts, func(a, b touch) int { return a.at.Compare(b.at) })
	channels := map[string]bool{}
	for i, t := range attempts {
		channels[t.channel] = true
		if i+1 >= followUpAttempts && len(channels) >= followUpChannels && t.at.Sub(attempts[0].at) >= followUpSpan {
			return first(talked, t.at)
		}
	}
	return talked
}

func (o *oracle) followUp(s *story, d *disposal) {
	due, done, excuse := s.owned.Add(followUpDays*24*time.Hour), o.followedUp(s), o.seen(s.optedOut)
	if d != nil && d.outcome != "Accepted" && !o.coded(s, d) && (done.IsZero() || d.at.Before(done)) {
		o.row("followUp", "", o.cal.week(due)).Missed++ // given up too early
		return
	}
	if d != nil && (d.outcome == "Accepted" || o.coded(s, d)) {
		excuse = first(excuse, d.at)
	}
	if !excuse.IsZero() && done.After(excuse) {
		done = time.Time{}
	}
	o.clock("followUp", "", due, done, excuse)
}

// saidWhy counts feedback in the week of its rejection, which stays open for a week after its end.
func (o *oracle) saidWhy(s *story, d *disposal) {
	row, said, due := o.row("feedback", "", o.cal.week(d.at)), o.seen(s.feedback), o.cal.frozen(d.at)
	switch {
	case !said.IsZero() && !said.After(due):
		row.Met++
	case !said.IsZero() || o.now.After(due):
		row.Missed++
	default:
		row.Open++
	}
}

// stage of the lead by now. The stories know no way back but a rejection.
func (o *oracle) stage(s *story) string {
	switch {
	case !o.seen(s.taken).IsZero():
		return "Merged"
	case s.aside != "":
		return s.aside
	case s.reached.IsZero():
		return "Inquiry"
	case s.qualified.IsZero():
		return "Held"
	case !o.seen(s.optedOut).IsZero():
		return "Suppressed"
	}
	if d := o.outcome(s); d != nil && d.outcome != "Accepted" {
		return d.outcome
	}
	return o.progress(s)
}

// progress of a lead that is with sales.
func (o *oracle) progress(s *story) string {
	switch deal := s.deal; {
	case deal != nil && !o.seen(deal.closed).IsZero():
		return deal.end
	case deal != nil && !o.seen(deal.opened).IsZero():
		return "Opportunity"
	case !o.seen(s.found).IsZero():
		return "SQL"
	case !o.seen(s.accepted).IsZero() || o.outcome(s) != nil:
		return "SAL"
	default:
		return "MQL"
	}
}

// first of two times, of which zero means never.
func first(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
