// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/handoff-sla/handoff/internal/measurement"
)

// Reporter brings a worker's condition into the cluster: the latest one, again and again until it is there.
type Reporter struct {
	Set   func(context.Context, measurement.Condition) error
	Retry time.Duration
	Log   *slog.Logger

	latest chan measurement.Condition
}

// NewReporter makes a Reporter.
func NewReporter(set func(context.Context, measurement.Condition) error, log *slog.Logger) *Reporter {
	return &Reporter{Set: set, Retry: time.Second, Log: log, latest: make(chan measurement.Condition, 1)}
}

// Report replaces what is still to be written. One goroutine reports.
func (r *Reporter) Report(s Status) {
	select {
	case <-r.latest:
	default:
	}
	r.latest <- measurement.Condition{OK: s.OK, Reason: s.Reason, Message: s.Message}
}

// Run writes until the context ends.
func (r *Reporter) Run(ctx context.Context) {
	var pending *measurement.Condition
	wait := r.Retry
	for {
		var retry <-chan time.Time
		if pending != nil {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			retry = timer.C
			wait = min(2*wait, 30*time.Second)
		}
		select {
		case <-ctx.Done():
			return
		case c := <-r.latest:
			pending, wait = &c, r.Retry
		case <-retry:
		}
		pending = r.write(ctx, *pending)
	}
}

// write returns what is still to be written.
func (r *Reporter) write(ctx context.Context, c measurement.Condition) *measurement.Condition {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := r.Set(ctx, c); err != nil {
		r.Log.Warn("the condition was not written; trying again", "error", err.Error())
		return &c
	}
	return nil
}
