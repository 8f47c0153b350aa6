// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Cursor is a position in the list of the leads without an owner. The zero Cursor is before the first.
type Cursor struct {
	qualified time.Time
	lead      string
}

// unroutedSQL lists who waits for an owner. Some stages wait for none, whatever they waited for before.
const unroutedSQL = `SELECT lead_id, qualified_at FROM leads
WHERE tenant = $1 AND qualified_at IS NOT NULL AND owner IS NULL AND disposed_at IS NULL AND (no_capacity OR picked_at IS NOT NULL)
    AND stage NOT IN ('Suppressed', 'Merged', 'Duplicate', 'Excluded') AND (qualified_at, lead_id) > ($2, $3)
ORDER BY qualified_at, lead_id LIMIT $4`

// RouteUnrouted has MQLs decided that nobody was available for, oldest first, up to limit beginning after the cursor. It
// returns the cursor to go on from, and false when the list is at its end.
func (l *Ledger) RouteUnrouted(ctx context.Context, loaded int64, limit int, after Cursor, decide Decide) (Cursor, bool, Batch, error) {
	next, more := after, false
	batch, err := l.route(ctx, loaded, decide, func(tx pgx.Tx) (claimed, error) {
		var c claimed
		err := each(ctx, tx, []any{&next.lead, &next.qualified}, func() error {
			c.ids = append(c.ids, next.lead)
			return nil
		}, unroutedSQL, l.tenant, after.qualified, after.lead, limit)
		more = len(c.ids) == limit
		return c, err
	})
	return next, more, batch, err
}

// leaversSQL steps from rep to rep in the index, so that it costs by how many reps there are and not by how many leads.
const leaversSQL = `
WITH RECURSIVE owners (rep) AS (
    (SELECT picked_rep FROM leads WHERE tenant = $1 AND owner = picked_rep AND disposed_at IS NULL ORDER BY picked_rep LIMIT 1)
    UNION ALL
    SELECT (SELECT picked_rep FROM leads WHERE tenant = $1 AND owner = picked_rep AND disposed_at IS NULL AND picked_rep > owners.rep
        ORDER BY picked_rep LIMIT 1)
    FROM owners WHERE owners.rep IS NOT NULL)
SELECT rep FROM owners WHERE rep IS NOT NULL AND rep <> ALL($2)`

// Leavers are reps who own open leads that we picked them for, and are none of the members.
func (l *Ledger) Leavers(ctx context.Context, members []string) ([]string, error) {
	rows, err := l.pool.Query(ctx, leaversSQL, l.tenant, members)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// ownedSQL lists open leads. Those of some stages stay with whom they have, and would be read again and again.
const ownedSQL = `SELECT lead_id FROM leads
WHERE tenant = $1 AND picked_rep = $2 AND owner = picked_rep AND disposed_at IS NULL AND picked_at < $3 AND lead_id > $4
    AND stage NOT IN ('Suppressed', 'Merged', 'Duplicate', 'Excluded', 'Opportunity', 'Won', 'Lost')
ORDER BY lead_id LIMIT $5`

// RouteOwned has open leads decided that we picked a rep for before an instant, by id, up to limit beginning after one. It returns the id to go
// on from, and false when there are no more.
func (l *Ledger) RouteOwned(ctx context.Context, loaded int64, limit int, rep string, before time.Time, after string, decide Decide) (
	string, bool, Batch, error,
) {
	next, more := after, false
	batch, err := l.route(ctx, loaded, decide, func(tx pgx.Tx) (claimed, error) {
		var c claimed
		err := each(ctx, tx, []any{&next}, func() error {
			c.ids = append(c.ids, next)
			return nil
		}, ownedSQL, l.tenant, rep, before, after, limit)
		more = len(c.ids) == limit
		return c, err
	})
	return next, more, batch, err
}

// answer has the leads routed whose clocks of some clauses have run out.
func (l *Ledger) answer(ctx context.Context, tx pgx.Tx, late []overdue, clauses []sla.Clause) error {
	leads := map[string]bool{}
	for _, o := range late {
		if slices.Contains(clauses, o.clock.Clause) {
			leads[o.lead] = true
		}
	}
	return enqueue(ctx, tx, l.tenant, queueRoute, sortedKeys(leads))
}
