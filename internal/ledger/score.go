// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/fault"
)

// Judge sets what follows from a lead's events: record, stage, score and stamps.
type Judge func(*Lead) error

// Score claims up to limit leads with new events and, in one transaction, has each judged, keeps what follows, marks its
// events with the sequence of the loaded pair, and notes what is to be routed. Its error is a StaleError when another pair
// is in force, or comes into force meanwhile. A lead whose judgement fails is put back; the others are not held up by it.
func (l *Ledger) Score(ctx context.Context, loaded int64, limit int, judge Judge) (Batch, error) {
	return l.ScoreAmong(ctx, loaded, limit, Among{}, judge)
}

// ScoreAccounts is Score that has each lead judged among the other contacts of its account; of is nil when no account can qualify a lead.
func (l *Ledger) ScoreAccounts(ctx context.Context, loaded int64, limit int, of AccountOf, judge Judge) (Batch, error) {
	return l.ScoreAmong(ctx, loaded, limit, Among{Account: of}, judge)
}

// ScoreAmong is Score that has each lead judged among those that it has to do with.
func (l *Ledger) ScoreAmong(ctx context.Context, loaded int64, limit int, among Among, judge Judge) (Batch, error) {
	var batch Batch
	var traced *followed
	err := l.inTx(ctx, func(tx pgx.Tx) error {
		entered, err := l.enterInForce(ctx, tx, loaded)
		if err != nil {
			return err
		}
		c, err := l.claim(ctx, tx, queueScore, limit)
		if err != nil || len(c.ids) == 0 {
			return err
		}
		if traced, err = l.follow(ctx, tx, "score", queueScore, c.ids); err != nil {
			return err
		}
		fault.Point("score.claimed")
		leads, err := l.lock(ctx, tx, c.ids)
		if err != nil {
			return err
		}
		if leads, err = l.settle(ctx, tx, c.ids, leads); err != nil {
			return err
		}
		around, err := l.around(ctx, tx, leads, among)
		if err != nil {
			return err
		}
		var judged []*Lead
		for _, one := range leads {
			if err := around.contacts.judge(one, judge); err != nil {
				batch.Failed = append(batch.Failed, Failed{Lead: one.ID, Err: err})
				continue
			}
			judged = append(judged, one)
		}
		batch.Leads = len(judged)
		fault.Point("score.judged")
		if err := postpone(ctx, tx, l.tenant, queueScore, batch.Failed, c.failing); err != nil {
			return err
		}
		if err := l.saveScores(ctx, tx, loaded, judged, around); err != nil {
			return err
		}
		if err := traced.pass(ctx, tx, l.tenant, queueRoute); err != nil {
			return err
		}
		fault.Point("score.published")
		return l.leaveInForce(ctx, tx, entered)
	})
	traced.end(err)
	if err != nil {
		return Batch{}, err
	}
	return batch, nil
}

func (l *Ledger) saveScores(ctx context.Context, tx pgx.Tx, loaded int64, leads []*Lead, around *around) error {
	var writes pgx.Batch
	var seqs []int64
	var route []string
	for _, one := range leads {
		if err := l.queueStanding(&writes, one); err != nil {
			return err
		}
		if err := l.queuePast(&writes, one); err != nil {
			return err
		}
		for _, e := range one.Events {
			if e.ScoredBy == 0 {
				seqs = append(seqs, e.Sequence)
			}
		}
		if one.Reached != nil {
			route = append(route, one.ID)
		}
	}
	if err := l.queueScores(&writes, leads); err != nil {
		return err
	}
	writes.Queue(`UPDATE events SET scored_by = $1, scored_at = clock_timestamp() WHERE seq = ANY($2)`, loaded, seqs)
	around.queue(&writes, l, leads)
	if err := tx.SendBatch(ctx, &writes).Close(); err != nil {
		return err
	}
	if err := l.scored(ctx, tx, leads); err != nil {
		return err
	}
	return enqueue(ctx, tx, l.tenant, queueRoute, route)
}
