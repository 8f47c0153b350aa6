// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/notify"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/worker"
)

// looper makes a loop of a step.
type looper func(name string, step func(context.Context) (time.Duration, error), wake <-chan struct{}) func(context.Context)

// outside is what the worker does for people and systems elsewhere.
type outside struct {
	o       *options
	pairs   *pipeline.Pairs
	rosters *worker.Rosters
	keeper  *worker.Keeper
	writer  *measurement.Writer
	metrics *pipeline.Metrics
	loop    looper
	now     func() time.Time
	log     *slog.Logger

	runner *effects.Runner
	steps  *effects.Steps
	crm    *worker.CRM // nil where the leads live in none
}

func (out *outside) make(metrics *effects.Metrics) {
	// The library of the notices sends with the default client, which waits for ever.
	http.DefaultClient.Timeout = effects.SendTimeout
	o := out.o
	out.runner = &effects.Runner{
		Tenant: o.Tenant, Ledger: out.keeper.Ledger, Pairs: out.pairs, Addresses: o.Addresses(), Send: notify.SendDocument, CRM: o.Sink(out.now),
		Metrics: metrics, Log: out.log, Now: out.now,
	}
	out.steps = &effects.Steps{
		Ledger: out.keeper.Ledger, Pairs: out.pairs, Standing: out.rosters.Standing, Every: o.DigestEvery, Respect: o.Respect(), Metrics: metrics,
	}
	if !o.LivesInCRM() {
		return
	}
	out.crm = &worker.CRM{
		Dir: o.rosterDir, Secret: o.CRMKey, Pairs: out.pairs, Roster: out.rosters.Current, Make: worker.MakeCRM, Ledger: out.keeper.Ledger, Tenant: o.Tenant,
		Use: out.use, Every: time.Second, Recheck: 5 * time.Minute, Now: out.now, Log: out.log,
	}
	out.runner.System, out.runner.Doubt = out.crm.System, out.crm.Doubt
}

// use has owners wait for the CRM to acknowledge them, where it is told of them.
func (out *outside) use(s crm.Settings) {
	e := out.o.Ledger()
	e.Acknowledge, e.Matched = !s.DryRun, s.MatchBy != ""
	out.keeper.Use(e)
}

// join has the process do what the contract asks for outside. Where it asks for nothing, it may have done before: what was said of that goes.
func (out *outside) join(process *worker.Process) {
	if out.o.Wanted() {
		outlets := &worker.Outlets{Options: &out.o.EffectOptions, Every: 5 * time.Second}
		outlets.Changed = out.report(process, out.writer.SetEffects)
		process.Health.Checks = append(process.Health.Checks, worker.Check{Name: "effects", OK: outlets.Check})
		process.Support = append(process.Support, outlets.Run)
	} else {
		out.withdraw(process, out.writer.ClearEffects)
	}
	if out.crm != nil {
		out.crm.Changed = out.report(process, out.writer.SetCRM)
		process.Health.Checks = append(process.Health.Checks, worker.Check{Name: "crm", OK: out.crm.Check})
		process.Support = append(process.Support, out.crm.Run)
		reader := out.reader()
		process.Loops = append(process.Loops, func(ctx context.Context) {
			out.loop("crm", reader.Step, nil)(ctx)
			reader.Close(context.WithoutCancel(ctx))
		})
	} else {
		out.withdraw(process, out.writer.ClearCRM)
	}
	if !out.o.Wanted() && out.crm == nil {
		return
	}
	process.Loops = append(process.Loops, out.runner.Run, out.loop("effects", out.steps.Count, nil))
	if out.o.Notify != "" {
		process.Loops = append(process.Loops,
			out.loop("warn", out.steps.Warn, nil), out.loop("digest", out.steps.Digest, nil), out.loop("escalate", out.steps.Escalate, nil))
	}
}

// report has a condition written whenever it changes.
func (out *outside) report(process *worker.Process, set func(context.Context, measurement.Condition) error) func(worker.Status) {
	reporter := worker.NewReporter(set, out.log)
	process.Support = append(process.Support, reporter.Run)
	return reporter.Report
}

// withdraw has a condition taken away.
func (out *outside) withdraw(process *worker.Process, take func(context.Context) error) {
	out.report(process, func(ctx context.Context, _ measurement.Condition) error { return take(ctx) })(worker.Status{})
}

func (out *outside) reader() *pipeline.CRMReader {
	host, _ := os.Hostname() // for people; the rest tells two of them apart
	return &pipeline.CRMReader{
		Pairs: out.pairs, System: out.crm.System, Account: out.crm.Account, Trouble: out.crm.Doubt, Now: out.keeper.Time, Metrics: out.metrics, Log: out.log,
		Holder: host + "/" + strconv.Itoa(os.Getpid()) + "/" + strconv.FormatInt(out.now().UnixNano(), 36),
		Ledger: func() (pipeline.CRMLedger, error) { return out.keeper.Ledger() },
		Checker: func(p *pipeline.Pair) pipeline.CRMChecker {
			return events.NewChecker(p.Bundle.Lead, p.Bundle.SLA.Enforcement)
		},
	}
}
