// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// judgeMerged judges leads that were merged into one: each by itself up to its merge, and the one that is left with all of them from then on.
// The earliest hand-off of them is the delivery. What was stamped of each by itself is kept beside, so that a merge that becomes known late, or
// turns out to say nothing new, gives the same as if it had been known in time.
func (p *Pair) judgeMerged(one *ledger.Lead, given lead.Circumstances) lead.Journey {
	kept := one.Cycles()
	if len(one.Parts) == 0 { // it was merged into another, or another into it, and is not any more
		one.SetCycles(one.Alone.Cycles)
		one.SetAlone(nil)
		journey := p.judgeAnew(one, given, time.Time{})
		takesUp(one, kept)
		return journey
	}
	u := union{pair: p, root: one, given: given, duplicates: p.duplicatesWithin(one)}
	found := u.stamp(one, one.Own, time.Time{})
	one.Alone.Parts = one.Merges
	one.SetCycles(found)
	takesUp(one, kept)
	if one.Number > 1 {
		given.Again = &lead.Again{Since: one.Since}
		if one.Qualified != nil {
			given.Again.Until = one.Qualified.At
		}
	}
	return p.Program.QualifyIn(one.History(), given)
}

// settled are the cycles of a lead that took others in, up to the last that an older pair stamped, or the account: those stay.
func (p *Pair) settled(one *ledger.Lead) []ledger.Cycle {
	cycles, n := one.Cycles(), 0
	for i, c := range cycles {
		if c.Qualified != nil && !p.mayMakeAnew(c, time.Time{}) {
			n = i + 1
		}
	}
	return cycles[:n]
}

// goOn has a lead go on with what was settled of it and those that it had taken in, unless that was found to be otherwise.
func (u *union) goOn(work *ledger.Lead, alone *ledger.Alone, from, until time.Time) {
	kept := alone.Settled
	if len(kept) == 0 || !contains(u.root.Merges, alone.Parts) || !until.IsZero() && !kept[len(kept)-1].Qualified.At.Before(until) {
		return
	}
	found := work.Cycles()
	if !takesUp(work, kept) && !handedOffBefore(found, kept) {
		work.SetCycles(kept)
		given := u.given
		if given.DuplicateSince = work.DuplicateSince; !until.IsZero() {
			given.Peers = nil
		}
		u.judge(work, from, until, given)
	}
}

// contains says whether all of some merges are among others.
func contains(all, some []lead.Merge) bool {
	return !slices.ContainsFunc(some, func(m lead.Merge) bool { return !slices.Contains(all, m) })
}

// union of leads that were merged.
type union struct {
	pair       *Pair
	root       *ledger.Lead
	given      lead.Circumstances
	duplicates map[string]time.Time // since when a lead was known to be that of another of them
}

// node is a lead of the union with the events of its own.
func (u *union) node(id string) (*ledger.Lead, []ledger.Stored) {
	if id == u.root.ID {
		return u.root, u.root.Own
	}
	part := u.root.Parts[slices.IndexFunc(u.root.Parts, func(p ledger.Part) bool { return p.ID == id })]
	return part.Lead, part.Events
}

