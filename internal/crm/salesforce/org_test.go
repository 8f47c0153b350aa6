// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/salesforce"
)

// now of every test.
var now = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// said is what a test answers.
type said struct {
	status int // 0: 200
	body   any // a text as it is, anything else as JSON
	header map[string]string
}

// request as it came.
type request struct {
	method, path string
	soql         string
	header       http.Header
	body         string
}

// script is an org that answers what a test says: the first rule whose text is in the method, the path or the query.
type script struct {
	t      *testing.T
	server *httptest.Server

	mu    sync.Mutex
	rules []rule
	asked []request
}

type rule struct {
	match string
	times int // 0: always
	say   func(request) said
}

func newScript(t *testing.T) *script {
	t.Helper()
	s := &script{t: t}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// on answers requests; later rules go before earlier ones.
func (s *script) on(match string, say said) {
	s.with(rule{match: match, say: func(request) said { return say }})
}

func (s *script) once(match string, say said) {
	s.with(rule{match: match, times: 1, say: func(request) said { return say }})
}

func (s *script) with(r rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append([]rule{r}, s.rules...)
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	in := request{method: r.Method, path: r.URL.Path, soql: r.URL.Query().Get("q"), header: r.Header, body: string(body)}
	out := s.answer(in)
	w.Header()["Date"] = nil // the machine's has nothing to do with the tests' time
	for name, value := range out.header {
		w.Header().Set(name, value)
	}
	if out.status == 0 {
		out.status = http.StatusOK
	}
	w.WriteHeader(out.status)
	if text, is := out.body.(string); is {
		_, _ = io.WriteString(w, text)
		return
	}
	_ = json.NewEncoder(w).Encode(out.body)
}

func (s *script) answer(in request) said {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, in)
	text := in.method + " " + in.path + " " + in.soql
	for i := range s.rules {
		r := &s.rules[i]
		if r.times < 0 || !strings.Contains(text, r.match) {
			continue
		}
		if r.times--; r.times == 0 {
			r.times = -1
		} else if r.times < 0 {
			r.times = 0
		}
		return r.say(in)
	}
	return said{status: http.StatusNotFound, body: faults("NOT_FOUND", "nothing is said to "+text)}
}

// to which requests with that text went.
func (s *script) to(match string) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []request
	for _, r := range s.asked {
		if strings.Contains(r.method+" "+r.path+" "+r.soql, match) {
			out = append(out, r)
		}
	}
	return out
}

func faults(code, message string, fields ...string) any {
	return []map[string]any{{"errorCode": code, "message": message, "fields": fields}}
}

type object = map[string]any

// found is the answer to a query.
func found(list ...object) said {
	if list == nil {
		list = []object{}
	}
	return said{body: object{"totalSize": len(list), "done": true, "records": list}}
}

// Ids.
const (
	us    = "005000000000001AAA"
	rep1  = "005000000000002AAA"
	rep2  = "005000000000003AAA"
	left  = "005000000000004AAA"
	queue = "00G000000000001AAA"
)

func leadID(n int) string { return fmt.Sprintf("00Q%012dAAA", n) }
func taskID(n int) string { return fmt.Sprintf("00T%012dAAA", n) }

func field(name, kind string, more ...object) object {
	out := object{"name": name, "type": kind, "updateable": true, "createable": true, "nillable": true}
	for _, m := range more {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func options(values ...string) object {
	var list []object
	for _, v := range values {
		list = append(list, object{"value": v, "active": !strings.HasPrefix(v, "Old")})
	}
	return object{"picklistValues": list, "restrictedPicklist": true}
}

func described(fields ...object) said {
	return said{body: object{"queryable": true, "updateable": true, "createable": true, "fields": fields}}
}

// usual is an org with all that is needed, and no records.
func usual(t *testing.T) *script {
	t.Helper()
	s := newScript(t)
	s.on("/query", found())
	s.on("POST /services/oauth2/token", said{body: object{
		"access_token": "token-1", "instance_url": s.server.URL, "id": "https://login.salesforce.com/id/00D000000000001AAA/" + us,
	}})
	s.on("FROM Organization", found(object{"Id": "00D000000000001AAA"}))
	s.on("FROM LeadStatus", found(object{"ApiName": "Open"}, object{"ApiName": "Converted", "IsConverted": true}))
	s.on("FROM User", found(
		object{"Id": us, "Email": "handoff@acme.example", "IsActive": true}, object{"Id": rep1, "Email": "Rep1@acme.example", "IsActive": true},
		object{"Id": rep2, "Email": "rep2@acme.example", "IsActive": true}, object{"Id": left, "Email": "left@acme.example", "IsActive": false},
	))
	s.on("/sobjects/Lead/describe", described(
		field("Id", "id"), field("Email", "email"), field("Score", "double"), field("OptOut", "boolean"), field("Seen__c", "datetime"), field("Day__c", "date"),
		field("OwnerId", "reference"), field("Status", "picklist", options("Open", "Working", "Converted")), field("Stage__c", "picklist", options("MQL", "SAL", "Old one")),
		field("Source", "picklist", options("Web"), object{"restrictedPicklist": false}), field("Address", "address"),
		field("Key__c", "string", object{"unique": true, "externalId": true}), field("Formula__c", "string", object{"updateable": false, "createable": false}),
		field("LastName", "string"), field("Company", "string"),
		field("FirstCallDateTime", "datetime"), field("FirstEmailDateTime", "datetime"),
	))
	s.on("/sobjects/Task/describe", described(field("TaskSubtype", "picklist"), field("Type", "picklist"), field("CallType", "picklist"),
		field("CallDisposition", "string"), field("CallDurationInSeconds", "int"), field("CompletedDateTime", "datetime")))
	s.on("/sobjects/Event/describe", described(field("IsChild", "boolean"), field("IsRecurrence", "boolean")))
	s.on("/sobjects/Opportunity/describe", described(field("Amount", "currency")))
	return s
}

// budget notes what it is told.
type budget struct {
	mu    sync.Mutex
	taken int
	told  []crm.Allowance
	spent error
}

func (b *budget) Take(context.Context, string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken++
	return b.spent
}

func (b *budget) Told(_ context.Context, _ string, a crm.Allowance) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, a)
	return nil
}

// using the org with a client secret.
func using(s *script, with ...func(*crm.Access)) *salesforce.System {
	access := crm.Access{
		Settings: crm.Settings{
			Type: crm.TypeSalesforce, URL: s.server.URL, Version: "v65.0", MatchBy: "Key__c",
			Mapping: crm.Mapping{Fields: crm.Fields{Stage: "Stage__c", Status: "Status"}},
		},
		Secret: secrets(map[string]string{"clientId": "app", "clientSecret": "s3cret"}),
		Fields: func() []string {
			return []string{"Email", "Score", "OptOut", "Seen__c", "Day__c", "Status", "Stage__c", "Address"}
		},
		Budget: &budget{}, Now: func() time.Time { return now },
	}
	for _, w := range with {
		w(&access)
	}
	return salesforce.New(access, s.server.Client())
}

func secrets(values map[string]string) func(string) (string, error) {
	return func(key string) (string, error) {
		value, there := values[key]
		if !there {
			return "", fmt.Errorf("the Secret has no key %q", key)
		}
		return value, nil
	}
}

// form of a request's body.
func (r request) form(t *testing.T) url.Values {
	t.Helper()
	values, err := url.ParseQuery(r.body)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// hang answers no write until the end.
func hang(s http.Handler, began, end chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			close(began)
			<-end
			return
		}
		s.ServeHTTP(w, r)
	})
}
