// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// notScored stands for the pair that scored it at what is never scored.
const notScored = -1

// refused are the entries that are not taken, but kept as refused.
type refused struct {
	entries []Entry
	hashes  [][]byte
}

func (r *refused) add(e Entry, hash []byte) {
	r.entries, r.hashes = append(r.entries, e), append(r.hashes, hash)
}

// leads of them, each of which gets a row and work, as with an event that is taken.
func (r *refused) leads() []string {
	leads := map[string]bool{}
	for _, e := range r.entries {
		leads[e.Lead] = true
	}
	return sortedKeys(leads)
}

// keepRefused keeps what was refused, each identity once. What is an event already, with the same content, was taken under other terms: it is none of
// them. The rows come after those of events and leads, in the order of their identity, so that two requests wait for each other instead of deadlocking.
func (l *Ledger) keepRefused(ctx context.Context, tx pgx.Tx, r refused) (taken map[identity]bool, err error) {
	if len(r.entries) == 0 {
		return nil, nil
	}
	var c columns
	for i, e := range r.entries {
		c.add(e, nil, r.hashes[i])
	}
	known, err := l.contentOf(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	taken = map[identity]bool{}
	c = columns{}
	var outcomes []string
	for i, e := range r.entries {
		if key := (identity{e.Source, e.ID}); bytes.Equal(known[key], r.hashes[i]) {
			taken[key] = true
			continue
		}
		c.add(e, nil, nil)
		outcomes = append(outcomes, string(e.Data.Outcome))
	}
	_, err = tx.Exec(ctx, `
INSERT INTO refusals (seq, tenant, source, event_id, lead_id, time, outcome)
SELECT nextval(pg_get_serial_sequence('events', 'seq')), $1, source, event_id, lead_id, time, outcome
FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[]) AS told (source, event_id, lead_id, time, outcome)
ORDER BY source COLLATE "C", event_id COLLATE "C"
ON CONFLICT (tenant, source, event_id) DO NOTHING`, l.tenant, c.sources, c.ids, c.leads, c.times, outcomes)
	return taken, err
}

// historySQL reads the events of leads and what was refused of them, in order.
const historySQL = `
SELECT lead_id, seq, kind, time, data, coalesce(scored_by, 0) FROM events WHERE tenant = $1 AND lead_id = ANY($2)
UNION ALL
SELECT lead_id, seq, '` + string(lead.KindRefused) + `', time, jsonb_build_object('outcome', outcome), $3::bigint FROM refusals
WHERE tenant = $1 AND lead_id = ANY($2)
ORDER BY time, seq`

// Refusal is an attempt to reject a lead without a reason code, which was refused.
type Refusal struct {
	Lead     string       `json:"lead"`
	Source   string       `json:"source"`
	ID       string       `json:"id"` // of the event
	Time     time.Time    `json:"time"`
	Received time.Time    `json:"received"`
	Outcome  lead.Outcome `json:"outcome"`
}

// EachRefusal calls f with what was refused, in the order in which it came; of one lead alone when it is named.
func (r *Reading) EachRefusal(ctx context.Context, one string, f func(Refusal) error) error {
	const sql = `SELECT lead_id, source, event_id, time, received_at, outcome FROM refusals
WHERE tenant = $1 AND ($2 = '' OR lead_id = $2) ORDER BY seq`
	rows, err := r.tx.Query(ctx, sql, r.ledger.tenant, one) //nolint:rowserrcheck // ForEachRow checks it
	if err != nil {
		return err
	}
	var x Refusal
	_, err = pgx.ForEachRow(rows, []any{&x.Lead, &x.Source, &x.ID, &x.Time, &x.Received, &x.Outcome}, func() error {
		x.Time, x.Received = x.Time.UTC(), x.Received.UTC()
		return f(x)
	})
	return err
}

// refusals of a lead and those merged into it, as what arrived of it.
func (r *Reading) refusals(ctx context.Context, sequences []int64, one string) ([]Arrival, error) {
	rows, err := r.tx.Query(ctx, `SELECT seq, lead_id, source, event_id, time, received_at, outcome FROM refusals
WHERE tenant = $1 AND (seq = ANY($2) OR lead_id = $3)`, r.ledger.tenant, sequences, one)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Arrival, error) {
		a := Arrival{Kind: lead.KindRefused}
		var d Data
		if err := row.Scan(&a.Sequence, &a.Lead, &a.Source, &a.ID, &a.Time, &a.Received, &d.Outcome); err != nil {
			return a, err
		}
		a.Time, a.Received = a.Time.UTC(), a.Received.UTC()
		data, err := json.Marshal(d)
		a.Data = data
		return a, err
	})
}
