// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// routable says whether a lead may get an owner from us at all.
func routable(one *ledger.Lead) bool {
	return one.Qualified != nil && !one.BeforeGoLive && one.MergedInto == "" && one.SuppressedAt.IsZero() && one.ExcludedBy == "" && one.DuplicateOf == ""
}

// open says whether a lead is with sales, who have neither given an outcome nor begun a deal.
func open(one *ledger.Lead, history []lead.Event) bool {
	return one.DisposedAt.IsZero() && !slices.ContainsFunc(history, func(e lead.Event) bool { return e.Kind == lead.KindOpportunity })
}

// own derives the owner from our own pick and from what other systems reported: the latest counts, and the earliest is the
// moment at which the lead was delivered. Times decide, so the order of arrival does not matter. A lead that went back to its pools has no owner
// from then on, and is delivered all the same.
func own(one *ledger.Cycle, history []lead.Event) {
	one.Owner, one.OwnedAt, one.OwnedFirstAt = one.PickedRep, one.PickedAt, firstPick(one)
	for _, e := range history {
		if e.Kind != lead.KindAssigned {
			continue
		}
		if one.OwnedFirstAt.IsZero() || e.Time.Before(one.OwnedFirstAt) {
			one.OwnedFirstAt = e.Time
		}
		if !e.Time.Before(one.OwnedAt) {
			one.Owner, one.OwnedAt = e.Owner, e.Time
		}
	}
	if one.Owner == "" {
		one.OwnedAt = time.Time{}
	}
}

// firstPick is when we first picked an owner in a cycle. A cycle from before there was a second one to tell it from has it in PickedAt.
func firstPick(one *ledger.Cycle) time.Time {
	if one.PickedFirstAt.IsZero() {
		return one.PickedAt
	}
	return one.PickedFirstAt
}

// ours says whether the owner of a lead is the one that we picked.
func ours(one *ledger.Lead) bool { return one.Owner != "" && one.Owner == one.PickedRep }

// noteAssigned explains an owner that another system gave the lead.
func noteAssigned(r *ledger.Routing, one *ledger.Lead, before string) {
	if one.Owner != "" && one.Owner != before && !one.OwnedAt.Equal(one.PickedAt) {
		r.Choose(one, ledger.Choice{Kind: ledger.ChoiceAssigned, At: one.OwnedAt, Rep: one.Owner, From: before})
	}
}

// route gives a lead an owner that has none, or whose owner has left.
func (d *Dispatcher) route(ctx context.Context, r *ledger.Routing, one *ledger.Lead, history []lead.Event) error {
	returned := one.Owner == "" && !one.PickedAt.IsZero()
	switch {
	case wanting(one, returned):
		c := &choosing{d: d, r: r, one: one, open: one.DisposedAt.IsZero(), kind: ledger.ChoicePicked}
		if returned || one.NoCapacity {
			c.reason.Cause = lead.CauseWaited
		}
		found, err := c.choose(ctx)
		if err != nil || found {
			return err
		}
		if c.reason.Cause == "" { // else it was said when it began to wait
			one.NoCapacity = true
			c.note(ledger.ChoiceHeld, "", "")
		}
	case ours(one) && d.left(one) && open(one, history):
		c := &choosing{d: d, r: r, one: one, open: true, from: one.Owner, kind: ledger.ChoiceReassigned, reason: lead.Reason{Cause: lead.CauseLeft}}
		found, err := c.choose(ctx)
		if err != nil || found {
			return err
		}
		c.lose()
		c.note(ledger.ChoiceReturned, "", "")
		one.PickedFirstAt, one.PickedRep, one.PickedAt, one.Pool, one.Fallback = firstPick(&one.Cycle), "", r.Now, "", false
	}
	return nil
}

// wanting says whether a lead is to get an owner: it has none, and is open or was never asked for before. What waited and was disposed of waits no more.
func wanting(one *ledger.Lead, returned bool) bool {
	return one.Owner == "" && (one.DisposedAt.IsZero() || !returned && !one.NoCapacity)
}

// left says whether the owner that we picked is no member of any pool any more. A pick that was made since this worker has its roster was made by
// another one, whose roster may be newer: who is unknown here may have just come.
func (d *Dispatcher) left(one *ledger.Lead) bool {
	_, member := d.roster.members[one.Owner]
	since := d.roster.since.Load()
	return !member && since != nil && one.PickedAt.Before(*since)
}

// answerBreach gives a lead that we routed to another rep when its first contact is overdue and nobody has touched it, once for each deadline. Its
// clocks go on: whoever had it first keeps the miss.
func (d *Dispatcher) answerBreach(ctx context.Context, r *ledger.Routing, one *ledger.Lead, history []lead.Event, standing []sla.Obligation) error {
	i := slices.IndexFunc(standing, func(o sla.Obligation) bool { return o.Clause == sla.ClauseFirstContact })
	if i < 0 || d.roster.OnBreach != lead.BreachReassign || !ours(one) || !open(one, history) || touched(one, history) {
		return nil
	}
	o := standing[i]
	switch {
	case o.State != sla.Missed || o.Due.IsZero() || !o.Stop.IsZero():
		return nil
	case !one.PickedAt.Before(o.Due), one.BreachAt.Equal(o.Due): // it was overdue when he got it, or it was dealt with
		return nil
	}
	one.BreachAt = o.Due
	c := &choosing{d: d, r: r, one: one, open: true, from: one.Owner, but: one.Owner, kind: ledger.ChoiceReassigned, reason: lead.Reason{Cause: lead.CauseBreach}}
	found, err := c.choose(ctx)
	if err != nil || found {
		return err
	}
	c.note(ledger.ChoiceKept, one.Pool, one.Owner)
	return nil
}

