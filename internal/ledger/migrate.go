// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema to the version of this binary. Any number of workers may call it at once: an advisory lock
// lets one do it while the others wait. It needs the right to create the schema `handoff`, or the schema itself.
func (l *Ledger) Migrate(ctx context.Context) error {
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	key := lockKey(lockMigrations, "")
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, key); err != nil {
		return err
	}
	defer func() {
		// With a context of its own: a lock must not outlive its purpose in a pooled connection.
		if _, err := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, key); err != nil {
			_ = conn.Conn().Close(context.WithoutCancel(ctx))
		}
	}()
	var missing bool
	if err := conn.QueryRow(ctx, `SELECT to_regnamespace($1) IS NULL`, Schema).Scan(&missing); err != nil {
		return err
	}
	if missing {
		if _, err := conn.Exec(ctx, `CREATE SCHEMA `+Schema); err != nil {
			return fmt.Errorf("creating schema %s: %w", Schema, err)
		}
	}
	if err := l.migrateUp(ctx); err != nil {
		return err
	}
	return l.migrateRiver(ctx)
}

func (l *Ledger) migrateUp(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(l.pool)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating schema %s: %w", Schema, err)
	}
	return nil
}
