// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/test/crm/control"
)

func TestConditions(t *testing.T) {
	r := open(t, nil)
	a := r.lead(`"FirstName":"Rep1","NumberOfEmployees":10,"Handoff_Due_At__c":"2026-11-22T10:00:00.900+01:00","DoNotCall":true,"Industry":"saas"`)
	b := r.lead(`"FirstName":"rep2","NumberOfEmployees":20,"Title":"50% off_"`)
	c := r.lead(`"Website":"https://c.example"`)
	names := map[string]string{a: "a", b: "b", c: "c"}
	for where, want := range map[string]string{
		"FirstName = 'REP1'":                           "a", // whatever the case
		"FirstName != 'rep1'":                          "bc",
		"FirstName = null":                             "c",
		"FirstName != NULL":                            "ab",
		"FirstName = ''":                               "c",
		"FirstName IN ('Rep1', 'Rep2')":                "ab",
		"FirstName NOT IN ('Rep1')":                    "bc",
		"FirstName LIKE '%2'":                          "b",
		"FirstName LIKE '_ep1'":                        "a",
		`Title LIKE '50\% off\_'`:                      "b",
		`Title LIKE '5\% off\_'`:                       "",
		"NumberOfEmployees > 10":                       "b",
		"NumberOfEmployees >= 10":                      "ab",
		"NumberOfEmployees < 20":                       "a",
		"NumberOfEmployees IN (10, 20)":                "ab",
		"NumberOfEmployees != 10":                      "bc",
		"Handoff_Due_At__c = 2026-11-22T09:00:00Z":     "a", // to the second
		"Handoff_Due_At__c < 2026-11-22T09:00:01.000Z": "a",
		"DoNotCall = true":                             "a",
		"DoNotCall = false":                            "bc",
		"DoNotCall != true":                            "bc",
		"NOT DoNotCall = true":                         "bc",
		"DoNotCall = false AND (FirstName = 'rep2' OR Website LIKE '%example')": "bc",
		"Industry = 'saas' OR (NOT NumberOfEmployees = 10)":                     "abc",
		"Id = '" + a + "'":                                                     "a",
		"Id = '" + a[:15] + "'":                                                "a", // short and long are the same
		"Id IN ('" + a[:15] + "', '" + c + "')":                                "ac",
		"Id > '" + a + "'":                                                     "bc",
		"Lead.FirstName = 'Rep1'":                                              "a",
		"Owner.Email = 'integration@handoff.example'":                          "abc",
		"Owner.Type = 'User'":                                                  "abc",
		"CreatedBy.Name LIKE 'Integ%'":                                         "abc",
		"OwnerId IN (SELECT Id FROM User WHERE IsActive = true)":               "abc",
		"Id NOT IN (SELECT LeadId FROM LeadHistory WHERE Field = 'created')":   "",
		"SystemModstamp >= 2026-11-22T09:00:00Z AND Id > '00QHd0000000000AAA'": "abc",
		"SystemModstamp > 2026-11-22T09:00:00Z OR SystemModstamp < " + "2000-01-01T00:00:00Z": "",
	} {
		if strings.Contains(where, "00QHd0000000000AAA") {
			where = strings.ReplaceAll(where, "00QHd0000000000AAA", newID("00Q", 0))
		}
		got := ""
		for _, id := range r.column("SELECT Id FROM Lead WHERE "+where+" ORDER BY Id", "Id") {
			got += names[id]
		}
		if got != want {
			t.Errorf("%s: %q, want %q", where, got, want)
		}
	}
}

