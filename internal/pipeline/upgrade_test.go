// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	"github.com/pressly/goose/v3"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// firstSchema brings an empty database to migration 00001.
func firstSchema(t *testing.T, dsn string) {
	t.Helper()
	const first = "00001_ledger.sql"
	text, err := os.ReadFile("../ledger/migrations/" + first)
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, dsn, "CREATE SCHEMA "+ledger.Schema)
	db, err := sql.Open("pgx", dsn+"&search_path="+ledger.Schema)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, fstest.MapFS{first: {Data: text}}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// oldWorkers write as those did that know schema 00001 only, each in the one transaction of its step.
type oldWorkers struct{ dsn string }

func (w oldWorkers) step(t *testing.T, queue, id string, statements ...string) error {
	t.Helper()
	conn := ledgertest.Connect(t, w.dsn)
	defer conn.Close(context.Background())
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) // after a commit it does nothing
	if _, err := tx.Exec(t.Context(), "DELETE FROM work WHERE tenant = $1 AND queue = $2 AND lead_id = $3", tenant, queue, id); err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := tx.Exec(t.Context(), s, tenant, id); err != nil {
			return err
		}
	}
	return tx.Commit(t.Context())
}

// ingest events.
func (w oldWorkers) ingest(t *testing.T, entries ...ledger.Entry) {
	t.Helper()
	conn := ledgertest.Connect(t, w.dsn)
	defer conn.Close(context.Background())
	for i, e := range entries {
		data, err := json.Marshal(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range []struct {
			statement string
			values    []any
		}{
			{
				`INSERT INTO events (tenant, source, event_id, kind, lead_id, time, content_hash, data) VALUES ($1, '/old', $2, $3, $4, $5, '\x00', $6)`,
				[]any{tenant, fmt.Sprint(e.Lead, i), e.Kind, e.Lead, e.Time, data},
			},
			{`INSERT INTO leads (tenant, lead_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, []any{tenant, e.Lead}},
			{`INSERT INTO work (tenant, queue, lead_id) VALUES ($1, 'score', $2)`, []any{tenant, e.Lead}},
		} {
			if _, err := conn.Exec(t.Context(), one.statement, one.values...); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// score as an MQL by the demo on Monday.
func (w oldWorkers) score(t *testing.T, id string) {
	t.Helper()
	err := w.step(t, "score", id, `
UPDATE leads SET record = '{"company": "acme"}', stage = 'MQL', score_raw = 0, score_rounded = 0, score = 0, missing = '{}'
WHERE tenant = $1 AND lead_id = $2`, `
UPDATE leads SET reached_at = '2026-11-16 10:00Z', reached_path = 'hand-raise', reached_missing = NULL, reached_sequence = 1
WHERE tenant = $1 AND lead_id = $2`, `
UPDATE leads SET qualified_at = '2026-11-16 10:00Z', path = 'hand-raise', threshold = 0, score_at_handoff = 0, met_threshold = true,
    intent = 'Standard', bundle_sequence = 1, terms_revision = 'mid-market-terms-1', definition_revision = 'mid-market-1'
WHERE tenant = $1 AND lead_id = $2 AND qualified_at IS NULL`,
		"UPDATE events SET scored_by = 1, scored_at = clock_timestamp() WHERE tenant = $1 AND lead_id = $2",
		"INSERT INTO work (tenant, queue, lead_id) VALUES ($1, 'route', $2)")
	if err != nil {
		t.Fatal(err)
	}
}

// route keeps one clause.
func (w oldWorkers) route(t *testing.T, id string) error {
	t.Helper()
	return w.step(t, "route", id, `
UPDATE leads SET owner = 'rep-1', owned_at = '2026-11-16 10:00Z', owned_first_at = '2026-11-16 10:00Z', no_capacity = false
WHERE tenant = $1 AND lead_id = $2`, `
INSERT INTO obligations AS o (tenant, lead_id, clause, tier, period, revision, started_at, due_at, warn_at, stopped_at, state)
VALUES ($1, $2, 'delivery', '', '2026-W47', 'mid-market-terms-1', '2026-11-16 10:00Z', '2026-11-16 10:05Z', NULL, '2026-11-16 10:00Z', 'Met')
ON CONFLICT (tenant, lead_id, clause) DO UPDATE SET state = excluded.state`,
		"DELETE FROM obligations WHERE tenant = $1 AND lead_id = $2 AND clause <> 'delivery'")
}

// While the pods of two versions run beside each other, old scorers go on, old routers give their work back, and nothing is lost or missing
// from a count.
func TestUpgradeWhileOldPodsRun(t *testing.T) {
	dsn := ledgertest.DSN(t)
	firstSchema(t, dsn)
	r := &rig{t: t, l: ledgertest.Open(t, dsn, tenant), dsn: dsn}
	r.inForce(bundleOf(1, byCRM))
	old := oldWorkers{dsn: dsn}
	for _, id := range []string{"before", "half", "after"} {
		old.ingest(t, captured(id, later(0, 0), map[string]any{"company": "acme"}), demo(id, later(0, 1)), assigned(id, "rep-1", later(0, 1)))
	}
	old.score(t, "before")
	old.score(t, "half")
	if err := old.route(t, "before"); err != nil {
		t.Fatal(err)
	}

	if err := r.l.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	old.score(t, "after")
	for _, id := range []string{"half", "after"} {
		var server *pgconn.PgError
		if err := old.route(t, id); !errors.As(err, &server) || server.Code != "42P10" {
			t.Errorf("an old router: %v, want a refusal: it does not know which cycle it writes about", err)
		}
	}
	expect(t, r, "work that was given back", "SELECT concat_ws(' ', queue, lead_id) FROM work ORDER BY 1", "route after", "route half")
	counted := func(when string) {
		t.Helper()
		snapshot, err := r.l.Count(t.Context(), []sla.Period{"2026-W47"})
		if diff := cmp.Diff(int64(3), snapshot.Leads.MQLs); diff != "" || err != nil {
			t.Errorf("%s: MQLs (-want +got):\n%s%v", when, diff, err)
		}
		flow := ledgertest.Read(t, r.l, func(x *ledger.Reading) (ledger.Flow, error) { return x.Flow(t.Context(), later(0, 0), later(1, 0)) })
		if diff := cmp.Diff(ledger.Flow{Captured: 3, Qualified: 3}, flow); diff != "" {
			t.Errorf("%s: flow (-want +got):\n%s", when, diff)
		}
	}
	counted("old pods are there yet")

	r.work(team("rep-1"))
	counted("old pods are gone")
	const clauses = "SELECT concat_ws(' ', lead_id, cycle, state) FROM obligations WHERE clause = 'delivery' ORDER BY 1"
	expect(t, r, "owed", clauses, "after 1 Met", "before 1 Met", "half 1 Met")

	r.inForce(bundleOf(2, byCRM, byRecycling, func(b *bundle.Bundle) { b.Lead.Dispositions[0].Reentry = &lead.Reentry{After: 1} }))
	for _, id := range []string{"before", "after"} {
		r.send(disposed(id, "BadTiming", later(0, 2)), demo(id, later(9, 0)), assigned(id, "rep-2", later(9, 0)))
	}
	r.work(team("rep-1"))
	expect(t, r, "owed of two hand-offs", clauses, "after 1 Met", "after 2 Met", "before 1 Met", "before 2 Met", "half 1 Met")
	counted("two were handed off again")
}
