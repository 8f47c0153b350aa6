// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

const rep1 = "rep1@acme.example"

func TestActivities(t *testing.T) {
	r := open(t, nil)
	id := r.lead("")
	log := func(values map[string]string) string {
		return r.act(control.Act{As: rep1, Do: "log", Type: "Task", Of: []string{"Lead/" + id}, Values: values})
	}
	r.at = start.Add(time.Minute)
	log(map[string]string{"TaskSubtype": "Call", "CallType": "Inbound"})
	if got := r.record("Lead", id); got["FirstCallDateTime"] != nil || got["LastActivityDate"] != "2026-11-22" {
		t.Errorf("after an inbound call: %v, %v", got["FirstCallDateTime"], got["LastActivityDate"])
	}
	r.at = start.Add(2 * time.Minute)
	call := log(map[string]string{"TaskSubtype": "Call", "CallType": "Outbound"})
	r.at = start.Add(3 * time.Minute)
	log(map[string]string{"TaskSubtype": "Call"})
	mail := r.act(control.Act{As: rep1, Do: "create", Type: "Task", Of: []string{"Lead/" + id}, Values: map[string]string{"TaskSubtype": "Email"}})
	if got := r.record("Lead", id); got["FirstEmailDateTime"] != nil {
		t.Error("a task that is not done counts as an e-mail")
	}
	r.at = start.Add(4 * time.Minute)
	r.act(control.Act{As: rep1, Do: "set", Type: "Task", ID: mail, Values: map[string]string{"Status": "Completed"}})
	got := r.record("Lead", id)
	for field, want := range map[string]any{
		"FirstCallDateTime": "2026-11-22T09:02:00.000+0000", "FirstEmailDateTime": "2026-11-22T09:04:00.000+0000",
		"SystemModstamp": "2026-11-22T09:04:00.000+0000", "LastModifiedDate": "2026-11-22T09:00:00.000+0000",
	} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	if task := r.record("Task", call); task["IsClosed"] != true || task["CompletedDateTime"] != "2026-11-22T09:02:00.000+0000" {
		t.Errorf("%v", task)
	}
	event := r.act(control.Act{As: rep1, Do: "create", Type: "Event", Of: []string{"Lead/" + id}, Values: map[string]string{"StartDateTime": "2026-11-22T12:00:00Z", "DurationInMinutes": "30"}})
	if got := r.record("Event", event); got["EndDateTime"] != "2026-11-22T12:30:00.000+0000" || got["ActivityDate"] != "2026-11-22" {
		t.Errorf("%v", got)
	}
}

func TestConversion(t *testing.T) {
	r := open(t, nil)
	id := r.lead("")
	task := r.act(control.Act{As: rep1, Do: "log", Type: "Task", Of: []string{"Lead/" + id}, Values: map[string]string{"TaskSubtype": "Call"}})
	r.act(control.Act{As: rep1, Do: "convert", Type: "Lead", ID: id, Values: map[string]string{"Amount": "1000"}})
	lead := r.record("Lead", id)
	if lead["IsConverted"] != true || lead["ConvertedDate"] != "2026-11-22" || lead["Status"] != convertedStatus {
		t.Errorf("%v", lead)
	}
	deal := r.record("Opportunity", fmt.Sprint(lead["ConvertedOpportunityId"]))
	if deal["Amount"] != 1000.0 || deal["IsClosed"] != false || deal["Name"] != "Acme-" {
		t.Errorf("%v", deal)
	}
	if got := r.record("Task", task)["WhoId"]; got != lead["ConvertedContactId"] {
		t.Errorf("the task is %v's", got)
	}
	if got := r.refused(400, "CANNOT_UPDATE_CONVERTED_LEAD", "PATCH", "/sobjects/Lead/"+id, `{"Title":"x"}`); got != "cannot reference converted lead" {
		t.Error(got)
	}
	if _, err := r.Act(control.Act{As: rep1, Do: "convert", Type: "Lead", ID: id}); err == nil {
		t.Error("a lead was converted twice")
	}
	r.act(control.Act{As: rep1, Do: "set", Type: "Opportunity", ID: fmt.Sprint(deal["Id"]), Values: map[string]string{"StageName": "Closed Won"}})
	if got := r.record("Opportunity", fmt.Sprint(deal["Id"])); got["IsWon"] != true || got["IsClosed"] != true {
		t.Errorf("%v", got)
	}
}

