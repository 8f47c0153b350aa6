// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Missed is a lead that missed a clause, and what is known of why.
type Missed struct {
	Lead       string
	Cycle      int
	Obligation sla.Obligation

	Rep        string // its owner when the clock ended or ran out; empty: nobody
	Source     string // value of the field that was asked for
	NoCapacity bool   // nobody was available when it was to be routed
	Reassigned bool   // it had more than one owner
	LoggedLate bool   // a touch was logged too late to count
	Missing    []string
}

// ownerAtSQL is the owner of obligation o's lead, in its cycle, when the clock ended or ran out.
const ownerAtSQL = `coalesce((SELECT h.rep FROM choices h WHERE h.tenant = $1 AND h.lead_id = o.lead_id AND h.cycle = o.cycle
        AND h.at <= coalesce(o.stopped_at, o.due_at, h.at) ORDER BY h.at DESC, h.id DESC LIMIT 1), '')`

// sourceOf is the value of the field $3 of a lead.
func sourceOf(row string) string { return shortField(row+".record", "$3") }

// shortField is as much of a field of a record as names a source: where it is the address of a page, what follows tells leads apart, and a report with a
// hundred of them would fit into no ConfigMap.
func shortField(record, field string) string {
	return `coalesce(CASE WHEN ` + field + ` <> '' THEN left(` + record + ` ->> ` + field + `, 80) END, '')`
}

var missedSQL = `
SELECT o.lead_id, o.cycle, o.clause, o.tier, o.period, o.started_at, o.due_at, o.stopped_at, ` + ownerAtSQL + `, ` + sourceOf("l") + `,
    CASE WHEN l.cycle = o.cycle THEN l.no_capacity ELSE coalesce((c.stamps ->> 'NoCapacity')::boolean, false) END,
    (SELECT count(DISTINCT h.rep) > 1 FROM choices h WHERE h.tenant = $1 AND h.lead_id = o.lead_id AND h.cycle = o.cycle),
    o.clause = 'firstContact' AND EXISTS (SELECT 1 FROM events e WHERE e.tenant = $1 AND e.lead_id = o.lead_id AND e.kind = 'touch'
        AND e.time >= o.started_at AND (e.data ->> 'loggedAt')::timestamptz > e.time + $4::interval),
    CASE WHEN o.clause <> 'completeness' THEN NULL WHEN l.cycle = o.cycle THEN l.reached_missing
        ELSE ARRAY(SELECT jsonb_array_elements_text(nullif(c.stamps #> '{Reached,Missing}', 'null'))) END
FROM obligations o JOIN leads l USING (tenant, lead_id)
LEFT JOIN cycles c ON c.tenant = $1 AND c.lead_id = o.lead_id AND c.cycle = o.cycle
WHERE o.tenant = $1 AND o.period = ANY($2) AND o.state = 'Missed'
ORDER BY o.clause, o.tier, coalesce(o.stopped_at, clock_timestamp()) - o.due_at DESC NULLS LAST, o.lead_id COLLATE "C", o.cycle`

// Missed are the leads that missed a clause in the periods, those that missed it by most first, within each clause and tier. source is the field of
// the record that says where a lead came from; empty: none does.
func (r *Reading) Missed(ctx context.Context, source string, periods ...sla.Period) ([]Missed, error) {
	rows, err := r.tx.Query(ctx, missedSQL, r.ledger.tenant, periods, source, lead.LateLogged)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Missed, error) {
		m := Missed{Obligation: sla.Obligation{State: sla.Missed}}
		var start, due, stop *time.Time
		o := &m.Obligation
		err := row.Scan(&m.Lead, &m.Cycle, &o.Clause, &o.Tier, &o.Period, &start, &due, &stop, &m.Rep, &m.Source,
			&m.NoCapacity, &m.Reassigned, &m.LoggedLate, &m.Missing)
		o.Start, o.Due, o.Stop = utc(start), utc(due), utc(stop)
		return m, err
	})
}

// Kept counts the leads of one clause, tier, owner and source that were judged.
type Kept struct {
	Clause      sla.Clause
	Tier        string
	Rep, Source string // as in Missed
	Met, Missed int64
}

