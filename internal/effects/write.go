// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

const kindCRM = "crm"

// crmWorker tells the CRM how a lead stands when the job runs. There is one job at most on its way for a lead, so a change is never overtaken
// by an older one; changes that come while one waits are told together.
type crmWorker struct {
	river.WorkerDefaults[ledger.CRMArgs]

	*Runner

	ledger  *ledger.Ledger
	retries *retries
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
	s, err := w.ledger.Outgoing(ctx, job.Args, job.ID)
	switch {
	case err != nil:
		return w.fail(ctx, job, false, shown(err))
	case s == nil:
		return nil
	}
	change, err := w.changeOf(ctx, s)
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

// fail parks a job that is not tried again. When that cannot be written down, River's own record of the job is taken for it later.
func (w *crmWorker) fail(ctx context.Context, job *river.Job[ledger.CRMArgs], hopeless bool, err error) error {
	if hopeless || job.Attempt >= job.MaxAttempts {
		if parking := w.ledger.Park(ctx, job.Args, job.ID); parking != nil {
			w.Log.Warn("a job is given up, which could not be noted yet", "job", job.ID, "error", ledger.Describe(parking))
		}
	}
	return w.outcome(kindCRM, job.ID, job.Attempt, job.MaxAttempts, hopeless, err)
}

func (w *crmWorker) changeOf(ctx context.Context, s *ledger.Standing) (crm.Change, error) {
	c := crm.Change{
		Tenant: w.Tenant, Contract: w.Pairs.Current().Bundle.Contract, Lead: s.Lead, Version: s.Version, Time: s.Changed,
		Data: crm.Data{
			Stage: string(s.Stage), Score: s.Score, Cycle: s.Cycle, Owner: s.Owner, Pool: s.Pool, Definition: s.Definition, Missing: s.Missing,
			Overdue: s.Overdue,
		},
	}
	if s.Clause != "" {
		c.Data.Deadline = &crm.Deadline{Clause: s.Clause, Due: s.Due}
	}
	if len(s.Rulings) == 0 {
		return c, nil
	}
	pair := w.Pairs.Current()
	if s.JudgedBy > 0 {
		var err error
		if pair, err = w.Pairs.Of(ctx, w.ledger, s.JudgedBy); err != nil {
			return c, pipeline.Explain(err)
		}
	}
	c.Data.Disposition = dispositionOf(pair.Bundle.Lead.Dispositions, s.Rulings)
	return c, nil
}

// dispositionOf a lead is its latest that was not overturned. A reason that is no code is left out: it was written by hand.
func dispositionOf(codes []lead.Disposition, rulings []lead.Event) *crm.Disposition {
	for _, e := range slices.Backward(lead.WithoutOverturned(codes, rulings)) {
		if e.Kind != lead.KindDisposition {
			continue
		}
		d := &crm.Disposition{Outcome: string(e.Disposition.Outcome), Time: e.Time}
		for _, code := range codes {
			if e.Disposition.Coded && code.Name == e.Disposition.Reason {
				d.Code, d.Status = code.Name, code.Status
			}
		}
		return d
	}
	return nil
}
