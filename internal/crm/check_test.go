// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
)

func definition() lead.Definition {
	return lead.Definition{
		Fields: []lead.Field{
			{Name: "email", Type: lead.String},
			{Name: "employees", Type: lead.Integer, Property: "numberofemployees"},
			{Name: "customerSince", Type: lead.Timestamp, Property: "customer_date"},
		},
		Dispositions: []lead.Disposition{
			{Name: "AcceptAsSQL", Outcome: lead.Accepted, Status: "Accepted"},
			{Name: "BadTiming", Outcome: lead.Recycled, Status: "Nurture"},
			{Name: "NoResponse", Outcome: lead.Recycled, Status: "Nurture"},
			{Name: "NotICP", Outcome: lead.Disqualified},
		},
	}
}

func settings() Settings {
	s := Defaults(TypeHubSpot)
	s.MatchBy = "email"
	s.Mapping.Statuses = map[string]string{"Nurture": "BAD_TIMING", "Accepted": "IN_PROGRESS"}
	s.Mapping.Activities = []Activity{{Name: "FormSubmit", At: "recent_conversion_date", Properties: map[string]string{"form": "recent_conversion_event_name"}}}
	s.Mapping.Qualification = map[string]string{"need": "handoff_need", "timelineDays": "handoff_timeline_days"}
	return s
}

func schema() Schema {
	text, number, at := SchemaField{Type: TypeText}, SchemaField{Type: TypeNumber}, SchemaField{Type: TypeTime}
	return Schema{
		Fields: map[string]SchemaField{
			"email": text, "numberofemployees": number, "customer_date": {Type: TypeDate, ReadOnly: true},
			"lifecyclestage": {Type: TypeOptions, Options: []string{
				"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other",
			}},
			"hs_lead_status":  {Type: TypeOptions, Options: []string{"NEW", "IN_PROGRESS", "BAD_TIMING"}},
			"handoff_reason":  {Type: TypeOptions, Options: []string{"AcceptAsSQL", "BadTiming", "NoResponse", "NotICP"}},
			"handoff_score":   number,
			"handoff_due_at":  at,
			"handoff_missing": text, "handoff_revision": text, "handoff_first_touch_at": at, "handoff_attempts": number,
			"recent_conversion_date": {Type: TypeTime, ReadOnly: true}, "recent_conversion_event_name": {Type: TypeText, ReadOnly: true},
			"handoff_need": text, "handoff_timeline_days": number,
			"hs_email_optout": {Type: TypeOptions, Options: []string{"true", "false"}, ReadOnly: true},
		},
		Owners: map[string]bool{"rep-1@example.com": true},
	}
}

func TestCheckIsContent(t *testing.T) {
	if got := Check(schema(), settings(), definition(), []string{"Rep-1@example.com"}); got != nil {
		t.Errorf("problems of a mapping that fits: %+v", got)
	}
}

