// SPDX-License-Identifier: Apache-2.0

// Command scoring-worker takes events into the ledger and scores leads.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"
	_ "time/tzdata" // the image has no zone files

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/tracing"
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
	worker.EffectOptions

	listen, ingestDir, ingestSecret, webhooks string

	loops       int
	maxInFlight int64
	maxBacklog  int64
}

func main() {
	var o options
	flags := flag.NewFlagSet("scoring-worker", flag.ExitOnError)
	flags.Usage = worker.Usage(flags, usage)
	o.Options.Register(flags)
	o.EffectOptions.Register(flags)
	flags.StringVar(&o.listen, "listen", ":8080", "address of POST /v1/events")
	flags.StringVar(&o.ingestDir, "ingest-dir", "/etc/handoff/ingest", "folder with token: the bearer token of senders; it may appear later")
	flags.StringVar(&o.ingestSecret, "ingest-secret", "handoff-ingest", "name of the Secret behind --ingest-dir, for messages")
	flags.StringVar(&o.webhooks, "crm-webhooks", "", "URL at which HubSpot calls POST /v1/crm/hubspot here, as it stands there; no such calls are taken when empty")
	flags.IntVar(&o.loops, "score-loops", min(runtime.GOMAXPROCS(0), maxLoops), "batches that are scored at a time, each on a connection of its own; 1 to 3")
	flags.Int64Var(&o.maxInFlight, "max-in-flight", 64<<20,
		"bytes of the requests that are worked on at a time, a small one counting as 16384; who comes then gets 429 with Retry-After")
	flags.Int64Var(&o.maxBacklog, "max-backlog", 1_000_000, "leads that may wait to be scored; while more do, senders get 429 with Retry-After")
	_ = flags.Parse(os.Args[1:]) // ends the process itself when it fails
	if err := errors.Join(o.Options.Validate(), o.EffectOptions.Validate(), o.limits(), extra(flags)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	log := worker.Log("scoring")
	tuneMemory()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o, log); err != nil {
		log.Error("ended", "error", err.Error())
		os.Exit(1)
	}
}

// tuneMemory lets garbage lie longer than Go would by itself: a worker keeps little, and makes much of it. GOGC in the environment goes before it.
func tuneMemory() {
	const percent = 400
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// maxLoops leaves connections to those who send events.
const maxLoops = ledger.DefaultConnections - 2

func (o *options) limits() error {
	var err error
	if o.loops < 1 || o.loops > maxLoops {
		err = fmt.Errorf("--score-loops should be 1 to %d", maxLoops)
	}
	if o.maxInFlight < events.MaxBody {
		err = errors.Join(err, fmt.Errorf("--max-in-flight should be at least %d, the largest request", events.MaxBody))
	}
	if o.maxBacklog < 1 {
		err = errors.Join(err, errors.New("--max-backlog should be at least 1"))
	}
	return err
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
		m := &made{current, events.NewChecker(current.Bundle.Lead, current.Bundle.SLA.Enforcement)}
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
	stopTracing, err := worker.Trace(ctx, log)
	if err != nil {
		return err
	}
	defer stopTracing()

	keeper := o.Keeper(pairs.Bundles(), now, log)
	keeper.Effects = o.Ledger()
	defer keeper.Close()
	token := worker.Secret{Dir: o.ingestDir, Key: worker.KeyToken, Name: o.ingestSecret}
	reporter := worker.NewReporter(writer.SetIngest, log)
	gate := &worker.Gate{Token: token, Ledger: keeper.Status, Every: time.Second, Changed: reporter.Report}
	scorer := &pipeline.Scorer{
		Pairs: pairs, Metrics: metrics, Log: log,
		Ledger: func() (pipeline.ScoreLedger, error) { return keeper.Ledger() },
	}
	group := &events.Group{Store: func() (events.Store, error) { return keeper.Ledger() }}
	pressure := &events.Pressure{
		MaxInFlight: o.maxInFlight, Refused: func(why string) { metrics.Refused.WithLabelValues(why).Inc() },
	}
	backlog := func(ctx context.Context) (time.Duration, error) {
		l, err := keeper.Ledger()
		if err != nil {
			return 0, pipeline.ErrNotReady
		}
		behind, err := l.Behind(ctx, o.maxBacklog)
		if err == nil {
			pressure.Backlog(behind)
		}
		return time.Second, err
	}
	loops := []func(context.Context){pipeline.Loop{Name: "backlog", Step: backlog, Metrics: metrics, Log: log}.Run}
	wake := make(chan struct{}, o.loops)
	for range o.loops {
		loops = append(loops, pipeline.Loop{Name: "score", Step: scorer.Step, Wake: wake, Metrics: metrics, Log: log}.Run)
	}
	handler := &events.Handler{
		Checker: checkers(pairs),
		Store: func() (events.Store, error) {
			if _, err := keeper.Ledger(); err != nil {
				return nil, err
			}
			return group, nil
		},
		Pressure: pressure,
		Token:    token.Read,
		Now:      keeper.Time,
		Taken: func(result string, n int) {
			metrics.Events.WithLabelValues(result).Add(float64(n))
			select {
			case wake <- struct{}{}:
			default: // it is awake
			}
		},
		Log: log,
	}
	mux := o.mux(promhttp.InstrumentHandlerDuration(metrics.Request, tracing.Handler(handler)), keeper, log)
	process := &worker.Process{
		Health: &worker.Health{
			Registry: registry,
			Checks:   []worker.Check{{Name: "ledger", OK: keeper.Check}, {Name: "ingest", OK: gate.Check}},
		},
		Listen: o.listen, Handler: mux, Probes: o.Health, Drain: worker.DrainFor, Log: log,
		Support: []func(context.Context){keeper.Run, gate.Run, reporter.Run},
		Loops:   loops,
	}
	return process.Run(ctx)
}
