// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

func httpCommand() *cobra.Command {
	var runs int
	var each time.Duration
	c := &cobra.Command{
		Use: "http", Short: "Single events a second over HTTP, beside a handler that does one INSERT a request", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withServer(func(s *ledgertest.Server) error { return overHTTP(c.Context(), s, runs, each) })
		},
	}
	c.Flags().IntVar(&runs, "runs", 3, "runs of each, in turns; the best counts")
	c.Flags().DurationVar(&each, "for", 3*time.Second, "length of a run")
	return c
}

func overHTTP(ctx context.Context, server *ledgertest.Server, runs int, each time.Duration) error {
	pair, err := newPair()
	if err != nil {
		return err
	}
	l, dsn, err := newLedger(ctx, server, pair)
	if err != nil {
		return err
	}
	defer l.Close()
	pool, err := newPool(ctx, dsn, ledger.DefaultConnections)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, "CREATE TABLE bare (id text PRIMARY KEY, data jsonb NOT NULL)"); err != nil {
		return err
	}
	handlers := map[string]http.Handler{"ours": ourHandler(pair, l), "bare": bareHandler(pool)}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "connections\tours events/s\tbare INSERT events/s\tratio")
	for _, connections := range []int{1, 16, 64} {
		best := map[string]float64{}
		for range runs {
			for _, name := range []string{"ours", "bare"} {
				rate, err := sendTo(ctx, handlers[name], connections, each)
				if err != nil {
					return fmt.Errorf("%s with %d connections: %w", name, connections, err)
				}
				best[name] = max(best[name], rate)
			}
		}
		fmt.Fprintf(w, "%d\t%.0f\t%.0f\t%.2f\n", connections, best["ours"], best["bare"], best["ours"]/best["bare"])
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func ourHandler(pair *pipeline.Pair, l *ledger.Ledger) http.Handler {
	checker := events.NewChecker(pair.Bundle.Lead, pair.Bundle.SLA.Enforcement)
	group := &events.Group{Store: func() (events.Store, error) { return l, nil }}
	return &events.Handler{
		Checker: func() *events.Checker { return checker }, Store: func() (events.Store, error) { return group, nil },
		Token: func() (string, error) { return "token", nil }, Now: time.Now, Taken: func(string, int) {}, Log: slog.New(slog.DiscardHandler),
		Pressure: &events.Pressure{MaxInFlight: 64 << 20},
	}
}

// bareHandler reads the body and inserts it: the least that a service does which answers when the event is safe.
func bareHandler(pool *pgxpool.Pool) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = pool.Exec(r.Context(), "INSERT INTO bare (id, data) VALUES ($1, $2)", fmt.Sprint(n.Add(1)), body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
}

var sent atomic.Int64

// sendTo has so many senders send one event after the other.
func sendTo(ctx context.Context, h http.Handler, connections int, each time.Duration) (float64, error) {
	server := httptest.NewServer(h)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	group, ctx := errgroup.WithContext(ctx)
	var done atomic.Int64
	begin := time.Now()
	for range connections {
		group.Go(func() error {
			for time.Since(begin) < each {
				if err := sendOne(ctx, client, server.URL); err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		})
	}
	err := group.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds(), err
}

func sendOne(ctx context.Context, client *http.Client, url string) error {
	n := sent.Add(1)
	body := fmt.Sprintf(`{"specversion":"1.0","id":"http-%d","source":"/bench","type":"dev.handoff.lead.captured","subject":"http-%d",
"time":"2026-01-04T14:03:00Z","data":{"properties":{"company":"company %d","email":"person-%d@acme.example","numberofemployees":70,
"annualrevenue":12000000,"industry":"saas","country":"DE","seniority":"vp","origin":"referral"}}}`, n, n, n/3, n)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/cloudevents+json")
	request.Header.Set("Authorization", "Bearer token")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusAccepted {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return err
}
