// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// factsOf a lead's cycle, whose events are in history, in the eyes of the pair that judges it. The intent may have risen since the hand-off by
// what is known of the lead from before it, too.
func factsOf(pair *Pair, one *ledger.Lead, c ledger.Cycle, history []lead.Event) sla.Facts {
	s := stamps(c)
	s.Before = beforeGoLive(one.GoLive, c)
	if q := s.Qualified; q != nil {
		s.Marks = append(ownMarks(one, q.At), one.Marks...)
		q.Raises = pair.Program.Raises(one.History(), q.At, q.Intent, handedOffAgain(one, c.Number))
	}
	return sla.FactsOf(s, pair.Bundle.Lead.Dispositions, history)
}

// handedOffAgain is the hand-off that followed a cycle; zero while there is none.
func handedOffAgain(one *ledger.Lead, number int) time.Time {
	for _, c := range one.Past {
		if c.Number > number && c.Qualified != nil {
			return c.Qualified.At
		}
	}
	if one.Number > number && one.Qualified != nil {
		return one.Qualified.At
	}
	return time.Time{}
}

// ownMarks are what a lead said of its whole account before a hand-off, in the cycles before, too.
func ownMarks(one *ledger.Lead, handOff time.Time) []lead.Mark {
	var marks []lead.Mark
	for _, e := range one.Events {
		if said := e.Kind == lead.KindOptedOut || e.Kind == lead.KindReinstated; said && e.Scope == lead.ScopeAccount && e.Time.Before(handOff) {
			marks = append(marks, lead.Mark{At: e.Time, Scope: e.Scope, Lifted: e.Kind == lead.KindReinstated})
		}
	}
	return marks
}
