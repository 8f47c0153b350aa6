// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"github.com/handoff-sla/handoff/internal/bundle"
)

// ErrMayNotRead says what a user who only looks lacks.
var ErrMayNotRead = errors.New("the user of the connection string may not read the ledger: grant USAGE on the schema " + Schema +
	" and SELECT on all its tables")

// SchemaError says that the schema is not the one that this version reads. Who only looks does not migrate it.
type SchemaError struct{ Found, Known int64 } // Found is 0 where there is none

func (e *SchemaError) Error() string {
	switch {
	case e.Found == 0:
		return "the database has no ledger in its schema " + Schema + ": is it the one of the contract's workers?"
	case e.Found < e.Known:
		return fmt.Sprintf("the ledger's schema has version %d, this program reads version %d: the workers of this release bring it there, "+
			"or use kubectl-sla of the release that runs", e.Found, e.Known)
	default:
		return fmt.Sprintf("the ledger's schema has version %d, this program knows up to version %d: use kubectl-sla of the release that runs", e.Found, e.Known)
	}
}

// UnknownLeadError says that a tenant has no such lead.
type UnknownLeadError struct {
	Tenant, Lead string
	Empty        bool // the tenant has no pair either: it may be misspelt
}

func (e *UnknownLeadError) Error() string {
	if e.Empty {
		return fmt.Sprintf("no lead %q in ledger tenant %q: the ledger knows no such tenant; the SLAContract or its SLAMeasurement names it", e.Lead, e.Tenant)
	}
	return fmt.Sprintf("no lead %q in ledger tenant %q", e.Lead, e.Tenant)
}

// Reading is the ledger at one instant, in a transaction that cannot write.
type Reading struct {
	ledger *Ledger
	tx     pgx.Tx
}

// Read looks at the ledger at one instant. It neither migrates nor locks anything, so that a user with SELECT can do it beside the workers.
func (l *Ledger) Read(ctx context.Context, look func(*Reading) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, l.pool, options, func(tx pgx.Tx) error {
		if err := checkSchema(ctx, tx); err != nil {
			return err
		}
		return look(&Reading{ledger: l, tx: tx})
	})
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Code == "42501" {
		return ErrMayNotRead
	}
	return err
}

// checkSchema compares the version of the schema with that of this binary.
func checkSchema(ctx context.Context, tx pgx.Tx) error {
	known, err := schemaVersion()
	if err != nil {
		return err
	}
	var found int64
	err = tx.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM `+Schema+`.`+goose.DefaultTablename+` WHERE is_applied`).Scan(&found)
	switch {
	case SchemaMissing(err):
		return &SchemaError{Known: known}
	case err != nil:
		return err
	case found != known:
		return &SchemaError{Found: found, Known: known}
	}
	return nil
}

// schemaVersion is that of the latest migration.
func schemaVersion() (latest int64, err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", file, err)
		}
		latest = max(latest, version)
	}
	return latest, nil
}

// Lead with its events and its cycles; those of leads that were merged into it among them. A lead that is not there is an UnknownLeadError.
func (r *Reading) Lead(ctx context.Context, id string) (*Lead, error) {
	merges, err := r.ledger.mergesOf(ctx, r.tx, []string{id})
	if err != nil {
		return nil, err
	}
	leads, err := r.leads(ctx, `lead_id = ANY($2)`, withTied([]string{id}, merges))
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(leads, func(l *Lead) bool { return l.ID == id }); i >= 0 {
		if own := leads[i]; own.MergedInto != "" {
			return own, nil // by itself: the lead that is left has the rest
		}
		join(leads, merges)
		return leads[i], nil
	}
	unknown := &UnknownLeadError{Tenant: r.ledger.tenant, Lead: id}
	err = r.tx.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM in_force WHERE tenant = $1) AND NOT EXISTS (SELECT 1 FROM leads WHERE tenant = $1)`,
		r.ledger.tenant).Scan(&unknown.Empty)
	if err != nil {
		return nil, err
	}
	return nil, unknown
}

// Contacts are the leads of an account, by their ids, as the scorer last saw them; with their events.
func (r *Reading) Contacts(ctx context.Context, account string) ([]*Lead, error) {
	return r.leads(ctx, `hashtextextended(account, 0) = hashtextextended($2, 0) AND account = $2`, account)
}

func (r *Reading) leads(ctx context.Context, where string, value any) ([]*Lead, error) {
	rows, err := r.tx.Query(ctx, `SELECT `+leadColumns+` FROM leads WHERE tenant = $1 AND `+where+` ORDER BY lead_id COLLATE "C"`,
		r.ledger.tenant, value)
	if err != nil {
		return nil, err
	}
	leads, err := pgx.CollectRows(rows, scanLead)
	if err != nil || len(leads) == 0 {
		return nil, err
	}
	if err := r.ledger.readPast(ctx, r.tx, leads); err != nil {
		return nil, err
	}
	return leads, r.ledger.readEvents(ctx, r.tx, leads)
}

// InForce is the pair in force, and since when it is; ErrNothingInForce when none is.
func (r *Reading) InForce(ctx context.Context) (bundle.Bundle, time.Time, error) {
	at, err := r.ledger.standing(ctx, r.tx)
	if err != nil {
		return bundle.Bundle{}, time.Time{}, err
	}
	if at.sequence == 0 {
		return bundle.Bundle{}, time.Time{}, ErrNothingInForce
	}
	b, err := r.Bundle(ctx, at.sequence)
	return b, utc(at.since), err
}

// Bundle reads a pair from the archive.
func (r *Reading) Bundle(ctx context.Context, sequence int64) (bundle.Bundle, error) {
	return readBundle(ctx, r.tx, r.ledger.tenant, sequence)
}
