// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/fault"
)

// TakeIn writes what was read in one transaction, and answers with the outcome of each entry. Its error is ErrCRMMoved when another worker was first.
func (l *Ledger) TakeIn(ctx context.Context, in CRMIntake) ([]Outcome, error) {
	entries, err := encoded(in.Entries)
	if err != nil {
		return nil, err
	}
	var outcomes []Outcome
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		if err := l.moveCursor(ctx, tx, in); err != nil {
			return err
		}
		fault.Point("intake.moved")
		if len(in.Entries) > 0 {
			if outcomes, err = l.take(ctx, tx, entries); err != nil {
				return err
			}
		}
		fault.Point("intake.events")
		// Rows are locked in the order of everybody else: leads, notices, outbox, records.
		there, err := l.holdLeads(ctx, tx, in)
		if err != nil {
			return err
		}
		undone, err := l.undo(ctx, tx, in, there)
		if err != nil {
			return err
		}
		fault.Point("intake.undone")
		if err := l.meet(ctx, tx, in.Known, there); err != nil {
			return err
		}
		if err := l.notSetBack(ctx, tx, in.Off); err != nil {
			return err
		}
		if err := l.takeKnown(ctx, tx, in.Known, there); err != nil {
			return err
		}
		if err := l.restore(ctx, tx, undone); err != nil {
			return err
		}
		fault.Point("intake.records")
		return l.doneHints(ctx, tx, in.Hints)
	})
	switch {
	case errors.Is(err, ErrCRMMoved):
		return nil, ErrCRMMoved
	case err != nil:
		return nil, fmt.Errorf("taking in %d events and %d records of the CRM: %w", len(in.Entries), len(in.Known), err)
	}
	fault.Point("intake.committed")
	return outcomes, nil
}

// holdLeads keeps leads, and those that they were merged into, from being erased until the transaction is over, and says which there are, and in which
// cycle. It waits for who works on them.
func (l *Ledger) holdLeads(ctx context.Context, tx pgx.Tx, in CRMIntake) (map[string]int, error) {
	ids := map[string]bool{}
	for _, k := range in.Known {
		ids[k.Lead] = true
	}
	for _, u := range slices.Concat(in.Undo, in.Stopped) {
		ids[u.Lead] = true
	}
	there := map[string]int{}
	if len(ids) == 0 {
		return there, nil
	}
	var id string
	var cycle int
	err := each(ctx, tx, []any{&id, &cycle}, func() error {
		there[id] = cycle
		return nil
	}, `
SELECT lead_id, cycle FROM leads WHERE tenant = $1
    AND lead_id = ANY ($2::text[] || ARRAY(SELECT merged_into FROM leads WHERE tenant = $1 AND lead_id = ANY($2) AND merged_into IS NOT NULL))
ORDER BY lead_id COLLATE "C" FOR KEY SHARE`, l.tenant, sortedKeys(ids))
	return there, err
}

// undone is what is set back by this transaction, and what is not any more: each once, by its key.
type undone struct{ undo, stopped []crm.Undo }

// undo notes what is to be set back and tells people, and has the writer do it.
func (l *Ledger) undo(ctx context.Context, tx pgx.Tx, in CRMIntake, there map[string]int) (u undone, err error) {
	all := slices.Concat(in.Undo, in.Stopped)
	var keys, records, leads, whys []string
	var stopped []bool
	for i, one := range all {
		if _, is := there[one.Lead]; is {
			keys, records, leads = append(keys, one.Key), append(records, one.Record), append(leads, one.Lead)
			whys, stopped = append(whys, one.Why), append(stopped, i >= len(in.Undo))
		}
	}
	if len(keys) == 0 {
		return u, nil
	}
	fresh := map[string]bool{}
	var key string
	err = each(ctx, tx, []any{&key}, func() error {
		fresh[key] = true
		return nil
	}, `
INSERT INTO crm_set_backs (tenant, key, record_id, lead_id, why, stopped)
SELECT $1, key, record_id, lead_id, why, stopped FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bool[])
    AS u (key, record_id, lead_id, why, stopped) ORDER BY key COLLATE "C"
ON CONFLICT DO NOTHING RETURNING key`, l.tenant, keys, records, leads, whys, stopped)
	if err != nil {
		return u, err
	}
	var notices []Notice
	told := map[string]bool{}
	for i, one := range all {
		if !fresh[one.Key] {
			continue
		}
		delete(fresh, one.Key)
		if i < len(in.Undo) {
			u.undo = append(u.undo, one)
			told[one.Lead] = true
		} else {
			u.stopped = append(u.stopped, one)
		}
		notices = append(notices, noticesOfUndo(one, there[one.Lead], i >= len(in.Undo))...)
	}
	if err := l.note(ctx, tx, notices); err != nil {
		return u, err
	}
	return u, l.force(ctx, tx, sortedKeys(told))
}

// noticesOfUndo tell the rep or, where nobody owns the lead, sales; and both parties when it stops.
func noticesOfUndo(u crm.Undo, cycle int, stopped bool) []Notice {
	n := Notice{Lead: u.Lead, Cycle: cycle, Level: SetBack, Subject: u.Key, Detail: []string{u.Why}, Recipient: ToRep, Rep: u.Rep}
	if u.Rep == "" {
		n.Recipient = ToSales
	}
	if !stopped {
		return []Notice{n}
	}
	n.Level, n.Recipient, n.Rep, n.Subject = SetBackStopped, ToSales, "", "Sales@"+u.Key
	other := n
	other.Recipient, other.Subject = ToMarketing, "Marketing@"+u.Key
	return []Notice{n, other}
}

