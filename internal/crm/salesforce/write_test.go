// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/handoff-sla/handoff/internal/crm"
)

type collection struct {
	AllOrNone *bool    `json:"allOrNone"`
	Records   []object `json:"records"`
}

func (r request) records(t *testing.T) []object {
	t.Helper()
	var c collection
	if err := json.Unmarshal([]byte(r.body), &c); err != nil {
		t.Fatal(err)
	}
	if c.AllOrNone == nil || *c.AllOrNone {
		t.Error("one that is wrong would spoil all")
	}
	return c.Records
}

// obliging takes everything, gives new records ids from 900 on, and knows the times of all.
func obliging(t *testing.T) *script {
	t.Helper()
	org := usual(t)
	made := 899
	org.with(rule{match: "PATCH ", say: func(r request) said {
		var out []object
		for _, record := range r.records(t) {
			id, has := record["Id"]
			if !has {
				made++
				id = leadID(made)
			}
			out = append(out, object{"id": id, "success": true, "errors": []object{}})
		}
		return said{body: out}
	}})
	org.with(rule{match: "SELECT Id, SystemModstamp FROM Lead", say: func(r request) said {
		var list []object
		for part := range strings.SplitSeq(r.soql, "'") {
			if strings.HasPrefix(part, "00Q") {
				list = append(list, object{"Id": part, "SystemModstamp": stamp(50)})
			}
		}
		return found(list...)
	}})
	return org
}

func ptr(s string) *string { return &s }

