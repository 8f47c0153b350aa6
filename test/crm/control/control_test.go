// SPDX-License-Identifier: Apache-2.0

package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shop is the smallest fake: it counts what it was told.
type shop struct {
	mu    sync.Mutex
	sold  int
	items []string
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sold++
	for i := range 4 {
		if code, fails := FailItem(r.Context(), i); fails {
			s.items = append(s.items, fmt.Sprint(i, code))
		}
	}
	_, _ = io.WriteString(w, "sold")
}

func (s *shop) State() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]int{"sold": s.sold}
}

func (s *shop) Seed(json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sold = 100
	return nil
}

func (s *shop) Set(json.RawMessage) error { return nil }
func (s *shop) Act(a Act) (Done, error) {
	if a.ID == "9" {
		return Done{}, ErrUnknown
	}
	return Done{ID: a.ID}, nil
}

func open(t *testing.T) (*Control, *shop, string) {
	t.Helper()
	c, s := &Control{}, &shop{}
	server := httptest.NewServer(c.Wrap(s, s, func(r *http.Request) string { return r.URL.Path }, func(w http.ResponseWriter, status int) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "sorry")
	}))
	t.Cleanup(server.Close)
	return c, s, server.URL
}

func call(t *testing.T, method, url, body string) (int, string, http.Header, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // else a dropped GET is sent again
	response, err := client.Do(request)
	if err != nil {
		return 0, "", nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), response.Header, err
}

func TestFaultsStrikeWhenTheyAreTo(t *testing.T) {
	for name, tc := range map[string]struct {
		rule Rule
		want string // of ten requests: X the fault, . none
	}{
		"always":             {Rule{}, "XXXXXXXXXX"},
		"twice":              {Rule{Times: 2}, "XX........"},
		"after three, twice": {Rule{Skip: 3, Times: 2}, "...XX....."},
		"each third":         {Rule{Every: 3}, "..X..X..X."},
		"by chance":          {Rule{Percent: 50, Seed: 7}, "X.....XX.."},
		"other method":       {Rule{Method: "PUT|PATCH"}, ".........."},
		"other path":         {Rule{Path: "^/wares/[0-9]+$"}, ".........."},
		"its query":          {Rule{Path: `\?n=1$`, Method: "GET"}, "XXXXXXXXXX"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, url := open(t)
			tc.rule.Kind, tc.rule.Status = Status, 503
			if err := c.Faults.Add(tc.rule); err != nil {
				t.Fatal(err)
			}
			got := ""
			for range 10 {
				status, _, _, err := call(t, http.MethodGet, url+"/wares?n=1", "")
				if err != nil {
					t.Fatal(err)
				}
				got += map[int]string{200: ".", 503: "X"}[status]
			}
			if got != tc.want {
				t.Errorf("faults struck %s, want %s", got, tc.want)
			}
		})
	}
}

func TestKindsOfFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		rule   Rule
		status int // 0: no answer
		sold   int
	}{
		"status":              {Rule{Kind: Status, Status: 429, Headers: map[string]string{"Retry-After": "3"}}, 429, 0},
		"status, after it":    {Rule{Kind: Status, Status: 502, AfterWrite: true}, 502, 1},
		"dropped":             {Rule{Kind: Drop}, 0, 0},
		"dropped, after it":   {Rule{Kind: Drop, AfterWrite: true}, 0, 1},
		"no answer, after it": {Rule{Kind: Hang, DelayMS: 1, AfterWrite: true}, 0, 1},
		"slow":                {Rule{Kind: Slow, DelayMS: 1}, 200, 1},
		"partial":             {Rule{Kind: Partial, ItemEvery: 2, ItemCode: "LOCKED"}, 200, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, s, url := open(t)
			if err := c.Faults.Add(tc.rule); err != nil {
				t.Fatal(err)
			}
			status, body, header, err := call(t, http.MethodPost, url+"/wares", "")
			s.mu.Lock()
			defer s.mu.Unlock()
			if (err != nil) != (tc.status == 0) || status != tc.status || s.sold != tc.sold {
				t.Fatalf("status %d, sold %d, error %v; want status %d, sold %d", status, s.sold, err, tc.status, tc.sold)
			}
			if tc.rule.Kind == Status && (body != "sorry" || header.Get("Retry-After") != tc.rule.Headers["Retry-After"]) {
				t.Errorf("the answer is %q with Retry-After %q", body, header.Get("Retry-After"))
			}
			if want := []string{"0LOCKED", "2LOCKED"}; tc.rule.Kind == Partial && !cmp.Equal(s.items, want) {
				t.Errorf("items that failed: %v, want %v", s.items, want)
			}
		})
	}
}

