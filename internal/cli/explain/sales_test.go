// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
)

// What sales did, with what of it counts: a code that takes the whole follow-up, a rejection that was overturned, a contact that was put on
// record too late, and an intent that rose.
func TestWhatOfSalesCounts(t *testing.T) {
	e, err := New("d", lead.Definition{
		Fields:  []lead.Field{{Name: "size", Type: lead.Integer}},
		Signals: []lead.Signal{{Name: "view", Activity: "PageView"}},
		Paths:   []lead.Path{{Name: "large", Criteria: []lead.Criterion{{Expression: "lead.size > 10"}}}},
		Intents: []lead.Intent{{Name: "Hot", When: "signals.view.count > 0"}, {Name: "Cold"}},
		Dispositions: []lead.Disposition{
			{Name: "NotICP", Outcome: lead.Disqualified, Status: "Disqualified"},
			{Name: "NoResponse", Outcome: lead.Recycled, FullCadence: lead.FullCadenceRequired, Status: "Nurture"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	after := func(hours int, e lead.Event) lead.Event {
		e.Time, e.Sequence = start.Add(time.Duration(hours)*time.Hour), int64(hours)
		return e
	}
	disposed := func(reason string) lead.Event {
		return lead.Event{Kind: lead.KindDisposition, Disposition: &lead.Disposed{Reason: reason}}
	}
	late := lead.Event{Kind: lead.KindTouch, Touch: &lead.Touch{Channel: "Phone", Direction: "Outbound", Actor: "Human", LoggedAt: start.Add(48 * time.Hour)}}
	x := e.Lead("a", []lead.Event{
		captured(map[string]any{"size": 20.0}), after(1, late), view(2 * time.Hour), after(3, disposed("NotICP")),
		after(4, lead.Event{Kind: lead.KindContested, Contest: &lead.Contest{Ruling: lead.ContestOverturned, By: []string{"Marketing", "Sales"}}}),
		after(5, disposed("NoResponse")),
	})
	want := []Disposal{
		{Cycle: 1, At: start.Add(3 * time.Hour), Outcome: "Disqualified", Reason: "NotICP", Coded: true, Status: "Disqualified", Overturned: true},
		{Cycle: 1, At: start.Add(5 * time.Hour), Outcome: "Recycled", Reason: "NoResponse", Coded: true, FullCadence: true, Status: "Nurture"},
	}
	if diff := cmp.Diff(want, x.Disposals); diff != "" {
		t.Errorf("dispositions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Raise{{Cycle: 1, At: start.Add(2 * time.Hour), Intent: "Hot"}}, x.Raises); diff != "" {
		t.Errorf("raises (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]LateContact{{Cycle: 1, At: start.Add(time.Hour)}}, x.LateContacts); diff != "" {
		t.Errorf("late contacts (-want +got):\n%s", diff)
	}
	if x.Reentry == nil || x.Reentry.Reason != "NoResponse" {
		t.Errorf("re-entry %+v, want that of the rejection that stands", x.Reentry)
	}
	var text bytes.Buffer
	x.cyclesText(&text)
	for _, line := range []string{
		"intent\t2026-01-01T02:00:00Z\trose to Hot", "contact\t2026-01-01T01:00:00Z\tput on record more than 24 hours later: it is no first contact",
		"disqualified\t2026-01-01T03:00:00Z\tNotICP, status Disqualified; overturned by both parties, as if it had not been",
		"recycled\t2026-01-01T05:00:00Z\tNoResponse, which counts after the contract's full follow-up, status Nurture",
	} {
		if !strings.Contains(text.String(), line) {
			t.Errorf("no line %q in\n%s", line, text.String())
		}
	}
}
