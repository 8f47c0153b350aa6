// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// TellPlanned has the CRM told of leads of which a dry run kept what it would have told, or of which a sink was told in its place, the oldest first, and
// says of how many. One of which it is told already is left alone, and one of which it would not be told.
func (l *Ledger) TellPlanned(ctx context.Context, limit int) (told int, err error) {
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT lead_id FROM outbox WHERE tenant = $1 AND (planned IS NOT NULL OR elsewhere) AND live IS NULL AND parked IS NULL
ORDER BY changed_at LIMIT $2`, l.tenant, limit)
		if err != nil {
			return err
		}
		leads, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		told = len(leads)
		return l.force(ctx, tx, leads)
	})
	return told, err
}
