// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/fault"
)

// finishing is what became of some jobs, inside the transaction that keeps it. Rows are locked in the order of everybody else: leads, outbox, records.
type finishing struct {
	*Ledger

	tx      pgx.Tx
	told    []toldLead
	waiting []string // leads of them that await the CRM
}

// toldLead is what became of the job of a lead.
type toldLead struct {
	CRMTold

	lead    string
	settled bool // the lead has not changed meanwhile
}

// wrote says whether the record is another one than before.
func (t *toldLead) wrote() bool {
	return t.Written != nil && t.Written.Err == nil && t.Written.Record != ""
}

// FinishMany is FinishOutgoing of many jobs, in one transaction.
func (l *Ledger) FinishMany(ctx context.Context, done []CRMTold, complete func(context.Context, pgx.Tx) error) error {
	err := l.inTx(ctx, func(tx pgx.Tx) error {
		f := &finishing{Ledger: l, tx: tx}
		for _, step := range []func(context.Context) error{
			func(ctx context.Context) error { return f.lockWaiting(ctx, done) },
			func(ctx context.Context) error { return f.finish(ctx, done) },
			f.keepRecords, f.keepNotes, f.acknowledge,
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		fault.Point("crm.kept")
		return complete(ctx, tx)
	})
	return err
}

// lockWaiting takes the rows of the leads that wait for the CRM.
func (f *finishing) lockWaiting(ctx context.Context, done []CRMTold) (err error) {
	if !f.wanted().Acknowledge {
		return nil
	}
	outboxes := make([]int64, len(done))
	for i, t := range done {
		outboxes[i] = t.Args.Outbox
	}
	rows, err := f.tx.Query(ctx, `
SELECT lead_id FROM leads l WHERE tenant = $1 AND awaits_crm AND acknowledged_at IS NULL
    AND lead_id = ANY (ARRAY(SELECT lead_id FROM outbox WHERE tenant = $1 AND id = ANY($2)))
ORDER BY lead_id COLLATE "C" FOR NO KEY UPDATE`, f.tenant, outboxes)
	if err != nil {
		return err
	}
	f.waiting, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return err
}

// finish notes what was told. Leads that were erased meanwhile are left out of all that follows.
func (f *finishing) finish(ctx context.Context, done []CRMTold) error {
	byOutbox := map[int64]CRMTold{}
	var outboxes, tokens, versions []int64
	var contents [][]byte
	var planned []*string
	var sinks []bool
	for _, t := range done {
		content, plan := t.Content, (*string)(nil)
		if t.Planned != nil { // it was not told
			content, plan = nil, new(string(t.Planned))
		}
		byOutbox[t.Args.Outbox] = t
		outboxes, tokens, versions = append(outboxes, t.Args.Outbox), append(tokens, t.Args.Token), append(versions, t.Version)
		contents, planned, sinks = append(contents, content), append(planned, plan), append(sinks, content != nil && t.Written == nil)
	}
	var id int64
	var next, parked *int64
	var one string
	var given []int64
	var jobs []river.InsertManyParams
	err := each(ctx, f.tx, []any{&id, &one, &next, &parked}, func() error {
		f.told = append(f.told, toldLead{CRMTold: byOutbox[id], lead: one, settled: next == nil})
		if parked != nil { // what was given up is said now
			given = append(given, *parked)
		}
		if next != nil {
			jobs = append(jobs, f.crmJob(id, *next))
		}
		return nil
	}, `
WITH told AS MATERIALIZED (
    SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::text[], $7::bool[]) AS t (id, token, version, content, planned, sink)
), old AS MATERIALIZED (
    SELECT b.id, b.parked FROM outbox b JOIN told t ON t.id = b.id WHERE b.tenant = $1 AND b.live = t.token
    ORDER BY b.lead_id COLLATE "C" FOR UPDATE OF b)
UPDATE outbox b SET sent = t.version, content = t.content, planned = t.planned::jsonb, live = CASE WHEN b.version > t.version THEN b.version END, parked = NULL,
    elsewhere = CASE WHEN t.sink THEN EXISTS (SELECT FROM leads l WHERE l.tenant = $1 AND l.lead_id = b.lead_id AND `+recordOf+` IS NOT NULL) ELSE false END
FROM old JOIN told t USING (id) WHERE b.tenant = $1 AND b.id = old.id AND b.live = t.token
RETURNING b.id, b.lead_id, b.live, old.parked`, f.tenant, outboxes, tokens, versions, contents, planned, sinks)
	if err != nil {
		return err
	}
	fault.Point("crm.told")
	for _, id := range given {
		if err := f.deleteJob(ctx, f.tx, id); err != nil {
			return err
		}
	}
	return f.insertJobs(ctx, f.tx, jobs)
}

// recordOf is the record of a lead l, as outgoingSQL finds it.
const recordOf = `(SELECT k.record_id FROM crm_records k WHERE k.tenant = l.tenant AND k.lead_id = ANY (` + recordsOf + `)
    AND (k.lead_id = l.lead_id OR k.gone = '')
    ORDER BY k.gone <> '', k.lead_id <> l.lead_id, k.record_id <> k.lead_id, k.modified_at DESC NULLS LAST, k.record_id COLLATE "C" LIMIT 1)`

// says whether there is anything to keep of the record.
func (t *toldLead) says() bool {
	return t.Planned == nil && (t.Gone != "" || len(t.Wrote) > 0 || t.wrote())
}

// written is what a record holds now.
type written struct {
	record, lead, gone string
	at                 time.Time
	wrote              map[string]string
	restored           bool // what was to be set back is
}

// records are what the jobs say of records, in the order of these: each of the one that it was about, whichever is the lead's by now.
func (f *finishing) records() []*written {
	byRecord := map[string]*written{}
	for _, t := range f.told {
		record := t.Record
		if t.wrote() {
			record = t.Written.Record
		}
		if record == "" || !t.says() {
			continue
		}
		w := byRecord[record]
		if w == nil {
			w = &written{record: record, lead: t.lead, wrote: map[string]string{}, restored: t.settled}
			byRecord[record] = w
		}
		maps.Copy(w.wrote, t.Wrote)
		if w.gone, w.restored = string(t.Gone), w.restored && t.settled && t.wrote(); t.wrote() && t.Written.Modified.After(w.at) {
			w.at = t.Written.Modified
		}
	}
	return slices.SortedFunc(maps.Values(byRecord), func(a, b *written) int { return cmp.Compare(a.record, b.record) })
}

// keepRecords notes what records hold, and which cannot be written any more. A record that was found or made is the lead's from now on, unless it was
// another's before. All rows are taken in one order, as by whoever reads.
func (f *finishing) keepRecords(ctx context.Context) error {
	rows := f.records()
	if len(rows) == 0 {
		return nil
	}
	wrote, err := texts(rows, func(w *written) map[string]string { return w.wrote })
	if err != nil {
		return err
	}
	_, err = f.tx.Exec(ctx, `
INSERT INTO crm_records AS r (tenant, record_id, lead_id, wrote, wrote_at, gone)
SELECT $1, record_id, lead_id, wrote::jsonb, wrote_at, gone
FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[]) AS u (record_id, lead_id, wrote, wrote_at, gone)
ORDER BY record_id COLLATE "C"
ON CONFLICT (tenant, record_id) DO UPDATE SET wrote = r.wrote || excluded.wrote, wrote_at = greatest(r.wrote_at, excluded.wrote_at),
    gone = coalesce(nullif(excluded.gone, ''), r.gone), diverged_at = CASE WHEN excluded.gone = '' THEN r.diverged_at END,
    restore = CASE WHEN excluded.gone = '' THEN r.restore ELSE '{}' END`, f.tenant,
		eachOf(func(w *written) string { return w.record })(rows), eachOf(func(w *written) string { return w.lead })(rows), wrote,
		eachOf(func(w *written) *time.Time { return orNull(w.at) })(rows), eachOf(func(w *written) string { return w.gone })(rows))
	if err != nil {
		return err
	}
	var restored []string
	for _, w := range rows {
		if w.restored {
			restored = append(restored, w.record)
		}
	}
	// What was set back agrees until it is read again: it is not found once more meanwhile.
	_, err = f.tx.Exec(ctx, `
UPDATE crm_records SET restore = '{}', diverged_at = NULL WHERE tenant = $1 AND record_id = ANY($2) AND restore <> '{}'`, f.tenant, restored)
	fault.Point("crm.recorded")
	return err
}

// keepNotes notes which notes were left. Where there is another one for the record, its lead is told of once more.
func (f *finishing) keepNotes(ctx context.Context) error {
	var keys []string
	for _, t := range f.told {
		if t.Note != "" {
			keys = append(keys, t.Note)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	rows, err := f.tx.Query(ctx, `
WITH left_now AS (
    UPDATE crm_set_backs SET noted_at = clock_timestamp() WHERE tenant = $1 AND key = ANY($2) AND noted_at IS NULL RETURNING record_id)
SELECT DISTINCT s.lead_id FROM left_now JOIN crm_set_backs s USING (record_id)
WHERE s.tenant = $1 AND s.noted_at IS NULL AND NOT s.stopped AND s.key <> ALL($2) ORDER BY s.lead_id`, f.tenant, keys)
	if err != nil {
		return err
	}
	more, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return f.force(ctx, f.tx, more)
}

// acknowledge notes that the CRM has the owners of leads that waited for that, and has those that nothing more is to be waited for wait no longer. The
// clocks of both are worked out anew.
func (f *finishing) acknowledge(ctx context.Context) error {
	if len(f.waiting) == 0 {
		return nil
	}
	var leads, owners, dropped []string
	for _, t := range f.told {
		switch {
		case t.Planned != nil || !slices.Contains(f.waiting, t.lead):
		case t.Owner != nil:
			leads, owners = append(leads, t.lead), append(owners, *t.Owner)
		case !t.wrote():
			dropped = append(dropped, t.lead)
		}
	}
	rows, err := f.tx.Query(ctx, `
WITH acknowledged AS (
    UPDATE leads l SET acknowledged_at = clock_timestamp() FROM unnest($2::text[], $3::text[]) AS u (lead_id, owner)
    WHERE l.tenant = $1 AND l.lead_id = u.lead_id AND l.owner = u.owner RETURNING l.lead_id
), left_alone AS (
    UPDATE leads l SET awaits_crm = false WHERE l.tenant = $1 AND l.lead_id = ANY($4)
        AND NOT EXISTS (SELECT 1 FROM crm_records r WHERE r.tenant = l.tenant AND r.lead_id = ANY (`+recordsOf+`) AND r.gone = '')
    RETURNING l.lead_id)
SELECT lead_id FROM acknowledged UNION ALL SELECT lead_id FROM left_alone`, f.tenant, leads, owners, dropped)
	if err != nil {
		return err
	}
	changed, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	fault.Point("crm.acknowledged")
	return enqueue(ctx, f.tx, f.tenant, queueRoute, changed)
}
