// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
)

// codes are the dispositions of the tests.
var codes = []lead.Disposition{
	{Name: "AcceptAsSQL", Outcome: lead.Accepted},
	{Name: "BadTiming", Outcome: lead.Recycled},
	{Name: "NotICP", Outcome: lead.Disqualified},
	{Name: "NoResponse", Outcome: lead.Recycled, MinAttempts: 2},
	{Name: "Unresponsive", Outcome: lead.Recycled, FullCadence: lead.FullCadenceRequired},
}

func loggedAt(e lead.Event, at time.Time) lead.Event {
	e.Touch.LoggedAt = at
	return e
}

func talkAt(at time.Time) lead.Event {
	e := touchAt(at)
	e.Touch.TwoWay = true
	return e
}

func optedOut(at time.Time, scope lead.Scope) lead.Event {
	return lead.Event{Kind: lead.KindOptedOut, Time: at, Scope: scope}
}

func reinstated(at time.Time, scope lead.Scope) lead.Event {
	return lead.Event{Kind: lead.KindReinstated, Time: at, Scope: scope}
}

func contested(at time.Time, ruling lead.Ruling) lead.Event {
	return lead.Event{Kind: lead.KindContested, Time: at, Contest: &lead.Contest{Ruling: ruling, By: []string{"Marketing", "Sales"}}}
}

func automatedAt(at time.Time) lead.Event {
	return lead.Event{Kind: lead.KindTouch, Time: at, Touch: &lead.Touch{Channel: "Email", Direction: "Outbound", Actor: "Automated"}}
}

func inboundAt(at time.Time) lead.Event {
	return lead.Event{Kind: lead.KindTouch, Time: at, Touch: &lead.Touch{Channel: "Email", Direction: "Inbound", Actor: "Human"}}
}

func touchAt(at time.Time) lead.Event {
	return lead.Event{Kind: lead.KindTouch, Time: at, Touch: &lead.Touch{Rep: "rep-1", Channel: "Phone", Direction: "Outbound", Actor: "Human"}}
}

func disposedAt(at time.Time, outcome lead.Outcome, reason string) lead.Event {
	return lead.Event{Kind: lead.KindDisposition, Time: at, Disposition: &lead.Disposed{Outcome: outcome, Reason: reason, By: "rep-1"}}
}

