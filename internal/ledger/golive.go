// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// goLive is when the terms of the first pair that was in force took effect, as both parties signed it: what was handed off before is out. Once
// there is such a pair it stays, so that it is read once.
func (l *Ledger) goLive(ctx context.Context, tx pgx.Tx) (time.Time, error) {
	if known := l.wentLive.Load(); known != nil {
		return *known, nil
	}
	var at *time.Time
	err := tx.QueryRow(ctx, `SELECT (bundle #>> '{terms,effectiveFrom}')::timestamptz FROM in_force
WHERE tenant = $1 AND since <= clock_timestamp() ORDER BY since, sequence LIMIT 1`, l.tenant).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	live := utc(at)
	l.wentLive.Store(&live)
	return live, nil
}

func (l *Ledger) readGoLive(ctx context.Context, tx pgx.Tx, leads []*Lead) error {
	at, err := l.goLive(ctx, tx)
	for _, one := range leads {
		one.GoLive = at
	}
	return err
}
