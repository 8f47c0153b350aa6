// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// slow is a store that says when it is asked, and answers when it is let.
type slow struct {
	mu    sync.Mutex
	calls [][]string // ids
	asked chan struct{}
	let   chan struct{}
}

func newSlow() *slow { return &slow{asked: make(chan struct{}, 1000), let: make(chan struct{})} }

func (s *slow) Ingest(_ context.Context, entries []ledger.Entry) ([]ledger.Outcome, error) {
	var ids []string
	outcomes := make([]ledger.Outcome, len(entries))
	var err error
	for i, e := range entries {
		ids = append(ids, e.ID)
		outcomes[i] = ledger.Accepted
		switch e.ID {
		case "known":
			outcomes[i] = ledger.Duplicate
		case "spoiled":
			err = &pgconn.PgError{Code: "22P05"}
		default:
		}
	}
	s.mu.Lock()
	s.calls = append(s.calls, ids)
	s.mu.Unlock()
	s.asked <- struct{}{}
	<-s.let
	return outcomes, err
}

func (s *slow) group() *events.Group {
	return &events.Group{Store: func() (events.Store, error) { return s, nil }}
}

func entry(id string) ledger.Entry { return ledger.Entry{Source: "/test", ID: id, Lead: "lead-1"} }

type answered struct {
	outcomes []ledger.Outcome
	err      error
}

// enter starts a request of the ids, and waits until the group has it.
func enter(t *testing.T, g *events.Group, ids ...string) <-chan answered {
	t.Helper()
	before := g.Waiting()
	var entries []ledger.Entry
	for _, id := range ids {
		entries = append(entries, entry(id))
	}
	done := make(chan answered, 1)
	go func() {
		outcomes, err := g.Ingest(context.Background(), entries)
		done <- answered{outcomes, err}
	}()
	for g.Waiting() == before {
		time.Sleep(time.Millisecond)
	}
	return done
}

// busyGroup has both its writers waiting for the store.
func busyGroup(t *testing.T, s *slow) (*events.Group, []<-chan answered) {
	t.Helper()
	g := s.group()
	var first []<-chan answered
	for i := range 2 {
		done := make(chan answered, 1)
		go func() {
			outcomes, err := g.Ingest(context.Background(), []ledger.Entry{entry(fmt.Sprint("first-", i))})
			done <- answered{outcomes, err}
		}()
		<-s.asked
		first = append(first, done)
	}
	return g, first
}

func TestRequestsThatComeTogetherAreWrittenTogether(t *testing.T) {
	s := newSlow()
	g, first := busyGroup(t, s)
	one, two, three := enter(t, g, "a"), enter(t, g, "known", "b"), enter(t, g, "c")
	close(s.let)
	for _, done := range first {
		if got := <-done; got.err != nil {
			t.Error(got.err)
		}
	}
	for name, check := range map[string]struct {
		done <-chan answered
		want []ledger.Outcome
	}{
		"one":   {one, []ledger.Outcome{ledger.Accepted}},
		"two":   {two, []ledger.Outcome{ledger.Duplicate, ledger.Accepted}},
		"three": {three, []ledger.Outcome{ledger.Accepted}},
	} {
		got := <-check.done
		if diff := cmp.Diff(check.want, got.outcomes); diff != "" || got.err != nil {
			t.Errorf("%s (-want +got):\n%s%v", name, diff, got.err)
		}
	}
	if diff := cmp.Diff([]string{"a", "known", "b", "c"}, s.calls[2]); diff != "" || len(s.calls) != 3 {
		t.Errorf("%d transactions (-want +got):\n%s", len(s.calls), diff)
	}
}

func TestABatchOfAThousandGoesAlone(t *testing.T) {
	s := newSlow()
	g, _ := busyGroup(t, s)
	var many []string
	for i := range events.MaxBatch {
		many = append(many, fmt.Sprint("many-", i))
	}
	small, large := enter(t, g, "small"), enter(t, g, many...)
	close(s.let)
	<-small
	<-large
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, call := range s.calls {
		if len(call) > events.MaxBatch {
			t.Errorf("a transaction with %d events", len(call))
		}
	}
}

func TestWhatIsWrongWithOneRequestIsNotTheOthersFault(t *testing.T) {
	s := newSlow()
	g, _ := busyGroup(t, s)
	good, bad := enter(t, g, "good"), enter(t, g, "spoiled")
	close(s.let)
	if got := <-good; got.err != nil || len(got.outcomes) != 1 || got.outcomes[0] != ledger.Accepted {
		t.Errorf("the good one: %v %v", got.outcomes, got.err)
	}
	if got := <-bad; !ledger.RefusedData(got.err) {
		t.Errorf("the spoiled one: %v", got.err)
	}
}

func TestWhoGoesAwayIsNotWritten(t *testing.T) {
	s := newSlow()
	g, _ := busyGroup(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := g.Ingest(ctx, []ledger.Entry{entry("gone")})
		done <- err
	}()
	for g.Waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := g.Waiting(); n != 0 {
		t.Errorf("%d still wait", n)
	}
	close(s.let)
}

// While the ledger stalls, what is in memory is bounded, and the others are told when to come again; then all that were admitted are answered.
func TestAStalledLedgerBoundsWhatIsInMemory(t *testing.T) {
	const admitted, senders = 64, 300
	s := newSlow()
	r := newRig()
	g := s.group()
	r.handler.Store = func() (events.Store, error) { return g, nil }
	r.handler.Taken = func(string, int) {}
	var full, backlog atomic.Int64
	told := map[string]*atomic.Int64{events.RefusedFull: &full, events.RefusedBacklog: &backlog}
	r.handler.Pressure = &events.Pressure{MaxInFlight: admitted * 16 << 10, Refused: func(why string) { told[why].Add(1) }}
	server := httptest.NewServer(r.handler)
	defer server.Close()
	post := func(id string) (status int, again string) {
		body := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/web","type":"dev.handoff.lead.captured","subject":"l","time":"2027-01-04T14:02:00Z",
"data":{"properties":{"email":"someone@acme.example"}}}`, id)
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		q.Header.Set("Content-Type", "application/cloudevents+json")
		q.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Retry-After")
	}
	var all sync.WaitGroup
	refused, statuses := make(chan string, senders), make(chan int, senders)
	for i := range senders {
		all.Go(func() {
			status, again := post(fmt.Sprint(i))
			if status == http.StatusTooManyRequests {
				refused <- again
			}
			statuses <- status
		})
	}
	for range senders - admitted {
		if again := <-refused; again != "1" {
			t.Errorf("Retry-After %q", again)
		}
	}
	if n := r.handler.Pressure.InFlight(); n > r.handler.Pressure.MaxInFlight {
		t.Errorf("%d bytes in flight", n)
	}
	close(s.let)
	all.Wait()
	close(statuses)
	counts := map[int]int{}
	for status := range statuses {
		counts[status]++
	}
	if diff := cmp.Diff(map[int]int{http.StatusAccepted: admitted, http.StatusTooManyRequests: senders - admitted}, counts); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	r.handler.Pressure.Backlog(true)
	if status, again := post("late"); status != http.StatusTooManyRequests || again != "5" {
		t.Errorf("with a backlog: %d, Retry-After %q", status, again)
	}
	if full.Load() != senders-admitted || backlog.Load() != 1 {
		t.Errorf("%d and %d refusals were told, want %d and 1", full.Load(), backlog.Load(), senders-admitted)
	}
	r.handler.Pressure.Backlog(false)
	if status, _ := post("later"); status != http.StatusAccepted {
		t.Errorf("without: %d", status)
	}
}
