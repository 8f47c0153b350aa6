// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// lockRetiring is held by the one replica that retires history.
const lockRetiring = "retiring"

// Retired says what one step of retention did.
type Retired struct {
	Leads, Events int64
	Next          int64 // where the next step goes on
	More          bool  // there may be more to retire after Next
}

// Retire deletes the history of leads that is older than keep: up to limit events further on than after, in the order in which they came, name
// the leads that are looked at. A lead goes with all its rows when its last event is older, nothing about it is still to be done, its clocks
// stand still, and the counts of its periods are sealed. What it counted is added to the sums of its periods in the same transaction, so that
// what is counted of a period is the same before and after. Leads that somebody works on are left for a later pass. A step is one transaction
// and holds up nobody: it waits for no lock of a lead.
func (l *Ledger) Retire(ctx context.Context, keep time.Duration, after int64, limit int) (Retired, error) {
	out := Retired{Next: after}
	err := l.inTx(ctx, func(tx pgx.Tx) error {
		out = Retired{Next: after}
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, lockKey(lockRetiring, l.tenant)).Scan(&mine); err != nil || !mine {
			return err
		}
		at, err := now(ctx, tx)
		if err != nil {
			return err
		}
		before := at.Add(-keep)
		named, err := l.oldEvents(ctx, tx, before, limit, &out)
		if err != nil || len(named) == 0 {
			return err
		}
		ids, err := l.retirable(ctx, tx, named, before)
		if err != nil || len(ids) == 0 {
			return err
		}
		return l.retire(ctx, tx, ids, before, &out)
	})
	return out, err
}

// oldEvents are the leads of the next events that are old, and how far that goes. It stops at the first that came too lately, so that a pass
// never reads the history that is kept.
func (l *Ledger) oldEvents(ctx context.Context, tx pgx.Tx, before time.Time, limit int, out *Retired) ([]string, error) {
	leads := map[string]bool{}
	var id string
	var seq, seen int64
	var old bool
	err := each(ctx, tx, []any{&seq, &id, &old}, func() error {
		if !old {
			return errReached
		}
		leads[id] = true
		seen++
		out.Next = seq
		return nil
	}, `
SELECT seq, lead_id, received_at < $3 FROM (
    SELECT seq, lead_id, received_at FROM events WHERE tenant = $1 AND seq > $2
    UNION ALL SELECT seq, lead_id, received_at FROM refusals WHERE tenant = $1 AND seq > $2) AS arrived
ORDER BY seq LIMIT $4`, l.tenant, out.Next, before, limit)
	if errors.Is(err, errReached) {
		return sortedKeys(leads), nil
	}
	out.More = seen == int64(limit)
	return sortedKeys(leads), err
}

var errReached = errors.New("the history that is kept is reached")

