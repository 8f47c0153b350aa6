// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/test/crm/control"
)

func TestOneRecord(t *testing.T) {
	r := open(t, nil)
	id := r.lead(`"Email":" a@acme.example ","NumberOfEmployees":null`)
	got := r.record("Lead", id[:15])
	if got["Email"] != "a@acme.example" || got["Status"] != "Open - Not Contacted" || got["Name"] != "Sample" || got["IsUnreadByOwner"] != true {
		t.Errorf("as it was made: %v", got)
	}
	r.at = r.at.Add(90 * time.Second)
	r.must(204, "PATCH", "/sobjects/Lead/"+id, `{"FirstName":"Jo","Email":"","Handoff_Due_At__c":"2026-11-23T10:00:00.987Z"}`, quiet)
	got = r.record("Lead", id)
	for field, want := range map[string]any{
		"Name": "Jo Sample", "Email": nil, "Handoff_Due_At__c": "2026-11-23T10:00:00.000+0000", "CreatedDate": "2026-11-22T09:00:00.000+0000",
		"SystemModstamp": "2026-11-22T09:01:30.000+0000", "LastModifiedDate": "2026-11-22T09:01:30.000+0000",
	} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	r.must(204, "DELETE", "/sobjects/Lead/"+id, "", nil)
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		if got := r.refused(404, "ENTITY_IS_DELETED", method, "/sobjects/Lead/"+id, "{}"); got != "entity is deleted" {
			t.Error(got)
		}
	}
}

