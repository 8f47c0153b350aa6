// SPDX-License-Identifier: Apache-2.0

// Package effects does outside what the ledger noted inside: it sends the notices and tells the CRM. River runs both, with the retries, and any
// number of replicas may; each takes the jobs of its own tenant only.
package effects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/notify"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// Times of the jobs. A worker that dies leaves its jobs running; they are given to another one after rescueAfter.
const (
	SendTimeout = 20 * time.Second // of one request
	noteTimeout = 5 * time.Second  // of what is noted after a request, whether or not the job's time is over
	jobTimeout  = time.Minute
	rescueAfter = 2 * time.Minute
	softStop    = 15 * time.Second // for running jobs when the process ends; the pod has 30 s
	lookEvery   = time.Second
)

// Addresses of a recipient: the URLs, or why they are not known now. None when the contract's people are not to be told.
type Addresses func(to ledger.Recipient, rep string) ([]string, error)

// CRM is told how leads stand, one by one.
type CRM interface {
	Write(ctx context.Context, c crm.Change) error
}

// System is a CRM that is written into, many leads at a time, and how. It is asked before each batch, and is an error while nothing is to be written:
// as long as the credential is missing, or the mapping was not found to fit. What is to be written waits meanwhile, and uses up no attempts.
type System func() (crm.System, crm.Settings, error)

// Runner runs the jobs of one tenant for as long as there is a ledger.
type Runner struct {
	Tenant    string
	Ledger    func() (*ledger.Ledger, error)
	Pairs     *pipeline.Pairs
	Addresses Addresses // nil when the contract does not notify
	Send      func(ctx context.Context, address string, d notify.Document) error
	CRM       CRM    // nil when there is none
	System    System // in its place; nil when there is none
	// Doubt is told what speaks against the credential or the mapping, so that both are looked at again; nil when nobody asks.
	Doubt   func(error)
	Metrics *Metrics
	Log     *slog.Logger
	Now     func() time.Time

	Every time.Duration // between two looks for jobs; half a second when 0
	First time.Duration // wait after the first failure; five seconds when 0

	shut atomic.Pointer[shut]
}

// Run until the context ends. Then it takes no more jobs, and waits for those that run.
func (r *Runner) Run(ctx context.Context) {
	for ctx.Err() == nil {
		l, err := r.Ledger()
		if err == nil {
			if err = r.runOn(ctx, l); err != nil {
				r.Log.Error("jobs cannot be run; trying again", "error", ledger.Describe(err))
			}
		}
		pause(ctx, lookEvery)
	}
}

// runOn runs jobs on one connection to the ledger until it is replaced by another one, or other jobs are to be run, or the context ends.
func (r *Runner) runOn(ctx context.Context, l *ledger.Ledger) error {
	crmJobs := r.crmJobs()
	queues := r.queues(crmJobs)
	if len(queues) == 0 {
		return nil
	}
	client, err := l.River(r.config(l, queues))
	if err != nil {
		return err
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	for ctx.Err() == nil {
		pause(ctx, lookEvery)
		if now, err := r.Ledger(); err != nil || now != l || r.crmJobs() != crmJobs {
			break
		}
		if err := r.tellPlanned(ctx, l); err != nil && ctx.Err() == nil {
			r.Log.Warn("what a dry run planned cannot be written yet; trying again", "error", ledger.Describe(err))
		}
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), softStop)
	defer cancel()
	if err := client.Stop(stopping); err == nil {
		return nil
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), softStop/3)
	defer cancel()
	return client.StopAndCancel(hard)
}

// queues of the tenant, with how many jobs of each are run at a time.
func (r *Runner) queues(crmJobs int) map[string]river.QueueConfig {
	queues := map[string]river.QueueConfig{}
	if r.Addresses != nil {
		queues[ledger.Queue(ledger.NoticeArgs{}.Kind(), r.Tenant)] = river.QueueConfig{MaxWorkers: 8}
		queues[ledger.StepQueue(r.Tenant)] = river.QueueConfig{MaxWorkers: 2}
		queues[ledger.Queue(ledger.ReportArgs{}.Kind(), r.Tenant)] = river.QueueConfig{MaxWorkers: 2}
	}
	if crmJobs > 0 {
		queues[ledger.Queue(ledger.CRMArgs{}.Kind(), r.Tenant)] = river.QueueConfig{MaxWorkers: crmJobs}
	}
	return queues
}

