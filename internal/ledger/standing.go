// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/sla"
)

// freshSteps is how long ago a step may have been that somebody is still told. Who switches notices on does not want the escalations of a year.
const freshSteps = 7 * 24 * time.Hour

// patience is how long a step waits for an open hour at most: a long weekend. Nobody is to hear of it late because everybody is on holiday.
const patience = 3 * 24 * time.Hour

// NoteSteps keeps the steps of escalations that nobody was told of yet and, in the same transaction, has each sent to those whom it concerns: once
// ever, whichever replica comes first. Steps that are too old are left out. executive says whether the terms name one; open, whether it is an hour to
// tell people at: the week is closed at midnight, and can wait until the morning.
func (l *Ledger) NoteSteps(ctx context.Context, steps []bundle.EscalationStep, executive bool, open func(time.Time) bool) (noted int, err error) {
	if len(steps) == 0 || !l.wanted().Notify {
		return 0, nil
	}
	// By clause, since who hears of a resolution depends on what was told before, and in one order, so that two replicas wait for each other
	// instead of deadlocking.
	steps = slices.SortedStableFunc(slices.Values(steps), func(a, b bundle.EscalationStep) int {
		return cmp.Or(cmp.Compare(a.Clause, b.Clause), a.At.Compare(b.At), cmp.Compare(a.Level, b.Level))
	})
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		at, err := now(ctx, tx)
		if err != nil {
			return err
		}
		isOpen := open(at)
		for _, one := range steps {
			age := at.Sub(one.At)
			if age > freshSteps || !isOpen && age < patience {
				continue
			}
			first, err := l.noteStep(ctx, tx, one, executive)
			if err != nil {
				return err
			}
			if first {
				noted++
			}
		}
		if noted > 0 {
			fault.Point("escalation.noted")
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if noted > 0 {
		fault.Point("escalation.committed")
	}
	return noted, nil
}

// noteStep says whether the step is noted by this call.
func (l *Ledger) noteStep(ctx context.Context, tx pgx.Tx, s bundle.EscalationStep, executive bool) (first bool, err error) {
	level := s.Level
	if level == 0 {
		if level, err = l.toldLevel(ctx, tx, s); err != nil || level == 0 { // who was told of nothing is not told that it is over
			return false, err
		}
	}
	var id int64
	err = tx.QueryRow(ctx, `
INSERT INTO escalations (tenant, clause, level, at, reason, owners, since, due_at, clears) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING RETURNING id`,
		l.tenant, s.Clause, s.Level, s.At, s.Reason, append([]string{}, s.Owners...), orNull(s.Since), orNull(s.Due), s.Clears).Scan(&id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	}
	ids, err := l.carry(ctx, tx, "escalation", id, concerned(s.Clause, level, executive))
	if err != nil {
		return false, err
	}
	var jobs []river.InsertManyParams
	for _, message := range ids {
		jobs = append(jobs, l.stepJob(message))
	}
	return true, l.insertJobs(ctx, tx, jobs)
}

// toldLevel is the highest level of the clause that was told since its last resolution, before the one in hand.
func (l *Ledger) toldLevel(ctx context.Context, tx pgx.Tx, s bundle.EscalationStep) (level int, err error) {
	err = tx.QueryRow(ctx, `
SELECT coalesce(max(level), 0) FROM escalations e WHERE tenant = $1 AND clause = $2 AND at < $3 AND at > coalesce(
    (SELECT max(at) FROM escalations WHERE tenant = $1 AND clause = $2 AND at < $3 AND level = 0), '-infinity')`, l.tenant, s.Clause, s.At).Scan(&level)
	return level, err
}

// concerned are those who are told of an escalation.
func concerned(clause sla.Clause, level int, executive bool) []Recipient {
	both := []Recipient{ToMarketing, ToSales}
	switch {
	case level >= 3 && executive:
		return append(both, ToExecutive)
	case level == 1 && clause.Party() == sla.PartyMarketing:
		return both[:1]
	case level == 1 && clause.Party() == sla.PartySales:
		return both[1:]
	default:
		return both
	}
}

// carry inserts a message to each recipient that carries a row of another table, which the column names.
func (l *Ledger) carry(ctx context.Context, tx pgx.Tx, what string, id int64, to []Recipient) (messages []int64, err error) {
	rows, err := tx.Query(ctx, `
INSERT INTO messages (tenant, recipient, `+quoted(what)+`) SELECT DISTINCT $1, recipient, $3::bigint FROM unnest($2::text[]) AS recipient RETURNING id`,
		l.tenant, to, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// beside are the recipients before this one who get the same.
func (l *Ledger) beside(ctx context.Context, what string, id int64, to Recipient) ([]Recipient, error) {
	rows, err := l.pool.Query(ctx, `SELECT recipient FROM messages WHERE tenant = $1 AND `+quoted(what)+` = $2 AND recipient < $3 ORDER BY recipient`,
		l.tenant, id, to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[Recipient])
}

// step reads what a message carries.
func (l *Ledger) step(ctx context.Context, id int64) (*bundle.EscalationStep, error) {
	var s bundle.EscalationStep
	var since, due *time.Time
	err := l.pool.QueryRow(ctx, `SELECT clause, level, at, reason, owners, since, due_at, clears FROM escalations WHERE tenant = $1 AND id = $2`,
		l.tenant, id).Scan(&s.Clause, &s.Level, &s.At, &s.Reason, &s.Owners, &since, &due, &s.Clears)
	s.At, s.Since, s.Due = s.At.UTC(), utc(since), utc(due)
	return &s, err
}
