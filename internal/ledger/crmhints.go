// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// keepHints is how long a hint is kept after what it was about was read: whoever sends webhooks tries again for a day.
const keepHints = 3 * 24 * time.Hour

// CRMHints are the oldest hints that wait.
func (l *Ledger) CRMHints(ctx context.Context, limit int) ([]CRMHint, error) {
	rows, err := l.pool.Query(ctx, `SELECT id, record_id FROM crm_hints WHERE tenant = $1 AND done_at IS NULL ORDER BY id LIMIT $2`, l.tenant, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[CRMHint])
}

// NoteHints keeps hints, each event once.
func (l *Ledger) NoteHints(ctx context.Context, hints []Hinted) error {
	events, records := make([]string, len(hints)), make([]string, len(hints))
	for i, h := range hints {
		events[i], records[i] = h.Event, h.Record
	}
	// In the order of the keys, so that two requests with the same events wait for each other instead of deadlocking.
	_, err := l.pool.Exec(ctx, `
INSERT INTO crm_hints (tenant, event_id, record_id)
SELECT $1, event_id, record_id FROM unnest($2::text[], $3::text[]) AS h (event_id, record_id) ORDER BY event_id COLLATE "C"
ON CONFLICT DO NOTHING`, l.tenant, events, records)
	return err
}

// SweepHints forgets what was done long ago.
func (l *Ledger) SweepHints(ctx context.Context) error {
	_, err := l.pool.Exec(ctx, `
DELETE FROM crm_hints WHERE id = ANY (ARRAY(
    SELECT id FROM crm_hints WHERE tenant = $1 AND done_at < (SELECT clock_timestamp() - $2::interval) ORDER BY done_at LIMIT 100000))`, l.tenant, keepHints)
	return err
}
