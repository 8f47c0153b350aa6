// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
	fake "github.com/handoff-sla/handoff/test/crm/hubspot"
)

// A contact is found by the address of one that it took in, and keeps its own.
func TestMatchByAnotherAddress(t *testing.T) {
	r := newFake(t, 0)
	kept, taken := r.contact(t, map[string]string{"email": "lead1@example.com"}), r.contact(t, map[string]string{"email": "lead2@example.com"})
	merged := r.act(t, control.Act{Do: "merge", ID: taken, Into: kept})
	got := r.write(t, crm.Write{
		Values: map[string]any{"handoff_score": 9.0},
		Match:  &crm.Match{Field: "email", Value: "Lead2@example.com", Values: map[string]any{"firstname": "Someone", "email": "lead2@example.com"}},
	})
	if got[0].Err != nil || got[0].Record != merged || r.value(merged, "handoff_score") != "9" {
		t.Errorf("%+v, want %s", got[0], merged)
	}
	if email, name := r.value(merged, "email"), r.value(merged, "firstname"); email != "lead1@example.com" || name != "" {
		t.Errorf("the contact has address %s and first name %q: what it has is its own", email, name)
	}
}

// A value that HubSpot does not take even to look for spoils no other.
func TestLookingForNonsense(t *testing.T) {
	c := canned{
		"GET /crm/owners/2026-09":              says(200, people),
		"GET /crm/properties/2026-09/contacts": says(200, `{"results":[{"name":"handoff_score","type":"number","fieldType":"number"}]}`),
		"POST /crm/objects/2026-09/contacts/batch/read": func(w http.ResponseWriter, r *http.Request) {
			var batch struct{ Inputs []struct{ ID string } }
			sent(t, r, &batch)
			results := []any{}
			for _, in := range batch.Inputs {
				if in.ID == "nonsense" {
					says(400, `{"status":"error","category":"VALIDATION_ERROR","message":"nonsense is no address"}`)(w, r)
					return
				}
				results = append(results, map[string]any{"id": in.ID[4:5], "properties": map[string]any{"email": in.ID}})
			}
			if err := json.NewEncoder(w).Encode(map[string]any{"status": "COMPLETE", "results": results}); err != nil {
				t.Error(err)
			}
		},
		"POST /crm/objects/2026-09/contacts/batch/update": func(w http.ResponseWriter, r *http.Request) {
			var batch struct{ Inputs []struct{ ID string } }
			sent(t, r, &batch)
			results := []any{}
			for _, in := range batch.Inputs {
				results = append(results, map[string]any{"id": in.ID, "properties": map[string]any{}})
			}
			if err := json.NewEncoder(w).Encode(map[string]any{"status": "COMPLETE", "results": results}); err != nil {
				t.Error(err)
			}
		},
	}
	r := newRig(t, c, &clock{at: noon})
	var writes []crm.Write
	for _, email := range []string{"lead1@example.com", "nonsense", "lead2@example.com", "lead3@example.com"} {
		writes = append(writes, crm.Write{Match: &crm.Match{Field: "email", Value: email}, Values: map[string]any{"handoff_score": 1.0}})
	}
	for i, w := range r.Write(t.Context(), writes) {
		if i == 1 {
			refusal(t, w.Err)
		} else if want := writes[i].Match.Value[4:5]; w.Err != nil || w.Record != want {
			t.Errorf("%d: %+v, want %s", i, w, want)
		}
	}
}

