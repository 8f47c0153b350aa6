// SPDX-License-Identifier: Apache-2.0

// Package ledgertest starts a real PostgreSQL for tests: one server a test package, one database a test.
//
//	func TestMain(m *testing.M) { ledgertest.Main(m) }
//
//	func TestSomething(t *testing.T) { l := ledgertest.New(t, "acme") ... }
package ledgertest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/ledger"
)

var (
	running   *Server
	databases atomic.Int64

	migrated    sync.Once
	errMigrated error
)

const migratedName = "migrated"

// Main starts a server, runs the package's tests and stops the server, also when tests fail.
func Main(m *testing.M) {
	os.Exit(Run(m))
}

// Run is Main for those that have something of their own to clear away: it returns what the process is to exit with.
func Run(m *testing.M) int {
	server, err := Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ledgertest:", err)
		return 1
	}
	running = server
	defer func() {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "ledgertest:", err)
		}
	}()
	return m.Run()
}

// Running is the server that Main started.
func Running() *Server { return running }

// Folder is where the server lives, with the data in its folder `data`.
func (s *Server) Folder() string { return s.folder }

// DSN makes an empty database and returns how to reach it.
func DSN(tb testing.TB) string {
	tb.Helper()
	if running == nil {
		tb.Fatal("no server: call ledgertest.Main in TestMain")
	}
	return create(tb, "template1")
}

func create(tb testing.TB, template string) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	Exec(tb, running.DSN("postgres"), "CREATE DATABASE "+name+" TEMPLATE "+template)
	return running.DSN(name)
}

// New makes a database with the current schema and opens it for a tenant. The schema is made once a server and copied: all migrations take ten
// times as long.
func New(tb testing.TB, tenant string) (l *ledger.Ledger, dsn string) {
	tb.Helper()
	if running == nil {
		tb.Fatal("no server: call ledgertest.Main in TestMain")
	}
	migrated.Do(func() { errMigrated = migrate(tb) })
	if errMigrated != nil {
		tb.Fatal(errMigrated)
	}
	dsn = create(tb, migratedName)
	return Open(tb, dsn, tenant), dsn
}

// migrate makes the database that New copies. Nobody is connected to it afterwards: it could not be copied otherwise.
func migrate(tb testing.TB) error {
	tb.Helper()
	Exec(tb, running.DSN("postgres"), "CREATE DATABASE "+migratedName)
	l, err := ledger.Open(context.Background(), running.DSN(migratedName), "template")
	if err != nil {
		return err
	}
	defer l.Close()
	return l.Migrate(context.Background())
}

// Open opens a database for a tenant, until the test ends.
func Open(tb testing.TB, dsn, tenant string) *ledger.Ledger {
	tb.Helper()
	l, err := ledger.Open(tb.Context(), dsn, tenant)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(l.Close)
	return l
}

// Exec runs statements on a connection of its own.
func Exec(tb testing.TB, dsn string, statements ...string) {
	tb.Helper()
	conn := Connect(tb, dsn)
	defer closeConn(conn)
	for _, s := range statements {
		if _, err := conn.Exec(context.Background(), s); err != nil {
			tb.Fatalf("%s: %v", s, err)
		}
	}
}

// Value is the only value of the only row that a query gives.
func Value[T any](tb testing.TB, dsn, query string, args ...any) T {
	tb.Helper()
	conn := Connect(tb, dsn)
	defer closeConn(conn)
	var v T
	if err := conn.QueryRow(context.Background(), query, args...).Scan(&v); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return v
}

// Column is the values of a query's only column.
func Column[T any](tb testing.TB, dsn, query string, args ...any) []T {
	tb.Helper()
	conn := Connect(tb, dsn)
	defer closeConn(conn)
	rows, err := conn.Query(context.Background(), query, args...)
	if err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return values
}

// Connect opens a connection with the schema of the ledger as its search path. The caller closes it.
func Connect(tb testing.TB, dsn string) *pgx.Conn {
	tb.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	config.RuntimeParams["search_path"] = ledger.Schema
	config.RuntimeParams["application_name"] = "ledgertest"
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		tb.Fatal(err)
	}
	return conn
}

func closeConn(conn *pgx.Conn) { _ = conn.Close(context.Background()) }

// As is the DSN for another user.
func As(dsn, user string) string { return strings.Replace(dsn, "handoff@", user+"@", 1) }
