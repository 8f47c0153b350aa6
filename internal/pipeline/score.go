// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// never is after every event: a history that is evaluated from here on only yields its record.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Judge is what the scoring worker does with a lead that has news.
//
// It evaluates the definition at every event that is not judged by an older pair yet. Those that this very pair has judged before are
// evaluated again, because what arrived late may change what was true at their time: so the outcome does not depend on the order in
// which events arrive or on how they are cut into batches. A lead that was handed off stays handed off, with the stamps of that moment.
func (p *Pair) Judge(one *ledger.Lead) error {
	history := one.History()
	from := p.from(one)
	journey := p.Program.Qualify(history, from)
	one.Record = journey.Record
	if from.Equal(never) {
		return nil
	}
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
	case len(one.Missing) > 0:
		one.Stage = ledger.StageHeld
	default:
		one.Stage = ledger.StageLead
	}
	return nil
}

// from is the time from which the history is evaluated.
func (p *Pair) from(one *ledger.Lead) time.Time {
	from, news := never, false
	for _, e := range one.Events {
		if !evaluated(e.Kind) || (e.ScoredBy != 0 && e.ScoredBy < p.Bundle.Sequence) {
			continue
		}
		news = news || e.ScoredBy == 0
		if e.Time.Before(from) {
			from = e.Time
		}
	}
	if !news {
		return never
	}
	return from
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