// A write that is refused after the lifecycle stage was emptied for it leaves the stage as it was.
func TestStageThatMayNotMoveBack(t *testing.T) {
	for name, was := range map[string]map[string]any{"known": {"lifecyclestage": "opportunity"}, "not known": nil} {
		t.Run(name, func(t *testing.T) {
			r := newFake(t, 0)
			ids := []string{r.contact(t, map[string]string{"lifecyclestage": "opportunity"}), r.contact(t, map[string]string{"lifecyclestage": "opportunity"})}
			writes := []crm.Write{
				{Record: ids[0], Values: map[string]any{"lifecyclestage": "lead"}, Was: was},
				{Record: ids[1], Values: map[string]any{"lifecyclestage": "lead", "handoff_reason": "no_fit"}, Was: was},
			}
			r.fake.Update(func(s *fake.Settings) {
				s.Rules = []fake.Rule{{Property: "lifecyclestage", Value: "lead", Requires: "handoff_reason"}}
			})
			got := r.write(t, writes...)
			refusal(t, got[0].Err)
			if stage := r.value(ids[0], "lifecyclestage"); stage != "opportunity" {
				t.Errorf("refused, and the stage is %q", stage)
			}
			if stage := r.value(ids[1], "lifecyclestage"); got[1].Err != nil || stage != "lead" {
				t.Errorf("%v, and the stage is %q", got[1].Err, stage)
			}
			// What cannot be put back now is written again, all of it.
			if was == nil {
				return
			}
			if err := r.fake.Faults.Add(control.Rule{Path: "batch/update", Kind: control.Status, Status: 502, Skip: 2, Times: 1}); err != nil {
				t.Fatal(err)
			}
			var unavailable *crm.UnavailableError
			if got := r.write(t, writes[0]); !errors.As(got[0].Err, &unavailable) || r.value(ids[0], "lifecyclestage") != "" {
				t.Errorf("%+v, and the stage is %q", got[0], r.value(ids[0], "lifecyclestage"))
			}
			refusal(t, r.write(t, writes[0])[0].Err)
			if stage := r.value(ids[0], "lifecyclestage"); stage != "opportunity" {
				t.Errorf("refused again, and the stage is %q", stage)
			}
		})
	}
}

// What is put back is the stage that the contact had, and not the one that was known of it; and nothing is where emptying it was refused, too.
func TestStageThatAPersonSetMeanwhile(t *testing.T) {
	rule := fake.Rule{Property: "lifecyclestage", Value: "lead", Requires: "handoff_reason"}
	none := fake.Rule{Property: "lifecyclestage", Value: "", Requires: "handoff_reason"}
	for name, rules := range map[string][]fake.Rule{"it was emptied": {rule}, "it was not": {rule, none}} {
		t.Run(name, func(t *testing.T) {
			r := newFake(t, 0)
			id := r.contact(t, map[string]string{"lifecyclestage": "customer"})
			r.act(t, control.Act{Do: "set", ID: id, Values: map[string]string{"lifecyclestage": "opportunity"}})
			r.fake.Update(func(s *fake.Settings) { s.Rules = rules })
			got := r.write(t, crm.Write{Record: id, Values: map[string]any{"lifecyclestage": "lead"}, Was: map[string]any{"lifecyclestage": "customer"}})
			if refusal(t, got[0].Err); r.value(id, "lifecyclestage") != "opportunity" {
				t.Errorf("the stage is %q, and was set to opportunity by a person", r.value(id, "lifecyclestage"))
			}
		})
	}
}

// A record with two things wrong, one of them a property that nobody has, spoils none that has a good value of the other.
func TestTwoThingsWrong(t *testing.T) {
	r := newFake(t, 0)
	var writes []crm.Write
	for range 5 {
		writes = append(writes, crm.Write{Record: r.contact(t, nil), Values: map[string]any{"handoff_attempts": 3.0}})
	}
	writes[2].Values = map[string]any{"handoff_attempts": "many", "no_such_property": "x"}
	writes[4].Values["no_such_property"] = "y"
	for i, w := range r.write(t, writes...) {
		switch written := r.value(writes[i].Record, "handoff_attempts"); i {
		case 2, 4:
			if reason := refusal(t, w.Err); !strings.Contains(reason, "PROPERTY_DOESNT_EXIST") || !strings.Contains(reason, "no_such_property") || written != "" {
				t.Errorf("%d: %s, written %q", i, reason, written)
			}
		default:
			if w.Err != nil || written != "3" {
				t.Errorf("%d: %v, written %q", i, w.Err, written)
			}
		}
	}
}
