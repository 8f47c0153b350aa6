// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// shutFor is how long nothing is written after the CRM has refused the credential, in first waits: 15 seconds. Who looks after the credential may
// say so for longer.
const shutFor = 3

// shut is until when nothing is to be written, and why.
type shut struct {
	until time.Time
	why   error
}

// system is the CRM, or why nothing is to be written now.
func (r *Runner) system() (crm.System, crm.Settings, error) {
	if s := r.shut.Load(); s != nil && r.Now().Before(s.until) {
		return nil, crm.Settings{}, s.why
	}
	return r.System()
}

// plannedAtOnce is how many leads are told of at once that a dry run planned to tell of.
const plannedAtOnce = 500

// tellPlanned has that told that a dry run kept, once there is none any more.
func (r *Runner) tellPlanned(ctx context.Context, l *ledger.Ledger) error {
	if r.System == nil {
		return nil
	}
	if _, settings, err := r.system(); err != nil || settings.DryRun {
		return nil //nolint:nilerr // nothing is to be told now
	}
	_, err := l.TellPlanned(ctx, plannedAtOnce)
	return err
}

// doubt has the credential and the mapping looked at again.
func (r *Runner) doubt(err error) {
	var credential *crm.CredentialError
	if errors.As(err, &credential) {
		r.close(err, 0)
	}
	if r.Doubt != nil {
		r.Doubt(err)
	}
}

// dayLook is how long nothing is written at most after the allowance of the day was found to be spent: somebody may have bought more.
const dayLook = 5 * time.Minute

// close has nothing written for a while.
func (r *Runner) close(why error, after time.Duration) {
	r.shut.Store(&shut{until: r.Now().Add(max(after, shutFor*r.first())), why: why})
}

// later puts a job back that nothing can be done for now. It uses up no attempt; and those that are put back together do not all come back together.
func (r *Runner) later() error {
	r.Metrics.Effects.WithLabelValues(kindCRM, ResultWaiting).Inc()
	wait := shutFor * r.first()
	return river.JobSnooze(wait + time.Duration(rand.Float64()*float64(wait))) //nolint:gosec // no secret depends on it
}
