// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
)

const people = `{"results":[{"id":"11","email":"Rep-1@acme.example","type":"PERSON"},{"id":"12","email":"","type":"QUEUE"}]}`

// found is what a search finds: one object.
func found(id string, properties map[string]string) http.HandlerFunc {
	at := noon.Format("2006-01-02T15:04:05.000Z")
	all := map[string]string{"hs_lastmodifieddate": at, "hs_timestamp": at, "hs_createdate": noon.Add(time.Hour).Format(time.RFC3339), "hubspot_owner_id": "11"}
	maps.Copy(all, properties)
	body, err := json.Marshal(map[string]any{"results": []any{map[string]any{"id": id, "createdAt": at, "updatedAt": at, "properties": all}}})
	if err != nil {
		panic(err)
	}
	return says(200, string(body))
}

const noAssociation = `{"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error","category":"OBJECT_NOT_FOUND",` +
	`"subCategory":"crm.associations.NO_ASSOCIATIONS_FOUND","message":"No contact is associated with call 5.","context":{"fromObjectId":["5"]}}]}`

// account answers for one stream, whose one object has the properties.
func account(stream crm.Stream, properties map[string]string) canned {
	return canned{
		"GET /crm/owners/2026-09":                                  says(200, people),
		fmt.Sprintf("POST /crm/objects/2026-09/%s/search", stream): found("5", properties),
		fmt.Sprintf("POST /crm/associations/2026-09/%s/contacts/batch/read", stream): says(200, `{"status":"COMPLETE","results":[{"from":{"id":"5"},"to":[`+
			`{"toObjectId":"101","associationTypes":[]},{"toObjectId":102}]}]}`),
	}
}

func TestTouches(t *testing.T) {
	made := func(channel string, change ...func(*crm.Touch)) *crm.Touch {
		touch := &crm.Touch{
			ID: "5", Records: []string{"101", "102"}, Time: noon, Logged: noon.Add(time.Hour), Rep: "rep-1@acme.example", Channel: channel,
			Direction: "Outbound", Actor: "Human",
		}
		for _, c := range change {
			c(touch)
		}
		return touch
	}
	answered := func(x *crm.Touch) { x.Answered = true }
	twoWay := func(x *crm.Touch) { x.TwoWay = true }
	inbound := func(x *crm.Touch) { x.Direction = "Inbound" }
	byItself := func(x *crm.Touch) { x.Actor = "Automated" }
	done := func(x *crm.Touch) { x.Time = noon.Add(2 * time.Hour); x.Logged = x.Time }
	const completed = "2027-01-04T14:00:00Z"
	type properties = map[string]string
	for name, c := range map[string]struct {
		stream     crm.Stream
		properties properties
		want       *crm.Touch
	}{
		"connected":                    {crm.Calls, properties{"hs_call_status": "COMPLETED", "hs_call_disposition": "f240bbac-87c9-4f6e-bf70-924b57d47db7"}, made("Phone", answered, twoWay)},
		"left a message with a person": {crm.Calls, properties{"hs_call_disposition": "a4c4c377-d246-4b32-a13b-75a56a4cd0ff"}, made("Phone", answered)},
		"voicemail":                    {crm.Calls, properties{"hs_call_status": "COMPLETED", "hs_call_disposition": "b2cf5968-551e-4856-9783-52b3da59a7d0"}, made("Phone")},
		"logged by hand":               {crm.Calls, properties{}, made("Phone")},
		"not answered":                 {crm.Calls, properties{"hs_call_status": "NO_ANSWER"}, made("Phone")},
		"missed by us":                 {crm.Calls, properties{"hs_call_status": "MISSED", "hs_call_direction": "INBOUND"}, made("Phone", inbound)},
		"ringing":                      {crm.Calls, properties{"hs_call_status": "RINGING"}, nil},
		"given up":                     {crm.Calls, properties{"hs_call_status": "CANCELED"}, nil},
		"did not go through":           {crm.Calls, properties{"hs_call_status": "FAILED"}, nil},
		"called by a bot":              {crm.Calls, properties{"hs_object_source": "BREEZE_AGENT"}, made("Phone", byItself)},
		"nobody's":                     {crm.Calls, properties{"hubspot_owner_id": ""}, made("Phone", func(x *crm.Touch) { x.Rep = "" })},
		"a queue's":                    {crm.Calls, properties{"hubspot_owner_id": "12"}, made("Phone", func(x *crm.Touch) { x.Rep = "" })},
		"without a time":               {crm.Calls, properties{"hs_timestamp": ""}, nil},
		"sent":                         {crm.Emails, properties{"hs_email_direction": "EMAIL", "hs_email_status": "SENT"}, made("Email")},
		"logged":                       {crm.Emails, properties{"hs_email_direction": "EMAIL"}, made("Email")},
		"from a sequence":              {crm.Emails, properties{"hs_email_direction": "EMAIL", "hs_email_status": "SENT", "hs_sequence_id": "3"}, made("Email", byItself)},
		"from a workflow":              {crm.Emails, properties{"hs_email_direction": "EMAIL", "hs_engagement_source": "WORKFLOWS"}, made("Email", byItself)},
		"a reply":                      {crm.Emails, properties{"hs_email_direction": "INCOMING_EMAIL"}, made("Email", inbound, twoWay)},
		"a reply to a sequence":        {crm.Emails, properties{"hs_email_direction": "INCOMING_EMAIL", "hs_object_source": "SEQUENCES"}, made("Email", inbound, twoWay)},
		"forwarded":                    {crm.Emails, properties{"hs_email_direction": "FORWARDED_EMAIL"}, made("Email", inbound, twoWay)},
		"bounced":                      {crm.Emails, properties{"hs_email_direction": "EMAIL", "hs_email_status": "BOUNCED"}, nil},
		"scheduled e-mail":             {crm.Emails, properties{"hs_email_direction": "EMAIL", "hs_email_status": "SCHEDULED"}, nil},
		"draft":                        {crm.Emails, properties{"hs_email_direction": "DRAFT_EMAIL"}, nil},
		"held":                         {crm.Meetings, properties{"hs_meeting_outcome": "COMPLETED"}, made("Meeting", twoWay)},
		"held later than noted": {
			crm.Meetings,
			properties{"hs_meeting_outcome": "COMPLETED", "hs_meeting_start_time": "2027-01-04T11:00:00Z"},
			made("Meeting", twoWay, func(x *crm.Touch) { x.Time = noon.Add(-time.Hour) }),
		},
		"planned":                 {crm.Meetings, properties{"hs_meeting_outcome": "SCHEDULED"}, nil},
		"nobody came":             {crm.Meetings, properties{"hs_meeting_outcome": "NO_SHOW"}, nil},
		"nobody said what became": {crm.Meetings, properties{}, nil},
		"task of a call":          {crm.Tasks, properties{"hs_task_status": "COMPLETED", "hs_task_type": "CALL", "hs_task_completion_date": completed}, made("Phone", done)},
		"task of a message":       {crm.Tasks, properties{"hs_task_status": "COMPLETED", "hs_task_type": "LINKED_IN_MESSAGE", "hs_task_completion_date": completed}, made("Social", done)},
		"open task":               {crm.Tasks, properties{"hs_task_status": "NOT_STARTED", "hs_task_type": "CALL"}, nil},
		"to-do":                   {crm.Tasks, properties{"hs_task_status": "COMPLETED", "hs_task_type": "TODO", "hs_task_completion_date": completed}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var want []crm.Touch
			if c.want != nil {
				c.want.Stream = c.stream
				want = []crm.Touch{*c.want}
			}
			page, err := newRig(t, account(c.stream, c.properties), &clock{at: noon}).Read(t.Context(), c.stream, crm.Position{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, page.Touches); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !page.Next.Time.Equal(noon) || page.More {
				t.Errorf("next %+v, more %v", page.Next, page.More)
			}
		})
	}
}

