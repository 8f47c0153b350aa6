// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	queueScore = "score"
	queueRoute = "route"
)

// postponement is how long a lead that could not be worked off waits for its next turn.
const postponement = 30 * time.Second

// stuck is true of a row w of the queues whose lead has failed again and again for an hour: neither reports nor clocks wait for it any longer.
const stuck = `w.postponed_until IS NOT NULL AND w.enqueued_at < clock_timestamp() - interval '1 hour'`

// StaleError says that another pair is in force than the one that the worker judges by: it takes up the one in force, and goes on.
type StaleError struct{ Loaded, InForce int64 }

func (e *StaleError) Error() string {
	return fmt.Sprintf("the pair with sequence %d is loaded, but %d is in force by the ledger's record", e.Loaded, e.InForce)
}

// ErrNothingInForce says that no pair was registered, or that the first is still to come.
var ErrNothingInForce = errors.New("no pair of definition and terms is in force in the ledger yet")

// Failed is a lead that could not be worked off. It stays in its queue and is tried again.
type Failed struct {
	Lead string
	Err  error
}

// Batch says what became of the leads that were claimed.
type Batch struct {
	Leads  int // worked off
	Failed []Failed

	Choices map[ChoiceKind]int // of owners, by kind
}

// claimed are the leads that were taken from a queue, in order, and since when those fail that failed before.
type claimed struct {
	ids     []string
	failing map[string]time.Time
}

// claim takes up to limit rows of a queue and locks their leads, in the order of their ids, so that two workers with common
// leads wait for each other instead of deadlocking. Events that are committed after this have a row of their own.
func (l *Ledger) claim(ctx context.Context, tx pgx.Tx, queue string, limit int) (claimed, error) {
	c := claimed{failing: map[string]time.Time{}}
	var id string
	var since *time.Time
	err := each(ctx, tx, []any{&id, &since}, func() error {
		c.ids = append(c.ids, id)
		if old, again := c.failing[id]; since != nil && (!again || since.Before(old)) {
			c.failing[id] = *since
		}
		return nil
	}, `
DELETE FROM work WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM work
    WHERE tenant = $1 AND queue = $2 AND (postponed_until IS NULL OR postponed_until <= clock_timestamp())
    ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED))
RETURNING lead_id, CASE WHEN postponed_until IS NOT NULL THEN enqueued_at END`, l.tenant, queue, limit)
	slices.Sort(c.ids)
	c.ids = slices.Compact(c.ids)
	return c, err
}

// enterInForce takes the lock that the registration of a pair waits for and checks that the loaded pair is the one in
// force. Until the transaction ends, no other pair is registered; one that was to come may come into force, see leaveInForce.
func (l *Ledger) enterInForce(ctx context.Context, tx pgx.Tx, loaded int64) (standing, error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, lockKey(lockInForce, l.tenant)); err != nil {
		return standing{}, err
	}
	s, err := l.standing(ctx, tx)
	switch {
	case err != nil:
		return s, err
	case s.sequence == 0:
		return s, ErrNothingInForce
	case s.sequence != loaded:
		return s, &StaleError{Loaded: loaded, InForce: s.sequence}
	}
	return s, nil
}

// leaveInForce is the last that a transaction does: when the time of another pair has come meanwhile, nothing of it is kept, and it is
// done again by that pair. So whatever is marked with a time was judged by the pair of that time.
func (l *Ledger) leaveInForce(ctx context.Context, tx pgx.Tx, entered standing) error {
	if entered.until == nil {
		return nil
	}
	s, err := l.standing(ctx, tx)
	if err == nil && s.sequence != entered.sequence {
		return &StaleError{Loaded: entered.sequence, InForce: s.sequence}
	}
	return err
}

func enqueue(ctx context.Context, tx pgx.Tx, tenant, queue string, leads []string) error {
	if len(leads) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
INSERT INTO work (tenant, queue, lead_id) SELECT $1, $2, name FROM unnest($3::text[]) AS name`, tenant, queue, leads)
	return err
}

// postpone puts leads that failed back into their queue, for later, as of when they first failed.
func postpone(ctx context.Context, tx pgx.Tx, tenant, queue string, failed []Failed, failing map[string]time.Time) error {
	if len(failed) == 0 {
		return nil
	}
	names := make([]string, len(failed))
	since := make([]*time.Time, len(failed))
	for i, f := range failed {
		names[i], since[i] = f.Lead, orNull(failing[f.Lead])
	}
	_, err := tx.Exec(ctx, `
INSERT INTO work (tenant, queue, lead_id, enqueued_at, postponed_until)
SELECT $1, $2, name, coalesce(since, clock_timestamp()), clock_timestamp() + $5
FROM unnest($3::text[], $4::timestamptz[]) AS failed (name, since)`, tenant, queue, names, since, postponement)
	return err
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