func TestCheck(t *testing.T) {
	field := func(name string, f SchemaField) func(*Schema, *Settings, *lead.Definition) {
		return func(s *Schema, _ *Settings, _ *lead.Definition) { s.Fields[name] = f }
	}
	set := func(edit func(*Settings)) func(*Schema, *Settings, *lead.Definition) {
		return func(_ *Schema, s *Settings, _ *lead.Definition) { edit(s) }
	}
	cases := map[string]struct {
		edit func(*Schema, *Settings, *lead.Definition)
		want []Problem
	}{
		"a field of the definition is missing": {
			func(s *Schema, _ *Settings, _ *lead.Definition) { delete(s.Fields, "numberofemployees") },
			[]Problem{{FieldMissing, "numberofemployees", `field "employees" of the definition: HubSpot has no field "numberofemployees" for leads: create it, ` +
				`or name another one`}},
		},
		"it is there by almost this name": {
			func(s *Schema, _ *Settings, _ *lead.Definition) {
				delete(s.Fields, "numberofemployees")
				s.Fields["Number_of_Employees__c"] = SchemaField{Type: TypeNumber}
			},
			[]Problem{{FieldMissing, "numberofemployees", `field "employees" of the definition: HubSpot has no field "numberofemployees" for leads: create it, ` +
				`or name another one; it has "Number_of_Employees__c"`}},
		},
		"a whole number of a text": {
			field("numberofemployees", SchemaField{Type: TypeText, Native: "string"}),
			[]Problem{{FieldMistyped, "numberofemployees", `field "employees" of the definition: the field "numberofemployees" of HubSpot is text (string), ` +
				`and is to be a number: name another one, or make one of that type`}},
		},
		"a time of a number": {
			field("customer_date", SchemaField{Type: TypeNumber}),
			[]Problem{{FieldMistyped, "customer_date", `field "customerSince" of the definition: the field "customer_date" of HubSpot is a number, ` +
				`and is to be a date with a time or a date: name another one, or make one of that type`}},
		},
		"what is written is missing": {
			func(s *Schema, _ *Settings, _ *lead.Definition) { delete(s.Fields, "handoff_score") },
			[]Problem{{FieldMissing, "handoff_score", `spec.crm.fields.score: HubSpot has no field "handoff_score" for leads: create it, or name another one`}},
		},
		"it is not written": {
			func(s *Schema, set *Settings, _ *lead.Definition) {
				delete(s.Fields, "handoff_score")
				set.Mapping.Fields.Score = ""
			}, nil,
		},
		"a deadline in a date": {
			field("handoff_due_at", SchemaField{Type: TypeDate, Native: "date"}),
			[]Problem{{FieldMistyped, "handoff_due_at", `spec.crm.fields.due: the field "handoff_due_at" of HubSpot is a date (date), ` +
				`and is to be a date with a time: name another one, or make one of that type`}},
		},
		"it is read-only": {
			field("handoff_attempts", SchemaField{Type: TypeNumber, ReadOnly: true}),
			[]Problem{{FieldReadOnly, "handoff_attempts", `spec.crm.fields.attempts: the field "handoff_attempts" of HubSpot is read-only for the credential: ` +
				`grant it the right to edit the field, or name another one`}},
		},
		"stages that are no options": {
			field("lifecyclestage", SchemaField{Type: TypeOptions, Options: []string{"lead", "opportunity", "customer", "salesqualifiedlead"}}),
			[]Problem{{OptionMissing, "lifecyclestage", `spec.crm.fields.stage: the field "lifecyclestage" of HubSpot has no option "marketingqualifiedlead", "other": ` +
				`add what is missing there, by its internal name, or map the stage to another one in spec.crm.stages`}},
		},
		"stages as text": {field("lifecyclestage", SchemaField{Type: TypeText}), nil},
		"a status that is no option": {
			set(func(s *Settings) { delete(s.Mapping.Statuses, "Nurture") }),
			[]Problem{{OptionMissing, "hs_lead_status", `spec.crm.fields.status: the field "hs_lead_status" of HubSpot has no option "Nurture": ` +
				`add what is missing there, by its internal name, or map the status to another one in spec.crm.statuses`}},
		},
		"a code that is no option": {
			field("handoff_reason", SchemaField{Type: TypeOptions, Options: []string{"AcceptAsSQL", "BadTiming", "NoResponse"}}),
			[]Problem{{OptionMissing, "handoff_reason", `spec.crm.fields.reason: the field "handoff_reason" of HubSpot has no option "NotICP": ` +
				`add what is missing there, by its internal name, or make it a field of text`}},
		},
		"codes as text": {field("handoff_reason", SchemaField{Type: TypeText}), nil},
		"a status by two meanings": {
			func(_ *Schema, set *Settings, d *lead.Definition) {
				d.Dispositions[3].Status = "Disqualified"
				set.Mapping.Statuses["Disqualified"] = "BAD_TIMING"
			},
			[]Problem{{MappingAmbiguous, "hs_lead_status", `spec.crm.statuses: "BAD_TIMING" stands for the statuses "Nurture", which is Recycled, and "Disqualified", ` +
				`which is Disqualified: map them to different values`}},
		},
		"two statuses of one outcome by one value": {
			func(_ *Schema, set *Settings, d *lead.Definition) {
				d.Dispositions[2].Status = "Later"
				set.Mapping.Statuses["Later"] = "BAD_TIMING"
			}, nil,
		},
		"one status of two outcomes": {
			func(_ *Schema, _ *Settings, d *lead.Definition) { d.Dispositions[3].Status = "Nurture" }, nil, // the reason tells
		},
		"two stages by one value": {
			set(func(s *Settings) { s.Mapping.Stages["SAL"] = "salesqualifiedlead" }), nil,
		},
		"two uses of a field": {
			set(func(s *Settings) { s.Mapping.Fields.Attempts = "handoff_score" }),
			[]Problem{{MappingAmbiguous, "handoff_score", `spec.crm.fields.score and spec.crm.fields.attempts are both the field "handoff_score": ` +
				`each needs one of its own`}},
		},
		"the activity's time is a date": {
			field("recent_conversion_date", SchemaField{Type: TypeDate}),
			[]Problem{{FieldMistyped, "recent_conversion_date", `spec.crm.activities[FormSubmit].at: the field "recent_conversion_date" of HubSpot is a date, ` +
				`and is to be a date with a time: name another one, or make one of that type`}},
		},
		"its property is missing": {
			func(s *Schema, _ *Settings, _ *lead.Definition) { delete(s.Fields, "recent_conversion_event_name") },
			[]Problem{{FieldMissing, "recent_conversion_event_name", `spec.crm.activities[FormSubmit].properties[form]: HubSpot has no field ` +
				`"recent_conversion_event_name" for leads: create it, or name another one`}},
		},
		"what sales finds out is of another type": {
			field("handoff_timeline_days", SchemaField{Type: TypeOptions}),
			[]Problem{{FieldMistyped, "handoff_timeline_days", `spec.crm.qualification[timelineDays]: the field "handoff_timeline_days" of HubSpot is a list of options, ` +
				`and is to be a number: name another one, or make one of that type`}},
		},
		"opt-out is a list of others": {
			field("hs_email_optout", SchemaField{Type: TypeOptions, Options: []string{"yes", "no"}}),
			[]Problem{{FieldMistyped, "hs_email_optout", `spec.crm.optOut: the field "hs_email_optout" of HubSpot is a list of options, and is to be a boolean: ` +
				`name another one, or make one of that type`}},
		},
		"opt-out is not read": {
			func(s *Schema, set *Settings, _ *lead.Definition) {
				delete(s.Fields, "hs_email_optout")
				set.Mapping.OptOut = ""
			}, nil,
		},
		"records have no unique value": {
			field("email", SchemaField{Type: TypeText, Shared: true}),
			[]Problem{{FieldShared, "email", `spec.crm.hubSpot.matchBy: two records may have the same value in the field "email" of HubSpot: ` +
				`make it a property that requires unique values, or name another one`}},
		},
		"no record can be made": {
			field("email", SchemaField{Type: TypeText, ReadOnly: true}),
			[]Problem{{FieldReadOnly, "email", `spec.crm.hubSpot.matchBy: the field "email" of HubSpot is read-only for the credential, so that no record can be made ` +
				`with it: grant it the right to edit the field, or name another one`}},
		},
		"the definition does not know it": {
			set(func(s *Settings) { s.MatchBy = "handoff_score" }),
			[]Problem{{FieldMissing, "handoff_score", `spec.crm.hubSpot.matchBy: no field of the definition has the property "handoff_score", so that no lead has a value of it: ` +
				`add one to the definition, or name another field`}},
		},
		"it is no text": {
			set(func(s *Settings) { s.MatchBy = "numberofemployees" }),
			[]Problem{{FieldMistyped, "numberofemployees", `spec.crm.hubSpot.matchBy: field "employees" of the definition is Integer, and a record is found by a String only`}},
		},
		"a rep is nobody there": {
			func(s *Schema, _ *Settings, _ *lead.Definition) { s.Owners = map[string]bool{} },
			[]Problem{{OwnerUnknown, "", `spec.routing: HubSpot has no active user with the e-mail address "Rep-1@example.com", so that no lead can be given to it: ` +
				`add the user there, or take the rep out of the pools`}},
		},
		"owners are not told": {func(s *Schema, _ *Settings, _ *lead.Definition) { s.Owners = nil }, nil},
		"permissions first": {
			func(s *Schema, _ *Settings, _ *lead.Definition) {
				s.Lacks = []string{"crm.objects.contacts.write"}
				delete(s.Fields, "email")
			},
			[]Problem{
				{PermissionMissing, "", `the credential lacks the permission "crm.objects.contacts.write": grant it in HubSpot`},
				{FieldMissing, "email", `field "email" of the definition: HubSpot has no field "email" for leads: create it, or name another one`},
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, set, d := schema(), settings(), definition()
			c.edit(&s, &set, &d)
			if diff := cmp.Diff(c.want, Check(s, set, d, []string{"Rep-1@example.com"})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each field that is read or written is checked, and nothing else: without any field, there is a problem for each.
func TestCheckLooksAtEverything(t *testing.T) {
	set, d := settings(), definition()
	named := slices.Sorted(maps.Keys(schema().Fields))
	problems := Check(Schema{}, set, d, nil)
	var missing []string
	for _, p := range problems {
		if p.Reason != FieldMissing || !strings.Contains(p.Message, p.Field) {
			t.Errorf("unexpected: %+v", p)
		}
		missing = append(missing, p.Field)
	}
	slices.Sort(missing)
	if diff := cmp.Diff(named, missing); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range 20 {
		if diff := cmp.Diff(problems, Check(Schema{}, set, d, nil)); diff != "" {
			t.Fatalf("another order:\n%s", diff)
		}
	}
}

func TestReadFields(t *testing.T) {
	want := []string{
		"email", "numberofemployees", "customer_date", "lifecyclestage", "hs_lead_status", "handoff_reason",
		"recent_conversion_date", "recent_conversion_event_name", "handoff_need", "handoff_timeline_days", "hs_email_optout",
	}
	if diff := cmp.Diff(want, ReadFields(settings(), definition())); diff != "" {
		t.Error(diff)
	}
	if got := ReadFields(Settings{Mapping: Mapping{OptOut: "email"}}, definition()); len(got) != 3 {
		t.Errorf("a field that is read for two reasons: %q", got)
	}
}

func TestSummary(t *testing.T) {
	if reason, message := Summary(nil); reason != "" || message != "" {
		t.Errorf("%q %q of nothing", reason, message)
	}
	problems := []Problem{{FieldMissing, "a", "first"}, {FieldReadOnly, "b", "second"}}
	if reason, message := Summary(problems); reason != FieldMissing || message != "first; second" {
		t.Errorf("%q %q", reason, message)
	}
	for range 6 {
		problems = append(problems, problems[:2]...)
	}
	if _, message := Summary(problems); !strings.HasSuffix(message, "second; and 4 more") || strings.Count(message, ";") != 10 {
		t.Errorf("%q", message)
	}
}

// A new record is given what the CRM says it takes.
func TestTakes(t *testing.T) {
	at, choice := time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC), SchemaField{Type: TypeOptions, Options: []string{"a", "b", "true"}}
	for name, c := range map[string]struct {
		field   SchemaField
		value   any
		several bool
		want    bool
	}{
		"text":            {SchemaField{Type: TypeText}, "x", false, true},
		"number for text": {SchemaField{Type: TypeText}, 5.0, false, true},
		"number":          {SchemaField{Type: TypeNumber}, 5.0, false, true},
		"text for number": {SchemaField{Type: TypeNumber}, "5", false, false},
		"boolean":         {SchemaField{Type: TypeBoolean}, false, false, true},
		"no boolean":      {SchemaField{Type: TypeBoolean}, "yes", false, false},
		"time":            {SchemaField{Type: TypeTime}, at, false, true},
		"date":            {SchemaField{Type: TypeDate}, at, false, true},
		"no date":         {SchemaField{Type: TypeDate}, "2027-01-04", false, false},
		"option":          {choice, "a", false, true},
		"no option":       {choice, "c", false, false},
		"boolean option":  {choice, true, false, true},
		"two for one":     {choice, "a;b", false, false},
		"two":             {choice, "a;b", true, true},
		"two, one wrong":  {choice, "a;c", true, false},
		"unknown options": {SchemaField{Type: TypeOptions}, "c", false, true},
		"of another kind": {SchemaField{Type: TypeOther}, "x", false, false},
		"read-only":       {SchemaField{Type: TypeText, ReadOnly: true}, "x", false, false},
		"not there":       {SchemaField{}, "x", false, false},
	} {
		if got := c.field.Takes(c.value, c.several); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
