// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/handoff-sla/handoff/internal/crm"
)

// Modification times of everything but contacts.
const modifiedProperty = "hs_lastmodifieddate"

// common properties of engagements.
var common = []string{"hs_timestamp", "hs_createdate", ownerProperty, "hs_object_source", "hs_engagement_source"}

// engagement is how engagements of one kind are read.
type engagement struct {
	properties []string
	// over makes it a touch; false when it is none, or not yet.
	over func(property func(string) string, touch *crm.Touch) bool
}

var engagements = map[crm.Stream]engagement{
	crm.Calls:    {[]string{"hs_call_direction", "hs_call_status", "hs_call_disposition"}, overCall},
	crm.Emails:   {[]string{"hs_email_direction", "hs_email_status", "hs_sequence_id"}, overEmail},
	crm.Meetings: {[]string{"hs_meeting_outcome", "hs_meeting_start_time"}, overMeeting},
	crm.Tasks:    {[]string{"hs_task_status", "hs_task_type", "hs_task_completion_date"}, overTask},
}

// automated are the sources of what no person did.
var automated = []string{
	"AUTOMATION_PLATFORM", "AUTOMATION_JOURNEY", "PRIMARY_AUTOMATION", "WORKFLOWS", "SEQUENCES", "BOT", "BREEZE_AGENT", "CUSTOMER_AGENT",
	"PROSPECTING_AGENT", "HELP_DESK_AI",
}

func (s *System) readTouches(ctx context.Context, stream crm.Stream, from crm.Position) (crm.Page, error) {
	how := engagements[stream]
	w := window{string(stream), modifiedProperty, slices.Concat(common, how.properties)}
	found, next, more, err := s.since(ctx, w, from)
	if err != nil {
		return crm.Page{}, err
	}
	page := crm.Page{Next: next, More: more}
	people, err := s.ownersOf(ctx, found)
	if err != nil {
		return crm.Page{}, err
	}
	for _, o := range found {
		if touch, over := how.touch(stream, o, people); over {
			page.Touches = append(page.Touches, touch)
		}
	}
	of, err := s.contactsOf(ctx, string(stream), idsOf(page.Touches, func(t crm.Touch) string { return t.ID }))
	if err != nil {
		return crm.Page{}, err
	}
	for i := range page.Touches {
		page.Touches[i].Records = of[page.Touches[i].ID]
	}
	return page, nil
}

func (e engagement) touch(stream crm.Stream, o object, people owners) (crm.Touch, bool) {
	property := func(name string) string { return said(o.Properties[name]) }
	touch := crm.Touch{
		Stream: stream, ID: o.ID, Time: moment(o.Properties["hs_timestamp"]), Logged: moment(o.Properties["hs_createdate"]),
		Rep: people.byID[property(ownerProperty)], Direction: "Outbound", Actor: "Human",
	}
	if touch.Logged.IsZero() {
		touch.Logged = o.CreatedAt.UTC()
	}
	if slices.Contains(automated, property("hs_object_source")) || slices.Contains(automated, property("hs_engagement_source")) {
		touch.Actor = "Automated"
	}
	over := e.over(property, &touch) && !touch.Time.IsZero()
	if touch.Direction == "Inbound" {
		touch.Actor = "Human" // whoever put it on record, the lead did it
	}
	return touch, over
}

// Dispositions of a call that every account has.
const (
	connected   = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
	liveMessage = "a4c4c377-d246-4b32-a13b-75a56a4cd0ff"
)

// overCall takes a call for over unless it is being made, was given up or did not go through. Somebody took it when its outcome says so; without an
// outcome nobody knows.
func overCall(property func(string) string, touch *crm.Touch) bool {
	switch property("hs_call_status") {
	case "QUEUED", "CONNECTING", "RINGING", "CALLING_CRM_USER", "IN_PROGRESS", "CANCELED", "FAILED":
		return false
	}
	touch.Channel = "Phone"
	disposition := property("hs_call_disposition")
	touch.TwoWay = disposition == connected
	touch.Answered = touch.TwoWay || disposition == liveMessage
	if property("hs_call_direction") == "INBOUND" {
		touch.Direction = "Inbound"
	}
	return true
}

func overEmail(property func(string) string, touch *crm.Touch) bool {
	touch.Channel = "Email"
	switch property("hs_email_direction") {
	case "INCOMING_EMAIL", "FORWARDED_EMAIL":
		touch.Direction, touch.TwoWay = "Inbound", true
		return true
	case "DRAFT_EMAIL":
		return false
	}
	if property("hs_sequence_id") != "" {
		touch.Actor = "Automated"
	}
	status := property("hs_email_status")
	return status == "" || status == "SENT"
}

