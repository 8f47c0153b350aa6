// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

const account = "hubspot-1"

func allow(limit int, window time.Duration) map[string]crm.Allowance {
	return map[string]crm.Allowance{"search": {Limit: limit, Window: window}}
}

// turns that were given, in order.
func turns(t *testing.T, dsn string) []time.Time {
	t.Helper()
	all := ledgertest.Column[time.Time](t, dsn, `SELECT unnest(slots) FROM handoff.crm_budget WHERE kind = 'search'`)
	if !slices.IsSortedFunc(all, time.Time.Compare) {
		t.Fatalf("turns are not in order: %v", all)
	}
	return all
}

// A turn is the earliest that the limit allows: a moment before, it would be too early, or somebody would be passed over.
func TestTurnIsTheEarliest(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 2))
	for range 200 {
		limit, span := 1+random.IntN(8), time.Duration(1+random.IntN(10000))*time.Millisecond
		now, full := noon, ledger.Longer(span)
		var slots []time.Time
		for range 60 {
			now = now.Add(time.Duration(random.Int64N(int64(2 * span / time.Duration(limit)))))
			slot, kept := ledger.NextSlot(limit, span, slots, now)
			within := func(at time.Time) (n int) {
				for _, other := range slots {
					if at.Sub(other) < full {
						n++
					}
				}
				return n
			}
			last := now
			if len(slots) > 0 && slots[len(slots)-1].After(now) {
				last = slots[len(slots)-1]
			}
			if within(slot) >= limit || slot.Before(last) {
				t.Fatalf("limit %d in %s: a turn at %s is too early", limit, span, slot)
			}
			if slot.After(last) && within(slot.Add(-1)) < limit {
				t.Fatalf("limit %d in %s: a turn at %s is later than it need be", limit, span, slot)
			}
			slots = append(slots, slot)
			come := slices.IndexFunc(append(slots, now.Add(1)), now.Before) // so many have had their turn
			if len(kept) != len(slots)-come+min(come, limit) || !slices.Equal(kept, slots[len(slots)-len(kept):]) {
				t.Fatalf("limit %d: %d turns are kept", limit, len(kept))
			}
		}
	}
}

// Replicas that ask as fast as they can get what the CRM allows, and never more in any of its windows, however that falls.
func TestBudgetOfReplicas(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 1))
	for range 3 {
		limit, window := 2+random.IntN(6), time.Duration(100+random.IntN(200))*time.Millisecond
		t.Run(fmt.Sprint(limit, " in ", window), func(t *testing.T) {
			_, dsn := ledgertest.New(t, tenant)
			// The row keeps the latest turns only: the database itself notes each.
			ledgertest.Exec(t, dsn, `CREATE TABLE handoff.given (at timestamptz)`, `
CREATE FUNCTION handoff.note_given() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.slots <> OLD.slots THEN INSERT INTO handoff.given VALUES (NEW.slots[cardinality(NEW.slots)]); END IF; RETURN NULL; END $$`,
				`CREATE TRIGGER note_given AFTER UPDATE ON handoff.crm_budget FOR EACH ROW EXECUTE FUNCTION handoff.note_given()`)
			const replicas, takers = 2, 4
			each := limit + random.IntN(3)
			var all sync.WaitGroup
			for range replicas {
				budget := ledgertest.Open(t, dsn, tenant).CRMBudget(account, ledger.BudgetRules{Default: allow(limit, window)})
				for range takers {
					all.Go(func() {
						for range each {
							if err := budget.Take(context.Background(), "search"); err != nil {
								t.Error(err)
							}
						}
					})
				}
			}
			all.Wait()
			given := ledgertest.Column[time.Time](t, dsn, `SELECT at FROM handoff.given ORDER BY at`)
			if len(given) != replicas*takers*each {
				t.Fatalf("%d turns for %d requests", len(given), replicas*takers*each)
			}
			for i := limit; i < len(given); i++ {
				if apart := given[i].Sub(given[i-limit]); apart <= window {
					t.Errorf("%d requests within %s: the CRM allows %d in %s", limit+1, apart, limit, window)
				}
			}
		})
	}
}

// What the CRM counts, it counts when it arrives, which takes its time, now more and now less: whoever asks one after the other is never refused, and is
// not much slower for it than the CRM allows.
func TestBudgetCountsArrivals(t *testing.T) {
	const limit, window, requests = 5, 300 * time.Millisecond, 60
	for name, rules := range map[string]ledger.BudgetRules{"known": {Default: allow(limit, window)}, "told": {}} {
		t.Run(name, func(t *testing.T) {
			l, _ := ledgertest.New(t, tenant)
			budget := l.CRMBudget(account, rules)
			if name == "told" { // as by an answer, some time ago
				if err := budget.Told(t.Context(), "search", crm.Allowance{Limit: limit, Remaining: limit, Window: window}); err != nil {
					t.Fatal(err)
				}
			}
			random := rand.New(rand.NewPCG(6, 4))
			var counted []time.Time
			for i := range requests {
				ctx := crm.WithTurn(t.Context())
				if err := budget.Take(ctx, "search"); err != nil {
					t.Fatal(err)
				}
				if i%limit == 0 { // the first of a burst is late, and those behind it are not
					time.Sleep(time.Duration(50+random.IntN(50)) * time.Millisecond)
				}
				counted = append(counted, time.Now())
				if err := budget.Told(ctx, "search", crm.Allowance{}); err != nil {
					t.Fatal(err)
				}
			}
			for i := limit; i < len(counted); i++ {
				if apart := counted[i].Sub(counted[i-limit]); apart <= window {
					t.Errorf("%d requests arrived within %s: the CRM allows %d in %s", limit+1, apart, limit, window)
				}
			}
		})
	}
}

