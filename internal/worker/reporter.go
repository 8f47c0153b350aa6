// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/handoff-sla/handoff/internal/measurement"
)

// assertEvery is how often a condition is looked at again that nothing has changed: another replica, which is gone, may have left its own.
const assertEvery = 3 * time.Minute

// Reporter brings a worker's condition into the cluster: the latest one, again and again until it is there, and from time to time
// after that. Set should write only what differs.
type Reporter struct {
	Set   func(context.Context, measurement.Condition) error
	Retry time.Duration
	Every time.Duration // between two looks at what was written
	Log   *slog.Logger

	latest chan measurement.Condition
}

// NewReporter makes a Reporter.
func NewReporter(set func(context.Context, measurement.Condition) error, log *slog.Logger) *Reporter {
	return &Reporter{Set: set, Retry: time.Second, Every: assertEvery, Log: log, latest: make(chan measurement.Condition, 1)}
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
	var latest measurement.Condition
	select {
	case <-ctx.Done():
		return
	case latest = <-r.latest:
	}
	for retry := r.Retry; ; {
		wait := r.Every
		if err := r.write(ctx, latest); err != nil {
			r.Log.Warn("the condition was not written; trying again", "error", err.Error())
			wait, retry = retry, min(2*retry, 30*time.Second)
		} else {
			retry = r.Retry
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case latest = <-r.latest:
			retry = r.Retry
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (r *Reporter) write(ctx context.Context, c measurement.Condition) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return r.Set(ctx, c)
}
