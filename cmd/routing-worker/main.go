// SPDX-License-Identifier: Apache-2.0

// Command routing-worker finds owners for leads, keeps their clocks and counts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // the image has no zone files

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/worker"
)

const usage = `routing-worker gives each MQL an owner from the pools of the mounted roster, or takes the owner that another system
reported, works out how every lead stands under every clause of the terms, finds deadlines that have passed within a second,
and counts into the status of the SLAMeasurement. Any number may run: rotation stays fair and one of them counts. A changed
roster takes effect without a restart.

Example:
  routing-worker --tenant acme-mid-market --measurement mid-market --namespace revenue --measure-interval 1m
`

type options struct {
	worker.Options
	worker.EffectOptions

	rosterDir string
	interval  time.Duration
	retain    string
}

func main() {
	var o options
	flags := flag.NewFlagSet("routing-worker", flag.ExitOnError)
	flags.Usage = worker.Usage(flags, usage)
	o.Options.Register(flags)
	o.EffectOptions.Register(flags)
	flags.StringVar(&o.rosterDir, "roster-dir", "/etc/handoff/roster", "folder with roster.json: the pools and their members, and standing.json: the steps of escalations that people are told of")
	flags.DurationVar(&o.interval, "measure-interval", time.Minute,
		"time between two counts into the SLAMeasurement; a change that has been worked off is counted at once while a stock of three lasts")
	flags.StringVar(&o.retain, "retain-events", "", "how many days the history of a lead is kept after its last event, such as 400d (for ever when empty)")
	_ = flags.Parse(os.Args[1:]) // ends the process itself when it fails
	err := errors.Join(o.Options.Validate(), o.EffectOptions.Validate())
	if flags.NArg() > 0 {
		err = errors.Join(err, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	}
	if o.interval < time.Second {
		err = errors.Join(err, errors.New("--measure-interval should be at least 1s"))
	}
	if _, bad := pipeline.ParseKeep(o.retain); bad != nil {
		err = errors.Join(err, fmt.Errorf("--retain-events %w", bad))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	log := worker.Log("routing")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o, log); err != nil {
		log.Error("ended", "error", err.Error())
		os.Exit(1)
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
	defer keeper.Close()
	keeper.Effects = o.Ledger()
	reporter := worker.NewReporter(writer.SetLedger, log)
	keeper.Changed = reporter.Report
	rosters := &worker.Rosters{
		Dir: o.rosterDir, Pairs: pairs, Every: time.Second, Changed: make(chan struct{}, 1), Metrics: metrics, Log: log,
	}
	router := &pipeline.Router{
		Pairs: pairs, Roster: rosters.Current, Metrics: metrics, Log: log,
		Ledger: func() (pipeline.RouteLedger, error) { return keeper.Ledger() },
	}
	breaches := &pipeline.Breaches{
		Roster: rosters.Current, Metrics: metrics, Log: log,
		Ledger: func() (pipeline.BreachLedger, error) { return keeper.Ledger() },
	}
	counting := &pipeline.Counting{
		Pairs: pairs, Sink: writer, Interval: o.interval, Now: now, Metrics: metrics, Log: log,
		Ledger: func() (pipeline.CountLedger, error) { return keeper.Ledger() },
	}
	keep, err := pipeline.ParseKeep(o.retain)
	if err != nil {
		return err
	}
	retention := &pipeline.Retention{
		Pairs: pairs, Keep: keep, Metrics: metrics, Log: log,
		Ledger: func() (pipeline.RetentionLedger, error) { return keeper.Ledger() },
	}
	loop := func(name string, step func(context.Context) (time.Duration, error), wake <-chan struct{}) func(context.Context) {
		return pipeline.Loop{Name: name, Step: step, Wake: wake, Metrics: metrics, Log: log}.Run
	}
	out := &outside{o: &o, pairs: pairs, rosters: rosters, keeper: keeper, writer: writer, metrics: metrics, loop: loop, now: now, log: log}
	out.make(effects.NewMetrics(registry))
	process := &worker.Process{
		Health: &worker.Health{
			Registry: registry,
			Checks:   []worker.Check{{Name: "ledger", OK: keeper.Check}, {Name: "roster", OK: rosters.Check}},
		},
		Probes: o.Health, Log: log,
		Support: []func(context.Context){keeper.Run, rosters.Run, reporter.Run},
		Loops: []func(context.Context){
			loop("route", router.Step, nil),
			loop("unrouted", router.StepUnrouted, rosters.Changed),
			loop("breach", breaches.Step, nil),
			loop("retain", retention.Step, nil),
			func(ctx context.Context) {
				loop("count", counting.Step, nil)(ctx)
				counting.Close(context.WithoutCancel(ctx))
			},
		},
	}
	out.join(process)
	return process.Run(ctx)
}
