// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/crm"
)

// knownColumns of a row r of crm_records.
const knownColumns = `r.record_id, r.lead_id, r.modified_at, r.hashes, r.seen, r.wrote, r.wrote_at, r.restore, r.diverged_at,
    ARRAY(SELECT at FROM unnest(r.set_backs) AS at WHERE at > clock_timestamp() - interval '24 hours' ORDER BY at), r.stopped_at, coalesce(r.gone, '')`

// knownScan receives them; of no row, too.
type knownScan struct {
	record, lead                       *string
	modified, wroteAt, diverged, ended *time.Time
	hashes, seen, wrote, restore       map[string]string
	setBacks                           []time.Time
	gone                               crm.Gone
}

func (s *knownScan) targets() []any {
	return []any{
		&s.record, &s.lead, &s.modified, &s.hashes, &s.seen, &s.wrote, &s.wroteAt, &s.restore, &s.diverged, &s.setBacks, &s.ended, &s.gone,
	}
}

// known is nil where there is no row.
func (s *knownScan) known() *crm.Known {
	if s.record == nil {
		return nil
	}
	k := &crm.Known{
		Record: *s.record, Lead: *s.lead, Modified: utc(s.modified), Hashes: s.hashes, Seen: s.seen, Wrote: s.wrote, WroteAt: utc(s.wroteAt),
		Restore: s.restore, Diverged: utc(s.diverged), Stopped: utc(s.ended), Gone: s.gone,
	}
	for _, at := range s.setBacks {
		k.SetBacks = append(k.SetBacks, at.UTC())
	}
	return k
}

func scanKnown(row pgx.CollectableRow) (crm.Known, error) {
	var s knownScan
	if err := row.Scan(s.targets()...); err != nil {
		return crm.Known{}, err
	}
	return *s.known(), nil
}

// CRMKnown is what is known of records, by their ids.
func (l *Ledger) CRMKnown(ctx context.Context, records []string) (map[string]crm.Known, error) {
	rows, err := l.pool.Query(ctx, `SELECT `+knownColumns+` FROM crm_records r WHERE tenant = $1 AND record_id = ANY($2)`, l.tenant, records)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, scanKnown)
	known := make(map[string]crm.Known, len(all))
	for _, k := range all {
		known[k.Record] = k
	}
	return known, err
}

// CRMDiverged are records that hold, for longer than that, what the agreement does not allow, and that are to be set back; the oldest first.
func (l *Ledger) CRMDiverged(ctx context.Context, after time.Duration, limit int) ([]crm.Known, error) {
	rows, err := l.pool.Query(ctx, `
SELECT `+knownColumns+` FROM crm_records r
WHERE tenant = $1 AND diverged_at <= (SELECT clock_timestamp() - $2::interval) AND stopped_at IS NULL AND restore = '{}' AND gone = ''
ORDER BY diverged_at, record_id LIMIT $3`, l.tenant, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanKnown)
}

// takeKnown keeps what was read of records whose leads are there: whoever was erased meanwhile is not known any more. What was read before the latest
// write, or before what another worker read, says nothing but that the record is gone. What agrees is not to be set back any more. A record that the writer
// has made, or found, meanwhile is another lead's than was thought: it is to be read again, or that lead would be there twice.
func (l *Ledger) takeKnown(ctx context.Context, tx pgx.Tx, known []crm.Known, there map[string]int) error {
	known = slices.DeleteFunc(slices.Clone(known), func(k crm.Known) bool {
		_, is := there[k.Lead]
		return !is
	})
	if len(known) == 0 {
		return nil
	}
	slices.SortFunc(known, func(a, b crm.Known) int { return cmp.Compare(a.Record, b.Record) })
	known = slices.CompactFunc(known, func(a, b crm.Known) bool { return a.Record == b.Record })
	hashes, err := texts(known, func(k crm.Known) map[string]string { return k.Hashes })
	if err != nil {
		return err
	}
	seen, err := texts(known, func(k crm.Known) map[string]string { return k.Seen })
	if err != nil {
		return err
	}
	args := []any{l.tenant}
	for _, of := range []func([]crm.Known) any{
		eachOf(func(k crm.Known) string { return k.Record }),
		eachOf(func(k crm.Known) string { return k.Lead }),
		eachOf(func(k crm.Known) *time.Time { return orNull(k.Modified) }),
		func([]crm.Known) any { return hashes },
		func([]crm.Known) any { return seen },
		eachOf(func(k crm.Known) *time.Time { return orNull(k.Diverged) }),
		eachOf(func(k crm.Known) *time.Time { return orNull(k.Stopped) }),
		eachOf(func(k crm.Known) string { return string(k.Gone) }),
	} {
		args = append(args, of(known))
	}
	tag, err := tx.Exec(ctx, `
INSERT INTO crm_records AS r (tenant, record_id, lead_id, modified_at, hashes, seen, diverged_at, stopped_at, gone)
SELECT $1, record_id, lead_id, modified_at, hashes::jsonb, seen::jsonb, diverged_at, stopped_at, gone
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::text[])
    AS u (record_id, lead_id, modified_at, hashes, seen, diverged_at, stopped_at, gone)
ORDER BY record_id COLLATE "C"
ON CONFLICT (tenant, record_id) DO UPDATE SET gone = excluded.gone,
    modified_at = CASE WHEN `+overtaken+` THEN r.modified_at ELSE excluded.modified_at END,
    hashes = CASE WHEN `+overtaken+` THEN r.hashes ELSE excluded.hashes END,
    seen = CASE WHEN `+overtaken+` THEN r.seen ELSE excluded.seen END,
    diverged_at = CASE WHEN excluded.gone <> '' THEN NULL WHEN `+overtaken+` THEN r.diverged_at ELSE excluded.diverged_at END,
    stopped_at = CASE WHEN `+overtaken+` OR excluded.stopped_at IS NOT NULL THEN r.stopped_at END,
    restore = CASE WHEN excluded.gone <> '' OR excluded.diverged_at IS NULL AND NOT `+overtaken+` THEN '{}' ELSE r.restore END
WHERE r.lead_id = excluded.lead_id`, args...)
	if err == nil && tag.RowsAffected() < int64(len(known)) {
		return ErrCRMMoved
	}
	return err
}

