// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// Judge is what the scoring worker does with a lead that has news.
//
// It evaluates the definition at every event that no other pair has judged. Those that this very pair has judged before are
// evaluated again, because what arrived late may change what was true at their time. So the record, the score, and under one pair
// the time at which a path was reached, do not depend on the order in which events arrive or on how they are cut into batches.
// The hand-off does: a lead that was handed off stays so, with the stamps of what was known at that moment.
//
// A path of the account holds at the lead's last event only, by what its other contacts are at that moment; it does depend on the order.
//
// What keeps a lead out is asked at each event by what is known of its time: a hand-off by this pair that should not have been, as what kept the
// lead out became known late, is withdrawn, and one that should have been sooner, as nothing kept it out, is made sooner. Leads that were merged are judged each by itself up to the merge, and as one from then on.
func (p *Pair) Judge(one *ledger.Lead) error {
	open, look := p.open(one)
	given := lead.Circumstances{
		Judge: func(e lead.Event) bool { return open[e.Sequence] }, Peers: one.Peers, Marks: one.Marks, DuplicateSince: one.DuplicateSince,
	}
	if look != lookAtNews { // how the account stands is asked when the lead itself has news
		given.Peers = nil
	}
	history, before, merged := one.History(), stampsOf(one), len(one.Parts) > 0 || one.Alone != nil
	var journey lead.Journey
	switch {
	case merged:
		journey = p.judgeMerged(one, given)
	case look != lookAway:
		journey = p.judgeAnew(one, given, time.Time{})
	default:
		journey = p.Program.Qualify(history, nil)
	}
	p.keepRecord(one, journey.Record)
	if look == lookAtNews || look == lookAgain && (merged || stampsOf(one) != before) {
		one.Score, one.Missing, one.ExcludedBy = journey.Score, journey.MissingNow, journey.Bar.Excluded
	}
	if one.Reached == nil && one.OwnedFirstAt != (time.Time{}) { // what the router found of a cycle that is not
		c := one.Cycle
		c.Owner, c.OwnedAt, c.OwnedFirstAt, c.DisposedAt, c.SALAt, c.SQLAt = "", time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
		c.FirstTouchAt, c.Attempts = time.Time{}, 0
		one.SetCycles(append(slices.Clone(one.Past), c))
	}
	p.setAside(one, history)
	p.noteOverturned(one, history)
	one.Stage = stageOf(p, one, history)
	return nil
}

// judgeCycles stamps what is so in the lead's latest cycle, and in those that follow from it.
func (p *Pair) judgeCycles(one *ledger.Lead, given lead.Circumstances) lead.Journey {
	history := one.History()
	journey := p.judgeCycle(one, history, given)
	for p.comesBack(one, history, given) {
		one.EndCycle()
		journey = p.judgeCycle(one, history, given)
		ended := &one.Past[len(one.Past)-1]
		own(ended, one.HistoryOf(ended.Number)) // who got it after the hand-off that is known now is the next cycle's owner
	}
	return journey
}

// judgeCycle stamps what is so in the lead's latest cycle.
func (p *Pair) judgeCycle(one *ledger.Lead, history []lead.Event, given lead.Circumstances) lead.Journey {
	if one.Number > 1 {
		given.Again = &lead.Again{Since: one.Since}
		if one.Qualified != nil {
			given.Again.Until = one.Qualified.At
		}
	}
	journey := p.Program.QualifyIn(history, given)
	p.stampReached(one, journey.Reached)
	if one.Qualified == nil && journey.Qualified != nil {
		one.Qualified = journey.Qualified
		one.JudgedBy = p.Bundle.Sequence
		one.TermsRevision, one.DefinitionRevision = p.Bundle.Terms.Name, p.Bundle.Definition.Name
	}
	return journey
}

// comesBack says whether a lead that was handed off and recycled reaches a path again: that begins a cycle. Each begins later than the
// one before, since it takes a signal that is newer than the disposition.
func (p *Pair) comesBack(one *ledger.Lead, history []lead.Event, given lead.Circumstances) bool {
	if one.Qualified == nil || !disposed(one.HistoryOf(one.Number)) {
		return false
	}
	given.Again = &lead.Again{Since: one.Qualified.At}
	return p.Program.QualifyIn(history, given).Reached != nil
}

