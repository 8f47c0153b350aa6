// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/ledger"
)

const kindCRM = "crm"

// crmWorker tells the CRM how a lead stands when the job runs. There is one job at most on its way for a lead, so a change is never overtaken
// by an older one; changes that come while one waits are told together.
type crmWorker struct {
	river.WorkerDefaults[ledger.CRMArgs]

	*Runner

	ledger  *ledger.Ledger
	retries *retries

	collector       *collector
	loading, noting chan struct{} // held by who reads, or notes, what a batch is about
}

func newCRMWorker(r *Runner, l *ledger.Ledger, retries *retries) *crmWorker {
	w := &crmWorker{Runner: r, ledger: l, retries: retries, loading: make(chan struct{}, 1), noting: make(chan struct{}, finishing)}
	w.collector = newCollector(w.tellNext)
	return w
}

// Timeout of a job that may have to wait for others.
func (w *crmWorker) Timeout(*river.Job[ledger.CRMArgs]) time.Duration {
	if w.System == nil {
		return jobTimeout
	}
	return patience + batchTimeout + finishTimeout
}

// NextRetry of a job that failed.
func (w *crmWorker) NextRetry(job *river.Job[ledger.CRMArgs]) time.Time {
	return w.retries.next(job.ID, job.Attempt)
}

// Work tells of one lead.
func (w *crmWorker) Work(ctx context.Context, job *river.Job[ledger.CRMArgs]) error {
	if job.Args.Tenant != w.Tenant {
		return w.outcome(kindCRM, job.ID, job.Attempt, job.MaxAttempts, true, errForeign)
	}
	if w.System != nil {
		return w.collector.do(ctx, job)
	}
	return w.tellOne(ctx, job)
}

// tellOne posts how a lead stands.
func (w *crmWorker) tellOne(ctx context.Context, job *river.Job[ledger.CRMArgs]) error {
	s, err := w.ledger.Outgoing(ctx, job.Args, job.ID)
	switch {
	case err != nil:
		return w.fail(ctx, job, false, shown(err))
	case s == nil:
		return nil
	}
	change, _, err := w.changeOf(ctx, s)
	if err != nil {
		return w.fail(ctx, job, false, err)
	}
	content, err := json.Marshal(change.Data)
	if err != nil {
		return w.fail(ctx, job, true, err)
	}
	sum := sha256.Sum256(content)
	result := ResultUnchanged
	if !s.SameContent(sum[:]) {
		result = ResultSent
		followed := w.ledger.FollowEffect(ctx, "effect crm", s.Lead)
		err := w.CRM.Write(ctx, change)
		followed(err)
		if err != nil {
			return w.refused(ctx, job, err)
		}
		fault.Point("crm.sent")
	}
	err = w.ledger.FinishOutgoing(ctx, job.Args, s.Version, sum[:], func(ctx context.Context, tx pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
	if err != nil {
		return w.fail(ctx, job, false, shown(err))
	}
	w.Metrics.Effects.WithLabelValues(kindCRM, result).Inc()
	return nil
}

func (w *crmWorker) refused(ctx context.Context, job *river.Job[ledger.CRMArgs], err error) error {
	var refused *crm.RefusedError
	var unavailable *crm.UnavailableError
	if errors.As(err, &unavailable) {
		w.retries.ask(job.JobRow, unavailable.After)
	}
	return w.fail(ctx, job, errors.As(err, &refused), err)
}

// fail parks a job that is not tried again.
func (w *crmWorker) fail(ctx context.Context, job *river.Job[ledger.CRMArgs], hopeless bool, err error) error {
	if hopeless || job.Attempt >= job.MaxAttempts {
		w.park(ctx, job)
	}
	return w.outcome(kindCRM, job.ID, job.Attempt, job.MaxAttempts, hopeless, err)
}

// park notes that a job is given up. When that cannot be written down, River's own record of the job is taken for it later.
func (w *crmWorker) park(ctx context.Context, job *river.Job[ledger.CRMArgs]) {
	if err := w.ledger.Park(ctx, job.Args, job.ID); err != nil {
		w.Log.Warn("a job is given up, which could not be noted yet", "job", job.ID, "error", ledger.Describe(err))
	}
}