func TestWrite(t *testing.T) {
	org := obliging(t)
	got := using(org).Write(t.Context(), []crm.Write{
		{Record: leadID(1), Values: map[string]any{"Score": 5.0, "Seen__c": at(1), "Day__c": at(1), "Stage__c": nil, "Status": "Working", "OptOut": true}, Owner: ptr("REP1@acme.example")},
		{Record: leadID(2), Values: map[string]any{"Score": 6.0}},
		{Record: leadID(3)},
	})
	want := []crm.Written{{Record: leadID(1), Modified: at(50)}, {Record: leadID(2), Modified: at(50)}, {Record: leadID(3), Modified: at(50)}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	writes := org.to("PATCH ")
	if len(writes) != 1 {
		t.Fatalf("%d requests, want 1", len(writes))
	}
	lead := object{"type": "Lead"}
	wrote := []object{
		{
			"attributes": lead, "Id": leadID(1), "Score": 5.0, "Seen__c": "2026-11-02T09:00:01.000Z", "Day__c": "2026-11-02", "Stage__c": nil, "Status": "Working",
			"OptOut": true, "OwnerId": rep1,
		},
		{"attributes": lead, "Id": leadID(2), "Score": 6.0},
	}
	if diff := gocmp.Diff(wrote, writes[0].records(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Salesforce would run its assignment rules on each write that does not forbid it, and give the lead to somebody else.
func TestNoWriteAssigns(t *testing.T) {
	org := obliging(t)
	org.on("POST /services/data/v65.0/composite/sobjects", said{body: []object{{"id": "002000000000001AAA", "success": true}}})
	over := said{status: 401, body: faults("INVALID_SESSION_ID", "over")}
	org.once("PATCH ", over)
	system := using(org)
	for i, w := range system.Write(t.Context(), []crm.Write{
		{Record: leadID(1), Values: map[string]any{"Score": 5.0}},
		{Record: leadID(1), Values: map[string]any{"Score": 6.0}},
		{Match: &crm.Match{Field: "Key__c", Value: "k", Values: map[string]any{"LastName": "L", "Company": "C"}}},
	}) {
		if w.Err != nil {
			t.Errorf("write %d: %v", i, w.Err)
		}
	}
	if err := system.Note(t.Context(), crm.Note{Record: leadID(1), Key: "k", Text: "Why."}); err != nil {
		t.Error(err)
	}
	paths := map[string]bool{}
	for _, r := range org.to("/services/data/") {
		header := r.header.Get("Sforce-Auto-Assign")
		if r.method == "GET" {
			if header != "" {
				t.Errorf("%s %s has the header", r.method, r.path)
			}
			continue
		}
		paths[r.method+" "+strings.TrimRight(r.path, "/")] = true
		if header != "FALSE" {
			t.Errorf("%s %s has Sforce-Auto-Assign %q, want FALSE", r.method, r.path, header)
		}
	}
	want := map[string]bool{
		"PATCH /services/data/v65.0/composite/sobjects": true, "PATCH /services/data/v65.0/composite/sobjects/Lead/Key__c": true,
		"POST /services/data/v65.0/composite/sobjects": true,
	}
	if diff := gocmp.Diff(want, paths); diff != "" {
		t.Errorf("methods and paths that write (-want +got):\n%s", diff)
	}
}

// What is wrong with one item is said of that one, in order.
func TestPartly(t *testing.T) {
	org := obliging(t)
	wrong := func(code string, fields ...string) object {
		return object{"success": false, "errors": []object{{"statusCode": code, "message": "Lead1 Sample", "fields": fields}}}
	}
	org.on("PATCH ", said{body: []object{
		wrong("UNABLE_TO_LOCK_ROW"),
		{"id": leadID(2), "success": true},
		wrong("ENTITY_IS_DELETED"), wrong("CANNOT_UPDATE_CONVERTED_LEAD"),
		wrong("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Status"),
	}})
	var writes []crm.Write
	for n := 1; n <= 5; n++ {
		writes = append(writes, crm.Write{Record: leadID(n), Values: map[string]any{"Score": 1.0}})
	}
	writes = append(writes,
		crm.Write{Record: leadID(6), Values: map[string]any{"Score": 1.0}, Owner: ptr("nobody@acme.example")},
		crm.Write{Record: leadID(7), Values: map[string]any{"Score": 1.0}, Owner: ptr("left@acme.example")},
		crm.Write{Record: "x' OR 1", Values: map[string]any{"Score": 1.0}},
		crm.Write{Record: leadID(8), Values: map[string]any{"Id": "x"}},
		crm.Write{Record: leadID(9), Values: map[string]any{"a,b": "x"}},
		crm.Write{Values: map[string]any{"Score": 1.0}},
	)
	refused := func(reason string) error { return &crm.RefusedError{Status: 400, Reason: reason} }
	noUser := "no active user has the rep's e-mail address, on OwnerId"
	want := []crm.Written{
		{Record: leadID(1), Err: &crm.UnavailableError{Cause: "cannot write the record now (UNABLE_TO_LOCK_ROW)"}},
		{Record: leadID(2), Modified: at(50)},
		{Record: leadID(3), Err: &crm.GoneError{Gone: crm.Deleted}},
		{Record: leadID(4), Err: &crm.GoneError{Gone: crm.Converted}},
		{Record: leadID(5), Err: refused("FIELD_CUSTOM_VALIDATION_EXCEPTION on Status")},
		{Record: leadID(6), Err: refused(noUser)},
		{Record: leadID(7), Err: refused(noUser)},
		{Record: "x' OR 1", Err: refused("MALFORMED_ID on Id")},
		{Record: leadID(8), Err: refused("INVALID_FIELD")},
		{Record: leadID(9), Err: refused("INVALID_FIELD")},
		{Err: refused("no record, and nothing to find it by")},
	}
	if diff := gocmp.Diff(want, using(org).Write(t.Context(), writes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A collection that is refused as a whole, for one record of it, is refused for that one.
func TestSpoiltCollection(t *testing.T) {
	for name, c := range map[string]struct {
		bad    map[int]map[string]any // values of some of 200 writes
		answer func(object) any       // to a collection with such a record
		most   int                    // requests
		reason string
	}{
		"field that is gone": {
			map[int]map[string]any{3: {"Gone__c": 1.0}, 77: {"Gone__c": 2.0}, 199: {"Gone__c": 3.0}},
			func(object) any { return faults("INVALID_FIELD", "No such column 'Gone__c' on sobject of type Lead") }, 3, "INVALID_FIELD on Gone__c",
		},
		"value that cannot be read": {
			map[int]map[string]any{77: {"Score": "Gone__c"}},
			func(object) any {
				return faults("JSON_PARSER_ERROR", "Cannot deserialize instance of double from VALUE_STRING value Gone__c")
			}, 18, "JSON_PARSER_ERROR",
		},
		"all": {nil, nil, 1, "INVALID_FIELD on Score"},
	} {
		t.Run(name, func(t *testing.T) {
			org := obliging(t)
			org.with(rule{match: "PATCH ", say: func(r request) said {
				var out []object
				for _, record := range r.records(t) {
					if strings.Contains(fmt.Sprint(record), "Gone__c") {
						return said{status: 400, body: c.answer(record)}
					}
					out = append(out, object{"id": record["Id"], "success": true})
				}
				if c.bad == nil {
					return said{status: 400, body: faults("INVALID_FIELD", "No such column 'Score' on sobject of type Lead")}
				}
				return said{body: out}
			}})
			var writes []crm.Write
			for n := range 200 {
				values := map[string]any{"Score": 1.0}
				maps.Copy(values, c.bad[n])
				writes = append(writes, crm.Write{Record: leadID(n), Values: values})
			}
			for n, w := range using(org).Write(t.Context(), writes) {
				if bad := c.bad[n] != nil || c.bad == nil; bad {
					if diff := gocmp.Diff(error(&crm.RefusedError{Status: 400, Reason: c.reason}), w.Err); diff != "" {
						t.Errorf("write %d (-want +got):\n%s", n, diff)
					}
				} else if w.Err != nil || w.Record != leadID(n) {
					t.Errorf("write %d: %+v", n, w)
				}
			}
			if n := len(org.to("PATCH ")); n > c.most {
				t.Errorf("%d requests, want at most %d", n, c.most)
			}
		})
	}
}

func TestWholeBatchWaits(t *testing.T) {
	for name, says := range map[string]said{
		"5xx":           {status: 503, body: faults("SERVER_UNAVAILABLE", "busy")},
		"limit":         {status: 403, body: faults("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")},
		"too few":       {body: []object{{"id": leadID(1), "success": true}}},
		"not JSON":      {body: "<html>"},
		"wrong version": {status: 404, body: faults("NOT_FOUND", "no")},
	} {
		org := obliging(t)
		org.on("PATCH ", says)
		got := using(org).Write(t.Context(), []crm.Write{{Record: leadID(1), Values: map[string]any{"Score": 1.0}}, {Record: leadID(2), Values: map[string]any{"Score": 1.0}}})
		for i, w := range got {
			if w.Err == nil || w.Record != leadID(i+1) {
				t.Errorf("%s: write %d: %+v, want an error", name, i, w)
			}
		}
		if n := len(org.to("PATCH ")); n != 1 {
			t.Errorf("%s: asked %d times, want once", name, n)
		}
	}
}

// Two writes of one record go one after the other, as they came.
func TestSameRecordTwice(t *testing.T) {
	org := obliging(t)
	score := func(id string, n float64) crm.Write { return crm.Write{Record: id, Values: map[string]any{"Score": n}} }
	for i, w := range using(org).Write(t.Context(), []crm.Write{score(leadID(1), 1), score(leadID(2), 2), score(leadID(1), 3), score(leadID(1), 4), score(leadID(2), 5)}) {
		if w.Err != nil {
			t.Errorf("write %d: %v", i, w.Err)
		}
	}
	var rounds [][]any
	for _, r := range org.to("PATCH ") {
		var round []any
		for _, record := range r.records(t) {
			round = append(round, record["Score"])
		}
		rounds = append(rounds, round)
	}
	if diff := gocmp.Diff([][]any{{1.0, 2.0}, {3.0, 5.0}, {4.0}}, rounds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMatch(t *testing.T) {
	org := obliging(t)
	org.on("Key__c FROM Lead", found(
		object{"Id": leadID(1), "Key__c": "ONE"}, object{"Id": leadID(2), "Key__c": "two", "IsConverted": true},
		object{"Id": leadID(3), "Key__c": "many"}, object{"Id": leadID(4), "Key__c": "many"},
	))
	match := func(value string) crm.Write {
		return crm.Write{
			Values: map[string]any{"Score": 1.0},
			Match:  &crm.Match{Field: "Key__c", Value: value, Values: map[string]any{"LastName": "L", "Company": "C", "Score": 9.0, "Seen__c": at(1)}},
		}
	}
	got := using(org).Write(t.Context(), []crm.Write{match("one"), match("two"), match("many"), match("O'new"), match("o'NEW"), match("other")})
	want := []crm.Written{
		{Record: leadID(1), Modified: at(50)},
		{Record: leadID(2), Err: &crm.GoneError{Gone: crm.Converted}},
		{Err: &crm.RefusedError{Status: 300, Reason: "more than one lead has the value, on Key__c"}},
		{Record: leadID(900), Modified: at(50)},
		{Record: leadID(900), Modified: at(50)},
		{Record: leadID(901), Modified: at(50)},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if q := org.to("Key__c FROM Lead")[0].soql; !strings.Contains(q, `'O\'new'`) {
		t.Errorf("asked %s", q)
	}
	lead := object{"type": "Lead"}
	begun := func(key string) object {
		return object{"attributes": lead, "Key__c": key, "Score": 1.0, "LastName": "L", "Company": "C", "Seen__c": "2026-11-02T09:00:01.000Z"}
	}
	var all [][]object
	for _, r := range org.to("PATCH ") {
		all = append(all, r.records(t))
	}
	updated := func(id string) object { return object{"attributes": lead, "Id": id, "Score": 1.0} }
	if diff := gocmp.Diff([][]object{{updated(leadID(1))}, {begun("O'new"), begun("other")}, {updated(leadID(900))}}, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who cannot ask for the times has written all the same.
func TestTimesUnknown(t *testing.T) {
	org := obliging(t)
	org.on("SELECT Id, SystemModstamp FROM Lead", said{status: 503, body: ""})
	got := using(org).Write(t.Context(), []crm.Write{{Record: leadID(1), Values: map[string]any{"Score": 1.0}}})
	if diff := gocmp.Diff([]crm.Written{{Record: leadID(1)}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWriteUndescribed(t *testing.T) {
	org := obliging(t)
	org.on("/sobjects/Lead/describe", said{status: 503, body: ""})
	got := using(org).Write(t.Context(), []crm.Write{{Record: leadID(1), Values: map[string]any{"Score": 1.0}}})
	want := []crm.Written{{Record: leadID(1), Err: &crm.UnavailableError{Cause: "answered with status 503"}}}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What takes too long ends with its caller.
func TestContextEnds(t *testing.T) {
	org := usual(t)
	began, end := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(end) })
	org.server.Config.Handler = hang(org, began, end)
	system := using(org)
	if _, err := system.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	got := system.Write(ctx, []crm.Write{{Record: leadID(1), Values: map[string]any{"Score": 1.0}}})
	if _, is := got[0].Err.(*crm.UnavailableError); !is { //nolint:errorlint // it is the error itself
		t.Errorf("error %v, want an UnavailableError", got[0].Err)
	}
}