// stamp a lead up to an instant, zero for no end, with what it had taken in by then.
func (u *union) stamp(one *ledger.Lead, own []ledger.Stored, until time.Time) []ledger.Cycle {
	if one.Alone == nil {
		one.SetAlone(&ledger.Alone{Cycles: one.Cycles()})
	}
	if len(one.Alone.Parts) > 0 && one.MergedInto == "" { // its row tells of all of them, up to now
		alone := *one.Alone
		alone.Settled = u.pair.settled(one)
		one.SetAlone(&alone)
	}
	work := &ledger.Lead{ID: one.ID, Peers: one.Peers, Marks: one.Marks, DuplicateSince: u.duplicates[one.ID], GoLive: one.GoLive}
	events, from := own, time.Time{}
	var taken []ledger.Part
	for _, part := range u.root.Parts {
		if part.Into == one.ID {
			taken = append(taken, part)
		}
	}
	work.SetCycles(one.Alone.Cycles)
	for i := 0; ; i++ {
		end := until
		if i < len(taken) {
			end = taken[i].At
		}
		if i == 0 {
			u.pair.forget(work, end)
		}
		work.Events = upTo(events, end)
		given := u.given
		given.DuplicateSince = work.DuplicateSince
		if !end.IsZero() {
			given.Peers = nil
		}
		u.judge(work, from, end, given)
		if i == 0 {
			alone := *one.Alone
			alone.Cycles = work.Cycles()
			one.SetAlone(&alone)
		}
		if i == len(taken) {
			u.goOn(work, one.Alone, from, until)
			return work.Cycles()
		}
		part, theirs := u.node(taken[i].ID)
		adopt(work, u.stamp(part, theirs, end))
		events, from = joined(events, u.eventsOf(part.ID)), end
		work.DuplicateSince = time.Time{}
		if one == u.root && i == len(taken)-1 {
			work.DuplicateSince = u.given.DuplicateSince
		}
	}
}

// forget what this pair stamped of a lead by itself after it was merged: the merge became known late. Whom we picked stays.
func (p *Pair) forget(work *ledger.Lead, end time.Time) {
	if end.IsZero() {
		return
	}
	cycles := work.Cycles()
	for i, c := range cycles {
		if c.Qualified != nil && c.JudgedBy == p.Bundle.Sequence && !c.Qualified.At.Before(end) {
			c = ledger.Cycle{
				Number: c.Number, Since: c.Since, Reached: c.Reached, ReachedBy: c.ReachedBy,
				PickedRep: c.PickedRep, PickedAt: c.PickedAt, PickedFirstAt: c.PickedFirstAt, Pool: c.Pool, Fallback: c.Fallback,
				AwaitsCRM: c.AwaitsCRM, AcknowledgedAt: c.AcknowledgedAt,
			}
		}
		if c.Qualified == nil && c.Reached != nil && c.ReachedBy == p.Bundle.Sequence && !c.Reached.At.Before(end) {
			c.Reached, c.ReachedBy = nil, 0
		}
		if c.Qualified == nil {
			work.SetCycles(append(cycles[:i], c))
			return
		}
	}
}

// takesUp has the cycles of a lead go on with what was kept of them: the stamps of a hand-off that is the same, and the router's part also of one
// that is at another time now. It is false when a hand-off that was kept is not among them.
func takesUp(one *ledger.Lead, kept []ledger.Cycle) bool {
	cycles, all := one.Cycles(), true
	for i, k := range kept {
		if i >= len(cycles) || (cycles[i].Qualified == nil) != (k.Qualified == nil) || cycles[i].Reached == nil {
			all = all && k.Qualified == nil
			continue
		}
		c := k
		c.Since, c.Reached, c.ReachedBy = cycles[i].Since, cycles[i].Reached, cycles[i].ReachedBy
		if k.Qualified != nil && !cycles[i].Qualified.At.Equal(k.Qualified.At) {
			all = false
			c.Qualified, c.JudgedBy = cycles[i].Qualified, cycles[i].JudgedBy
			c.TermsRevision, c.DefinitionRevision = cycles[i].TermsRevision, cycles[i].DefinitionRevision
		}
		cycles[i] = c
	}
	one.SetCycles(cycles)
	return all
}

// judge what happened to a lead in a stretch of time; a zero end is none. What was stamped before it stays.
func (u *union) judge(work *ledger.Lead, from, end time.Time, given lead.Circumstances) {
	open := given.Judge
	given.Judge = func(e lead.Event) bool {
		return open(e) && !e.Time.Before(from) && (end.IsZero() || e.Time.Before(end))
	}
	before := work.Cycle
	u.pair.judgeAnew(work, given, from)
	cycles := work.Cycles()
	if i := before.Number - 1; before.Reached != nil && before.Reached.At.Before(from) && i < len(cycles) {
		cycles[i].Reached, cycles[i].ReachedBy = before.Reached, before.ReachedBy
		work.SetCycles(cycles)
	}
}

