// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

// recordsOf are the ids by which records are those of a lead l: its own, and those of leads that were merged into it.
const recordsOf = `ARRAY(SELECT l.lead_id UNION ALL SELECT m.lead_id FROM leads m WHERE m.tenant = l.tenant AND m.merged_into = l.lead_id)`

// awaited is true of a lead l whose owner the CRM is to be told, and which is delivered by just that: no clock of it is to be told.
const awaited = `(l.awaits_crm AND l.acknowledged_at IS NULL AND clause = 'delivery')`

// outgoingSQL reads how leads stand, all as of one instant. The record is one that can be written rather than one that is gone, and rather the lead's
// own.
const outgoingSQL = `
SELECT u.position, b.lead_id, b.version, b.changed_at, l.stage, l.score, l.missing, l.cycle, coalesce(l.owner, ''), coalesce(l.pool, ''),
    coalesce(l.bundle_sequence, l.reached_sequence, 0), coalesce(l.definition_revision, ''), l.disposed_at, l.qualified_at,
    l.first_touch_at, l.attempts, coalesce(c.clause, ''), c.due_at, coalesce(m.clauses, '{}'), b.content, coalesce(n.key, ''), coalesce(n.why, ''),
    ` + knownColumns + `
FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS u (id, token, position)
JOIN outbox b ON b.tenant = $1 AND b.id = u.id AND b.live = u.token
JOIN leads l USING (tenant, lead_id)
LEFT JOIN LATERAL (SELECT clause, due_at FROM obligations o WHERE o.tenant = b.tenant AND o.lead_id = b.lead_id AND o.cycle = l.cycle
    AND state = 'Open' AND due_at IS NOT NULL AND NOT ` + awaited + ` ORDER BY due_at, clause LIMIT 1) AS c ON true
LEFT JOIN LATERAL (SELECT array_agg(clause ORDER BY clause COLLATE "C") AS clauses FROM obligations o WHERE o.tenant = b.tenant
    AND o.lead_id = b.lead_id AND o.cycle = l.cycle AND state = 'Missed' AND due_at IS NOT NULL AND stopped_at IS NULL AND NOT ` + awaited + `) AS m ON true
LEFT JOIN LATERAL (SELECT * FROM crm_records k WHERE k.tenant = b.tenant AND k.lead_id = ANY (` + recordsOf + `)
    AND (k.lead_id = b.lead_id OR k.gone = '')
    ORDER BY k.gone <> '', k.lead_id <> b.lead_id, k.record_id <> k.lead_id, k.modified_at DESC NULLS LAST, k.record_id COLLATE "C" LIMIT 1) AS r ON true
LEFT JOIN LATERAL (SELECT key, why FROM crm_set_backs s WHERE s.tenant = b.tenant AND s.record_id = r.record_id AND s.noted_at IS NULL AND NOT s.stopped
    ORDER BY s.id LIMIT 1) AS n ON true`

// OutgoingMany is Outgoing of many jobs, in their order.
func (l *Ledger) OutgoingMany(ctx context.Context, jobs []OutgoingJob) ([]*Standing, error) {
	outboxes, tokens, ids := make([]int64, len(jobs)), make([]int64, len(jobs)), make([]int64, len(jobs))
	for i, j := range jobs {
		outboxes[i], tokens[i], ids[i] = j.Args.Outbox, j.Args.Token, j.Job
	}
	_, err := l.pool.Exec(ctx, `
WITH again AS (
    SELECT b.id, u.token FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS u (id, token, job)
    JOIN outbox b ON b.tenant = $1 AND b.id = u.id AND b.live IS NULL AND b.parked = u.job
    ORDER BY b.lead_id COLLATE "C" FOR UPDATE OF b)
UPDATE outbox b SET live = again.token, parked = NULL FROM again WHERE b.tenant = $1 AND b.id = again.id AND b.live IS NULL`, l.tenant, outboxes, tokens, ids)
	if err != nil {
		return nil, err
	}
	rows, err := l.pool.Query(ctx, outgoingSQL, l.tenant, outboxes, tokens)
	if err != nil {
		return nil, err
	}
	standings := make([]*Standing, len(jobs))
	disposed := map[string]time.Time{}
	defer rows.Close()
	for rows.Next() {
		var o outgoing
		if err := rows.Scan(o.targets()...); err != nil {
			return nil, err
		}
		s := o.standing()
		if standings[o.position-1] = s; o.disposed != nil {
			disposed[s.Lead] = utc(o.since)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rulings, err := l.rulings(ctx, disposed)
	for _, s := range standings {
		if s != nil {
			s.Rulings = rulings[s.Lead]
		}
	}
	return standings, err
}

// outgoing receives a row of outgoingSQL.
type outgoing struct {
	s                             Standing
	position                      int
	disposed, since, due, touched *time.Time
	key, why                      string
	known                         knownScan
}

func (o *outgoing) targets() []any {
	s := &o.s
	return append([]any{
		&o.position, &s.Lead, &s.Version, &s.Changed, &s.Stage, &s.Score, &s.Missing, &s.Cycle, &s.Owner, &s.Pool, &s.JudgedBy, &s.Definition,
		&o.disposed, &o.since, &o.touched, &s.Attempts, &s.Clause, &o.due, &s.Overdue, &s.Content, &o.key, &o.why,
	}, o.known.targets()...)
}

func (o *outgoing) standing() *Standing {
	s := o.s
	s.Changed, s.Due, s.FirstTouchAt, s.Known = s.Changed.UTC(), utc(o.due), utc(o.touched), o.known.known()
	if o.key != "" {
		s.Note = &crm.Note{Record: s.Known.Record, Key: o.key, Text: o.why}
	}
	return &s
}

// rulings of leads since an instant each.
func (l *Ledger) rulings(ctx context.Context, since map[string]time.Time) (map[string][]lead.Event, error) {
	if len(since) == 0 {
		return nil, nil
	}
	leads := sortedKeys(since)
	times := make([]time.Time, len(leads))
	for i, id := range leads {
		times[i] = since[id]
	}
	//nolint:rowserrcheck // ForEachRow checks it
	rows, err := l.pool.Query(ctx, `
SELECT e.lead_id, seq, kind, time, data FROM unnest($2::text[], $3::timestamptz[]) AS u (lead_id, since)
JOIN events e ON e.tenant = $1 AND e.lead_id = u.lead_id AND e.time >= u.since AND e.kind IN ($4, $5) ORDER BY time, seq`,
		l.tenant, leads, times, lead.KindDisposition, lead.KindContested)
	if err != nil {
		return nil, err
	}
	rulings := map[string][]lead.Event{}
	var id string
	var seq int64
	var kind lead.Kind
	var at time.Time
	var data stored
	_, err = pgx.ForEachRow(rows, []any{&id, &seq, &kind, &at, &data}, func() error {
		rulings[id] = append(rulings[id], domain(seq, kind, at, data))
		data = stored{}
		return nil
	})
	return rulings, err
}
