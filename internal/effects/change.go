// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"slices"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// changeOf a lead is how it stands, with the codes of the definition that judges it.
func (w *crmWorker) changeOf(ctx context.Context, s *ledger.Standing) (crm.Change, []lead.Disposition, error) {
	c := crm.Change{
		Tenant: w.Tenant, Contract: w.Pairs.Current().Bundle.Contract, Lead: s.Lead, Version: s.Version, Time: s.Changed,
		Data: crm.Data{
			Stage: string(s.Stage), Score: s.Score, Cycle: s.Cycle, Owner: s.Owner, Pool: s.Pool, Definition: s.Definition, Missing: s.Missing,
			Overdue: s.Overdue, FirstTouchAt: s.FirstTouchAt, Attempts: s.Attempts,
		},
	}
	if s.Clause != "" {
		c.Data.Deadline = &crm.Deadline{Clause: s.Clause, Due: s.Due}
	}
	if len(s.Rulings) == 0 {
		return c, nil, nil
	}
	pair := w.Pairs.Current()
	if s.JudgedBy > 0 {
		var err error
		if pair, err = w.Pairs.Of(ctx, w.ledger, s.JudgedBy); err != nil {
			return c, nil, pipeline.Explain(err)
		}
	}
	codes := pair.Bundle.Lead.Dispositions
	c.Data.Disposition = dispositionOf(codes, s.Rulings)
	return c, codes, nil
}

// dispositionOf a lead is its latest that was not overturned. A reason that is no code is left out: it was written by hand.
func dispositionOf(codes []lead.Disposition, rulings []lead.Event) *crm.Disposition {
	for _, e := range slices.Backward(lead.WithoutOverturned(codes, rulings)) {
		if e.Kind != lead.KindDisposition {
			continue
		}
		d := &crm.Disposition{Outcome: string(e.Disposition.Outcome), Time: e.Time}
		for _, code := range codes {
			if e.Disposition.Coded && code.Name == e.Disposition.Reason {
				d.Code, d.Status = code.Name, code.Status
			}
		}
		return d
	}
	return nil
}
