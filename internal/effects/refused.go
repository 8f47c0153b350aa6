// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// resultFailed is that of a lead whose job is over, one way or another.
const resultFailed = "failed"

// failure is one of a batch, as the log has it: what is wrong with all of its leads is said once.
type failure struct {
	parked, waits, note bool
	text                string
}

// refused says what becomes of a lead that the CRM did not take. A credential is mended elsewhere, and costs no attempt. What is refused for what it is
// is tried once more, since its reason may be that the CRM's fields have changed just now; that is looked into meanwhile, and holds up the others.
func (b *batch) refused(ctx context.Context, t *telling, err error) {
	t.result = resultFailed
	var credential *crm.CredentialError
	var unavailable *crm.UnavailableError
	var refused *crm.RefusedError
	switch {
	case errors.As(err, &credential):
		b.failures[failure{waits: true, text: err.Error()}]++
		b.doubtful = err
		t.end(b.later())
	case errors.As(err, &unavailable) && unavailable.Day: // it is not the lead's fault, and lasts for hours
		b.failures[failure{waits: true, text: err.Error()}]++
		b.close(err, min(unavailable.After, dayLook))
		t.end(b.later())
	case errors.As(err, &unavailable):
		b.retries.ask(t.job.JobRow, unavailable.After)
		t.end(b.failed(ctx, t.job, false, err))
	case errors.As(err, &refused):
		if b.doubtful == nil {
			b.doubtful = err
		}
		t.end(b.failed(ctx, t.job, t.job.Attempt > 1, err))
	default:
		t.end(b.failed(ctx, t.job, false, err))
	}
}

// failed counts an attempt that failed, and parks a job that is not tried again.
func (b *batch) failed(ctx context.Context, job *river.Job[ledger.CRMArgs], hopeless bool, err error) error {
	if !hopeless && errors.Is(ctx.Err(), context.Canceled) { // the process ends
		return river.JobSnooze(0)
	}
	parked := hopeless || job.Attempt >= job.MaxAttempts
	b.failures[failure{parked: parked, text: err.Error()}]++
	result := ResultRetried
	if parked {
		result = ResultParked
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
		defer cancel()
		b.park(ctx, job)
	}
	b.Metrics.Effects.WithLabelValues(kindCRM, result).Inc()
	if hopeless {
		return river.JobCancel(err)
	}
	return err
}

// report says what went wrong, once for all leads with which it did.
func (b *batch) report() {
	if b.doubtful != nil {
		b.doubt(b.doubtful)
	}
	for f, leads := range b.failures {
		about := []any{"leads", leads, "error", f.text}
		switch {
		case f.parked:
			b.Log.Error("leads cannot be written into the CRM and were given up; see kubectl sla dead-letters", about...)
		case f.note:
			b.Log.Error("the CRM refuses the notes that say what was set back, and why", about...)
		case f.waits:
			b.Log.Warn("leads wait until they can be written into the CRM", about...)
		default:
			b.Log.Warn("leads could not be written into the CRM and are tried again", about...)
		}
	}
}
