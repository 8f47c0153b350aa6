// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// periodsSQL steps from one period to the next along the index, instead of reading every obligation.
const periodsSQL = `
WITH RECURSIVE live (period) AS (
    (SELECT period FROM obligations WHERE tenant = $1 ORDER BY period LIMIT 1)
    UNION ALL
    SELECT (SELECT o.period FROM obligations o WHERE o.tenant = $1 AND o.period > live.period ORDER BY o.period LIMIT 1)
    FROM live WHERE live.period IS NOT NULL)
SELECT period COLLATE "C" FROM (SELECT period FROM live WHERE period IS NOT NULL
    UNION SELECT period FROM retired_counts WHERE tenant = $1) AS periods ORDER BY 1`

// Periods are the periods in which any obligation is or was judged, in order.
func (l *Ledger) Periods(ctx context.Context) ([]sla.Period, error) {
	rows, err := l.pool.Query(ctx, periodsSQL, l.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[sla.Period])
}

// Backlog is what a report on a period has to wait for, and what it does not wait for any more.
type Backlog struct {
	Waiting  int64 // leads with news that is not worked off
	Stuck    int64 // leads that have failed for an hour, and have nothing else to be worked off
	Unmarked int64 // obligations of the periods whose deadline has passed, but which nobody has marked yet
}

// Backlog of periods. Obligations of leads with work are not marked until that is done: they are waited for with their leads.
func (l *Ledger) Backlog(ctx context.Context, periods ...sla.Period) (Backlog, error) {
	var b Backlog
	err := l.pool.QueryRow(ctx, `
SELECT count(*) FILTER (WHERE NOT stuck), count(*) FILTER (WHERE stuck), (
    SELECT count(*) FROM obligations o WHERE tenant = $1 AND period = ANY($2) AND state = 'Open' AND due_at < clock_timestamp()
      AND `+workedOff+`)
FROM (SELECT bool_and(`+stuck+`) AS stuck
      FROM work w WHERE tenant = $1 GROUP BY lead_id) AS leads`, l.tenant, periods).Scan(&b.Waiting, &b.Stuck, &b.Unmarked)
	return b, err
}

// Waiting are the leads with news that is not worked off and does not fail for an hour: of some, or of all when none are named.
func (l *Ledger) Waiting(ctx context.Context, among []string) ([]string, error) {
	rows, err := l.pool.Query(ctx, `
SELECT lead_id FROM work w WHERE tenant = $1 AND (coalesce(cardinality($2::text[]), 0) = 0 OR lead_id = ANY($2))
GROUP BY lead_id HAVING NOT bool_and(`+stuck+`)`, l.tenant, among)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Disposed is a lead's disposition, as it was understood when it was taken.
type Disposed struct {
	Lead    string
	Outcome lead.Outcome // empty when it was left to a reason that nobody resolved
	Reason  string
	Coded   bool
	// Attempts to reach the lead, since its hand-off and up to the disposition: the most where it was sent again.
	Attempts int
}

// leftSQL is the row s of the lead that is left of event e's: it itself, or the one that it was merged into. Looked up one by one, since they are
// few.
const leftSQL = `LATERAL (SELECT coalesce(merged_into, lead_id) AS id FROM leads WHERE tenant = $1 AND lead_id = e.lead_id OFFSET 0) AS own,
    LATERAL (SELECT * FROM leads WHERE tenant = $1 AND lead_id = own.id OFFSET 0) AS s`

// disposedSQL takes what was said of a lead that was merged as said of the one that is left, by the events of all of them.
var disposedSQL = `
WITH said AS MATERIALIZED (
    SELECT e.seq, e.time, e.data, e.data ->> 'outcome' IN ('Recycled', 'Disqualified') AS rejects, s.lead_id, s.qualified_at,
        ARRAY(SELECT s.lead_id UNION ALL SELECT m.lead_id FROM leads m WHERE m.tenant = $1 AND m.merged_into = s.lead_id) AS ids
    FROM events e, ` + leftSQL + ` WHERE e.tenant = $1 AND e.kind = 'disposition' AND e.time >= $2 AND e.time < $3)
SELECT lead_id, coalesce(data ->> 'outcome', ''), coalesce(data ->> 'reason', ''), coalesce((data ->> 'coded')::boolean, false),
    max((SELECT count(*) FROM events t WHERE t.tenant = $1 AND t.lead_id = ANY(said.ids) AND t.kind = 'touch'
        AND t.data ->> 'direction' = 'Outbound' AND t.time <= said.time
        AND t.time >= coalesce((SELECT max(at) FROM (SELECT said.qualified_at UNION ALL SELECT c.qualified_at FROM cycles c
            WHERE c.tenant = $1 AND c.lead_id = said.lead_id) AS handed (at) WHERE at <= said.time), '-infinity')))
FROM said
WHERE NOT coalesce(rejects, false) OR NOT EXISTS (
    SELECT 1 FROM events r WHERE r.tenant = $1 AND r.lead_id = ANY(said.ids) AND r.kind = 'contested' AND r.data ->> 'ruling' = 'Overturned'
      AND (r.time, r.seq) > (said.time, said.seq)
      AND NOT EXISTS (
        SELECT 1 FROM events d WHERE d.tenant = $1 AND d.lead_id = ANY(said.ids) AND d.kind = 'disposition'
          AND d.data ->> 'outcome' IN ('Recycled', 'Disqualified') AND (d.time, d.seq) > (said.time, said.seq) AND (d.time, d.seq) < (r.time, r.seq)))
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`

// Disposed are the dispositions from an instant up to another, exclusive; those of a lead that say the same, once. One that was overturned is none:
// a ruling is about the latest rejection before it.
func (r *Reading) Disposed(ctx context.Context, from, to time.Time) ([]Disposed, error) {
	rows, err := r.tx.Query(ctx, disposedSQL, r.ledger.tenant, from, to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Disposed])
}
