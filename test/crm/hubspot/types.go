// SPDX-License-Identifier: Apache-2.0

package hubspot

import "strings"

// objectType is one of HubSpot's.
type objectType struct {
	id               string // objectTypeId
	plural, singular string
	created          string // property with the time of creation
	modified         string // watermark
	defaults         []string
	required         []string
	toContact        int // association type to a contact, and back
	fromContact      int
}

var types = []objectType{
	{
		id: "0-1", plural: "contacts", singular: "contact", created: "createdate", modified: "lastmodifieddate",
		defaults: []string{"email", "firstname", "lastname"},
	},
	{
		id: "0-3", plural: "deals", singular: "deal", created: "createdate", modified: "hs_lastmodifieddate",
		defaults: []string{"amount", "closedate", "dealname", "dealstage", "pipeline"}, toContact: 3, fromContact: 4,
	},
	activity("0-48", "call", 194, 193),
	activity("0-49", "email", 198, 197),
	activity("0-47", "meeting", 200, 199),
	activity("0-27", "task", 204, 203),
	activity("0-46", "note", 202, 201),
}

func activity(id, singular string, to, from int) objectType {
	return objectType{
		id: id, plural: singular + "s", singular: singular, created: "hs_createdate", modified: "hs_lastmodifieddate",
		required: []string{"hs_timestamp"}, toContact: to, fromContact: from,
	}
}

// typeOf a word in a path: contacts, contact or 0-1.
func typeOf(word string) (objectType, bool) {
	word = strings.ToLower(word)
	for _, t := range types {
		if word == t.plural || word == t.singular || word == t.id {
			return t, true
		}
	}
	return objectType{}, false
}

func plural(word string) string {
	if t, ok := typeOf(word); ok {
		return t.plural
	}
	return word
}

func mustType(word string) (objectType, error) {
	t, ok := typeOf(word)
	if !ok {
		return t, invalid("Unable to infer object type from: %s", word)
	}
	return t, nil
}

func (t objectType) isActivity() bool { return t.plural != "contacts" && t.plural != "deals" }

// always are the properties of every answer.
func (t objectType) always() []string { return []string{t.created, t.modified, "hs_object_id"} }

const (
	kindText        = "string"
	kindNumber      = "number"
	kindBool        = "bool"
	kindTime        = "datetime"
	kindDate        = "date"
	kindEnumeration = "enumeration"
)

func text(name string) Property   { return Property{Name: name, Type: kindText, FieldType: "text"} }
func number(name string) Property { return Property{Name: name, Type: kindNumber, FieldType: "number"} }
func moment(name string) Property { return Property{Name: name, Type: kindTime, FieldType: "date"} }
func yesNo(name string) Property {
	return Property{Name: name, Type: kindBool, FieldType: "booleancheckbox", Options: options("true", "false")}
}
func readOnly(p Property) Property   { p.ReadOnly = true; return p }
func unique(p Property) Property     { p.HasUniqueValue = true; return p }
func calculated(p Property) Property { p.Calculated = true; return readOnly(p) }

func choice(name string, values ...string) Property {
	return Property{Name: name, Type: kindEnumeration, FieldType: "select", Options: options(values...)}
}

func options(values ...string) []Choice {
	out := make([]Choice, len(values))
	for i, value := range values {
		out[i] = Choice{Value: value, Label: value, DisplayOrder: i}
	}
	return out
}

// lifecycle stages in their order, as an account has them at first.
var lifecycle = []string{
	"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other",
}

// builtIn are properties that HubSpot defines: those that are of use to whoever hands leads off.
func builtIn(t objectType) []Property {
	out := []Property{
		readOnly(number("hs_object_id")), readOnly(moment(t.created)), readOnly(moment(t.modified)), readOnly(text("hs_object_source")),
		readOnly(text("hs_object_source_id")), readOnly(text("hs_object_source_label")), readOnly(text("hs_merged_object_ids")), ownerProperty(),
		readOnly(moment("hubspot_owner_assigneddate")),
	}
	switch t.plural {
	case "contacts":
		return append(out, contactProperties()...)
	case "deals":
		return append(out, text("dealname"), choice("dealstage", stageIDs()...), choice("pipeline", "default"), number("amount"), moment("closedate"),
			choice("deal_currency_code", "EUR", "USD", "GBP"), calculated(yesNo("hs_is_closed")), calculated(yesNo("hs_is_closed_won")),
			calculated(yesNo("hs_is_closed_lost")), calculated(number("hs_deal_stage_probability")))
	}
	return append(append(out, moment("hs_timestamp"), moment("hs_activity_date")), activityProperties(t)...)
}

