// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/fault"
)

// Message is something to be sent to one recipient.
type Message struct {
	ID        int64
	Recipient Recipient
	Rep       string // that it is for, or that it is about
	Due       time.Time
	Now       time.Time // by the database's clock
	Done      []int     // positions of the addresses that have it already
	Over      bool      // sent, or dropped

	// One of the three: about leads, about an escalation of the contract, or a report.
	Items  []Notice
	Step   *bundle.EscalationStep
	Report *Report

	Beside []Recipient // who get the same in a message of their own, those before this one
}

// keepMessages is how long a message is kept after it was sent, or was due and dropped. That it was noted is kept as long as the lead.
const keepMessages = 30 * 24 * time.Hour

// digestBatch bounds the items of one digest: what a person reads, and what a chat takes. The rest comes in another one.
const digestBatch = 200

// Message reads what is to be sent; nil when it is not there any more.
func (l *Ledger) Message(ctx context.Context, id int64) (*Message, error) {
	m := &Message{ID: id}
	var step, report *int64
	err := l.pool.QueryRow(ctx, `
SELECT recipient, rep, due_at, clock_timestamp(), done, sent_at IS NOT NULL OR dropped IS NOT NULL, escalation, report
FROM messages WHERE tenant = $1 AND id = $2`,
		l.tenant, id).Scan(&m.Recipient, &m.Rep, &m.Due, &m.Now, &m.Done, &m.Over, &step, &report)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m.Due, m.Now = m.Due.UTC(), m.Now.UTC()
	switch {
	case step != nil:
		if m.Step, err = l.step(ctx, *step); err == nil {
			m.Beside, err = l.beside(ctx, "escalation", *step, m.Recipient)
		}
	case report != nil:
		if m.Report, err = l.report(ctx, *report); err == nil {
			m.Beside, err = l.beside(ctx, "report", *report, m.Recipient)
		}
	default:
		m.Items, err = l.items(ctx, id)
	}
	return m, err
}

func (l *Ledger) items(ctx context.Context, message int64) ([]Notice, error) {
	rows, err := l.pool.Query(ctx, `
SELECT n.lead_id, n.cycle, n.clause, n.level, n.subject, n.tier, n.due_at, n.detail, n.recipient, n.rep, n.at, CASE n.level
    WHEN 'AtRisk' THEN o.state IS DISTINCT FROM 'Open'
    WHEN 'Breach' THEN o.state IS DISTINCT FROM 'Missed' OR o.stopped_at IS NOT NULL
    WHEN 'Escalation' THEN o.state IS DISTINCT FROM 'Missed' OR o.stopped_at IS NOT NULL
    ELSE false END
FROM notices n LEFT JOIN obligations o ON o.tenant = n.tenant AND o.lead_id = n.lead_id AND o.cycle = n.cycle AND o.clause = n.clause
WHERE n.tenant = $1 AND n.message = $2 ORDER BY n.at, n.lead_id COLLATE "C", n.level COLLATE "C"`, l.tenant, message)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (n Notice, err error) {
		var due *time.Time
		var detail string
		err = row.Scan(&n.Lead, &n.Cycle, &n.Clause, &n.Level, &n.Subject, &n.Tier, &due, &detail, &n.Recipient, &n.Rep, &n.At, &n.Over)
		n.Due, n.At = utc(due), n.At.UTC()
		if detail != "" {
			n.Detail = strings.Split(detail, "\n")
		}
		return n, err
	})
}

// Delivered notes that an address has the message, so that a later try for the others leaves it out.
func (l *Ledger) Delivered(ctx context.Context, id int64, position int) error {
	_, err := l.pool.Exec(ctx, `UPDATE messages SET done = array_append(done, $3) WHERE tenant = $1 AND id = $2 AND NOT $3 = ANY(done)`,
		l.tenant, id, position)
	return err
}

// FinishMessage marks a message as sent, or as dropped where it says why, in one transaction with the end of its job.
func (l *Ledger) FinishMessage(ctx context.Context, id int64, dropped string, complete func(context.Context, pgx.Tx) error) error {
	return l.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
UPDATE messages SET dropped = nullif($3, ''), sent_at = CASE WHEN $3 = '' THEN clock_timestamp() END
WHERE tenant = $1 AND id = $2 AND sent_at IS NULL AND dropped IS NULL`, l.tenant, id, dropped)
		if err != nil {
			return err
		}
		return complete(ctx, tx)
	})
}

// Digest turns what waits for one into messages, one for each recipient whose oldest item waits for as long as every says: a transaction
// takes each item once, and a worker that dies in it has taken none. open says whether it is an hour to send digests at.
func (l *Ledger) Digest(ctx context.Context, every time.Duration, open func(time.Time) bool) (messages int, err error) {
	if !l.wanted().Notify {
		return 0, nil
	}
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		at, err := now(ctx, tx)
		if err != nil || !open(at) {
			return err
		}
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, lockKey(lockDigest, l.tenant)).Scan(&mine); err != nil || !mine {
			return err
		}
		rows, err := tx.Query(ctx, `
WITH due AS MATERIALIZED (
    SELECT recipient, rep, nextval(pg_get_serial_sequence('messages', 'id')) AS message FROM notices
    WHERE tenant = $1 AND message IS NULL GROUP BY recipient, rep HAVING min(at) <= $2
), taken AS (
    UPDATE notices n SET message = d.message FROM due d,
        LATERAL (SELECT ctid FROM notices WHERE tenant = $1 AND message IS NULL AND recipient = d.recipient AND rep = d.rep
            ORDER BY at LIMIT $3) AS oldest
    WHERE n.ctid = oldest.ctid AND n.message IS NULL RETURNING 1)
INSERT INTO messages (id, tenant, recipient, rep) SELECT message, $1, recipient, rep FROM due RETURNING id`, l.tenant, at.Add(-every), digestBatch)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		var jobs []river.InsertManyParams
		for _, id := range ids {
			jobs = append(jobs, l.noticeJob(id, time.Time{}, 3))
		}
		messages = len(ids)
		if err := l.insertJobs(ctx, tx, jobs); err != nil {
			return err
		}
		fault.Point("digest.taken")
		return nil
	})
	if err == nil {
		fault.Point("digest.committed")
	}
	return messages, err
}

// SweepMessages deletes messages that were sent long ago, or dropped.
func (l *Ledger) SweepMessages(ctx context.Context) error {
	_, err := l.pool.Exec(ctx, `
WITH at AS MATERIALIZED (SELECT clock_timestamp() - $2::interval AS before)
DELETE FROM messages WHERE id IN (
    (SELECT id FROM messages WHERE tenant = $1 AND sent_at < (SELECT before FROM at) LIMIT 1000)
    UNION ALL (SELECT id FROM messages WHERE tenant = $1 AND dropped IS NOT NULL AND due_at < (SELECT before FROM at) LIMIT 1000))`,
		l.tenant, keepMessages)
	return err
}
