// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
	fake "github.com/handoff-sla/handoff/test/crm/hubspot"
)

func refusal(t *testing.T, err error) string {
	t.Helper()
	var refused *crm.RefusedError
	if !errors.As(err, &refused) {
		t.Fatalf("%v is no refusal", err)
	}
	return refused.Reason
}

func TestWrite(t *testing.T) {
	r := newFake(t, 0)
	id := r.contact(t, map[string]string{"lifecyclestage": "lead", "hs_lead_status": "NEW", "handoff_reason": "no_fit"})
	due := noon.Add(36 * time.Hour).Add(5 * time.Millisecond)
	got := r.write(t, crm.Write{Record: id, Owner: ptr(strings.ToUpper(other)), Values: map[string]any{
		"lifecyclestage": "marketingqualifiedlead", "handoff_score": 70.5, "handoff_due_at": due, "handoff_reason": nil, "handoff_missing": "phone, budget",
		"handoff_attempts": 3.0, "handoff_revision": "mid-market-3",
	}})
	if diff := cmp.Diff([]crm.Written{{Record: id, Modified: r.clock.now()}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := map[string]string{
		"lifecyclestage": "marketingqualifiedlead", "handoff_score": "70.5", "handoff_reason": "", "handoff_missing": "phone, budget", "handoff_attempts": "3",
		"handoff_revision": "mid-market-3", "hs_lead_status": "NEW",
	}
	for name, value := range want {
		if is := r.value(id, name); is != value {
			t.Errorf("%s is %q, want %q", name, is, value)
		}
	}
	record := r.leads(t)[id]
	if record.Owner != other || !record.Modified.Equal(r.clock.now()) {
		t.Errorf("%+v", record)
	}
	if is := r.value(id, "handoff_due_at"); is != "2027-01-06T00:00:00.005Z" {
		t.Errorf("due %q", is)
	}
}

// What is wrong with one record spoils no other, and is said of that one.
func TestOneSpoilsNoOther(t *testing.T) {
	r := newFake(t, 97)
	ids := []string{}
	for id := range r.leads(t) {
		ids = append(ids, id)
	}
	r.fake.Update(func(s *fake.Settings) {
		s.Rules = []fake.Rule{{Property: "hs_lead_status", Value: "UNQUALIFIED", Requires: "handoff_reason"}}
	})
	deleted, merged, into := r.contact(t, nil), r.contact(t, nil), r.contact(t, nil)
	r.act(t, control.Act{Do: "delete", ID: deleted})
	result := r.act(t, control.Act{Do: "merge", ID: merged, Into: into})
	var writes []crm.Write
	for _, id := range append(ids, deleted, merged) {
		writes = append(writes, crm.Write{Record: id, Values: map[string]any{"handoff_score": 5.0}})
	}
	writes[10].Values["hs_lead_status"] = "UNQUALIFIED" // an admin demands a reason with it
	writes[20].Values["handoff_reason"] = "of_our_own"
	writes[30].Owner = ptr("nobody@acme.example")
	writes[40].Values["no_such_property"] = "secret value"
	writes[50].Values["hs_email_optout"] = true
	writes[60].Values["handoff_attempts"] = "many"
	got := r.write(t, writes...)
	reasons := map[int]string{
		10: "hs_lead_status", 20: "INVALID_OPTION of handoff_reason", 30: "hubspot_owner_id", 40: "no_such_property", 50: "hs_email_optout", 60: "handoff_attempts",
	}
	for i, w := range got {
		record := writes[i].Record
		switch part, bad := reasons[i]; {
		case bad:
			if reason := refusal(t, w.Err); !strings.Contains(reason, part) || strings.Contains(w.Err.Error(), "secret") {
				t.Errorf("%d: %v, want %s", i, w.Err, part)
			}
			if r.value(record, "handoff_score") != "" {
				t.Errorf("%d was written", i)
			}
		case record == deleted:
			var gone *crm.GoneError
			if !errors.As(w.Err, &gone) || gone.Gone != crm.Deleted {
				t.Errorf("deleted: %v", w.Err)
			}
		case record == merged:
			if w.Err != nil || w.Record != result || r.value(result, "handoff_score") != "5" {
				t.Errorf("merged: %+v, want %s", w, result)
			}
		case w.Err != nil || w.Record != record || r.value(record, "handoff_score") != "5":
			t.Errorf("%d: %+v", i, w)
		}
	}
}

// HubSpot moves the lifecycle stage forward only, unless it is emptied first.
func TestStageMovesBack(t *testing.T) {
	for name, was := range map[string]map[string]any{"known": {"lifecyclestage": "opportunity"}, "not known": nil, "taken for another": {"lifecyclestage": "lead"}} {
		t.Run(name, func(t *testing.T) {
			r := newFake(t, 0)
			id := r.contact(t, map[string]string{"lifecyclestage": "opportunity"})
			for _, stage := range []string{"marketingqualifiedlead", "lead", "customer"} {
				got := r.write(t, crm.Write{Record: id, Values: map[string]any{"lifecyclestage": stage}, Was: was})
				if got[0].Err != nil || r.value(id, "lifecyclestage") != stage {
					t.Errorf("%s: %+v, is %s", stage, got[0], r.value(id, "lifecyclestage"))
				}
			}
		})
	}
}

// Two writes for one contact in one call: the later one is what is left.
func TestTwiceInOneCall(t *testing.T) {
	r := newFake(t, 0)
	id := r.contact(t, nil)
	got := r.write(t,
		crm.Write{Record: id, Values: map[string]any{"handoff_score": 1.0}}, crm.Write{Record: id, Values: map[string]any{"handoff_score": 2.0}})
	if got[0].Err != nil || got[1].Err != nil || r.value(id, "handoff_score") != "2" {
		t.Errorf("%+v, score %s", got, r.value(id, "handoff_score"))
	}
}

// Leads that came as events find their contacts by a property, or get one; what a contact has already is its own.
func TestMatch(t *testing.T) {
	r := newFake(t, 0)
	there := r.contact(t, map[string]string{"email": "lead1@example.com", "firstname": "Lead1", "lifecyclestage": "opportunity"})
	match := func(email string) crm.Write {
		return crm.Write{
			Values: map[string]any{"handoff_score": 9.0, "lifecyclestage": "marketingqualifiedlead"}, Owner: ptr(rep),
			Match: &crm.Match{Field: "email", Value: email, Values: map[string]any{"firstname": "Someone", "email": email}},
		}
	}
	writes := []crm.Write{match("Lead1@Example.com"), match("new@example.com"), match("no address"), match("NEW@example.com")}
	got := r.write(t, writes...)
	if got[0].Err != nil || got[0].Record != there || r.value(there, "firstname") != "Lead1" || r.value(there, "lifecyclestage") != "marketingqualifiedlead" {
		t.Errorf("%+v, first name %s", got[0], r.value(there, "firstname"))
	}
	made := got[1].Record
	if got[1].Err != nil || made == "" || r.value(made, "firstname") != "Someone" || r.value(made, "email") != "new@example.com" || r.value(made, "handoff_score") != "9" {
		t.Errorf("%+v", got[1])
	}
	if reason := refusal(t, got[2].Err); !strings.Contains(reason, "email") || strings.Contains(got[2].Err.Error(), "no address") {
		t.Errorf("%v", got[2].Err)
	}
	if got[3].Err != nil || got[3].Record != made {
		t.Errorf("made twice: %+v, want %s", got[3], made)
	}
	again := r.write(t, writes...)
	if again[0].Record != there || again[1].Record != made {
		t.Errorf("written again: %+v", again)
	}
}

// A write that was taken although its answer was lost, and is sent again, changes nothing more.
func TestAnswerIsLost(t *testing.T) {
	for name, rule := range map[string]control.Rule{
		"broken off": {Path: "batch/", Kind: control.Drop, AfterWrite: true, Times: 1},
		"502":        {Path: "batch/update", Kind: control.Status, Status: 502, AfterWrite: true, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFake(t, 0)
			ids := []string{r.contact(t, nil), r.contact(t, nil)}
			writes := []crm.Write{
				{Record: ids[0], Owner: ptr(rep), Values: map[string]any{"handoff_score": 1.0}}, {Record: ids[1], Values: map[string]any{"handoff_score": 2.0}},
			}
			if err := r.fake.Faults.Add(rule); err != nil {
				t.Fatal(err)
			}
			for _, w := range r.write(t, writes...) {
				var unavailable *crm.UnavailableError
				if !errors.As(w.Err, &unavailable) {
					t.Errorf("%+v", w)
				}
			}
			first, _ := r.fake.Get("contacts", ids[0])
			for i, w := range r.write(t, writes...) {
				if w.Err != nil || w.Record != ids[i] {
					t.Errorf("%+v", w)
				}
			}
			if again, _ := r.fake.Get("contacts", ids[0]); !cmp.Equal(first, again) {
				t.Errorf("changed: %s", cmp.Diff(first, again))
			}
		})
	}
}

// A batch that fails in part says of which records.
func TestPartialBatch(t *testing.T) {
	r := newFake(t, 10)
	var writes []crm.Write
	for id := range r.leads(t) {
		writes = append(writes, crm.Write{Record: id, Values: map[string]any{"handoff_score": 3.0}})
	}
	if err := r.fake.Faults.Add(control.Rule{Path: "batch/update", Kind: control.Partial, ItemEvery: 3, Times: 1}); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for i, w := range r.write(t, writes...) {
		written := r.value(writes[i].Record, "handoff_score") == "3"
		if (w.Err == nil) != written {
			t.Errorf("%d: %v, written %v", i, w.Err, written)
		}
		if w.Err != nil {
			failed++
			var unavailable *crm.UnavailableError
			if !errors.As(w.Err, &unavailable) {
				t.Errorf("%d: %v", i, w.Err)
			}
		}
	}
	if failed == 0 || failed == 10 {
		t.Errorf("%d failed", failed)
	}
}

// Schemas change under way: an option that came is written, one that went is refused, for whom it concerns.
func TestSchemaChanges(t *testing.T) {
	r := newFake(t, 2)
	ids := []string{}
	for id := range r.leads(t) {
		ids = append(ids, id)
	}
	r.clock.add(time.Hour)
	r.act(t, control.Act{Do: "set", Type: "properties", ID: "handoff_reason", Values: map[string]string{"options": "no_fit;no_answer"}})
	got := r.write(t,
		crm.Write{Record: ids[0], Values: map[string]any{"handoff_reason": "no_answer"}}, crm.Write{Record: ids[1], Values: map[string]any{"handoff_reason": "no_budget"}})
	if got[0].Err != nil || r.value(ids[0], "handoff_reason") != "no_answer" {
		t.Errorf("%+v", got[0])
	}
	if reason := refusal(t, got[1].Err); reason != "INVALID_OPTION of handoff_reason" && !strings.Contains(reason, "handoff_reason") {
		t.Error(reason)
	}
	r.act(t, control.Act{Do: "delete", Type: "properties", ID: "handoff_score"})
	got = r.write(t,
		crm.Write{Record: ids[0], Values: map[string]any{"handoff_score": 1.0}}, crm.Write{Record: ids[1], Values: map[string]any{"handoff_attempts": 1.0}})
	if reason := refusal(t, got[0].Err); !strings.Contains(reason, "PROPERTY_DOESNT_EXIST of handoff_score") {
		t.Error(reason)
	}
	if got[1].Err != nil || r.value(ids[1], "handoff_attempts") != "1" {
		t.Errorf("%+v", got[1])
	}
}

// Answers that tell nothing of some items, or of none, are asked about again, one by one, and never taken for a yes.
func TestSilentBatch(t *testing.T) {
	requests := 0
	c := canned{
		"GET /crm/owners/2026-09":              says(200, people),
		"GET /crm/properties/2026-09/contacts": says(200, `{"results":[{"name":"handoff_score","type":"number","fieldType":"number"}]}`),
		"POST /crm/objects/2026-09/contacts/batch/update": func(w http.ResponseWriter, r *http.Request) {
			requests++
			var batch struct{ Inputs []struct{ ID string } }
			sent(t, r, &batch)
			results := []any{}
			for _, in := range batch.Inputs {
				if in.ID == "1" || in.ID == "2" && len(batch.Inputs) == 1 {
					results = append(results, map[string]any{"id": in.ID, "updatedAt": noon, "properties": map[string]any{}})
				}
			}
			if err := json.NewEncoder(w).Encode(map[string]any{"status": "COMPLETE", "results": results}); err != nil {
				t.Error(err)
			}
		},
	}
	r := newRig(t, c, &clock{at: noon})
	var writes []crm.Write
	for _, id := range []string{"1", "2", "3"} {
		writes = append(writes, crm.Write{Record: id, Values: map[string]any{"handoff_score": 1.0}})
	}
	got := r.Write(t.Context(), writes)
	var unavailable *crm.UnavailableError
	if got[0].Err != nil || got[1].Err != nil || !errors.As(got[2].Err, &unavailable) || requests != 3 {
		t.Errorf("%d requests: %+v", requests, got)
	}
}