func TestRecordsThatAreWrong(t *testing.T) {
	r := open(t, nil)
	id := r.lead(`"Handoff_Id__c":"x-1"`)
	gone := r.lead("")
	r.must(204, "DELETE", "/sobjects/Lead/"+gone, "", nil)
	r.set(Settings{Deactivate: []string{"rep1@acme.example"}})
	r.set(Settings{Fields: []Field{{Name: "Topics__c", Type: typePicklists, Restricted: true, Options: []string{"cloud", "edge"}}}})
	r.must(204, "PATCH", "/sobjects/Lead/"+r.lead(""), `{"Topics__c":"edge;cloud"}`, nil)
	user := r.users["rep1@acme.example"]
	patch := func(body string) [3]string { return [3]string{"PATCH", "/sobjects/Lead/" + id, body} }
	create := func(body string) [3]string { return [3]string{"POST", "/sobjects/Lead", body} }
	for name, tc := range map[string]struct {
		request [3]string
		status  int
		code    string
		message string
	}{
		"missing":          {create(`{"FirstName":"x"}`), 400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName, Company]"},
		"emptied":          {patch(`{"Company":null}`), 400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]"},
		"unknown field":    {patch(`{"Nope__c":1}`), 400, "INVALID_FIELD", "No such column 'Nope__c' on sobject of type Lead"},
		"no number":        {patch(`{"NumberOfEmployees":"many"}`), 400, "JSON_PARSER_ERROR", "Cannot deserialize instance of int from VALUE_STRING value many or request may be missing a required field at [line:1, column:1]"},
		"no text":          {patch(`{"Title":5}`), 400, "JSON_PARSER_ERROR", "Cannot deserialize instance of string from VALUE_NUMBER_INT value 5 or request may be missing a required field at [line:1, column:1]"},
		"an object":        {patch(`{"Title":{"a":1}}`), 400, "JSON_PARSER_ERROR", "Cannot deserialize instance of string from START_OBJECT value { or request may be missing a required field at [line:1, column:1]"},
		"no time":          {patch(`{"Handoff_Due_At__c":"tomorrow"}`), 400, "JSON_PARSER_ERROR", "Cannot deserialize instance of datetime from VALUE_STRING value tomorrow or request may be missing a required field at [line:1, column:1]"},
		"no JSON":          {patch(`{"Title":`), 400, "JSON_PARSER_ERROR", ""},
		"null boolean":     {patch(`{"DoNotCall":null}`), 400, "INVALID_TYPE_ON_FIELD_IN_RECORD", "Do Not Call: value not of required type: "},
		"too long":         {patch(`{"FirstName":"` + strings.Repeat("x", 41) + `"}`), 400, "STRING_TOO_LONG", "First Name: data value too large: " + strings.Repeat("x", 41) + " (max length=40)"},
		"no address":       {patch(`{"Email":"nobody"}`), 400, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: nobody"},
		"restricted":       {patch(`{"Handoff_Reason__c":"Whim"}`), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Handoff Reason: bad value for restricted picklist field: Whim"},
		"read-only":        {patch(`{"IsConverted":true,"FirstCallDateTime":null}`), 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: FirstCallDateTime, IsConverted. Please check the security settings of this field and verify that it is read/write for your profile or permission set."},
		"one of several":   {patch(`{"Topics__c":"cloud;data"}`), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Topics: bad value for restricted picklist field: cloud;data"},
		"computed":         {create(`{"LastName":"x","Company":"y","Name":"z"}`), 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: Name. Please check the security settings of this field and verify that it is read/write for your profile or permission set."},
		"malformed owner":  {patch(`{"OwnerId":"rep1"}`), 400, "MALFORMED_ID", "Owner ID: id value of incorrect type: rep1"},
		"unknown owner":    {patch(`{"OwnerId":"005000000000000AAA"}`), 400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"},
		"inactive owner":   {patch(`{"OwnerId":"` + user + `"}`), 400, "INACTIVE_OWNER_OR_USER", "operation performed with inactive user [" + user[:15] + "] as owner of lead"},
		"taken":            {create(`{"LastName":"x","Company":"y","Handoff_Id__c":"X-1"}`), 400, "DUPLICATE_VALUE", "duplicate value found: Handoff_Id__c duplicates value on record with id: " + id[:15]},
		"id in the body":   {patch(`{"Id":"` + id + `"}`), 400, "INVALID_FIELD", "The Id field should not be specified in the sobject data."},
		"unknown id":       {[3]string{"PATCH", "/sobjects/Lead/" + newID("00Q", 999), "{}"}, 404, "NOT_FOUND", "The requested resource does not exist"},
		"malformed id":     {[3]string{"GET", "/sobjects/Lead/nobody", ""}, 404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: nobody"},
		"of a deleted one": {[3]string{"POST", "/sobjects/Task", `{"WhoId":"` + gone + `"}`}, 400, "ENTITY_IS_DELETED", "entity is deleted"},
		"a user":           {[3]string{"POST", "/sobjects/User", `{"LastName":"x"}`}, 400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: User"},
		"a subtype again":  {[3]string{"POST", "/sobjects/Task", `{"TaskSubtype":"Fax"}`}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Task Subtype: bad value for restricted picklist field: Fax"},
		"a method":         {[3]string{"PUT", "/sobjects/Lead/" + id, ""}, 405, "METHOD_NOT_ALLOWED", "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,PATCH,DELETE"},
	} {
		if got := r.refused(tc.status, tc.code, tc.request[0], tc.request[1], tc.request[2]); tc.message != "" && got != tc.message {
			t.Errorf("%s: %q, want %q", name, got, tc.message)
		}
	}
	if got := r.record("Lead", id); got["SystemModstamp"] != "2026-11-22T09:00:00.000+0000" || got["Name"] != "Sample" {
		t.Errorf("a refused write changed it: %v", got)
	}
}

func TestUpsert(t *testing.T) {
	r := open(t, nil)
	at := "/sobjects/Lead/Handoff_Id__c/a%2F1"
	made, _ := r.must(201, "PATCH", at, `{"LastName":"Sample","Company":"Acme"}`, quiet).(map[string]any)
	again, _ := r.must(200, "PATCH", at, `{"Title":"VP"}`, quiet).(map[string]any)
	if made["created"] != true || again["created"] != false || made["id"] != again["id"] {
		t.Errorf("made %v, then %v", made, again)
	}
	if got, _ := r.must(200, "GET", at, "", nil).(map[string]any); got["Title"] != "VP" || got["Handoff_Id__c"] != "a/1" {
		t.Errorf("%v", got)
	}
	r.refused(400, "REQUIRED_FIELD_MISSING", "PATCH", "/sobjects/Lead/Handoff_Id__c/b", `{"Title":"VP"}`)
	r.refused(404, "NOT_FOUND", "PATCH", "/sobjects/Lead/Title/b", `{"Title":"VP"}`)

	r.set(Settings{Fields: []Field{{Name: "Old_Id__c", Type: typeString}}})
	r.lead(`"Old_Id__c":"1"`)
	r.lead(`"Old_Id__c":"1"`)
	r.set(Settings{Fields: []Field{{Name: "Old_Id__c", Type: typeString, External: true}}})
	if urls, _ := r.must(300, "PATCH", "/sobjects/Lead/Old_Id__c/1", `{"Title":"VP"}`, quiet).([]any); len(urls) != 2 {
		t.Errorf("choices: %v", urls)
	}
}

// outcomes of a collection: + or the code of each item's error.
func (r *rig) outcomes(method, path, body string) string {
	r.t.Helper()
	list, _ := r.must(200, method, path, body, quiet).([]any)
	var out []string
	for _, one := range list {
		result, _ := one.(map[string]any)
		wrong, _ := result["errors"].([]any)
		if result["success"] == true {
			word := "+"
			if result["created"] == false {
				word = "="
			}
			out = append(out, word)
			continue
		}
		e, _ := wrong[0].(map[string]any)
		if _, has := result["id"]; has || e["fields"] == nil {
			r.t.Errorf("a failure has an id, or its error no fields: %v", result)
		}
		out = append(out, fmt.Sprint(e["statusCode"]))
	}
	return strings.Join(out, " ")
}

func TestCollections(t *testing.T) {
	r := open(t, nil)
	a, b := r.lead(""), r.lead("")
	item := func(id, values string) string {
		return `{"attributes":{"type":"Lead"},"id":"` + id + `",` + values + `}`
	}
	many := func(allOrNone bool, items ...string) string {
		return fmt.Sprintf(`{"allOrNone":%t,"records":[%s]}`, allOrNone, strings.Join(items, ","))
	}
	const at = "/composite/sobjects"
	if got := r.outcomes("PATCH", at, many(false, item(a, `"Title":"A"`), item(b, `"Email":"x"`), item("zz", `"Title":"B"`), item(newID("00Q", 99), `"Title":"B"`))); got !=
		"+ INVALID_EMAIL_ADDRESS MALFORMED_ID INVALID_CROSS_REFERENCE_KEY" {
		t.Error(got)
	}
	if got := r.outcomes("PATCH", at, many(true, item(a, `"Title":"C"`), item(b, `"Email":"x"`))); got != "ALL_OR_NONE_OPERATION_ROLLED_BACK INVALID_EMAIL_ADDRESS" {
		t.Error(got)
	}
	if got := r.record("Lead", a)["Title"]; got != "A" {
		t.Errorf("all or none left the title %v", got)
	}
	// One field that is not there spoils the whole request, and so does a value that cannot be read.
	r.refused(400, "INVALID_FIELD", "PATCH", at, many(false, item(a, `"Title":"D"`), item(b, `"Nope__c":"x"`)))
	r.refused(400, "JSON_PARSER_ERROR", "PATCH", at, many(false, item(a, `"Title":"D"`), item(b, `"NumberOfEmployees":"x"`)))
	if got := r.record("Lead", a)["Title"]; got != "A" {
		t.Errorf("a spoilt request left the title %v", got)
	}
	yes := true
	r.set(Settings{PerItem: &yes})
	if got := r.outcomes("PATCH", at, many(false, item(a, `"Title":"D"`), item(b, `"Nope__c":"x"`))); got != "+ INVALID_FIELD" {
		t.Error(got)
	}
	if got := r.refused(400, "EXCEEDED_ID_LIMIT", "PATCH", at, many(false, strings.Split(strings.Repeat("{},", 200)+"{}", ",")...)); got !=
		"record limit reached. cannot submit more than 200 records into this call" {
		t.Error(got)
	}
	if got := r.outcomes("POST", at, many(false, `{"attributes":{"type":"Task"},"WhoId":"`+a+`"}`, `{"attributes":{"type":"Lead"},"LastName":"x"}`)); got != "+ REQUIRED_FIELD_MISSING" {
		t.Error(got)
	}
	upsert := at + "/Lead/Handoff_Id__c"
	one := `{"attributes":{"type":"Lead"},"LastName":"Sample","Company":"Acme","Handoff_Id__c":"1"}`
	if got := r.outcomes("PATCH", upsert, many(false, one, one, `{"attributes":{"type":"Lead"},"LastName":"x"}`)); got != "+ DUPLICATE_VALUE MISSING_ARGUMENT" {
		t.Error(got)
	}
	if got := r.outcomes("PATCH", upsert, many(false, one)); got != "=" {
		t.Error(got)
	}
	list, _ := r.must(200, "POST", at+"/Lead", `{"ids":["`+a+`","`+newID("00Q", 99)+`"],"fields":["Title"]}`, nil).([]any)
	if first, _ := list[0].(map[string]any); len(list) != 2 || first["Title"] != "D" || list[1] != nil {
		t.Errorf("read: %v", list)
	}
	if got := r.outcomes("DELETE", at+"?ids="+a+","+b+","+a, ""); got != "+ + ENTITY_IS_DELETED" {
		t.Error(got)
	}
}

func TestItemsFailOnCommand(t *testing.T) {
	r := open(t, nil)
	a, b, c := r.lead(""), r.lead(""), r.lead("")
	body := fmt.Sprintf(`{"records":[{"attributes":{"type":"Lead"},"id":%q,"Title":"x"},{"attributes":{"type":"Lead"},"id":%q,"Title":"x"},{"attributes":{"type":"Lead"},"id":%q,"Title":"x"}]}`, a, b, c)
	if err := r.Faults.Add(control.Rule{Kind: control.Partial, ItemEvery: 2, Times: 1, Path: "composite"}); err != nil {
		t.Fatal(err)
	}
	r.set(Settings{Lock: map[string]int{b: 1}})
	for _, want := range []string{"UNABLE_TO_LOCK_ROW UNABLE_TO_LOCK_ROW UNABLE_TO_LOCK_ROW", "+ + +"} {
		if got := r.outcomes("PATCH", "/composite/sobjects", body); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestComposite(t *testing.T) {
	r := open(t, nil)
	answers := func(body string) string {
		out, _ := r.must(200, "POST", "/composite", body, quiet).(map[string]any)
		list, _ := out["compositeResponse"].([]any)
		var all []string
		for _, one := range list {
			sub, _ := one.(map[string]any)
			all = append(all, fmt.Sprintf("%v=%v", sub["referenceId"], sub["httpStatusCode"]))
		}
		return strings.Join(all, " ")
	}
	lead := `{"method":"POST","url":"` + base + `/sobjects/Lead","referenceId":"lead","httpHeaders":{"Sforce-Auto-Assign":"FALSE"},"body":{"LastName":"Sample","Company":"Acme"}}`
	task := `{"method":"POST","url":"` + base + `/sobjects/Task","referenceId":"task","body":{"WhoId":"@{lead.id}","Subject":"x"}}`
	wrong := `{"method":"POST","url":"` + base + `/sobjects/Task","referenceId":"wrong","body":{"WhoId":"@{none.id}"}}`
	if got := answers(`{"compositeRequest":[` + lead + `,` + task + `]}`); got != "lead=201 task=201" {
		t.Error(got)
	}
	if got := answers(`{"allOrNone":true,"compositeRequest":[` + lead + `,` + wrong + `,` + task + `]}`); got != "lead=400 wrong=400 task=400" {
		t.Error(got)
	}
	if got := answers(`{"compositeRequest":[` + lead + `,` + wrong + `,` + task + `]}`); got != "lead=201 wrong=400 task=201" {
		t.Error(got)
	}
	if got := r.query("SELECT COUNT() FROM Lead")["totalSize"]; got != 2.0 {
		t.Errorf("%v leads", got)
	}
	r.refused(400, "LIMIT_EXCEEDED", "POST", "/composite", `{"compositeRequest":[`+strings.Repeat(lead+",", 25)+lead+`]}`)

	// The outer request's headers are not those of its parts.
	loud := strings.Replace(lead, `"httpHeaders":{"Sforce-Auto-Assign":"FALSE"},`, "", 1)
	if got := answers(`{"compositeRequest":[` + loud + `]}`); got != "lead=201" || len(r.Look().Reassigned) != 1 {
		t.Errorf("%s, reassigned %v", got, r.Look().Reassigned)
	}
}

func TestAssignmentRulesRunUnlessToldNotTo(t *testing.T) {
	r := open(t, nil)
	rep1 := r.users["rep1@acme.example"]
	for header, taken := range map[string]bool{"FALSE": false, "false": false, "TRUE": true, "": true} {
		id := r.lead(`"OwnerId":"` + rep1 + `"`)
		before := len(r.Look().Reassigned)
		with := map[string]string{"Sforce-Auto-Assign": header}
		if header == "" {
			with = nil
		}
		r.must(204, "PATCH", "/sobjects/Lead/"+id, `{"Title":"x"}`, with)
		owner, more := r.record("Lead", id)["OwnerId"], len(r.Look().Reassigned)-before
		if want := map[bool]string{true: r.queue, false: rep1}[taken]; owner != want || (more == 1) != taken {
			t.Errorf("with %q the owner is %v, %d reassigned", header, owner, more)
		}
	}
	no := true
	r.set(Settings{NoRule: &no})
	id := r.lead(`"OwnerId":"` + rep1 + `"`)
	r.must(204, "PATCH", "/sobjects/Lead/"+id, `{"Title":"x"}`, nil)
	if owner := r.record("Lead", id)["OwnerId"]; owner != rep1 {
		t.Errorf("without a rule the owner is %v", owner)
	}
}

func TestHistory(t *testing.T) {
	r := open(t, nil)
	id := r.lead("")
	rep1, me := r.users["rep1@acme.example"], r.userOf
	r.at = r.at.Add(time.Minute)
	r.must(204, "PATCH", "/sobjects/Lead/"+id, `{"OwnerId":"`+rep1+`","Status":"Nurture","Title":"x"}`, quiet)
	r.act(control.Act{As: "rep1@acme.example", Do: "set", Type: "Lead", ID: id, Values: map[string]string{"Handoff_Reason__c": "BadTiming"}})
	var got []string
	rows, _ := r.query("SELECT Field, OldValue, NewValue, CreatedBy.Email FROM LeadHistory WHERE LeadId = '" + id + "' ORDER BY Id")["records"].([]any)
	for _, one := range rows {
		row, _ := one.(map[string]any)
		by, _ := row["CreatedBy"].(map[string]any)
		got = append(got, fmt.Sprint(row["Field"], " ", row["OldValue"], " ", row["NewValue"], " ", by["Email"]))
	}
	const token = "integration@handoff.example"
	want := []string{
		"created <nil> <nil> " + token, "Owner Integration rep1 " + token, "Owner " + me + " " + rep1 + " " + token,
		"Status Open - Not Contacted Nurture " + token, "Handoff_Reason__c <nil> BadTiming rep1@acme.example",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWritesAreLogged(t *testing.T) {
	r := open(t, nil)
	id := r.lead("")
	r.must(204, "PATCH", "/sobjects/Lead/"+id, `{"Title":"x","Company":"Acme"}`, quiet)
	r.must(204, "PATCH", "/sobjects/Lead/"+id, `{"Title":"x"}`, quiet)
	var got []string
	for _, w := range r.Log.Writes() {
		got = append(got, w.By+" "+w.Do+" "+w.Type+" "+strings.Join(w.Fields, ","))
	}
	if want := []string{"token create Lead Company,LastName", "token update Lead Title"}; !cmp.Equal(got, want) || r.Log.Summary(time.Second).Idle != 1 {
		t.Errorf("%v, %d idle", got, r.Log.Summary(time.Second).Idle)
	}
}
