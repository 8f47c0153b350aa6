// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// optional fields of tasks and events: what an org does not have, or does not show, is not asked for.
var (
	taskFields  = []string{"TaskSubtype", "Type", "CallType", "CallDisposition", "CallDurationInSeconds", "CompletedDateTime"}
	eventFields = []string{"IsChild", "IsRecurrence"}
)

func (o *org) having(object string, fields []string) []string {
	var out []string
	for _, field := range fields {
		if o.has[object][field] {
			out = append(out, field)
		}
	}
	return out
}

func (o *org) taskFields() []string {
	return append([]string{"Id", "WhoId", ownerField, createdBy, createdDate, modstamp}, o.having(objectTask, taskFields)...)
}

// Conditions of tasks that are done, and of activities that are not deleted. Salesforce archives activities after a year: only queryAll shows them then,
// and with them what is in the recycle bin.
const (
	closed = "IsClosed = true"
	kept   = "IsDeleted = false"
)

// readTasks reads those that are done, of leads.
func (s *System) readTasks(ctx context.Context, o *org, from crm.Position) (crm.Page, error) {
	soql, err := pageOf(objectTask, o.taskFields(), from, closed, kept, "Who.Type = 'Lead'")
	if err != nil {
		return crm.Page{}, err
	}
	answer, err := s.query(ctx, all, soql)
	if err != nil {
		return crm.Page{}, err
	}
	page := crm.Page{Next: from, More: !answer.Done || len(answer.Records) >= maxRows}
	if n := len(answer.Records); n > 0 {
		page.Next = answer.Records[n-1].position(modstamp)
	}
	incoming, err := s.incoming(ctx, answer.Records)
	if err != nil {
		return crm.Page{}, err
	}
	p, err := s.workers(ctx, o, answer.Records)
	if err != nil {
		return crm.Page{}, err
	}
	for _, r := range answer.Records {
		if t, is := touchOf(r, r.text("WhoId"), p, incoming[r.text("Id")]); is {
			page.Touches = append(page.Touches, t)
		}
	}
	return page, nil
}

// workers are the people, with those who own or made the rows.
func (s *System) workers(ctx context.Context, o *org, list []row) (*people, error) {
	named := append(column(list, ownerField), column(list, createdBy)...)
	return s.peopleWith(ctx, o, func(p *people) bool {
		for _, id := range named {
			if _, there := p.byID[id]; !there && isID(id, userPrefix) {
				return false
			}
		}
		return true
	})
}

// incoming are the tasks that stand for an e-mail which came in: of these the task itself says nothing. An org without its own e-mails has none.
func (s *System) incoming(ctx context.Context, tasks []row) (map[string]bool, error) {
	var mails []string
	for _, r := range tasks {
		if r.text("TaskSubtype") == "Email" {
			mails = append(mails, r.text("Id"))
		}
	}
	found, err := s.optional(ctx, "EmailMessage", ids("ActivityId", mails, maxRows), func(condition string) string {
		return selectFrom("EmailMessage", []string{"ActivityId"}, "", "Incoming = true", condition)
	})
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, id := range column(found, "ActivityId") {
		out[id] = true
	}
	return out, nil
}

// touchOf a task with a lead; none where it is no contact with the lead: a to-do of any other kind, a call within the company, and the step of a cadence, which is
// over when its call or its e-mail is, which have a task of their own.
func touchOf(r row, lead string, p *people, incoming bool) (crm.Touch, bool) {
	at := r.time("CompletedDateTime")
	if at.IsZero() {
		at = r.time(createdDate)
	}
	t := crm.Touch{
		Stream: crm.Tasks, ID: r.text("Id"), Records: []string{lead}, Time: at, Logged: r.time(createdDate), Rep: p.byID[r.text(ownerField)].email,
		Channel: channel(r), Direction: "Outbound", Actor: "Human",
	}
	switch {
	case t.Channel == "" || r.text("CallType") == "Internal" || !isLead(lead):
		return crm.Touch{}, false
	case t.Channel == "Phone":
		inbound := r.text("CallType") == "Inbound"
		t.Answered = taken(r.text("CallDisposition"), inbound)
		t.TwoWay = t.Answered
		if inbound {
			t.Direction = "Inbound"
		}
	case t.Channel == "Meeting":
		t.TwoWay = true
	case t.Channel == "Email" && incoming:
		t.Direction, t.TwoWay = "Inbound", true
	}
	if !t.TwoWay && automated(r, p, at) {
		t.Actor = "Automated"
	}
	return t, true
}

// channel of a task: by its subtype, which Salesforce sets; else by its type, which people choose.
func channel(r row) string {
	switch r.text("TaskSubtype") {
	case "Call":
		return "Phone"
	case "Email", "ListEmail":
		return "Email"
	case "LinkedIn":
		return "Social"
	case "Cadence":
		return ""
	}
	switch strings.ToLower(r.text("Type")) {
	case "call":
		return "Phone"
	case "email":
		return "Email"
	case "meeting":
		return "Meeting"
	}
	if r.text("CallType") != "" || r.number("CallDurationInSeconds") > 0 {
		return "Phone"
	}
	return ""
}

// automated says whether a machine did it: mail to a list; what is by no person; and mail that somebody else put on record for the owner, done as it
// was made, which is what marketing tools do.
func automated(r row, p *people, at time.Time) bool {
	by := r.text(createdBy)
	_, person := p.byID[by]
	return r.text("TaskSubtype") == "ListEmail" || !person ||
		channel(r) == "Email" && by != r.text(ownerField) && at.Sub(r.time(createdDate)) < time.Minute
}

// Words of a call's result, which is free text. Those that say that nobody was there go before those that say that somebody was.
var (
	nobody   = []string{"no answer", "not answer", "unanswered", "voicemail", "voice mail", "left message", "busy", "no connect", "not connect", "disconnect", "unreach", "not reach", "wrong number", "bad number", "unsuccessful", "missed", "failed", "gatekeeper"}
	somebody = []string{"connect", "answered", "spoke", "talk", "reached", "interested", "conversation", "call back later", "unqualified", "successful"}
)

// taken says whether somebody took a call, by its result. Without one that says so an outbound call was an attempt, and an inbound one was taken by
// whoever has put it on record.
func taken(result string, inbound bool) bool {
	result = strings.ToLower(result)
	for _, word := range nobody {
		if strings.Contains(result, word) {
			return false
		}
	}
	for _, word := range somebody {
		if strings.Contains(result, word) {
			return true
		}
	}
	return inbound
}
