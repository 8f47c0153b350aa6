// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

const secret = "hunter2-do-not-show"

var noon = time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC)

// book is a budget that writes down what it is asked and told.
type book struct {
	took  []string
	told  []crm.Allowance
	spent error
}

func (b *book) Take(_ context.Context, kind string) error {
	b.took = append(b.took, kind)
	return b.spent
}

func (b *book) Told(_ context.Context, _ string, a crm.Allowance) error {
	b.told = append(b.told, a)
	return errors.New("the ledger is away") // what was done is done
}

// giver is a budget that gives turns, and writes down of which it is told.
type giver struct {
	given []time.Time
	told  []time.Time
	bound bool // whether who tells it waits for a bounded time
}

func (g *giver) Take(ctx context.Context, _ string) error {
	turn := noon.Add(time.Duration(len(g.given)) * time.Second)
	g.given = append(g.given, turn)
	*crm.TurnOf(ctx) = turn
	return nil
}

func (g *giver) Told(ctx context.Context, _ string, _ crm.Allowance) error {
	g.told = append(g.told, *crm.TurnOf(ctx))
	_, g.bound = ctx.Deadline()
	return nil
}

// The budget is told when the request of a turn is over, though the answer says nothing of limits, and though there is none.
func TestTurnIsTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/break" {
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	var g giver
	transport := &wire.Transport{Budget: &g}
	if _, _, err := get(t, transport, server.URL+"/"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := get(t, transport, server.URL+"/break"); err == nil {
		t.Fatal("an answer of a connection that broke")
	}
	if diff := cmp.Diff(g.given, g.told); diff != "" || len(g.told) < 2 {
		t.Errorf("turns (-given +told):\n%s", diff)
	}
	if !g.bound {
		t.Error("a ledger that hangs would hold up the answer for ever")
	}
}

func get(t *testing.T, transport *wire.Transport, address string) (int, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := wire.Client(nil, transport).Do(request)
	if err != nil {
		return 0, "", wire.Failure(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), wire.Failure(err)
}

// The budget is asked before each request and told after each answer, with the body of one that is no success.
func TestBudget(t *testing.T) {
	status, requests := http.StatusOK, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "text")
	}))
	defer server.Close()
	var b book
	transport := &wire.Transport{
		Budget: &b, Kind: func(r *http.Request) string { return r.URL.Path }, Now: func() time.Time { return noon },
		Allowance: func(_ *http.Request, _ int, _ http.Header, body []byte) crm.Allowance {
			return crm.Allowance{Limit: len(body)}
		},
	}
	for _, status = range []int{200, 429, 500} {
		if got, body, err := get(t, transport, server.URL+"/kind"); got != status || body != "text" || err != nil {
			t.Fatalf("%d %q %v, want %d", got, body, err, status)
		}
	}
	want := []crm.Allowance{{Limit: 4, Blocked: 7 * time.Second}, {Limit: 4}}
	if diff := cmp.Diff(want, b.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	b.spent = &crm.UnavailableError{Cause: "is spent"}
	_, _, err := get(t, transport, server.URL+"/kind")
	var unavailable *crm.UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Cause != "is spent" || requests != 3 {
		t.Errorf("%v after %d requests", err, requests)
	}
	if diff := cmp.Diff([]string{"/kind", "/kind", "/kind", "/kind"}, b.took); diff != "" {
		t.Errorf("took (-want +got):\n%s", diff)
	}
}

// What reads an answer as far as it understands it leaves the connection for the next request.
func TestConnectionIsKept(t *testing.T) {
	var made atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"all":1}`+strings.Repeat(" ", 20_000))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := wire.Client(server.Client(), &wire.Transport{})
	for range 5 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ All int }
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.All != 1 {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if made.Load() != 1 {
		t.Errorf("%d connections", made.Load())
	}
}

// Nothing that goes wrong on the way repeats the URL or the secret, and a redirect is not followed.
func TestFailures(t *testing.T) {
	release := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/stalls", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/breaks", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1001)) })
	mux.HandleFunc("/fits", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1000)) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/fits", http.StatusFound) })
	server := httptest.NewServer(mux)
	defer server.Close()
	defer close(release)
	for path, want := range map[string]string{
		"/slow": "the CRM did not answer in time", "/stalls": "the CRM did not answer in time", "/breaks": "the CRM broke off the connection",
		"/long": "the CRM answers with more than is read of one answer", "/fits": "",
		"/moved": "the CRM sent us elsewhere with status 302: its URL in the contract is another one",
	} {
		t.Run(path, func(t *testing.T) {
			transport := &wire.Transport{MaxBody: 1000}
			if path == "/slow" || path == "/stalls" {
				transport.Timeout = 20 * time.Millisecond
			}
			status, _, err := get(t, transport, server.URL+path+"?key="+secret)
			if err == nil {
				err = wire.Judge(status, 0, "")
			}
			switch {
			case want == "" && err != nil, want != "" && (err == nil || err.Error() != want):
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

func TestTrust(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = nil
	if _, _, err := get(t, &wire.Transport{}, server.URL); err == nil || err.Error() != "the CRM shows a certificate that is not trusted here" {
		t.Error(err)
	}
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		after  time.Duration
		reason string
		want   error
	}{
		"success":        {204, 0, "", nil},
		"no token":       {401, 0, "EXPIRED", &crm.CredentialError{Cause: "refused the credential (401, EXPIRED)"}},
		"not allowed":    {403, 0, "", &crm.CredentialError{Cause: "does not allow what was asked (403)"}},
		"too many":       {429, time.Second, "DAILY", &crm.UnavailableError{Cause: "allows no more requests now (429, DAILY)", After: time.Second}},
		"failing":        {500, 0, "", &crm.UnavailableError{Cause: "answered with status 500"}},
		"away":           {503, time.Minute, "", &crm.UnavailableError{Cause: "answered with status 503", After: time.Minute}},
		"locked":         {423, 0, "", &crm.UnavailableError{Cause: "answered with status 423"}},
		"moving account": {477, 0, "", &crm.UnavailableError{Cause: "answered with status 477"}},
		"refused":        {400, 0, "VALIDATION_ERROR of score", &crm.RefusedError{Status: 400, Reason: "VALIDATION_ERROR of score"}},
		"not there":      {404, 0, "", &crm.RefusedError{Status: 404}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, wire.Judge(c.status, c.after, c.reason)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "3": 3 * time.Second, "0.5": 500 * time.Millisecond, "-1": 0, "NaN": 0, "1e99": 24 * time.Hour, "soon": 0,
		"Mon, 04 Jan 2027 12:00:30 GMT": 30 * time.Second, "Mon, 04 Jan 2027 11:00:00 GMT": 0, "Mon, 04 Jan 2028 12:00:00 GMT": 24 * time.Hour,
	} {
		if got := wire.RetryAfter(http.Header{"Retry-After": {text}}, noon); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
