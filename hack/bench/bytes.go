// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

func bytesCommand() *cobra.Command {
	var leads int
	c := &cobra.Command{
		Use: "bytes", Short: "Bytes of the ledger per lead: a capture, five activities, the hand-off, three touches and a disposition", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withServer(func(s *ledgertest.Server) error { return bytesPerLead(c.Context(), s, leads) })
		},
	}
	c.Flags().IntVar(&leads, "leads", 5000, "leads")
	return c
}

func bytesPerLead(ctx context.Context, server *ledgertest.Server, leads int) error {
	pair, err := newPair()
	if err != nil {
		return err
	}
	l, dsn, err := newLedger(ctx, server, pair)
	if err != nil {
		return err
	}
	defer l.Close()
	roster, err := pair.CompileRoster(bundle.Roster{Pools: []lead.Pool{{Name: "everyone", Members: []lead.Member{{Rep: "rep-1"}, {Rep: "rep-2"}}}}})
	if err != nil {
		return err
	}
	dispatcher, err := pipeline.NewDispatcher(&pipeline.Pairs{Mounted: pair}, roster)
	if err != nil {
		return err
	}
	begin := time.Now().Add(-24 * time.Hour)
	for day := range 10 { // events come one after the other, and each is worked off before the next
		var entries []ledger.Entry
		for n := range leads {
			entries = append(entries, eventOfLife(n, day, begin.Add(time.Duration(day)*time.Hour)))
		}
		for from := 0; from < leads; from += 1000 {
			if _, err := l.Ingest(ctx, entries[from:min(from+1000, leads)]); err != nil {
				return err
			}
		}
		if err := settle(ctx, l, pair, dispatcher); err != nil {
			return err
		}
	}
	return printBytes(ctx, dsn, leads)
}

func eventOfLife(n, day int, at time.Time) ledger.Entry {
	e := capture(n, at)
	if day == 0 {
		return e
	}
	e.ID = fmt.Sprintf("%d-%d", n, day)
	switch {
	case day <= 4:
		e.Kind, e.Data = lead.KindActivity, ledger.Data{Activity: "PageView", Properties: map[string]any{"path": "/pricing/teams", "referrer": "search"}}
	case day == 5:
		e.Kind, e.Data = lead.KindActivity, ledger.Data{Activity: "FormSubmit", Properties: map[string]any{"form": "demo"}}
	case day <= 8:
		e.Kind, e.Data = lead.KindTouch, ledger.Data{Rep: "rep-1", Channel: "Phone", Direction: "Outbound", Actor: "Human"}
	default:
		e.Kind, e.Data = lead.KindDisposition, ledger.Data{Reason: "BadTiming", By: "rep-1"}
	}
	return e
}

func settle(ctx context.Context, l *ledger.Ledger, pair *pipeline.Pair, dispatcher *pipeline.Dispatcher) error {
	for {
		scored, err := l.ScoreAmong(ctx, 1, 500, pair.Among(), pair.Judge)
		if err != nil {
			return err
		}
		routed, err := l.Route(ctx, 1, 500, dispatcher.Decide)
		if err != nil {
			return err
		}
		if scored.Leads+routed.Leads == 0 {
			return nil
		}
	}
}

func printBytes(ctx context.Context, dsn string, leads int) error {
	pool, err := newPool(ctx, dsn, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	rows, err := pool.Query(ctx, `
SELECT relname, n_live_tup, pg_table_size(relid), pg_indexes_size(relid) FROM pg_stat_user_tables
WHERE schemaname = 'handoff' AND n_live_tup > $1 / 2 OR relname = 'work' ORDER BY pg_total_relation_size(relid) DESC`, leads)
	if err != nil {
		return err
	}
	defer rows.Close()
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "table\trows a lead\tbytes a lead\tof indexes\ttogether\t")
	var sum int64
	for rows.Next() {
		var table string
		var live, heap, indexes int64
		if err := rows.Scan(&table, &live, &heap, &indexes); err != nil {
			return err
		}
		n := int64(leads)
		sum += heap + indexes
		fmt.Fprintf(w, "%s\t%.1f\t%d\t%d\t%d\t\n", table, float64(live)/float64(n), heap/n, indexes/n, (heap+indexes)/n)
	}
	fmt.Fprintf(w, "all\t\t\t\t%d\t\n", sum/int64(leads))
	if err := rows.Err(); err != nil {
		return err
	}
	return w.Flush()
}
