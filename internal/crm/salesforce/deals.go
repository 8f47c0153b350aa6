// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"

	"github.com/handoff-sla/handoff/internal/crm"
)

// readDeals reads opportunities that leads were converted into. An opportunity does not know its lead: the lead knows it.
func (s *System) readDeals(ctx context.Context, o *org, from crm.Position) (crm.Page, error) {
	soql, err := pageOf(objectDeal, o.dealFields(), from)
	if err != nil {
		return crm.Page{}, err
	}
	answer, err := s.query(ctx, live, soql)
	if err != nil {
		return crm.Page{}, err
	}
	page := crm.Page{Next: from, More: !answer.Done || len(answer.Records) >= maxRows}
	if n := len(answer.Records); n > 0 {
		page.Next = answer.Records[n-1].position(modstamp)
	}
	leads, err := s.wholeOf(ctx, live, ids(convertedDeal, column(answer.Records, "Id"), maxRows), func(condition string) string {
		return selectFrom(objectLead, []string{"Id", convertedDeal}, "", condition)
	})
	page.Deals = dealsWith(answer.Records, leads)
	return page, err
}

func (o *org) dealFields() []string {
	return append([]string{"Id", "IsClosed", "IsWon", "Amount", modstamp}, o.having(objectDeal, []string{currency})...)
}

// dealsOf leads that are converted: one that was there before the conversion is not modified by it.
func (s *System) dealsOf(ctx context.Context, o *org, leads []row) ([]crm.Deal, error) {
	deals, err := s.wholeOf(ctx, live, ids("Id", column(leads, convertedDeal), maxRows), func(condition string) string {
		return selectFrom(objectDeal, o.dealFields(), "", condition)
	})
	return dealsWith(deals, leads), err
}

func dealsWith(deals, leads []row) []crm.Deal {
	from := map[string][]string{}
	for _, r := range leads {
		if id := r.text("Id"); isLead(id) {
			from[r.text(convertedDeal)] = append(from[r.text(convertedDeal)], id)
		}
	}
	var out []crm.Deal
	for _, r := range deals {
		records := from[r.text("Id")]
		if len(records) == 0 {
			continue
		}
		d := crm.Deal{ID: r.text("Id"), Records: records, Modified: r.time(modstamp), State: "Open", Amount: r.number("Amount"), Currency: r.text(currency)}
		switch {
		case r.is("IsWon"):
			d.State = "Won"
		case r.is("IsClosed"):
			d.State = "Lost"
		}
		out = append(out, d)
	}
	return out
}
