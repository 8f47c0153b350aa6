// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// What a message may wait untried. An alarm of yesterday misleads; it is parked, so that somebody decides. What is about a closed week is so for longer.
const (
	stale     = 24 * time.Hour
	staleWeek = 7 * 24 * time.Hour
)

// StaleError says that a message waited for too long.
type StaleError struct{ After time.Duration }

func (e *StaleError) Error() string {
	return fmt.Sprintf("it waited for more than %s before it could be tried; what it says may not be so any more", plural(int(e.After/(24*time.Hour)), "day"))
}

// Why a message was not sent.
const (
	droppedOver        = "Over"        // what it warns of has been done meanwhile
	droppedUnaddressed = "Unaddressed" // the Secret names nobody
	droppedShared      = "Shared"      // its addresses are those of other recipients, who get the same
)

// messageWorker sends messages of one kind of job. Each is sent at least once to each address: when the process dies after an address took it and
// before that is written down, it is sent there again, and the reference at its end is the same.
type messageWorker[T ledger.MessageArgs] struct {
	river.WorkerDefaults[T]

	*Runner

	ledger  *ledger.Ledger
	retries *retries
}

// NextRetry of a job that failed.
func (w *messageWorker[T]) NextRetry(job *river.Job[T]) time.Time {
	return w.retries.next(job.ID, job.Attempt)
}

// Work sends one message.
func (w *messageWorker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	tenant, id := job.Args.Carries()
	if tenant != w.Tenant {
		return w.fail(job, true, errForeign)
	}
	m, err := w.ledger.Message(ctx, id)
	switch {
	case err != nil:
		return w.fail(job, false, shown(err))
	case m == nil || m.Over:
		return nil
	case m.Now.Before(m.Due): // the clock of this machine is ahead of the ledger's
		return river.JobSnooze(m.Due.Sub(m.Now))
	}
	after := staleWeek
	if m.Step == nil && m.Report == nil {
		after = stale
		m.Items = slices.DeleteFunc(m.Items, func(n ledger.Notice) bool { return n.Over })
		if len(m.Items) == 0 {
			return w.finish(ctx, job, ResultDropped, droppedOver)
		}
	}
	if job.Attempt == 1 && m.Now.Sub(m.Due) > after {
		return w.fail(job, true, &StaleError{After: after})
	}
	return w.deliver(ctx, job, m)
}

// deliver sends a message that is still to be sent.
func (w *messageWorker[T]) deliver(ctx context.Context, job *river.Job[T], m *ledger.Message) error {
	addresses, err := w.Addresses(m.Recipient, m.Rep)
	if err != nil {
		return w.fail(job, false, err)
	}
	if len(addresses) == 0 {
		return w.finish(ctx, job, ResultUnaddressed, droppedUnaddressed)
	}
	shared, err := w.shared(m)
	switch {
	case err != nil:
		return w.fail(job, false, err)
	case !slices.ContainsFunc(addresses, func(one string) bool { return !shared[one] }):
		return w.finish(ctx, job, ResultDropped, droppedShared)
	}
	kind := job.Args.Kind()
	followed := w.ledger.FollowEffect(ctx, "effect "+kind, about(m)...)
	err = w.sendAll(ctx, kind, m, addresses, shared)
	followed(err)
	if err != nil {
		return w.fail(job, false, err)
	}
	return w.finish(ctx, job, ResultSent, "")
}

// shared are the addresses of those who get the same before this recipient: a chat that is all of them is told once.
func (w *messageWorker[T]) shared(m *ledger.Message) (map[string]bool, error) {
	shared := map[string]bool{}
	for _, to := range m.Beside {
		addresses, err := w.Addresses(to, "")
		if err != nil {
			return nil, err
		}
		for _, one := range addresses {
			shared[one] = true
		}
	}
	return shared, nil
}

// about are the leads of a message.
func about(m *ledger.Message) []string {
	var leads []string
	for _, n := range m.Items {
		leads = append(leads, n.Lead)
	}
	slices.Sort(leads)
	return slices.Compact(leads)
}

func (w *messageWorker[T]) fail(job *river.Job[T], hopeless bool, err error) error {
	return w.outcome(job.Args.Kind(), job.ID, job.Attempt, job.MaxAttempts, hopeless, err)
}

// sendAll sends to the addresses that do not have the message yet. One that fails does not hold up the others.
func (w *messageWorker[T]) sendAll(ctx context.Context, kind string, m *ledger.Message, addresses []string, shared map[string]bool) error {
	pair := w.Pairs.Current()
	d := compose(m, pair.Bundle.Contract, pair.Zone())
	var failed []error
	for i, address := range addresses {
		if slices.Contains(m.Done, i) || shared[address] {
			continue
		}
		sending, cancel := context.WithTimeout(ctx, SendTimeout)
		err := w.Send(sending, address, d)
		cancel()
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if m.Step != nil {
			fault.Point("escalation.sent")
		}
		fault.Point(kind + ".sent")
		if err := w.delivered(ctx, m.ID, i); err != nil {
			failed = append(failed, shown(err))
		}
	}
	return errors.Join(failed...)
}

// delivered notes that an address has the message, even when the job's time ends just now: it would be sent there again.
func (w *messageWorker[T]) delivered(ctx context.Context, message int64, address int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	return w.ledger.Delivered(ctx, message, address)
}

// finish marks the message and completes the job in one transaction.
func (w *messageWorker[T]) finish(ctx context.Context, job *river.Job[T], result, dropped string) error {
	_, id := job.Args.Carries()
	err := w.ledger.FinishMessage(ctx, id, dropped, func(ctx context.Context, tx pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
	if err != nil {
		return w.fail(job, false, shown(err))
	}
	w.Metrics.Effects.WithLabelValues(job.Args.Kind(), result).Inc()
	return nil
}
