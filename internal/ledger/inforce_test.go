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

// scheduling is a ledger whose clock the test moves, and an hour that is to come: however long the test takes, it comes when the clock is set to it.
func scheduling(t *testing.T) (l *ledger.Ledger, dsn string, clock *ledgertest.Clock, at time.Time) {
	t.Helper()
	l, dsn, clock = ledgertest.NewWithClock(t, tenant, noon)
	return l, dsn, clock, noon.Add(time.Hour)
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
	l, dsn, clock, at := scheduling(t)
	registered(t, l, pair(1), from(at, 2))
	if missing, err := l.Unregistered(t.Context(), 1, 2); err != nil || len(missing) != 0 {
		t.Fatalf("not recorded: %v, %v", missing, err)
	}
	const enough = 21
	loaded, switched, scoredBy := int64(1), 0, map[int64]int{}
	for i := 0; scoredBy[2] < enough && i < 20000; i++ {
		if loaded == 1 && scoredBy[1] == enough {
			clock.Set(at.Add(-100 * time.Millisecond))
		}
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
		scoredBy[loaded]++
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
	l, dsn, clock, at := scheduling(t)
	registered(t, l, pair(1), from(at, 2))
	ingest(t, l, many(1)...)
	var stale *ledger.StaleError
	_, err := l.Score(t.Context(), 1, 10, func(one *ledger.Lead) error {
		clock.Set(at)
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

	at = at.Add(time.Hour)
	registered(t, l, from(at, 3))
	_, err = l.Route(t.Context(), 2, 10, func(_ context.Context, r *ledger.Routing) error {
		clock.Set(at)
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
	l, _, clock, at := scheduling(t)
	registered(t, l, pair(1), from(at, 2))
	registered(t, l, pair(3))
	if got := inForce(t, l); got != 3 {
		t.Errorf("in force: %d, want 3", got)
	}
	clock.Set(at)
	if got := inForce(t, l); got != 3 {
		t.Errorf("when the time of the superseded one has come: %d, want 3", got)
	}
	switches := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Switch, error) {
		return r.Switches(t.Context(), noon, at.Add(time.Hour), "2027-W01")
	})
	var sequences []int64
	for _, s := range switches {
		sequences = append(sequences, s.Sequence)
	}
	if diff := cmp.Diff([]int64{1, 3}, sequences); diff != "" {
		t.Errorf("in force at any time (-want +got):\n%s", diff)
	}
}

// A date in the past is no reason to begin before now.
func TestRegisterWithAPastDate(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	registered(t, l, pair(1))
	past := registered(t, l, from(noon.AddDate(-10, 0, 0), 6))
	if now, err := l.Now(t.Context()); err != nil || inForce(t, l) != 6 || now.Sub(past) > time.Minute {
		t.Errorf("in force %d since %v, %v", inForce(t, l), past, err)
	}
}

// plan is what is in force and to come: the sequences that are not called off.
func plan(t *testing.T, dsn string) []int64 {
	t.Helper()
	return ledgertest.Column[int64](t, dsn, `SELECT sequence FROM in_force WHERE since < 'infinity' ORDER BY 1`)
}

// never is a pair that stands for nothing to come.
func never(sequence int64) bundle.Bundle {
	b := pair(sequence)
	b.CalledOff = true
	return b
}

// What is to come is what the newest mount says, in whatever order the workers of mounts register them; what was in force stays.
func TestPlanIsThatOfTheNewestMount(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	hour := soon(t, l, time.Hour)
	later := hour.Add(time.Hour)
	mounts := map[string][]bundle.Bundle{
		"one":                {pair(1)},
		"two to come":        {pair(1), from(hour, 2), from(later, 3)},
		"the first goes":     {pair(1), from(later, 4)},
		"all go":             {never(5)},
		"another":            {from(later, 6)},
		"of another lineage": {from(hour, 8)},
	}
	for _, step := range []struct {
		mount string
		want  []int64
	}{
		{"one", []int64{1}},
		{"two to come", []int64{1, 2, 3}},
		{"one", []int64{1, 2, 3}},
		{"the first goes", []int64{1, 4}},
		{"two to come", []int64{1, 4}},
		{"the first goes", []int64{1, 4}},
		{"all go", []int64{1}},
		{"the first goes", []int64{1}},
		{"two to come", []int64{1}},
		{"another", []int64{1, 6}},
		{"all go", []int64{1, 6}},
		{"of another lineage", []int64{1, 8}},
		{"another", []int64{1, 8}},
	} {
		registered(t, l, mounts[step.mount]...)
		if diff := cmp.Diff(step.want, plan(t, dsn)); diff != "" {
			t.Fatalf("after %q (-want +got):\n%s", step.mount, diff)
		}
		var sequences []int64
		for _, b := range mounts[step.mount] {
			sequences = append(sequences, b.Sequence)
		}
		if missing, err := l.Unregistered(t.Context(), sequences...); err != nil || len(missing) > 0 {
			t.Fatalf("after %q, to be registered again: %v, %v", step.mount, missing, err)
		}
		if got := inForce(t, l); got != 1 {
			t.Fatalf("after %q, in force: %d", step.mount, got)
		}
	}
	if n := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM in_force"); n != 7 {
		t.Errorf("%d rows, want all 7 that were registered: the older mounts come back", n)
	}
}

// A mount of which something cannot be seen calls nothing off: it may be just that.
func TestRegisterPart(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	hour := soon(t, l, time.Hour)
	registered(t, l, pair(1), from(hour, 2), from(hour.Add(time.Hour), 3))
	if err := l.RegisterPart(t.Context(), pair(1), from(hour.Add(2*time.Hour), 4)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{1, 2, 3, 4}, plan(t, dsn)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A first pair that is called off never comes into force: nothing is, and work goes on as soon as there is another.
func TestFirstPairIsCalledOff(t *testing.T) {
	l, _, clock, at := scheduling(t)
	registered(t, l, from(at, 1))
	registered(t, l, never(2))
	ingest(t, l, many(1)...)
	clock.Set(at)
	if _, err := l.Score(t.Context(), 1, 10, reach); !errors.Is(err, ledger.ErrNothingInForce) {
		t.Errorf("when its time has come: %v", err)
	}
	if snapshot, err := l.Count(t.Context(), nil); err != nil || snapshot.Sequence != 0 {
		t.Errorf("counted for %d, %v", snapshot.Sequence, err)
	}
	switches := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Switch, error) {
		return r.Switches(t.Context(), at.Add(-time.Hour), at.Add(time.Hour), "2027-W01")
	})
	if len(switches) > 0 {
		t.Errorf("in force at any time: %+v", switches)
	}
	registered(t, l, pair(3))
	if batch, err := l.Score(t.Context(), 3, 10, reach); err != nil || batch.Leads != 1 {
		t.Errorf("by the next: %+v, %v", batch, err)
	}
}

// A contract that is made anew on the tenant does not inherit what the one that is gone had scheduled.
func TestContractMadeAnewCallsOffWhatWasToCome(t *testing.T) {
	l, _, clock, at := scheduling(t)
	registered(t, l, pair(1), from(at, 2))
	registered(t, l, from(at.Add(time.Hour), 10))
	clock.Set(at)
	if got := inForce(t, l); got != 1 {
		t.Errorf("in force: %d, want 1 until the pair of the new contract comes", got)
	}
}

// Nothing is in force before the first pair's time.
func TestFirstPairIsToCome(t *testing.T) {
	l, _, clock, at := scheduling(t)
	registered(t, l, from(at, 1))
	ingest(t, l, many(1)...)
	if _, err := l.Score(t.Context(), 1, 10, reach); !errors.Is(err, ledger.ErrNothingInForce) {
		t.Errorf("before: %v", err)
	}
	clock.Set(at)
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
