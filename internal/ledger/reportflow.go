// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Flow counts what happened in a stretch of time, whenever the leads came in. Those that were merged are one.
type Flow struct {
	Captured      int64 // leads that were captured first in it
	Qualified     int64 // became MQL in it, for the first time
	Held          int64 // reached a path in it and still wait for a required field
	Accepted      int64 // became SAL in it, in any of their cycles
	SQLs          int64 // became SQL in it, in any of their cycles
	Opportunities int64 // MQLs whose first deal was opened in it
	Won           int64 // MQLs with a deal that was won in it
	Lost          int64 // MQLs with a deal that was lost in it, and none that was won
}

// stampedSQL counts the leads that got a stamp from $2 up to $3. Those of ended cycles are found by the events that bring about such a stamp.
func stampedSQL(column, stamp, kinds string) string {
	return `(SELECT count(*) FROM (
    SELECT lead_id FROM leads WHERE tenant = $1 AND ` + column + ` >= $2 AND ` + column + ` < $3 AND NOT before_go_live
    UNION
    SELECT s.lead_id FROM events e, ` + leftSQL + `
    WHERE e.tenant = $1 AND e.kind IN (` + kinds + `) AND e.time >= $2 AND e.time < $3 AND s.cycle > 1 AND NOT s.before_go_live
      AND ` + stampedIn(stamp, "s.lead_id", "$2", "$3") + `) AS stamped)`
}

// flowSQL reads what is told of deals only of leads that were handed off before.
var flowSQL = `
WITH told AS MATERIALIZED (
    SELECT s.lead_id, e.time, e.data ->> 'state' AS state, e.data ->> 'opportunity' AS deal,
        coalesce(s.first_qualified_at, s.qualified_at) AS at,
        ARRAY(SELECT s.lead_id UNION ALL SELECT m.lead_id FROM leads m WHERE m.tenant = $1 AND m.merged_into = s.lead_id) AS ids
    FROM events e, ` + leftSQL + ` WHERE e.tenant = $1 AND e.kind = 'opportunity' AND e.time >= $2 AND e.time < $3 AND NOT s.before_go_live
      AND e.time >= coalesce(s.first_qualified_at, s.qualified_at))
SELECT
    (SELECT count(*) FROM leads WHERE tenant = $1 AND coalesce(first_qualified_at, qualified_at) >= $2
        AND coalesce(first_qualified_at, qualified_at) < $3 AND NOT before_go_live),
    (SELECT count(*) FROM leads WHERE tenant = $1 AND stage = 'Held' AND reached_at >= $2 AND reached_at < $3),
    ` + stampedSQL("sal_at", "SALAt", "'accepted', 'disposition'") + `,
    ` + stampedSQL("sql_at", "SQLAt", "'qualified'") + `,
    (SELECT count(DISTINCT lead_id) FROM told WHERE NOT EXISTS (SELECT 1 FROM events b WHERE b.tenant = $1 AND b.lead_id = ANY(told.ids)
        AND b.kind = 'opportunity' AND b.time >= told.at AND b.time < $2)),
    (SELECT count(DISTINCT lead_id) FROM told WHERE state = 'Won'),
    (SELECT count(DISTINCT lead_id) FROM told WHERE state = 'Lost' AND lead_id NOT IN (SELECT lead_id FROM told WHERE state = 'Won'))`

// Flow of the leads from an instant up to another, exclusive.
func (r *Reading) Flow(ctx context.Context, from, to time.Time) (Flow, error) {
	var f Flow
	captured, err := r.Captured(ctx, from, to)
	if err != nil {
		return f, err
	}
	f.Captured = captured[0]
	err = r.tx.QueryRow(ctx, flowSQL, r.ledger.tenant, from, to).
		Scan(&f.Qualified, &f.Held, &f.Accepted, &f.SQLs, &f.Opportunities, &f.Won, &f.Lost)
	return f, err
}

// Retired are how many leads were judged in periods whose history is no longer kept, by clause: they are in the counts, and nothing else is
// known of them.
func (r *Reading) Retired(ctx context.Context, periods ...sla.Period) (map[string]int64, error) {
	gone := map[string]int64{}
	var clause string
	var n int64
	err := each(ctx, r.tx, []any{&clause, &n}, func() error {
		gone[clause] = n
		return nil
	}, `SELECT clause, sum(met + missed)::bigint FROM retired_counts WHERE tenant = $1 AND period = ANY($2) GROUP BY 1`, r.ledger.tenant, periods)
	return gone, err
}
