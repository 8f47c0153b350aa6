// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// owners of leads as they are locked, before anything is decided; nil when nobody asks.
func (l *Ledger) ownersOf(leads []*Lead) map[string]string {
	if !l.wanted().Notify {
		return nil
	}
	owners := make(map[string]string, len(leads))
	for _, one := range leads {
		owners[one.ID] = one.Owner
	}
	return owners
}

// tell notes what follows from the decision for those who are to be told. It comes after all other writes of the transaction: who waits for a
// notice then holds no obligation that another one waits for.
func (r *Routing) tell(ctx context.Context) error {
	e := r.ledger.wanted()
	if e.Notify {
		var notices []Notice
		for _, one := range r.outcome {
			notices = append(notices, r.noticesOf(one)...)
		}
		if err := r.ledger.note(ctx, r.tx, notices); err != nil {
			return err
		}
	}
	if !e.CRM {
		return nil
	}
	var leads []string
	var prints [][]byte
	for _, one := range r.outcome {
		mark, err := routedPrint(one)
		if err != nil {
			return err
		}
		leads, prints = append(leads, one.lead.ID), append(prints, mark)
	}
	return r.ledger.change(ctx, r.tx, "routed", leads, prints)
}

func (r *Routing) noticesOf(one routed) []Notice {
	var notices []Notice
	for _, o := range one.obligations {
		// One that was stopped late is counted, but nobody has to run any more.
		if o.State == sla.Missed && !o.Due.IsZero() && o.Stop.IsZero() && r.isFresh(o.Due) {
			notices = append(notices, alarms(Breach, one.lead.ID, one.cycle, o, one.lead.Owner)...)
		}
	}
	notices = append(notices, r.ownership(one.lead)...)
	if reached := one.lead.Reached; reached != nil && one.lead.Stage == StageHeld && r.isFresh(reached.At) {
		notices = append(notices, Notice{
			Lead: one.lead.ID, Cycle: one.cycle, Level: Held, Detail: one.lead.Missing, Recipient: ToMarketing,
		})
	}
	return append(notices, r.rejections(one.lead)...)
}

func (r *Routing) isFresh(at time.Time) bool { return r.Now.Sub(at) < fresh }

// ownership is told when the owner of a lead is another one than before. That it went back to its pools was decided now.
func (r *Routing) ownership(one *Lead) []Notice {
	before := r.owners[one.ID]
	if one.Owner == before || !one.DisposedAt.IsZero() || one.Owner != "" && !r.isFresh(one.OwnedAt) {
		return nil
	}
	n := Notice{
		Lead: one.ID, Cycle: one.Number, Level: Assigned, Recipient: ToRep, Rep: one.Owner,
		Subject: one.Owner + "@" + one.OwnedAt.UTC().Format(time.RFC3339Nano),
	}
	if before == "" {
		return []Notice{n}
	}
	n.Level = Reassigned
	old := n
	old.Level, old.Rep = Released, before
	if one.Owner == "" {
		old.Subject = before + "@" + r.Now.Format(time.RFC3339Nano)
		return []Notice{old}
	}
	return []Notice{n, old}
}

// rejections of a lead: marketing hears of each disposition that sends it back.
func (r *Routing) rejections(one *Lead) []Notice {
	var notices []Notice
	for _, e := range one.Events {
		d := e.Disposition
		if e.Kind != lead.KindDisposition || d == nil || d.Outcome == lead.Accepted || !r.isFresh(e.Time) {
			continue
		}
		n := Notice{
			Lead: one.ID, Cycle: one.Number, Level: Rejected, Subject: strconv.FormatInt(e.Sequence, 10), Recipient: ToMarketing,
			Detail: []string{string(d.Outcome)},
		}
		if d.Coded { // what is no code was written by hand, and may be about a person
			n.Detail = append(n.Detail, d.Reason)
		}
		notices = append(notices, n)
	}
	return notices
}