// What hangs has been done, and hangs until the caller gives up.
func TestHangWaitsForTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := &shop{}, &Faults{}
		if err := f.Add(Rule{Kind: Hang, AfterWrite: true}); err != nil {
			t.Fatal(err)
		}
		ctx, giveUp := context.WithCancel(t.Context())
		defer giveUp()
		var ended any
		go func() {
			defer func() { ended = recover() }()
			f.Middleware(s, nil).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/wares", nil))
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		if s.sold != 1 || ended != nil {
			t.Fatalf("sold %d, ended with %v; want 1, and no end", s.sold, ended)
		}
		giveUp()
		synctest.Wait()
		if ended != any(http.ErrAbortHandler) || s.sold != 1 {
			t.Errorf("sold %d, ended with %v; want the connection closed", s.sold, ended)
		}
	})
}

func TestRulesThatCannotBe(t *testing.T) {
	for want, rule := range map[string]Rule{
		`rule "a": status is 200: should be from 300 to 599`:                                     {Name: "a", Kind: Status, Status: 200},
		`rule "b": itemEvery is 0: should be at least 1`:                                         {Name: "b", Kind: Partial},
		`rule "c": kind "Explode" is unknown: should be Status, Drop, Hang, Slow or Partial`:     {Name: "c", Kind: "Explode"},
		"rule \"d\": path: error parsing regexp: missing closing ): `(`":                         {Name: "d", Kind: Drop, Path: "("},
		"rule \"e\": method: error parsing regexp: missing argument to repetition operator: `*`": {Name: "e", Kind: Drop, Method: "*"},
	} {
		var f Faults
		if err := f.Add(Rule{Kind: Drop}, rule); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if len(f.rules) != 0 {
			t.Error("a list with a rule that cannot be has been taken in part")
		}
	}
}

func TestAPI(t *testing.T) {
	c, s, url := open(t)
	for _, step := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/_control/faults", `[{"name":"down","kind":"Status","status":500,"times":1}]`, 204, ""},
		{"POST", "/wares", "", 500, "sorry"},
		{"GET", "/_control/faults", "", 200, `{"down":1}`},
		{"DELETE", "/_control/faults", "", 204, ""},
		{"POST", "/wares", "", 200, "sold"},
		{"GET", "/_control/state", "", 200, `{"sold":1}`},
		{"POST", "/_control/seed", `{}`, 204, ""},
		{"GET", "/_control/state", "", 200, `{"sold":100}`},
		{"POST", "/_control/set", `{}`, 204, ""},
		{"POST", "/_control/act", `{"as":"a@acme.example","do":"delete","id":"5"}`, 200, `{"id":"5"}`},
		{"POST", "/_control/act", `{"id":"9"}`, 404, `{"error":"no such record"}`},
		{"POST", "/_control/act", `{"no":1}`, 400, `{"error":"json: unknown field \"no\""}`},
		{"POST", "/_control/faults", `[{"kind":"X"}]`, 400, `{"error":"rule \"\": kind \"X\" is unknown: should be Status, Drop, Hang, Slow or Partial"}`},
		{"GET", "/_control/log?window=x", "", 400, `{"error":"time: invalid duration \"x\""}`},
	} {
		status, body, _, err := call(t, step.method, url+step.path, step.body)
		if err != nil || status != step.status || strings.TrimSpace(body) != step.want {
			t.Errorf("%s %s: %d %s (%v), want %d %s", step.method, step.path, status, body, err, step.status, step.want)
		}
	}
	if want := map[string]int{"POST /wares 500": 1, "POST /wares 200": 1}; !cmp.Equal(c.Log.Summary(time.Second).Requests, want) {
		t.Error(cmp.Diff(want, c.Log.Summary(time.Second).Requests))
	}
	if sold := s.State(); !cmp.Equal(sold, map[string]int{"sold": 100}) {
		t.Errorf("sold %v", sold)
	}
}

func TestLog(t *testing.T) {
	c, _, url := open(t)
	if err := c.Faults.Add(Rule{Kind: Drop, Times: 1}); err != nil {
		t.Fatal(err)
	}
	_, _, _, _ = call(t, http.MethodPost, url+"/wares", "")
	start := time.UnixMilli(1_000_000)
	for _, ms := range []int{0, 10, 900, 1000, 1009, 5000} {
		c.Log.Counted("search", start.Add(time.Duration(ms)*time.Millisecond))
	}
	c.Log.Wrote(Write{By: "token", Do: "update", Type: "contacts", ID: "1", Fields: []string{"b", "a"}})
	c.Log.Unchanged()
	want := Summary{
		Requests: map[string]int{"POST /wares dropped": 1}, Writes: 1, Idle: 1, By: map[string]int{"token update contacts": 1},
		Most: map[string]int{"search": 4}, WindowMS: 1000,
	}
	if diff := cmp.Diff(want, c.Log.Summary(time.Second)); diff != "" {
		t.Error(diff)
	}
	if got := c.Log.Writes()[0].Fields; !cmp.Equal(got, []string{"a", "b"}) {
		t.Errorf("fields %v", got)
	}
	c.Log.Clear()
	if got := c.Log.Summary(time.Second); got.Writes+got.Idle+len(got.Requests)+len(got.Most) != 0 {
		t.Errorf("after Clear: %+v", got)
	}
}
