// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Roster is a checked roster: who may get a lead.
type Roster struct {
	bundle.Roster

	members map[string]string         // the first pool of each
	since   atomic.Pointer[time.Time] // when this worker took it up, by the clock of the ledger; nil before it was asked

	mu     sync.Mutex
	of     *Pair // that router reads the pools with
	router *lead.Router
}

// CompileRoster checks a roster against the definition of the pair.
func (p *Pair) CompileRoster(r bundle.Roster) (*Roster, error) {
	roster := &Roster{Roster: r, members: ledger.Members(r.Pools)}
	if u := r.Unroutable; u.Policy == lead.UnroutablePool && !slices.ContainsFunc(r.Pools, func(p lead.Pool) bool { return p.Name == u.Pool }) {
		return nil, fmt.Errorf("roster: unroutable.pool %q is none of the pools; name one of them", u.Pool)
	}
	if _, err := roster.routerOf(p); err != nil {
		return nil, err
	}
	return roster, nil
}

// routerOf reads the pools with the definition of a pair. The roster outlives a switch of the pair.
func (r *Roster) routerOf(p *Pair) (*lead.Router, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == p {
		return r.router, nil
	}
	router, err := p.Program.CompilePools(r.Pools)
	if err != nil {
		return nil, fmt.Errorf("roster: %w", err)
	}
	r.of, r.router = p, router
	return router, nil
}

// Dispatcher finds owners and keeps the standing of each lead under each clause.
type Dispatcher struct {
	pairs  *Pairs
	pair   *Pair // in force
	roster *Roster
	router *lead.Router
}

// NewDispatcher reads a roster with the pair in force.
func NewDispatcher(pairs *Pairs, roster *Roster) (*Dispatcher, error) {
	d := &Dispatcher{pairs: pairs, pair: pairs.Current(), roster: roster}
	var err error
	if d.router, err = roster.routerOf(d.pair); err != nil {
		return nil, shownError{err}
	}
	return d, nil
}

// Decide handles leads that have news. Those that had an owner come first: what sales disposed of makes room for the others.
func (d *Dispatcher) Decide(ctx context.Context, r *ledger.Routing) error {
	leads := slices.Clone(r.Leads)
	slices.SortStableFunc(leads, func(a, b *ledger.Lead) int { return cmp.Compare(min(len(b.Owner), 1), min(len(a.Owner), 1)) })
	for _, one := range leads {
		if err := d.decide(ctx, r, one, false); err != nil {
			return err
		}
	}
	return nil
}

// DecideAgain looks for owners of leads without news: MQLs that nobody was available for, and those whose owner has left. It leaves alone those that
// keep what they had.
func (d *Dispatcher) DecideAgain(ctx context.Context, r *ledger.Routing) error {
	for _, one := range r.Leads {
		if err := d.decide(ctx, r, one, true); err != nil {
			return err
		}
	}
	return nil
}

// decide returns the errors that spoil the transaction. What spoils only this lead has the lead put back.
func (d *Dispatcher) decide(ctx context.Context, r *ledger.Routing, one *ledger.Lead, sweep bool) error {
	// Of a lead whose stamps were withdrawn meanwhile, none is left: whatever stood of it goes.
	sequence := cmp.Or(one.JudgedBy, one.ReachedBy, d.pair.Bundle.Sequence)
	pair, err := d.pairs.Of(ctx, r, sequence)
	if err != nil {
		r.Fail(one, err)
		return nil
	}
	withoutOverturned(pair, one)
	if !sweep {
		if err := d.decidePast(ctx, r, one); err != nil {
			r.Fail(one, err)
			return nil
		}
	}
	history, before := one.HistoryOf(one.Number), one.Cycle
	own(&one.Cycle, history)
	noteAssigned(r, one, before.Owner)
	endWait(r, one)
	facts := factsOf(pair, one, one.Cycle, history)
	noteTouches(&one.Cycle, facts)
	one.DisposedAt = time.Time{}
	if len(facts.Disposals) > 0 {
		one.DisposedAt = facts.Disposals[0].At
	}
	noteLoad(r, one.Stage, &before, &one.Cycle)
	automatic := routable(one) && mechanism(pair.Terms.Terms()) == sla.Automatic
	if automatic {
		if err := d.route(ctx, r, one, history); err != nil {
			return err
		}
		own(&one.Cycle, history)
		facts.OwnedAt, facts.NoCapacity, facts.Awaits = one.OwnedFirstAt, one.NoCapacity, one.AwaitsCRM
	}
	if sweep && one.Owner == before.Owner && one.NoCapacity == before.NoCapacity {
		return nil
	}
	qualifyForSales(pair, one)
	settleStage(pair, one)
	standing := sla.Obligations(pair.Terms, facts, r.Now)
	if automatic {
		if err := d.answerBreach(ctx, r, one, history, standing); err != nil {
			return err
		}
		own(&one.Cycle, history)
	}
	r.Timed(pair.Bundle.Terms.Name, pair.Terms)
	r.Keep(one, pair.Bundle.Terms.Name, standing)
	return nil
}

