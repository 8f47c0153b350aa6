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
			want: Facts{Disposals: []Disposal{
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
		"after too few attempts it has no code": {
			stamps: Stamps{Qualified: qualified},
			history: []lead.Event{ // one before the hand-off, one inbound, one after
				touchAt(at(4)), inboundAt(at(7)), touchAt(at(6)), disposedAt(at(8), lead.Recycled, "NoResponse"), touchAt(at(9)),
			},
			want: Facts{Qualified: qualified, ContactAt: at(6), Disposals: []Disposal{
				{At: at(8), Outcome: lead.Recycled, Reason: "NoResponse", MinAttempts: 2, Attempts: 1},
			}},
		},
		"also when it was a code of its time": {
			stamps: Stamps{Qualified: qualified},
			history: []lead.Event{{Kind: lead.KindDisposition, Time: at(8), Disposition: &lead.Disposed{
				Outcome: lead.Recycled, Reason: "NoResponse", Coded: true,
			}}},
			want: Facts{Qualified: qualified, Disposals: []Disposal{{At: at(8), Outcome: lead.Recycled, Reason: "NoResponse", MinAttempts: 2}}},
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
		"events without data are passed over": {
			history: []lead.Event{{Kind: lead.KindTouch, Time: at(1)}, {Kind: lead.KindDisposition, Time: at(1)}, {Kind: lead.KindCaptured, Time: at(1)}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tc.history)
			if diff := cmp.Diff(tc.want, FactsOf(tc.stamps, codes, tc.history)); diff != "" {
				t.Errorf("FactsOf (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, tc.history); diff != "" {
				t.Errorf("the history was changed:\n%s", diff)
			}
		})
	}
}
