// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/hubspot"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	fake "github.com/handoff-sla/handoff/test/crm/hubspot"
)

// What HubSpot allows.
const (
	crmBurst  = 190
	crmWindow = 10 * time.Second
	crmBatch  = 100
	crmLimit  = crmBurst * crmBatch / 10 // leads a second
	crmRep    = "rep-1@acme.example"
)

func crmCommand() *cobra.Command {
	var leads int
	c := &cobra.Command{
		Use: "crm", Short: "How many leads a second are written into a CRM with HubSpot's limits, and into one without any", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withServer(func(s *ledgertest.Server) error {
				for _, limited := range []bool{true, false} {
					if err := writeIntoCRM(c.Context(), s, leads, limited); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	c.Flags().IntVar(&leads, "leads", 20_000, "leads that wait to be written; with the limits twice as many, since the first 10 s are not counted")
	return c
}

// waiting are leads that are handed off, of whom the CRM knows nothing yet.
const waiting = `
INSERT INTO leads (tenant, lead_id, stage, score, cycle, owner, owned_at, awaits_crm, record)
SELECT 'bench', id, 'MQL', 70, 1, '` + crmRep + `', now(), true, '{}' FROM bench_records;
INSERT INTO crm_records (tenant, record_id, lead_id, modified_at, seen)
SELECT 'bench', id, id, now(), '{"stage": "lead"}' FROM bench_records;
INSERT INTO outbox (tenant, lead_id, version, live) SELECT tenant, lead_id, 1, 1 FROM leads;
INSERT INTO river_job (args, kind, queue, max_attempts, priority, state)
SELECT jsonb_build_object('tenant', 'bench', 'outbox', id, 'token', live), 'crm', 'crm-bench', 25, 2, 'available' FROM outbox;
ANALYZE`

// crmBench is one run.
type crmBench struct {
	fake   *fake.Fake
	ledger *ledger.Ledger
	pool   *pgxpool.Pool
	runner *effects.Runner
	leads  int

	mu    sync.Mutex
	taken []taken // by the fake, in order
	over  atomic.Int64
}

// taken is a batch that the fake has taken.
type taken struct {
	at    time.Time
	leads int
}

func writeIntoCRM(ctx context.Context, server *ledgertest.Server, leads int, limited bool) error {
	b := &crmBench{leads: leads}
	settings := fake.Settings{Burst: 1_000_000, Daily: 1_000_000_000}
	if limited {
		settings, b.leads = fake.Settings{}, 2*leads
	}
	b.fake = fake.New(fake.Options{Contacts: b.leads, Properties: fake.SampleProperties(), Settings: settings})
	defer b.fake.Close()
	if err := b.fake.Seed(0, time.Time{}, nil, crmRep); err != nil {
		return err
	}
	pair, err := newPair()
	if err != nil {
		return err
	}
	var dsn string
	if b.ledger, dsn, err = newLedger(ctx, server, pair); err != nil {
		return err
	}
	defer b.ledger.Close()
	b.ledger.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
	if b.pool, err = newPool(ctx, dsn, 2); err != nil {
		return err
	}
	defer b.pool.Close()
	if err := b.fill(ctx); err != nil {
		return err
	}
	api := httptest.NewServer(http.HandlerFunc(b.serve))
	defer api.Close()
	if err := b.connect(ctx, api, pair, limited); err != nil {
		return err
	}
	b.fake.Log.Clear()
	took, err := b.run(ctx)
	if err != nil {
		return err
	}
	return b.report(ctx, limited, took)
}

// fill the ledger with what the fake has.
func (b *crmBench) fill(ctx context.Context) error {
	var ids [][]any
	for id := range b.fake.Account().Objects["contacts"] {
		ids = append(ids, []any{id})
	}
	if len(ids) != b.leads {
		return fmt.Errorf("%d of %d contacts are there", len(ids), b.leads)
	}
	if _, err := b.pool.Exec(ctx, "CREATE TABLE bench_records (id text PRIMARY KEY)"); err != nil {
		return err
	}
	if _, err := b.pool.CopyFrom(ctx, pgx.Identifier{ledger.Schema, "bench_records"}, []string{"id"}, pgx.CopyFromRows(ids)); err != nil {
		return err
	}
	_, err := b.pool.Exec(ctx, waiting)
	return err
}

// connect makes the adapter, and asks it for the account as a worker does: from then on the limits are known.
func (b *crmBench) connect(ctx context.Context, api *httptest.Server, pair *pipeline.Pair, limited bool) error {
	settings := crm.Defaults(crm.TypeHubSpot)
	settings.URL = api.URL
	rules := ledger.BudgetRules{Now: time.Now, UsedPercent: settings.UsedPercent}
	if limited {
		rules.Default = hubspot.Limits()
	}
	system := hubspot.New(crm.Access{
		Settings: settings, Secret: func(string) (string, error) { return "pat-na1-fake", nil }, Now: time.Now,
		Fields: func() []string { return crm.ReadFields(settings, pair.Bundle.Lead) }, Budget: b.ledger.CRMBudget("hubspot/bench", rules),
	}, api.Client())
	if _, err := system.Describe(ctx); err != nil {
		return err
	}
	b.runner = &effects.Runner{
		Tenant: tenant, Ledger: func() (*ledger.Ledger, error) { return b.ledger, nil }, Pairs: &pipeline.Pairs{Mounted: pair},
		System:  func() (crm.System, crm.Settings, error) { return system, settings, nil },
		Metrics: effects.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	return nil
}

// serve has the fake answer, and notes what it took.
func (b *crmBench) serve(w http.ResponseWriter, r *http.Request) {
	status := &statusOf{ResponseWriter: w}
	b.fake.ServeHTTP(status, r)
	switch {
	case status.status == http.StatusTooManyRequests:
		b.over.Add(1)
	case strings.HasSuffix(r.URL.Path, "/batch/update") && status.status/100 == 2:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.taken = append(b.taken, taken{time.Now(), strings.Count(status.body.String(), `"updatedAt"`)})
	}
}

type statusOf struct {
	http.ResponseWriter
	status int
	body   strings.Builder
}

func (s *statusOf) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusOf) Write(p []byte) (int, error) {
	s.body.Write(p)
	return s.ResponseWriter.Write(p)
}

// run writes until nothing is left to be written, and says how long that took.
func (b *crmBench) run(ctx context.Context) (time.Duration, error) {
	running, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	began := time.Now()
	done.Go(func() { b.runner.Run(running) })
	defer done.Wait()
	defer stop()
	end := time.After(5 * time.Minute)
	for {
		var left int
		err := b.pool.QueryRow(ctx, "SELECT count(*) FROM outbox WHERE live IS NOT NULL").Scan(&left)
		if err != nil || left == 0 {
			return time.Since(began), err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-end:
			return 0, fmt.Errorf("%d leads are not written yet", left)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// report what the fake has counted. The first window is the burst that HubSpot allows, which says nothing about what lasts.
func (b *crmBench) report(ctx context.Context, limited bool, took time.Duration) error {
	var unsaid int
	err := b.pool.QueryRow(ctx, `SELECT count(*) FROM leads WHERE acknowledged_at IS NULL`).Scan(&unsaid)
	if err != nil {
		return err
	}
	summary := b.fake.Log.Summary(crmWindow)
	if unsaid > 0 || summary.Idle > 0 || summary.Writes != b.leads {
		return fmt.Errorf("%d leads: %d writes, %d of which changed nothing, %d leads are not acknowledged", b.leads, summary.Writes+summary.Idle, summary.Idle, unsaid)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	first, last := b.taken[0].at, b.taken[len(b.taken)-1].at
	if !limited {
		fmt.Printf("without limits: %d leads in %.1f s, %.0f leads/s, %.0f leads a request\n",
			b.leads, took.Seconds(), float64(b.leads)/took.Seconds(), float64(b.leads)/float64(len(b.taken)))
		return nil
	}
	windows := int(last.Sub(first) / crmWindow) // whole ones, of which the first is left out
	if windows < 2 {
		return fmt.Errorf("%d leads were written in %s: too few to leave out the first %s", b.leads, last.Sub(first), crmWindow)
	}
	from, to, leads, requests := first.Add(crmWindow), first.Add(time.Duration(windows)*crmWindow), 0, 0
	for _, one := range b.taken {
		if !one.at.Before(from) && one.at.Before(to) {
			leads, requests = leads+one.leads, requests+1
		}
	}
	rate := float64(leads) / to.Sub(from).Seconds()
	fmt.Printf("with HubSpot's limits: %d leads in %.1f s; after the first %s %.0f leads/s, %.1f %% of the limit (%d), %.1f leads a request; "+
		"at most %d requests within any %s (%d allowed), %d answers of 429\n", b.leads, took.Seconds(), crmWindow, rate, 100*rate/crmLimit, crmLimit, float64(leads)/float64(requests),
		summary.Most["general"], crmWindow, crmBurst, b.over.Load())
	return nil
}
