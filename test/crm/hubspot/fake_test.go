// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/test/crm/control"
	"github.com/handoff-sla/handoff/test/crm/hubspot"
)

// ask the fake, as whoever has the token.
func ask(t *testing.T, fake http.Handler, method, path, body string) (int, map[string]any, http.Header) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer pat-na1-fake")
	recorder := httptest.NewRecorder()
	fake.ServeHTTP(recorder, request)
	var answer map[string]any
	if recorder.Body.Len() > 0 {
		if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, recorder.Code, recorder.Body)
		}
	}
	return recorder.Code, answer, recorder.Result().Header
}

// at is a path in an answer: results.0.id.
func at(answer any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch v := answer.(type) {
		case map[string]any:
			answer = v[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(v) {
				return nil
			}
			answer = v[i]
		default:
			return nil
		}
	}
	return answer
}

func newFake(t *testing.T, settings hubspot.Settings) (*hubspot.Fake, *clock) {
	t.Helper()
	c := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	fake := hubspot.New(hubspot.Options{Now: c.now, Settings: settings, Properties: handoffProperties()})
	t.Cleanup(fake.Close)
	if err := fake.Seed(0, time.Time{}, nil, rep1, rep2); err != nil {
		t.Fatal(err)
	}
	return fake, c
}

func do(t *testing.T, fake *hubspot.Fake, a control.Act) string {
	t.Helper()
	done, err := fake.Act(a)
	if err != nil {
		t.Fatalf("%s %s %s: %v", a.Do, a.Type, a.ID, err)
	}
	return done.ID
}

func TestPaths(t *testing.T) {
	fake, _ := newFake(t, hubspot.Settings{Unlimited: true})
	id := do(t, fake, control.Act{As: rep1, Do: "create", Type: "contacts", Values: map[string]string{"email": "x@example.com"}})
	for path, want := range map[string]int{
		"/crm/objects/2026-09/contacts/" + id: 200, "/crm/objects/2026-03/0-1/" + id: 200, "/crm/v3/objects/contact/" + id: 200,
		"/crm/objects/2025-01/contacts/" + id: 404, "/crm/objects/contacts/" + id: 404, "/crm/objects/2026-09/unicorns": 400, "/": 404,
		"/crm/properties/2026-09/contacts": 200, "/crm/v3/properties/contacts": 200, "/crm/owners/2026-09": 200, "/crm/v3/owners/": 200,
		"/crm/pipelines/2026-09/deals": 200, "/account-info/2026-09/details": 200, "/account-info/v3/details": 200,
		"/crm/objects/2026-09/contacts/" + id + "/associations/deals": 200, "/crm/v4/objects/contacts/" + id + "/associations/deals": 200,
		"/crm/objects/2026-09/contacts/batch/read": 405, "/crm/associations/2026-09/calls/contacts/labels": 200,
	} {
		if got, answer, _ := ask(t, fake, http.MethodGet, path, ""); got != want {
			t.Errorf("GET %s: %d, want %d: %v", path, got, want, answer)
		}
	}
}

