// SPDX-License-Identifier: Apache-2.0

// Package ledger keeps the leads in PostgreSQL: an append-only log of events, deduplicated by (tenant, source, id), the
// projections that follow from it, and the work that is still to be done. Work is claimed, done and followed up in one
// transaction, so that a worker that dies at any moment loses nothing and does nothing twice. The clock of the database
// is the only one that decides what is due.
package ledger

import (
	"context"
	"errors"
	"hash/fnv"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
)

// Schema is the PostgreSQL schema that holds every table of Handoff.
const Schema = "handoff"

// DefaultConnections is how many connections a worker opens at most: many workers share one database.
const DefaultConnections = 5

// ErrDSN says that the connection string cannot be read. It never repeats it: there is a password inside.
var ErrDSN = errors.New("not a PostgreSQL connection string; it should read postgres://user:password@host:5432/database")

// Ledger is one tenant's view of the database. It is safe for concurrent use.
type Ledger struct {
	pool   *pgxpool.Pool
	tenant string

	effects     atomic.Pointer[Effects] // nil for none
	inserting   sync.Once
	inserter    *river.Client[pgx.Tx] // of effects; nil until the first one
	inserterErr error

	wentLive   atomic.Pointer[time.Time] // see goLive; nil while nothing was in force
	forgetting atomic.Pointer[[]byte]    // the key of the hashes of erased leads; nil until it is needed
	times      timesCache
}

// Open connects to the database at dsn for a tenant and checks that it answers. The schema is not touched: see Migrate.
func Open(ctx context.Context, dsn, tenant string) (*Ledger, error) {
	return OpenThrough(ctx, dsn, tenant, nil)
}

// OpenThrough is Open by way of a dialler that finds the host of the connection string by itself; nil for the network.
func OpenThrough(ctx context.Context, dsn, tenant string, dial pgconn.DialFunc) (*Ledger, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, ErrDSN
	}
	config.ConnConfig.DialFunc = dialer().DialContext
	if dial != nil {
		config.ConnConfig.DialFunc = dial
		config.ConnConfig.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	}
	config.MaxConns = DefaultConnections
	config.MaxConnIdleTime = 5 * time.Minute
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	parameters := config.ConnConfig.RuntimeParams
	parameters["search_path"] = Schema
	parameters["timezone"] = "UTC"
	if parameters["application_name"] == "" {
		parameters["application_name"] = "handoff"
	}
	// A worker that hangs must not hold the leads it has locked for ever.
	parameters["idle_in_transaction_session_timeout"] = "60000"
	// The server finds out within a minute that a node is lost, and frees what its sessions hold: the counter's lock above all.
	parameters["tcp_keepalives_idle"], parameters["tcp_keepalives_interval"], parameters["tcp_keepalives_count"] = "30", "10", "3"
	// Keepalives are not sent while an answer is not acknowledged: without this, a quarter of an hour.
	parameters["tcp_user_timeout"] = strconv.FormatInt(lostAfter.Milliseconds(), 10)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return &Ledger{pool: pool, tenant: tenant}, nil
}

// Close waits for what is under way and closes the connections.
func (l *Ledger) Close() { l.pool.Close() }

// Now is the time by the database's clock.
func (l *Ledger) Now(ctx context.Context) (time.Time, error) { return now(ctx, l.pool) }

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func now(ctx context.Context, db querier) (time.Time, error) {
	var at time.Time
	err := db.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&at)
	return at.UTC(), err
}

// inTx runs f in a READ COMMITTED transaction: each statement sees what was committed before it began, which is what
// reading the events of a lead after locking it depends on.
func (l *Ledger) inTx(ctx context.Context, f func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, l.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, f)
}

// each runs a query and calls f for each row, after its values were scanned.
func each(ctx context.Context, tx pgx.Tx, scans []any, f func() error, sql string, args ...any) error {
	rows, err := tx.Query(ctx, sql, args...) //nolint:rowserrcheck // ForEachRow checks it
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, scans, f)
	return err
}

// The advisory locks of a tenant.
const (
	lockMigrations = "migrations" // of the whole database
	lockInForce    = "in-force"   // shared by scoring and routing, exclusive for the switch of the revision
	lockRotation   = "rotation"   // picks of an owner, one at a time
	lockCounting   = "counting"   // the one replica that counts
	lockDigest     = "digest"     // taking what waits for a digest
)

// lockKey spreads the advisory locks over the key space, which other users of the database may share.
func lockKey(purpose, tenant string) int64 {
	h := fnv.New64a()
	h.Write([]byte("handoff\x00" + purpose + "\x00" + tenant))
	return int64(h.Sum64())
}
