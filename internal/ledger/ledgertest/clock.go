// SPDX-License-Identifier: Apache-2.0

package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// ClockSQL gives a database a clock that can be moved, so that a year can be lived in a minute. All that the ledger decides by time, it asks
// clock_timestamp(). These statements give that name to a function that adds an offset, which is kept in the table simclock.clock; the server's own
// function goes on as pg_catalog.wall_clock_timestamp(). The path on which names are searched for does not help, since the ledger sets its own and the
// server always looks into pg_catalog first. Only a superuser may do it, and it concerns this one database.
//
// It may be run before the schema is migrated or afterwards: what the server had bound to its own function by then, the defaults of columns, is bound
// anew. Functions in PL/pgSQL look the name up themselves, once a session: connections are to be opened afterwards. A database that is copied from this one
// has the clock too, with an offset of its own. River's tables go by now(), which is not moved.
const ClockSQL = `
CREATE SCHEMA simclock;
CREATE TABLE simclock.clock (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), ahead interval NOT NULL);
INSERT INTO simclock.clock (ahead) VALUES ('0');
GRANT USAGE ON SCHEMA simclock TO PUBLIC;
GRANT SELECT ON simclock.clock TO PUBLIC;
ALTER FUNCTION pg_catalog.clock_timestamp() RENAME TO wall_clock_timestamp;
CREATE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    RETURN pg_catalog.wall_clock_timestamp() + (SELECT ahead FROM simclock.clock);
END $$;
DO $$
DECLARE
    bound record;
BEGIN
    FOR bound IN SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT pg_catalog.clock_timestamp()', d.adrelid::regclass, a.attname) AS anew
        FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        WHERE pg_get_expr(d.adbin, d.adrelid) IN ('wall_clock_timestamp()', 'pg_catalog.wall_clock_timestamp()')
    LOOP
        EXECUTE bound.anew;
    END LOOP;
END $$;
`

// SetClockSQL is the statement that moves the clock of a database with ClockSQL to an instant. It goes on from there at its usual pace.
func SetClockSQL(at time.Time) string {
	// In seconds: days would be those of the session's zone.
	return fmt.Sprintf("UPDATE simclock.clock SET ahead = make_interval(secs => extract(epoch FROM '%s'::timestamptz - "+
		"pg_catalog.wall_clock_timestamp())::float8)", at.UTC().Format(time.RFC3339Nano))
}

// Clock of one database, for a test to move.
type Clock struct {
	tb  testing.TB
	dsn string
}

// NewWithClock is New with a clock that stands at an instant and goes on from there.
func NewWithClock(tb testing.TB, tenant string, at time.Time) (l *ledger.Ledger, dsn string, clock *Clock) {
	tb.Helper()
	l, dsn = New(tb, tenant)
	l.Close()
	Exec(tb, dsn, ClockSQL)
	clock = &Clock{tb: tb, dsn: dsn}
	clock.Set(at)
	return Open(tb, dsn, tenant), dsn, clock
}

// Set moves the clock to an instant, forth or back.
func (c *Clock) Set(at time.Time) {
	c.tb.Helper()
	Exec(c.tb, c.dsn, SetClockSQL(at))
}

// Advance moves the clock by a length of time; back when it is negative.
func (c *Clock) Advance(by time.Duration) {
	c.tb.Helper()
	Exec(c.tb, c.dsn, fmt.Sprintf("UPDATE simclock.clock SET ahead = ahead + interval '%d microseconds'", by.Microseconds()))
}

// Now by the clock.
func (c *Clock) Now() time.Time {
	c.tb.Helper()
	return Value[time.Time](c.tb, c.dsn, "SELECT clock_timestamp()").UTC()
}