// force has the CRM told of leads again, though they are what it was told.
func (l *Ledger) force(ctx context.Context, tx pgx.Tx, leads []string) error {
	if len(leads) == 0 || !l.wanted().CRM {
		return nil
	}
	if err := l.change(ctx, tx, "routed", leads, make([][]byte, len(leads))); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE outbox SET content = NULL WHERE tenant = $1 AND lead_id = ANY($2) AND content IS NOT NULL`, l.tenant, leads)
	return err
}

// meet has records told how their leads stand that are read for the first time, where the ledger knew the lead before: it came as events, or another
// system was told of it. Who is being told of such a lead at this moment does not know the record. Where the lead was merged, it is the other one.
func (l *Ledger) meet(ctx context.Context, tx pgx.Tx, known []crm.Known, there map[string]int) error {
	if !l.wanted().CRM {
		return nil
	}
	var records, leads []string
	for _, k := range known {
		if _, is := there[k.Lead]; is && k.Gone == "" {
			records, leads = append(records, k.Record), append(leads, k.Lead)
		}
	}
	if len(leads) == 0 {
		return nil
	}
	met := map[string]bool{}
	var id string
	err := each(ctx, tx, []any{&id}, func() error {
		met[id] = true
		return nil
	}, `
SELECT b.lead_id FROM unnest($2::text[], $3::text[]) AS u (record_id, lead_id) JOIN leads l ON l.tenant = $1 AND l.lead_id = u.lead_id
JOIN outbox b ON b.tenant = $1 AND b.lead_id = coalesce(l.merged_into, l.lead_id)
WHERE NOT EXISTS (SELECT FROM crm_records r WHERE r.tenant = $1 AND r.record_id = u.record_id)`, l.tenant, records, leads)
	if err != nil {
		return err
	}
	return l.force(ctx, tx, sortedKeys(met))
}

// restore marks records as to be set back, or as not any more.
func (l *Ledger) restore(ctx context.Context, tx pgx.Tx, u undone) error {
	restore, stopped := map[string]map[string]string{}, map[string]bool{}
	for _, one := range u.undo {
		if restore[one.Record] == nil {
			restore[one.Record] = map[string]string{}
		}
		maps.Copy(restore[one.Record], one.Restore)
	}
	for _, one := range u.stopped {
		restore[one.Record], stopped[one.Record] = nil, true
	}
	if len(restore) == 0 {
		return nil
	}
	records := sortedKeys(restore)
	values, err := texts(records, func(record string) map[string]string { return restore[record] })
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
WITH held AS MATERIALIZED (
    SELECT record_id FROM crm_records WHERE tenant = $1 AND record_id = ANY($2) ORDER BY record_id COLLATE "C" FOR NO KEY UPDATE)
UPDATE crm_records r SET restore = CASE WHEN u.stopped THEN '{}' ELSE r.restore || u.restore::jsonb END,
    set_backs = CASE WHEN u.stopped THEN r.set_backs ELSE ARRAY(
        SELECT at FROM unnest(r.set_backs) AS at WHERE at > clock_timestamp() - interval '24 hours' ORDER BY at) || clock_timestamp() END,
    stopped_at = CASE WHEN u.stopped THEN clock_timestamp() ELSE r.stopped_at END
FROM held JOIN unnest($2::text[], $3::text[], $4::bool[]) AS u (record_id, restore, stopped) USING (record_id)
WHERE r.tenant = $1 AND r.record_id = held.record_id AND r.gone = ''`, l.tenant, records, values,
		eachOf(func(record string) bool { return stopped[record] })(records))
	return err
}

// notSetBack forgets the latest set-back of records that the writer has not come to: no note tells of it, and it does not count against the limit.
func (l *Ledger) notSetBack(ctx context.Context, tx pgx.Tx, records []string) error {
	if len(records) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
WITH held AS MATERIALIZED (
    SELECT record_id FROM crm_records WHERE tenant = $1 AND record_id = ANY($2) AND restore <> '{}' ORDER BY record_id COLLATE "C" FOR NO KEY UPDATE
), off AS (
    DELETE FROM crm_set_backs s USING held WHERE s.tenant = $1 AND s.id = (SELECT max(id) FROM crm_set_backs o
        WHERE o.tenant = $1 AND o.record_id = held.record_id AND o.noted_at IS NULL AND NOT o.stopped) RETURNING s.record_id)
UPDATE crm_records r SET restore = '{}', set_backs = r.set_backs[:cardinality(r.set_backs) - 1] FROM off WHERE r.tenant = $1 AND r.record_id = off.record_id`,
		l.tenant, records)
	return err
}

func (l *Ledger) doneHints(ctx context.Context, tx pgx.Tx, hints []int64) error {
	if len(hints) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
WITH held AS MATERIALIZED (SELECT id FROM crm_hints WHERE tenant = $1 AND id = ANY($2) AND done_at IS NULL ORDER BY id FOR UPDATE)
UPDATE crm_hints h SET done_at = clock_timestamp() FROM held WHERE h.tenant = $1 AND h.id = held.id`, l.tenant, hints)
	return err
}
