// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

type scoreOptions struct {
	leads, runs, loops int
	batches            []int
	profile, sql       string
}

func scoreCommand() *cobra.Command {
	var o scoreOptions
	c := &cobra.Command{
		Use: "score", Short: "Leads a second that are claimed, scored, stamped and handed on", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withServer(func(s *ledgertest.Server) error { return score(c.Context(), s, o) })
		},
	}
	c.Flags().IntVar(&o.leads, "leads", 60000, "leads to score in a run of large batches; fewer where they are small")
	c.Flags().IntVar(&o.runs, "runs", 3, "runs of each, in turns; the best counts")
	c.Flags().IntVar(&o.loops, "loops", 3, "loops at a time, each with a connection")
	c.Flags().IntSliceVar(&o.batches, "batch", []int{1, 10, 100, 500}, "leads in a transaction")
	c.Flags().StringVar(&o.sql, "sql", "", "statements for the schema, to try what it would be like with another one")
	c.Flags().StringVar(&o.profile, "profile", "", "file for a CPU profile")
	return c
}

// contender does the work of one transaction on up to limit leads, and says on how many.
type contender struct {
	name string
	step func(ctx context.Context, limit int) (int, error)
}

func score(ctx context.Context, server *ledgertest.Server, o scoreOptions) error {
	pair, err := newPair()
	if err != nil {
		return err
	}
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "batch\tours leads/s\tbare SQL leads/s\tratio")
	for _, batch := range o.batches {
		best := map[string]float64{}
		leads := min(o.leads, 2000*batch)
		for range o.runs {
			for _, name := range []string{"ours", "bare"} {
				rate, err := scoreRun(ctx, server, pair, name, leads, batch, o)
				if err != nil {
					return fmt.Errorf("%s in batches of %d: %w", name, batch, err)
				}
				best[name] = max(best[name], rate)
			}
		}
		fmt.Fprintf(w, "%d\t%.0f\t%.0f\t%.2f\n", batch, best["ours"], best["bare"], best["ours"]/best["bare"])
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// scoreRun fills a ledger and has the loops empty its queue.
func scoreRun(ctx context.Context, server *ledgertest.Server, pair *pipeline.Pair, name string, leads, batch int, o scoreOptions) (float64, error) {
	l, dsn, err := newLedger(ctx, server, pair)
	if err != nil {
		return 0, err
	}
	defer func() { l.Close(); _ = dropDatabase(ctx, server, dsn) }()
	pool, err := newPool(ctx, dsn, int32(o.loops))
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, o.sql); err != nil {
		return 0, err
	}
	if err := fill(ctx, l, leads); err != nil {
		return 0, err
	}
	if _, err := pool.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return 0, err
	}
	who := contender{name: name, step: bareStep(pool)}
	if name == "ours" {
		who.step = func(ctx context.Context, limit int) (int, error) {
			done, err := l.ScoreAmong(ctx, pair.Bundle.Sequence, limit, pair.Among(), pair.Judge)
			if err == nil && len(done.Failed) > 0 {
				err = done.Failed[0].Err
			}
			return done.Leads, err
		}
	}
	begin, before := time.Now(), used(server)
	if err := drain(ctx, who, leads, batch, o.loops); err != nil {
		return 0, err
	}
	took := time.Since(begin).Seconds()
	fmt.Printf("%s in batches of %d: %.0f leads/s; CPU time a lead, of the client and of the server: %s µs\n", name, batch, float64(leads)/took,
		used(server).minus(before).each(leads))
	var scored int
	err = pool.QueryRow(ctx, `SELECT count(*) FROM leads WHERE score > 0 AND EXISTS (SELECT 1 FROM work w WHERE w.queue = 'route'
    AND w.lead_id = leads.lead_id)`).Scan(&scored)
	if err == nil && scored == 0 {
		err = errors.New("nothing was stamped")
	}
	return float64(leads) / took, err
}

func fill(ctx context.Context, l *ledger.Ledger, leads int) error {
	const perRequest = 1000
	at := time.Now().Add(-time.Hour)
	for from := 0; from < leads; from += perRequest {
		var entries []ledger.Entry
		for n := from; n < min(from+perRequest, leads); n++ {
			entries = append(entries, capture(n, at))
		}
		if _, err := l.Ingest(ctx, entries); err != nil {
			return err
		}
	}
	return nil
}

func drain(ctx context.Context, who contender, leads, batch, loops int) error {
	group, ctx := errgroup.WithContext(ctx)
	done := make(chan int, loops)
	for range loops {
		group.Go(func() error {
			sum := 0
			for {
				n, err := who.step(ctx, batch)
				if err != nil {
					return err
				}
				if n == 0 {
					done <- sum
					return nil
				}
				sum += n
			}
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	sum := 0
	for range loops {
		sum += <-done
	}
	if sum != leads {
		return fmt.Errorf("%d of %d leads were done", sum, leads)
	}
	return nil
}

// bareStep is the least that does the like: claim rows of the queue, one UPDATE of their leads with values that cost nothing to find, a row
// for who comes next. It reads no event and judges nothing.
func bareStep(pool *pgxpool.Pool) func(context.Context, int) (int, error) {
	const statement = `
WITH claimed AS (
    DELETE FROM work WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM work WHERE tenant = $1 AND queue = 'score' ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING lead_id),
scored AS (
    UPDATE leads SET score = 55, score_raw = 55, score_rounded = 55, stage = 'MQL', qualified_at = now(), path = 'score'
    FROM claimed WHERE tenant = $1 AND leads.lead_id = claimed.lead_id RETURNING leads.lead_id)
INSERT INTO work (tenant, queue, lead_id) SELECT $1, 'route', lead_id FROM scored`
	return func(ctx context.Context, limit int) (int, error) {
		tag, err := pool.Exec(ctx, statement, tenant, limit)
		return int(tag.RowsAffected()), err
	}
}
