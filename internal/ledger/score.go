// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/fault"
)

// Judge sets what follows from a lead's events: record, stage, score and stamps.
type Judge func(*Lead) error

// Score claims up to limit leads with new events and, in one transaction, has each judged, keeps what follows, marks its
// events with the sequence of the loaded pair, and notes what is to be routed. Its error is a StaleError when another pair
// is in force, or comes into force meanwhile. A lead whose judgement fails is put back; the others are not held up by it.
func (l *Ledger) Score(ctx context.Context, loaded int64, limit int, judge Judge) (Batch, error) {
	return l.ScoreAccounts(ctx, loaded, limit, nil, judge)
}

// ScoreAccounts is Score that has each lead judged among the other contacts of its account; of is nil when no account can qualify a lead.
func (l *Ledger) ScoreAccounts(ctx context.Context, loaded int64, limit int, of AccountOf, judge Judge) (Batch, error) {
	var batch Batch
	err := l.inTx(ctx, func(tx pgx.Tx) error {
		entered, err := l.enterInForce(ctx, tx, loaded)
		if err != nil {
			return err
		}
		c, err := l.claim(ctx, tx, queueScore, limit)
		if err != nil || len(c.ids) == 0 {
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
		contacts, err := l.tally(ctx, tx, leads, of)
		if err != nil {
			return err
		}
		var judged []*Lead
		for _, one := range leads {
			if err := contacts.judge(one, judge); err != nil {
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
		if err := l.saveScores(ctx, tx, loaded, judged, contacts); err != nil {
			return err
		}
		fault.Point("score.published")
		return l.leaveInForce(ctx, tx, entered)
	})
	if err != nil {
		return Batch{}, err
	}
	fault.Point("score.committed")
	return batch, nil
}

func (l *Ledger) saveScores(ctx context.Context, tx pgx.Tx, loaded int64, leads []*Lead, contacts *tally) error {
	var writes pgx.Batch
	var seqs []int64
	var route []string
	for _, one := range leads {
		if err := l.queueScore(&writes, one); err != nil {
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
	writes.Queue(`UPDATE events SET scored_by = $1, scored_at = clock_timestamp() WHERE seq = ANY($2)`, loaded, seqs)
	contacts.queue(&writes, l.tenant)
	if err := tx.SendBatch(ctx, &writes).Close(); err != nil {
		return err
	}
	if err := l.scored(ctx, tx, leads); err != nil {
		return err
	}
	return enqueue(ctx, tx, l.tenant, queueRoute, route)
}

// queueScore writes what the scorer decides; what the router decides is not touched.
func (l *Ledger) queueScore(writes *pgx.Batch, one *Lead) error {
	record, err := json.Marshal(one.Record)
	if err != nil {
		return fmt.Errorf("record of lead %q: %w", one.ID, err)
	}
	if one.Missing == nil {
		one.Missing = []string{}
	}
	writes.Queue(`UPDATE leads SET record = $3, stage = $4, score_raw = $5, score_rounded = $6, score = $7, missing = $8,
    account = nullif($9, '')
WHERE tenant = $1 AND lead_id = $2`,
		l.tenant, one.ID, record, one.Stage, one.Score.Raw, one.Score.Rounded, one.Score.Clamped, one.Missing, one.Account)
	if err := l.queuePast(writes, one); err != nil {
		return err
	}
	if r := one.Reached; r != nil {
		writes.Queue(`UPDATE leads SET reached_at = $3, reached_path = $4, reached_missing = $5, reached_sequence = $6
WHERE tenant = $1 AND lead_id = $2`, l.tenant, one.ID, r.At, r.Path, r.Missing, one.ReachedBy)
	}
	if q := one.Qualified; q != nil {
		writes.Queue(`UPDATE leads SET qualified_at = $3, path = $4, threshold = $5, score_at_handoff = $6, met_threshold = $7,
    intent = $8, bundle_sequence = $9, terms_revision = $10, definition_revision = $11,
    account_contacts = nullif($12, 0), account_score = nullif($13, 0), first_qualified_at = coalesce(first_qualified_at, $3)
WHERE tenant = $1 AND lead_id = $2 AND qualified_at IS NULL`, l.tenant, one.ID, q.At, q.Path, q.Threshold, q.Score,
			q.MetThreshold, q.Intent, one.JudgedBy, one.TermsRevision, one.DefinitionRevision,
			q.Account.Count, q.Account.Score)
	}
	return nil
}