// crmJobs are how many jobs of the CRM are run at a time: none while nothing is to be written, so that they wait where they are.
func (r *Runner) crmJobs() int {
	switch {
	case r.CRM != nil:
		return 8
	case r.System == nil:
		return 0
	}
	system, _, err := r.system()
	if err != nil {
		return 0
	}
	most := max(system.MaxWrites(), 1)
	return min((batches+batchesAhead)*most, mostJobs)
}

func (r *Runner) config(l *ledger.Ledger, queues map[string]river.QueueConfig) river.Config {
	workers := river.NewWorkers()
	retries := &retries{now: r.Now, first: r.first(), chance: rand.Float64}
	// All kinds, always: whichever replica leads looks after the jobs of all tenants.
	river.AddWorker(workers, &messageWorker[ledger.NoticeArgs]{Runner: r, ledger: l, retries: retries})
	river.AddWorker(workers, &messageWorker[ledger.ReportArgs]{Runner: r, ledger: l, retries: retries})
	river.AddWorker(workers, newCRMWorker(r, l, retries))
	every := cmp.Or(r.Every, 500*time.Millisecond)
	return river.Config{
		Queues: queues, Workers: workers, FetchPollInterval: every, FetchCooldown: min(every, 100*time.Millisecond),
		JobTimeout: jobTimeout, RescueStuckJobsAfter: rescueAfter, Logger: slog.New(quiet{r.Log.Handler()}),
	}
}

// first wait after a failure.
func (r *Runner) first() time.Duration { return cmp.Or(r.First, 5*time.Second) }

// quiet leaves out what River says of jobs that fail: the workers say it, by kind, in words of their own.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level > slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }

// errForeign cannot happen as long as the queues are a tenant's own.
var errForeign = errors.New("the job is another tenant's")

// retries says when a job that failed is tried again: after five seconds, and twice as long each time, up to an hour; up to half of it less, by
// chance, so that what failed together is not tried together. Where the other side asked for longer, that is how long.
type retries struct {
	now    func() time.Time
	first  time.Duration
	chance func() float64
	asked  sync.Map // of job ids to durations
}

// longest is the longest wait, in first ones.
const longest = 720

// ask is heeded once, when the job is tried again; one that is given up is not.
func (r *retries) ask(job *rivertype.JobRow, after time.Duration) {
	if after > 0 && job.Attempt < job.MaxAttempts {
		r.asked.Store(job.ID, after)
	}
}

func (r *retries) next(job int64, attempt int) time.Time {
	wait := r.first * time.Duration(min(1<<min(max(attempt-1, 0), 20), longest))
	wait -= time.Duration(r.chance() * float64(wait) / 2)
	if asked, ok := r.asked.LoadAndDelete(job); ok {
		wait = max(wait, asked.(time.Duration)) //nolint:forcetypeassert // only ask stores
	}
	return r.now().UTC().Add(wait)
}

// outcome counts what became of an attempt, and says it where somebody has to do something.
func (r *Runner) outcome(kind string, job int64, attempt, attempts int, hopeless bool, err error) error {
	switch {
	case err == nil:
		return nil
	case hopeless || attempt >= attempts:
		r.Metrics.Effects.WithLabelValues(kind, ResultParked).Inc()
		r.Log.Error("an effect was given up; see kubectl sla dead-letters", "kind", kind, "job", job, "attempts", attempt, "error", err.Error())
	default:
		r.Metrics.Effects.WithLabelValues(kind, ResultRetried).Inc()
		r.Log.Warn("an effect failed and is tried again", "kind", kind, "job", job, "attempt", attempt, "of", attempts, "error", err.Error())
	}
	if hopeless {
		return river.JobCancel(err)
	}
	return err
}

// shown is an error whose text may be kept with the job: none of the ledger's is, since it may hold what must not be shown.
func shown(err error) error {
	return fmt.Errorf("the ledger: %s", ledger.Describe(err))
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
