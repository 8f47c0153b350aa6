// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"maps"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
)

// task that Rep1 has done for lead 1, with more or other values.
func task(more object) object {
	out := object{
		"Id": taskID(1), "WhoId": leadID(1), "OwnerId": rep1, "CreatedById": rep1, "CreatedDate": stamp(10), "CompletedDateTime": stamp(10),
		"SystemModstamp": stamp(11), "TaskSubtype": "Task",
	}
	maps.Copy(out, more)
	return out
}

func TestTasks(t *testing.T) {
	touch := func(channel string, more ...func(*crm.Touch)) []crm.Touch {
		out := crm.Touch{
			Stream: crm.Tasks, ID: taskID(1), Records: []string{leadID(1)}, Time: at(10), Logged: at(10), Rep: "rep1@acme.example", Channel: channel,
			Direction: "Outbound", Actor: "Human",
		}
		for _, m := range more {
			m(&out)
		}
		return []crm.Touch{out}
	}
	answered := func(x *crm.Touch) { x.Answered, x.TwoWay = true, true }
	inbound := func(x *crm.Touch) { x.Direction = "Inbound" }
	both := func(x *crm.Touch) { x.TwoWay = true }
	machine := func(x *crm.Touch) { x.Actor = "Automated" }
	for name, c := range map[string]struct {
		task     object
		incoming bool
		want     []crm.Touch
	}{
		"call":                   {object{"TaskSubtype": "Call"}, false, touch("Phone")},
		"answered":               {object{"TaskSubtype": "Call", "CallType": "Outbound", "CallDisposition": "Connected"}, false, touch("Phone", answered)},
		"voicemail":              {object{"TaskSubtype": "Call", "CallDisposition": "Left Voicemail", "CallDurationInSeconds": 40}, false, touch("Phone")},
		"inbound":                {object{"TaskSubtype": "Call", "CallType": "Inbound"}, false, touch("Phone", answered, inbound)},
		"missed":                 {object{"TaskSubtype": "Call", "CallType": "Inbound", "CallDisposition": "Missed"}, false, touch("Phone", inbound)},
		"within":                 {object{"TaskSubtype": "Call", "CallType": "Internal"}, false, nil},
		"e-mail":                 {object{"TaskSubtype": "Email"}, false, touch("Email")},
		"e-mail that came in":    {object{"TaskSubtype": "Email", "CreatedById": "005000000000099AAA"}, true, touch("Email", both, inbound)},
		"to a list":              {object{"TaskSubtype": "ListEmail"}, false, touch("Email", machine)},
		"by a tool, for the rep": {object{"TaskSubtype": "Email", "CreatedById": rep2}, false, touch("Email", machine)},
		"a plan of the manager":  {object{"TaskSubtype": "Email", "CreatedById": rep2, "CreatedDate": stamp(-600)}, false, touch("Email", func(x *crm.Touch) { x.Logged = at(-600) })},
		"by no person":           {object{"TaskSubtype": "Call", "CreatedById": "005000000000099AAA"}, false, touch("Phone", machine)},
		"LinkedIn":               {object{"TaskSubtype": "LinkedIn"}, false, touch("Social")},
		"step of a cadence":      {object{"TaskSubtype": "Cadence"}, false, nil},
		"to-do":                  {nil, false, nil},
		"to-do of a type":        {object{"Type": "Call"}, false, touch("Phone")},
		"to-do to meet":          {object{"Type": "Meeting"}, false, touch("Meeting", both)},
		"other":                  {object{"Type": "Other"}, false, nil},
		"dialler without a type": {object{"CallDurationInSeconds": 3}, false, touch("Phone")},
		"old":                    {object{"TaskSubtype": "Call", "CompletedDateTime": nil}, false, touch("Phone")},
		"of a contact":           {object{"TaskSubtype": "Call", "WhoId": "003000000000001AAA"}, false, nil},
		"of who left":            {object{"TaskSubtype": "Call", "OwnerId": left}, false, touch("Phone", func(x *crm.Touch) { x.Rep = "left@acme.example" })},
	} {
		t.Run(name, func(t *testing.T) {
			org := usual(t)
			org.on("FROM Task", found(task(c.task)))
			if c.incoming {
				org.on("FROM EmailMessage", found(object{"ActivityId": taskID(1)}))
			}
			got := read(t, org, crm.Tasks)
			if diff := gocmp.Diff(c.want, got.Touches); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := (crm.Position{Time: at(11), ID: taskID(1)}); got.Next != want {
				t.Errorf("goes on at %v, want %v", got.Next, want)
			}
		})
	}
}

