// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// planLog is the log of the server, in its folder of data.
const planLog = "plans.log"

// explained has the server write down the plan of every statement, with what it did.
var explained = []string{
	"session_preload_libraries = 'auto_explain'", "log_min_messages = 'log'", "auto_explain.log_min_duration = 0", "auto_explain.log_analyze = on",
	"auto_explain.log_buffers = on", "auto_explain.log_nested_statements = on", "auto_explain.log_timing = off",
}

func plansCommand() *cobra.Command {
	var leads int
	var all bool
	c := &cobra.Command{
		Use: "plans", Short: "The plans of every statement of the workers' steps, and whether one of them scans a table that grows", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return plans(c.Context(), leads, all) },
	}
	c.Flags().IntVar(&leads, "leads", 1_000_000, "leads in the ledger; a tenth of them are MQLs, with an open clock each")
	c.Flags().BoolVar(&all, "all", false, "print every plan, not only how the tables are read")
	return c
}

func plans(ctx context.Context, leads int, all bool) (err error) {
	server, err := ledgertest.Start(append(ledgertest.Durable(), "logging_collector=on", "log_filename="+planLog)...)
	if err != nil {
		return err
	}
	defer func() {
		if stopped := server.Stop(); err == nil {
			err = stopped
		}
	}()
	pair, err := newPair()
	if err != nil {
		return err
	}
	l, dsn, err := newLedger(ctx, server, pair)
	if err != nil {
		return err
	}
	l.Close()
	if err := fillStock(ctx, dsn, leads); err != nil {
		return err
	}
	if err := explainEverything(ctx, dsn); err != nil {
		return err
	}
	if l, err = ledger.Open(ctx, dsn, tenant); err != nil {
		return err
	}
	defer l.Close()
	steps, err := stepsOf(l, pair)
	if err != nil {
		return err
	}
	scanned, err := runExplained(steps, filepath.Join(server.Folder(), "data", "log", planLog), all)
	if err != nil {
		return err
	}
	if scanned > 0 {
		return fmt.Errorf("%d scans of leads, events or obligations: what they cost grows with the ledger", scanned)
	}
	fmt.Println("no step scans leads, events or obligations")
	return nil
}

// runExplained runs each step once, reports what the log says of it, and counts the scans of tables that grow.
func runExplained(steps []step, log string, all bool) (scanned int, err error) {
	for _, s := range steps {
		if s.before != nil {
			if err := s.before(); err != nil {
				return scanned, err
			}
		}
		if _, err := written(log); err != nil {
			return scanned, err
		}
		if err := s.do(); err != nil {
			return scanned, fmt.Errorf("%s: %w", s.name, err)
		}
		text, err := written(log)
		if err != nil {
			return scanned, err
		}
		scanned += report(s.name, text, all)
	}
	return scanned, nil
}

// explainEverything is for sessions that are opened from now on.
func explainEverything(ctx context.Context, dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, setting := range explained {
		if _, err := conn.Exec(ctx, "ALTER DATABASE "+config.Database+" SET "+setting); err != nil {
			return err
		}
	}
	return nil
}

// written is what the log has by now, which is then emptied. The server writes it through another process, a moment later.
func written(log string) ([]byte, error) {
	time.Sleep(300 * time.Millisecond)
	text, err := os.ReadFile(log)
	if err != nil {
		return nil, err
	}
	return text, os.Truncate(log, 0)
}

var (
	reads   = regexp.MustCompile(`(Index Only Scan|Index Scan|Bitmap Heap Scan|Seq Scan|Tid Scan)( Backward)?( using \S+)? on (leads|events|obligations|work|loads|lead_counts|accounts|identities|merges)\b`)
	growing = regexp.MustCompile(`Seq Scan on (leads|events|obligations)\b`)
	rows    = regexp.MustCompile(`actual rows=(\d+) loops=(\d+)`)
)

// report prints how a step read the tables, each way once with the most rows that it gave, and says how many of them were scans.
func report(step string, text []byte, all bool) (scanned int) {
	fmt.Printf("\n%s\n", step)
	if all {
		fmt.Printf("%s\n", text)
	}
	most := map[string]int{}
	var order []string
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		way := reads.FindString(line)
		if way == "" {
			continue
		}
		if growing.MatchString(line) {
			scanned++
		}
		if _, known := most[way]; !known {
			order = append(order, way)
		}
		gave := 0
		if found := rows.FindStringSubmatch(line); found != nil {
			once, _ := strconv.Atoi(found[1])
			loops, _ := strconv.Atoi(found[2])
			gave = once * loops
		}
		most[way] = max(most[way], gave)
	}
	for _, way := range order {
		fmt.Printf("  %-80s %d rows\n", way, most[way])
	}
	return scanned
}
