// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/sla"
)

func TestRejectionsWithoutACode(t *testing.T) {
	for name, c := range map[string]struct {
		data    string
		mode    sla.Mode
		message string // what it begins with; empty: it is accepted
	}{
		"none":                          {data: `{"outcome": "Recycled"}`, message: "missing; it should be one of BadTiming. "},
		"none, as the terms say":        {data: `{"outcome": "Recycled"}`, mode: sla.Enforce, message: "missing; it should be one of BadTiming. "},
		"no code":                       {data: `{"outcome": "Recycled", "reason": "meh"}`, message: "no reason code of the definition in force for outcome Recycled; it should be one of BadTiming. "},
		"an outcome without codes":      {data: `{"outcome": "Disqualified"}`, message: "missing; there is none for outcome Disqualified: outcome should be Recycled, and reason one of BadTiming. "},
		"the code of another outcome":   {data: `{"outcome": "Disqualified", "reason": "BadTiming"}`, message: "no reason code of the definition in force for outcome Disqualified; there is none"},
		"a code":                        {data: `{"outcome": "Recycled", "reason": "BadTiming"}`},
		"a code alone":                  {data: `{"reason": "BadTiming"}`},
		"an acceptance":                 {data: `{"outcome": "Accepted"}`},
		"none, where nothing is forced": {data: `{"outcome": "Recycled"}`, mode: sla.Observe},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(c.mode)
			code, answer, _ := r.do(t, request{body: eventJSON(kind("disposition", c.data))})
			if len(r.store.entries) != 1 || r.store.entries[0].Refused != (c.message != "") {
				t.Fatalf("the ledger was given %+v", r.store.entries)
			}
			got := answer.Results[0]
			if c.message == "" {
				if code != http.StatusAccepted || got.Status != events.StatusAccepted || got.Message != "" {
					t.Errorf("%d: %+v", code, got)
				}
				return
			}
			if code != http.StatusBadRequest || got.Status != events.StatusInvalid || got.Field != "data.reason" || !strings.HasPrefix(got.Message, c.message) ||
				!strings.HasSuffix(got.Message, "A rejection carries a reason code; this attempt is kept, and counts as one without. Send it again with a code") {
				t.Errorf("%d: %+v", code, got)
			}
			if strings.Contains(got.Message, "meh") || strings.Contains(r.log.String(), "meh") {
				t.Error("what was sent is said again")
			}
		})
	}
}

// What is refused spoils only itself, and is answered by what the ledger says of it.
func TestRefusedAmongOthers(t *testing.T) {
	uncoded := func(id string) string {
		event := kind("disposition", `{"outcome": "Recycled"}`)
		event["id"] = `"` + id + `"`
		return eventJSON(event)
	}
	r := newRig(sla.Enforce)
	body := "[" + strings.Join([]string{
		uncoded("1"), eventJSON(map[string]string{"id": `"2"`}), uncoded("known"), uncoded("forgotten"), eventJSON(map[string]string{"id": `""`}),
	}, ",") + "]"
	code, answer, _ := r.do(t, request{contentType: "application/cloudevents-batch+json", body: body})
	var got []events.Status
	for _, result := range answer.Results {
		got = append(got, result.Status)
	}
	want := []events.Status{events.StatusInvalid, events.StatusAccepted, events.StatusDuplicate, events.StatusForgotten, events.StatusInvalid}
	if diff := cmp.Diff(want, got); code != http.StatusMultiStatus || diff != "" {
		t.Errorf("%d (-want +got):\n%s", code, diff)
	}
	if diff := cmp.Diff(map[string]int{"accepted": 1, "duplicate": 1, "rejected": 3}, r.taken); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// A lead that comes without required fields is taken, and its sender told.
func TestMissingAtCapture(t *testing.T) {
	for name, c := range map[string]struct {
		mode    sla.Mode
		replace map[string]string
		missing []string
		message string
	}{
		"all there":          {replace: kind("captured", `{"properties": {"email": "a@b.example"}}`)},
		"none":               {replace: kind("captured", `{"properties": {}}`), missing: []string{"email"}, message: "which waits until it is there"},
		"blank":              {replace: kind("captured", `{"properties": {"email": "  "}}`), missing: []string{"email"}, message: "which waits until it is there"},
		"null":               {replace: kind("captured", `{"properties": {"email": null}}`), missing: []string{"email"}, message: "which waits until it is there"},
		"observing":          {mode: sla.Observe, replace: kind("captured", `{"properties": {}}`), missing: []string{"email"}, message: "counts against completeness"},
		"an update may lack": {replace: kind("updated", `{"properties": {}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			code, answer, _ := newRig(c.mode).do(t, request{body: eventJSON(c.replace)})
			got := answer.Results[0]
			if code != http.StatusAccepted || got.Status != events.StatusAccepted || !strings.Contains(got.Message, c.message) || (c.message == "") != (got.Message == "") {
				t.Errorf("%d: %+v", code, got)
			}
			if diff := cmp.Diff(c.missing, got.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
		})
	}
}