// A turn counts from when its request was counted at the latest; one that was answered soon enough counts from when it was given.
func TestTurnOfAnAnswer(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 5))
	for range 300 {
		limit, span := 1+random.IntN(8), time.Duration(1000+random.IntN(9000))*time.Millisecond
		now := noon
		var slots, counted []time.Time
		for range 60 {
			turn, kept := ledger.NextSlot(limit, span, slots, now)
			slots = kept
			arrives := turn.Add(time.Duration(random.Int64N(int64(span / 5))))
			if random.IntN(2) == 0 {
				arrives = turn.Add(time.Duration(random.IntN(1000)) * time.Microsecond)
			}
			now = arrives.Add(time.Duration(random.IntN(30)) * time.Millisecond)
			counted = append(counted, arrives)
			if n := len(counted); n > limit && arrives.Sub(counted[n-1-limit]) <= span {
				t.Fatalf("limit %d in %s: %d requests arrive within %s", limit, span, limit+1, arrives.Sub(counted[n-1-limit]))
			}
			before := slots[max(0, len(slots)-limit):] // all have had their turn by now
			slots = ledger.Arrived(limit, span, slots, turn, now)
			if len(slots) > limit || !slices.IsSortedFunc(slots, time.Time.Compare) {
				t.Fatalf("%d turns are kept of %d: %v", len(slots), limit, slots)
			}
			if soon := now.Sub(turn) <= ledger.Longer(span)-span; soon != slices.Equal(before, slots) {
				t.Fatalf("answered after %s: before %v, then %v", now.Sub(turn), before, slots)
			}
		}
	}
}

// What was not used may be used at once, up to the limit.
func TestBudgetIsNotPaced(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	budget := l.CRMBudget(account, ledger.BudgetRules{Default: allow(100, time.Hour), Now: time.Now})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	for i := range 100 {
		if err := budget.Take(ctx, "search"); err != nil {
			t.Fatalf("request %d: %v", i+1, err)
		}
	}
	var unavailable *crm.UnavailableError
	if err := budget.Take(ctx, "search"); !errors.As(err, &unavailable) || unavailable.After < 50*time.Minute || unavailable.After > 61*time.Minute {
		t.Errorf("one more: %v", err)
	}
	if n := len(turns(t, dsn)); n != 100 {
		t.Errorf("%d turns: who gave up has taken one", n)
	}
	for range 10 { // no limit is known
		if err := budget.Take(ctx, "other"); err != nil {
			t.Fatal(err)
		}
	}
	other := l.CRMBudget("hubspot-2", ledger.BudgetRules{Default: allow(100, time.Hour)})
	if err := other.Take(ctx, "search"); err != nil {
		t.Fatal(err)
	}
}