// overtaken is true of what was read before the latest write, of which the CRM says nothing yet, and of what was read later by somebody else.
const overtaken = `((r.wrote_at > excluded.modified_at OR r.modified_at > excluded.modified_at) IS TRUE)`

// texts of maps, as JSON.
func texts[T any](rows []T, of func(T) map[string]string) ([]string, error) {
	out := make([]string, len(rows))
	for i, row := range rows {
		m := of(row)
		if m == nil {
			m = map[string]string{}
		}
		text, err := json.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("what is known of a record: %w", err)
		}
		out[i] = string(text)
	}
	return out, nil
}

// forgetRecords deletes what is kept of the CRM's records of leads, and says how much of it was still to be told.
func (l *Ledger) forgetRecords(ctx context.Context, tx pgx.Tx, leads []string) (untold int64, err error) {
	if err := l.forgetHints(ctx, tx, leads); err != nil {
		return 0, err
	}
	for _, sql := range []string{
		`DELETE FROM crm_records WHERE tenant = $1 AND lead_id = ANY($2)`,
		`WITH gone AS (DELETE FROM crm_set_backs WHERE tenant = $1 AND lead_id = ANY($2) RETURNING noted_at, stopped)
SELECT FROM gone WHERE noted_at IS NULL AND NOT stopped`,
	} {
		tag, err := tx.Exec(ctx, sql, l.tenant, leads)
		if err != nil {
			return untold, err
		}
		untold = tag.RowsAffected()
	}
	return untold, nil
}

// forgetHints deletes what webhooks said of leads whose records are known still.
func (l *Ledger) forgetHints(ctx context.Context, tx pgx.Tx, leads []string) error {
	_, err := tx.Exec(ctx, `
DELETE FROM crm_hints WHERE tenant = $1 AND (record_id = ANY($2)
    OR record_id IN (SELECT record_id FROM crm_records WHERE tenant = $1 AND lead_id = ANY($2)))`, l.tenant, leads)
	return err
}

// recordedAmong are those leads that the CRM has a record of which can be written, their own or that of one that was merged into them. nil when
// nobody asks.
func (l *Ledger) recordedAmong(ctx context.Context, tx pgx.Tx, leads []*Lead) (map[string]bool, error) {
	if e := l.wanted(); !e.Acknowledge || e.Matched || len(leads) == 0 {
		return nil, nil
	}
	owner := map[string]string{}
	for _, one := range leads {
		owner[one.ID] = one.ID
		for _, part := range one.Parts {
			owner[part.ID] = one.ID
		}
	}
	recorded := map[string]bool{}
	var id string
	err := each(ctx, tx, []any{&id}, func() error {
		recorded[owner[id]] = true
		return nil
	}, `SELECT DISTINCT lead_id FROM crm_records WHERE tenant = $1 AND lead_id = ANY($2) AND gone = ''`, l.tenant, sortedKeys(owner))
	return recorded, err
}

// Awaits says whether an owner whom we pick for the lead counts as told only when the CRM has acknowledged him.
func (r *Routing) Awaits(one *Lead) bool {
	e := r.ledger.wanted()
	return e.Acknowledge && (e.Matched || r.recorded[one.ID])
}