func (p *Pair) keepRecord(one *ledger.Lead, record map[string]any) {
	one.Record, one.Account = record, p.Program.AccountOf(record)
}

// Accounts tells whose contacts leads are, where that matters: nil when no account can qualify a lead.
func (p *Pair) Accounts() ledger.AccountOf {
	if !p.Program.HasAccountPath() {
		return nil
	}
	return p.accountOf
}

func (p *Pair) accountOf(one *ledger.Lead) string { return p.Program.AccountIn(one.History()) }

// Among tells what leads have to do with others by this pair.
func (p *Pair) Among() ledger.Among {
	among := ledger.Among{Account: p.Accounts()}
	if len(p.Bundle.Lead.Identity) > 0 {
		among.Identity = func(one *ledger.Lead) lead.Identity { return p.Program.IdentityIn(one.History()) }
	}
	if p.Bundle.Lead.Account != nil {
		among.Company = p.accountOf
		among.Marks = func(one *ledger.Lead) []lead.Mark { return p.Program.AccountMarks(one.History()) }
	}
	return among
}

// attention is how far a lead is judged.
type attention int

const (
	lookAway   attention = iota // nothing that matters to the definition is known anew
	lookAgain                   // something may keep it out, or not any more
	lookAtNews                  // it has news, or a disposition that may let it come back
)

// open are the sequences of the events at which this pair evaluates its definition, and how far it looks at them.
func (p *Pair) open(one *ledger.Lead) (open map[int64]bool, look attention) {
	open = map[int64]bool{}
	again, woken := p.hasOthers(), true
	for _, e := range one.Events {
		fresh := e.ScoredBy == 0
		if evaluated(e.Kind) && (fresh || e.ScoredBy == p.Bundle.Sequence) {
			open[e.Sequence] = true
		}
		if !fresh {
			continue
		}
		woken, again = false, again || tells(e.Kind)
		if evaluated(e.Kind) || e.Kind == lead.KindDisposition && (one.Qualified != nil || one.Number > 1) {
			look = lookAtNews
		}
	}
	if look == lookAway && (again || woken) {
		look = lookAgain
	}
	if len(open) == 0 {
		look = lookAway
	}
	return open, look
}

// stamped is what tells whether the latest cycle of a lead is another one than before.
type stamped struct {
	cycle              int
	reached, handedOff time.Time
}

func stampsOf(one *ledger.Lead) stamped {
	s := stamped{cycle: one.Number}
	if one.Reached != nil {
		s.reached = one.Reached.At
	}
	if one.Qualified != nil {
		s.handedOff = one.Qualified.At
	}
	return s
}

// hasOthers says whether other leads may keep one out: a lead may have been woken because of them, whatever else has come in about it.
func (p *Pair) hasOthers() bool {
	return len(p.Bundle.Lead.Identity) > 0 || p.Bundle.Lead.Account != nil
}

// tells says whether events of a kind may let a lead come back, or keep it out.
func tells(kind lead.Kind) bool {
	return kind == lead.KindDisposition || kind == lead.KindContested || kind == lead.KindOptedOut
}

// evaluated says whether the definition is evaluated at events of a kind.
func evaluated(kind lead.Kind) bool { return kind.Evaluated() }

// stampReached keeps the first time that a path held. A stamp of this pair is replaced, since it was made without what has arrived
// since; a stamp of an older one only by an earlier time, and never once the lead is judged by that older pair. So it is with one of an
// account path: how the account stood then is not known any more.
func (p *Pair) stampReached(one *ledger.Lead, reached *lead.Reached) {
	if reached == nil || (one.Qualified != nil && one.JudgedBy != p.Bundle.Sequence) {
		return
	}
	again := one.ReachedBy == p.Bundle.Sequence && !p.byAccount(one.Reached)
	if one.Reached == nil || again || reached.At.Before(one.Reached.At) {
		one.Reached, one.ReachedBy = reached, p.Bundle.Sequence
	}
}

// byAccount says whether a path of this pair that was reached is about the account.
func (p *Pair) byAccount(reached *lead.Reached) bool {
	return reached != nil && slices.ContainsFunc(p.Bundle.Lead.Paths, func(path lead.Path) bool {
		return path.Account != nil && path.Name == reached.Path
	})
}
