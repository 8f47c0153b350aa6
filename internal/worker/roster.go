// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// Rosters follows the mounted roster, and the standing of the contract beside it, without a restart.
type Rosters struct {
	Dir     string
	Pairs   *pipeline.Pairs // a roster is checked against the one in force
	Every   time.Duration   // between two looks at the file
	Changed chan struct{}   // buffered; receives after each change
	Metrics *pipeline.Metrics
	Log     *slog.Logger

	current atomic.Pointer[pipeline.Roster]
	problem atomic.Pointer[string]

	standing   atomic.Pointer[bundle.Standing]
	noStanding atomic.Pointer[string] // why the last one was not taken
}

// Current is the last good roster; nil before the first.
func (r *Rosters) Current() *pipeline.Roster { return r.current.Load() }

// Standing is the last good one; empty before the first, as under a manager that wrote none.
func (r *Rosters) Standing() bundle.Standing {
	if s := r.standing.Load(); s != nil {
		return *s
	}
	return bundle.Standing{}
}

// Check is ready once a good roster was read. A bad one that came later is said, but the last good one stays in use; so is a bad standing, without
// which leads are routed all the same.
func (r *Rosters) Check() (bool, string) {
	for _, problem := range []*string{r.problem.Load(), r.noStanding.Load()} {
		if problem != nil {
			return r.Current() != nil, *problem
		}
	}
	return r.Current() != nil, ""
}

// Run reads the file again and again until the context ends.
func (r *Rosters) Run(ctx context.Context) {
	var last string
	for {
		last = r.look(last)
		r.lookAtStanding()
		timer := time.NewTimer(r.Every)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// look returns the text that was handled last; a text is reported once.
func (r *Rosters) look(last string) string {
	roster, text, err := LoadRoster(r.Dir, r.Pairs.Current())
	if err != nil {
		message := err.Error()
		if old := r.problem.Load(); old == nil || *old != message {
			r.Metrics.RosterErrors.Inc()
			r.Log.Error("the roster was not taken; the last good one stays in use", "error", message)
		}
		r.problem.Store(&message)
		return ""
	}
	r.problem.Store(nil)
	if text == last {
		return last
	}
	r.current.Store(roster)
	r.Log.Info("roster read", "pools", len(roster.Pools))
	select {
	case r.Changed <- struct{}{}:
	default: // a change is pending already
	}
	return text
}

// lookAtStanding reads the standing anew; it is small, and told of once however often it is read.
func (r *Rosters) lookAtStanding() {
	standing, err := LoadStanding(r.Dir)
	if err != nil {
		message := err.Error()
		if old := r.noStanding.Swap(&message); old == nil || *old != message {
			r.Log.Error("the standing of the contract was not taken; nobody is told of new steps of escalations", "error", message)
		}
		return
	}
	r.noStanding.Store(nil)
	r.standing.Store(&standing)
}
