// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
)

// A new contact begins with what HubSpot lets be written and has room for: nothing else of the lead keeps it from being made.
func TestNewContact(t *testing.T) {
	r := newFake(t, 0)
	for name, is := range map[string]map[string]string{
		"customer_since": {"type": "date", "fieldType": "date"}, "region": {"type": "enumeration", "fieldType": "select", "options": "emea;apac"},
		"topics": {"type": "enumeration", "fieldType": "checkbox", "options": "cloud;data;edge"}, "is_partner": {"type": "bool", "fieldType": "booleancheckbox", "options": "true;false"},
		"visited": {"type": "enumeration", "fieldType": "radio", "options": "true;false"}, "fit": {"type": "number", "fieldType": "number", "readOnly": "true"},
		"asked_at": {"type": "datetime", "fieldType": "date"},
	} {
		r.act(t, control.Act{Do: "create", Type: "properties", ID: name, Values: is})
	}
	kept := map[string]any{
		"firstname": "Lead1", "numemployees": 120.5, "customer_since": noon, "region": "emea", "topics": "cloud;edge", "is_partner": true, "visited": false, "asked_at": noon,
		"jobtitle": "5",
	}
	want := map[string]string{
		"firstname": "Lead1", "numemployees": "120.5", "customer_since": "2027-01-04", "region": "emea", "topics": "cloud;edge", "is_partner": "true", "visited": "false",
		"asked_at": "2027-01-04T12:00:00.000Z", "jobtitle": "5", "handoff_score": "9",
	}
	readOnly := map[string]any{
		"createdate": noon, "hs_analytics_last_timestamp": noon, "recent_conversion_date": noon, "recent_conversion_event_name": "Demo", "num_associated_deals": 2.0,
		"hs_email_optout": false, "fit": 3.0, "hubspot_owner_id": "1",
	}
	unfit := map[string]any{
		"hs_lead_status": "Nowhere", "handoff_reason": "no_budget;no_fit", "annualrevenue": "many", "closedate": "soon", "no_such_property": "x",
	}
	for name, more := range map[string]map[string]any{"nothing else": nil, "what is read-only": readOnly, "what does not fit": unfit} {
		t.Run(name, func(t *testing.T) {
			values := maps.Clone(kept)
			maps.Copy(values, more)
			got := r.write(t, crm.Write{
				Values: map[string]any{"handoff_score": 9.0}, Match: &crm.Match{Field: "email", Value: strings.ReplaceAll(name, " ", "-") + "@example.com", Values: values},
			})
			if got[0].Err != nil {
				t.Fatal(got[0].Err)
			}
			is := map[string]string{}
			for property := range want {
				is[property] = r.value(got[0].Record, property)
			}
			if diff := cmp.Diff(want, is); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, property := range slices.Sorted(maps.Keys(more)) {
				if property != "createdate" && r.value(got[0].Record, property) != "" {
					t.Errorf("%s is %q, want it left out", property, r.value(got[0].Record, property))
				}
			}
		})
	}
}

// An option that came since the properties were read is one that a new contact can have.
func TestNewContactWithANewOption(t *testing.T) {
	r := newFake(t, 0)
	if _, err := r.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.clock.add(time.Minute)
	r.act(t, control.Act{Do: "set", Type: "properties", ID: "handoff_reason", Values: map[string]string{"options": "no_fit;no_answer"}})
	got := r.write(t, crm.Write{Match: &crm.Match{Field: "email", Value: "lead1@example.com", Values: map[string]any{"handoff_reason": "no_answer"}}})
	if got[0].Err != nil || r.value(got[0].Record, "handoff_reason") != "no_answer" {
		t.Errorf("%+v, and the property is %q", got[0], r.value(got[0].Record, "handoff_reason"))
	}
}
