// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/bundle"
)

// MismatchError says that another pair was in force under the sequence of the mounted one, as happens when a contract is
// made anew on the ledger tenant of an old one.
type MismatchError struct{ Sequence int64 }

func (e *MismatchError) Error() string {
	return fmt.Sprintf("the ledger holds another pair of definition and terms under sequence %d: use another ledger tenant for a "+
		"new contract, or let the sequence go on from the one in the SLAMeasurement's status", e.Sequence)
}

// ForeignError says that the tenant holds the leads of another contract: two on one tenant would judge each other's leads.
type ForeignError struct {
	Tenant, Mounted, Holder string // contracts as namespace/name
	Sequence                int64  // of the holder's pair in force
}

func (e *ForeignError) Error() string {
	quote := strings.NewReplacer("'", "''").Replace
	return fmt.Sprintf("ledger tenant %q holds the leads of SLAContract %s: give SLAContract %s a tenant of its own. If it is the same "+
		"contract under another name, remove the old one and run: UPDATE %s.in_force SET bundle = jsonb_set(bundle, '{contract}', '%q') "+
		"WHERE tenant = '%s' AND sequence = %d", e.Tenant, e.Holder, e.Mounted, Schema, quote(e.Mounted), quote(e.Tenant), e.Sequence)
}

// Register puts a pair into force, from this moment by the database's clock, unless it is in force already or a later one
// is: then the error is a StaleError. That of another contract is refused with a ForeignError. It waits for the transactions that still judge by the pair before.
func (l *Ledger) Register(ctx context.Context, b bundle.Bundle) (since time.Time, err error) {
	text, err := b.Encode()
	if err != nil {
		return time.Time{}, fmt.Errorf("bundle %d: %w", b.Sequence, err)
	}
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(lockInForce, l.tenant)); err != nil {
			return err
		}
		var highest int64
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(sequence), 0) FROM in_force WHERE tenant = $1`, l.tenant).Scan(&highest); err != nil {
			return err
		}
		var kept bundle.Bundle
		if highest > 0 {
			if kept, err = readBundle(ctx, tx, l.tenant, highest); err != nil {
				return err
			}
			if kept.Contract != b.Contract {
				return &ForeignError{Tenant: l.tenant, Mounted: b.Contract, Holder: kept.Contract, Sequence: highest}
			}
		}
		switch {
		case b.Sequence < highest:
			return &StaleError{Mounted: b.Sequence, InForce: highest}
		case b.Sequence == highest:
			since, err = l.recognise(ctx, tx, kept, b)
			return err
		}
		return tx.QueryRow(ctx, `
INSERT INTO in_force (tenant, sequence, since, bundle) VALUES ($1, $2, clock_timestamp(), $3) RETURNING since`,
			l.tenant, b.Sequence, text).Scan(&since)
	})
	return since.UTC(), err
}

// recognise checks that the pair in force is the mounted one.
func (l *Ledger) recognise(ctx context.Context, tx pgx.Tx, kept, b bundle.Bundle) (since time.Time, err error) {
	if err := tx.QueryRow(ctx, `SELECT since FROM in_force WHERE tenant = $1 AND sequence = $2`, l.tenant, b.Sequence).
		Scan(&since); err != nil {
		return time.Time{}, err
	}
	if kept.Definition.Digest != b.Definition.Digest || kept.Terms.Digest != b.Terms.Digest {
		return time.Time{}, &MismatchError{Sequence: b.Sequence}
	}
	return since, nil
}

// Bundle reads a pair from the archive: leads are judged for ever by the pair that was in force when they qualified.
func (l *Ledger) Bundle(ctx context.Context, sequence int64) (bundle.Bundle, error) {
	return readBundle(ctx, l.pool, l.tenant, sequence)
}

// Bundle reads a pair from the archive, inside the transaction.
func (r *Routing) Bundle(ctx context.Context, sequence int64) (bundle.Bundle, error) {
	return readBundle(ctx, r.tx, r.ledger.tenant, sequence)
}

func readBundle(ctx context.Context, db querier, tenant string, sequence int64) (bundle.Bundle, error) {
	var text []byte
	err := db.QueryRow(ctx, `SELECT bundle FROM in_force WHERE tenant = $1 AND sequence = $2`, tenant, sequence).Scan(&text)
	if err != nil {
		return bundle.Bundle{}, fmt.Errorf("pair %d of tenant %q: %w", sequence, tenant, err)
	}
	return bundle.DecodeBundle(text)
}

// InForce is the highest sequence that was registered, and since when; 0 when none was.
func (l *Ledger) InForce(ctx context.Context) (sequence int64, since time.Time, err error) {
	err = l.pool.QueryRow(ctx, `SELECT sequence, since FROM in_force WHERE tenant = $1 ORDER BY sequence DESC LIMIT 1`, l.tenant).
		Scan(&sequence, &since)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	return sequence, since.UTC(), err
}
