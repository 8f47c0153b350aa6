// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

func toldChecker(mode sla.Mode) *events.Checker {
	return events.NewChecker(lead.Definition{
		Fields:       []lead.Field{{Name: "employees", Type: lead.Integer, Property: "numberofemployees"}},
		Dispositions: []lead.Disposition{{Name: "BadTiming", Outcome: lead.Recycled}},
	}, mode)
}

// What a CRM shows obeys the rules for what is sent: for each event the answer is that of POST /v1/events.
func TestToldIsCheckedLikeWhatIsSent(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	good := crm.Told{
		Source: "/crm/hubspot/42", ID: "leads/7/captured@1", Kind: lead.KindCaptured, Lead: "7", Time: now,
		Data: map[string]any{"properties": map[string]any{"numberofemployees": 5.0}},
	}
	for name, tc := range map[string]struct {
		edit    func(*crm.Told)
		mode    sla.Mode
		problem string
		refused bool
	}{
		"good":              {func(*crm.Told) {}, sla.Enforce, "", false},
		"no source":         {func(e *crm.Told) { e.Source = "" }, sla.Enforce, "source: missing", false},
		"no id":             {func(e *crm.Told) { e.ID = "" }, sla.Enforce, "id: missing", false},
		"no lead":           {func(e *crm.Told) { e.Lead = "" }, sla.Enforce, "subject: missing", false},
		"a NUL":             {func(e *crm.Told) { e.ID = "a\x00" }, sla.Enforce, "id: has a NUL character", false},
		"a long id":         {func(e *crm.Told) { e.ID = strings.Repeat("a", 300) }, sla.Enforce, "id: has 300 characters; at most 256 are allowed", false},
		"white space":       {func(e *crm.Told) { e.Lead = "a b" }, sla.Enforce, "subject: is the lead's id and has no white space", false},
		"too early":         {func(e *crm.Told) { e.Time = time.Time{} }, sla.Enforce, "time: is before 2000-01-01T00:00:00Z", false},
		"to come":           {func(e *crm.Told) { e.Time = now.Add(time.Hour) }, sla.Enforce, "time: is more than 5 minutes in the future: it is 2026-03-02T09:00:00Z now", false},
		"no such kind":      {func(e *crm.Told) { e.Kind = "sneezed" }, sla.Enforce, "type: unknown", false},
		"no data":           {func(e *crm.Told) { e.Data = nil }, sla.Enforce, "data: should be a JSON object", false},
		"data that are not": {func(e *crm.Told) { e.Data = map[string]any{"properties": func() {}} }, sla.Enforce, "data: has a value that JSON does not carry", false},
		"another type": {
			func(e *crm.Told) { e.Data = map[string]any{"properties": map[string]any{"numberofemployees": "many"}} }, sla.Enforce,
			`data.properties.numberofemployees: field "employees" (property "numberofemployees") expects Integer, got a string that is none`, false,
		},
		"a rejection without a code": {
			func(e *crm.Told) { e.Kind, e.Data = lead.KindDisposition, map[string]any{"outcome": "Recycled"} }, sla.Enforce, "", true,
		},
		"and where the terms observe": {
			func(e *crm.Told) { e.Kind, e.Data = lead.KindDisposition, map[string]any{"outcome": "Recycled"} }, sla.Observe, "", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			one := good
			tc.edit(&one)
			entry, err := toldChecker(tc.mode).Told(one, now)
			if got := problemOf(err); !strings.HasPrefix(got, tc.problem) || (got == "") != (tc.problem == "") {
				t.Errorf("problem %q, want %q", got, tc.problem)
			}
			if entry.Refused != tc.refused {
				t.Errorf("refused %v", entry.Refused)
			}
		})
	}
	entry, err := toldChecker(sla.Enforce).Told(crm.Told{
		Source: good.Source, ID: "leads/7/disposition@1", Kind: lead.KindDisposition, Lead: "7", Time: now.In(time.FixedZone("east", 3600)),
		Data: map[string]any{"outcome": "Recycled", "reason": "BadTiming"},
	}, now)
	want := ledger.Entry{
		Source: good.Source, ID: "leads/7/disposition@1", Lead: "7", Kind: lead.KindDisposition, Time: now,
		Data: ledger.Data{Outcome: lead.Recycled, Reason: "BadTiming"}, Resolved: ledger.Resolved{Outcome: lead.Recycled, Coded: true},
	}
	if diff := cmp.Diff(want, entry); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func problemOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
