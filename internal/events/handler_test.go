// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

var now = time.Date(2027, 1, 4, 14, 3, 0, 0, time.UTC)

const token = "s3cret-token"

const allKinds = "captured, updated, activity, assigned, touch, disposition, qualified, accepted, contested, opportunity, feedback, optedout, " +
	"reinstated, merged"

// store remembers what it was given, and knows the ids "known" and "conflicting".
type store struct {
	entries []ledger.Entry
	err     error
}

func (s *store) Ingest(_ context.Context, entries []ledger.Entry) ([]ledger.Outcome, error) {
	s.entries = append(s.entries, entries...)
	outcomes := make([]ledger.Outcome, len(entries))
	for i, e := range entries {
		switch e.ID {
		case "known":
			outcomes[i] = ledger.Duplicate
		case "forgotten":
			outcomes[i] = ledger.Forgotten
		case "conflicting":
			outcomes[i] = ledger.Conflict
		default:
			outcomes[i] = ledger.Accepted
			if e.Refused {
				outcomes[i] = ledger.Refused
			}
		}
	}
	return outcomes, s.err
}

type rig struct {
	store   *store
	handler *events.Handler
	log     *strings.Builder
	taken   map[string]int
}

var definition = lead.Definition{
	Fields: []lead.Field{
		{Name: "employees", Type: lead.Integer, Property: "numberofemployees"},
		{Name: "email", Type: lead.String, Required: true},
	},
	Dispositions: []lead.Disposition{{Name: "BadTiming", Outcome: lead.Recycled}},
}

// newRig of terms that enforce nothing, unless a mode is given.
func newRig(mode ...sla.Mode) *rig {
	r := &rig{store: &store{}, log: &strings.Builder{}, taken: map[string]int{}}
	checker := events.NewChecker(definition, append(mode, sla.Observe)[0])
	r.handler = &events.Handler{
		Checker: func() *events.Checker { return checker },
		Store:   func() (events.Store, error) { return r.store, nil },
		Token:   func() (string, error) { return token, nil },
		Now:     func() time.Time { return now },
		Taken:   func(result string, n int) { r.taken[result] += n },
		Log:     slog.New(slog.NewJSONHandler(r.log, nil)),
	}
	return r
}

type request struct {
	method, contentType, authorization, body string
	header                                   map[string]string
}

func (r *rig) do(t *testing.T, q request) (int, events.Answer, http.Header) {
	t.Helper()
	if q.method == "" {
		q.method = http.MethodPost
	}
	if q.contentType == "" {
		q.contentType = "application/cloudevents+json"
	}
	if q.authorization == "" {
		q.authorization = "Bearer " + token
	}
	hr := httptest.NewRequestWithContext(t.Context(), q.method, "/v1/events", strings.NewReader(q.body))
	hr.Header.Set("Content-Type", q.contentType)
	hr.Header.Set("Authorization", q.authorization)
	for name, value := range q.header {
		hr.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, hr)
	var a events.Answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("answer %q: %v", w.Body.String(), err)
	}
	return w.Code, a, w.Header()
}

