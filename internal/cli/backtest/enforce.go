// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"slices"

	"github.com/handoff-sla/handoff/internal/lead"
)

// enforce has both definitions judge as the contract's terms do. Without a contract nothing is refused.
func (in *Input) enforce() {
	if in.Terms == nil || !in.Terms.Terms().Observes() {
		return
	}
	in.New.Program = in.New.Program.Observing()
	if in.Old != nil {
		old := *in.Old
		old.Program = old.Program.Observing()
		in.Old = &old
	}
}

// enforced is a history as the ingest address would have let it come about. What is a code of either definition is one: a code that one of them
// does not know yet is no slip of who gave it.
func (in *Input) enforced(history []lead.Event) []lead.Event {
	if in.Terms == nil || in.Terms.Terms().Observes() {
		return history
	}
	codes := in.New.Definition.Dispositions
	if in.Old != nil {
		codes = slices.Concat(codes, in.Old.Definition.Dispositions)
	}
	return lead.Enforced(codes, history)
}

// refused are rejections without a reason code, which count as attempts only.
type refused struct{ leads, attempts int64 }

func (r *refused) add(history []lead.Event) {
	attempts := int64(0)
	for _, e := range history {
		if e.Kind == lead.KindRefused {
			attempts++
		}
	}
	if attempts > 0 {
		r.leads, r.attempts = r.leads+1, r.attempts+attempts
	}
}

func (r *refused) notes() []string {
	if r.attempts == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the terms enforce reason codes: %s without one, of %s, would have been refused; a lead stays with sales until one with a code comes",
		several(r.attempts, "rejection"), several(r.leads, "lead"))}
}
