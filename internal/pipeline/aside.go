// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// withdraw what this pair stamped from an instant on while something kept the lead out, which became known late. What an older pair has judged stays.
func (p *Pair) withdraw(one *ledger.Lead, given lead.Circumstances, from time.Time) {
	if !p.mayWithdraw(one) {
		return
	}
	history := one.History()
	void := func(by int64, at time.Time) bool {
		return by == p.Bundle.Sequence && !at.Before(from) && p.Program.BarredThroughout(history, at, given)
	}
	cycles := one.Cycles()
	for i, c := range cycles {
		handedOff := c.Qualified != nil && void(c.JudgedBy, c.Qualified.At)
		reached := c.Reached != nil && void(c.ReachedBy, c.Reached.At)
		switch {
		case handedOff || reached && c.Qualified == nil:
			one.SetCycles(append(cycles[:i], ledger.Cycle{Number: c.Number, Since: c.Since}))
			return
		case reached && i == len(cycles)-1: // it was reached later
			c.Reached, c.ReachedBy = nil, 0
			one.SetCycles(append(cycles[:i], c))
		}
	}
}

// mayWithdraw says whether anything came in that may be about the time of a stamp, or is about other leads.
func (p *Pair) mayWithdraw(one *ledger.Lead) bool {
	last := lastStamp(one)
	if last.IsZero() {
		return false
	}
	return len(one.Marks) > 0 || !one.DuplicateSince.IsZero() ||
		slices.ContainsFunc(one.Events, func(e ledger.Stored) bool { return e.ScoredBy == 0 && !e.Time.After(last) })
}

// lastStamp is the latest time of what is stamped of a lead; zero when nothing is.
func lastStamp(one *ledger.Lead) (last time.Time) {
	for _, c := range one.Cycles() {
		if c.Reached != nil && c.Reached.At.After(last) {
			last = c.Reached.At
		}
		if c.Qualified != nil && c.Qualified.At.After(last) {
			last = c.Qualified.At
		}
	}
	return last
}

// judgeAnew stamps what is so in the lead's cycles. Where what sales said, or who was kept out, may have become known after what it let happen was
// stamped, this pair's stamps from an instant on are made anew, so that they are the same as if it had been known in time.
func (p *Pair) judgeAnew(one *ledger.Lead, given lead.Circumstances, from time.Time) lead.Journey {
	kept := one.Cycles()
	n := p.standing(one, kept, from)
	if n == len(kept) {
		p.withdraw(one, given, from)
		return p.judgeCycles(one, given)
	}
	if n == 0 {
		one.SetCycles([]ledger.Cycle{{Number: 1}})
	} else {
		one.SetCycles(kept[:n])
	}
	journey := p.judgeCycles(one, given)
	if q := p.staying(one, kept[0].Qualified, given); n == 0 && q != nil {
		first := kept[0]
		first.Qualified = q
		one.SetCycles([]ledger.Cycle{first})
		journey = p.judgeCycles(one, given)
	}
	takesUp(one, kept)
	return journey
}

// staying is the first hand-off that stays, though it would be made at another time, or not at all, if it were made now; nil when it is made anew. One
// that was made stays unless something kept the lead out then, or nothing is known any more to have kept it out before: then it is sooner, by what the
// lead did that was known. What it did that became known after its hand-off changes nothing.
func (p *Pair) staying(one *ledger.Lead, then *lead.Qualified, given lead.Circumstances) *lead.Qualified {
	history, now := one.History(), one.Cycles()[0].Qualified
	switch {
	case then == nil || p.Program.BarredThroughout(history, then.At, given):
		return nil
	case now == nil || now.At.After(then.At):
		return then
	case now.At.Equal(then.At):
		return nil
	}
	sooner := p.Program.QualifyIn(p.enoughFor(history, then.At, given.Judge), given).Qualified
	if sooner == nil || !sooner.At.Before(then.At) {
		return then
	}
	return sooner
}

// enoughFor is the history up to a hand-off without what the lead did that arrived after enough was known of it to be handed off then.
func (p *Pair) enoughFor(history []lead.Event, handOff time.Time, judge func(lead.Event) bool) []lead.Event {
	var arrived []int64
	for _, e := range history {
		if behaves(e.Kind) && !e.Time.After(handOff) {
			arrived = append(arrived, e.Sequence)
		}
	}
	slices.Sort(arrived)
	for _, last := range arrived {
		known := slices.DeleteFunc(slices.Clone(history), func(e lead.Event) bool {
			return e.Time.After(handOff) || behaves(e.Kind) && e.Sequence > last
		})
		if p.Program.QualifyIn(known, lead.Circumstances{Judge: judge, Open: true}).Qualified != nil {
			return known
		}
	}
	return nil
}

// behaves says whether events of a kind tell what the lead is, or did.
func behaves(kind lead.Kind) bool {
	return kind == lead.KindCaptured || kind == lead.KindUpdated || kind == lead.KindActivity
}

