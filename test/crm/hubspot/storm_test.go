// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
	"github.com/handoff-sla/handoff/test/crm/hubspot"
)

// storm is everything that goes wrong at once: of each hundred requests, about thirty.
func storm() []control.Rule {
	return []control.Rule{
		{Name: "rate", Kind: control.Status, Status: 429, Headers: map[string]string{"Retry-After": "0.02"}, Percent: 6, Seed: 1},
		{Name: "error", Kind: control.Status, Status: 500, Percent: 4, Seed: 2},
		{Name: "gateway", Kind: control.Status, Status: 502, Percent: 4, Seed: 3},
		{Name: "gateway, after it was taken", Kind: control.Status, Status: 504, AfterWrite: true, Percent: 4, Seed: 4},
		{Name: "dropped", Kind: control.Drop, Percent: 4, Seed: 5},
		{Name: "dropped, after it was taken", Kind: control.Drop, AfterWrite: true, Percent: 4, Seed: 6},
		{Name: "locked", Kind: control.Status, Status: 423, Path: "/batch/(update|upsert)$", Percent: 4, Seed: 7},
		{Name: "in part", Kind: control.Partial, ItemEvery: 7, Path: "/batch/(update|upsert|read)$", Percent: 15, Seed: 8},
	}
}

func TestStorm(t *testing.T) {
	r := newRig(t, hubspot.Options{Settings: hubspot.Settings{Unlimited: true, Burst: 10_000}}, newBudget())
	if err := r.Seed(1500, time.Time{}, map[string]string{"company": "Company {n}"}); err != nil {
		t.Fatal(err)
	}
	r.Log.Clear()
	r.faults(t, storm()...)
	leads := r.reader(crm.Leads)
	leads.pass(t)
	if len(leads.records) != 1500 {
		t.Fatalf("read %d contacts, want 1500", len(leads.records))
	}
	var writes []crm.Write
	for i, id := range slices.Sorted(maps.Keys(leads.records)) {
		if leads.records[id].Values["company"] != "Company "+id {
			t.Fatalf("contact %s has company %v", id, leads.records[id].Values["company"])
		}
		owner := []string{rep1, rep2}[i%2]
		writes = append(writes, crm.Write{Record: id, Owner: &owner, Values: map[string]any{
			"lifecyclestage": "marketingqualifiedlead", "handoff_score": float64(i), "handoff_revision": "r1",
		}})
	}
	for i := range 300 { // and some that came as events
		key := fmt.Sprintf("event-%d", i)
		writes = append(writes, crm.Write{
			Match:  &crm.Match{Field: "handoff_key", Value: key, Values: map[string]any{"company": "Events"}},
			Values: map[string]any{"handoff_score": float64(i)},
		})
	}
	records := map[string]bool{}
	for i, written := range r.writeAll(t, writes) {
		if written.Err != nil || records[written.Record] {
			t.Fatalf("write %d: record %s: %v", i, written.Record, written.Err)
		}
		records[written.Record] = true
	}
	notes := []crm.Note{}
	for i := range 40 {
		notes = append(notes, crm.Note{Record: writes[i].Record, Key: fmt.Sprintf("undo-%d", i), Text: "A rejection needs a reason.\nIt was set back."})
	}
	leaveAll(t, r, notes)
	moveBack(t, r, writes)
	struck := r.Faults.Struck()
	r.Faults.Clear()
	for name, n := range struck {
		if n == 0 {
			t.Errorf("fault %q never struck", name)
		}
	}
	nothingLost(t, r, writes)
	sum := r.Log.Summary(time.Second)
	// 1,500 are updated, and 100 of them moved back, for which their stage is emptied first.
	want := map[string]int{"token update contacts": 1700, "token create contacts": 300, "token create notes": 40}
	for what, n := range want {
		if sum.By[what] != n {
			t.Errorf("%s: %d times, want %d: each once", what, sum.By[what], n)
		}
	}
}

// moveBack the stage of some, which HubSpot does only when it was emptied.
func moveBack(t *testing.T, r *rig, writes []crm.Write) {
	t.Helper()
	var back []crm.Write
	for _, w := range writes[:100] {
		back = append(back, crm.Write{
			Record: w.Record, Values: map[string]any{"lifecyclestage": "lead"}, Was: map[string]any{"lifecyclestage": "marketingqualifiedlead"},
		})
	}
	for i, written := range r.writeAll(t, back) {
		record, _ := r.Get("contacts", back[i].Record)
		if written.Err != nil || record.Values["lifecyclestage"] != "lead" {
			t.Errorf("contact %s was to go back to lead, and is %q: %v", back[i].Record, record.Values["lifecyclestage"], written.Err)
		}
	}
}

// leaveAll notes, and each again, as a worker does that was stopped before it knew.
func leaveAll(t *testing.T, r *rig, notes []crm.Note) {
	t.Helper()
	for _, note := range slices.Concat(notes, notes) {
		var err error
		for range 100 {
			if err = r.system.Note(t.Context(), note); err == nil {
				break
			}
		}
		if err != nil {
			t.Fatalf("note %s: %v", note.Key, err)
		}
	}
}

// nothingLost: the contacts hold what was written, and there are no others.
func nothingLost(t *testing.T, r *rig, writes []crm.Write) {
	t.Helper()
	state := r.Account()
	byKey := map[string]string{}
	for id, record := range state.Objects["contacts"] {
		if key := record.Values["handoff_key"]; key != "" {
			if byKey[key] != "" {
				t.Errorf("two contacts have the key %s", key)
			}
			byKey[key] = id
		}
	}
	if len(state.Objects["contacts"]) != len(writes) {
		t.Errorf("%d contacts, want %d", len(state.Objects["contacts"]), len(writes))
	}
	for i, w := range writes {
		id := w.Record
		if w.Match != nil {
			id = byKey[w.Match.Value]
		}
		record := state.Objects["contacts"][id]
		if got, want := record.Values["handoff_score"], strconv.FormatFloat(w.Values["handoff_score"].(float64), 'f', -1, 64); got != want {
			t.Errorf("write %d: handoff_score of contact %s is %q, want %q", i, id, got, want)
		}
		if w.Owner != nil && state.Owners[record.Values["hubspot_owner_id"]] != *w.Owner {
			t.Errorf("write %d: contact %s is owned by %q, want %s", i, id, state.Owners[record.Values["hubspot_owner_id"]], *w.Owner)
		}
	}
}