// retirable locks those leads whose history may go. A lead that was taken in goes after the one that took it in, which its events belong to. Who is
// not to be contacted stays, and who said it of an account: without the lead nothing would say it any more.
func (l *Ledger) retirable(ctx context.Context, tx pgx.Tx, ids []string, before time.Time) ([]string, error) {
	rows, err := tx.Query(ctx, `
SELECT lead_id FROM leads l WHERE tenant = $1 AND lead_id = ANY($2) AND suppressed_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM account_marks m WHERE m.tenant = l.tenant AND m.lead_id = l.lead_id)
  AND NOT EXISTS (SELECT 1 FROM work w WHERE w.tenant = l.tenant AND w.lead_id = l.lead_id)
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.tenant = l.tenant AND e.lead_id = l.lead_id AND (e.time >= $3 OR e.received_at >= $3))
  AND NOT EXISTS (SELECT 1 FROM refusals r WHERE r.tenant = l.tenant AND r.lead_id = l.lead_id AND (r.time >= $3 OR r.received_at >= $3))
  AND NOT EXISTS (SELECT 1 FROM obligations o WHERE o.tenant = l.tenant AND o.lead_id = l.lead_id AND (o.state = 'Open'
      OR NOT EXISTS (SELECT 1 FROM seals s WHERE s.tenant = o.tenant AND s.period = o.period)))
  AND NOT EXISTS (SELECT 1 FROM leads s WHERE s.tenant = l.tenant AND s.lead_id = l.merged_into)
  AND NOT EXISTS (SELECT 1 FROM leads t WHERE t.tenant = l.tenant AND t.merged_into = l.lead_id AND (
      EXISTS (SELECT 1 FROM events e WHERE e.tenant = t.tenant AND e.lead_id = t.lead_id AND (e.time >= $3 OR e.received_at >= $3))
      OR EXISTS (SELECT 1 FROM refusals r WHERE r.tenant = t.tenant AND r.lead_id = t.lead_id AND (r.time >= $3 OR r.received_at >= $3))))
ORDER BY lead_id COLLATE "C" FOR UPDATE SKIP LOCKED`, l.tenant, ids, before)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// retire adds up what the leads counted and deletes their rows. An event that arrives meanwhile stays: with it the lead begins anew.
func (l *Ledger) retire(ctx context.Context, tx pgx.Tx, ids []string, before time.Time, out *Retired) error {
	if _, err := tx.Exec(ctx, `
INSERT INTO retired_counts AS r (tenant, period, clause, tier, revision, met, missed, excused, contacted, elapsed, stopped)
SELECT tenant, period, clause, tier, revision, count(*) FILTER (WHERE state = 'Met'), count(*) FILTER (WHERE state = 'Missed'),
    count(*) FILTER (WHERE state = 'Excused'), count(*) FILTER (WHERE `+contacted+`),
    coalesce(array_agg(elapsed) FILTER (WHERE elapsed IS NOT NULL), '{}'),
    coalesce(array_agg(stopped_at) FILTER (WHERE clause = 'volume' AND state = 'Met' AND stopped_at IS NOT NULL), '{}')
FROM obligations WHERE tenant = $1 AND lead_id = ANY($2) GROUP BY tenant, period, clause, tier, revision
ON CONFLICT (tenant, period, clause, tier, revision) DO UPDATE
    SET met = r.met + excluded.met, missed = r.missed + excluded.missed, excused = r.excused + excluded.excused,
        contacted = r.contacted + excluded.contacted, elapsed = r.elapsed || excluded.elapsed, stopped = r.stopped || excluded.stopped`, l.tenant, ids); err != nil {
		return err
	}
	if err := errors.Join(l.leaveAccounts(ctx, tx, ids), l.leaveIdentities(ctx, tx, ids)); err != nil {
		return err
	}
	var captured, mqls int64
	if err := tx.QueryRow(ctx, `SELECT `+sumsOfLeads+` FROM leads WHERE tenant = $1 AND lead_id = ANY($2)`, l.tenant, ids).
		Scan(&captured, &mqls); err != nil {
		return err
	}
	tables, err := tablesOfLeads(ctx, tx)
	if err != nil {
		return err
	}
	// The leads first: what is deleted of a lead that is there is recorded as a correction. Then in the order of those who tell the CRM.
	tables = slices.DeleteFunc(tables, func(table string) bool { return table == "leads" || table == "outbox" })
	if err := l.forgetHints(ctx, tx, ids); err != nil {
		return err
	}
	for _, table := range append([]string{"leads", "outbox"}, tables...) {
		condition := ""
		args := []any{l.tenant, ids}
		switch table {
		case "work":
			continue // there was none; what came meanwhile is of an event that stays
		case "events", "refusals":
			condition = ` AND time < $3 AND received_at < $3`
			args = append(args, before)
		}
		tag, err := tx.Exec(ctx, `DELETE FROM `+quoted(table)+` WHERE tenant = $1 AND lead_id = ANY($2)`+condition, args...)
		if err != nil {
			return err
		}
		switch table {
		case "events":
			out.Events = tag.RowsAffected()
		case "leads":
			out.Leads = tag.RowsAffected()
		}
	}
	_, err = tx.Exec(ctx, `
INSERT INTO retired_leads AS r (tenant, captured, mqls, events) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant) DO UPDATE SET captured = r.captured + excluded.captured, mqls = r.mqls + excluded.mqls, events = r.events + excluded.events`,
		l.tenant, captured, mqls, out.Events)
	return err
}

// addRetired adds the leads that are no longer kept to those that are.
func (l *Ledger) addRetired(ctx context.Context, tx pgx.Tx, leads *Leads) error {
	var captured, mqls int64
	err := tx.QueryRow(ctx, `SELECT captured, mqls FROM retired_leads WHERE tenant = $1`, l.tenant).Scan(&captured, &mqls)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	leads.Captured, leads.MQLs = leads.Captured+captured, leads.MQLs+mqls
	return err
}

// SweepTraces deletes traces that no worker took within a day: tracing was switched off between one worker and the next.
func (l *Ledger) SweepTraces(ctx context.Context) (int64, error) {
	tag, err := l.pool.Exec(ctx, `DELETE FROM traces WHERE tenant = $1 AND noted_at < clock_timestamp() - interval '1 day'`, l.tenant)
	return tag.RowsAffected(), err
}
