// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

func TestGoodEvents(t *testing.T) {
	entry := func(k lead.Kind, d ledger.Data) ledger.Entry {
		return ledger.Entry{Source: "/website", ID: "1", Lead: "lead-1", Kind: k, Time: now.Add(-3 * time.Minute), Data: d}
	}
	resolved := func(e ledger.Entry) ledger.Entry {
		e.Resolved = ledger.Resolved{Outcome: lead.Recycled, Coded: true}
		return e
	}
	for name, c := range map[string]struct {
		replace map[string]string
		want    ledger.Entry
	}{
		"captured": {
			kind("captured", `{"properties": {"numberofemployees": "120", "anything": [1, "x", {"y": null}]}, "ignored": 1}`),
			entry(lead.KindCaptured, ledger.Data{Properties: map[string]any{
				"numberofemployees": "120", "anything": []any{1.0, "x", map[string]any{"y": nil}},
			}}),
		},
		"a value is removed": {
			kind("updated", `{"properties": {"email": null}}`),
			entry(lead.KindUpdated, ledger.Data{Properties: map[string]any{"email": nil}}),
		},
		"activity": {
			kind("activity", `{"activity": "PageView", "properties": {"path": "/pricing"}}`),
			entry(lead.KindActivity, ledger.Data{Activity: "PageView", Properties: map[string]any{"path": "/pricing"}}),
		},
		"activity without properties": {kind("activity", `{"activity": "TrialSignup"}`), entry(lead.KindActivity, ledger.Data{Activity: "TrialSignup"})},
		"assigned":                    {kind("assigned", `{"owner": "rep-1"}`), entry(lead.KindAssigned, ledger.Data{Owner: "rep-1"})},
		"touch": {
			kind("touch", `{"rep": "rep-1", "channel": "Phone", "direction": "Inbound", "actor": "Human", "answered": true}`),
			entry(lead.KindTouch, ledger.Data{Rep: "rep-1", Channel: "Phone", Direction: "Inbound", Actor: "Human", Answered: true}),
		},
		"disposition by its code": {
			kind("disposition", `{"reason": "BadTiming", "by": "rep-1"}`),
			resolved(entry(lead.KindDisposition, ledger.Data{Reason: "BadTiming", By: "rep-1"})),
		},
		"disposition with its code": {
			kind("disposition", `{"outcome": "Recycled", "reason": "BadTiming"}`),
			resolved(entry(lead.KindDisposition, ledger.Data{Outcome: lead.Recycled, Reason: "BadTiming"})),
		},
		"a code of another outcome": {
			kind("disposition", `{"outcome": "Disqualified", "reason": "BadTiming"}`),
			entry(lead.KindDisposition, ledger.Data{Outcome: lead.Disqualified, Reason: "BadTiming"}),
		},
		"rejection without a code": {
			kind("disposition", `{"outcome": "Disqualified", "reason": "no such code"}`),
			entry(lead.KindDisposition, ledger.Data{Outcome: lead.Disqualified, Reason: "no such code"}),
		},
		"qualified": {
			kind("qualified", `{"by": "rep-1", "qualification": {"budget": true, "need": "routing", "timelineDays": 90, "authority": null}}`),
			entry(lead.KindQualified, ledger.Data{By: "rep-1", Qualification: map[string]any{
				"budget": true, "need": "routing", "timelineDays": 90.0, "authority": nil,
			}}),
		},
		"touch with all there is": {
			kind("touch", `{"channel": "Phone", "direction": "Outbound", "actor": "Human", "twoWay": true, "loggedAt": "2027-01-04T15:30:00+02:00"}`),
			entry(lead.KindTouch, ledger.Data{
				Channel: "Phone", Direction: "Outbound", Actor: "Human", TwoWay: true,
				LoggedAt: func() *time.Time { at := now.Add(-33 * time.Minute); return &at }(),
			}),
		},
		"accepted": {kind("accepted", `{"by": "rep-1"}`), entry(lead.KindAccepted, ledger.Data{By: "rep-1"})},
		"contest resolved, parties in any order": {
			kind("contested", `{"ruling": "Overturned", "parties": ["Sales", "Marketing", "Sales"], "reason": "there is a project"}`),
			entry(lead.KindContested, ledger.Data{Ruling: lead.ContestOverturned, Parties: []string{"Marketing", "Sales"}, Reason: "there is a project"}),
		},
		"opportunity": {
			kind("opportunity", `{"opportunity": "deal-9", "state": "Won", "amount": 50000.5, "currency": "EUR"}`),
			entry(lead.KindOpportunity, ledger.Data{Opportunity: "deal-9", State: lead.DealWon, Amount: 50000.5, Currency: "EUR"}),
		},
		"feedback": {
			kind("feedback", `{"rating": 2, "categories": ["Fit", "Timing"], "comment": "next year"}`),
			entry(lead.KindFeedback, ledger.Data{Rating: 2, Categories: []string{"Timing", "Fit"}, Comment: "next year"}),
		},
		"opted out":  {kind("optedout", `{}`), entry(lead.KindOptedOut, ledger.Data{})},
		"reinstated": {kind("reinstated", `{"scope": "Account"}`), entry(lead.KindReinstated, ledger.Data{Scope: lead.ScopeAccount})},
		"merged":     {kind("merged", `{"merged": "lead-2"}`), entry(lead.KindMerged, ledger.Data{Merged: "lead-2"})},
		"a little ahead": {
			map[string]string{"time": `"2027-01-04T16:08:00+02:00"`, "data": `{"properties": {}}`},
			func() ledger.Entry {
				e := entry(lead.KindCaptured, ledger.Data{Properties: map[string]any{}})
				e.Time = now.Add(5 * time.Minute)
				return e
			}(),
		},
		"extensions": {
			map[string]string{"traceparent": `"00-x"`, "partition": "7", "flag": "true", "data": `{"properties": {}}`},
			entry(lead.KindCaptured, ledger.Data{Properties: map[string]any{}}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig()
			status, a, _ := r.do(t, request{body: eventJSON(c.replace)})
			if status != http.StatusAccepted {
				t.Fatalf("status %d, %+v", status, a)
			}
			if diff := cmp.Diff([]ledger.Entry{c.want}, r.store.entries); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}
