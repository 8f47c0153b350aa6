// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"slices"

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
func (p *Pair) Judge(one *ledger.Lead) error {
	open, news := p.open(one)
	history := one.History()
	if !news {
		p.keepRecord(one, p.Program.Qualify(history, nil).Record)
		return nil
	}
	given := lead.Circumstances{Judge: func(e lead.Event) bool { return open[e.Sequence] }, Peers: one.Peers}
	journey := p.judgeCycle(one, history, given)
	for p.comesBack(one, history, given) {
		one.EndCycle()
		journey = p.judgeCycle(one, history, given)
		ended := &one.Past[len(one.Past)-1]
		own(ended, one.HistoryOf(ended.Number)) // who got it after the hand-off that is known now is the next cycle's owner
	}
	p.keepRecord(one, journey.Record)
	one.Score, one.Missing = journey.Score, journey.MissingNow
	switch {
	case !one.SQLAt.IsZero():
		one.Stage = ledger.StageSQL // the router has found so, and looks again
	case one.Qualified != nil:
		one.Stage = ledger.StageMQL
	case one.Reached != nil && len(one.Missing) > 0:
		one.Stage = ledger.StageHeld
	default:
		one.Stage = ledger.StageLead
	}
	return nil
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
	return func(one *ledger.Lead) string { return p.Program.AccountIn(one.History()) }
}

// open are the sequences of the events at which this pair evaluates its definition; news says whether one of them is new to all pairs, or
// a disposition of a lead that was handed off, which may let it come back by one of them.
func (p *Pair) open(one *ledger.Lead) (open map[int64]bool, news bool) {
	open = map[int64]bool{}
	recycled := false
	for _, e := range one.Events {
		switch {
		case evaluated(e.Kind) && (e.ScoredBy == 0 || e.ScoredBy == p.Bundle.Sequence):
			open[e.Sequence] = true
			news = news || e.ScoredBy == 0
		case e.Kind == lead.KindDisposition && e.ScoredBy == 0:
			recycled = one.Qualified != nil || one.Number > 1
		}
	}
	return open, news || recycled && len(open) > 0
}

// evaluated says whether the definition is evaluated at events of a kind.
func evaluated(kind lead.Kind) bool {
	return kind == lead.KindCaptured || kind == lead.KindUpdated || kind == lead.KindActivity
}

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
