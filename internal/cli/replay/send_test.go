// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func message(id string) Message {
	return Message{Where: "f:" + id, ID: id, Body: json.RawMessage(`{"id":"` + id + `"}`)}
}

func records(leads int, each int) []Record {
	var out []Record
	for e := range each { // interleaved: a lead's events are far apart in the input
		for l := range leads {
			id := fmt.Sprintf("%d-%d", l, e)
			out = append(out, Record{Lead: fmt.Sprint(l), ID: id, Where: "f:" + id, raw: []byte(`{"id":"` + id + `"}`)})
		}
	}
	return out
}

func TestBatchesKeepALeadTogether(t *testing.T) {
	cases := map[string]struct {
		leads, each int
		want        []int // sizes of the batches
	}{
		"none":                    {0, 0, nil},
		"one batch":               {100, 5, []int{500}},
		"never more than 500":     {7, 150, []int{450, 450, 150}},
		"more than a batch takes": {2, 700, []int{700, 700}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			batches, err := Batches(records(tc.leads, tc.each))
			if err != nil {
				t.Fatal(err)
			}
			var sizes []int
			home := map[string]int{}
			for i, b := range batches {
				sizes = append(sizes, len(b))
				for _, m := range b {
					lead, _, _ := strings.Cut(m.ID, "-")
					if at, seen := home[lead]; seen && at != i {
						t.Fatalf("lead %s is in batches %d and %d", lead, at, i)
					}
					home[lead] = i
				}
			}
			if diff := cmp.Diff(tc.want, sizes); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestALeadTooLongForOneRequestIsCut(t *testing.T) {
	batches, err := Batches(records(1, 2300))
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	next := 0
	for _, part := range batches[0].requests() {
		sizes = append(sizes, len(part))
		for _, m := range part {
			if want := fmt.Sprintf("0-%d", next); m.ID != want {
				t.Fatalf("event %s, want %s: the order changed", m.ID, want)
			}
			next++
		}
	}
	if diff := cmp.Diff([]int{1000, 1000, 300}, sizes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// ledger is an ingest address that takes each event once.
type ledger struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (l *ledger) accept(w http.ResponseWriter, ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var a answer
	for _, id := range ids {
		r := result{ID: id, Status: statusAccepted}
		switch {
		case strings.HasPrefix(id, "bad"):
			r.Status, r.Field, r.Message = statusInvalid, "data.properties.employees", "not an Integer"
		case l.seen[id]:
			r.Status = statusDuplicate
		}
		l.seen[id] = true
		a.Results = append(a.Results, r)
	}
	w.WriteHeader(http.StatusMultiStatus)
	_ = json.NewEncoder(w).Encode(a)
}

func ids(r *http.Request) []string {
	var events []struct{ ID string }
	if err := json.NewDecoder(r.Body).Decode(&events); err != nil {
		panic(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

func sender(t *testing.T, handler http.HandlerFunc) *Sender {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &Sender{Client: server.Client(), URL: server.URL, Token: "secret", FirstTry: time.Millisecond, Patience: 2 * time.Minute}
}

func send(t *testing.T, handler http.HandlerFunc, batches []Batch) (Summary, error) {
	t.Helper()
	return sender(t, handler).Send(t.Context(), batches)
}

func TestSendSurvivesAServerThatFailsAtTimes(t *testing.T) {
	l := &ledger{seen: map[string]bool{}}
	var mu sync.Mutex
	calls := 0
	handler := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		calls++
		n := calls
		mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		got := ids(r)
		switch n % 5 {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			w.WriteHeader(http.StatusTooManyRequests)
		case 3: // accepted, but the answer is lost
			l.accept(httptest.NewRecorder(), got)
			panic(http.ErrAbortHandler)
		default:
			l.accept(w, got)
		}
	}
	batches, err := Batches(records(40, 100))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := send(t, handler, batches)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Done() != 4000 || sum.Rejected != 0 || len(l.seen) != 4000 {
		t.Errorf("%+v with %d in the ledger; want all 4000 answered, none rejected", sum, len(l.seen))
	}
	if sum.Retries == 0 || sum.Duplicates == 0 {
		t.Errorf("%+v: the server failed, so something was sent again", sum)
	}
}

func TestRejectionsAreLocated(t *testing.T) {
	l := &ledger{seen: map[string]bool{}}
	var b Batch
	b = append(b, message("good"))
	for i := range 12 {
		b = append(b, message(fmt.Sprintf("bad-%d", i)))
	}
	sum, err := send(t, func(w http.ResponseWriter, r *http.Request) { l.accept(w, ids(r)) }, []Batch{b})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Accepted != 1 || sum.Rejected != 12 || len(sum.Reasons) != maxReasons {
		t.Errorf("%+v; want 1 accepted, 12 rejected, %d reasons", sum, maxReasons)
	}
	if want := "f:bad-0: Invalid: data.properties.employees: not an Integer"; sum.Reasons[0].String() != want {
		t.Errorf("reason %q, want %q", sum.Reasons[0], want)
	}
	var out strings.Builder
	(&Plan{Malformed: []Malformed{{Where: "f:9", Message: "2 fields instead of 3"}}}).Report(&out, sum)
	for _, want := range []string{"1 accepted, 0 duplicates (accepted before), 12 rejected", "and 2 more", "1 malformed", "f:9: 2 fields instead of 3"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("report lacks %q:\n%s", want, out.String())
		}
	}
}

func TestTooLargeIsHalved(t *testing.T) {
	l := &ledger{seen: map[string]bool{}}
	handler := func(w http.ResponseWriter, r *http.Request) {
		got := ids(r)
		if len(got) > 2 || slices.Contains(got, "huge") {
			http.Error(w, `{"message":"the body is larger than 4 MiB"}`, http.StatusRequestEntityTooLarge)
			return
		}
		l.accept(w, got)
	}
	sum, err := send(t, handler, []Batch{{message("a"), message("b"), message("c"), message("d"), message("e"), message("huge")}})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Accepted != 5 || sum.Rejected != 1 || sum.Reasons[0].Message != "the body is larger than 4 MiB" {
		t.Errorf("%+v; want 5 accepted and the huge one rejected", sum)
	}
}

func TestSendGivesUp(t *testing.T) {
	cases := map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a wrong token":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "401 Unauthorized"},
		"a wrong path":      {http.NotFound, "404 Not Found"},
		"always away":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "gave up after"},
		"no answer of ours": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, "not JSON"},
		"too few results":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"results":[]}`) }, "0 results for 1 events"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := sender(t, tc.handler)
			if name == "always away" {
				s.Patience = time.Second
			}
			if _, err := s.Send(t.Context(), []Batch{{message("a")}, {message("b")}}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestSendStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	s := &Sender{Client: server.Client(), URL: server.URL, FirstTry: time.Hour, Patience: 2 * time.Hour}
	if _, err := s.Send(ctx, []Batch{{message("a")}}); err == nil {
		t.Error("no error although nothing was answered")
	}
}

// A server that is too busy is left alone for as long as it asks, and then gets the same again: nothing is lost, nothing is there twice.
func TestABusyServerIsLeftAlone(t *testing.T) {
	l := &ledger{seen: map[string]bool{}}
	var mu sync.Mutex
	var arrived []time.Time
	handler := func(w http.ResponseWriter, r *http.Request) {
		got := ids(r)
		mu.Lock()
		arrived = append(arrived, time.Now())
		first := len(arrived) == 1
		mu.Unlock()
		if first {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		l.accept(w, got)
	}
	sum, err := send(t, handler, []Batch{{message("a"), message("b")}})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Accepted != 2 || sum.Duplicates != 0 || sum.Retries != 1 || len(l.seen) != 2 {
		t.Errorf("%+v with %d in the ledger; want both taken once, after one retry", sum, len(l.seen))
	}
	if waited := arrived[1].Sub(arrived[0]); waited < time.Second {
		t.Errorf("it came back after %s, asked for 1s", waited)
	}
}

func TestRetryAfterIsRespected(t *testing.T) {
	resp := &http.Response{Header: http.Header{"Retry-After": {"7"}}}
	if got := retryAfter(resp); got != 7*time.Second {
		t.Errorf("%s, want 7s", got)
	}
	resp.Header.Set("Retry-After", "86400")
	if got := retryAfter(resp); got != 30*time.Second {
		t.Errorf("%s, want at most 30s", got)
	}
}
