// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Roster is a checked roster: who may get a lead.
type Roster struct {
	Pools []lead.Pool

	mu     sync.Mutex
	of     *Pair // that router reads the pools with
	router *lead.Router
}

// CompileRoster checks a roster against the definition of the pair.
func (p *Pair) CompileRoster(r bundle.Roster) (*Roster, error) {
	roster := &Roster{Pools: r.Pools}
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

func newDispatcher(pairs *Pairs, roster *Roster) (*Dispatcher, error) {
	d := &Dispatcher{pairs: pairs, pair: pairs.Current(), roster: roster}
	var err error
	if d.router, err = roster.routerOf(d.pair); err != nil {
		return nil, shownError{err}
	}
	return d, nil
}

// Decide handles leads that have news.
func (d *Dispatcher) Decide(ctx context.Context, r *ledger.Routing) error {
	for _, one := range r.Leads {
		if err := d.decide(ctx, r, one, false); err != nil {
			return err
		}
	}
	return nil
}

// DecideUnrouted tries again for MQLs that nobody was available for, and leaves alone those that still have to wait.
func (d *Dispatcher) DecideUnrouted(ctx context.Context, r *ledger.Routing) error {
	for _, one := range r.Leads {
		if err := d.decide(ctx, r, one, true); err != nil {
			return err
		}
	}
	return nil
}

// decide returns the errors that spoil the transaction. What spoils only this lead has the lead put back.
func (d *Dispatcher) decide(ctx context.Context, r *ledger.Routing, one *ledger.Lead, onlyIfOwned bool) error {
	sequence := one.JudgedBy
	if sequence == 0 {
		sequence = one.ReachedBy
	}
	pair, err := d.pairs.Of(ctx, r, sequence)
	if err != nil {
		r.Fail(one, err)
		return nil
	}
	if !onlyIfOwned {
		if err := d.decidePast(ctx, r, one); err != nil {
			r.Fail(one, err)
			return nil
		}
	}
	history := one.HistoryOf(one.Number)
	own(&one.Cycle, history)
	if one.Qualified != nil && one.Owner == "" && mechanism(pair.Terms.Terms()) == sla.Automatic {
		if err := d.pick(ctx, r, one); err != nil {
			return err
		}
		own(&one.Cycle, history)
	}
	if onlyIfOwned && one.Owner == "" {
		return nil
	}
	qualifyForSales(pair, one)
	facts := factsOf(pair, one, one.Cycle, history)
	one.DisposedAt = time.Time{}
	if len(facts.Disposals) > 0 {
		one.DisposedAt = facts.Disposals[0].At
	}
	r.Keep(one, pair.Bundle.Terms.Name, sla.Obligations(pair.Terms, facts, r.Now))
	return nil
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

// mechanism by which a lead gets its owner: our routing unless the terms leave it to the CRM.
func mechanism(t sla.Terms) sla.Mechanism {
	if t.Marketing != nil && t.Marketing.Delivery != nil && t.Marketing.Delivery.Mechanism == sla.CRM {
		return sla.CRM
	}
	return sla.Automatic
}

// own derives the owner from our own pick and from what other systems reported: the latest counts, and the earliest is the
// moment at which the lead was delivered. Times decide, so the order of arrival does not matter.
func own(one *ledger.Cycle, history []lead.Event) {
	one.Owner, one.OwnedAt, one.OwnedFirstAt = one.PickedRep, one.PickedAt, one.PickedAt
	for _, e := range history {
		if e.Kind != lead.KindAssigned {
			continue
		}
		if one.OwnedFirstAt.IsZero() || e.Time.Before(one.OwnedFirstAt) {
			one.OwnedFirstAt = e.Time
		}
		if one.Owner == "" || !e.Time.Before(one.OwnedAt) {
			one.Owner, one.OwnedAt = e.Owner, e.Time
		}
	}
}

// pick finds an owner in the first pool that takes the lead and has somebody available.
func (d *Dispatcher) pick(ctx context.Context, r *ledger.Routing, one *ledger.Lead) error {
	history := one.History()
	record := d.pair.Program.Qualify(history, nil).Record
	rotation, err := r.Rotation(ctx, d.roster.Pools)
	if err != nil {
		return err
	}
	for _, i := range d.router.Candidates(record, history, r.Now) {
		pool := d.roster.Pools[i]
		rep, ok := lead.Pick(pool, rotation.Of(pool.Name), r.Now)
		if !ok {
			continue
		}
		rotation.PassOver(pool, r.Now)
		rotation.Took(pool.Name, rep, !disposed(one.HistoryOf(one.Number)))
		one.PickedRep, one.PickedAt, one.Pool = rep, r.Now, pool.Name
		return nil
	}
	one.NoCapacity = true
	return nil
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
	s := sla.Stamps{OwnedAt: one.OwnedFirstAt, NoCapacity: one.NoCapacity, Again: one.Number > 1}
	if one.Reached != nil {
		s.Reached = &sla.Reached{At: one.Reached.At, Missing: one.Reached.Missing}
	}
	if q := one.Qualified; q != nil {
		s.Qualified = &sla.Qualified{At: q.At, Intent: q.Intent, MetThreshold: q.MetThreshold}
	}
	return s
}