// touched says whether a person of sales has been in contact with the lead since its hand-off, or has tried, whenever that was put on record.
func touched(one *ledger.Lead, history []lead.Event) bool {
	return slices.ContainsFunc(history, func(e lead.Event) bool {
		return e.Kind == lead.KindTouch && e.Touch != nil && e.Touch.Genuine() && !e.Time.Before(one.Qualified.At)
	})
}

// choosing is the search for the owner of one lead.
type choosing struct {
	d        *Dispatcher
	r        *ledger.Routing
	one      *ledger.Lead
	rotation *ledger.Rotation
	kind     ledger.ChoiceKind // Picked or Reassigned
	from     string            // the owner until now
	but      string            // who is not to get it
	open     bool              // there is something left to do
	reason   lead.Reason
}

// choose finds an owner: who has to do with the lead already, if that is asked for; else in the first pool that takes the lead and has somebody
// available; else in the pool for what no pool takes. It says false when there is nobody.
func (c *choosing) choose(ctx context.Context) (bool, error) {
	var err error
	if c.rotation, err = c.r.Rotation(ctx, c.d.roster.Pools); err != nil {
		return false, err
	}
	if found, err := c.ownerFirst(ctx); found || err != nil {
		return found, err
	}
	history := c.one.History()
	record := c.d.pair.Program.Qualify(history, nil).Record
	candidates := c.d.router.Candidates(record, history, c.r.Now)
	for i, pool := range c.d.roster.Pools {
		if !slices.Contains(candidates, i) {
			c.reason.Considered = append(c.reason.Considered, lead.Considered{Pool: pool.Name, NoMatch: true})
			continue
		}
		if found, err := c.take(ctx, pool.Name, c.kind); found || err != nil {
			return found, err
		}
	}
	fallback := c.d.roster.Unroutable
	if fallback.Policy != lead.UnroutablePool || c.considered(fallback.Pool) {
		return false, nil
	}
	kind := ledger.ChoiceFallback
	if c.from != "" {
		kind = c.kind
	}
	found, err := c.take(ctx, fallback.Pool, kind)
	c.one.Fallback = found || c.one.Fallback
	return found, err
}

// considered says whether the members of a pool were asked already.
func (c *choosing) considered(pool string) bool {
	return slices.ContainsFunc(c.reason.Considered, func(seen lead.Considered) bool { return seen.Pool == pool && !seen.NoMatch })
}

// take gives the lead to whose turn it is in a pool.
func (c *choosing) take(ctx context.Context, pool string, kind ledger.ChoiceKind) (bool, error) {
	picker, err := c.rotation.Of(ctx, pool)
	if err != nil {
		return false, err
	}
	seen := picker.Consider(c.r.Now, c.but)
	seen.Pool = pool
	c.reason.Considered = append(c.reason.Considered, seen)
	rep, ok := picker.TakeOther(c.r.Now, c.but)
	if ok {
		c.give(pool, rep, kind)
	}
	return ok, nil
}

// ownerFirst gives the lead to who owned it in the cycle before, or to who became owner of another open or won lead of its account last, if he is a
// member of a pool and available. It costs him no turn.
func (c *choosing) ownerFirst(ctx context.Context) (bool, error) {
	if c.d.roster.OwnerFirst != lead.OwnerPrefer || c.but != "" {
		return false, nil
	}
	rep, owned := "", lead.OwnedBefore
	if past := c.one.Past; len(past) > 0 {
		rep = past[len(past)-1].Owner
	}
	if rep == "" || rep == c.from || !c.rotation.Free(rep, c.r.Now) {
		var held bool
		var err error
		rep, held, err = c.rotation.HolderOf(ctx, c.one)
		if err != nil || !held || !c.rotation.Free(rep, c.r.Now) {
			return false, err
		}
		owned = lead.OwnedAccount
	}
	c.reason.Owned = owned
	kind := ledger.ChoiceOwnerFirst
	if c.from != "" {
		kind = c.kind
	}
	c.give("", rep, kind)
	return true, nil
}

func (c *choosing) give(pool, rep string, kind ledger.ChoiceKind) {
	c.rotation.Took(pool, rep, c.open)
	c.lose()
	c.rotation.Holds(c.one, rep)
	c.note(kind, pool, rep)
	if c.one.PickedFirstAt = firstPick(&c.one.Cycle); c.one.PickedFirstAt.IsZero() {
		c.one.PickedFirstAt = c.r.Now
		c.one.AwaitsCRM = c.one.OwnedFirstAt.IsZero() && c.r.Awaits(c.one)
	}
	c.one.PickedRep, c.one.PickedAt, c.one.Pool, c.one.Fallback = rep, c.r.Now, pool, false
}

// lose takes the lead from who owned it until now.
func (c *choosing) lose() {
	if c.from != "" && c.open {
		c.rotation.Lost(c.from)
	}
}

func (c *choosing) note(kind ledger.ChoiceKind, pool, rep string) {
	c.r.Choose(c.one, ledger.Choice{Kind: kind, Pool: pool, Rep: rep, From: c.from, Reason: c.reason})
}