// What an answer says counts for every replica: another limit, that others use the account too, and that nothing is to be asked.
func TestBudgetLearns(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	rules := ledger.BudgetRules{Default: allow(100, time.Hour), Now: time.Now}
	teller, taker := l.CRMBudget(account, rules), ledgertest.Open(t, dsn, "other").CRMBudget(account, rules)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	take := func(want string) {
		t.Helper()
		var unavailable *crm.UnavailableError
		switch err := taker.Take(ctx, "search"); {
		case want == "" && err != nil:
			t.Errorf("refused: %v", err)
		case want != "" && !errors.As(err, &unavailable):
			t.Errorf("%v, want that it waits for %s", err, want)
		case want != "" && unavailable.After.Round(10*time.Minute).String() != want:
			t.Errorf("it waits for %s, want %s", unavailable.After, want)
		}
	}
	tell := func(a crm.Allowance) {
		t.Helper()
		if err := teller.Told(t.Context(), "search", a); err != nil {
			t.Fatal(err)
		}
	}
	take("")
	tell(crm.Allowance{Limit: 5, Remaining: 4, Window: 30 * time.Minute})
	take("")
	tell(crm.Allowance{Limit: 5, Remaining: 1, Window: 30 * time.Minute}) // two were made by others
	tell(crm.Allowance{Limit: 5, Remaining: 1, Window: 30 * time.Minute}) // of which it tells again
	take("")
	take("30m0s")
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_budget SET slots = '{}'`)
	tell(crm.Allowance{Blocked: 20 * time.Minute})
	tell(crm.Allowance{Blocked: time.Minute}) // an answer that came late
	take("20m0s")
	if _, err := l.CRMAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if err := ledgertest.Open(t, dsn, "other").CRMBudget("another", rules).Take(ctx, "search"); err != nil { // is none of this tenant's
		t.Fatal(err)
	}
	state, err := l.CRMState(t.Context())
	if err != nil || len(state.Budget) != 1 || state.Budget[0].Limit != 5 || state.Budget[0].BlockedUntil.IsZero() {
		t.Errorf("state %+v: %v", state.Budget, err)
	}
}

// Those who wait for their turn do not have earlier requests forgotten: what an answer has counted would be taken for that of others.
func TestBudgetRemembersWhileMoreWait(t *testing.T) {
	const limit, waiting = 5, 3
	l, dsn := ledgertest.New(t, tenant)
	budget := l.CRMBudget(account, ledger.BudgetRules{Default: allow(limit, 5*time.Minute)})
	for range limit {
		if err := budget.Take(t.Context(), "search"); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range waiting {
		wait.Go(func() { _ = budget.Take(ctx, "search") })
	}
	ledgertest.Await(t, "all have their turns", func() bool { return len(turns(t, dsn)) >= limit+waiting })
	before := turns(t, dsn)
	if err := budget.Told(t.Context(), "search", crm.Allowance{Limit: limit, Remaining: 0, Window: 5 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	if after := turns(t, dsn); !slices.EqualFunc(before, after, time.Time.Equal) {
		t.Errorf("turns were %v, and are %v: nobody else made a request", before, after)
	}
	cancel()
	wait.Wait()
}

// Of a day that is spent as far as we go, nothing is asked but, now and then, whether there is a new one.
func TestBudgetOfTheDay(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	budget := l.CRMBudget(account, ledger.BudgetRules{UsedPercent: 90})
	take := func(want bool) {
		t.Helper()
		var unavailable *crm.UnavailableError
		err := budget.Take(t.Context(), "")
		if want && err != nil || !want && (!errors.As(err, &unavailable) || unavailable.After > 5*time.Minute || !unavailable.Day) {
			t.Errorf("%v, want %t", err, want)
		}
	}
	tell := func(remaining int) {
		t.Helper()
		if err := budget.Told(t.Context(), "", crm.Allowance{DayLimit: 1000, DayRemaining: remaining}); err != nil {
			t.Fatal(err)
		}
	}
	take(true)
	tell(500)
	take(true)
	tell(100)
	take(false)
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_budget SET day_asked_at = day_asked_at - interval '5 minutes'`)
	take(true)
	take(false)
	tell(90)
	take(false)
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_budget SET day_asked_at = day_asked_at - interval '5 minutes'`)
	take(true)
	tell(1000) // a new day
	take(true)
	take(true)
}

// Who is refused while others wait for their turn has them wait, too.
func TestBudgetIsBlockedMeanwhile(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	budget := l.CRMBudget(account, ledger.BudgetRules{Default: allow(1, time.Second)})
	if err := budget.Take(t.Context(), "search"); err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, dsn, `
CREATE FUNCTION handoff.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.blocked_until IS NULL THEN NEW.slots := ARRAY[clock_timestamp()]; END IF; RETURN NEW; END $$`, `
CREATE FUNCTION handoff.block() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.blocked_until IS NULL THEN NEW.blocked_until := clock_timestamp() + interval '2 seconds'; END IF; RETURN NEW; END $$`,
		// Whoever asks finds that somebody has just taken the only turn, and is refused, as others are, while he waits for the next.
		`CREATE TRIGGER full_just_now BEFORE UPDATE OF kind ON handoff.crm_budget FOR EACH ROW EXECUTE FUNCTION handoff.full()`,
		`CREATE TRIGGER block BEFORE UPDATE OF slots ON handoff.crm_budget FOR EACH ROW EXECUTE FUNCTION handoff.block()`)
	if err := budget.Take(t.Context(), "search"); err != nil {
		t.Fatal(err)
	}
	if early := ledgertest.Value[bool](t, dsn, `SELECT clock_timestamp() < blocked_until FROM handoff.crm_budget`); early {
		t.Error("a request was allowed while nothing is to be asked")
	}
}

// Turns that were taken before the clock of the database was set back are not waited for.
func TestBudgetAfterTheClockWasSetBack(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	budget := l.CRMBudget(account, ledger.BudgetRules{Default: allow(2, time.Second), Now: time.Now})
	if err := budget.Take(t.Context(), "search"); err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, dsn, `UPDATE handoff.crm_budget SET slots = ARRAY[clock_timestamp() + interval '3 hours', clock_timestamp() + interval '3 hours']`)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := budget.Take(ctx, "search"); err != nil {
		t.Fatal(err)
	}
	if got := turns(t, dsn); len(got) != 1 {
		t.Errorf("turns %v, want the new one alone", got)
	}
}