func overMeeting(property func(string) string, touch *crm.Touch) bool {
	touch.Channel, touch.TwoWay = "Meeting", true
	if start := property("hs_meeting_start_time"); start != "" {
		touch.Time = moment(&start)
	}
	return property("hs_meeting_outcome") == "COMPLETED"
}

// overTask takes tasks that are to reach somebody. A to-do may be anything: it says nothing of the lead.
func overTask(property func(string) string, touch *crm.Touch) bool {
	switch kind := property("hs_task_type"); {
	case kind == "CALL":
		touch.Channel = "Phone"
	case kind == "EMAIL":
		touch.Channel = "Email"
	case strings.HasPrefix(kind, "LINKED_IN"):
		touch.Channel = "Social"
	case kind == "SMS", kind == "WHATS_APP", kind == "WHATSAPP":
		touch.Channel = "Message"
	default:
		return false
	}
	if done := property("hs_task_completion_date"); done != "" {
		touch.Time = moment(&done)
		touch.Logged = touch.Time // it was planned before, and is on record as done since it was
	}
	return property("hs_task_status") == "COMPLETED"
}

func (s *System) readDeals(ctx context.Context, from crm.Position) (crm.Page, error) {
	w := window{"deals", modifiedProperty, []string{"hs_is_closed_won", "hs_is_closed", "amount", "deal_currency_code"}}
	found, next, more, err := s.since(ctx, w, from)
	if err != nil {
		return crm.Page{}, err
	}
	page := crm.Page{Next: next, More: more}
	of, err := s.contactsOf(ctx, "deals", idsOf(found, func(o object) string { return o.ID }))
	if err != nil {
		return crm.Page{}, err
	}
	s.mutex.Lock()
	currency := s.known.currency
	s.mutex.Unlock()
	for _, o := range found {
		deal := crm.Deal{
			ID: o.ID, Records: of[o.ID], Modified: w.time(o), State: "Open", Currency: cmp.Or(said(o.Properties["deal_currency_code"]), currency),
		}
		switch {
		case isTrue(o.Properties["hs_is_closed_won"]):
			deal.State = "Won"
		case isTrue(o.Properties["hs_is_closed"]):
			deal.State = "Lost"
		}
		if amount, err := strconv.ParseFloat(said(o.Properties["amount"]), 64); err == nil {
			deal.Amount = amount
		}
		page.Deals = append(page.Deals, deal)
	}
	return page, nil
}

func idsOf[T any](all []T, id func(T) string) []string {
	ids := make([]string, 0, len(all))
	for _, one := range all {
		ids = append(ids, id(one))
	}
	return ids
}

// looseID is an id that HubSpot writes as text or as a number, by the version of its API.
type looseID string

func (i *looseID) UnmarshalJSON(raw []byte) error {
	var text json.Number
	if err := json.Unmarshal([]byte(strings.Trim(string(raw), `"`)), &text); err != nil {
		return err
	}
	*i = looseID(text.String())
	return nil
}

type associationInput struct {
	ID    string `json:"id"`
	After string `json:"after,omitempty"`
}

// maxAssociations of a batch that are read.
const maxAssociations = 1000

// contactsOf objects, by the object's id.
func (s *System) contactsOf(ctx context.Context, from string, ids []string) (map[string][]string, error) {
	return s.associated(ctx, from, contacts, ids)
}

func (s *System) associated(ctx context.Context, from, to string, ids []string) (map[string][]string, error) {
	out := map[string][]string{}
	ask := make([]associationInput, 0, len(ids))
	for _, id := range ids {
		ask = append(ask, associationInput{ID: id})
	}
	for len(ask) > 0 {
		now := ask[:min(len(ask), maxAssociations)]
		ask = ask[len(now):]
		var answer struct {
			Results []struct {
				From struct {
					ID looseID `json:"id"`
				} `json:"from"`
				To []struct {
					ID looseID `json:"toObjectId"`
				} `json:"to"`
				Paging paging `json:"paging"`
			} `json:"results"`
			Errors []problem `json:"errors"`
		}
		request := map[string]any{"inputs": now}
		if err := s.call(ctx, http.MethodPost, s.path("crm/associations", "/"+from+"/"+to+"/batch/read"), request, &answer); err != nil {
			return nil, port(err, nil)
		}
		for _, one := range answer.Errors {
			// HubSpot lists objects without an association among the errors; and what is gone has none.
			if one.Category != notFound && !one.noAssociation() {
				return nil, &crm.UnavailableError{Cause: "could not read all associations, " + one.reason(nil)}
			}
		}
		for _, one := range answer.Results {
			id := string(one.From.ID)
			for _, to := range one.To {
				out[id] = append(out[id], string(to.ID))
			}
			if after := one.Paging.Next.After; after != "" && len(one.To) > 0 {
				ask = append(ask, associationInput{id, after})
			}
		}
	}
	return out, nil
}
