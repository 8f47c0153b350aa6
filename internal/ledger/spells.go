// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/judge"
)

// Spells say which terms were in force since when, the oldest first. A pair that a later one superseded before its time came was never in force,
// and a new definition begins no spell.
func (l *Ledger) Spells(ctx context.Context) ([]judge.Spell, error) {
	rows, err := l.pool.Query(ctx, `
SELECT since, terms FROM (
    SELECT since, terms, lag(terms) OVER (ORDER BY sequence) AS before FROM (
        SELECT sequence, since, bundle #>> '{termsRevision,name}' AS terms,
            min(since) OVER (ORDER BY sequence ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
        FROM in_force WHERE tenant = $1 AND since <= clock_timestamp()) AS pairs
    WHERE until IS NULL OR until > since) AS spells
WHERE terms IS DISTINCT FROM before ORDER BY since`, l.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s judge.Spell, err error) {
		err = row.Scan(&s.From, &s.Revision)
		s.From = s.From.UTC()
		return s, err
	})
}
