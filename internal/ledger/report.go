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
	Unmarked int64 // obligations of the period whose deadline has passed, but which nobody has marked yet
}

// Backlog of a period. Obligations of leads with work are not marked until that is done: they are waited for with their leads.
func (l *Ledger) Backlog(ctx context.Context, period sla.Period) (Backlog, error) {
	var b Backlog
	err := l.pool.QueryRow(ctx, `
SELECT count(*) FILTER (WHERE NOT stuck), count(*) FILTER (WHERE stuck), (
    SELECT count(*) FROM obligations o WHERE tenant = $1 AND period = $2 AND state = 'Open' AND due_at < clock_timestamp()
      AND `+workedOff+`)
FROM (SELECT bool_and(`+stuck+`) AS stuck
      FROM work w WHERE tenant = $1 GROUP BY lead_id) AS leads`, l.tenant, period).Scan(&b.Waiting, &b.Stuck, &b.Unmarked)
	return b, err
}

// Missed is a lead that missed a clause.
type Missed struct {
	Lead       string
	Obligation sla.Obligation
}

// Worst are the leads that missed a clause in a period by most, up to limit of each clause and tier.
func (l *Ledger) Worst(ctx context.Context, period sla.Period, limit int) ([]Missed, error) {
	rows, err := l.pool.Query(ctx, `
SELECT lead_id, clause, tier, started_at, due_at, stopped_at FROM (
    SELECT *, row_number() OVER (PARTITION BY clause, tier
        ORDER BY coalesce(stopped_at, clock_timestamp()) - due_at DESC NULLS LAST, lead_id) AS rank
    FROM obligations WHERE tenant = $1 AND period = $2 AND state = 'Missed') AS ranked
WHERE rank <= $3 ORDER BY clause, tier, rank`, l.tenant, period, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Missed, error) {
		m := Missed{Obligation: sla.Obligation{State: sla.Missed, Period: period}}
		var start, due, stop *time.Time
		err := row.Scan(&m.Lead, &m.Obligation.Clause, &m.Obligation.Tier, &start, &due, &stop)
		m.Obligation.Start, m.Obligation.Due, m.Obligation.Stop = utc(start), utc(due), utc(stop)
		return m, err
	})
}

// Flow counts what happened in a stretch of time.
type Flow struct {
	Captured  int64 // leads whose first event falls into it; those that were merged are one
	Qualified int64 // leads that became MQL in it, for the first time
	Held      int64 // leads that reached a path in it and still wait for a required field
}

// Flow of the leads from an instant up to another, exclusive.
func (l *Ledger) Flow(ctx context.Context, from, to time.Time) (Flow, error) {
	var f Flow
	err := l.pool.QueryRow(ctx, `
SELECT (SELECT count(*) FROM (SELECT min(time) AS first FROM events JOIN leads USING (tenant, lead_id) WHERE tenant = $1
            GROUP BY coalesce(merged_into, lead_id)) AS leads
        WHERE first >= $2 AND first < $3),
    count(*) FILTER (WHERE coalesce(first_qualified_at, qualified_at) >= $2 AND coalesce(first_qualified_at, qualified_at) < $3
        AND NOT before_go_live),
    count(*) FILTER (WHERE stage = 'Held' AND reached_at >= $2 AND reached_at < $3)
FROM leads WHERE tenant = $1`, l.tenant, from, to).Scan(&f.Captured, &f.Qualified, &f.Held)
	return f, err
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

// disposedSQL takes what was said of a lead that was merged as said of the one that is left, by the events of all of them.
const disposedSQL = `
WITH said AS MATERIALIZED (
    SELECT e.seq, e.time, e.data, e.data ->> 'outcome' IN ('Recycled', 'Disqualified') AS rejects, s.lead_id, s.qualified_at,
        ARRAY(SELECT s.lead_id UNION ALL SELECT m.lead_id FROM leads m WHERE m.tenant = $1 AND m.merged_into = s.lead_id) AS ids
    FROM events e JOIN leads l USING (tenant, lead_id) JOIN leads s ON s.tenant = $1 AND s.lead_id = coalesce(l.merged_into, l.lead_id)
    WHERE e.tenant = $1 AND e.kind = 'disposition' AND e.time >= $2 AND e.time < $3)
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
func (l *Ledger) Disposed(ctx context.Context, from, to time.Time) ([]Disposed, error) {
	rows, err := l.pool.Query(ctx, disposedSQL, l.tenant, from, to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Disposed])
}

// Switch is a pair and since when it was in force.
type Switch struct {
	Sequence          int64
	Definition, Terms string // names of the revisions
	Since             time.Time
}

// Switches are the pairs that were in force at any time from an instant up to another, exclusive, and those by which any lead is
// judged in the period; oldest first. A pair that a later one superseded before its time came was never in force. Leads that were brought in
// later are judged by a later pair than the one of their time.
func (l *Ledger) Switches(ctx context.Context, period sla.Period, from, to time.Time) ([]Switch, error) {
	rows, err := l.pool.Query(ctx, `
SELECT sequence, bundle #>> '{definitionRevision,name}', bundle #>> '{termsRevision,name}', since FROM (
    SELECT *, min(since) OVER (ORDER BY sequence ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
    FROM in_force WHERE tenant = $1) AS pairs
WHERE (since < $3 AND since <= clock_timestamp() AND (until IS NULL OR (until > $2 AND until > since)))
   OR sequence IN (SELECT coalesce(l.bundle_sequence, l.reached_sequence) FROM leads l JOIN obligations o USING (tenant, lead_id, cycle)
        WHERE tenant = $1 AND period = $4)
   OR sequence IN (SELECT c.bundle_sequence FROM cycles c JOIN obligations o USING (tenant, lead_id, cycle) WHERE tenant = $1 AND period = $4)
ORDER BY sequence`, l.tenant, from, to, period)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Switch, err error) {
		err = row.Scan(&s.Sequence, &s.Definition, &s.Terms, &s.Since)
		s.Since = s.Since.UTC()
		return s, err
	})
}
