// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// Judge is what the scoring worker does with a lead that has news.
//
// It evaluates the definition at every event that no other pair has judged. Those that this very pair has judged before are
// evaluated again, because what arrived late may change what was true at their time. So the record, the score, and under one pair
// the time at which a path was reached, do not depend on the order in which events arrive or on how they are cut into batches.
// The hand-off does: a lead that was handed off stays so, with the stamps of what was known at that moment.
func (p *Pair) Judge(one *ledger.Lead) error {
	open, news := p.open(one)
	if !news {
		one.Record = p.Program.Qualify(one.History(), nil).Record
		return nil
	}
	journey := p.Program.Qualify(one.History(), func(e lead.Event) bool { return open[e.Sequence] })
	one.Record = journey.Record
	one.Score, one.Missing = journey.Score, journey.MissingNow
	p.stampReached(one, journey.Reached)
	if one.Qualified == nil && journey.Qualified != nil {
		one.Qualified = journey.Qualified
		one.JudgedBy = p.Bundle.Sequence
		one.TermsRevision, one.DefinitionRevision = p.Bundle.Terms.Name, p.Bundle.Definition.Name
	}
	switch {
	case one.Qualified != nil:
		one.Stage = ledger.StageMQL
	case one.Reached != nil && len(one.Missing) > 0:
		one.Stage = ledger.StageHeld
	default:
		one.Stage = ledger.StageLead
	}
	return nil
}

// open are the sequences of the events at which this pair evaluates its definition; news says whether one of them is new to all pairs.
func (p *Pair) open(one *ledger.Lead) (open map[int64]bool, news bool) {
	open = map[int64]bool{}
	for _, e := range one.Events {
		if evaluated(e.Kind) && (e.ScoredBy == 0 || e.ScoredBy == p.Bundle.Sequence) {
			open[e.Sequence] = true
			news = news || e.ScoredBy == 0
		}
	}
	return open, news
}

// evaluated says whether the definition is evaluated at events of a kind.
func evaluated(kind lead.Kind) bool {
	return kind == lead.KindCaptured || kind == lead.KindUpdated || kind == lead.KindActivity
}

// stampReached keeps the first time that a path held. A stamp of this pair is replaced, since it was made without what has arrived
// since; a stamp of an older one only by an earlier time, and never once the lead is judged by that older pair.
func (p *Pair) stampReached(one *ledger.Lead, reached *lead.Reached) {
	if reached == nil || (one.Qualified != nil && one.JudgedBy != p.Bundle.Sequence) {
		return
	}
	if one.Reached == nil || one.ReachedBy == p.Bundle.Sequence || reached.At.Before(one.Reached.At) {
		one.Reached, one.ReachedBy = reached, p.Bundle.Sequence
	}
}
