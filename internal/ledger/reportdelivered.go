// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Reach is how far a lead came after it was handed off. Who came to a step came to those before it, too.
type Reach int

// The steps of the funnel.
const (
	ReachMQL Reach = iota
	ReachSAL
	ReachSQL
	ReachOpportunity
	ReachWon
)

// Delivered counts leads that became MQL for the first time, alike in all that is said here.
type Delivered struct {
	Bucket    int    // which stretch of time they became MQL in, from 0
	Source    string // value of the field that was asked for; empty without one
	Rep       string // their latest owner; empty without one
	Path      string // of the first hand-off
	Intent    string // of the first hand-off
	Threshold int64  // that the path demanded of the lead's score; 0: none
	Score     int64  // at the first hand-off
	Reach     Reach
	Rejected  bool // given back, for later or for good, and not taken on since
	Lost      bool // all their deals are lost
	Leads     int64
}

// deliveredSQL has a row a lead that first became MQL from $2[1] up to the last of $2, and the deals that it had by $3. What is told of leads that
// were merged into it is told of it. The stamps of its first hand-off are in `cycles` once there was another one.
const deliveredSQL = `
delivered AS MATERIALIZED (
    SELECT l.lead_id, width_bucket(coalesce(l.first_qualified_at, l.qualified_at), $2::timestamptz[]) - 1 AS bucket,
        coalesce(l.first_qualified_at, l.qualified_at) AS at, l.record, l.sal_at, l.sql_at,
        coalesce(l.owner, (SELECT p.stamps ->> 'Owner' FROM cycles p WHERE p.tenant = $1 AND p.lead_id = l.lead_id
            ORDER BY p.cycle DESC LIMIT 1)) AS owner,
        CASE WHEN l.cycle = 1 THEN l.path ELSE c.stamps #>> '{Qualified,Path}' END AS path,
        CASE WHEN l.cycle = 1 THEN l.intent ELSE c.stamps #>> '{Qualified,Intent}' END AS intent,
        CASE WHEN l.cycle = 1 THEN l.threshold ELSE (c.stamps #>> '{Qualified,Threshold}')::bigint END AS threshold,
        CASE WHEN l.cycle = 1 THEN l.score_at_handoff ELSE (c.stamps #>> '{Qualified,Score}')::bigint END AS score,
        ARRAY(SELECT l.lead_id UNION ALL SELECT m.lead_id FROM leads m WHERE m.tenant = $1 AND m.merged_into = l.lead_id) AS ids
    FROM leads l LEFT JOIN cycles c ON c.tenant = l.tenant AND c.lead_id = l.lead_id AND c.cycle = 1
    WHERE l.tenant = $1 AND NOT l.before_go_live
      AND coalesce(l.first_qualified_at, l.qualified_at) >= ($2::timestamptz[])[1]
      AND coalesce(l.first_qualified_at, l.qualified_at) < ($2::timestamptz[])[cardinality($2::timestamptz[])]),
deals AS MATERIALIZED (
    SELECT d.lead_id, d.bucket, e.data ->> 'opportunity' AS deal,
        (array_agg(e.data ->> 'state' ORDER BY e.time DESC, e.seq DESC))[1] AS state,
        (array_agg((e.data ->> 'amount')::numeric ORDER BY e.time DESC, e.seq DESC) FILTER (WHERE e.data ? 'amount'))[1] AS amount,
        (array_agg(e.data ->> 'currency' ORDER BY e.time DESC, e.seq DESC) FILTER (WHERE e.data ? 'amount'))[1] AS currency
    FROM delivered d JOIN events e ON e.tenant = $1 AND e.lead_id = ANY(d.ids) AND e.kind = 'opportunity' AND e.time >= d.at AND e.time < $3
    GROUP BY 1, 2, 3)`

// stampedIn says that an ended cycle has a stamp in a stretch of time. One that is not there is the year 1.
func stampedIn(stamp, lead, from, to string) string {
	at := `(p.stamps ->> '` + stamp + `')::timestamptz`
	return `EXISTS (SELECT 1 FROM cycles p WHERE p.tenant = $1 AND p.lead_id = ` + lead + ` AND ` + at + ` >= ` + from + ` AND ` + at + ` < ` + to + `)`
}

// everStamped is the beginning of all stamps.
const everStamped = `'0002-01-01'::timestamptz`

