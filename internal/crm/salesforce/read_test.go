// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
)

// stamp is a time as Salesforce has it, seconds after a minute of the tests' day.
func stamp(seconds int) string { return at(seconds).Format("2006-01-02T15:04:05.000+0000") }

func at(seconds int) time.Time {
	return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

func read(t *testing.T, org *script, stream crm.Stream) crm.Page {
	t.Helper()
	page, err := using(org).Read(t.Context(), stream, crm.Position{})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestReadLeads(t *testing.T) {
	org := usual(t)
	org.on("FROM Lead", found(
		object{
			"Id": leadID(1), "CreatedDate": stamp(0), "SystemModstamp": stamp(5), "OwnerId": rep1, "Email": "x@y.example", "Score": 5, "OptOut": true,
			"Seen__c": stamp(3), "Day__c": "2026-11-01", "Status": "Open", "Stage__c": nil, "Address": object{"city": "Ulm"},
		},
		object{"Id": leadID(2), "CreatedDate": stamp(1), "SystemModstamp": stamp(6), "OwnerId": queue},
		object{"Id": leadID(3), "CreatedDate": stamp(1), "SystemModstamp": stamp(7), "OwnerId": left},
		object{
			"Id": leadID(4), "CreatedDate": stamp(1), "SystemModstamp": stamp(8), "LastModifiedDate": stamp(8), "OwnerId": rep2, "IsConverted": true,
			"ConvertedDate": "2026-11-02", "ConvertedOpportunityId": "006000000000001AAA",
		},
		object{"Id": leadID(5), "SystemModstamp": stamp(9), "IsDeleted": true},
	))
	org.on("FROM Opportunity", found(object{"Id": "006000000000001AAA", "SystemModstamp": stamp(8), "Amount": 7.5}))
	got := read(t, org, crm.Leads)
	want := crm.Page{
		Next: crm.Position{Time: at(9), ID: leadID(5)}, Gone: map[string]crm.Gone{leadID(5): crm.Deleted},
		Records: []crm.Record{
			{ID: leadID(1), Created: at(0), Modified: at(5), Owner: "rep1@acme.example", Values: map[string]any{
				"Email": "x@y.example", "Score": 5.0, "OptOut": true, "Seen__c": at(3), "Day__c": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), "Status": "Open",
				"Stage__c": nil, "Address": nil,
			}},
			{ID: leadID(2), Created: at(1), Modified: at(6), OwnerUnknown: queue, Values: map[string]any{}},
			{ID: leadID(3), Created: at(1), Modified: at(7), OwnerUnknown: left, Values: map[string]any{}},
			{
				ID: leadID(4), Created: at(1), Modified: at(8), Owner: "rep2@acme.example", Values: map[string]any{}, Gone: crm.Converted,
				Deal: "006000000000001AAA", DealAt: at(8),
			},
		},
		Deals: []crm.Deal{{ID: "006000000000001AAA", Records: []string{leadID(4)}, Modified: at(8), State: "Open", Amount: 7.5}},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if asked := org.to("FROM Lead "); len(asked) != 1 || !strings.HasSuffix(asked[0].path, "/queryAll") {
		t.Errorf("asked %v, want deleted leads, too", asked)
	}
}

func TestConversion(t *testing.T) {
	for name, c := range map[string]struct {
		day, modified string
		history       []object
		want          time.Time
	}{
		"the same day":   {"2026-11-02", stamp(8), nil, at(8)},
		"the day before": {"2026-11-01", stamp(8), nil, at(8)},
		"years ago":      {"2024-05-03", stamp(8), nil, time.Date(2024, 5, 3, 12, 0, 0, 0, time.UTC)},
		"remembered":     {"2024-05-03", stamp(8), []object{{"Id": "017A", "LeadId": leadID(1), "Field": "leadConverted", "CreatedDate": stamp(2)}}, at(2)},
	} {
		org := usual(t)
		org.on("FROM Lead ", found(object{
			"Id": leadID(1), "SystemModstamp": stamp(9), "LastModifiedDate": c.modified, "IsConverted": true, "ConvertedDate": c.day,
		}))
		org.on("FROM LeadHistory", found(c.history...))
		if got := read(t, org, crm.Leads).Records[0]; !got.DealAt.Equal(c.want) || got.Gone != crm.Converted || got.Deal != "" {
			t.Errorf("%s: converted at %v, want %v", name, got.DealAt, c.want)
		}
	}
}

// A merger is told with the lead that took the others in, which is read if nothing else says so; of one that was merged on, with the last.
func TestMerged(t *testing.T) {
	org := usual(t)
	gone := func(n, into int) object {
		return object{"Id": leadID(n), "IsDeleted": true, "MasterRecordId": leadID(into), "SystemModstamp": stamp(n)}
	}
	org.on("FROM Lead ", found(gone(1, 9), gone(2, 9), gone(3, 4), object{"Id": leadID(4), "SystemModstamp": stamp(4)}, gone(5, 6)))
	org.on("Id IN ('"+leadID(6), found(gone(6, 9), object{"Id": leadID(9), "SystemModstamp": stamp(9)}))
	got := read(t, org, crm.Leads)
	merged := map[string][]string{}
	for _, r := range got.Records {
		merged[r.ID] = r.Merged
	}
	want := map[string][]string{leadID(4): {leadID(3)}, leadID(9): {leadID(1), leadID(2), leadID(5), leadID(6)}}
	if diff := gocmp.Diff(want, merged); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, n := range []int{1, 2, 3, 5, 6} {
		if got.Gone[leadID(n)] != crm.Deleted {
			t.Errorf("lead %d is %q, want Deleted", n, got.Gone[leadID(n)])
		}
	}
	if got.Next.ID != leadID(5) {
		t.Errorf("goes on after %s, want after the last of the page", got.Next.ID)
	}
}

func TestFetch(t *testing.T) {
	org := usual(t)
	org.on("FROM Lead ", found(object{"Id": leadID(1), "SystemModstamp": stamp(1)}))
	got, err := using(org).Fetch(t.Context(), []string{leadID(1), leadID(2), "x' OR Id != '"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Records) != 1 || got.Records[0].ID != leadID(1) {
		t.Errorf("records %+v, want lead 1", got.Records)
	}
	if diff := gocmp.Diff(map[string]crm.Gone{leadID(2): crm.Deleted, "x' OR Id != '": crm.Deleted}, got.Gone); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if q := org.to("FROM Lead ")[0].soql; strings.Contains(q, "OR Id") {
		t.Errorf("asked %s", q)
	}
	var many []string
	for n := range 450 {
		many = append(many, leadID(n))
	}
	if _, err := using(org).Fetch(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	if n := len(org.to("FROM Lead ")); n != 4 {
		t.Errorf("%d queries, want 3 more, of 200 at most", n-1)
	}
}

func TestHistory(t *testing.T) {
	org := usual(t)
	change := func(n int, field string, from, to any, by string, seconds int) object {
		return object{
			"Id": fmt.Sprint(n), "LeadId": leadID(1), "Field": field, "OldValue": from, "NewValue": to, "CreatedById": by, "CreatedDate": stamp(seconds),
		}
	}
	org.on("FROM Lead ", found(object{
		"Id": leadID(1), "CreatedDate": stamp(0), "CreatedById": rep1, "SystemModstamp": stamp(9), "OwnerId": rep2, "Status": "Working", "Stage__c": "SAL",
	}))
	org.on("FROM LeadHistory", found(
		change(1, "Owner", "Unassigned", "Rep1", us, 3), change(2, "Owner", queue, rep1, us, 3),
		change(3, "Owner", "Rep1", "Rep2", rep1, 3), change(4, "Owner", rep1, rep2, rep1, 3),
		change(5, "Status", "Open", "Working", rep2, 4),
		change(6, "Stage__c", nil, "MQL", us, 5), // what came after was not tracked
		change(7, "created", nil, nil, rep1, 0),
	))
	got := read(t, org, crm.Leads).Records[0].History
	ms := func(seconds, ms int) time.Time { return at(seconds).Add(time.Duration(ms) * time.Millisecond) }
	want := []crm.FieldChange{
		{Field: crm.OwnerField, Value: "", At: at(0)},
		{Field: "Status", Value: "Open", At: at(0)},
		{Field: crm.OwnerField, Value: "rep1@acme.example", At: ms(3, 1), Ours: true},
		{Field: crm.OwnerField, Value: "rep2@acme.example", At: ms(3, 2)},
		{Field: "Status", Value: "Working", At: ms(4, 1)},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who takes a lead out of a queue, and a rule that gives it away, change the owner under names of their own.
func TestHistoryOfQueues(t *testing.T) {
	org := usual(t)
	n := 0
	change := func(field string, from, to any, by string, seconds int) object {
		n++
		return object{
			"Id": fmt.Sprint(n), "LeadId": leadID(1), "Field": field, "OldValue": from, "NewValue": to, "CreatedById": by, "CreatedDate": stamp(seconds),
		}
	}
	org.on("FROM Lead ", found(object{"Id": leadID(1), "CreatedDate": stamp(0), "CreatedById": us, "SystemModstamp": stamp(9), "OwnerId": rep2}))
	rows := []object{
		change("ownerAssignment", "Integration", "Unassigned", us, 1), change("ownerAssignment", us, queue, us, 1), change("ownerAssignment", nil, nil, us, 1),
		change("ownerAccepted", "Unassigned", "Rep1", rep1, 3), change("ownerAccepted", queue, rep1, rep1, 3),
		change("Owner", "Rep1", "Rep2", rep1, 5), change("Owner", rep1, rep2, rep1, 5),
	}
	org.with(rule{match: "FROM LeadHistory", say: func(r request) said {
		return found(slices.DeleteFunc(slices.Clone(rows), func(row object) bool { return !strings.Contains(r.soql, "'"+fmt.Sprint(row["Field"])+"'") })...)
	}})
	var got []string
	for _, c := range read(t, org, crm.Leads).Records[0].History {
		got = append(got, fmt.Sprint(c.Field, " ", c.Value, " ", c.Ours))
	}
	want := []string{"owner handoff@acme.example true", "owner  true", "owner rep1@acme.example false", "owner rep2@acme.example false"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An org that does not show its histories is asked once, until it is described anew.
func TestNoHistory(t *testing.T) {
	org := usual(t)
	org.on("FROM Lead ", found(object{"Id": leadID(1), "SystemModstamp": stamp(1)}))
	org.on("FROM LeadHistory", said{status: 400, body: faults("INVALID_TYPE", "sObject type 'LeadHistory' is not supported.")})
	system := using(org)
	for range 3 {
		page, err := system.Read(t.Context(), crm.Leads, crm.Position{})
		if err != nil || page.Records[0].History != nil {
			t.Fatalf("history %v, error %v, want neither", page.Records, err)
		}
	}
	if n := len(org.to("FROM LeadHistory")); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	if _, err := system.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := system.Read(t.Context(), crm.Leads, crm.Position{}); err != nil {
		t.Fatal(err)
	}
	if n := len(org.to("FROM LeadHistory")); n != 2 {
		t.Errorf("asked %d times, want twice", n)
	}
}

// More fields than go into a URL are read in several queries.
func TestManyFields(t *testing.T) {
	var names []string
	for n := range 400 {
		names = append(names, fmt.Sprintf("A_Field_With_Quite_A_Long_Name_%03d__c", n))
	}
	org := usual(t)
	org.with(rule{match: "FROM Lead ", say: func(r request) said {
		if len(r.soql) > 14<<10 {
			return said{status: 414, body: ""}
		}
		row := object{"Id": leadID(1), "SystemModstamp": stamp(1)}
		for _, name := range names {
			if strings.Contains(r.soql, name) {
				row[name] = name
			}
		}
		return found(row)
	}})
	page, err := using(org, func(a *crm.Access) {
		a.Fields = func() []string { return append(names, "Id", "x, Secret__c", "sTATUS", "Status") }
	}).
		Read(t.Context(), crm.Leads, crm.Position{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if page.Records[0].Values[name] != name {
			t.Fatalf("%s is %v", name, page.Records[0].Values[name])
		}
	}
	if q := org.to("FROM Lead ")[0].soql; strings.Contains(q, "Secret__c") || strings.Contains(q, "sTATUS, Status") || strings.Count(q, " Id,") > 1 {
		t.Errorf("asked %.80s", q)
	}
}

func TestReadDeals(t *testing.T) {
	org := usual(t)
	deal := func(n int, more object) object {
		out := object{"Id": fmt.Sprintf("006%012dAAA", n), "SystemModstamp": stamp(n)}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	org.on("/sobjects/Opportunity/describe", described(field("Amount", "currency"), field("CurrencyIsoCode", "picklist")))
	org.on("FROM Opportunity", found(deal(1, object{"Amount": 10, "CurrencyIsoCode": "EUR"}), deal(2, object{"IsClosed": true, "IsWon": true}),
		deal(3, object{"IsClosed": true}), deal(4, nil)))
	org.on("FROM Lead ", found(object{"Id": leadID(1), "ConvertedOpportunityId": "006000000000001AAA"}, object{"Id": leadID(2), "ConvertedOpportunityId": "006000000000001AAA"},
		object{"Id": leadID(3), "ConvertedOpportunityId": "006000000000002AAA"}, object{"Id": leadID(4), "ConvertedOpportunityId": "006000000000003AAA"}))
	got := read(t, org, crm.Deals)
	want := crm.Page{Next: crm.Position{Time: at(4), ID: "006000000000004AAA"}, Deals: []crm.Deal{
		{ID: "006000000000001AAA", Records: []string{leadID(1), leadID(2)}, Modified: at(1), State: "Open", Amount: 10, Currency: "EUR"},
		{ID: "006000000000002AAA", Records: []string{leadID(3)}, Modified: at(2), State: "Won"},
		{ID: "006000000000003AAA", Records: []string{leadID(4)}, Modified: at(3), State: "Lost"},
	}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is read again as it was is not asked for again, but for what may have changed within the same second.
func TestHistoryKept(t *testing.T) {
	for name, c := range map[string]struct {
		modified []string
		asked    int
	}{
		"as it was":           {[]string{stamp(1), stamp(1), stamp(1)}, 1},
		"modified":            {[]string{stamp(1), stamp(2), stamp(2)}, 2},
		"within this second":  {[]string{nowStamp, nowStamp, nowStamp}, 3},
		"modified, then read": {[]string{nowStamp, stamp(1), stamp(1)}, 2},
	} {
		org := usual(t)
		org.on("FROM LeadHistory", found(object{"LeadId": leadID(1), "Field": "Status", "OldValue": "Open", "NewValue": "Working", "CreatedDate": stamp(0)}))
		system := using(org)
		for _, modified := range c.modified {
			org.on("FROM Lead ", found(object{"Id": leadID(1), "SystemModstamp": modified, "Status": "Working"}))
			page, err := system.Read(t.Context(), crm.Leads, crm.Position{})
			if err != nil || len(page.Records[0].History) != 2 {
				t.Fatalf("%s: history %v, error %v", name, page.Records[0].History, err)
			}
		}
		if n := len(org.to("FROM LeadHistory")); n != c.asked {
			t.Errorf("%s: asked %d times, want %d", name, n, c.asked)
		}
	}
}

var nowStamp = now.Format("2006-01-02T15:04:05.000+0000")