// Kept are all leads that were judged in the periods by a clause, by who owned them and where they came from.
func (r *Reading) Kept(ctx context.Context, source string, periods ...sla.Period) ([]Kept, error) {
	rows, err := r.tx.Query(ctx, `
SELECT clause, tier, rep, source, count(*) FILTER (WHERE state = 'Met'), count(*) FILTER (WHERE state = 'Missed') FROM (
    SELECT o.clause COLLATE "C" AS clause, o.tier COLLATE "C" AS tier, o.state,
        `+ownerAtSQL+` COLLATE "C" AS rep, `+sourceOf("l")+` COLLATE "C" AS source
    FROM obligations o JOIN leads l USING (tenant, lead_id)
    WHERE o.tenant = $1 AND o.period = ANY($2) AND o.state IN ('Met', 'Missed')) AS judged
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`, r.ledger.tenant, periods, source)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Kept])
}

// Ruled is what was said of a rejection that was contested.
type Ruled struct {
	Lead   string
	At     time.Time
	Ruling lead.Ruling
	Reason string // code of the rejection that it is about; empty: it had none
	Open   bool   // of one that was opened: nobody ruled on it before the end
}

// Contested is what was said of rejections from an instant up to another, in order of time, and which of them were opened and not ruled on by then.
// A dispute is the lead's latest: opening it again says nothing new.
func (r *Reading) Contested(ctx context.Context, from, to time.Time) ([]Ruled, error) {
	rows, err := r.tx.Query(ctx, `
SELECT s.lead_id, e.time, e.data ->> 'ruling',
    coalesce((SELECT CASE WHEN (d.data ->> 'coded')::boolean THEN d.data ->> 'reason' END FROM events d
        WHERE d.tenant = $1 AND d.lead_id = ANY(s.ids) AND d.kind = 'disposition' AND d.data ->> 'outcome' IN ('Recycled', 'Disqualified')
          AND (d.time, d.seq) < (e.time, e.seq) ORDER BY d.time DESC, d.seq DESC LIMIT 1), ''),
    e.data ->> 'ruling' = 'Opened' AND NOT EXISTS (SELECT 1 FROM events n WHERE n.tenant = $1 AND n.lead_id = ANY(s.ids) AND n.kind = 'contested'
        AND (n.time, n.seq) > (e.time, e.seq) AND n.time < $3)
FROM events e,
    LATERAL (SELECT coalesce(merged_into, lead_id) AS lead_id FROM leads WHERE tenant = $1 AND lead_id = e.lead_id OFFSET 0) AS left_over, LATERAL (
    SELECT left_over.lead_id, ARRAY(SELECT left_over.lead_id UNION ALL
        SELECT m.lead_id FROM leads m WHERE m.tenant = $1 AND m.merged_into = left_over.lead_id) AS ids) AS s
WHERE e.tenant = $1 AND e.kind = 'contested' AND e.time >= $2 AND e.time < $3
ORDER BY e.time, e.seq`, r.ledger.tenant, from, to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Ruled, err error) {
		err = row.Scan(&c.Lead, &c.At, &c.Ruling, &c.Reason, &c.Open)
		c.At = c.At.UTC()
		return c, err
	})
}

// FedBack is what sales said of a lead, without words of its own: those stay in the ledger.
type FedBack struct {
	Lead       string
	At         time.Time
	Rating     int64 // 0: none
	Categories []string
	Source     string
	Reason     string // code of the rejection that it is about; empty: none, or without a code
}

// FedBack is the feedback from an instant up to another, in order of time.
func (r *Reading) FedBack(ctx context.Context, source string, from, to time.Time) ([]FedBack, error) {
	rows, err := r.tx.Query(ctx, `
SELECT s.lead_id, e.time, coalesce((e.data ->> 'rating')::bigint, 0),
    ARRAY(SELECT jsonb_array_elements_text(coalesce(e.data -> 'categories', '[]')) ORDER BY 1), `+sourceOf("s")+`,
    coalesce((SELECT CASE WHEN (d.data ->> 'coded')::boolean THEN d.data ->> 'reason' END FROM events d
        WHERE d.tenant = $1 AND d.lead_id = ANY(ARRAY[e.lead_id, s.lead_id]) AND d.kind = 'disposition'
          AND d.data ->> 'outcome' IN ('Recycled', 'Disqualified') ORDER BY d.time DESC, d.seq DESC LIMIT 1), '')
FROM events e, `+leftSQL+`
WHERE e.tenant = $1 AND e.kind = 'feedback' AND e.time >= $2 AND e.time < $4 ORDER BY e.time, e.seq`, r.ledger.tenant, from, source, to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f FedBack, err error) {
		err = row.Scan(&f.Lead, &f.At, &f.Rating, &f.Categories, &f.Source, &f.Reason)
		f.At = f.At.UTC()
		return f, err
	})
}
