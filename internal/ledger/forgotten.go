// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"

	"github.com/jackc/pgx/v5"
)

// forgottenAmong says which of the leads were erased. The database keeps no id of them, only hashes with a key.
func (l *Ledger) forgottenAmong(ctx context.Context, tx pgx.Tx, ids []string) (map[string]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var some bool // mostly nobody was, and nothing is to be hashed
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM forgotten WHERE tenant = $1)`, l.tenant).Scan(&some)
	if err != nil || !some {
		return nil, err
	}
	key, err := l.erasureKey(ctx, tx)
	if err != nil {
		return nil, err
	}
	hashes, byHash := make([][]byte, len(ids)), make(map[string]string, len(ids))
	for i, id := range ids {
		hashes[i] = hashOf(key, id)
		byHash[string(hashes[i])] = id
	}
	var hash []byte
	forgotten := map[string]bool{}
	err = each(ctx, tx, []any{&hash}, func() error {
		forgotten[byHash[string(hash)]] = true
		return nil
	}, `SELECT lead_hash FROM forgotten WHERE tenant = $1 AND lead_hash = ANY($2)`, l.tenant, hashes)
	return forgotten, err
}

// erasureKey never changes once the schema is there, so it is read once. It is written to no log and to no answer.
func (l *Ledger) erasureKey(ctx context.Context, tx pgx.Tx) ([]byte, error) {
	if key := l.forgetting.Load(); key != nil {
		return *key, nil
	}
	var key []byte
	if err := tx.QueryRow(ctx, `SELECT key FROM erasure_key`).Scan(&key); err != nil {
		return nil, err
	}
	l.forgetting.Store(&key)
	return key, nil
}

func hashOf(key []byte, id string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id))
	return h.Sum(nil)
}

// takeBack takes back the events of leads that were erased, and the rows of the leads that they made. fresh are the leads that had no row
// before: an erased lead has none under its id, so there is nothing to look up for all others.
func (l *Ledger) takeBack(ctx context.Context, tx pgx.Tx, fresh []string) (map[string]bool, error) {
	forgotten, err := l.forgottenAmong(ctx, tx, fresh)
	if err != nil || len(forgotten) == 0 {
		return nil, err
	}
	if err := l.dropAgain(ctx, tx, sortedKeys(forgotten)); err != nil {
		return nil, err
	}
	// What else was made for their events alone: the row of a lead that should have taken one of them in.
	_, err = tx.Exec(ctx, `
WITH idle AS (DELETE FROM leads l WHERE tenant = $1 AND lead_id = ANY($2)
    AND NOT EXISTS (SELECT 1 FROM events e WHERE e.tenant = $1 AND e.lead_id = l.lead_id)
    AND NOT EXISTS (SELECT 1 FROM refusals r WHERE r.tenant = $1 AND r.lead_id = l.lead_id)
    AND NOT EXISTS (SELECT 1 FROM merges m WHERE m.tenant = $1 AND m.merged = l.lead_id) RETURNING lead_id)
DELETE FROM work WHERE tenant = $1 AND lead_id IN (SELECT lead_id FROM idle)`, l.tenant, fresh)
	return forgotten, err
}

// dropAgain deletes what has arrived for leads that were erased, and what would tie others to them. There is nothing else under their ids.
func (l *Ledger) dropAgain(ctx context.Context, tx pgx.Tx, ids []string) error {
	for _, sql := range []string{
		`DELETE FROM events e USING merges m WHERE e.tenant = $1 AND m.tenant = $1 AND e.seq = m.seq AND m.merged = ANY($2)`,
		`DELETE FROM merges WHERE tenant = $1 AND (merged = ANY($2) OR lead_id = ANY($2))`,
		`DELETE FROM work WHERE tenant = $1 AND lead_id = ANY($2)`,
		`DELETE FROM traces WHERE tenant = $1 AND lead_id = ANY($2)`,
		`DELETE FROM events WHERE tenant = $1 AND lead_id = ANY($2)`,
		`DELETE FROM refusals WHERE tenant = $1 AND lead_id = ANY($2)`,
		`DELETE FROM leads WHERE tenant = $1 AND lead_id = ANY($2)`,
	} {
		if _, err := tx.Exec(ctx, sql, l.tenant, ids); err != nil {
			return err
		}
	}
	return nil
}

// settle makes sure that leads with work have a row. One has none when it was erased, or its history was retired, while an event of it was on
// its way: what arrives of an erased lead is dropped, any other begins anew. It is for leads that are locked; those without a row are
// returned locked too.
func (l *Ledger) settle(ctx context.Context, tx pgx.Tx, claimed []string, locked []*Lead) ([]*Lead, error) {
	known := make(map[string]bool, len(locked))
	var doubtful []string // never scored: the only ones that can be of somebody who was forgotten
	for _, one := range locked {
		known[one.ID] = true
		if neverScored(one) {
			doubtful = append(doubtful, one.ID)
		}
	}
	var missing []string
	for _, id := range claimed {
		if !known[id] {
			missing = append(missing, id)
		}
	}
	forgotten, err := l.forgottenAmong(ctx, tx, append(doubtful, missing...))
	if err != nil {
		return nil, err
	}
	if len(forgotten) > 0 {
		if err := l.dropAgain(ctx, tx, sortedKeys(forgotten)); err != nil {
			return nil, err
		}
	}
	var out []*Lead
	for _, one := range locked {
		if !forgotten[one.ID] {
			out = append(out, one)
		}
	}
	revived, err := l.revive(ctx, tx, missing)
	return append(out, revived...), err
}

func (l *Ledger) revive(ctx context.Context, tx pgx.Tx, missing []string) ([]*Lead, error) {
	if len(missing) == 0 {
		return nil, nil
	}
	var id string
	var ids []string
	err := each(ctx, tx, []any{&id}, func() error {
		ids = append(ids, id)
		return nil
	}, `
INSERT INTO leads (tenant, lead_id) SELECT $1, name FROM unnest($2::text[]) AS name
WHERE EXISTS (SELECT 1 FROM events WHERE tenant = $1 AND lead_id = name) OR EXISTS (SELECT 1 FROM refusals WHERE tenant = $1 AND lead_id = name)
ORDER BY name COLLATE "C"
ON CONFLICT DO NOTHING RETURNING lead_id`, l.tenant, missing)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return l.lock(ctx, tx, ids)
}

func neverScored(one *Lead) bool {
	for _, e := range one.Events {
		if e.ScoredBy > 0 {
			return false
		}
	}
	return true
}