func TestMerge(t *testing.T) {
	r := open(t, nil)
	loser, winner := r.lead(""), r.lead("")
	r.act(control.Act{As: rep1, Do: "merge", Type: "Lead", ID: loser, Into: winner})
	out, _ := r.must(200, "GET", "/queryAll?q=SELECT+MasterRecordId,IsDeleted+FROM+Lead+WHERE+MasterRecordId+=+'"+winner+"'", "", nil).(map[string]any)
	if out["totalSize"] != 1.0 {
		t.Errorf("%v", out)
	}
	r.refused(404, "ENTITY_IS_DELETED", "PATCH", "/sobjects/Lead/"+loser, `{"Title":"x"}`)
}

func TestSchemaChangesUnderWay(t *testing.T) {
	r := open(t, nil)
	id := r.lead(`"Handoff_Score__c":5`)
	r.set(Settings{Remove: []string{"Handoff_Score__c"}, Fields: []Field{{Name: "Handoff_Attempts__c", Type: typeDouble, ReadOnly: true}}})
	r.refused(400, "INVALID_FIELD", "PATCH", "/sobjects/Lead/"+id, `{"Handoff_Score__c":6}`)
	r.refused(400, "INVALID_FIELD", "GET", "/query?q=SELECT+Handoff_Score__c+FROM+Lead", "")
	r.refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "PATCH", "/sobjects/Lead/"+id, `{"Handoff_Attempts__c":6}`)
	r.set(Settings{Fields: []Field{{Name: "Handoff_Score__c", Type: typeDouble}}})
	r.must(204, "PATCH", "/sobjects/Lead/"+id, `{"Handoff_Score__c":6}`, quiet)
}

func TestActsThatCannotBe(t *testing.T) {
	r := open(t, nil)
	id := r.lead("")
	for name, a := range map[string]control.Act{
		"nobody":        {As: "x@acme.example", Do: "set", Type: "Lead", ID: id},
		"no object":     {As: rep1, Do: "set", Type: "Leed", ID: id},
		"no record":     {As: rep1, Do: "set", Type: "Lead", ID: newID("00Q", 99)},
		"no such act":   {As: rep1, Do: "sell", Type: "Lead", ID: id},
		"no field":      {As: rep1, Do: "set", Type: "Lead", ID: id, Values: map[string]string{"Nope": "1"}},
		"a wrong value": {As: rep1, Do: "set", Type: "Lead", ID: id, Values: map[string]string{"Email": "x"}},
		"of nothing":    {As: rep1, Do: "log", Type: "Task", Of: []string{id}},
	} {
		if _, err := r.Act(a); err == nil {
			t.Errorf("%s: was done", name)
		} else if strings.HasPrefix(name, "no ") && name != "no such act" && name != "no field" && !errors.Is(err, control.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(r.Log.Writes()); got != 1 {
		t.Errorf("%d writes", got)
	}
}

func TestControlByHTTP(t *testing.T) {
	r := open(t, nil)
	for _, step := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/_control/seed", `{"leads":20}`, http.StatusNoContent},
		{"POST", "/_control/set", `{"used":7,"lock":{"x":1}}`, http.StatusNoContent},
		{"POST", "/_control/set", `{"nope":7}`, http.StatusBadRequest},
		{"POST", "/_control/act", `{"as":"rep1@acme.example","do":"create","type":"Lead","values":{"LastName":"Sample","Company":"Acme","DoNotCall":"true"}}`, http.StatusOK},
		{"GET", "/_control/state", "", http.StatusOK},
	} {
		if status, body, _ := r.do(step.method, step.path, step.body, nil); status != step.status {
			t.Errorf("%s %s: %d %s", step.method, step.path, status, body)
		}
	}
	state := r.Look()
	if len(state.Records["Lead"]) != 21 || state.Used != 7 || state.Owners[r.users[rep1]] != rep1 {
		t.Errorf("%d leads, %d used", len(state.Records["Lead"]), state.Used)
	}
}

func TestSeed(t *testing.T) {
	r := open(t, nil)
	r.SeedLeads(600)
	r.SeedLeads(100)
	leads := r.Look().Records["Lead"]
	handed, emails, times := 0, map[any]bool{}, map[any]int{}
	for _, lead := range leads {
		emails[lead["Email"]] = true
		times[lead["SystemModstamp"]]++
		demo := lead["Last_Form__c"] == "demo"
		fits := lead["Last_Page__c"] == "/pricing" && lead["Last_Download_Gated__c"] == true
		if (demo || fits) && lead["Lifecycle__c"] != "customer" && lead["Phone"] != nil {
			handed++
		}
	}
	if len(leads) != 700 || len(emails) != 700 || handed != SeededMQL(700) || handed != 210 {
		t.Errorf("%d leads, %d addresses, %d to hand off, %d expected", len(leads), len(emails), handed, SeededMQL(700))
	}
	if len(times) != 3 {
		t.Errorf("times: %v", times)
	}
}
