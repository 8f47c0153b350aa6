// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// The clock that tests move is the one that the ledger asks, everywhere: in its statements, in the defaults of its columns and in its triggers.
func TestTheClockOfTestsIsThatOfTheLedger(t *testing.T) {
	l, dsn, clock := ledgertest.NewWithClock(t, tenant, noon)
	near := func(what string, got, want time.Time) {
		t.Helper()
		if got.Before(want) || got.After(want.Add(time.Minute)) {
			t.Errorf("%s: %s, want %s", what, got.UTC(), want)
		}
	}
	asked := func(query string) time.Time { return ledgertest.Value[time.Time](t, dsn, query) }
	now := func() time.Time {
		at, err := l.Now(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	near("set", now(), noon)
	near("in force since", registered(t, l, pair(1)), noon)

	clock.Advance(48 * time.Hour)
	later := noon.Add(48 * time.Hour)
	near("advanced", now(), later)
	near("asked of the clock itself", clock.Now(), later)
	ingest(t, l, captured("e1", "lead-1", nil))
	near("default of a column", asked("SELECT received_at FROM events"), later)
	ledgertest.Exec(t, dsn,
		`INSERT INTO leads (tenant, lead_id, reached_at) VALUES ('acme', 'lead-2', now())`, `UPDATE leads SET reached_at = NULL WHERE lead_id = 'lead-2'`)
	near("row written by a trigger", asked("SELECT at FROM corrections WHERE lead_id = 'lead-2'"), later)

	clock.Set(noon.Add(-time.Hour))
	near("set back", now(), noon.Add(-time.Hour))
	const bound = `SELECT count(*) FROM pg_attrdef WHERE pg_get_expr(adbin, adrelid) LIKE '%wall_clock%'`
	if left := ledgertest.Value[int](t, dsn, bound); left > 0 {
		t.Errorf("%d defaults of columns go by the server's own clock", left)
	}
}

// A database that gets its schema after its clock goes by it as well.
func TestTheClockOfTestsBeforeTheSchema(t *testing.T) {
	dsn := ledgertest.DSN(t)
	ledgertest.Exec(t, dsn, ledgertest.ClockSQL, ledgertest.SetClockSQL(noon))
	l := ledgertest.Open(t, dsn, tenant)
	if err := l.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ingest(t, l, captured("e1", "lead-1", nil))
	got := ledgertest.Value[time.Time](t, dsn, "SELECT received_at FROM events")
	if got.Before(noon) || got.After(noon.Add(time.Minute)) {
		t.Errorf("received at %s, want %s", got.UTC(), noon)
	}
}
