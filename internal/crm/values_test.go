// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
)

var noon = time.Date(2027, 1, 11, 12, 0, 0, 123456789, time.UTC)

func TestDefaults(t *testing.T) {
	hubSpot, salesforce := Defaults(TypeHubSpot), Defaults(TypeSalesforce)
	if diff := cmp.Diff(Settings{Type: TypeEvents}, Defaults(TypeEvents)); diff != "" {
		t.Error(diff)
	}
	for name, s := range map[string]Settings{"HubSpot": hubSpot, "Salesforce": salesforce} {
		if s.PollEvery != 15*time.Second || s.SetBack != (SetBack{time.Minute, 3}) || s.UsedPercent != 90 || s.DryRun || s.MatchBy != "" || s.Webhooks != "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if hubSpot.URL != "https://api.hubapi.com" || hubSpot.Version != "2026-09" || hubSpot.Mapping.OptOut != "hs_email_optout" {
		t.Errorf("HubSpot: %+v", hubSpot)
	}
	if salesforce.URL != "" || salesforce.Version != "v65.0" || salesforce.Mapping.OptOut != "HasOptedOutOfEmail" {
		t.Errorf("Salesforce: %+v", salesforce)
	}
	if diff := cmp.Diff(Fields{
		"lifecyclestage", "hs_lead_status", "handoff_reason", "handoff_score", "handoff_revision", "handoff_due_at", "handoff_first_touch_at", "handoff_attempts", "handoff_missing",
	}, hubSpot.Mapping.Fields); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Fields{
		"Handoff_Stage__c", "Status", "Handoff_Reason__c", "Handoff_Score__c", "Handoff_Revision__c", "Handoff_Due_At__c", "Handoff_First_Touch_At__c",
		"Handoff_Attempts__c", "Handoff_Missing__c",
	}, salesforce.Mapping.Fields); diff != "" {
		t.Error(diff)
	}
	hubSpot.Mapping.Stages["MQL"] = "changed"
	if Defaults(TypeHubSpot).Mapping.Stages["MQL"] != "marketingqualifiedlead" {
		t.Error("who changes his settings changes everybody's")
	}
}

func TestDefaultStages(t *testing.T) {
	ours := Defaults(TypeSalesforce).Mapping.Stages
	for _, stage := range lead.Stages() {
		if ours[string(stage)] != string(stage) {
			t.Errorf("Salesforce: %s is %q", stage, ours[string(stage)])
		}
	}
	theirs := []string{"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other"}
	stages := Defaults(TypeHubSpot).Mapping.Stages
	for stage, value := range stages {
		if !slices.Contains(theirs, value) || !slices.Contains(lead.Stages(), lead.Stage(stage)) {
			t.Errorf("HubSpot: %s is %q", stage, value)
		}
	}
	// Moving to what is qualified by sales is a gate: no stage before it has its value.
	for _, before := range []lead.Stage{lead.StageInquiry, lead.StageHeld, lead.StageMQL, lead.StageSAL} {
		if stages[string(before)] == stages[string(lead.StageSQL)] {
			t.Errorf("%s cannot be told from SQL", before)
		}
	}
	for _, alone := range []lead.Stage{lead.StageExcluded, lead.StageSuppressed, lead.StageDuplicate, lead.StageMerged} {
		if value, mapped := stages[string(alone)]; mapped {
			t.Errorf("%s is made %q, whatever it was", alone, value)
		}
	}
}

