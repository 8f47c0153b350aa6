// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// UnreadableError says that a recorded pair is not in a form that this version knows.
type UnreadableError struct {
	Sequence int64
	Err      error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("the pair with sequence %d in the ledger cannot be read by this version of Handoff: %v", e.Sequence, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

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

// Register makes the plan of what is in force what a mount says: its pairs, of which each comes into force at its own date, or at once when
// it has none or that is past, by the database's clock. What is to come and is not among them, as it is of an older mount or of a contract
// that is gone, is called off: it never comes into force. What was ever in force stays.
//
// Of two mounts the one with the higher sequence is the newer: every mount has the pair that was adopted last. An older one than the latest
// that was registered changes nothing, so that a worker that comes back with it brings back nothing. All pairs are recorded or none. A pair
// that is recorded already keeps its time; one below that in force is left out, since its time will never come. Pairs of another contract are
// refused with a ForeignError. It waits for the transactions that judge right now.
func (l *Ledger) Register(ctx context.Context, pairs ...bundle.Bundle) error {
	return l.registerIn(ctx, pairs, true)
}

// RegisterPart records the pairs of a mount of which some cannot be seen, and calls nothing off: it may be what cannot be seen.
func (l *Ledger) RegisterPart(ctx context.Context, pairs ...bundle.Bundle) error {
	return l.registerIn(ctx, pairs, false)
}

func (l *Ledger) registerIn(ctx context.Context, pairs []bundle.Bundle, whole bool) error {
	var mounted []int64
	for _, b := range pairs {
		mounted = append(mounted, b.Sequence)
	}
	if len(mounted) == 0 {
		return nil
	}
	return l.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(lockInForce, l.tenant)); err != nil {
			return err
		}
		latest, err := l.latest(ctx, tx)
		if err != nil {
			return err
		}
		missing, err := l.unrecorded(ctx, tx, latest, pairs)
		if err != nil || slices.Max(mounted) < latest {
			return err // an older mount
		}
		if whole {
			if err := l.callOff(ctx, tx, mounted); err != nil {
				return err
			}
		}
		for _, b := range missing {
			if err := l.record(ctx, tx, b); err != nil {
				return err
			}
		}
		return nil
	})
}

// latest is the highest sequence that was ever recorded, which is never deleted; 0 when there is none.
func (l *Ledger) latest(ctx context.Context, tx pgx.Tx) (sequence int64, err error) {
	err = tx.QueryRow(ctx, `SELECT coalesce(max(sequence), 0) FROM in_force WHERE tenant = $1`, l.tenant).Scan(&sequence)
	return sequence, err
}

// unrecorded are the pairs that are not recorded yet. Those of another contract than the latest, and others than are recorded, are refused.
func (l *Ledger) unrecorded(ctx context.Context, tx pgx.Tx, latest int64, pairs []bundle.Bundle) ([]bundle.Bundle, error) {
	contract := pairs[0].Contract
	if latest > 0 {
		kept, err := readBundle(ctx, tx, l.tenant, latest)
		if err != nil {
			return nil, err
		}
		contract = kept.Contract
	}
	var out []bundle.Bundle
	for _, b := range pairs {
		if b.Contract != contract {
			return nil, &ForeignError{Tenant: l.tenant, Mounted: b.Contract, Holder: contract, Sequence: latest}
		}
		kept, err := readBundle(ctx, tx, l.tenant, b.Sequence)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			out = append(out, b)
		case err != nil:
			return nil, err
		case kept.Definition.Digest != b.Definition.Digest || kept.Terms.Digest != b.Terms.Digest:
			return nil, &MismatchError{Sequence: b.Sequence}
		}
	}
	return out, nil
}

// callOff what is to come and not mounted. The rows stay, with a time that never comes, so that no version of the workers records them anew.
func (l *Ledger) callOff(ctx context.Context, tx pgx.Tx, mounted []int64) error {
	_, err := tx.Exec(ctx, `
UPDATE in_force SET since = 'infinity' WHERE tenant = $1 AND sequence <> ALL ($2::bigint[]) AND since > clock_timestamp()`, l.tenant, mounted)
	return err
}

func (l *Ledger) record(ctx context.Context, tx pgx.Tx, b bundle.Bundle) error {
	at, err := l.standing(ctx, tx)
	if err != nil || b.Sequence < at.sequence {
		return err
	}
	text, err := b.Encode()
	if err != nil {
		return fmt.Errorf("bundle %d: %w", b.Sequence, err)
	}
	_, err = tx.Exec(ctx, `
INSERT INTO in_force (tenant, sequence, since, bundle)
VALUES ($1, $2, CASE WHEN $5 THEN 'infinity' ELSE greatest(clock_timestamp(), $3) END, $4)`,
		l.tenant, b.Sequence, orNull(b.EffectiveFrom), text, b.CalledOff)
	return err
}

// standing is what is in force at an instant, and until when at the latest.
type standing struct {
	sequence int64      // 0 when nothing is
	since    *time.Time // of the sequence
	until    *time.Time // when a pair with a higher sequence comes into force; nil when none is recorded
}

// standing reads what is in force now, by the clock of the database. The one instant is compared with all rows.
func (l *Ledger) standing(ctx context.Context, db querier) (standing, error) {
	var s standing
	err := db.QueryRow(ctx, `
WITH at AS MATERIALIZED (SELECT clock_timestamp() AS now),
    current AS (SELECT sequence, since FROM in_force, at WHERE tenant = $1 AND since <= now ORDER BY sequence DESC LIMIT 1)
SELECT coalesce((SELECT sequence FROM current), 0), (SELECT since FROM current),
    (SELECT min(since) FROM in_force WHERE tenant = $1 AND sequence > coalesce((SELECT sequence FROM current), 0) AND since < 'infinity')`, l.tenant).
		Scan(&s.sequence, &s.since, &s.until)
	return s, err
}

// Unregistered says which sequences of a mount are to come into force and are not recorded; none of an older mount than the latest.
func (l *Ledger) Unregistered(ctx context.Context, sequences ...int64) ([]int64, error) {
	rows, err := l.pool.Query(ctx, `
SELECT sequence FROM unnest($2::bigint[]) AS wanted (sequence)
WHERE NOT EXISTS (SELECT 1 FROM in_force i WHERE tenant = $1
    AND (i.sequence = wanted.sequence OR (i.sequence > wanted.sequence AND since <= clock_timestamp())
        OR i.sequence > (SELECT max(mounted.sequence) FROM unnest($2::bigint[]) AS mounted (sequence))))
ORDER BY 1`, l.tenant, sequences)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
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
	b, err := bundle.DecodeBundle(text)
	if err != nil {
		return bundle.Bundle{}, &UnreadableError{Sequence: sequence, Err: err}
	}
	return b, nil
}

// InForce is the sequence of the pair in force, and since when it is; 0 when none is.
func (l *Ledger) InForce(ctx context.Context) (sequence int64, since time.Time, err error) {
	s, err := l.standing(ctx, l.pool)
	return s.sequence, utc(s.since), err
}
