// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"errors"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
)

func TestDescribe(t *testing.T) {
	got, err := using(usual(t)).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	status := crm.SchemaField{Type: crm.TypeOptions, Options: []string{"Open", "Working"}, Native: "picklist", Shared: true}
	shared := func(kind crm.FieldType, native string) crm.SchemaField {
		return crm.SchemaField{Type: kind, Native: native, Shared: true}
	}
	want := crm.Schema{
		Account: "00D000000000001AAA",
		Owners:  map[string]bool{"handoff@acme.example": true, "rep1@acme.example": true, "rep2@acme.example": true},
		Fields: map[string]crm.SchemaField{
			"Id": shared(crm.TypeText, "id"), "Email": shared(crm.TypeText, "email"), "Score": shared(crm.TypeNumber, "double"),
			"OptOut": shared(crm.TypeBoolean, "boolean"), "Seen__c": shared(crm.TypeTime, "datetime"), "Day__c": shared(crm.TypeDate, "date"),
			"OwnerId": shared(crm.TypeText, "reference"), "Status": status,
			"Stage__c": {Type: crm.TypeOptions, Options: []string{"MQL", "SAL"}, Native: "picklist", Shared: true},
			"Source":   shared(crm.TypeText, "picklist"), "Address": shared(crm.TypeOther, "address"), "Key__c": {Type: crm.TypeText, Native: "string"},
			"Formula__c": {Type: crm.TypeText, Native: "string", ReadOnly: true, Shared: true}, "FirstCallDateTime": shared(crm.TypeTime, "datetime"),
			"LastName": shared(crm.TypeText, "string"), "Company": shared(crm.TypeText, "string"),
			"FirstEmailDateTime": shared(crm.TypeTime, "datetime"),
		},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLacks(t *testing.T) {
	none := said{status: 404, body: faults("NOT_FOUND", "The requested resource does not exist")}
	for name, c := range map[string]struct {
		at   string
		says said
		want []string
	}{
		"nothing":    {"nowhere", none, nil},
		"leads":      {"/sobjects/Lead/describe", none, []string{"Read on Lead"}},
		"unreadable": {"/sobjects/Lead/describe", said{body: object{"queryable": false}}, []string{"Read on Lead"}},
		"to write":   {"/sobjects/Lead/describe", said{body: object{"queryable": true}}, []string{"Edit on Lead", "Create on Lead"}},
		"owner": {
			"/sobjects/Lead/describe", described(field("OwnerId", "reference", object{"updateable": false})), []string{"Edit on Lead.OwnerId"},
		},
		"tasks":  {"/sobjects/Task/describe", none, []string{"Read on Task"}},
		"events": {"/sobjects/Event/describe", said{body: object{}}, []string{"Read on Event"}},
		"deals":  {"/sobjects/Opportunity/describe", none, []string{"Read on Opportunity"}},
	} {
		t.Run(name, func(t *testing.T) {
			org := usual(t)
			org.on(c.at, c.says)
			got, err := using(org).Describe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(c.want, got.Lacks); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Who has more users than fit into one page has all of them, also when the rest of the result is gone before it is asked for.
func TestUsersPaged(t *testing.T) {
	page := func(next string, id, email string) said {
		return said{body: object{"done": next == "", "nextRecordsUrl": next, "records": []object{{"Id": id, "Email": email, "IsActive": true}}}}
	}
	org := usual(t)
	org.on("FROM User", page("/services/data/v65.0/query/01gX-1", rep1, "rep1@acme.example"))
	org.on("/query/01gX-1", page("/services/data/v65.0/query/01gX-2", rep2, "rep2@acme.example"))
	org.on("/query/01gX-2", page("", us, "handoff@acme.example"))
	org.once("/query/01gX-2", said{status: 400, body: faults("INVALID_QUERY_LOCATOR", "invalid query locator")})
	got, err := using(org).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"rep1@acme.example": true, "rep2@acme.example": true, "handoff@acme.example": true}
	if diff := gocmp.Diff(want, got.Owners); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	org.on("/query/01gX-2", said{status: 400, body: faults("INVALID_QUERY_LOCATOR", "invalid query locator")})
	var unavailable *crm.UnavailableError
	if _, err := using(org).Describe(t.Context()); !errors.As(err, &unavailable) {
		t.Errorf("error %v, want that it is asked again later when it is gone again", err)
	}
	org.on("FROM User", page("https://elsewhere.example/query", rep1, "rep1@acme.example"))
	if _, err := using(org).Describe(t.Context()); !errors.As(err, &unavailable) {
		t.Errorf("error %v, want that a page elsewhere is not read", err)
	}
}

// What is left of a result is for the session that asked: a new one is refused it, and asks anew.
func TestUsersPagedAcrossSessions(t *testing.T) {
	org := usual(t)
	first := func(next string) said {
		return said{body: object{"done": false, "nextRecordsUrl": "/services/data/v65.0/query/" + next, "records": []object{{"Id": rep1, "Email": "rep1@acme.example", "IsActive": true}}}}
	}
	org.on("FROM User", first("0r8B-1"))
	org.once("FROM User", first("0r8A-1"))
	org.on("/query/0r8A-1", said{status: 401, body: faults("INVALID_SESSION_ID", "Session expired or invalid")})
	org.on("/query/0r8B-1", found(object{"Id": rep2, "Email": "rep2@acme.example", "IsActive": true}))
	got, err := using(org).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(map[string]bool{"rep1@acme.example": true, "rep2@acme.example": true}, got.Owners); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A user who is new is asked for, but not with each record of somebody who is never found.
func TestUsersComeAndGo(t *testing.T) {
	org := usual(t)
	clock := now
	system := using(org, func(a *crm.Access) { a.Now = func() time.Time { return clock } })
	org.on("FROM Lead", found(object{"Id": leadID(1), "OwnerId": "005000000000009AAA", "SystemModstamp": stamp(0)}))
	owner := func() string {
		page, err := system.Fetch(t.Context(), []string{leadID(1)})
		if err != nil {
			t.Fatal(err)
		}
		return page.Records[0].Owner + page.Records[0].OwnerUnknown
	}
	if got := owner(); got != "005000000000009AAA" {
		t.Errorf("owner %q, want an unknown one", got)
	}
	org.on("FROM User", found(object{"Id": "005000000000009AAA", "Email": "new@acme.example", "IsActive": true}))
	clock = clock.Add(59 * time.Second)
	if got := owner(); got != "005000000000009AAA" {
		t.Errorf("owner %q, asked again too soon", got)
	}
	clock = clock.Add(time.Second)
	if got := owner(); got != "new@acme.example" {
		t.Errorf("owner %q, want new@acme.example", got)
	}
	org.on("FROM User", found(object{"Id": "005000000000009AAA", "Email": "renamed@acme.example", "IsActive": true}))
	clock = clock.Add(14 * time.Minute)
	if got := owner(); got != "new@acme.example" {
		t.Errorf("owner %q, asked again without need", got)
	}
	clock = clock.Add(time.Minute)
	org.once("FROM User", said{status: 503, body: ""})
	if got := owner(); got != "new@acme.example" {
		t.Errorf("owner %q, want the one that was known", got)
	}
	if got := owner(); got != "renamed@acme.example" {
		t.Errorf("owner %q, want renamed@acme.example", got)
	}
}

func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		says said
		want error
	}{
		"spent": {
			said{status: 403, body: faults("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")},
			&crm.UnavailableError{Cause: "allows no more requests now (REQUEST_LIMIT_EXCEEDED)", After: 5 * time.Minute},
		},
		"too many at once": {
			said{status: 403, body: faults("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")},
			&crm.UnavailableError{Cause: "allows no more requests now (REQUEST_LIMIT_EXCEEDED)", After: 10 * time.Second},
		},
		"away": {
			said{status: 503, body: faults("SERVER_UNAVAILABLE", "busy"), header: map[string]string{"Retry-After": "7"}},
			&crm.UnavailableError{Cause: "answered with status 503, SERVER_UNAVAILABLE", After: 7 * time.Second},
		},
		"timeout":   {said{status: 400, body: faults("QUERY_TIMEOUT", "too long")}, &crm.UnavailableError{Cause: "cannot do it now (QUERY_TIMEOUT)"}},
		"disabled":  {said{status: 403, body: faults("API_DISABLED_FOR_ORG", "no")}, &crm.CredentialError{Cause: "does not allow what was asked (403, API_DISABLED_FOR_ORG)"}},
		"field":     {said{status: 400, body: faults("INVALID_FIELD", "\nSELECT X__c\nNo such column 'X__c' on entity 'Lead'.")}, &crm.RefusedError{Status: 400, Reason: "INVALID_FIELD on X__c"}},
		"too long":  {said{status: 414, body: "<html>Bad Message 414</html>"}, &crm.RefusedError{Status: 414}},
		"not JSON":  {said{body: "<html>"}, &crm.UnavailableError{Cause: "answered with something else than JSON"}},
		"elsewhere": {said{status: 302, header: map[string]string{"Location": "https://elsewhere.example"}, body: ""}, &crm.UnavailableError{Cause: "sent us elsewhere with status 302: its URL in the contract is another one"}},
	} {
		t.Run(name, func(t *testing.T) {
			org := usual(t)
			org.on("FROM Lead", c.says)
			b := &budget{}
			_, err := using(org, func(a *crm.Access) { a.Budget = b }).Read(t.Context(), crm.Leads, crm.Position{})
			if diff := gocmp.Diff(c.want, err); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			blocked := len(b.told) > 0 && b.told[len(b.told)-1].Blocked > 0
			if blocked != (name == "spent" || name == "too many at once") {
				t.Errorf("the budget was told %+v", b.told)
			}
		})
	}
}

// Nothing is asked for when the budget has nothing left.
func TestBudget(t *testing.T) {
	org := usual(t)
	b := &budget{spent: &crm.UnavailableError{Cause: "has no requests left"}}
	_, err := using(org, func(a *crm.Access) { a.Budget = b }).Describe(t.Context())
	if diff := gocmp.Diff(b.spent, err); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := len(org.to("/services/data/")); n > 0 {
		t.Errorf("%d requests were made", n)
	}
}