func TestQueriesThatAreWrong(t *testing.T) {
	r := open(t, nil)
	for query, want := range map[string][2]string{
		"SELECT Idd FROM Lead":                                                   {"INVALID_FIELD", "\nSELECT Idd FROM Lead\n       ^\nERROR at Row:1:Column:8\nNo such column 'Idd' on entity 'Lead'."},
		"SELECT Id FROM Leed":                                                    {"INVALID_TYPE", "sObject type 'Leed' is not supported."},
		"SELECT Boss.Email FROM Lead":                                            {"INVALID_FIELD", "Didn't understand relationship 'Boss' in field path."},
		"SELECT Owner.Department FROM Lead":                                      {"INVALID_FIELD", "No such column 'Department' on entity 'Name'"},
		"SELECT Id, Id FROM Lead":                                                {"MALFORMED_QUERY", "duplicate field selected: Id"},
		"SELECT Id FROM Lead WHERE Description = 'x'":                            {"INVALID_FIELD", "field 'Description' can not be filtered in a query call"},
		"SELECT Id FROM LeadHistory WHERE NewValue = 'x'":                        {"INVALID_FIELD", "field 'NewValue' can not be filtered in a query call"},
		"SELECT Id FROM LeadHistory WHERE SystemModstamp = null":                 {"INVALID_FIELD", "No such column 'SystemModstamp'"},
		"SELECT Id FROM Lead ORDER BY Description":                               {"MALFORMED_QUERY", "can not be sorted"},
		"SELECT Id FROM Lead WHERE SystemModstamp > '2026-11-22T09:00:00Z'":      {"INVALID_FIELD", "must be of type dateTime and should not be enclosed in quotes"},
		"SELECT Id FROM Lead WHERE SystemModstamp > 2026-11-22":                  {"INVALID_FIELD", "must be of type dateTime"},
		"SELECT Id FROM Lead WHERE ConvertedDate > 2026-11-22T09:00:00Z":         {"INVALID_FIELD", "must be of type date "},
		"SELECT Id FROM Lead WHERE Company = 5":                                  {"INVALID_FIELD", "must be of type string and should be enclosed in quotes"},
		"SELECT Id FROM Lead WHERE NumberOfEmployees = '5'":                      {"INVALID_FIELD", "must be of type int and should not be enclosed in quotes"},
		"SELECT Id FROM Lead WHERE DoNotCall = 'true'":                           {"INVALID_FIELD", "must be of type boolean"},
		"SELECT Id FROM Lead WHERE DoNotCall = null":                             {"INVALID_FIELD", "must be of type boolean"},
		"SELECT Id FROM Lead WHERE DoNotCall > true":                             {"INVALID_QUERY_FILTER_OPERATOR", "invalid operator"},
		"SELECT Id FROM Lead WHERE Company > null":                               {"INVALID_QUERY_FILTER_OPERATOR", "invalid operator"},
		"SELECT Id FROM Lead WHERE NumberOfEmployees LIKE '5%'":                  {"INVALID_QUERY_FILTER_OPERATOR", "invalid operator"},
		"SELECT Id FROM Lead WHERE Id = 'nobody'":                                {"INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: nobody"},
		"SELECT Id FROM Lead WHERE Id IN (SELECT Subject FROM Task)":             {"MALFORMED_QUERY", "The inner and outer selects must be on ids"},
		"SELECT Id FROM Lead OFFSET 2001":                                        {"NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"},
		"SELECT Id FROM Lead WHERE Company = 'a' AND Company = 'b' OR Id = null": {"MALFORMED_QUERY", "unexpected token: 'OR'"},
		"": {"MALFORMED_QUERY", "A query string has to be specified"},
	} {
		if got := r.refused(400, want[0], "GET", "/query?q="+url.QueryEscape(query), ""); !strings.Contains(got, want[1]) {
			t.Errorf("%s: %q, want %q", query, got, want[1])
		}
	}
	r.refused(501, "NOT_SUPPORTED_BY_THIS_FAKE", "GET", "/query?q="+url.QueryEscape("SELECT Status FROM Lead GROUP BY Status"), "")
}