func ownerProperty() Property {
	return Property{Name: "hubspot_owner_id", Type: kindEnumeration, FieldType: "select", External: true, References: "OWNER"}
}

func contactProperties() []Property {
	out := []Property{
		unique(text("email")), readOnly(Property{Name: "hs_additional_emails", Type: kindEnumeration, FieldType: "checkbox", External: true}),
		choice("lifecyclestage", lifecycle...),
		choice("hs_lead_status", "NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING"),
		readOnly(yesNo("hs_email_optout")), calculated(text("hs_calculated_merged_vids")), calculated(moment("recent_conversion_date")),
		calculated(moment("first_conversion_date")), calculated(text("recent_conversion_event_name")), calculated(text("first_conversion_event_name")),
		readOnly(text("hs_analytics_last_url")), calculated(number("num_associated_deals")),
		readOnly(moment("notes_last_updated")), readOnly(moment("notes_last_contacted")), readOnly(number("num_contacted_notes")),
		readOnly(moment("hs_analytics_last_timestamp")), readOnly(moment("hs_analytics_last_visit_timestamp")), number("numemployees"), number("annualrevenue"),
		choice("hs_analytics_source", "ORGANIC_SEARCH", "PAID_SEARCH", "EMAIL_MARKETING", "SOCIAL_MEDIA", "REFERRALS", "OTHER_CAMPAIGNS", "DIRECT_TRAFFIC",
			"OFFLINE", "PAID_SOCIAL"), readOnly(number("hs_analytics_num_page_views")), readOnly(number("num_conversion_events")),
		moment("closedate"), readOnly(moment("hs_email_last_open_date")), readOnly(moment("hs_email_last_click_date")),
	}
	for _, name := range []string{
		"firstname", "lastname", "phone", "mobilephone", "company", "jobtitle", "country", "city", "state", "zip", "website", "industry", "message",
		"hs_persona", "hs_language",
	} {
		out = append(out, text(name))
	}
	return out
}

// outcomes of calls that every account has, by their ids.
var outcomes = map[string]string{
	"9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
	"f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
	"a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
	"b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
	"73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
	"17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
}

func activityProperties(t objectType) []Property {
	switch t.singular {
	case "call":
		return []Property{
			text("hs_call_title"), text("hs_call_body"), number("hs_call_duration"), choice("hs_call_direction", "INBOUND", "OUTBOUND"), callOutcome(),
			choice("hs_call_status", "BUSY", "CALLING_CRM_USER", "CANCELED", "COMPLETED", "CONNECTING", "FAILED", "IN_PROGRESS", "MISSED", "NO_ANSWER", "QUEUED",
				"RINGING"), text("hs_call_from_number"), text("hs_call_to_number"), text("hs_call_recording_url"), text("hs_activity_type"), text("hs_call_source"),
		}
	case "email":
		return []Property{
			choice("hs_email_direction", "EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"), text("hs_email_subject"), text("hs_email_text"), text("hs_email_html"),
			choice("hs_email_status", "BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT"), text("hs_email_headers"), readOnly(text("hs_email_from_email")),
			readOnly(text("hs_email_to_email")), number("hs_sequence_id"), text("hs_email_sent_via"),
		}
	case "meeting":
		return []Property{
			text("hs_meeting_title"), text("hs_meeting_body"), moment("hs_meeting_start_time"), moment("hs_meeting_end_time"), text("hs_activity_type"),
			choice("hs_meeting_outcome", "SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"), text("hs_internal_meeting_notes"),
			text("hs_meeting_location"), text("hs_meeting_source"),
		}
	case "task":
		return []Property{
			text("hs_task_subject"), text("hs_task_body"), choice("hs_task_status", "NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED"),
			choice("hs_task_priority", "NONE", "LOW", "MEDIUM", "HIGH"), choice("hs_task_type", "TODO", "CALL", "EMAIL", "LINKED_IN_MESSAGE", "LINKED_IN_CONNECT"),
			readOnly(moment("hs_task_completion_date")), calculated(yesNo("hs_task_is_completed")), number("hs_task_sequence_step_enrollment_id"),
		}
	}
	return []Property{text("hs_note_body"), text("hs_attachment_ids")}
}

// callOutcome takes any id: accounts add their own.
func callOutcome() Property {
	p := Property{Name: "hs_call_disposition", Type: kindEnumeration, FieldType: "select", External: true}
	for id, label := range outcomes {
		p.Options = append(p.Options, Choice{Value: id, Label: label})
	}
	return p
}
