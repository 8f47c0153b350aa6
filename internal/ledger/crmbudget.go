// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"

	"github.com/handoff-sla/handoff/internal/crm"
)

// BudgetRules are what holds of a budget beside what the CRM says.
type BudgetRules struct {
	Default     map[string]crm.Allowance // by kind, until the CRM has said more
	UsedPercent int                      // of the day's allowance, from where on nothing more is asked; 0: all of it
}

// CRMBudget is shared by everybody who uses the account, by way of the database.
func (l *Ledger) CRMBudget(account string, rules BudgetRules) crm.Budget {
	return &budget{ledger: l, account: account, rules: rules}
}

type budget struct {
	ledger  *Ledger
	account string
	rules   BudgetRules
}

// Take waits for a token.
func (b *budget) Take(ctx context.Context, kind string) error { return errors.ErrUnsupported }

// Told notes what an answer said.
func (b *budget) Told(ctx context.Context, kind string, a crm.Allowance) error {
	return errors.ErrUnsupported
}