func TestWhatAQueryShows(t *testing.T) {
	r := open(t, nil)
	id := r.lead(`"NumberOfEmployees":"12","Handoff_Score__c":7.5`)
	owner := r.record("Lead", id)["OwnerId"]
	got := r.query("SELECT id, NUMBEROFEMPLOYEES, Handoff_Score__c, DoNotCall, Email, CreatedDate, ConvertedDate, Owner.Email, CreatedBy.Email, MasterRecord.Name FROM lead")
	want := map[string]any{"totalSize": 1.0, "done": true, "records": []any{map[string]any{
		"attributes": map[string]any{"type": "Lead", "url": base + "/sobjects/Lead/" + id}, "Id": id, "NumberOfEmployees": 12.0, "Handoff_Score__c": 7.5,
		"DoNotCall": false, "Email": nil, "CreatedDate": "2026-11-22T09:00:00.000+0000", "ConvertedDate": nil, "MasterRecord": nil,
		"Owner":     map[string]any{"attributes": map[string]any{"type": "Name", "url": base + "/sobjects/User/" + fmt.Sprint(owner)}, "Email": "integration@handoff.example"},
		"CreatedBy": map[string]any{"attributes": map[string]any{"type": "User", "url": base + "/sobjects/User/" + fmt.Sprint(owner)}, "Email": "integration@handoff.example"},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := r.query("SELECT COUNT() FROM Lead WHERE NumberOfEmployees = 12"); got["totalSize"] != 1.0 || got["done"] != true {
		t.Errorf("count: %v", got)
	}
}

func TestOrder(t *testing.T) {
	r := open(t, nil)
	for _, values := range []string{`"FirstName":"b","NumberOfEmployees":1`, `"FirstName":"A","NumberOfEmployees":2`, `"FirstName":"a","NumberOfEmployees":1`, ``} {
		r.lead(values)
	}
	for by, want := range map[string]string{
		"FirstName, NumberOfEmployees":                 "<nil> a A b",
		"FirstName ASC NULLS LAST, NumberOfEmployees":  "a A b <nil>",
		"FirstName DESC NULLS LAST, NumberOfEmployees": "b a A <nil>",
		"NumberOfEmployees DESC NULLS LAST, FirstName": "A a b <nil>",
		"Id LIMIT 2":          "b A",
		"Id LIMIT 2 OFFSET 1": "A a",
		"Id OFFSET 9":         "",
	} {
		if got := strings.Join(r.column("SELECT FirstName FROM Lead ORDER BY "+by, "FirstName"), " "); got != want {
			t.Errorf("%s: %s, want %s", by, got, want)
		}
	}
}

// What is not ordered comes as it likes: a client that relies on it is found out.
func TestWithoutOrderThereIsNone(t *testing.T) {
	r := open(t, nil)
	r.SeedLeads(20)
	orders := map[string]bool{}
	for range 5 {
		orders[strings.Join(r.column("SELECT Id FROM Lead ORDER BY CreatedDate", "Id"), " ")] = true
	}
	if len(orders) < 2 {
		t.Error("five queries came in the same order")
	}
}

func TestPages(t *testing.T) {
	r := open(t, func(o *Options) { o.Page = 300 })
	r.SeedLeads(700)
	var seen []string
	sizes := []int{}
	path := "/query?q=" + url.QueryEscape("SELECT Id FROM Lead ORDER BY Id")
	for path != "" {
		out, _ := r.must(200, "GET", path, "", map[string]string{"Sforce-Query-Options": "batchSize=10"}).(map[string]any) // 200 is the least
		rows, _ := out["records"].([]any)
		sizes = append(sizes, len(rows))
		for _, one := range rows {
			record, _ := one.(map[string]any)
			seen = append(seen, fmt.Sprint(record["Id"]))
		}
		next, more := out["nextRecordsUrl"].(string)
		if more == (out["done"] == true) || out["totalSize"] != 700.0 {
			t.Fatalf("done %v with next %q of %v", out["done"], next, out["totalSize"])
		}
		path = strings.TrimPrefix(next, base)
	}
	if !cmp.Equal(sizes, []int{200, 200, 200, 100}) || !slices.IsSorted(seen) || len(slices.Compact(seen)) != 700 {
		t.Errorf("pages of %v, %d records", sizes, len(seen))
	}
}

func TestLocatorsEnd(t *testing.T) {
	r := open(t, func(o *Options) { o.Page = 10 })
	r.SeedLeads(30)
	begin := func() string {
		out := r.query("SELECT Id FROM Lead ORDER BY Id")
		next, _ := out["nextRecordsUrl"].(string)
		return strings.TrimPrefix(next, base)
	}
	for name, end := range map[string]func(){
		"time":        func() { r.at = r.at.Add(48 * time.Hour); r.login() },
		"by command":  func() { r.set(Settings{DropLocators: true}) },
		"the session": func() { r.set(Settings{ExpireTokens: true}); r.login() },
	} {
		next := begin()
		r.must(200, "GET", next, "", nil)
		end()
		if got := r.refused(400, "INVALID_QUERY_LOCATOR", "GET", next, ""); got != "invalid query locator" {
			t.Errorf("%s: %s", name, got)
		}
	}
	r.refused(400, "INVALID_QUERY_LOCATOR", "GET", "/query/01gxx-5", "")
}

func TestTheRecycleBinIsInQueryAll(t *testing.T) {
	r := open(t, nil)
	id := r.lead("")
	r.must(204, "DELETE", "/sobjects/Lead/"+id, "", nil)
	if got := r.column("SELECT Id FROM Lead", "Id"); len(got) != 0 {
		t.Errorf("query: %v", got)
	}
	out, _ := r.must(200, "GET", "/queryAll?q="+url.QueryEscape("SELECT Id, IsDeleted FROM Lead WHERE IsDeleted = true"), "", nil).(map[string]any)
	if out["totalSize"] != 1.0 {
		t.Errorf("queryAll: %v", out)
	}
	for _, archived := range []string{"true", "false"} {
		r.act(control.Act{As: rep1, Do: "log", Type: "Task", Values: map[string]string{"IsArchived": archived}})
	}
	if got := r.column("SELECT Id FROM Task", "Id"); len(got) != 1 {
		t.Errorf("query shows %d tasks, want the one that is not archived", len(got))
	}
	if out, _ := r.must(200, "GET", "/queryAll?q=SELECT+Id+FROM+Task", "", nil).(map[string]any); out["totalSize"] != 2.0 {
		t.Errorf("queryAll: %v", out)
	}
	window := "?start=2026-11-22T08%3A59%3A00%2B00%3A00&end=2026-11-22T09%3A01%3A00Z"
	gone, _ := r.must(200, "GET", "/sobjects/Lead/deleted/"+window, "", nil).(map[string]any)
	if list, _ := gone["deletedRecords"].([]any); len(list) != 1 {
		t.Errorf("deleted: %v", gone)
	}
	changed, _ := r.must(200, "GET", "/sobjects/Lead/updated/"+window, "", nil).(map[string]any)
	if list, _ := changed["ids"].([]any); len(list) != 0 {
		t.Errorf("updated: %v", changed)
	}
}

func TestDescribe(t *testing.T) {
	r := open(t, nil)
	out, _ := r.must(200, "GET", "/sobjects/lead/describe", "", nil).(map[string]any)
	fields := map[string]map[string]any{}
	list, _ := out["fields"].([]any)
	for _, one := range list {
		f, _ := one.(map[string]any)
		fields[fmt.Sprint(f["name"])] = f
	}
	for name, want := range map[string]map[string]any{
		"Company":           {"type": "string", "length": 255.0, "nillable": false, "createable": true, "updateable": true, "custom": false},
		"Handoff_Id__c":     {"type": "string", "externalId": true, "unique": true, "idLookup": true, "custom": true, "nillable": true},
		"Handoff_Reason__c": {"type": "picklist", "restrictedPicklist": true, "label": "Handoff Reason"},
		"Status":            {"type": "picklist", "restrictedPicklist": false, "nillable": false, "defaultedOnCreate": true},
		"FirstCallDateTime": {"type": "datetime", "createable": false, "updateable": false},
		"IsConverted":       {"type": "boolean", "createable": true, "updateable": false, "nillable": false},
		"OwnerId":           {"type": "reference", "relationshipName": "Owner", "referenceTo": []any{"Group", "User"}, "polymorphicForeignKey": true},
		"Description":       {"filterable": false, "sortable": false},
	} {
		for key, value := range want {
			if diff := cmp.Diff(value, fields[name][key]); diff != "" {
				t.Errorf("%s.%s: %s", name, key, diff)
			}
		}
	}
	all, _ := r.must(200, "GET", "/sobjects", "", nil).(map[string]any)
	if objects, _ := all["sobjects"].([]any); len(objects) < 10 {
		t.Errorf("%d objects", len(objects))
	}
	r.refused(404, "NOT_FOUND", "GET", "/sobjects/Leed/describe", "")
}