// What Sales Engagement says of a first contact counts unless a task of that minute says it.
func TestFirstContacts(t *testing.T) {
	first := crm.Touch{
		Stream: crm.Calls, ID: leadID(1), Records: []string{leadID(1)}, Time: at(100), Logged: at(100), Channel: "Phone", Direction: "Outbound", Actor: "Human",
	}
	mail := first
	mail.Stream, mail.Channel, mail.Time, mail.Logged = crm.Emails, "Email", at(200), at(200)
	call := func(n int) object {
		return task(object{"TaskSubtype": "Call", "CompletedDateTime": stamp(n), "CreatedDate": stamp(n)})
	}
	for name, c := range map[string]struct {
		tasks []object
		want  []crm.Touch
	}{
		"no task":            {nil, []crm.Touch{first, mail}},
		"task of the minute": {[]object{call(40)}, []crm.Touch{mail}},
		"another minute":     {[]object{call(39)}, []crm.Touch{first, mail}},
		"logged then":        {[]object{task(object{"TaskSubtype": "Call", "CompletedDateTime": stamp(4000), "CreatedDate": stamp(101)})}, []crm.Touch{mail}},
		"both":               {[]object{call(100), task(object{"TaskSubtype": "Email", "CompletedDateTime": stamp(230)})}, nil},
		"of another lead":    {[]object{task(object{"TaskSubtype": "Call", "CompletedDateTime": stamp(100), "WhoId": leadID(2)})}, []crm.Touch{first, mail}},
		"of another kind":    {[]object{task(object{"TaskSubtype": "LinkedIn", "CompletedDateTime": stamp(100)})}, []crm.Touch{first, mail}},
	} {
		t.Run(name, func(t *testing.T) {
			org := usual(t)
			org.on("FROM Lead ", found(object{"Id": leadID(1), "SystemModstamp": stamp(300), "FirstCallDateTime": stamp(100), "FirstEmailDateTime": stamp(200)}))
			org.on("FROM Task", found(c.tasks...))
			system := using(org)
			for range 3 {
				page, err := system.Read(t.Context(), crm.Leads, crm.Position{})
				if err != nil {
					t.Fatal(err)
				}
				if diff := gocmp.Diff(c.want, page.Touches); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			}
			if n := len(org.to("FROM Task")); n != 1 {
				t.Errorf("tasks were looked up %d times, want once", n)
			}
		})
	}
	t.Run("an org without them", func(t *testing.T) {
		org := usual(t)
		org.on("/sobjects/Lead/describe", described(field("Email", "email")))
		org.on("FROM Lead ", found(object{"Id": leadID(1), "SystemModstamp": stamp(300)}))
		if got := read(t, org, crm.Leads); got.Touches != nil {
			t.Errorf("touches %v", got.Touches)
		}
		if q := org.to("FROM Lead ")[0].soql; strings.Contains(q, "FirstCall") {
			t.Errorf("asked %s", q)
		}
	})
}

func TestEvents(t *testing.T) {
	meeting := func(n int, more object) object {
		out := object{
			"Id": "00U00000000000" + string(rune('0'+n)) + "AAA", "WhoId": leadID(1), "OwnerId": rep1, "CreatedById": rep2, "CreatedDate": stamp(n),
			"StartDateTime": stamp(1000 + n), "EndDateTime": stamp(2000 + n), "SystemModstamp": stamp(n),
		}
		maps.Copy(out, more)
		return out
	}
	org := usual(t)
	org.on("ORDER BY SystemModstamp", found(meeting(1, nil), meeting(2, object{"IsChild": true}), meeting(3, object{"IsRecurrence": true}), meeting(4, object{"WhoId": "003000000000001AAA"})))
	org.on("ORDER BY EndDateTime", found(meeting(1, nil), meeting(5, object{"OwnerId": left})))
	got, err := using(org).Read(t.Context(), crm.Meetings, crm.Position{Time: at(0), ID: "00U000000000000AAA"})
	if err != nil {
		t.Fatal(err)
	}
	held := func(n int, rep string) crm.Touch {
		return crm.Touch{
			Stream: crm.Meetings, ID: meeting(n, nil)["Id"].(string), Records: []string{leadID(1)}, Time: at(1000 + n), Logged: at(n), Rep: rep, Channel: "Meeting",
			Direction: "Outbound", Actor: "Human", TwoWay: true,
		}
	}
	want := crm.Page{
		Touches: []crm.Touch{held(1, "rep1@acme.example"), held(5, "left@acme.example")}, Next: crm.Position{Time: now.Add(-using(org).Lag())},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, r := range org.to("FROM Event") {
		if !strings.Contains(r.soql, "EndDateTime <= 2026-11-02T12:00:00.000Z") {
			t.Errorf("asked for meetings that are not over: %s", r.soql)
		}
	}
}

func TestStreams(t *testing.T) {
	system := using(usual(t))
	page, err := system.Read(t.Context(), crm.Calls, crm.Position{ID: "x"})
	if diff := gocmp.Diff(crm.Page{Next: crm.Position{ID: "x"}}, page); diff != "" || err != nil {
		t.Errorf("calls are no stream here: %v %s", err, diff)
	}
	streams := system.Streams()
	if streams[len(streams)-1] != crm.Leads {
		t.Errorf("leads are read before what explains them: %v", streams)
	}
}
