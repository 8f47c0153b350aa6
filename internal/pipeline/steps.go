// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// batchSize is how many leads one transaction routes, and scoreBatch how many it scores: as many as wait, up to that.
const (
	batchSize  = 100
	scoreBatch = 500
)

// breachBatch is how many deadlines one statement marks.
const breachBatch = 500

// ScoreLedger is what scoring needs of the ledger.
type ScoreLedger interface {
	Archive
	ScoreAmong(ctx context.Context, loaded int64, limit int, among ledger.Among, judge ledger.Judge) (ledger.Batch, error)
}

// Scorer scores leads that have news.
type Scorer struct {
	Pairs   *Pairs
	Ledger  func() (ScoreLedger, error) // an error while the ledger is away
	Metrics *Metrics
	Log     *slog.Logger
}

// Step scores one batch.
func (s *Scorer) Step(ctx context.Context) (time.Duration, error) {
	l, err := s.Ledger()
	if err != nil {
		return 0, ErrNotReady
	}
	pair := s.Pairs.Current()
	timer := prometheus.NewTimer(nil)
	batch, err := l.ScoreAmong(ctx, pair.Bundle.Sequence, scoreBatch, pair.Among(), pair.Judge)
	if followed, err := follow(ctx, s.Pairs, l, s.Metrics, s.Log, err); followed || err != nil {
		return 0, err
	}
	s.Metrics.worked("score", timer, batch)
	s.Metrics.Scored.Add(float64(batch.Leads))
	reportFailed(s.Log, s.Metrics, "score", batch.Failed)
	return pause(batch), nil
}

// RouteLedger is what routing needs of the ledger.
type RouteLedger interface {
	Archive
	AddUpLoads(ctx context.Context) error
	SettleCRM(ctx context.Context) error
	Route(ctx context.Context, loaded int64, limit int, decide ledger.Decide) (ledger.Batch, error)
	RouteUnrouted(ctx context.Context, loaded int64, limit int, after ledger.Cursor, decide ledger.Decide) (
		ledger.Cursor, bool, ledger.Batch, error)
	Leavers(ctx context.Context, members []string) ([]string, error)
	RouteOwned(ctx context.Context, loaded int64, limit int, rep string, before time.Time, after string, decide ledger.Decide) (
		string, bool, ledger.Batch, error)
	Now(ctx context.Context) (time.Time, error)
}

// Router finds owners for MQLs and keeps the standing of every lead.
type Router struct {
	Pairs   *Pairs
	Roster  func() *Roster // nil while none could be read yet
	Ledger  func() (RouteLedger, error)
	Metrics *Metrics
	Log     *slog.Logger
}

func (r *Router) ready() (RouteLedger, *Dispatcher, error) {
	roster := r.Roster()
	if roster == nil {
		return nil, nil, ErrNotReady
	}
	l, err := r.Ledger()
	if err != nil {
		return nil, nil, ErrNotReady
	}
	dispatcher, err := NewDispatcher(r.Pairs, roster)
	return l, dispatcher, err
}

// Step handles one batch of leads with news.
func (r *Router) Step(ctx context.Context) (time.Duration, error) {
	l, dispatcher, err := r.ready()
	if err != nil {
		return 0, err
	}
	timer := prometheus.NewTimer(nil)
	batch, err := l.Route(ctx, dispatcher.pair.Bundle.Sequence, batchSize, dispatcher.Decide)
	if followed, err := follow(ctx, r.Pairs, l, r.Metrics, r.Log, err); followed || err != nil {
		return 0, err
	}
	r.Metrics.worked("route", timer, batch)
	r.report(batch)
	return pause(batch), nil
}

// BreachLedger is what the search for breaches needs of the ledger.
type BreachLedger interface {
	Breached(ctx context.Context, limit int, answer ...sla.Clause) (missed int, lateness, next time.Duration, err error)
}

// Breaches finds deadlines that have passed.
type Breaches struct {
	Roster  func() *Roster // says whether a breach is answered; nil: none is
	Ledger  func() (BreachLedger, error)
	Metrics *Metrics
	Log     *slog.Logger
}

// Step marks what is due and sleeps until the next deadline, a quarter of a second at most: new deadlines come in meanwhile.
func (b *Breaches) Step(ctx context.Context) (time.Duration, error) {
	l, err := b.Ledger()
	if err != nil {
		return 0, ErrNotReady
	}
	missed, lateness, next, err := l.Breached(ctx, breachBatch, b.answered()...)
	if err != nil {
		return 0, err
	}
	if missed > 0 {
		b.Metrics.Missed.Add(float64(missed))
		b.Metrics.BreachLateness.Set(lateness.Seconds())
		b.Metrics.Noticed.Observe(lateness.Seconds())
		b.Log.Info("deadlines passed", "obligations", missed, "noticedAfter", lateness.String())
	}
	if missed == breachBatch {
		return 0, nil
	}
	return untilNext(next), nil
}

// Waits of the search for breaches.
const (
	breachSoonest = 50 * time.Millisecond  // a deadline whose lead has work waiting stays due until that is done
	breachLatest  = 250 * time.Millisecond // new deadlines come in meanwhile
)

// untilNext is how long the search sleeps; next is negative when there is no deadline.
func untilNext(next time.Duration) time.Duration {
	if next < 0 {
		return breachLatest
	}
	return min(max(next, breachSoonest), breachLatest)
}

// answered are the clauses whose breach has the lead routed again.
func (b *Breaches) answered() []sla.Clause {
	if b.Roster == nil {
		return nil
	}
	if roster := b.Roster(); roster == nil || roster.OnBreach != lead.BreachReassign {
		return nil
	}
	return []sla.Clause{sla.ClauseFirstContact}
}

// pause is no pause at all after a batch that did something.
func pause(b ledger.Batch) time.Duration {
	if b.Leads > 0 {
		fault.Point("batch.committed")
		return 0
	}
	return pollEvery
}

func reportFailed(log *slog.Logger, m *Metrics, step string, failed []ledger.Failed) {
	for _, f := range failed {
		m.Failed.WithLabelValues(step).Inc()
		log.Error("lead could not be worked off; it is tried again", "step", step, "lead", f.Lead, "error", explain(f.Err))
	}
}

// follow takes up the pair that is in force when err says that it is another one; the step is then done again.
func follow(ctx context.Context, pairs *Pairs, archive Archive, m *Metrics, log *slog.Logger, err error) (bool, error) {
	var stale *ledger.StaleError
	if !errors.As(err, &stale) {
		if err == nil {
			m.Stale.Set(0)
		}
		return false, err
	}
	followed, err := pairs.Follow(ctx, archive, err)
	if !followed {
		m.Stale.Set(1)
		return false, err
	}
	m.Stale.Set(0)
	log.Info("another pair is in force", "sequence", stale.InForce, "before", stale.Loaded)
	return true, nil
}
