// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/sla"
)

// EachEvent calls f for the events of the tenant, in the order in which they came; of one lead alone when it is named. They are read as they are
// asked for, so that any number takes the same memory.
func (r *Reading) EachEvent(ctx context.Context, one string, f func(Arrival) error) error {
	rows, err := r.tx.Query(ctx, `
SELECT seq, lead_id, source, event_id, kind, time, received_at, coalesce(scored_by, 0), scored_at, data, content_hash FROM events
WHERE tenant = $1 AND ($2 = '' OR lead_id = $2) ORDER BY seq`, r.ledger.tenant, one)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a Arrival
		var scored *time.Time
		var data, hash []byte
		if err := rows.Scan(&a.Sequence, &a.Lead, &a.Source, &a.ID, &a.Kind, &a.Time, &a.Received, &a.ScoredBy, &scored, &data, &hash); err != nil {
			return err
		}
		a.Time, a.Received, a.ScoredAt = a.Time.UTC(), a.Received.UTC(), utc(scored)
		if a.Data, err = asSent(a, data, hash); err != nil {
			return err
		}
		if err := f(a); err != nil {
			return err
		}
	}
	return rows.Err()
}

// asSent is the data of an event without what we added: an outcome that was left to the reason. The hash of what was sent says which it was, so
// that an event which is sent again is the same.
func asSent(a Arrival, data, hash []byte) (json.RawMessage, error) {
	var kept stored
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, fmt.Errorf("data of event %d: %w", a.Sequence, err)
	}
	sent := kept.Data
	sent.Outcome = kept.Outcome
	if kept.Coded {
		bare := sent
		bare.Outcome = ""
		_, bareHash, err := Entry{Lead: a.Lead, Kind: a.Kind, Time: a.Time, Data: bare}.encode()
		if err != nil {
			return nil, err
		}
		if bytes.Equal(bareHash, hash) {
			sent = bare
		}
	}
	return json.Marshal(sent)
}

// EachLead calls f with what the ledger keeps of each lead beside its events, as an object: no record of it, and so nothing personal but
// what its id and its account may be.
func (r *Reading) EachLead(ctx context.Context, one string, f func(json.RawMessage) error) error {
	return r.eachObject(ctx, `
SELECT to_jsonb(l) - '{tenant,record,identity,alone}'::text[] || jsonb_build_object('linked_to', linked_to(l.tenant, l.lead_id)) FROM leads l WHERE tenant = $1 AND ($2 = '' OR lead_id = $2)
ORDER BY lead_id COLLATE "C"`, one, f)
}

// EachObligation calls f with each obligation, as an object.
func (r *Reading) EachObligation(ctx context.Context, one string, f func(json.RawMessage) error) error {
	return r.eachObject(ctx, `
SELECT to_jsonb(o) - 'tenant' FROM obligations o WHERE tenant = $1 AND ($2 = '' OR lead_id = $2)
ORDER BY lead_id COLLATE "C", cycle, clause COLLATE "C"`, one, f)
}

func (r *Reading) eachObject(ctx context.Context, sql, one string, f func(json.RawMessage) error) error {
	rows, err := r.tx.Query(ctx, sql, r.ledger.tenant, one) //nolint:rowserrcheck // ForEachRow checks it
	if err != nil {
		return err
	}
	var object json.RawMessage
	_, err = pgx.ForEachRow(rows, []any{&object}, func() error { return f(object) })
	return err
}

func (r *Reading) objects(ctx context.Context, sql, one string) (all []json.RawMessage, err error) {
	err = r.eachObject(ctx, sql, one, func(object json.RawMessage) error {
		all = append(all, bytes.Clone(object))
		return nil
	})
	return all, err
}

// Personal is what the ledger keeps of one lead beside its events, obligations and cycles: its row with its record.
func (r *Reading) Personal(ctx context.Context, one string) (row json.RawMessage, err error) {
	err = r.tx.QueryRow(ctx, `SELECT to_jsonb(l) - '{tenant,identity}'::text[] || jsonb_build_object('linked_to', linked_to(l.tenant, l.lead_id)) FROM leads l WHERE tenant = $1 AND lead_id = $2`,
		r.ledger.tenant, one).Scan(&row)
	return row, err
}

// CRMRecords are what the ledger keeps of a lead's records in the CRM, as objects: times, hashes, and what Handoff wrote.
func (r *Reading) CRMRecords(ctx context.Context, one string) ([]json.RawMessage, error) {
	return r.objects(ctx, `
SELECT to_jsonb(c) - 'tenant' || jsonb_build_object(
    'set_back', coalesce((SELECT jsonb_agg(to_jsonb(s) - '{tenant,record_id,lead_id}'::text[] ORDER BY s.id)
        FROM crm_set_backs s WHERE s.tenant = c.tenant AND s.record_id = c.record_id AND s.lead_id = c.lead_id), '[]'),
    'hints', coalesce((SELECT jsonb_agg(to_jsonb(h) - '{tenant,record_id}'::text[] ORDER BY h.id)
        FROM crm_hints h WHERE h.tenant = c.tenant AND h.record_id = c.record_id), '[]'))
FROM crm_records c WHERE tenant = $1 AND lead_id = $2 ORDER BY record_id COLLATE "C"`, one)
}

// EventCount is about how many rows a table has, for a progress bar: the planner's estimate for all, exact for one lead.
func (r *Reading) EventCount(ctx context.Context, table, one string) (n int64, err error) {
	if one != "" {
		err = r.tx.QueryRow(ctx, `SELECT count(*) FROM `+quoted(table)+` WHERE tenant = $1 AND lead_id = $2`, r.ledger.tenant, one).Scan(&n)
		return n, err
	}
	err = r.tx.QueryRow(ctx, `SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass($1)`, Schema+"."+quoted(table)).Scan(&n)
	return n, err
}

// Periods in which any obligation is or was judged, in order.
func (r *Reading) Periods(ctx context.Context) ([]sla.Period, error) {
	rows, err := r.tx.Query(ctx, periodsSQL, r.ledger.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[sla.Period])
}
