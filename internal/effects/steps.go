// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// Waits of the steps.
const (
	warnBatch   = 500
	digestEvery = 5 * time.Second // how late a digest may be
	countEvery  = 15 * time.Second
)

// Steps are what goes on beside the jobs.
type Steps struct {
	Ledger   func() (*ledger.Ledger, error)
	Pairs    *pipeline.Pairs
	Standing func() bundle.Standing // of the contract, as the manager wrote it down last
	Every    time.Duration          // that items wait for a digest at most, within business hours
	Respect  bool                   // no digest, and no step of an escalation, outside business hours
	Metrics  *Metrics
}

// Warn gives the warnings that are due and sleeps until the next one, one second at most: new clocks come in meanwhile.
func (s *Steps) Warn(ctx context.Context) (time.Duration, error) {
	l, err := s.Ledger()
	if err != nil {
		return 0, pipeline.ErrNotReady
	}
	warned, next, err := l.Warn(ctx, warnBatch)
	switch {
	case err != nil:
		return 0, err
	case warned == warnBatch:
		return 0, nil
	case next < 0 || next > time.Second:
		return time.Second, nil
	default:
		// Not at once: a clock whose lead has work waiting is looked at when that is done.
		return max(next, 100*time.Millisecond), nil
	}
}

// Digest sends what waits for a digest, where its time has come.
func (s *Steps) Digest(ctx context.Context) (time.Duration, error) {
	l, err := s.Ledger()
	if err != nil {
		return 0, pipeline.ErrNotReady
	}
	_, err = l.Digest(ctx, s.Every, s.open)
	return digestEvery, err
}

// open says whether digests may be sent at a time: quiet hours are those outside the hours of the contract.
func (s *Steps) open(at time.Time) bool {
	return !s.Respect || s.Pairs.Current().Terms.Hours().Open(at)
}

// Count keeps the gauges current, and clears up after jobs.
func (s *Steps) Count(ctx context.Context) (time.Duration, error) {
	l, err := s.Ledger()
	if err != nil {
		return 0, pipeline.ErrNotReady
	}
	kinds, err := l.OutstandingEffects(ctx)
	if err != nil {
		return 0, err
	}
	for _, k := range kinds {
		s.Metrics.Pending.WithLabelValues(k.Kind).Set(float64(k.Pending))
		s.Metrics.Parked.WithLabelValues(k.Kind).Set(float64(k.Parked))
		s.Metrics.Age.WithLabelValues(k.Kind).Set(k.Age.Seconds())
	}
	return countEvery, errors.Join(l.ParkLost(ctx), l.SweepMessages(ctx))
}