// An engagement without a contact belongs to no lead; HubSpot lists it among the errors.
func TestTouchOfNobody(t *testing.T) {
	a := account(crm.Calls, nil)
	a["POST /crm/associations/2026-09/calls/contacts/batch/read"] = says(207, noAssociation)
	page, err := newRig(t, a, &clock{at: noon}).Read(t.Context(), crm.Calls, crm.Position{})
	if err != nil || len(page.Touches) != 1 || page.Touches[0].Records != nil {
		t.Errorf("%+v %v", page.Touches, err)
	}
	a["POST /crm/associations/2026-09/calls/contacts/batch/read"] = says(207, `{"results":[],"errors":[{"category":"INTERNAL_ERROR","message":"x"}]}`)
	if page, err := newRig(t, a, &clock{at: noon}).Read(t.Context(), crm.Calls, crm.Position{}); err == nil {
		t.Errorf("what could not be read is taken for nothing: %+v", page)
	}
}

// Many contacts of one engagement come in pages.
func TestAssociationsArePaged(t *testing.T) {
	a := account(crm.Meetings, map[string]string{"hs_meeting_outcome": "COMPLETED"})
	a["POST /crm/associations/2026-09/meetings/contacts/batch/read"] = func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Inputs []struct{ ID, After string } }
		sent(t, r, &asked)
		body := `{"results":[{"from":{"id":"5"},"to":[{"toObjectId":101}],"paging":{"next":{"after":"MTAx"}}}]}`
		if len(asked.Inputs) == 1 && asked.Inputs[0].After == "MTAx" {
			body = `{"results":[{"from":{"id":5},"to":[{"toObjectId":"102"}]}]}`
		}
		says(200, body)(w, r)
	}
	page, err := newRig(t, a, &clock{at: noon}).Read(t.Context(), crm.Meetings, crm.Position{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"101", "102"}, page.Touches[0].Records); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeals(t *testing.T) {
	type properties = map[string]string
	for name, c := range map[string]struct {
		properties properties
		want       crm.Deal
	}{
		"open":  {properties{"amount": "", "hs_is_closed": "false", "hs_is_closed_won": "false"}, crm.Deal{State: "Open"}},
		"won":   {properties{"amount": "1200.50", "deal_currency_code": "EUR", "hs_is_closed": "true", "hs_is_closed_won": "true"}, crm.Deal{State: "Won", Amount: 1200.5, Currency: "EUR"}},
		"lost":  {properties{"amount": "7", "hs_is_closed": "true", "hs_is_closed_won": "false"}, crm.Deal{State: "Lost", Amount: 7}},
		"blank": {properties{}, crm.Deal{State: "Open"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.ID, c.want.Records, c.want.Modified = "5", []string{"101", "102"}, noon
			page, err := newRig(t, account(crm.Deals, c.properties), &clock{at: noon}).Read(t.Context(), crm.Deals, crm.Position{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]crm.Deal{c.want}, page.Deals); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
