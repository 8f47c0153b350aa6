// SPDX-License-Identifier: Apache-2.0

// Command scoring-worker takes events into the ledger and scores leads.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
	_ "time/tzdata" // the image has no zone files

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/worker"
)

const usage = `scoring-worker takes CloudEvents about leads at POST /v1/events, writes each exactly once into the PostgreSQL
ledger, scores the leads by the definition in force, and stamps those that become MQL with its revision.
Any number may run. It starts without its Secrets, says in /readyz and in the SLAMeasurement what is missing, and goes on by
itself when it is there.

Example:
  scoring-worker --tenant acme-mid-market --measurement mid-market --namespace revenue
  curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/cloudevents+json" http://localhost:8080/v1/events -d '
    {"specversion": "1.0", "id": "1", "source": "/website", "type": "dev.handoff.lead.captured", "subject": "lead-1",
     "time": "2027-01-04T14:03:00Z", "data": {"properties": {"email": "someone@example.com"}}}'
`

type options struct {
	worker.Options
	listen, ingestDir, ingestSecret string
}

func main() {
	var o options
	flags := flag.NewFlagSet("scoring-worker", flag.ExitOnError)
	flags.Usage = worker.Usage(flags, usage)
	o.Register(flags)
	flags.StringVar(&o.listen, "listen", ":8080", "address of POST /v1/events")
	flags.StringVar(&o.ingestDir, "ingest-dir", "/etc/handoff/ingest", "folder with token: the bearer token of senders; it may appear later")
	flags.StringVar(&o.ingestSecret, "ingest-secret", "handoff-ingest", "name of the Secret behind --ingest-dir, for messages")
	_ = flags.Parse(os.Args[1:]) // ends the process itself when it fails
	if err := errors.Join(o.Validate(), extra(flags)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	log := worker.Log("scoring")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o, log); err != nil {
		log.Error("ended", "error", err.Error())
		os.Exit(1)
	}
}

func extra(flags *flag.FlagSet) error {
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return nil
}

// checkers makes a checker for each pair that comes into force, once.
func checkers(pairs *pipeline.Pairs) func() *events.Checker {
	type made struct {
		of      *pipeline.Pair
		checker *events.Checker
	}
	var last atomic.Pointer[made]
	return func() *events.Checker {
		current := pairs.Current()
		if m := last.Load(); m != nil && m.of == current {
			return m.checker
		}
		m := &made{current, events.NewChecker(current.Bundle.Lead)}
		last.Store(m)
		return m.checker
	}
}

func run(ctx context.Context, o options, log *slog.Logger) error {
	pairs, err := worker.LoadPairs(o.BundleDir)
	if err != nil {
		return err
	}
	now := fault.Clock(time.Now)
	writer, err := o.Writer(now)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := pipeline.NewMetrics(registry)

	keeper := o.Keeper(pairs.Bundles(), now, log)
	defer keeper.Close()
	token := worker.Secret{Dir: o.ingestDir, Key: worker.KeyToken, Name: o.ingestSecret}
	reporter := worker.NewReporter(writer.SetIngest, log)
	gate := &worker.Gate{Token: token, Ledger: keeper.Status, Every: time.Second, Changed: reporter.Report}
	scorer := &pipeline.Scorer{
		Pairs: pairs, Metrics: metrics, Log: log,
		Ledger: func() (pipeline.ScoreLedger, error) { return keeper.Ledger() },
	}
	wake := make(chan struct{}, 1)
	handler := &events.Handler{
		Checker: checkers(pairs),
		Store:   func() (events.Store, error) { return keeper.Ledger() },
		Token:   token.Read,
		Now:     keeper.Time,
		Taken: func(result string, n int) {
			metrics.Events.WithLabelValues(result).Add(float64(n))
			select {
			case wake <- struct{}{}:
			default: // it is awake
			}
		},
		Log: log,
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/events", handler)
	process := &worker.Process{
		Health: &worker.Health{
			Registry: registry,
			Checks:   []worker.Check{{Name: "ledger", OK: keeper.Check}, {Name: "ingest", OK: gate.Check}},
		},
		Listen: o.listen, Handler: mux, Probes: o.Health, Drain: worker.DrainFor, Log: log,
		Support: []func(context.Context){keeper.Run, gate.Run, reporter.Run},
		Loops: []func(context.Context){
			pipeline.Loop{Name: "score", Step: scorer.Step, Wake: wake, Metrics: metrics, Log: log}.Run,
		},
	}
	return process.Run(ctx)
}
