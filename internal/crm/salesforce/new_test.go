// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	fake "github.com/handoff-sla/handoff/test/crm/salesforce"
)

// A new lead begins with what Salesforce lets be written when one is made, and has room for: nothing else of it keeps it from being made.
func TestFakeNewLead(t *testing.T) {
	r := rigged(t, func(o *fake.Options, _ *crm.Access) {
		o.Fields = append(fake.CustomFields(),
			fake.Field{Name: "Fit__c", Type: "double", ReadOnly: true}, fake.Field{Name: "Origin__c", Type: "string", CreateOnly: true},
			fake.Field{Name: "Topics__c", Type: "multipicklist", Restricted: true, Options: []string{"cloud", "data", "edge"}},
			fake.Field{Name: "Since__c", Type: "date"}, fake.Field{Name: "Visited__c", Type: "picklist", Restricted: true, Options: []string{"true", "false"}},
			fake.Field{Name: "Employed__c", Type: "int"}, fake.Field{Name: "Spoken__c", Type: "multipicklist", Restricted: true, Options: []string{"en", "fr"}},
		)
	})
	kept := map[string]any{
		"LastName": "L", "Company": "C", "NumberOfEmployees": 120.0, "AnnualRevenue": 1.5, "Origin__c": "form", "Topics__c": "cloud;edge", "Since__c": at(1),
		"Visited__c": true, "LeadSource": "an event", "Seniority__c": "vp", "Last_Form_At__c": at(1), "Budget__c": true, "Title": "5",
	}
	want := map[string]any{
		"LastName": "L", "Company": "C", "NumberOfEmployees": 120.0, "AnnualRevenue": 1.5, "Origin__c": "form", "Topics__c": "cloud;edge", "Since__c": "2026-11-02",
		"Visited__c": "true", "LeadSource": "an event", "Seniority__c": "vp", "Last_Form_At__c": "2026-11-02T09:00:01.000+0000", "Budget__c": true, "Title": "5", "Handoff_Score__c": 1.0,
	}
	long := strings.Repeat("é", 41)
	for name, more := range map[string]map[string]any{
		"nothing else": nil,
		"what is read-only": {
			"CreatedDate": at(1), "LastActivityDate": at(1), "Name": "N", "Fit__c": 3.0, "FirstCallDateTime": at(1), "ConvertedDate": at(1), "IsDeleted": false,
		},
		"an id":    {"Id": leadID(1)},
		"an owner": {"OwnerId": "005xx0000000001AAA"},
		"what does not fit": {
			"Lifecycle__c": "nowhere", "Spoken__c": "en;nowhere", "Handoff_Attempts__c": "many", "Timeline_Days__c": true, "Last_Page_At__c": "soon",
			"Authority__c": "perhaps", "City": long, "No_Such__c": "x", "a,b": "x", "Need__c": "\xff",
		},
		"a part of a number": {"Employed__c": 3.5},
	} {
		t.Run(name, func(t *testing.T) {
			values := maps.Clone(kept)
			maps.Copy(values, more)
			write := func(key string) crm.Write {
				return crm.Write{Values: map[string]any{"Handoff_Score__c": 1.0}, Match: &crm.Match{Field: "Handoff_Id__c", Value: key, Values: values}}
			}
			for _, w := range r.write(write(name), write(name+" again")) {
				if w.Err != nil {
					t.Fatal(w.Err)
				}
				lead := r.leads()[w.Record]
				is := map[string]any{}
				for field := range want {
					is[field] = lead[field]
				}
				if diff := gocmp.Diff(fmt.Sprint(want), fmt.Sprint(is)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				for _, field := range slices.Sorted(maps.Keys(more)) {
					if more[field] == lead[field] && field != "IsDeleted" {
						t.Errorf("%s is %v, want it left out", field, lead[field])
					}
				}
			}
		})
	}
}

// What a lead cannot be without is not left out: the answer says what is wrong with it.
func TestFakeNewLeadWithoutAName(t *testing.T) {
	r := rigged(t)
	got := r.write(crm.Write{Match: &crm.Match{
		Field: "Handoff_Id__c", Value: "Web-1", Values: map[string]any{"LastName": strings.Repeat("L", 81), "Company": "C"},
	}})
	if diff := gocmp.Diff(error(&crm.RefusedError{Status: 400, Reason: "REQUIRED_FIELD_MISSING, STRING_TOO_LONG on LastName"}), got[0].Err); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
