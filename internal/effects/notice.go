// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/ledger"
)

const kindNotice = "notice"

var errStale = errors.New("it waited for more than a day before it could be tried; what it says may not be so any more")

// Why a message was not sent.
const (
	droppedOver        = "Over"        // what it warns of has been done meanwhile
	droppedUnaddressed = "Unaddressed" // the Secret names nobody
)

// noticeWorker sends messages. Each is sent at least once to each address: when the process dies after an address took it and before that is
// written down, it is sent there again, and the reference at its end is the same.
type noticeWorker struct {
	river.WorkerDefaults[ledger.NoticeArgs]

	*Runner

	ledger  *ledger.Ledger
	retries *retries
}

// NextRetry of a job that failed.
func (w *noticeWorker) NextRetry(job *river.Job[ledger.NoticeArgs]) time.Time {
	return w.retries.next(job.ID, job.Attempt)
}

// Work sends one message.
func (w *noticeWorker) Work(ctx context.Context, job *river.Job[ledger.NoticeArgs]) error {
	if job.Args.Tenant != w.Tenant {
		return w.outcome(kindNotice, job.ID, job.Attempt, job.MaxAttempts, true, errForeign)
	}
	m, err := w.ledger.Message(ctx, job.Args.Message)
	switch {
	case err != nil:
		return w.fail(job, false, shown(err))
	case m == nil || m.Over:
		return nil
	case m.Now.Before(m.Due): // the clock of this machine is ahead of the ledger's
		return river.JobSnooze(m.Due.Sub(m.Now))
	}
	m.Items = slices.DeleteFunc(m.Items, func(n ledger.Notice) bool { return n.Over })
	if len(m.Items) == 0 {
		return w.finish(ctx, job, ResultDropped, droppedOver)
	}
	if job.Attempt == 1 && m.Now.Sub(m.Due) > stale {
		return w.fail(job, true, errStale)
	}
	addresses, err := w.Addresses(m.Recipient, m.Rep)
	if err != nil {
		return w.fail(job, false, err)
	}
	if len(addresses) == 0 {
		return w.finish(ctx, job, ResultUnaddressed, droppedUnaddressed)
	}
	followed := w.ledger.FollowEffect(ctx, "effect notice", about(m)...)
	err = w.sendAll(ctx, m, addresses)
	followed(err)
	if err != nil {
		return w.fail(job, false, err)
	}
	return w.finish(ctx, job, ResultSent, "")
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

func (w *noticeWorker) fail(job *river.Job[ledger.NoticeArgs], hopeless bool, err error) error {
	return w.outcome(kindNotice, job.ID, job.Attempt, job.MaxAttempts, hopeless, err)
}

// sendAll sends to the addresses that do not have the message yet. One that fails does not hold up the others.
func (w *noticeWorker) sendAll(ctx context.Context, m *ledger.Message, addresses []string) error {
	pair := w.Pairs.Current()
	title, text := compose(m, pair.Bundle.Contract, pair.Zone())
	var failed []error
	for i, address := range addresses {
		if slices.Contains(m.Done, i) {
			continue
		}
		sending, cancel := context.WithTimeout(ctx, SendTimeout)
		err := w.Send(sending, address, title, text)
		cancel()
		if err != nil {
			failed = append(failed, err)
			continue
		}
		fault.Point("notice.sent")
		if err := w.delivered(ctx, m.ID, i); err != nil {
			failed = append(failed, shown(err))
		}
	}
	return errors.Join(failed...)
}

// delivered notes that an address has the message, even when the job's time ends just now: it would be sent there again.
func (w *noticeWorker) delivered(ctx context.Context, message int64, address int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	return w.ledger.Delivered(ctx, message, address)
}

// finish marks the message and completes the job in one transaction.
func (w *noticeWorker) finish(ctx context.Context, job *river.Job[ledger.NoticeArgs], result, dropped string) error {
	err := w.ledger.FinishMessage(ctx, job.Args.Message, dropped, func(ctx context.Context, tx pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
	if err != nil {
		return w.fail(job, false, shown(err))
	}
	w.Metrics.Effects.WithLabelValues(kindNotice, result).Inc()
	return nil
}
