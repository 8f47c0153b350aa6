// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Switch is a pair and since when it was in force.
type Switch struct {
	Sequence   int64
	Definition bundle.RevisionOf
	Terms      bundle.RevisionOf
	Since      time.Time
}

// Switches are the pairs that were in force at any time from an instant up to another, exclusive, and those by which any lead is
// judged in the periods; oldest first. A pair that a later one superseded before its time came was never in force. Leads that were brought in
// later are judged by a later pair than the one of their time.
func (r *Reading) Switches(ctx context.Context, from, to time.Time, periods ...sla.Period) ([]Switch, error) {
	rows, err := r.tx.Query(ctx, `
SELECT sequence, bundle -> 'definitionRevision', bundle -> 'termsRevision', since FROM (
    SELECT *, min(since) OVER (ORDER BY sequence ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
    FROM in_force WHERE tenant = $1) AS pairs
WHERE (since < $3 AND since <= clock_timestamp() AND (until IS NULL OR (until > $2 AND until > since)))
   OR sequence IN (SELECT coalesce(l.bundle_sequence, l.reached_sequence) FROM leads l JOIN obligations o USING (tenant, lead_id, cycle)
        WHERE tenant = $1 AND period = ANY($4))
   OR sequence IN (SELECT c.bundle_sequence FROM cycles c JOIN obligations o USING (tenant, lead_id, cycle) WHERE tenant = $1 AND period = ANY($4))
ORDER BY sequence`, r.ledger.tenant, from, to, periods)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Switch, err error) {
		err = row.Scan(&s.Sequence, &s.Definition, &s.Terms, &s.Since)
		s.Since = s.Since.UTC()
		return s, err
	})
}

// Pairs are all whose time has come, oldest first.
func (r *Reading) Pairs(ctx context.Context) ([]bundle.Bundle, error) {
	var all []bundle.Bundle
	var sequence int64
	var text []byte
	err := each(ctx, r.tx, []any{&sequence, &text}, func() error {
		b, err := bundle.DecodeBundle(text)
		if err != nil {
			return &UnreadableError{Sequence: sequence, Err: err}
		}
		all = append(all, b)
		return nil
	}, `SELECT sequence, bundle FROM in_force WHERE tenant = $1 AND since <= clock_timestamp() ORDER BY sequence`, r.ledger.tenant)
	return all, err
}

// Paces are those of Ledger.Paces, at the instant of the reading.
func (r *Reading) Paces(ctx context.Context, weeks []sla.Period, zone *time.Location) ([]sla.Pace, error) {
	at, err := now(ctx, r.tx)
	if err != nil {
		return nil, err
	}
	return r.ledger.paces(ctx, r.tx, weeks, zone, at)
}
