// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"strings"
	"time"
)

// Reassigned is a lead that the org's assignment rule took from its owner, because whoever wrote did not say Sforce-Auto-Assign: FALSE.
type Reassigned struct {
	Lead string    `json:"lead"`
	From string    `json:"from"` // id of a user or a queue
	By   string    `json:"by"`   // who wrote
	At   time.Time `json:"at"`
}

// assign is the active assignment rule: it takes leads that are made or changed through the API, unless it was told not to.
func (x *tx) assign(t *table, r row) {
	if t.name != "Lead" || !x.autoAssign || x.queue == "" || r.text("OwnerId") == x.queue {
		return
	}
	from := r.text("OwnerId")
	x.reassigned = append(x.reassigned, Reassigned{Lead: r.id(), From: from, By: x.by, At: x.now})
	x.change(r, func() { r["OwnerId"] = x.queue })
	if x.tracked["OwnerId"] {
		x.owned(t, r, "ownerAssignment", from, x.queue)
	}
}

// tracks keeps a change in the history, if the field is one that the org tracks. A change of owner is kept twice: with names, and with ids.
func (x *tx) tracks(t *table, r row, name string, from, to any) {
	if t.object.history == "" || !x.tracked[name] || same(from, to) {
		return
	}
	if name != "OwnerId" {
		x.history(t, r, name, from, to)
		return
	}
	x.owned(t, r, "Owner", from, to)
}

func (x *tx) owned(t *table, r row, field string, from, to any) {
	x.history(t, r, field, x.nameOf(from), x.nameOf(to))
	x.history(t, r, field, from, to)
}

func (x *tx) nameOf(id any) any {
	text, _ := id.(string)
	_, r := x.find(text, "User", "Group")
	return r["Name"]
}

func (x *tx) history(t *table, r row, field string, from, to any) {
	if t.object.history == "" {
		return
	}
	entry := row{"LeadId": r.id(), "CreatedById": x.user.id(), "CreatedDate": x.now, "Field": field, "DataType": "Text"}
	if _, ok := canonical(fmtText(to)); ok && strings.HasPrefix(strings.ToLower(field), "owner") {
		entry["DataType"] = "EntityId"
	}
	set(entry, "OldValue", from)
	set(entry, "NewValue", to)
	x.insert(x.table(t.object.history), entry)
}

func fmtText(v any) string {
	s, _ := v.(string)
	return s
}

// derive fills what Salesforce computes.
func (x *tx) derive(t *table, was, r row) {
	switch t.name {
	case "Lead", "Contact":
		set(r, "Name", named(r))
	case "Task":
		x.task(was, r)
	case "Event":
		x.event(r)
	case "Opportunity":
		stage := r.text("StageName")
		r["IsClosed"], r["IsWon"] = strings.HasPrefix(stage, "Closed"), stage == "Closed Won"
	}
}

func named(r row) any {
	name := strings.TrimSpace(r.text("FirstName") + " " + r.text("LastName"))
	if name == "" {
		return nil
	}
	return name
}

// task: one that is done has a time of its own, and is the last activity of its lead; a call or an e-mail may be its first.
func (x *tx) task(was, r row) {
	closed := r.text("Status") == "Completed"
	r["IsClosed"] = closed
	if !closed {
		delete(r, "CompletedDateTime")
		return
	}
	if was.is("IsClosed") {
		return
	}
	if r["CompletedDateTime"] == nil {
		r["CompletedDateTime"] = x.now
	}
	day := r.text("ActivityDate")
	if day == "" {
		day = x.now.Format(time.DateOnly)
	}
	first := map[string]string{"Call": "FirstCallDateTime", "Email": "FirstEmailDateTime", "ListEmail": "FirstEmailDateTime"}[r.text("TaskSubtype")]
	if r.text("CallType") == "Inbound" {
		first = "" // a call placed to the lead
	}
	x.active(r.text("WhoId"), day, first, r["CompletedDateTime"])
}

func (x *tx) event(r row) {
	if start, ok := r["StartDateTime"].(time.Time); ok {
		r["ActivityDateTime"] = start
	}
	start, ok := r["ActivityDateTime"].(time.Time)
	if !ok {
		return
	}
	r["StartDateTime"], r["ActivityDate"] = start, start.Format(time.DateOnly)
	if minutes, ok := r["DurationInMinutes"].(float64); ok {
		r["EndDateTime"] = start.Add(time.Duration(minutes) * time.Minute)
	} else if end, ok := r["EndDateTime"].(time.Time); ok {
		r["DurationInMinutes"] = end.Sub(start).Minutes()
	}
	x.active(r.text("WhoId"), start.Format(time.DateOnly), "", nil)
}

// active notes an activity at the lead it belongs to. That moves the lead's SystemModstamp: it is not modified by anybody.
func (x *tx) active(who, day, first string, at any) {
	lead := x.table("Lead").rows[who]
	if lead == nil || lead.is("IsConverted") {
		return
	}
	x.change(lead, func() {
		if day > lead.text("LastActivityDate") {
			lead["LastActivityDate"] = day
		}
		if first != "" && lead[first] == nil {
			lead[first] = at
		}
		x.stamp(lead, false)
	})
}
