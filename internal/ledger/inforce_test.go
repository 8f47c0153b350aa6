// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// from is a pair that comes into force at a time.
func from(at time.Time, sequence int64) bundle.Bundle {
	b := pair(sequence)
	b.EffectiveFrom = at
	return b
}

// soon is whole seconds ahead by the ledger's clock.
func soon(t *testing.T, l *ledger.Ledger, ahead time.Duration) time.Time {
	t.Helper()
	now, err := l.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return now.Truncate(time.Second).Add(ahead + time.Second)
}

func inForce(t *testing.T, l *ledger.Ledger) int64 {
	t.Helper()
	sequence, _, err := l.InForce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sequence
}

// A pair that is recorded beforehand comes into force at its second by the ledger's clock, with no call from outside: whatever is marked
// with a time before it was scored by the old pair, whatever is marked with a time from it on by the new one.
func TestScheduledPairComesIntoForceToTheSecond(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	at := soon(t, l, 2*time.Second)
	registered(t, l, pair(1), from(at, 2))
	if missing, err := l.Unregistered(t.Context(), 1, 2); err != nil || len(missing) != 0 {
		t.Fatalf("not recorded: %v, %v", missing, err)
	}
	loaded, switched := int64(1), 0
	for i := 0; time.Now().Before(at.Add(time.Second)); i++ {
		id := fmt.Sprintf("lead-%d", i)
		ingest(t, l, captured(id, id, nil))
		_, err := l.Score(t.Context(), loaded, 10, reach)
		var stale *ledger.StaleError
		if errors.As(err, &stale) { // the worker takes up the pair in force, and goes on
			loaded = stale.InForce
			switched++
			_, err = l.Score(t.Context(), loaded, 10, reach)
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if switched != 1 || loaded != 2 {
		t.Errorf("switched %d times, to %d", switched, loaded)
	}
	const scored = `SELECT concat_ws(' ', scored_by, scored_at < (SELECT since FROM in_force WHERE sequence = 2), count(*) > 20)
FROM events GROUP BY scored_by, scored_at < (SELECT since FROM in_force WHERE sequence = 2) ORDER BY 1`
	if diff := cmp.Diff([]string{"1 t t", "2 f t"}, ledgertest.Column[string](t, dsn, scored)); diff != "" {
		t.Errorf("scored by, before the second, more than 20 (-want +got):\n%s", diff)
	}
	sequence, since, err := l.InForce(t.Context())
	if err != nil || sequence != 2 || !since.Equal(at) {
		t.Errorf("in force: %d since %v, %v; want 2 since %v", sequence, since, err, at)
	}
	pulse, err := l.Pulse(t.Context())
	if err != nil || pulse.InForce != 2 {
		t.Errorf("pulse %+v, %v", pulse, err)
	}
	if snapshot, err := l.Count(t.Context(), nil); err != nil || snapshot.Sequence != 2 {
		t.Errorf("counted for %d, %v", snapshot.Sequence, err)
	}
}

// A transaction in which the second passes keeps nothing: it is done again by the pair of its end.
func TestSwitchInTheMiddleOfATransaction(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	at := soon(t, l, 2*time.Second)
	registered(t, l, pair(1), from(at, 2))
	ingest(t, l, many(1)...)
	var stale *ledger.StaleError
	_, err := l.Score(t.Context(), 1, 10, func(one *ledger.Lead) error {
		time.Sleep(time.Until(at) + 50*time.Millisecond)
		return reach(one)
	})
	if !errors.As(err, &stale) || stale.InForce != 2 {
		t.Fatalf("scored by the pair before: %v", err)
	}
	if n := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM events WHERE scored_by IS NOT NULL"); n != 0 {
		t.Errorf("%d events are marked", n)
	}
	if batch, err := l.Score(t.Context(), 2, 10, reach); err != nil || batch.Leads != 1 {
		t.Errorf("by the new one: %+v, %v", batch, err)
	}

	at = soon(t, l, 2*time.Second)
	registered(t, l, from(at, 3))
	_, err = l.Route(t.Context(), 2, 10, func(_ context.Context, r *ledger.Routing) error {
		time.Sleep(time.Until(at) + 50*time.Millisecond)
		r.Leads[0].PickedRep = "rep-1"
		r.Keep(r.Leads[0], "terms", nil)
		return nil
	})
	if !errors.As(err, &stale) || stale.InForce != 3 {
		t.Errorf("routed by the pair before: %v", err)
	}
	if n := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM leads WHERE picked_rep IS NOT NULL"); n != 0 {
		t.Error("the pick was kept")
	}
}

// A pair that was to come never does once one that was registered later is in force.
func TestSupersededPairNeverComesIntoForce(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	before, err := l.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := soon(t, l, 2*time.Second)
	registered(t, l, pair(1), from(at, 2))
	registered(t, l, pair(3))
	if got := inForce(t, l); got != 3 {
		t.Errorf("in force: %d, want 3", got)
	}
	time.Sleep(time.Until(at) + 50*time.Millisecond)
	if got := inForce(t, l); got != 3 {
		t.Errorf("when the time of the superseded one has come: %d, want 3", got)
	}
	switches, err := l.Switches(t.Context(), "2027-W01", before, at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var sequences []int64
	for _, s := range switches {
		sequences = append(sequences, s.Sequence)
	}
	if diff := cmp.Diff([]int64{1, 3}, sequences); diff != "" {
		t.Errorf("in force at any time (-want +got):\n%s", diff)
	}
}

// A lower sequence that is registered late is in force until the time of a higher one that is to come.
func TestRegisterBelowOneToCome(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	registered(t, l, pair(1), from(soon(t, l, time.Hour), 5))
	registered(t, l, pair(4))
	if got := inForce(t, l); got != 4 {
		t.Errorf("in force: %d, want 4", got)
	}
	past := registered(t, l, from(noon.AddDate(-10, 0, 0), 6))
	if now, err := l.Now(t.Context()); err != nil || inForce(t, l) != 6 || now.Sub(past) > time.Minute {
		t.Errorf("a date in the past is no reason to begin before now: %v", past)
	}
}

// Nothing is in force before the first pair's time.
func TestFirstPairIsToCome(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	at := soon(t, l, 2*time.Second)
	registered(t, l, from(at, 1))
	ingest(t, l, many(1)...)
	if _, err := l.Score(t.Context(), 1, 10, reach); !errors.Is(err, ledger.ErrNothingInForce) {
		t.Errorf("before: %v", err)
	}
	time.Sleep(time.Until(at) + 50*time.Millisecond)
	if batch, err := l.Score(t.Context(), 1, 10, reach); err != nil || batch.Leads != 1 {
		t.Errorf("after: %+v, %v", batch, err)
	}
}

// All pairs of a call are recorded, or none.
func TestRegisterIsWhole(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	foreign := pair(2)
	foreign.Contract = "revenue/enterprise"
	var refused *ledger.ForeignError
	if err := l.Register(t.Context(), pair(1), foreign); !errors.As(err, &refused) {
		t.Fatal(err)
	}
	if missing, err := l.Unregistered(t.Context(), 1, 2); err != nil || len(missing) != 2 {
		t.Errorf("not recorded: %v, %v", missing, err)
	}
}