func TestWorkflowsAndDealsMoveThings(t *testing.T) {
	fake, _ := newFake(t, hubspot.Settings{
		Unlimited: true, DealsMoveStage: true, Workflows: []hubspot.Workflow{{Name: "fight", Property: "hs_lead_status", When: "UNQUALIFIED", Set: "OPEN"}},
	})
	id := do(t, fake, control.Act{As: rep1, Do: "create", Type: "contacts", Values: map[string]string{"email": "x@example.com"}})
	do(t, fake, control.Act{As: rep1, Do: "set", Type: "contacts", ID: id, Values: map[string]string{"hs_lead_status": "UNQUALIFIED"}})
	do(t, fake, control.Act{As: rep1, Do: "create", Type: "deals", Of: []string{"contacts/" + id}, Values: map[string]string{"dealname": "D", "dealstage": "contractsent"}})
	_, answer, _ := ask(t, fake, http.MethodGet, "/crm/objects/2026-09/contacts/"+id+"?propertiesWithHistory=hs_lead_status,lifecyclestage", "")
	var got []string
	for _, name := range []string{"hs_lead_status", "lifecyclestage"} {
		versions, _ := at(answer, "propertiesWithHistory."+name).([]any)
		for _, v := range versions {
			got = append(got, fmt.Sprint(at(v, "value"), " ", at(v, "sourceType")))
		}
	}
	want := []string{"OPEN AUTOMATION_PLATFORM", "UNQUALIFIED CRM_UI", "opportunity DEALS", "lead CRM_UI"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	deal := do(t, fake, control.Act{As: rep1, Do: "create", Type: "deals", Of: []string{"contacts/" + id}, Values: map[string]string{"dealname": "E", "dealstage": "closedwon"}})
	if record, _ := fake.Get("contacts", id); record.Values["lifecyclestage"] != "customer" || !slices.Contains(record.Links["deals"], deal) {
		t.Errorf("a deal is won, and its contact is %q, of deals %v", record.Values["lifecyclestage"], record.Links)
	}
}

func TestWhoDidIt(t *testing.T) {
	fake, c := newFake(t, hubspot.Settings{Unlimited: true})
	id := do(t, fake, control.Act{As: "app:Enricher", Do: "create", Type: "contacts", Values: map[string]string{"email": "x@example.com", "company": "A"}})
	c.add(time.Second)
	ask(t, fake, http.MethodPatch, "/crm/objects/2026-09/contacts/"+id, `{"properties":{"company":"B"}}`)
	c.add(time.Second)
	do(t, fake, control.Act{As: rep2, Do: "set", Type: "contacts", ID: id, Values: map[string]string{"company": "C"}})
	_, answer, _ := ask(t, fake, http.MethodGet, "/crm/objects/2026-09/contacts/"+id+"?propertiesWithHistory=company", "")
	sources := map[any]bool{}
	for i, want := range []string{"CRM_UI", "INTEGRATION", "INTEGRATION"} {
		path := fmt.Sprintf("propertiesWithHistory.company.%d.", i)
		if got := at(answer, path+"sourceType"); got != want {
			t.Errorf("version %d is of source %v, want %s", i, got, want)
		}
		sources[at(answer, path+"sourceId")] = true
	}
	if len(sources) != 3 {
		t.Errorf("three wrote, and the sources are %v", sources)
	}
	if updated := at(answer, "updatedAt"); updated != "2026-11-22T12:00:02.000Z" {
		t.Errorf("updated at %v", updated)
	}
}

func TestModifiedNeverGoesBack(t *testing.T) {
	fake, c := newFake(t, hubspot.Settings{Unlimited: true})
	id := do(t, fake, control.Act{As: rep1, Do: "create", Type: "contacts", Values: map[string]string{"email": "x@example.com"}})
	before, _ := fake.Get("contacts", id)
	c.add(-time.Hour)
	do(t, fake, control.Act{As: rep1, Do: "set", Type: "contacts", ID: id, Values: map[string]string{"company": "C"}})
	after, _ := fake.Get("contacts", id)
	if after.Values["lastmodifieddate"] < before.Values["lastmodifieddate"] {
		t.Errorf("from %s to %s", before.Values["lastmodifieddate"], after.Values["lastmodifieddate"])
	}
}

func TestOwnerIsStampedWhenAssigned(t *testing.T) {
	fake, _ := newFake(t, hubspot.Settings{Unlimited: true})
	id := do(t, fake, control.Act{As: rep1, Do: "create", Type: "contacts", Values: map[string]string{"email": "x@example.com", "hubspot_owner_id": rep2}})
	if record, _ := fake.Get("contacts", id); record.Values["hubspot_owner_assigneddate"] != "2026-11-22T12:00:00.000Z" {
		t.Errorf("assigned at %q", record.Values["hubspot_owner_assigneddate"])
	}
	do(t, fake, control.Act{As: rep1, Do: "set", Type: "contacts", ID: id, Values: map[string]string{"hubspot_owner_id": ""}})
	if record, _ := fake.Get("contacts", id); record.Values["hubspot_owner_assigneddate"] != "" {
		t.Error("nobody owns it, and it was assigned")
	}
}

func TestTasksAreCompleted(t *testing.T) {
	fake, _ := newFake(t, hubspot.Settings{Unlimited: true})
	id := do(t, fake, control.Act{As: rep1, Do: "log", Type: "tasks", Values: map[string]string{"hs_task_type": "CALL", "hs_task_status": "NOT_STARTED"}})
	do(t, fake, control.Act{As: rep1, Do: "set", Type: "tasks", ID: id, Values: map[string]string{"hs_task_status": "COMPLETED"}})
	if record, _ := fake.Get("tasks", id); record.Values["hs_task_completion_date"] == "" || record.Values["hs_task_is_completed"] != "true" {
		t.Errorf("%v", record.Values)
	}
}

func TestMergedAgain(t *testing.T) {
	fake, _ := newFake(t, hubspot.Settings{Unlimited: true})
	var ids []string
	for i := range 3 {
		ids = append(ids, do(t, fake, control.Act{As: rep1, Do: "create", Type: "contacts", Values: map[string]string{"email": fmt.Sprintf("x%d@example.com", i)}}))
	}
	call := do(t, fake, control.Act{As: rep1, Do: "log", Type: "calls", Of: []string{"contacts/" + ids[1]}})
	once := do(t, fake, control.Act{As: rep1, Do: "merge", Type: "contacts", ID: ids[1], Into: ids[0]})
	twice := do(t, fake, control.Act{As: rep1, Do: "merge", Type: "contacts", ID: ids[2], Into: ids[0]}) // the first one's id still leads to it
	record, _ := fake.Get("contacts", twice)
	if got, want := record.Values["hs_merged_object_ids"], strings.Join([]string{once, ids[0], ids[1], ids[2]}, ";"); got != want {
		t.Errorf("merged from %s, want %s", got, want)
	}
	if !slices.Equal(record.Links["calls"], []string{call}) {
		t.Errorf("calls %v, want the one of the second", record.Links["calls"])
	}
	if linked, _ := fake.Get("calls", call); !slices.Equal(linked.Links["contacts"], []string{twice}) {
		t.Errorf("the call is of %v, want %s", linked.Links["contacts"], twice)
	}
}

func TestIndexShowsWhatWas(t *testing.T) {
	fake, c := newFake(t, hubspot.Settings{Unlimited: true, IndexLagMS: 5000})
	id := do(t, fake, control.Act{As: rep1, Do: "create", Type: "contacts", Values: map[string]string{"email": "x@example.com", "company": "A"}})
	found := func() string {
		_, answer, _ := ask(t, fake, http.MethodPost, "/crm/objects/2026-09/contacts/search", `{"filterGroups":[],"properties":["company"]}`)
		return fmt.Sprint(at(answer, "total"), " ", at(answer, "results.0.properties.company"))
	}
	steps := []struct {
		after time.Duration
		act   *control.Act
		want  string
	}{
		{0, nil, "0 <nil>"},
		{5 * time.Second, nil, "1 A"},
		{0, &control.Act{As: rep1, Do: "set", Type: "contacts", ID: id, Values: map[string]string{"company": "B"}}, "1 A"},
		{3 * time.Second, &control.Act{As: rep1, Do: "set", Type: "contacts", ID: id, Values: map[string]string{"company": "C"}}, "1 A"},
		{2 * time.Second, nil, "1 B"},
		{3 * time.Second, nil, "1 C"},
		{0, &control.Act{As: rep1, Do: "delete", Type: "contacts", ID: id}, "1 C"},
		{5 * time.Second, nil, "0 <nil>"},
	}
	for i, step := range steps {
		c.add(step.after)
		if step.act != nil {
			do(t, fake, *step.act)
		}
		if got := found(); got != step.want {
			t.Errorf("step %d: found %s, want %s", i, got, step.want)
		}
	}
}

func TestDayIsSpent(t *testing.T) {
	fake, c := newFake(t, hubspot.Settings{Daily: 3})
	var got []string
	for range 4 {
		status, answer, header := ask(t, fake, http.MethodGet, "/account-info/2026-09/details", "")
		got = append(got, fmt.Sprint(status, " ", header.Get("X-Hubspot-Ratelimit-Daily-Remaining"), " ", answer["policyName"]))
	}
	c.add(24 * time.Hour)
	status, _, _ := ask(t, fake, http.MethodGet, "/account-info/2026-09/details", "")
	want := []string{"200 2 <nil>", "200 1 <nil>", "200 0 <nil>", "429 0 DAILY"}
	if diff := cmp.Diff(want, got); diff != "" || status != 200 {
		t.Errorf("%s, and the day after: %d", diff, status)
	}
}

func TestWindowRolls(t *testing.T) {
	fake, c := newFake(t, hubspot.Settings{Burst: 2, WindowMS: 1000})
	var got []int
	for range 6 {
		status, _, _ := ask(t, fake, http.MethodGet, "/account-info/2026-09/details", "")
		got = append(got, status)
		c.add(400 * time.Millisecond)
	}
	if want := []int{200, 200, 429, 200, 200, 429}; !slices.Equal(got, want) {
		t.Errorf("answers %v, want %v", got, want)
	}
	if most := fake.Log.Summary(time.Second).Most["general"]; most != 2 {
		t.Errorf("%d taken within a second", most)
	}
}

func TestPartOfABatchFails(t *testing.T) {
	fake, _ := newFake(t, hubspot.Settings{Unlimited: true})
	var ids []string
	for i := range 4 {
		ids = append(ids, do(t, fake, control.Act{As: rep1, Do: "create", Type: "contacts", Values: map[string]string{"email": fmt.Sprintf("x%d@example.com", i)}}))
	}
	if err := fake.Faults.Add(control.Rule{Kind: control.Partial, ItemEvery: 3, Times: 1}); err != nil {
		t.Fatal(err)
	}
	inputs := make([]string, len(ids))
	for i, id := range ids {
		inputs[i] = fmt.Sprintf(`{"id":%q,"properties":{"handoff_score":"9"}}`, id)
	}
	status, answer, _ := ask(t, fake, http.MethodPost, "/crm/objects/2026-09/contacts/batch/update", `{"inputs":[`+strings.Join(inputs, ",")+`]}`)
	if status != 207 || at(answer, "numErrors") != 2.0 || at(answer, "errors.1.context.ids.0") != ids[3] {
		t.Errorf("%d %v", status, answer)
	}
	for i, want := range []string{"", "9", "9", ""} {
		if record, _ := fake.Get("contacts", ids[i]); record.Values["handoff_score"] != want {
			t.Errorf("contact %d has %q, want %q", i, record.Values["handoff_score"], want)
		}
	}
}

func TestControlOfTheAccount(t *testing.T) {
	fake, _ := newFake(t, hubspot.Settings{Unlimited: true})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	post := func(path, body string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, _ := io.ReadAll(response.Body)
		return response.StatusCode, strings.TrimSpace(string(text))
	}
	for _, step := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/_control/seed", `{"contacts":2,"owners":["rep3@acme.example"],"values":{"company":"C{n}"},"properties":[{"name":"extra","type":"string","fieldType":"text"}]}`, 204, ""},
		{"/_control/act", `{"as":"rep1@acme.example","do":"set","type":"contacts","id":"101","values":{"extra":"x"}}`, 200, `{"id":"101"}`},
		{"/_control/act", `{"as":"rep1@acme.example","do":"set","type":"contacts","id":"999"}`, 404, `{"error":"no such record"}`},
		{"/_control/act", `{"as":"rep1@acme.example","do":"dance","type":"contacts","id":"101"}`, 400, `{"error":"\"dance\" cannot be done: should be create, log, set, delete, forget, restore, merge or stamp"}`},
		{"/_control/act", `{"do":"set","type":"contacts","id":"101"}`, 400, `{"error":"as is missing: should be the e-mail address of a user, or app:NAME"}`},
		{"/_control/act", `{"do":"set","type":"unicorns"}`, 400, `{"error":"type \"unicorns\" is unknown"}`},
		{"/_control/set", `{"indexLagMs":5,"expired":true}`, 204, ""},
		{"/_control/set", `{"indexLag":5}`, 400, `{"error":"json: unknown field \"indexLag\""}`},
	} {
		if status, text := post(step.path, step.body); status != step.status || text != step.want {
			t.Errorf("%s %s: %d %s, want %d %s", step.path, step.body, status, text, step.status, step.want)
		}
	}
	state := fake.Account()
	if record := state.Objects["contacts"]["102"]; record.Values["company"] != "C102" || record.Values["email"] != "lead102@example.com" {
		t.Errorf("%v", record.Values)
	}
	if !state.Settings.Expired || state.Settings.IndexLagMS != 5 || !state.Settings.Unlimited || len(state.Owners) != 3 {
		t.Errorf("%+v %v", state.Settings, state.Owners)
	}
}
