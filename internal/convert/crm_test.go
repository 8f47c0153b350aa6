// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/crm"
)

// fullCRM names every field there is, of HubSpot and of all types.
func fullCRM() slav1alpha1.CRM {
	return slav1alpha1.CRM{
		Type: slav1alpha1.HubSpotCRM,
		HubSpot: &slav1alpha1.HubSpot{
			SecretRef: slav1alpha1.ObjectReference{Name: "handoff-hubspot"}, URL: "http://hubspot:8080", Version: "2027-03",
			Webhooks: "https://handoff.example.com/v1/crm/hubspot", MatchBy: "email",
		},
		Fields: &slav1alpha1.CRMFields{
			Stage: "a", Status: "b", Reason: "c", Score: "d", Revision: "e", Due: "f", FirstTouch: "g", Attempts: "h", Missing: "i",
		},
		Stages:   []slav1alpha1.CRMStage{{Stage: "SAL", Value: "4711"}},
		Statuses: []slav1alpha1.CRMStatus{{Status: "Nurture", Value: "BAD_TIMING"}, {Status: "Disqualified", Value: "UNQUALIFIED"}},
		Activities: []slav1alpha1.CRMActivity{
			{Name: "FormSubmit", At: "j", Properties: []slav1alpha1.CRMProperty{{Name: "form", Field: "k"}, {Name: "page", Field: "l"}}}, {Name: "Visit", At: "m"},
		},
		Qualification: []slav1alpha1.CRMQualification{{Name: "budget", Field: "n"}, {Name: "need", Field: "o"}},
		OptOut:        "p", PollEvery: "1m30s", DryRun: ptr.To(true),
		SetBack: &slav1alpha1.CRMSetBack{After: "5m", Limit: ptr.To[int32](7)}, DailyPercent: ptr.To[int32](50),
	}
}

func TestCRM(t *testing.T) {
	written := fullCRM()
	got, err := CRM(&written)
	if err != nil {
		t.Fatal(err)
	}
	stages := crm.Defaults(crm.TypeHubSpot).Mapping.Stages
	stages["SAL"] = "4711"
	want := &crm.Settings{
		Type: crm.TypeHubSpot, URL: "http://hubspot:8080", Version: "2027-03", Webhooks: "https://handoff.example.com/v1/crm/hubspot", MatchBy: "email",
		Mapping: crm.Mapping{
			Fields:   crm.Fields{Stage: "a", Status: "b", Reason: "c", Score: "d", Revision: "e", Due: "f", FirstTouch: "g", Attempts: "h", Missing: "i"},
			Stages:   stages,
			Statuses: map[string]string{"Nurture": "BAD_TIMING", "Disqualified": "UNQUALIFIED"},
			Activities: []crm.Activity{
				{Name: "FormSubmit", At: "j", Properties: map[string]string{"form": "k", "page": "l"}}, {Name: "Visit", At: "m"},
			},
			Qualification: map[string]string{"budget": "n", "need": "o"}, OptOut: "p",
		},
		PollEvery: 90 * time.Second, DryRun: true, SetBack: crm.SetBack{After: 5 * time.Minute, Limit: 7}, UsedPercent: 50,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// What is added to either and forgotten here would be written and then do nothing.
	got.Mapping.Activities = got.Mapping.Activities[:1] // the other one has no properties
	assertFull(t, "settings", reflect.ValueOf(*got))
	written.Events, written.Salesforce = &slav1alpha1.CRMEvents{SecretRef: written.HubSpot.SecretRef}, &slav1alpha1.Salesforce{
		SecretRef: written.HubSpot.SecretRef, URL: "https://x", Version: "v66.0", MatchBy: "y",
	}
	written.Activities = written.Activities[:1]
	assertFull(t, "API", reflect.ValueOf(written))
}

func TestCRMByDefault(t *testing.T) {
	hubSpot, salesforce := crm.Defaults(crm.TypeHubSpot), crm.Defaults(crm.TypeSalesforce)
	salesforce.URL, salesforce.Version, salesforce.MatchBy = "https://acme.my.salesforce.com", "v66.0", "Web_Id__c"
	silent := crm.Defaults(crm.TypeHubSpot)
	silent.Mapping.Fields.Status, silent.Mapping.Fields.Reason, silent.Mapping.OptOut = "", "", ""
	late := crm.Defaults(crm.TypeHubSpot)
	late.SetBack.After = 10 * time.Minute
	for name, c := range map[string]struct {
		written *slav1alpha1.CRM
		want    *crm.Settings
	}{
		"none":   {nil, nil},
		"events": {&slav1alpha1.CRM{Type: slav1alpha1.EventsCRM, Events: &slav1alpha1.CRMEvents{}}, nil},
		"HubSpot": {
			&slav1alpha1.CRM{Type: slav1alpha1.HubSpotCRM, HubSpot: &slav1alpha1.HubSpot{}}, &hubSpot,
		},
		"Salesforce": {
			&slav1alpha1.CRM{Type: slav1alpha1.SalesforceCRM, Salesforce: &slav1alpha1.Salesforce{
				URL: "https://acme.my.salesforce.com", Version: "v66.0", MatchBy: "Web_Id__c",
			}}, &salesforce,
		},
		"what is not told": {
			&slav1alpha1.CRM{
				Type: slav1alpha1.HubSpotCRM, HubSpot: &slav1alpha1.HubSpot{MatchBy: "None"}, OptOut: "None",
				Fields: &slav1alpha1.CRMFields{Status: "None", Reason: "None"},
			}, &silent,
		},
		"half of how it is set back": {
			&slav1alpha1.CRM{Type: slav1alpha1.HubSpotCRM, HubSpot: &slav1alpha1.HubSpot{}, SetBack: &slav1alpha1.CRMSetBack{After: "10m"}}, &late,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := CRM(c.written)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIntervalsOfACRMThatAreNone(t *testing.T) {
	for want, change := range map[string]func(*slav1alpha1.CRM){
		"spec.crm.pollEvery: ":     func(c *slav1alpha1.CRM) { c.PollEvery = "often" },
		"spec.crm.setBack.after: ": func(c *slav1alpha1.CRM) { c.SetBack.After = "soon" },
	} {
		written := fullCRM()
		change(&written)
		if _, err := CRM(&written); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want one that begins with %q", err, want)
		}
	}
}