// eventsOf a part and of all that it took in.
func (u *union) eventsOf(id string) []ledger.Stored {
	_, events := u.node(id)
	for _, part := range u.root.Parts {
		if part.Into == id {
			events = joined(events, u.eventsOf(part.ID))
		}
	}
	return events
}

func joined(a, b []ledger.Stored) []ledger.Stored {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b ledger.Stored) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Sequence, b.Sequence))
	})
	return all
}

func upTo(events []ledger.Stored, end time.Time) []ledger.Stored {
	n := len(events)
	if i := slices.IndexFunc(events, func(e ledger.Stored) bool { return !end.IsZero() && !e.Time.Before(end) }); i >= 0 {
		n = i
	}
	return slices.Clone(events[:n])
}

// adopt what was stamped of a lead that is taken in: its hand-off where that was earlier. Who owns the survivor goes on to own it; nobody
// does: who owned the other.
func adopt(work *ledger.Lead, theirs []ledger.Cycle) {
	mine := work.Cycles()
	was, other := mine[len(mine)-1], theirs[len(theirs)-1]
	cycles := mine
	switch {
	case handedOffBefore(theirs, mine):
		cycles = slices.Clone(theirs)
	case mine[0].Qualified == nil && reachedBefore(theirs[0], mine[0]):
		cycles = slices.Clone(theirs)
	}
	latest := &cycles[len(cycles)-1]
	picked, first := was, other
	if was.PickedRep == "" {
		picked, first = other, was
	}
	if picked.PickedRep != "" {
		latest.PickedRep, latest.PickedAt, latest.Pool, latest.Fallback = picked.PickedRep, picked.PickedAt, picked.Pool, picked.Fallback
		latest.PickedFirstAt = earliest(firstPicked(picked), firstPicked(first))
		latest.AwaitsCRM = picked.AwaitsCRM && (first.AwaitsCRM || firstPicked(first).IsZero())
		latest.AcknowledgedAt = earliest(picked.AcknowledgedAt, first.AcknowledgedAt)
	}
	work.SetCycles(cycles)
}

// firstPicked is when we first found an owner.
func firstPicked(c ledger.Cycle) time.Time {
	if c.PickedFirstAt.IsZero() {
		return c.PickedAt
	}
	return c.PickedFirstAt
}

// earliest of two times, of which zero means none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// handedOffBefore says whether the first hand-off of some cycles was before that of others.
func handedOffBefore(a, b []ledger.Cycle) bool {
	if a[0].Qualified == nil {
		return false
	}
	return b[0].Qualified == nil || a[0].Qualified.At.Before(b[0].Qualified.At)
}

func reachedBefore(a, b ledger.Cycle) bool {
	return a.Reached != nil && (b.Reached == nil || a.Reached.At.Before(b.Reached.At))
}

// duplicatesWithin a union says since when a lead was known to be the person of another one that was captured before it. The merge ends that.
func (p *Pair) duplicatesWithin(one *ledger.Lead) map[string]time.Time {
	type person struct {
		id       string
		captured time.Time
		identity lead.Identity
	}
	if len(p.Bundle.Lead.Identity) == 0 {
		return nil
	}
	people := []person{}
	add := func(id string, events []ledger.Stored) {
		history := (&ledger.Lead{Events: events}).History()
		people = append(people, person{id, lead.CapturedAt(history), p.Program.IdentityIn(history)})
	}
	add(one.ID, one.Own)
	for _, part := range one.Parts {
		add(part.ID, upTo(part.Events, part.At))
	}
	slices.SortFunc(people, func(a, b person) int { return cmp.Or(a.captured.Compare(b.captured), cmp.Compare(a.id, b.id)) })
	found := map[string]time.Time{}
	for i, a := range people {
		for _, b := range people[:i] {
			if a.identity.Key == "" || a.identity.Key != b.identity.Key {
				continue
			}
			since := a.identity.Since
			if b.identity.Since.After(since) {
				since = b.identity.Since
			}
			if old, there := found[a.id]; !there || since.Before(old) {
				found[a.id] = since
			}
		}
	}
	return found
}
