// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

type breachOptions struct {
	open, due, perSecond, replicas int
}

func breachCommand() *cobra.Command {
	var o breachOptions
	c := &cobra.Command{
		Use: "breach", Short: "How long after its deadline a breach is noticed, while a million clocks run", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withServer(func(s *ledgertest.Server) error { return breach(c.Context(), s, o) })
		},
	}
	c.Flags().IntVar(&o.open, "open", 1_000_000, "clocks that run, with deadlines later than the test")
	c.Flags().IntVar(&o.due, "due", 40_000, "deadlines that pass during the test")
	c.Flags().IntVar(&o.perSecond, "per-second", 2000, "of them a second")
	c.Flags().IntVar(&o.replicas, "replicas", 2, "replicas that look for them")
	return c
}

// clocks are leads, each with one open clock. Those that are to run out do so one after the other, from three seconds from now on.
const clocks = `
INSERT INTO leads (tenant, lead_id, stage) SELECT 'bench', 'lead-' || n, 'MQL' FROM generate_series(1, $1) AS n;
INSERT INTO obligations (tenant, lead_id, clause, tier, period, revision, started_at, due_at, warn_at, state)
SELECT 'bench', 'lead-' || n, 'first-contact', 'High', '2026-W47', 'bench-terms-1', now(), clock_timestamp() + interval '1 hour' + random() * interval '30 days',
    clock_timestamp() + interval '1 hour', 'Open' FROM generate_series(1, $1) AS n;
ANALYZE`

const soon = `
WITH begin AS MATERIALIZED (SELECT clock_timestamp() + interval '3 s' AS at),
    picked AS (SELECT ctid AS id, row_number() OVER () AS n FROM (SELECT ctid FROM obligations LIMIT $1) AS any_of_them)
UPDATE obligations SET due_at = begin.at + picked.n * interval '1 s' / $2 FROM picked, begin WHERE obligations.ctid = picked.id`

// noticed keeps when each was noticed, by the same clock.
const noticed = `
CREATE TABLE noticed (due_at timestamptz NOT NULL, at timestamptz NOT NULL);
CREATE FUNCTION note_breach() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO handoff.noticed VALUES (NEW.due_at, clock_timestamp()); RETURN NULL; END $$;
CREATE TRIGGER note_breach AFTER UPDATE OF state ON obligations FOR EACH ROW WHEN (NEW.state = 'Missed') EXECUTE FUNCTION note_breach()`

func breach(ctx context.Context, server *ledgertest.Server, o breachOptions) error {
	pair, err := newPair()
	if err != nil {
		return err
	}
	l, dsn, err := newLedger(ctx, server, pair)
	if err != nil {
		return err
	}
	defer l.Close()
	pool, err := newPool(ctx, dsn, 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, statements := range []string{withSize(clocks, o.open+o.due), noticed, "VACUUM ANALYZE obligations"} {
		if _, err := pool.Exec(ctx, statements); err != nil {
			return err
		}
	}
	if _, err := pool.Exec(ctx, soon, o.due, o.perSecond); err != nil {
		return err
	}
	looking, stop := context.WithCancel(ctx)
	defer stop()
	for range o.replicas {
		breaches := &pipeline.Breaches{
			Metrics: pipeline.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
			Ledger: func() (pipeline.BreachLedger, error) { return l, nil },
		}
		go pipeline.Loop{Name: "breach", Step: breaches.Step, Metrics: breaches.Metrics, Log: breaches.Log}.Run(looking)
	}
	if err := allNoticed(ctx, pool, o); err != nil {
		return err
	}
	var p50, p99, most float64
	if err := pool.QueryRow(ctx, `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late), percentile_cont(0.99) WITHIN GROUP (ORDER BY late), max(late)
FROM (SELECT extract(epoch FROM at - due_at)::float8 * 1000 AS late FROM noticed) AS n`).Scan(&p50, &p99, &most); err != nil {
		return err
	}
	fmt.Printf("%d open clocks, %d deadlines, %d a second, %d replicas: noticed after p50 %.0f ms, p99 %.0f ms, max %.0f ms\n",
		o.open+o.due, o.due, o.perSecond, o.replicas, p50, p99, most)
	return nil
}

func allNoticed(ctx context.Context, pool *pgxpool.Pool, o breachOptions) error {
	patience := time.After(time.Minute + 2*time.Duration(o.due/o.perSecond)*time.Second)
	for {
		var n int
		if err := pool.QueryRow(ctx, "SELECT count(*) FROM noticed").Scan(&n); err != nil {
			return err
		}
		if n == o.due {
			return nil
		}
		select {
		case <-patience:
			return fmt.Errorf("%d of %d deadlines were noticed", n, o.due)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
