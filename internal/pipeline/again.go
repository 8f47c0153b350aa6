// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// StepUnrouted tries again for every MQL that nobody was available for, and has the open leads of those who have left given to others.
func (r *Router) StepUnrouted(ctx context.Context) (time.Duration, error) {
	l, d, err := r.ready()
	if err != nil {
		return 0, err
	}
	if err := errors.Join(l.AddUpLoads(ctx), l.SettleCRM(ctx)); err != nil {
		return 0, err
	}
	batches := 0
	unrouted := func(ctx context.Context, l RouteLedger, d *Dispatcher) (err error) {
		batches, err = r.unrouted(ctx, l, d)
		return err
	}
	for _, step := range []func(context.Context, RouteLedger, *Dispatcher) error{r.leavers, unrouted} {
		if followed, err := follow(ctx, r.Pairs, l, r.Metrics, r.Log, step(ctx, l, d)); followed || err != nil {
			return 0, err
		}
	}
	return untilNextSweep(batches), nil
}

// untilNextSweep is longer the more leads wait: each sweep asks for all of them, and whoever routes waits meanwhile.
func untilNextSweep(batches int) time.Duration {
	const least, most = 5 * time.Second, time.Minute
	return min(time.Duration(max(batches/10, 1))*least, most)
}

// unrouted says how many batches it took.
func (r *Router) unrouted(ctx context.Context, l RouteLedger, d *Dispatcher) (batches int, err error) {
	var after ledger.Cursor
	for more := true; more; batches++ {
		var batch ledger.Batch
		after, more, batch, err = l.RouteUnrouted(ctx, d.pair.Bundle.Sequence, batchSize, after, d.DecideAgain)
		if err != nil {
			return batches, err
		}
		r.report(batch)
	}
	return batches, nil
}

// leavers are reps who are in no pool any more. What they got from us before this worker had its roster goes to others; what they got since was given by
// a worker with another roster, which may be newer than ours: that one knows.
func (r *Router) leavers(ctx context.Context, l RouteLedger, d *Dispatcher) error {
	since, err := d.roster.takenUp(ctx, l)
	if err != nil {
		return err
	}
	reps, err := l.Leavers(ctx, slices.Collect(maps.Keys(d.roster.members)))
	if err != nil {
		return err
	}
	for _, rep := range reps {
		after := ""
		for more := true; more; {
			var batch ledger.Batch
			after, more, batch, err = l.RouteOwned(ctx, d.pair.Bundle.Sequence, batchSize, rep, since, after, d.DecideAgain)
			if err != nil {
				return err
			}
			r.report(batch)
		}
	}
	return nil
}

// takenUp is when this worker first used the roster, by the clock of the ledger.
func (r *Roster) takenUp(ctx context.Context, l RouteLedger) (time.Time, error) {
	if since := r.since.Load(); since != nil {
		return *since, nil
	}
	now, err := l.Now(ctx)
	if err != nil {
		return time.Time{}, err
	}
	r.since.CompareAndSwap(nil, &now)
	return *r.since.Load(), nil
}

func (r *Router) report(batch ledger.Batch) {
	r.Metrics.Routed.Add(float64(batch.Leads))
	for kind, n := range batch.Choices {
		r.Metrics.Choices.WithLabelValues(string(kind)).Add(float64(n))
	}
	reportFailed(r.Log, r.Metrics, "route", batch.Failed)
}