func TestFactsOf(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2027, 1, 20, 10, minute, 0, 0, time.UTC) }
	qualified := &Qualified{At: at(5), Intent: "High"}
	cases := map[string]struct {
		stamps  Stamps
		history []lead.Event
		want    Facts
	}{
		"nothing": {},
		"stamps are kept": {
			stamps: Stamps{Reached: &Reached{At: at(1)}, Qualified: qualified, OwnedAt: at(6), NoCapacity: true, Again: true},
			want:   Facts{Reached: &Reached{At: at(1)}, Qualified: qualified, OwnedAt: at(6), NoCapacity: true, Again: true},
		},
		"the earliest genuine touch, whatever the arrival order": {
			history: []lead.Event{touchAt(at(9)), automatedAt(at(1)), touchAt(at(4)), inboundAt(at(2)), touchAt(at(7))},
			want:    Facts{ContactAt: at(4)},
		},
		"a touch before the hand-off is no contact": {
			stamps: Stamps{Qualified: qualified}, history: []lead.Event{touchAt(at(3))}, want: Facts{Qualified: qualified},
		},
		"one at the hand-off is": {
			stamps: Stamps{Qualified: qualified}, history: []lead.Event{touchAt(at(6)), touchAt(at(5)), touchAt(at(3))},
			want: Facts{Qualified: qualified, ContactAt: at(5)},
		},
		"so is one before a rep owned it": {
			stamps: Stamps{Qualified: qualified, OwnedAt: at(9)}, history: []lead.Event{touchAt(at(7))},
			want: Facts{Qualified: qualified, OwnedAt: at(9), ContactAt: at(7)},
		},
		"the first owner stays the first": {
			stamps: Stamps{OwnedAt: at(8)},
			history: []lead.Event{
				{Kind: lead.KindAssigned, Time: at(9), Owner: "rep-2"}, {Kind: lead.KindAssigned, Time: at(7), Owner: "rep-1"},
			},
			want: Facts{OwnedAt: at(7)},
		},
		"an assignment to nobody is none": {history: []lead.Event{{Kind: lead.KindAssigned, Time: at(9)}}},
		"dispositions by time": {
			history: []lead.Event{disposedAt(at(9), lead.Recycled, ""), disposedAt(at(8), lead.Accepted, "AcceptAsSQL")},
			want: Facts{AcceptedAt: at(8), Disposals: []Disposal{
				{At: at(8), Outcome: lead.Accepted, Reason: "AcceptAsSQL", Coded: true}, {At: at(9), Outcome: lead.Recycled},
			}},
		},
		"the code gives the outcome": {
			history: []lead.Event{disposedAt(at(9), "", "NotICP")},
			want:    Facts{Disposals: []Disposal{{At: at(9), Outcome: lead.Disqualified, Reason: "NotICP", Coded: true}}},
		},
		"an unknown code is none": {
			history: []lead.Event{disposedAt(at(9), lead.Disqualified, "Meh")},
			want:    Facts{Disposals: []Disposal{{At: at(9), Outcome: lead.Disqualified, Reason: "Meh"}}},
		},
		"a code of another outcome is none": {
			history: []lead.Event{disposedAt(at(9), lead.Disqualified, "BadTiming")},
			want:    Facts{Disposals: []Disposal{{At: at(9), Outcome: lead.Disqualified, Reason: "BadTiming"}}},
		},
		"a code of its time stays one, with its outcome": {
			history: []lead.Event{
				{Kind: lead.KindDisposition, Time: at(8), Disposition: &lead.Disposed{Outcome: lead.Disqualified, Reason: "Spam", Coded: true}},
				{Kind: lead.KindDisposition, Time: at(9), Disposition: &lead.Disposed{Outcome: lead.Disqualified, Reason: "BadTiming", Coded: true}},
			},
			want: Facts{Disposals: []Disposal{
				{At: at(8), Outcome: lead.Disqualified, Reason: "Spam", Coded: true}, {At: at(9), Outcome: lead.Disqualified, Reason: "BadTiming", Coded: true},
			}},
		},
		"after attempts enough, by people or machines": {
			stamps:  Stamps{Qualified: qualified},
			history: []lead.Event{automatedAt(at(5)), touchAt(at(6)), disposedAt(at(6), "", "NoResponse")},
			want: Facts{Qualified: qualified, ContactAt: at(6), Disposals: []Disposal{
				{At: at(6), Outcome: lead.Recycled, Reason: "NoResponse", Coded: true, MinAttempts: 2, Attempts: 2},
			}},
		},
		"after too few attempts": {
			stamps: Stamps{Qualified: qualified},
			history: []lead.Event{ // one before the hand-off, one inbound, one after
				touchAt(at(4)), inboundAt(at(7)), touchAt(at(6)), disposedAt(at(8), lead.Recycled, "NoResponse"), touchAt(at(9)),
			},
			want: Facts{Qualified: qualified, ContactAt: at(6), Disposals: []Disposal{
				{At: at(8), Outcome: lead.Recycled, Reason: "NoResponse", Coded: true, MinAttempts: 2, Attempts: 1},
			}},
		},
		"also when it was a code of its time": {
			stamps: Stamps{Qualified: qualified},
			history: []lead.Event{{Kind: lead.KindDisposition, Time: at(8), Disposition: &lead.Disposed{
				Outcome: lead.Recycled, Reason: "NoResponse", Coded: true,
			}}},
			want: Facts{Qualified: qualified, Disposals: []Disposal{{At: at(8), Outcome: lead.Recycled, Reason: "NoResponse", Coded: true, MinAttempts: 2}}},
		},
		"without outcome it is no disposition": {history: []lead.Event{disposedAt(at(9), "", "Meh")}},
		"a disposition from before the hand-off was about something else": {
			stamps:  Stamps{Qualified: qualified},
			history: []lead.Event{disposedAt(at(4), "", "NotICP"), disposedAt(at(5), "", "BadTiming")},
			want:    Facts{Qualified: qualified, Disposals: []Disposal{{At: at(5), Outcome: lead.Recycled, Reason: "BadTiming", Coded: true}}},
		},
		"the ledger's order breaks ties": {
			history: []lead.Event{
				{Kind: lead.KindDisposition, Sequence: 2, Time: at(9), Disposition: &lead.Disposed{Reason: "BadTiming"}},
				{Kind: lead.KindDisposition, Sequence: 1, Time: at(9), Disposition: &lead.Disposed{Reason: "NotICP"}},
			},
			want: Facts{Disposals: []Disposal{
				{At: at(9), Outcome: lead.Disqualified, Reason: "NotICP", Coded: true},
				{At: at(9), Outcome: lead.Recycled, Reason: "BadTiming", Coded: true},
			}},
		},
		"attempts by people and machines, not what the lead does": {
			stamps: Stamps{Qualified: qualified}, history: []lead.Event{touchAt(at(7)), inboundAt(at(6)), automatedAt(at(5)), touchAt(at(4))},
			want: Facts{Qualified: qualified, ContactAt: at(7), Attempts: []Attempt{{at(5), "Email"}, {at(7), "Phone"}}},
		},
		"a touch put on record a day later is no first contact": {
			history: []lead.Event{loggedAt(touchAt(at(5)), at(5).Add(24*time.Hour+time.Second)), loggedAt(touchAt(at(7)), at(7).Add(24*time.Hour)), touchAt(at(8))},
			want: Facts{
				ContactAt: at(7), LateContacts: []time.Time{at(5)}, Attempts: []Attempt{{at(5), "Phone"}, {at(7), "Phone"}, {at(8), "Phone"}},
			},
		},
		"the first conversation": {
			stamps: Stamps{Qualified: qualified}, history: []lead.Event{talkAt(at(9)), talkAt(at(6)), talkAt(at(4))},
			want: Facts{Qualified: qualified, TalkedAt: at(6), ContactAt: at(6)},
		},
		"what sales knows from one": {
			history: []lead.Event{
				{Kind: lead.KindOpportunity, Time: at(8), Opportunity: &lead.Opportunity{ID: "deal-1", State: lead.DealOpen}},
				{Kind: lead.KindQualified, Time: at(7), Qualification: map[string]any{"budget": true}},
			},
			want: Facts{TalkedAt: at(7)},
		},
		"accepted": {
			stamps:  Stamps{Qualified: qualified},
			history: []lead.Event{{Kind: lead.KindAccepted, Time: at(8)}, {Kind: lead.KindAccepted, Time: at(4)}, disposedAt(at(9), "", "AcceptAsSQL")},
			want: Facts{Qualified: qualified, AcceptedAt: at(8), Disposals: []Disposal{
				{At: at(9), Outcome: lead.Accepted, Reason: "AcceptAsSQL", Coded: true},
			}},
		},
		"feedback that can be counted": {
			history: []lead.Event{
				{Kind: lead.KindFeedback, Time: at(6), Feedback: &lead.Feedback{Comment: "just bad"}},
				{Kind: lead.KindFeedback, Time: at(6)},
				{Kind: lead.KindFeedback, Time: at(8), Feedback: &lead.Feedback{Rating: 2}},
				{Kind: lead.KindFeedback, Time: at(7), Feedback: &lead.Feedback{Categories: []string{"Fit"}}},
			},
			want: Facts{FeedbackAt: at(7)},
		},
		"an opt-out": {stamps: Stamps{Qualified: qualified}, history: []lead.Event{optedOut(at(7), "")}, want: Facts{Qualified: qualified, BarredAt: at(7)}},
		"an opt-out that is lifted excused all the same": {
			stamps: Stamps{Qualified: qualified}, history: []lead.Event{optedOut(at(7), ""), reinstated(at(8), "")}, want: Facts{Qualified: qualified, BarredAt: at(7)},
		},
		"one from before the hand-off holds from then on": {
			stamps: Stamps{Qualified: qualified}, history: []lead.Event{optedOut(at(3), ""), reinstated(at(8), "")}, want: Facts{Qualified: qualified, BarredAt: at(5)},
		},
		"one that was lifted before the hand-off does not": {
			stamps: Stamps{Qualified: qualified}, history: []lead.Event{optedOut(at(3), ""), reinstated(at(4), lead.ScopeContact)}, want: Facts{Qualified: qualified},
		},
		"what lifts the account's does not lift the contact's": {
			stamps: Stamps{Qualified: qualified}, history: []lead.Event{optedOut(at(3), ""), optedOut(at(3), lead.ScopeAccount), reinstated(at(4), lead.ScopeAccount)},
			want: Facts{Qualified: qualified, BarredAt: at(5)},
		},
		"another lead barred the account": {
			stamps: Stamps{Qualified: qualified, Marks: []lead.Mark{{At: at(6)}}}, history: []lead.Event{optedOut(at(7), "")}, want: Facts{Qualified: qualified, BarredAt: at(6)},
		},
		"another lead lifted what this one had asked for the account": {
			stamps:  Stamps{Qualified: qualified, Marks: []lead.Mark{{At: at(4), Lifted: true}}},
			history: []lead.Event{optedOut(at(3), lead.ScopeAccount)}, want: Facts{Qualified: qualified},
		},
		"this one lifted what another had asked for the account": {
			stamps:  Stamps{Qualified: qualified, Marks: []lead.Mark{{At: at(3)}}},
			history: []lead.Event{reinstated(at(4), lead.ScopeAccount)}, want: Facts{Qualified: qualified},
		},
		"what lifts the account's does not lift what another asked after it": {
			stamps:  Stamps{Qualified: qualified, Marks: []lead.Mark{{At: at(4)}}},
			history: []lead.Event{reinstated(at(3), lead.ScopeAccount)}, want: Facts{Qualified: qualified, BarredAt: at(5)},
		},
		"an overturned rejection is void": {
			history: []lead.Event{disposedAt(at(6), "", "BadTiming"), disposedAt(at(7), "", "NotICP"), contested(at(8), lead.ContestOverturned)},
			want: Facts{
				Disposals: []Disposal{{At: at(6), Outcome: lead.Recycled, Reason: "BadTiming", Coded: true}},
				Voided:    []Disposal{{At: at(7), Outcome: lead.Disqualified, Reason: "NotICP", Coded: true}},
			},
		},
		"a dispute, and a rejection that stands, change nothing": {
			history: []lead.Event{disposedAt(at(7), "", "NotICP"), contested(at(8), lead.ContestOpened), contested(at(9), lead.ContestUpheld)},
			want:    Facts{Disposals: []Disposal{{At: at(7), Outcome: lead.Disqualified, Reason: "NotICP", Coded: true}}},
		},
		"a ruling is about the rejection before it": {
			history: []lead.Event{contested(at(6), lead.ContestOverturned), disposedAt(at(7), "", "NotICP")},
			want:    Facts{Disposals: []Disposal{{At: at(7), Outcome: lead.Disqualified, Reason: "NotICP", Coded: true}}},
		},
		"an acceptance is no rejection": {
			history: []lead.Event{disposedAt(at(6), "", "BadTiming"), disposedAt(at(7), "", "AcceptAsSQL"), contested(at(8), lead.ContestOverturned)},
			want: Facts{
				AcceptedAt: at(7), Disposals: []Disposal{{At: at(7), Outcome: lead.Accepted, Reason: "AcceptAsSQL", Coded: true}},
				Voided: []Disposal{{At: at(6), Outcome: lead.Recycled, Reason: "BadTiming", Coded: true}},
			},
		},
		"a code that demands the whole cadence says so": {
			history: []lead.Event{disposedAt(at(7), "", "Unresponsive")},
			want:    Facts{Disposals: []Disposal{{At: at(7), Outcome: lead.Recycled, Reason: "Unresponsive", Coded: true, FullCadence: true}}},
		},
		"what the CRM acknowledges": {
			stamps: Stamps{Qualified: qualified, OwnedAt: at(6), Awaits: true, AcknowledgedAt: at(8)},
			want:   Facts{Qualified: qualified, OwnedAt: at(6), Awaits: true, Acknowledged: at(8)},
		},
		"what it says itself needs no acknowledgement": {
			stamps:  Stamps{Qualified: qualified, OwnedAt: at(6), Awaits: true, AcknowledgedAt: at(8)},
			history: []lead.Event{{Kind: lead.KindAssigned, Owner: "rep-2", Time: at(7)}},
			want:    Facts{Qualified: qualified, OwnedAt: at(6), Awaits: true, Acknowledged: at(7)},
		},
		"from before the contract": {stamps: Stamps{Qualified: qualified, Before: true}, want: Facts{Qualified: qualified, Before: true}},
		"events without data are passed over": {
			history: []lead.Event{{Kind: lead.KindTouch, Time: at(1)}, {Kind: lead.KindDisposition, Time: at(1)}, {Kind: lead.KindCaptured, Time: at(1)}, {Kind: lead.KindContested, Time: at(1)}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tc.history)
			got := FactsOf(tc.stamps, codes, tc.history)
			if tc.want.Attempts == nil {
				got.Attempts = nil // of interest to some cases only
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("FactsOf (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, tc.history); diff != "" {
				t.Errorf("the history was changed:\n%s", diff)
			}
		})
	}
}
