// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"slices"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// clockRule is a rule of the clocks with one example of it. Times are wall times in New York, where business hours are nine to six; a High lead has
// five minutes and an hour outside hours, a Standard one eight hours. Wednesday is 20 January 2027, Friday the 22nd.
type clockRule struct {
	rule      string
	clause    Clause // firstContact when empty
	qualified string
	owned     string // the same when empty; "-" for nobody
	intent    string // High when empty
	without   bool   // no outsideHours
	capacity  bool   // nobody was available
	raise     string // when the lead showed the intent High
	events    []lead.Event
	now       string // a minute after `due` when empty
	state     State
	due       string
}

// at is a time of January 2027, such as "20 17:58".
func at(t *testing.T, text string) time.Time {
	t.Helper()
	return local(t, newYork, "2027-01-"+text)
}

func clockRules(t *testing.T) []clockRule {
	t.Helper()
	touch := func(text, channel, direction, actor string) lead.Event {
		return lead.Event{Kind: lead.KindTouch, Time: at(t, text), Touch: &lead.Touch{Channel: channel, Direction: direction, Actor: actor}}
	}
	call := func(text string) lead.Event { return touch(text, "Phone", "Outbound", "Human") }
	answered := func(text string) lead.Event {
		e := touch(text, "Phone", "Inbound", "Human")
		e.Touch.Answered = true
		return e
	}
	assigned := func(text string) lead.Event {
		return lead.Event{Kind: lead.KindAssigned, Time: at(t, text), Owner: "rep-2"}
	}
	logged := func(text string, after time.Duration) lead.Event { return loggedAt(call(text), at(t, text).Add(after)) }
	coded := func(text, reason string) lead.Event { return disposedAt(at(t, text), "", reason) }
	return []clockRule{
		{rule: "the examples: 17:58 is due 18:58", qualified: "20 17:58", state: Missed, due: "20 18:58"},
		{rule: "the examples: 18:01 is due 19:01", qualified: "20 18:01", state: Missed, due: "20 19:01"},
		{rule: "the examples: 08:58 is due 09:05, since 09:58 is within hours", qualified: "20 08:58", state: Missed, due: "20 09:05"},
		{rule: "the examples: without outsideHours 17:58 is due 09:03", qualified: "20 17:58", without: true, state: Missed, due: "21 09:03"},
		{rule: "without outsideHours 18:01 is due 09:05", qualified: "20 18:01", without: true, state: Missed, due: "21 09:05"},
		{rule: "outside hours over a weekend", qualified: "22 19:00", state: Missed, due: "22 20:00"},
		{rule: "arrival and an hour at opening time is within hours", qualified: "20 08:00", state: Missed, due: "20 09:05"},
		{rule: "arrival and an hour a minute before opening is outside", qualified: "20 07:59", state: Missed, due: "20 08:59"},
		{rule: "arrival and an hour at closing time is outside, and later than the business deadline", qualified: "20 17:00", state: Missed, due: "20 17:05"},
		{rule: "a tier without outsideHours waits for the next business hours", qualified: "22 17:00", intent: "Standard", state: Missed, due: "25 16:00"},

		{rule: "a budget that ends exactly at closing time is due at closing time", qualified: "20 17:55", state: Missed, due: "20 18:00"},
		{rule: "a whole day of business time ends at closing time", qualified: "20 10:00", intent: "Standard", state: Missed, due: "20 18:00"},
		{rule: "breach is elapsed > budget: at the deadline it is open", qualified: "20 10:00", now: "20 10:05", state: Open, due: "20 10:05"},
		{rule: "breach is elapsed > budget: contact at the deadline is in time", qualified: "20 10:00", events: []lead.Event{call("20 10:05")}, state: Met, due: "20 10:05"},
		{rule: "breach is elapsed > budget: a second later it is not", qualified: "20 10:00", events: []lead.Event{call("20 10:05:01")}, state: Missed, due: "20 10:05"},

		{rule: "delivery counts on the wall", clause: ClauseDelivery, qualified: "22 17:58", owned: "22 18:03", state: Met, due: "22 18:03"},
		{rule: "disposition counts on the wall", clause: ClauseDisposition, qualified: "08 17:58", events: []lead.Event{coded("24 17:58", "BadTiming")}, state: Met, due: "24 17:58"},
		{rule: "acceptance counts on the wall", clause: ClauseAcceptance, qualified: "22 17:58", state: Missed, due: "23 17:58"},
		{rule: "the cadence counts on the wall", clause: ClauseFollowUp, qualified: "08 17:58", state: Missed, due: "22 17:58"},

		{rule: "first contact starts when a rep owns the lead", qualified: "20 10:00", owned: "20 10:30", state: Missed, due: "20 10:35"},
		{rule: "when no rep was available, at qualification", qualified: "20 10:00", owned: "20 10:30", capacity: true, state: Missed, due: "20 10:05"},
		{rule: "reassignment never restarts it", qualified: "20 10:00", events: []lead.Event{assigned("20 10:04")}, state: Missed, due: "20 10:05"},
		{rule: "an owner that the CRM gave before ours counts", qualified: "20 10:00", owned: "20 10:30", events: []lead.Event{assigned("20 10:02")}, state: Missed, due: "20 10:07"},
		{rule: "a higher intent before the first touch: signal and new window where that is earlier", qualified: "20 10:00", intent: "Standard", raise: "20 11:00", state: Missed, due: "20 11:05"},
		{rule: "a higher intent late in the old window: the old deadline", qualified: "20 10:00", intent: "Standard", raise: "20 17:58", state: Missed, due: "20 18:00"},
		{rule: "a higher intent after the first touch changes nothing", qualified: "20 10:00", intent: "Standard", raise: "20 11:00", events: []lead.Event{call("20 10:50")}, state: Met, due: "20 18:00"},

		{rule: "genuine: an outbound touch by a person", qualified: "20 10:00", events: []lead.Event{touch("20 10:01", "Email", "Outbound", "Human")}, state: Met, due: "20 10:05"},
		{rule: "genuine: an answered inbound call", qualified: "20 10:00", events: []lead.Event{answered("20 10:01")}, state: Met, due: "20 10:05"},
		{rule: "genuine: a meeting", qualified: "20 10:00", events: []lead.Event{touch("20 10:01", "Meeting", "Inbound", "Human")}, state: Met, due: "20 10:05"},
		{rule: "not genuine: an inbound call that nobody answered", qualified: "20 10:00", events: []lead.Event{touch("20 10:01", "Phone", "Inbound", "Human")}, state: Missed, due: "20 10:05"},
		{rule: "not genuine: an inbound mail", qualified: "20 10:00", events: []lead.Event{inboundAt(at(t, "20 10:01"))}, state: Missed, due: "20 10:05"},
		{rule: "not genuine: an automated mail", qualified: "20 10:00", events: []lead.Event{automatedAt(at(t, "20 10:01"))}, state: Missed, due: "20 10:05"},
		{rule: "not genuine: a status flip", qualified: "20 10:00", events: []lead.Event{coded("20 10:01", "AcceptAsSQL")}, state: Missed, due: "20 10:05"},
		{rule: "a touch logged 24 h late counts", qualified: "20 10:00", events: []lead.Event{logged("20 10:01", 24*time.Hour)}, state: Met, due: "20 10:05"},
		{rule: "a touch logged more than 24 h late does not", qualified: "20 10:00", events: []lead.Event{logged("20 10:01", 24*time.Hour+time.Second)}, state: Missed, due: "20 10:05"},
		{rule: "disqualification with a code excuses", qualified: "20 10:00", events: []lead.Event{coded("20 10:01", "NotICP")}, state: Excused, due: "20 10:05"},
		{
			rule: "disqualification without a code does not", qualified: "20 10:00",
			events: []lead.Event{disposedAt(at(t, "20 10:01"), lead.Disqualified, "")}, state: Missed, due: "20 10:05",
		},
		{rule: "other dispositions do not stop the clock", qualified: "20 10:00", events: []lead.Event{coded("20 10:01", "BadTiming")}, state: Missed, due: "20 10:05"},

		{rule: "the earliest genuine touch wins, in whatever order they arrive", qualified: "20 10:00", events: []lead.Event{call("20 15:00"), call("20 10:03"), call("20 12:00")}, state: Met, due: "20 10:05"},
		{rule: "breach is judged by the times of events: a timely touch that arrives later mends it", qualified: "20 10:00", events: []lead.Event{call("20 10:04")}, now: "25 09:00", state: Met, due: "20 10:05"},
		{rule: "nobody owns it, and somebody was available: no clock of sales runs", qualified: "20 10:00", owned: "-", now: "22 10:00"},
	}
}