// standing is how many of the cycles of a lead stay as they are, whatever has come in: those of other pairs, and those up to a hand-off by the account,
// as how it stood then is not known any more. A first hand-off is only made anew for what keeps leads out.
func (p *Pair) standing(one *ledger.Lead, cycles []ledger.Cycle, from time.Time) int {
	sales, out := p.toldLate(one)
	out = out || p.hasOthers() // which may say anything about any time
	n := len(cycles)
	for i := n - 1; i >= 0; i-- {
		if !p.mayMakeAnew(cycles[i], from) || !out && (i == 0 || !sales) {
			break
		}
		n = i
	}
	return n
}

// toldLate says whether something came in that is about the time of a stamp: what sales said, and what may keep the lead out.
func (p *Pair) toldLate(one *ledger.Lead) (sales, out bool) {
	last := lastStamp(one)
	for _, e := range one.Events {
		if e.ScoredBy != 0 || e.Time.After(last) {
			continue
		}
		sales = sales || tells(e.Kind)
		out = out || e.Kind == lead.KindOptedOut || e.Kind == lead.KindReinstated || tells(e.Kind) && p.suppresses()
	}
	return sales, out
}

// mayMakeAnew says whether a cycle is stamped by this pair alone, from an instant on, and by the lead itself.
func (p *Pair) mayMakeAnew(c ledger.Cycle, from time.Time) bool {
	if q := c.Qualified; q != nil && (c.JudgedBy != p.Bundle.Sequence || q.At.Before(from)) {
		return false
	}
	r := c.Reached
	return r == nil || c.ReachedBy == p.Bundle.Sequence && !r.At.Before(from) && !p.byAccount(r)
}

// suppresses says whether a disposition may keep leads out.
func (p *Pair) suppresses() bool {
	return slices.ContainsFunc(p.Bundle.Lead.Dispositions, func(d lead.Disposition) bool { return d.Suppress != "" })
}

// awaitsAny says whether a lead may have to wait for somebody else of its account.
func (p *Pair) awaitsAny() bool {
	return slices.ContainsFunc(p.Bundle.Lead.Dispositions, func(d lead.Disposition) bool { return d.Reentry != nil && d.Reentry.NewContact != "" })
}

// setAside says what keeps the lead out, and what ties it to others.
func (p *Pair) setAside(one *ledger.Lead, history []lead.Event) {
	one.MergedInto = ""
	one.SuppressedAt, one.SuppressedScope = time.Time{}, ""
	if s := p.Program.SuppressedAt(history, one.Marks); s != nil {
		one.SuppressedAt, one.SuppressedScope = s.Since, s.Scope
	}
	one.BeforeGoLive = beforeGoLive(one.GoLive, one.Cycle)
	one.AwaitsSince = time.Time{}
	if !p.awaitsAny() {
		return
	}
	one.CapturedAt = lead.CapturedAt(history)
	if one.Qualified == nil {
		return
	}
	if back := p.Program.Comeback(history, one.Qualified.At); back.Rule != nil && back.Rule.NewContact != "" {
		one.AwaitsSince = back.Disposed
	}
}

// beforeGoLive says whether a cycle began before the terms took effect: nothing is owed of it.
func beforeGoLive(live time.Time, c ledger.Cycle) bool {
	return c.Reached != nil && c.Reached.At.Before(live)
}

// noteOverturned records the rejections that are void by what has come in.
func (p *Pair) noteOverturned(one *ledger.Lead, history []lead.Event) {
	for _, o := range lead.OverturnedIn(p.Bundle.Lead.Dispositions, history) {
		rejection, ruling := one.Events[o.Rejection], one.Events[o.Ruling]
		if rejection.ScoredBy != 0 && ruling.ScoredBy != 0 {
			continue
		}
		one.Corrections = append(one.Corrections, ledger.Correction{
			Lead: one.ID, Cause: ruling.Sequence, What: ledger.Overturned,
			Before: map[string]any{"disposition": rejection.Sequence, "at": rejection.Time}, After: map[string]any{"at": ruling.Time},
		})
	}
}

// stageOf a lead by the codes of a pair.
func stageOf(p *Pair, one *ledger.Lead, history []lead.Event) ledger.Stage {
	m := lead.Milestones{
		SQL: one.SQLAt, Excluded: one.ExcludedBy != "", Duplicate: one.DuplicateOf != "",
	}
	if !one.SuppressedAt.IsZero() {
		m.Suppressed = &lead.Suppression{Since: one.SuppressedAt, Scope: one.SuppressedScope}
	}
	for _, c := range one.Cycles() {
		if c.Qualified != nil {
			m.HandedOff = c.Qualified.At
		}
	}
	if one.Qualified == nil && one.Reached != nil && len(one.Missing) > 0 {
		m.Held = one.Reached.At
	}
	return lead.StageOf(p.Bundle.Lead.Dispositions, history, m)
}