// noteLoad tells what the events say of how many open leads the reps own: the rows do not yet.
func noteLoad(r *ledger.Routing, stage lead.Stage, before, now *ledger.Cycle) {
	closed := stage == lead.StageSuppressed || stage == lead.StageWon || stage == lead.StageLost
	loaded := func(c *ledger.Cycle) string {
		if closed || !c.DisposedAt.IsZero() {
			return ""
		}
		return c.Owner
	}
	was, is := loaded(before), loaded(now)
	if was == is {
		return
	}
	r.Loaded(was, -1)
	r.Loaded(is, 1)
}

// endWait has a lead wait no longer for a CRM that would not acknowledge it any more: it is delivered as if there had been none.
func endWait(r *ledger.Routing, one *ledger.Lead) {
	if one.AwaitsCRM && one.AcknowledgedAt.IsZero() && !r.Awaits(one) {
		one.AwaitsCRM = false
	}
}

// noteTouches keeps what the CRM is told of the touches of a cycle.
func noteTouches(one *ledger.Cycle, facts sla.Facts) {
	one.FirstTouchAt, one.Attempts = time.Time{}, 0
	if one.Qualified != nil {
		one.FirstTouchAt, one.Attempts = facts.ContactAt, len(facts.Attempts)
	}
}

// decidePast keeps the standing of the cycles before: what happened in them may become known late.
func (d *Dispatcher) decidePast(ctx context.Context, r *ledger.Routing, one *ledger.Lead) error {
	for _, c := range one.Past {
		pair, err := d.pairs.Of(ctx, r, c.JudgedBy)
		if err != nil {
			return err
		}
		history := one.HistoryOf(c.Number)
		own(&c, history)
		facts := factsOf(pair, one, c, history)
		r.Timed(pair.Bundle.Terms.Name, pair.Terms)
		r.KeepPast(one, c.Number, pair.Bundle.Terms.Name, sla.Obligations(pair.Terms, facts, r.Now))
	}
	return nil
}

// qualifyForSales finds when the lead became an SQL, by the criteria of the pair that made it an MQL, whatever the order of arrival. What
// sales was told in an earlier cycle is not taken for granted in the next.
func qualifyForSales(pair *Pair, one *ledger.Lead) {
	one.SQLAt, one.SQLUnmet = time.Time{}, nil
	if one.Qualified == nil {
		return
	}
	history := slices.DeleteFunc(one.History(), func(e lead.Event) bool {
		return one.Number > 1 && e.Kind == lead.KindQualified && e.Time.Before(one.Qualified.At)
	})
	sql := pair.Program.SQL(history, one.Qualified.At)
	one.SQLAt, one.SQLUnmet = sql.At, sql.Unmet
}

// settleStage finds when sales accepted the lead in its cycle, and where that leaves it, by the pair that judges it.
func settleStage(pair *Pair, one *ledger.Lead) {
	one.SALAt = time.Time{}
	if one.Qualified != nil {
		one.SALAt = lead.AcceptedAt(pair.Bundle.Lead.Dispositions, one.History(), one.Qualified.At)
	}
	one.Stage = stageOf(pair, one, one.History())
}

// withoutOverturned has everything that follows see the lead as if sales had not rejected it where that was overturned.
func withoutOverturned(pair *Pair, one *ledger.Lead) {
	codes := pair.Bundle.Lead.Dispositions
	void := lead.OverturnedIn(codes, one.History())
	if len(void) == 0 {
		return
	}
	kept := lead.WithoutOverturned(codes, one.History())
	one.Events = slices.DeleteFunc(slices.Clone(one.Events), func(e ledger.Stored) bool {
		return !slices.ContainsFunc(kept, func(k lead.Event) bool { return k.Sequence == e.Sequence })
	})
}

// mechanism by which a lead gets its owner: our routing unless the terms leave it to the CRM.
func mechanism(t sla.Terms) sla.Mechanism {
	if t.Marketing != nil && t.Marketing.Delivery != nil && t.Marketing.Delivery.Mechanism == sla.CRM {
		return sla.CRM
	}
	return sla.Automatic
}

func disposed(history []lead.Event) bool {
	for _, e := range history {
		if e.Kind == lead.KindDisposition {
			return true
		}
	}
	return false
}

// stamps of a lead's cycle in the terms of the agreement.
func stamps(one ledger.Cycle) sla.Stamps {
	s := sla.Stamps{
		OwnedAt: one.OwnedFirstAt, NoCapacity: one.NoCapacity, Again: one.Number > 1, Awaits: one.AwaitsCRM, AcknowledgedAt: one.AcknowledgedAt,
	}
	if one.Reached != nil {
		s.Reached = &sla.Reached{At: one.Reached.At, Missing: one.Reached.Missing}
	}
	if q := one.Qualified; q != nil {
		s.Qualified = &sla.Qualified{At: q.At, Intent: q.Intent, MetThreshold: q.MetThreshold}
	}
	return s
}
