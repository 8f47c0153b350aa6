// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

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
		t.end(b.failed(ctx, t.job, refusedBefore(t.job, err), err))
	default:
		t.end(b.failed(ctx, t.job, false, err))
	}
}

// refusedBefore says whether an earlier attempt ended in the same refusal. One that failed for the moment says nothing about the lead.
func refusedBefore(job *river.Job[ledger.CRMArgs], err error) bool {
	return slices.ContainsFunc(job.Errors, func(before rivertype.AttemptError) bool { return before.Error == err.Error() })
}

// errBroken is for leads of a batch in the midst of which the program made a mistake.
var errBroken = errors.New("a mistake of the program came in between: the log of the worker says which one; please report it")

// broke ends such a batch. River makes of a panic an attempt that failed, but nobody panics in its sight here: it would end the process, which would begin
// again with the same leads. What the panic says may be a value, and is said only when the runtime says it.
func (b *batch) broke(ctx context.Context, mistake any) {
	about := []any{"leads", len(b.group), "type", fmt.Sprintf("%T", mistake), "stack", string(debug.Stack())}
	if err, is := mistake.(runtime.Error); is {
		about = append(about, "error", err.Error())
	}
	b.Log.Error("a mistake of the program while leads were written into the CRM; they are tried again", about...)
	for _, one := range b.group {
		if errors.Is(one.err, errUnsaid) {
			one.end(b.failed(ctx, one.job, false, errBroken))
		}
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