// eventJSON is a good event with some members replaced; an empty replacement removes the member.
func eventJSON(replace map[string]string) string {
	members := map[string]string{
		"specversion": `"1.0"`, "id": `"1"`, "source": `"/website"`, "type": `"dev.handoff.lead.captured"`, "subject": `"lead-1"`,
		"time": `"2027-01-04T14:00:00Z"`, "data": `{"properties": {"email": "a@b.example"}}`,
	}
	for name, value := range replace {
		members[name] = value
	}
	var parts []string
	for name, value := range members {
		if value != "" {
			parts = append(parts, fmt.Sprintf("%q: %s", name, value))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func kind(k, data string) map[string]string {
	return map[string]string{"type": `"dev.handoff.lead.` + k + `"`, "data": data}
}

// Every bad event is refused with the field that is wrong, and nothing of it is written or logged.
func TestBadEvents(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 12) + "1" + strings.Repeat("}", 12)
	for name, c := range map[string]struct {
		replace        map[string]string
		field, message string
	}{
		"no specversion":      {map[string]string{"specversion": ""}, "specversion", `missing; it should be "1.0"`},
		"another specversion": {map[string]string{"specversion": `"0.3"`}, "specversion", `should be "1.0"`},
		"no id":               {map[string]string{"id": ""}, "id", "missing"},
		"null id":             {map[string]string{"id": "null"}, "id", "missing"},
		"id is an object":     {map[string]string{"id": "{}"}, "id", "an attribute is a string, a whole number or a boolean"},
		"no source":           {map[string]string{"source": ""}, "source", "missing"},
		"source is no URI":    {map[string]string{"source": `"http://[bad"`}, "source", "not a URI reference"},
		"no type":             {map[string]string{"type": ""}, "type", "missing"},
		"foreign type":        {map[string]string{"type": `"com.example.x"`}, "type", "unknown; it should be dev.handoff.lead. and one of " + allKinds},
		"unknown kind":        {kind("deleted", "{}"), "type", "unknown; it should be dev.handoff.lead. and one of " + allKinds},
		"no qualification":    {kind("qualified", `{"by": "rep-1"}`), "data.qualification", "missing"},
		"qualification":       {kind("qualified", `{"qualification": "all good"}`), "data.qualification", "should be an object"},
		"unknown finding": {
			kind("qualified", `{"qualification": {"budgt": true}}`), "data.qualification.budgt",
			"unknown; it should be one of budget, businessCase, authority, decisionMakerAccess, need, timelineDays",
		},
		"finding of another type": {
			kind("qualified", `{"qualification": {"timelineDays": "soon"}}`), "data.qualification.timelineDays",
			`field "timelineDays" (property "timelineDays") expects Integer, got a string that is none`,
		},
		"no subject":          {map[string]string{"subject": ""}, "subject", "missing"},
		"white space in it":   {map[string]string{"subject": `"lead 1"`}, "subject", "is the lead's id and has no white space"},
		"subject too long":    {map[string]string{"subject": `"` + strings.Repeat("x", 129) + `"`}, "subject", "has 129 characters; at most 128 are allowed"},
		"id too long":         {map[string]string{"id": `"` + strings.Repeat("x", 257) + `"`}, "id", "has 257 characters; at most 256 are allowed"},
		"id too many bytes":   {map[string]string{"id": `"` + strings.Repeat("語", 171) + `"`}, "id", "has 513 bytes; at most 512 are allowed"},
		"source too long":     {map[string]string{"source": `"/` + strings.Repeat("x", 512) + `"`}, "source", "has 513 characters; at most 512 are allowed"},
		"source too large":    {map[string]string{"source": `"/` + strings.Repeat("語", 342) + `"`}, "source", "has 1027 bytes; at most 1024 are allowed"},
		"no time":             {map[string]string{"time": ""}, "time", "missing"},
		"no such time":        {map[string]string{"time": `"2027-02-30T00:00:00Z"`}, "time", "not a time by RFC 3339, such as 2027-01-04T14:03:00Z"},
		"time without zone":   {map[string]string{"time": `"2027-01-04T14:00:00"`}, "time", "not a time by RFC 3339, such as 2027-01-04T14:03:00Z"},
		"long ago":            {map[string]string{"time": `"1999-12-31T23:59:59Z"`}, "time", "is before 2000-01-01T00:00:00Z"},
		"future":              {map[string]string{"time": `"2027-01-04T14:08:01Z"`}, "time", "is more than 5 minutes in the future: it is 2027-01-04T14:03:00Z now"},
		"NUL in an attribute": {map[string]string{"subject": `"lead\u0000"`}, "subject", "has a NUL character"},
		"bad extension name":  {map[string]string{"Bad_Name": `"x"`}, "Bad_Name", "not a name for an attribute: lower-case letters and digits only"},
		"data are binary":     {map[string]string{"data_base64": `"AAAA"`}, "data_base64", "binary data are not taken; send a JSON object as data"},
		"data are XML":        {map[string]string{"datacontenttype": `"text/xml"`}, "datacontenttype", "data are JSON: application/json"},
		"no data":             {map[string]string{"data": ""}, "data", "missing"},
		"data are a list":     {map[string]string{"data": "[]"}, "data", "should be a JSON object"},
		"data are null":       {map[string]string{"data": "null"}, "data", "should be a JSON object"},
		"no properties":       {kind("captured", "{}"), "data.properties", "missing"},
		"properties a list":   {kind("updated", `{"properties": []}`), "data.properties", "should be an object"},
		"wrong type": {
			kind("captured", `{"properties": {"numberofemployees": "private-value"}}`), "data.properties.numberofemployees",
			`field "employees" (property "numberofemployees") expects Integer, got a string that is none`,
		},
		"NUL in a value":    {kind("captured", `{"properties": {"x": ["a", "b\u0000"]}}`), "data.properties.x[1]", "has a NUL character"},
		"NUL in a name":     {kind("captured", `{"properties": {"x\u0000": 1}}`), "data.properties", "has a member whose name is longer than 253 bytes or has a NUL character"},
		"too deep":          {kind("captured", `{"properties": {"x": `+deep+`}}`), "data.properties.x.a.a.a.a.a.a.a", "is nested deeper than 8 levels"},
		"too long":          {kind("captured", `{"properties": {"x": "`+strings.Repeat("x", 32769)+`"}}`), "data.properties.x", "has 32769 bytes; at most 32768 are allowed"},
		"too many members":  {kind("captured", `{"properties": {"x": [`+strings.Repeat("1,", 500)+`1]}}`), "data.properties.x", "has 501 entries; at most 500 are allowed"},
		"too much":          {kind("captured", `{"properties": {"x": [`+strings.Repeat(`"`+strings.Repeat("x", 30000)+`",`, 9)+`1]}}`), "data", "has 270053 bytes; at most 262144 are allowed"},
		"infinite number":   {kind("captured", `{"properties": {"x": 1e999}}`), "data.properties.x", "is a number that is too large"},
		"inexact number":    {kind("captured", `{"properties": {"x": 9007199254740993}}`), "data.properties.x", "is a number of 2^53 or more, which JSON does not carry exactly; send it as a string"},
		"activity unnamed":  {kind("activity", `{"properties": {}}`), "data.activity", "missing"},
		"activity a number": {kind("activity", `{"activity": 1}`), "data.activity", "should be a string"},
		"nobody assigned":   {kind("assigned", `{"owner": "  "}`), "data.owner", "empty"},
		"unknown channel":   {kind("touch", `{"channel": "Pigeon", "direction": "Outbound", "actor": "Human"}`), "data.channel", "should be one of Phone, Email, Meeting, Social, Message"},
		"no direction":      {kind("touch", `{"channel": "Phone", "actor": "Human"}`), "data.direction", "missing"},
		"no actor":          {kind("touch", `{"channel": "Phone", "direction": "Inbound"}`), "data.actor", "missing"},
		"answered in words": {kind("touch", `{"channel": "Phone", "direction": "Inbound", "actor": "Human", "answered": "yes"}`), "data.answered", "should be true or false"},
		"unknown outcome":   {kind("disposition", `{"outcome": "Lost"}`), "data.outcome", "should be one of Accepted, Recycled, Disqualified"},
		"ruling by one":     {kind("contested", `{"ruling": "Overturned", "parties": ["Marketing"]}`), "data.parties", `should be ["Marketing", "Sales"]: both resolve a dispute`},
		"disputed by sales": {kind("contested", `{"ruling": "Opened", "parties": ["Sales"]}`), "data.parties", `should be ["Marketing"]: it is marketing that disputes a rejection`},
		"foreign party":     {kind("contested", `{"ruling": "Opened", "parties": ["Legal"]}`), "data.parties", "should be a list of Marketing, Sales"},
		"no deal":           {kind("opportunity", `{"state": "Open"}`), "data.opportunity", "missing"},
		"negative deal":     {kind("opportunity", `{"opportunity": "d", "state": "Open", "amount": -1}`), "data.amount", "should be a number from 0 to 1000000000000"},
		"currency in words": {kind("opportunity", `{"opportunity": "d", "state": "Open", "currency": "dollars"}`), "data.currency", "should be the three letters of ISO 4217, such as USD"},
		"half a star":       {kind("feedback", `{"rating": 2.5}`), "data.rating", "should be a whole number from 1 to 5"},
		"an anecdote": {
			kind("feedback", `{"comment": "private-value"}`), "data.categories",
			"missing: feedback has a rating or at least one category; it should be one of Timing, Budget, Authority, Need, Fit, Data, Intent, Competitor, Other",
		},
		"unknown scope":      {kind("optedout", `{"scope": "World"}`), "data.scope", "should be one of Contact, Account"},
		"merged with itself": {kind("merged", `{"merged": "lead-1"}`), "data.merged", "is the lead itself; the subject is the lead that stays, `merged` the one that it takes in"},
		"merged with no id":  {kind("merged", `{"merged": "lead 2"}`), "data.merged", "should be a lead's id: 1 to 128 characters without white space"},
		"logged tomorrow": {
			kind("touch", `{"channel": "Phone", "direction": "Outbound", "actor": "Human", "loggedAt": "2027-01-05T14:00:00Z"}`), "data.loggedAt",
			"is more than 5 minutes in the future: it is 2027-01-04T14:03:00Z now",
		},
		"no outcome, no code": {
			kind("disposition", `{"reason": "whatever"}`), "data.outcome",
			"missing: it may be left out only when reason is a code of the definition; it should be one of Accepted, Recycled, Disqualified",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig()
			status, a, _ := r.do(t, request{body: eventJSON(c.replace)})
			if status != http.StatusBadRequest || len(a.Results) != 1 {
				t.Fatalf("status %d, %+v", status, a)
			}
			got := a.Results[0]
			if got.Status != events.StatusInvalid || got.Field != c.field || got.Message != c.message {
				t.Errorf("got  %s %s: %s\nwant Invalid %s: %s", got.Status, got.Field, got.Message, c.field, c.message)
			}
			if len(r.store.entries) != 0 || r.log.Len() != 0 || r.taken["rejected"] != 1 {
				t.Errorf("written %v, logged %q, taken %v", r.store.entries, r.log, r.taken)
			}
		})
	}
}

func TestRequests(t *testing.T) {
	const batch = "application/cloudevents-batch+json"
	id := func(id string) string { return eventJSON(map[string]string{"id": `"` + id + `"`}) }
	bad := eventJSON(map[string]string{"id": `"bad"`, "time": `"never"`})
	for name, c := range map[string]struct {
		request request
		status  int
		want    events.Answer
		message string
	}{
		"accepted":  {request{body: id("1")}, 202, events.Answer{Accepted: 1}, ""},
		"duplicate": {request{body: id("known")}, 202, events.Answer{Duplicates: 1}, ""},
		"conflict":  {request{body: id("conflicting")}, 409, events.Answer{Rejected: 1}, ""},
		"a batch": {
			request{contentType: batch, body: "[" + id("1") + "," + id("known") + "]"}, 202, events.Answer{Accepted: 1, Duplicates: 1}, "",
		},
		"a batch in part": {
			request{contentType: batch, body: "[" + bad + "," + id("2") + ", 7, " + id("conflicting") + "]"}, 207, events.Answer{Accepted: 1, Rejected: 3}, "",
		},
		"a batch of bad ones":    {request{contentType: batch, body: "[" + bad + "]"}, 400, events.Answer{Rejected: 1}, ""},
		"a batch of conflicts":   {request{contentType: batch, body: "[" + id("conflicting") + "]"}, 409, events.Answer{Rejected: 1}, ""},
		"an empty batch":         {request{contentType: batch, body: "[]"}, 202, events.Answer{}, ""},
		"with a charset":         {request{contentType: "application/cloudevents+json; charset=utf-8", body: id("1")}, 202, events.Answer{Accepted: 1}, ""},
		"no JSON":                {request{body: `{"id": `}, 400, events.Answer{Rejected: 1}, ""},
		"empty":                  {request{}, 400, events.Answer{Rejected: 1}, ""},
		"the batch is no list":   {request{contentType: batch, body: id("1")}, 400, events.Answer{}, "the body is not a JSON array of events"},
		"the batch breaks off":   {request{contentType: batch, body: "[" + id("1")}, 400, events.Answer{}, "the body is not a JSON array of events: it breaks off or is malformed at byte"},
		"too many":               {request{contentType: batch, body: "[" + strings.Repeat("1,", 1000) + "1]"}, 413, events.Answer{}, "the batch has more than 1000 events; send smaller ones"},
		"too large":              {request{body: strings.Repeat(" ", 4<<20+1)}, 413, events.Answer{}, "the body is larger than 4 MiB (4194304 bytes); send smaller batches"},
		"just not too large":     {request{body: id("1") + strings.Repeat(" ", 4<<20-len(id("1")))}, 202, events.Answer{Accepted: 1}, ""},
		"wrong token":            {request{authorization: "Bearer wrong", body: id("1")}, 401, events.Answer{}, "Authorization should be the bearer token of this contract's ingest"},
		"another scheme":         {request{authorization: "Basic " + token, body: id("1")}, 401, events.Answer{}, "Authorization should be the bearer token of this contract's ingest"},
		"plain JSON, no headers": {request{contentType: "application/json", body: id("1")}, 415, events.Answer{}, "Content-Type should be"},
		"a form":                 {request{contentType: "application/x-www-form-urlencoded", body: "a=b"}, 415, events.Answer{}, "Content-Type should be"},
		"compressed":             {request{body: id("1"), header: map[string]string{"Content-Encoding": "gzip"}}, 415, events.Answer{}, "Content-Encoding is not supported; send the body as it is"},
		"GET":                    {request{method: http.MethodGet}, 405, events.Answer{}, "events are sent with POST"},
	} {
		t.Run(name, func(t *testing.T) {
			status, a, _ := newRig().do(t, c.request)
			if status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			if !strings.HasPrefix(a.Message, c.message) || (c.message == "") != (a.Message == "") {
				t.Errorf("message %q, want %q", a.Message, c.message)
			}
			ignore := cmpopts.IgnoreFields(events.Answer{}, "Results", "Message")
			if diff := cmp.Diff(c.want, a, ignore, cmpopts.IgnoreUnexported(events.Answer{})); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBatchResultsStandInOrder(t *testing.T) {
	r := newRig()
	_, a, _ := r.do(t, request{
		contentType: "application/cloudevents-batch+json",
		body: "[" + eventJSON(map[string]string{"id": `"a"`, "time": `"never"`}) + "," + eventJSON(map[string]string{"id": `"b"`}) + "," +
			eventJSON(map[string]string{"id": `"conflicting"`}) + "]",
	})
	want := []events.Result{
		{ID: "a", Source: "/website", Status: events.StatusInvalid, Field: "time", Message: "not a time by RFC 3339, such as 2027-01-04T14:03:00Z"},
		{ID: "b", Source: "/website", Status: events.StatusAccepted},
		{
			ID: "conflicting", Source: "/website", Status: events.StatusConflict, Field: "id",
			Message: "another event with this source and id and other content is in the ledger; give each event an id of its own",
		},
	}
	if diff := cmp.Diff(want, a.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestBinaryMode(t *testing.T) {
	header := map[string]string{
		"ce-specversion": "1.0", "ce-id": "caf%C3%A9", "ce-source": "/website", "ce-type": "dev.handoff.lead.assigned",
		"ce-subject": "lead-1", "ce-time": "2027-01-04T14:00:00Z",
	}
	r := newRig()
	status, a, _ := r.do(t, request{contentType: "application/json", header: header, body: `{"owner": "rep-1"}`})
	want := []ledger.Entry{{
		Source: "/website", ID: "café", Lead: "lead-1", Kind: lead.KindAssigned, Time: now.Add(-3 * time.Minute), Data: ledger.Data{Owner: "rep-1"},
	}}
	if diff := cmp.Diff(want, r.store.entries); status != 202 || diff != "" {
		t.Errorf("status %d, %+v, entries (-want +got):\n%s", status, a, diff)
	}
	header["ce-time"] = "yesterday"
	if status, a, _ = r.do(t, request{contentType: "application/json", header: header, body: `{"owner": "rep-1"}`}); status != 400 || a.Results[0].Field != "time" {
		t.Errorf("status %d, %+v", status, a)
	}
}

func TestUnavailable(t *testing.T) {
	away := errors.New("Secret \"handoff-ledger\" with key \"dsn\" is not there")
	for name, edit := range map[string]func(*rig){
		"no token":        func(r *rig) { r.handler.Token = func() (string, error) { return "", away } },
		"no ledger":       func(r *rig) { r.handler.Store = func() (events.Store, error) { return nil, away } },
		"the write fails": func(r *rig) { r.store.err = context.DeadlineExceeded },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig()
			edit(r)
			status, a, header := r.do(t, request{body: eventJSON(nil)})
			if status != http.StatusServiceUnavailable || header.Get("Retry-After") != "5" || a.Message == "" || r.taken["accepted"] != 0 {
				t.Errorf("status %d, Retry-After %q, %+v, taken %v", status, header.Get("Retry-After"), a, r.taken)
			}
			if strings.Contains(r.log.String(), "a@b.example") {
				t.Errorf("a value is in the log: %s", r.log)
			}
		})
	}
}

// With an empty token file nobody is let in, not even with an empty token.
func TestEmptyTokenOpensNothing(t *testing.T) {
	r := newRig()
	r.handler.Token = func() (string, error) { return "", errors.New("no token") }
	if status, _, _ := r.do(t, request{authorization: "Bearer ", body: eventJSON(nil)}); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}
