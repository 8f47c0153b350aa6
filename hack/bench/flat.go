// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

func flatCommand() *cobra.Command {
	var sizes []int
	c := &cobra.Command{
		Use: "flat", Short: "What the steps of the workers cost in ledgers of several sizes", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withServer(func(s *ledgertest.Server) error { return flat(c.Context(), s, sizes) })
		},
	}
	c.Flags().IntSliceVar(&sizes, "leads", []int{100_000, 1_000_000}, "leads in the ledger; a tenth of them are MQLs, with an open clock each")
	return c
}

func flat(ctx context.Context, server *ledgertest.Server, sizes []int) error {
	pair, err := newPair()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, size := range sizes {
		if err := flatOf(ctx, server, pair, size, w); err != nil {
			return fmt.Errorf("with %d leads: %w", size, err)
		}
		w.Flush()
	}
	return nil
}

// stock is a ledger of leads whose life went on for a year. Triggers are about changes, so that what they keep is written with the rest.
const stock = `
ALTER TABLE leads DISABLE TRIGGER USER;
INSERT INTO leads (tenant, lead_id, record, stage, score, reached_at, reached_path, reached_sequence, qualified_at, first_qualified_at, path,
    threshold, score_at_handoff, met_threshold, intent, bundle_sequence, terms_revision, definition_revision, owner, owned_at, owned_first_at,
    picked_rep, picked_at, pool)
SELECT 'bench', 'old-' || to_char(n, 'FM000000000'), '{"email": "person@acme.example", "company": "acme", "country": "DE", "employees": 70}',
    CASE WHEN mql THEN 'MQL' ELSE 'Inquiry' END, 55, at, path, one, at, at, path, one, 55 * one, mql, 'Standard', one, terms, definition,
    rep, at, at, rep, at, pool
FROM generate_series(1, $1::int) AS n, LATERAL (SELECT n % 10 = 0 AS mql) AS m, LATERAL (SELECT
    CASE WHEN mql THEN now() - n * interval '3 s' END AS at, CASE WHEN mql THEN 'score' END AS path, CASE WHEN mql THEN 1 END AS one,
    CASE WHEN mql THEN 'bench-terms-1' END AS terms, CASE WHEN mql THEN 'bench-1' END AS definition,
    CASE WHEN mql THEN 'rep-' || n / 10 % 100 END AS rep, CASE WHEN mql THEN 'everyone' END AS pool) AS v;
ALTER TABLE leads ENABLE TRIGGER USER;
INSERT INTO loads (tenant, rep, leads) SELECT tenant, owner, count(*) FROM leads WHERE owner IS NOT NULL GROUP BY 1, 2;
INSERT INTO lead_counts (tenant, stage, handed_off, before_go_live, fallback, leads)
SELECT tenant, stage, qualified_at IS NOT NULL, false, false, count(*) FROM leads GROUP BY 1, 2, 3;
INSERT INTO events (tenant, source, event_id, kind, lead_id, time, content_hash, data, scored_by, scored_at)
SELECT 'bench', '/old', n::text, 'captured', 'old-' || to_char(n, 'FM000000000'), now() - n * interval '3 s', sha256(n::text::bytea),
    '{"properties": {"email": "person@acme.example", "company": "acme", "country": "DE", "numberofemployees": 70}}', 1, now()
FROM generate_series(1, $1::int) AS n;
INSERT INTO obligations (tenant, lead_id, clause, tier, period, revision, started_at, due_at, warn_at, stopped_at, state)
SELECT 'bench', lead_id, clause, '', to_char(qualified_at, 'IYYY-"W"IW'), 'bench-terms-1', qualified_at,
    CASE WHEN clause = 'disposition' THEN now() + interval '1 day' + random() * interval '16 days' ELSE qualified_at END,
    CASE WHEN clause = 'disposition' THEN now() + random() * interval '16 days' END, NULL, CASE WHEN clause = 'disposition' THEN 'Open' ELSE 'Met' END
FROM leads, unnest(ARRAY['delivery', 'disposition', 'completeness']) AS clause WHERE owner IS NOT NULL`

func flatOf(ctx context.Context, server *ledgertest.Server, pair *pipeline.Pair, size int, w *tabwriter.Writer) error {
	l, dsn, err := newLedger(ctx, server, pair)
	if err != nil {
		return err
	}
	defer func() { l.Close(); _ = dropDatabase(ctx, server, dsn) }()
	if err := fillStock(ctx, dsn, size); err != nil {
		return err
	}
	steps, err := stepsOf(l, pair)
	if err != nil {
		return err
	}
	for _, s := range steps {
		var took []time.Duration
		for range 15 {
			if s.before != nil {
				if err := s.before(); err != nil {
					return err
				}
			}
			begin := time.Now()
			if err := s.do(); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			took = append(took, time.Since(begin))
		}
		slices.Sort(took)
		fmt.Fprintf(w, "%d\t%s\t%.1f ms\tbest %.1f ms\n", size, s.name, ms(took[len(took)/2]), ms(took[0]))
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// step of a worker, and what is to be there before it.
type step struct {
	name   string
	before func() error
	do     func() error
}

// stepsOf the workers on a ledger.
func stepsOf(l *ledger.Ledger, pair *pipeline.Pair) ([]step, error) {
	roster, err := pair.CompileRoster(bundle.Roster{Pools: []lead.Pool{{Name: "everyone", Members: []lead.Member{{Rep: "rep-1"}, {Rep: "rep-2"}}}}})
	if err != nil {
		return nil, err
	}
	dispatcher, err := pipeline.NewDispatcher(&pipeline.Pairs{Mounted: pair}, roster)
	if err != nil {
		return nil, err
	}
	ctx, next := context.Background(), 0
	ingest := func(n int) func() error {
		return func() error {
			var entries []ledger.Entry
			for range n {
				next++
				entries = append(entries, capture(next, time.Now().Add(-time.Minute)))
			}
			_, err := l.Ingest(ctx, entries)
			return err
		}
	}
	score := func() error {
		_, err := l.ScoreAmong(ctx, 1, 500, pair.Among(), pair.Judge)
		return err
	}
	week := sla.WeekOf(time.Now(), time.UTC)
	return []step{
		{"ingest 1", nil, ingest(1)},
		{"score 1", ingest(1), score},
		{"score 500", ingest(500), score},
		{"route 500", nil, func() error { _, err := l.Route(ctx, 1, 500, dispatcher.Decide); return err }},
		{"unrouted", nil, func() error {
			_, _, _, err := l.RouteUnrouted(ctx, 1, 100, ledger.Cursor{}, dispatcher.DecideAgain)
			return err
		}},
		{"breaches, none due", nil, func() error { _, _, _, err := l.Breached(ctx, 500); return err }},
		{"pulse", nil, func() error { _, err := l.Pulse(ctx); return err }},
		{"backlog", nil, func() error { _, err := l.Behind(ctx, 1_000_000); return err }},
		{"count of a week", nil, func() error { _, err := l.Count(ctx, []sla.Period{week}); return err }},
	}, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func fillStock(ctx context.Context, dsn string, size int) error {
	pool, err := newPool(ctx, dsn, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	begin := time.Now()
	if _, err := pool.Exec(ctx, withSize(stock, size)); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	var bytes int64
	err = pool.QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&bytes)
	fmt.Printf("%d leads: %.1f GB, filled in %s\n", size, float64(bytes)/1e9, time.Since(begin).Round(time.Second))
	return err
}
