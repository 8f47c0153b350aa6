// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// rig is a fake with a client that is logged in, and a clock.
type rig struct {
	*Fake
	t     *testing.T
	url   string
	token string
	at    time.Time
}

const base = "/services/data/v65.0"

func open(t *testing.T, with func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, at: start}
	options := Options{
		ClientID: "app", ClientSecret: "secret", Reps: []string{"rep1@acme.example", "bo.berg@acme.example"}, Now: func() time.Time { return r.at },
	}
	if with != nil {
		with(&options)
	}
	r.Fake = New(options)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	r.login()
	return r
}

func (r *rig) login() {
	r.t.Helper()
	status, body, _ := r.form(url.Values{"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {"secret"}})
	if status != 200 {
		r.t.Fatalf("no token: %d %s", status, body)
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		r.t.Fatal(err)
	}
	r.token = answer.Token
}

func (r *rig) form(values url.Values) (int, []byte, http.Header) {
	r.t.Helper()
	return r.do("POST", "/services/oauth2/token", values.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

func (r *rig) do(method, path, body string, header map[string]string) (int, []byte, http.Header) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, text, response.Header
}

// quiet asks without assignment rules.
var quiet = map[string]string{"Sforce-Auto-Assign": "FALSE"}

// must get that status, and read the answer.
func (r *rig) must(want int, method, path, body string, header map[string]string) any {
	r.t.Helper()
	status, text, _ := r.do(method, base+path, body, header)
	if status != want {
		r.t.Fatalf("%s %s: %d %s, want %d", method, path, status, text, want)
	}
	var out any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			r.t.Fatal(err)
		}
	}
	return out
}

// refused must be refused with one error of that code.
func (r *rig) refused(status int, code, method, path, body string) string {
	r.t.Helper()
	list, ok := r.must(status, method, path, body, quiet).([]any)
	if !ok || len(list) != 1 {
		r.t.Fatalf("%s %s: errors are no list of one: %v", method, path, list)
	}
	one, _ := list[0].(map[string]any)
	if one["errorCode"] != code {
		r.t.Fatalf("%s %s: %v, want %s", method, path, one, code)
	}
	return fmt.Sprint(one["message"])
}

func (r *rig) query(soql string) map[string]any {
	r.t.Helper()
	out, _ := r.must(200, "GET", "/query?q="+url.QueryEscape(soql), "", nil).(map[string]any)
	return out
}

// column of a query's rows.
func (r *rig) column(soql, field string) []string {
	r.t.Helper()
	out := []string{}
	rows, _ := r.query(soql)["records"].([]any)
	for _, one := range rows {
		record, _ := one.(map[string]any)
		out = append(out, fmt.Sprint(record[field]))
	}
	return out
}

// lead makes one, with other values than the usual.
func (r *rig) lead(values string) string {
	r.t.Helper()
	body := `{"LastName":"Sample","Company":"Acme"}`
	if values != "" {
		body = `{"LastName":"Sample","Company":"Acme",` + values + `}`
	}
	made, _ := r.must(201, "POST", "/sobjects/Lead", body, quiet).(map[string]any)
	return fmt.Sprint(made["id"])
}

func (r *rig) record(object, id string) map[string]any {
	r.t.Helper()
	out, _ := r.must(200, "GET", "/sobjects/"+object+"/"+id, "", nil).(map[string]any)
	return out
}

func (r *rig) act(a control.Act) string {
	r.t.Helper()
	done, err := r.Act(a)
	if err != nil {
		r.t.Fatal(err)
	}
	return done.ID
}

func (r *rig) set(s Settings) {
	r.t.Helper()
	if err := r.Change(s); err != nil {
		r.t.Fatal(err)
	}
}

func TestIDs(t *testing.T) {
	if got, ok := canonical("001A0000006Vm9r"); got != "001A0000006Vm9rIAC" || !ok {
		t.Errorf("the long form is %s (%t), want 001A0000006Vm9rIAC", got, ok)
	}
	for _, wrong := range []string{"", "001A", "001A0000006Vm9rIAB", "001A0000006Vm9!", "001A0000006Vm9rIACX"} {
		if got, ok := canonical(wrong); ok {
			t.Errorf("%q is taken as %s", wrong, got)
		}
	}
	last := ""
	for _, n := range []int{1, 9, 10, 61, 62, 3843, 3844, 1_000_000} {
		id := newID("00Q", n)
		if _, ok := canonical(id); !ok || id <= last {
			t.Errorf("id %d is %s, after %s", n, id, last)
		}
		last = id
	}
}

func TestVersionsNeedNoSession(t *testing.T) {
	r := open(t, nil)
	r.token = ""
	if status, body, header := r.do("GET", "/services/data", "", nil); status != 200 || !bytes.Contains(body, []byte(`"version":"65.0"`)) || header.Get("Sforce-Limit-Info") != "" {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := r.do("GET", base+"/limits", "", nil); status != 401 || !strings.Contains(string(body), `"errorCode":"INVALID_SESSION_ID"`) {
		t.Errorf("%d %s", status, body)
	}
	r.login()
	if status, _, _ := r.do("GET", "/services/data/v12.0/limits", "", nil); status != 404 {
		t.Errorf("an unknown version: %d", status)
	}
}

func TestAllowanceOfTheDay(t *testing.T) {
	r := open(t, func(o *Options) { o.APILimit = 2 })
	for i := 1; i <= 2; i++ {
		if _, _, header := r.do("GET", base+"/limits", "", nil); header.Get("Sforce-Limit-Info") != fmt.Sprintf("api-usage=%d/2", i) {
			t.Errorf("request %d: %v", i, header)
		}
	}
	if got := r.refused(403, "REQUEST_LIMIT_EXCEEDED", "GET", "/limits", ""); got != "TotalRequests Limit exceeded." {
		t.Error(got)
	}
	used := 0
	r.set(Settings{Used: &used})
	r.must(200, "GET", "/limits", "", nil)
}

func TestTooLongAndZipped(t *testing.T) {
	r := open(t, nil)
	if status, _, _ := r.do("GET", base+"/query?q="+strings.Repeat("x", longestURI), "", nil); status != 414 {
		t.Errorf("a long URI: %d", status)
	}
	if status, _, _ := r.do("GET", base+"/limits", "", map[string]string{"X-Long": strings.Repeat("x", longestURI)}); status != 431 {
		t.Errorf("long headers: %d", status)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(`{"LastName":"Sample","Company":"Acme"}`))
	_ = w.Close()
	header := map[string]string{"Content-Encoding": "gzip", "Accept-Encoding": "gzip", "Sforce-Auto-Assign": "false"}
	status, body, answered := r.do("POST", base+"/sobjects/Lead", zipped.String(), header)
	if status != 201 || answered.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%d %v", status, answered)
	}
	if _, err := gzip.NewReader(bytes.NewReader(body)); err != nil {
		t.Error(err)
	}
}

func TestPatternHasNoIDs(t *testing.T) {
	for path, want := range map[string]string{
		base + "/sobjects/Lead/00QHd0000000001AAA":   base + "/sobjects/Lead/{id}",
		base + "/query/01gHd0000000001AAA-2000":      base + "/query/{id}",
		base + "/composite/sobjects/Lead/HandId__c/": base + "/composite/sobjects/Lead/HandId__c/",
	} {
		if got := pattern(httptest.NewRequest(http.MethodGet, path, nil)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
