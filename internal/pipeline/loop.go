// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// Waits of the loops.
const (
	pollEvery   = 500 * time.Millisecond // for work that another process noted
	retryFirst  = time.Second
	retryAtMost = 15 * time.Second
	stepTimeout = time.Minute
)

// Loop does one kind of work for as long as the worker runs.
type Loop struct {
	Name    string
	Log     *slog.Logger
	Metrics *Metrics
	Wake    <-chan struct{} // optional: there is something to do

	// Step does some work and says when to be called again: 0 at once, because there may be more.
	Step func(context.Context) (again time.Duration, err error)
}

// Run steps until the context ends. A step that is under way then is finished: its transaction is not cut. After an error it
// waits longer and longer, up to 15 seconds.
func (l Loop) Run(ctx context.Context) {
	retry := retryFirst
	for ctx.Err() == nil {
		again, err := l.once(ctx)
		switch {
		case err == nil:
			retry = retryFirst
		case errors.Is(err, ErrNotReady):
			again = retryFirst
		case errors.Is(err, ledger.ErrNothingInForce): // its time may come at any moment
			again = pollEvery
		default:
			l.Metrics.StepErrors.WithLabelValues(l.Name, ledger.Kind(err)).Inc()
			l.Log.Error("step failed; trying again", "loop", l.Name, "in", retry.String(), "error", explain(err))
			again, retry = retry, min(2*retry, retryAtMost)
		}
		if again > 0 {
			l.wait(ctx, again)
		}
	}
}

func (l Loop) once(ctx context.Context) (time.Duration, error) {
	step, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
	defer cancel()
	return l.Step(step)
}

func (l Loop) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-l.Wake:
	}
}

// ErrNotReady is what a step returns that cannot work yet, for a reason that is reported elsewhere.
var ErrNotReady = errors.New("not ready")

// shownError is one whose text holds nothing that must not be shown: no lead's data and no connection string.
type shownError struct{ error }

func (e shownError) Unwrap() error { return e.error }

// explain says what went wrong in words that may be logged.
func explain(err error) string {
	var shown shownError
	if errors.As(err, &shown) {
		return shown.Error()
	}
	return ledger.Describe(err)
}

// Explain is an error whose text may be shown.
func Explain(err error) error { return errors.New(explain(err)) }