// routedPrint changes when anything does that the router decides and the CRM is told.
func routedPrint(one routed) ([]byte, error) {
	type clock struct {
		Clause sla.Clause
		State  sla.State
		Due    time.Time
	}
	var clocks []clock
	for _, o := range one.obligations {
		clocks = append(clocks, clock{o.Clause, o.State, o.Due})
	}
	of := []any{one.lead.Stage, one.lead.Owner, one.lead.Pool, one.lead.SQLAt, one.lead.DisposedAt, one.cycle, clocks}
	if one.lead.Attempts > 0 || !one.lead.FirstTouchAt.IsZero() { // the prints of the others stay what they were before there was this
		of = append(of, one.lead.FirstTouchAt, one.lead.Attempts)
	}
	return fingerprint(of...)
}

// scored has the CRM told of leads whose stage or score is another one, and of those that were merged into them: no router sees these any more.
func (l *Ledger) scored(ctx context.Context, tx pgx.Tx, leads []*Lead) error {
	if !l.wanted().CRM {
		return nil
	}
	var ids []string
	var prints [][]byte
	for _, one := range leads {
		of := []any{one.Stage, one.Score.Clamped, one.Missing, one.Number}
		for _, part := range one.Parts { // whose record is this one's from now on, where it has none
			of = append(of, part.ID)
		}
		mark, err := fingerprint(of...)
		if err != nil {
			return err
		}
		ids, prints = append(ids, one.ID), append(prints, mark)
		for _, part := range one.Parts {
			if mark, err = fingerprint(lead.StageMerged, one.ID); err != nil {
				return err
			}
			ids, prints = append(ids, part.ID), append(prints, mark)
		}
	}
	return l.change(ctx, tx, "scored", ids, prints)
}

func fingerprint(of ...any) ([]byte, error) {
	text, err := json.Marshal(of)
	if err != nil {
		return nil, fmt.Errorf("fingerprint: %w", err)
	}
	sum := sha256.Sum256(text)
	return sum[:16], nil
}

// change notes in the outbox that leads are not what the CRM was told, where the print in a column is another one; nil always is. A job is
// inserted for those that have none on its way. The versions of a lead begin with the time: those of one that was retired or erased, and came back,
// go on above what the CRM was told before.
func (l *Ledger) change(ctx context.Context, tx pgx.Tx, column string, leads []string, prints [][]byte) error {
	if len(leads) == 0 {
		return nil
	}
	var id, live int64
	var insert bool
	var jobs []river.InsertManyParams
	err := each(ctx, tx, []any{&id, &live, &insert}, func() error {
		if insert {
			jobs = append(jobs, l.crmJob(id, live))
		}
		return nil
	}, `
WITH begun AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS version)
INSERT INTO outbox AS o (tenant, lead_id, `+quoted(column)+`, version, live)
SELECT $1, lead_id, print, begun.version, begun.version FROM unnest($2::text[], $3::bytea[]) AS u (lead_id, print), begun
ORDER BY lead_id COLLATE "C"
ON CONFLICT (tenant, lead_id) DO UPDATE SET version = o.version + 1, live = coalesce(o.live, o.version + 1),
    `+quoted(column)+` = coalesce(excluded.`+quoted(column)+`, o.`+quoted(column)+`), changed_at = clock_timestamp()
WHERE excluded.`+quoted(column)+` IS NULL OR o.`+quoted(column)+` IS DISTINCT FROM excluded.`+quoted(column)+`
RETURNING id, live, live = version`, l.tenant, leads, prints)
	if err != nil {
		return err
	}
	return l.insertJobs(ctx, tx, jobs)
}

// overdue is an open clock that is past its deadline or its mark.
type overdue struct {
	lead, owner string
	cycle       int
	clock       sla.Obligation
	by          time.Duration // past its deadline
}

