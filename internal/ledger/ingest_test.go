// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

func TestIngestOutcomes(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	ingest(t, l, captured("known", "lead-1", map[string]any{"a": "x", "b": float64(1)}))
	other := captured("known", "lead-1", map[string]any{"a": "y"})
	later := captured("known", "lead-1", map[string]any{"a": "x", "b": float64(1)})
	later.Time = later.Time.Add(time.Second)
	finer := captured("known", "lead-1", map[string]any{"b": float64(1), "a": "x"})
	finer.Time = finer.Time.Add(300 * time.Nanosecond)
	elsewhere := captured("known", "lead-1", map[string]any{"a": "y"})
	elsewhere.Source = "/other"
	for name, c := range map[string]struct {
		entries []ledger.Entry
		want    []ledger.Outcome
	}{
		"nothing":                               {nil, nil},
		"the same again, its keys in any order": {[]ledger.Entry{finer}, []ledger.Outcome{ledger.Duplicate}},
		"another content":                       {[]ledger.Entry{other}, []ledger.Outcome{ledger.Conflict}},
		"another time":                          {[]ledger.Entry{later}, []ledger.Outcome{ledger.Conflict}},
		"another source":                        {[]ledger.Entry{elsewhere}, []ledger.Outcome{ledger.Accepted}},
		"a batch in which some are known": {
			[]ledger.Entry{other, captured("new-1", "lead-2", nil), finer, captured("new-2", "lead-3", nil)},
			[]ledger.Outcome{ledger.Conflict, ledger.Accepted, ledger.Duplicate, ledger.Accepted},
		},
		"the same twice in a batch": {
			[]ledger.Entry{captured("twice", "lead-4", nil), captured("twice", "lead-4", nil), captured("twice", "lead-5", nil)},
			[]ledger.Outcome{ledger.Accepted, ledger.Duplicate, ledger.Conflict},
		},
		"a conflict and the known one in a batch": {
			[]ledger.Entry{other, finer, other}, []ledger.Outcome{ledger.Conflict, ledger.Duplicate, ledger.Conflict},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, ingest(t, l, c.entries...)); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIngestKeepsTenantsApart(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	other := ledgertest.Open(t, dsn, "other")
	e := captured("1", "lead-1", nil)
	ingest(t, l, e)
	if diff := cmp.Diff([]ledger.Outcome{ledger.Accepted}, ingest(t, other, e)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// Senders repeat, and several replicas take the same events at once, in different orders: each is accepted exactly once, and
// nobody waits in a circle.
func TestIngestExactlyOnce(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	replicas := []*ledger.Ledger{l, ledgertest.Open(t, dsn, tenant)}
	const events, senders = 400, 8
	accepted := make([]int, senders)
	var group sync.WaitGroup
	for sender := range senders {
		group.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(sender)))
			entries := many(events)
			random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
			for len(entries) > 0 {
				n := min(1+random.IntN(60), len(entries))
				outcomes, err := replicas[sender%2].Ingest(context.Background(), entries[:n])
				if err != nil {
					t.Error(err)
					return
				}
				for _, o := range outcomes {
					if o == ledger.Accepted {
						accepted[sender]++
					}
					if o == ledger.Conflict {
						t.Error("the same content is no conflict")
					}
				}
				entries = entries[n:]
			}
		})
	}
	group.Wait()
	total := 0
	for _, n := range accepted {
		total += n
	}
	if total != events {
		t.Errorf("%d events were accepted, want %d", total, events)
	}
	for query, want := range map[string]int64{
		"SELECT count(*) FROM events":                         events,
		"SELECT count(*) FROM leads":                          events,
		"SELECT count(DISTINCT lead_id) FROM work":            events,
		"SELECT count(*) FROM work":                           events,
		"SELECT count(*) FROM events WHERE scored_by NOTNULL": 0,
	} {
		if got := ledgertest.Value[int64](t, dsn, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// Ties of time are broken by the order within the request, not by the order in which rows happen to be inserted.
func TestIngestKeepsTheOrderOfABatch(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	var want []string
	var entries []ledger.Entry
	for i := range 50 {
		id := fmt.Sprintf("%02d", (i*37)%50)
		want = append(want, id)
		entries = append(entries, captured(id, "lead-1", nil))
	}
	ingest(t, l, entries...)
	if diff := cmp.Diff(want, ledgertest.Column[string](t, dsn, "SELECT event_id FROM events ORDER BY time, seq")); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// An ingest that ends before it is committed leaves nothing, and the sender's second try is accepted.
func TestIngestCutOff(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	blocker := ledgertest.Connect(t, dsn)
	defer blocker.Close(context.Background())
	tx, err := blocker.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The rows of the leads come last: the events are inserted, and then the request waits here.
	if _, err := tx.Exec(t.Context(), `INSERT INTO leads (tenant, lead_id) VALUES ($1, 'lead-2')`, tenant); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := l.Ingest(context.Background(), many(5))
		failed <- err
	}()
	terminateWaiting(t, dsn)
	if err := <-failed; err == nil {
		t.Fatal("the request succeeded although its connection was cut")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := ledgertest.Value[int64](t, dsn, "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM work)"); n != 0 {
		t.Fatalf("%d rows are half written", n)
	}
	for i, o := range ingest(t, l, many(5)...) {
		if o != ledger.Accepted {
			t.Errorf("event %d: %s", i, o)
		}
	}
}

// terminateWaiting cuts the first session of a worker that waits for a lock.
func terminateWaiting(t *testing.T, dsn string) {
	t.Helper()
	ledgertest.Await(t, "a session waits for a lock", func() bool {
		return len(ledgertest.Column[bool](t, dsn, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'handoff' AND datname = current_database() AND wait_event_type = 'Lock'`)) > 0
	})
}
