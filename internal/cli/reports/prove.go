// SPDX-License-Identifier: Apache-2.0

package reports

import (
	"context"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Prove a report by its seal and by the ledger. What its inputs say it is about is looked for there, and not what is written beside it. Its
// numbers are counted again where nothing was changed.
func Prove(ctx context.Context, l *ledger.Ledger, of Report) (Verdict, error) {
	cadence, name, period := of.Cadence, of.Review, of.Period
	var facts review.Facts
	document, err := review.Open([]byte(of.JSON))
	sealed := err == nil
	if sealed {
		facts = document.Facts()
		cadence, name, period = facts.Cadence, facts.Review, string(facts.Period)
	}
	kept, err := l.Report(ctx, cadence, name, sla.Period(period))
	if err != nil {
		return Verdict{}, err
	}
	v := Check(of, kept, true)
	if v.Standing != Verified || !sealed {
		return v, nil
	}
	changes, err := recount(ctx, l, facts)
	if err != nil {
		return Verdict{}, err
	}
	v.Recount(changes)
	return v, nil
}