// breached tells of clocks that have run out.
func (l *Ledger) breached(ctx context.Context, tx pgx.Tx, late []overdue) error {
	if len(late) == 0 || !l.wanted().Notify && !l.wanted().CRM {
		return nil
	}
	ids := map[string]bool{}
	for _, o := range late {
		ids[o.lead] = true
	}
	owners := map[string]string{}
	var id, owner string
	var cycle int
	err := each(ctx, tx, []any{&id, &cycle, &owner}, func() error {
		owners[cycleKey(id, cycle)] = owner
		return nil
	}, `SELECT lead_id, cycle, owner FROM leads WHERE tenant = $1 AND lead_id = ANY($2) AND owner IS NOT NULL`, l.tenant, sortedKeys(ids))
	if err != nil {
		return err
	}
	for i, o := range late {
		late[i].owner = owners[cycleKey(o.lead, o.cycle)]
	}
	return l.sound(ctx, tx, Breach, late)
}

func cycleKey(id string, cycle int) string { return id + "\x00" + strconv.Itoa(cycle) }

func scanLate(row pgx.CollectableRow) (o overdue, err error) {
	err = row.Scan(&o.lead, &o.cycle, &o.clock.Clause, &o.clock.Tier, &o.clock.Due, &o.by)
	return o, err
}

// sound has the alarms of clocks given, and the CRM told of those that have run out.
func (l *Ledger) sound(ctx context.Context, tx pgx.Tx, level Level, clocks []overdue) error {
	var notices []Notice
	changed := map[string]bool{}
	for _, o := range clocks {
		changed[o.lead] = true
		if o.by >= fresh {
			continue
		}
		notices = append(notices, alarms(level, o.lead, o.cycle, o.clock, o.owner)...)
	}
	if err := l.note(ctx, tx, notices); err != nil {
		return err
	}
	if level != Breach || !l.wanted().CRM {
		return nil
	}
	leads := sortedKeys(changed)
	return l.change(ctx, tx, "routed", leads, make([][]byte, len(leads)))
}

func scanOverdue(row pgx.CollectableRow) (o overdue, err error) {
	var due *time.Time
	err = row.Scan(&o.lead, &o.cycle, &o.clock.Clause, &o.clock.Tier, &due, &o.owner)
	o.clock.Due = utc(due)
	return o, err
}

// Warn has a warning given of up to limit open clocks that are past their mark and were not looked at yet. A clock that is warned of is
// not looked at again, so that the search costs the same however many are at risk. next is how long until the next mark; negative when there is
// none. Clocks whose deadline has passed meanwhile are left to Breached.
func (l *Ledger) Warn(ctx context.Context, limit int) (warned int, next time.Duration, err error) {
	if !l.wanted().Notify {
		return 0, -1, nil
	}
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
WITH marked AS (
    UPDATE obligations o SET warned_at = clock_timestamp()
    WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM obligations o
        WHERE tenant = $1 AND state = 'Open' AND warned_at IS NULL AND warn_at <= (SELECT clock_timestamp())
          AND `+workedOff+`
        ORDER BY warn_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED))
    RETURNING o.lead_id, o.cycle, o.clause, o.tier, o.due_at)
SELECT m.lead_id, m.cycle, m.clause, m.tier, m.due_at, CASE WHEN l.cycle = m.cycle THEN coalesce(l.owner, '') ELSE '' END
FROM marked m JOIN leads l ON l.tenant = $1 AND l.lead_id = m.lead_id`, l.tenant, limit)
		if err != nil {
			return err
		}
		clocks, err := pgx.CollectRows(rows, scanOverdue)
		if err != nil {
			return err
		}
		warned = len(clocks)
		at, err := now(ctx, tx)
		if err != nil {
			return err
		}
		open := clocks[:0]
		for _, o := range clocks {
			if o.clock.Due.After(at) {
				open = append(open, o)
			}
		}
		return l.sound(ctx, tx, AtRisk, open)
	})
	if err != nil {
		return 0, 0, err
	}
	var until *time.Duration
	err = l.pool.QueryRow(ctx, `
SELECT greatest(min(warn_at) - clock_timestamp(), '0') FROM obligations WHERE tenant = $1 AND state = 'Open' AND warned_at IS NULL`, l.tenant).
		Scan(&until)
	return warned, *cmp.Or(until, new(time.Duration(-1))), err
}
