// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

// Standing of a lead, as the CRM is told.
type Standing struct {
	Lead     string
	Version  int64 // one more with each change
	Changed  time.Time
	Stage    Stage
	Score    int64
	Missing  []string
	Cycle    int
	Owner    string
	Pool     string
	JudgedBy int64 // sequence of the pair that it is judged by; 0 when it is by none yet

	Definition string // the revision that handed it off; empty while none has

	// Rulings are its dispositions since it was handed off, and the contests about them, in order; none as long as none counts.
	Rulings []lead.Event

	Clause  string // of the next deadline; empty when no clock runs
	Due     time.Time
	Overdue []string // clauses that are missed and still not done

	FirstTouchAt time.Time // first genuine contact of the cycle; zero while there was none
	Attempts     int       // to reach the lead in the cycle

	Content []byte // what was sent last, by a hash

	Known *crm.Known // its record in the CRM or, when it has none of its own, that of one that was merged into it; nil: there is none
	Note  *crm.Note  // the oldest that is to be left there; nil for none
}

// Outgoing reads what a job is to send. Nothing, when another job is on its way for the lead, or the lead is gone: then the job is obsolete. A
// job that was given up and is tried again takes its place, unless another one has taken it.
func (l *Ledger) Outgoing(ctx context.Context, args CRMArgs, job int64) (*Standing, error) {
	standings, err := l.OutgoingMany(ctx, []OutgoingJob{{Args: args, Job: job}})
	if err != nil {
		return nil, err
	}
	return standings[0], nil
}

// SameContent says whether the CRM was told the very same before.
func (s *Standing) SameContent(hash []byte) bool { return bytes.Equal(s.Content, hash) }

// FinishOutgoing notes what was sent, in one transaction with the end of its job. When the lead has changed meanwhile, the next job is inserted:
// there is never more than one on its way for a lead, so none overtakes another.
func (l *Ledger) FinishOutgoing(ctx context.Context, args CRMArgs, version int64, content []byte, complete func(context.Context, pgx.Tx) error) error {
	return l.FinishMany(ctx, []CRMTold{{Args: args, Version: version, Content: content}}, complete)
}

// Park notes that a job is given up, so that the next change of the lead gets a job of its own. One that was given up before is deleted: what it
// would say is what this one would.
func (l *Ledger) Park(ctx context.Context, args CRMArgs, job int64) error {
	return l.inTx(ctx, func(tx pgx.Tx) error { return l.park(ctx, tx, args.Outbox, args.Token, job) })
}

func (l *Ledger) park(ctx context.Context, tx pgx.Tx, outbox, token, job int64) error {
	var parked *int64
	err := tx.QueryRow(ctx, `
WITH old AS (SELECT parked FROM outbox WHERE tenant = $1 AND id = $2 FOR UPDATE)
UPDATE outbox SET live = NULL, parked = $4 FROM old WHERE tenant = $1 AND id = $2 AND live = $3 RETURNING old.parked`,
		l.tenant, outbox, token, job).Scan(&parked)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil || parked == nil || *parked == job {
		return err
	}
	return l.deleteJob(ctx, tx, *parked)
}

// ParkLost does what Park does for jobs that River gave up by itself, as when a worker died at the last attempt. And it deletes those that were
// given up for a lead that was told since, or erased: nothing is left of what they would say.
func (l *Ledger) ParkLost(ctx context.Context) error {
	return l.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT b.id, b.live, j.id FROM river_job j JOIN outbox b ON b.id = (j.args ->> 'outbox')::bigint AND b.live = (j.args ->> 'token')::bigint
WHERE b.tenant = $1 AND j.queue = $2 AND j.state IN ('discarded', 'cancelled')
ORDER BY b.lead_id COLLATE "C" LIMIT 1000`, l.tenant, Queue(CRMArgs{}.Kind(), l.tenant))
		if err != nil {
			return err
		}
		type lost struct{ Outbox, Token, Job int64 }
		all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[lost])
		if err != nil {
			return err
		}
		for _, one := range all {
			if err := l.park(ctx, tx, one.Outbox, one.Token, one.Job); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `
DELETE FROM river_job j WHERE queue = $2 AND state IN ('discarded', 'cancelled') AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.tenant = $1
    AND b.id = (j.args ->> 'outbox')::bigint AND (b.parked = j.id OR b.live = (j.args ->> 'token')::bigint))`,
			l.tenant, Queue(CRMArgs{}.Kind(), l.tenant))
		return err
	})
}