// reachedSQL tells of each delivered lead how far it came, and whether sales gave it back last.
var reachedSQL = deliveredSQL + `,
reached AS (
    SELECT d.*, CASE
            WHEN states @> '{Won}' THEN 4
            WHEN states IS NOT NULL THEN 3
            WHEN d.sql_at < $3 OR ` + stampedIn("SQLAt", "d.lead_id", everStamped, "$3") + ` THEN 2
            WHEN d.sal_at < $3 OR ` + stampedIn("SALAt", "d.lead_id", everStamped, "$3") + ` THEN 1
            ELSE 0 END AS reach,
        coalesce(states <@ '{Lost}', false) AS lost,
        coalesce((SELECT e.kind = 'disposition' AND e.data ->> 'outcome' IN ('Recycled', 'Disqualified')
            FROM events e WHERE e.tenant = $1 AND e.lead_id = ANY(d.ids) AND e.time >= d.at AND e.time < $3
              AND (e.kind IN ('disposition', 'accepted', 'opportunity') OR e.kind = 'contested' AND e.data ->> 'ruling' = 'Overturned')
            ORDER BY e.time DESC, e.seq DESC LIMIT 1), false) AS rejected
    FROM delivered d LEFT JOIN (SELECT lead_id, array_agg(state) AS states FROM deals GROUP BY 1) AS o USING (lead_id))`

// Delivered are the leads that first became MQL in the stretches between the bounds, which are in order, and what had become of them by an instant.
// A lead whose history is no longer kept is in none.
func (r *Reading) Delivered(ctx context.Context, source string, until time.Time, bounds ...time.Time) ([]Delivered, error) {
	rows, err := r.tx.Query(ctx, `
WITH `+reachedSQL+`
SELECT bucket, `+shortField("record", "$4")+` COLLATE "C", coalesce(owner, '') COLLATE "C", coalesce(path, '') COLLATE "C",
    coalesce(intent, '') COLLATE "C", coalesce(threshold, 0), coalesce(score, 0), reach, rejected, lost, count(*)
FROM reached GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10`, r.ledger.tenant, bounds, until, source)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Delivered])
}

// Deals counts the deals of delivered leads that are in one state.
type Deals struct {
	Bucket   int    // in which their lead became MQL
	State    string // Open, Won or Lost: the latest
	Currency string // empty: none was told
	Deals    int64
	Priced   int64 // of the deals: those of which an amount was told
	Amount   int64 // of these, in whole units
}

// Deals are those of the leads that Delivered counts: what was told of them since their lead was handed off, up to an instant.
func (r *Reading) Deals(ctx context.Context, until time.Time, bounds ...time.Time) ([]Deals, error) {
	rows, err := r.tx.Query(ctx, `
WITH `+deliveredSQL+`
SELECT bucket, coalesce(state, '') COLLATE "C", coalesce(currency, '') COLLATE "C", count(*), count(amount), round(coalesce(sum(amount), 0))::bigint
FROM deals GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`, r.ledger.tenant, bounds, until)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Deals])
}

// Captured counts the leads whose first capture falls into each stretch between the bounds. Those that were merged are one.
func (r *Reading) Captured(ctx context.Context, bounds ...time.Time) ([]int64, error) {
	counts := make([]int64, max(0, len(bounds)-1))
	var bucket int
	var n int64
	err := each(ctx, r.tx, []any{&bucket, &n}, func() error {
		counts[bucket] = n
		return nil
	}, `
WITH `+capturedSQL+`
SELECT width_bucket(first, $2::timestamptz[]) - 1, count(*) FROM captured GROUP BY 1`, r.ledger.tenant, bounds)
	return counts, err
}

// capturedSQL has a row a lead that was captured first from $2[1] up to the last of $2.
const capturedSQL = `
captured AS MATERIALIZED (
    SELECT lead_id, first FROM (
        SELECT coalesce(l.merged_into, l.lead_id) AS lead_id, min(e.time) AS first FROM events e JOIN leads l USING (tenant, lead_id)
        WHERE e.tenant = $1 AND e.kind = 'captured'
          AND e.time >= ($2::timestamptz[])[1] AND e.time < ($2::timestamptz[])[cardinality($2::timestamptz[])] GROUP BY 1) AS within
    WHERE NOT EXISTS (SELECT 1 FROM events b WHERE b.tenant = $1 AND b.kind = 'captured' AND b.time < ($2::timestamptz[])[1] AND b.lead_id = ANY(
        ARRAY(SELECT within.lead_id UNION ALL SELECT m.lead_id FROM leads m WHERE m.tenant = $1 AND m.merged_into = within.lead_id))))`

// Near counts the leads that were captured first from an instant up to another and have not become MQL, by their score as it was last evaluated: the
// highest that one ever had is not kept. Those that are kept out of hand-offs are none.
func (r *Reading) Near(ctx context.Context, from, to time.Time) (map[int64]int64, error) {
	near := map[int64]int64{}
	var score, n int64
	err := each(ctx, r.tx, []any{&score, &n}, func() error {
		near[score] = n
		return nil
	}, `
WITH `+capturedSQL+`
SELECT l.score, count(*) FROM captured c JOIN leads l ON l.tenant = $1 AND l.lead_id = c.lead_id
WHERE coalesce(l.first_qualified_at, l.qualified_at) IS NULL AND l.stage IN ('Inquiry', 'Held') AND NOT l.before_go_live
GROUP BY 1`, r.ledger.tenant, []time.Time{from, to})
	return near, err
}