// The rules of the clocks, one row each.
func TestClockRules(t *testing.T) {
	for _, r := range clockRules(t) {
		t.Run(r.rule, func(t *testing.T) { r.check(t) })
	}
}

func (r clockRule) check(t *testing.T) {
	t.Helper()
	terms := persistentTerms()
	if r.without {
		terms.Sales.FirstContact.Tiers[0].OutsideHours = 0
	}
	clause, intent := r.clause, r.intent
	if clause == "" {
		clause = ClauseFirstContact
	}
	if intent == "" {
		intent = "High"
	}
	stamps := Stamps{Qualified: &Qualified{At: at(t, r.qualified), Intent: intent, MetThreshold: true}, NoCapacity: r.capacity}
	if r.raise != "" {
		stamps.Qualified.Raises = []lead.Raise{{At: at(t, r.raise), Intent: "High"}}
	}
	switch r.owned {
	case "-":
	case "":
		stamps.OwnedAt = stamps.Qualified.At
	default:
		stamps.OwnedAt = at(t, r.owned)
	}
	var now time.Time
	if r.now != "" {
		now = at(t, r.now)
	} else {
		now = at(t, r.due).Add(time.Minute)
	}
	got := Obligations(compiled(t, terms), FactsOf(stamps, codes, r.events), now)
	i := slices.IndexFunc(got, func(o Obligation) bool { return o.Clause == clause })
	switch {
	case r.due == "" && i >= 0:
		t.Errorf("%s runs: %+v", clause, got[i])
	case r.due == "":
	case i < 0:
		t.Errorf("there is no clock of %s", clause)
	case got[i].State != r.state || !got[i].Due.Equal(at(t, r.due)):
		t.Errorf("%s is %s, due %v; want %s, due %v", clause, got[i].State, got[i].Due, r.state, at(t, r.due))
	}
}