func TestValues(t *testing.T) {
	mapping := settings().Mapping
	rest := map[string]any{
		"handoff_score": 0.0, "handoff_attempts": 0.0, "handoff_revision": nil, "handoff_due_at": nil, "handoff_first_touch_at": nil, "handoff_missing": nil,
	}
	cases := map[string]struct {
		mapping func(*Mapping)
		data    Data
		want    map[string]any // beside the rest
	}{
		"an inquiry": {data: Data{Stage: "Inquiry"}, want: map[string]any{"lifecyclestage": "lead"}},
		"all of it": {
			data: Data{
				Stage: "SAL", Score: 71, Definition: "mid-market-1", Missing: []string{"phone", "title"}, Attempts: 3, FirstTouchAt: noon,
				Deadline:    &Deadline{"followUp", noon.Add(time.Hour).In(time.FixedZone("", 3600))},
				Disposition: &Disposition{Outcome: "Recycled", Code: "BadTiming", Status: "Nurture"},
			},
			want: map[string]any{
				"lifecyclestage": "marketingqualifiedlead", "handoff_score": 71.0, "handoff_revision": "mid-market-1", "handoff_missing": "phone, title",
				"handoff_attempts": 3.0, "handoff_first_touch_at": noon.Truncate(time.Millisecond), "handoff_due_at": noon.Add(time.Hour).Truncate(time.Millisecond),
				"hs_lead_status": "BAD_TIMING", "handoff_reason": "BadTiming",
			},
		},
		"a stage without a value":  {data: Data{Stage: "Excluded"}},
		"a stage of another value": {mapping: func(m *Mapping) { m.Stages["SAL"] = "4711" }, data: Data{Stage: "SAL"}, want: map[string]any{"lifecyclestage": "4711"}},
		"a code without a status": {
			data: Data{Disposition: &Disposition{Outcome: "Disqualified", Code: "NotICP"}}, want: map[string]any{"handoff_reason": "NotICP"},
		},
		"a status that is its own value": {
			mapping: func(m *Mapping) { m.Statuses = nil },
			data:    Data{Disposition: &Disposition{Outcome: "Recycled", Code: "BadTiming"}},
			want:    map[string]any{"hs_lead_status": "Nurture", "handoff_reason": "BadTiming"},
		},
		"no code":                         {data: Data{Disposition: &Disposition{Outcome: "Recycled"}}},
		"a code that is none any more":    {data: Data{Disposition: &Disposition{Outcome: "Recycled", Code: "Whatever"}}},
		"a status without a code":         {data: Data{Disposition: &Disposition{Outcome: "Recycled", Status: "Nurture"}}, want: map[string]any{"hs_lead_status": "BAD_TIMING"}},
		"status and reason are not told":  {mapping: func(m *Mapping) { m.Fields.Status, m.Fields.Reason = "", "" }, data: Data{Disposition: &Disposition{Code: "BadTiming"}}},
		"the stage is not told":           {mapping: func(m *Mapping) { m.Fields.Stage = "" }, data: Data{Stage: "MQL"}},
		"a deadline that is not any more": {data: Data{Deadline: nil}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := settings().Mapping
			if c.mapping != nil {
				c.mapping(&m)
			}
			want := map[string]any{}
			for _, part := range []map[string]any{rest, c.want} {
				for field, value := range part {
					want[field] = value
				}
			}
			if diff := cmp.Diff(want, m.Values(c.data, definition().Dispositions)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	mapping.Fields = Fields{}
	if got := mapping.Values(Data{Stage: "MQL", Score: 1, Disposition: &Disposition{Code: "NotICP"}}, definition().Dispositions); len(got) != 0 {
		t.Errorf("nothing is to be told, and %v is", got)
	}
}

// Whatever may be written is looked at before: each value of the stage, the status and the reason, of each stage and code.
func TestWhatIsWrittenIsChecked(t *testing.T) {
	m, codes := settings().Mapping, definition().Dispositions
	checked := map[string][]string{}
	for _, u := range m.fields(codes) {
		checked[u.field] = u.options
	}
	for _, stage := range lead.Stages() {
		for _, code := range codes {
			for field, value := range m.Values(Data{Stage: string(stage), Disposition: &Disposition{Code: code.Name}}, codes) {
				options, known := checked[field]
				if text, isText := value.(string); !known || isText && !slices.Contains(options, text) {
					t.Errorf("%v is written into %q, and was not checked", value, field)
				}
			}
		}
	}
}
