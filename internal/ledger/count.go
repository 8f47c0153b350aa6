// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Breached marks up to limit obligations as missed whose deadline has passed. It leaves alone the leads with work that is
// still to be done, unless it has failed for an hour: what they did in time may be in the ledger already. lateness is how long after its deadline the
// latest was noticed, next how long until the next deadline; negative when there is none.
// The time is asked in a query of its own: a bound that may change while the index is read is none for it, and every open clock would be looked at.
// The leads that miss one of the clauses to be answered have something to be decided again: that is noted in the same transaction.
func (l *Ledger) Breached(ctx context.Context, limit int, answer ...sla.Clause) (missed int, lateness, next time.Duration, err error) {
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
UPDATE obligations o SET state = 'Missed'
WHERE ctid = ANY (ARRAY(
    SELECT o.ctid FROM obligations o
    WHERE tenant = $1 AND state = 'Open' AND due_at < (SELECT clock_timestamp())
      AND `+workedOff+`
    ORDER BY due_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED))
RETURNING o.lead_id, o.cycle, o.clause, o.tier, o.due_at, clock_timestamp() - o.due_at`, l.tenant, limit)
		if err != nil {
			return err
		}
		late, err := pgx.CollectRows(rows, scanLate)
		if err != nil {
			return err
		}
		missed = len(late)
		for _, o := range late {
			lateness = max(lateness, o.by)
		}
		if err := l.answer(ctx, tx, late, answer); err != nil {
			return err
		}
		return l.breached(ctx, tx, late)
	})
	if err != nil {
		return 0, 0, 0, err
	}
	var until *time.Duration
	err = l.pool.QueryRow(ctx, `
SELECT greatest(min(due_at) - clock_timestamp(), '0') FROM obligations WHERE tenant = $1 AND state = 'Open'`, l.tenant).Scan(&until)
	if err != nil || until == nil {
		return missed, lateness, -1, err
	}
	return missed, lateness, *until, nil
}

// unowned are the leads that should have an owner and have none. Who was disposed of waits for none any more.
const unowned = `qualified_at IS NOT NULL AND owner IS NULL AND disposed_at IS NULL AND NOT before_go_live
    AND stage NOT IN ('Suppressed', 'Merged', 'Duplicate', 'Excluded')`

// sumsOfLeads are how many there are, and how many were handed off: those that are no longer kept go on counting in these.
const sumsOfLeads = `count(*) FILTER (WHERE stage <> 'Merged'),
    count(*) FILTER (WHERE coalesce(first_qualified_at, qualified_at) IS NOT NULL AND NOT before_go_live)`

// Leads counts the leads of the tenant by where they are.
type Leads struct {
	Captured, MQLs, Held, Unrouted, Fallback, Waiting int64

	// By where they are now. One that was merged is not captured, and one from before the terms took effect is no MQL.
	Recycled, Disqualified, Suppressed, Duplicates, Merged, Excluded, BeforeGoLive int64
}

// Snapshot is all that is counted, at one instant.
type Snapshot struct {
	AsOf     time.Time
	Sequence int64 // in force; 0 when no pair is yet
	Leads    Leads
	Counts   []sla.Count // in a fixed order
}

// foldCounts adds the changes up that were noted since the last time, a row a kind of lead. Rows that somebody else adds up right now are left to him,
// so that nobody waits.
const foldCounts = `
WITH gone AS (
    DELETE FROM lead_counts WHERE ctid = ANY (ARRAY(SELECT ctid FROM lead_counts WHERE tenant = $1 FOR UPDATE SKIP LOCKED))
    RETURNING stage, handed_off, before_go_live, fallback, leads)
INSERT INTO lead_counts (tenant, stage, handed_off, before_go_live, fallback, leads)
SELECT $1, stage, handed_off, before_go_live, fallback, sum(leads) FROM gone GROUP BY stage, handed_off, before_go_live, fallback HAVING sum(leads) <> 0`

// countLeads reads what the table lead_counts holds; of the leads themselves, only those that wait are looked at.
const countLeads = `
SELECT clock_timestamp(), (SELECT coalesce(max(sequence), 0) FROM in_force WHERE tenant = $1 AND since <= clock_timestamp()),
    (SELECT count(*) FROM leads WHERE tenant = $1 AND ` + unowned + `),
    (SELECT count(DISTINCT lead_id) FROM work WHERE tenant = $1),
    coalesce(sum(leads) FILTER (WHERE stage <> 'Merged'), 0)::bigint,
    coalesce(sum(leads) FILTER (WHERE handed_off AND NOT before_go_live), 0)::bigint,
    coalesce(sum(leads) FILTER (WHERE before_go_live), 0)::bigint, coalesce(sum(leads) FILTER (WHERE fallback), 0)::bigint,
    coalesce(sum(leads) FILTER (WHERE stage = 'Held'), 0)::bigint, coalesce(sum(leads) FILTER (WHERE stage = 'Recycled'), 0)::bigint,
    coalesce(sum(leads) FILTER (WHERE stage = 'Disqualified'), 0)::bigint, coalesce(sum(leads) FILTER (WHERE stage = 'Suppressed'), 0)::bigint,
    coalesce(sum(leads) FILTER (WHERE stage = 'Duplicate'), 0)::bigint, coalesce(sum(leads) FILTER (WHERE stage = 'Merged'), 0)::bigint,
    coalesce(sum(leads) FILTER (WHERE stage = 'Excluded'), 0)::bigint
FROM lead_counts WHERE tenant = $1`

// Count counts the obligations of the periods and the leads, as of one instant by the database's clock.
func (l *Ledger) Count(ctx context.Context, periods []sla.Period) (Snapshot, error) {
	var s Snapshot
	if _, err := l.pool.Exec(ctx, foldCounts, l.tenant); err != nil {
		return s, err
	}
	err := pgx.BeginTxFunc(ctx, l.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		n := &s.Leads
		if err := tx.QueryRow(ctx, countLeads, l.tenant).Scan(&s.AsOf, &s.Sequence, &n.Unrouted, &n.Waiting, &n.Captured, &n.MQLs, &n.BeforeGoLive,
			&n.Fallback, &n.Held, &n.Recycled, &n.Disqualified, &n.Suppressed, &n.Duplicates, &n.Merged, &n.Excluded); err != nil {
			return err
		}
		s.AsOf = s.AsOf.UTC()
		if err := l.addRetired(ctx, tx, n); err != nil {
			return err
		}
		var err error
		s.Counts, err = l.counts(ctx, tx, s.AsOf, periods)
		return err
	})
	return s, err
}

// Pulse changes when the counts may have: it costs next to nothing to take, so a worker at rest does not count.
type Pulse struct {
	Work    int64 // causes noted so far, by any tenant
	Waiting int64 // causes not yet worked off
	Unowned int64 // MQLs without an owner
	Due     int64 // the next deadline: another one once its clock has stopped or run out
	Mark    int64 // the next warning mark that is to be crossed
	InForce int64 // sequence of the pair in force; 0 when none is
}

// Pulse takes the pulse. Running clocks are not counted: of them only the next is looked at, however many there are.
func (l *Ledger) Pulse(ctx context.Context) (Pulse, error) {
	var p Pulse
	var due, mark *time.Time
	err := l.pool.QueryRow(ctx, `
SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('work', 'id')), 0),
    (SELECT count(*) FROM work WHERE tenant = $1),
    (SELECT count(*) FROM leads WHERE tenant = $1 AND `+unowned+`),
    (SELECT min(due_at) FROM obligations WHERE tenant = $1 AND state = 'Open'),
    (SELECT min(warn_at) FROM obligations WHERE tenant = $1 AND state = 'Open' AND warn_at > (SELECT clock_timestamp())),
    (SELECT coalesce(max(sequence), 0) FROM in_force WHERE tenant = $1 AND since <= clock_timestamp())`, l.tenant).
		Scan(&p.Work, &p.Waiting, &p.Unowned, &due, &mark, &p.InForce)
	if due != nil {
		p.Due = due.UnixMicro()
	}
	if mark != nil {
		p.Mark = mark.UnixMicro()
	}
	return p, err
}

// Counter is held by the one replica that counts.
type Counter struct{ conn *pgxpool.Conn }

// BecomeCounter tries to be the replica that counts; nil when another one is. The role lasts until Resign or the end of the
// database session: a replica that dies makes room at once.
func (l *Ledger) BecomeCounter(ctx context.Context) (*Counter, error) {
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	var mine bool
	err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, lockKey(lockCounting, l.tenant)).Scan(&mine)
	if err != nil || !mine {
		conn.Release()
		return nil, err
	}
	return &Counter{conn: conn}, nil
}

// Holds says whether the session that carries the role is still there.
func (c *Counter) Holds(ctx context.Context) bool { return c.conn.Ping(ctx) == nil }

// Resign gives the role back. The session is closed, so that the lock cannot linger in the pool.
func (c *Counter) Resign(ctx context.Context) {
	conn := c.conn.Hijack()
	_ = conn.Close(ctx)
}
