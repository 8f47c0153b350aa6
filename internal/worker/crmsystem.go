// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/hubspot"
	"github.com/handoff-sla/handoff/internal/crm/salesforce"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// MakeCRM makes the adapter that the settings ask for.
func MakeCRM(access crm.Access) (crm.System, error) {
	switch access.Settings.Type {
	case crm.TypeHubSpot:
		return hubspot.New(access, nil), nil
	case crm.TypeSalesforce:
		return salesforce.New(access, nil), nil
	case crm.TypeEvents:
	}
	return nil, fmt.Errorf("there is no CRM of type %q whose leads could be read", access.Settings.Type)
}

// accountBudget is the budget of an account. Until the CRM has said which account it is, it is one of the contract's own.
type accountBudget struct {
	ledger func() (*ledger.Ledger, error)
	rules  ledger.BudgetRules

	mu      sync.Mutex
	account string
}

func newAccountBudget(s crm.Settings, tenant string, l func() (*ledger.Ledger, error), now func() time.Time) *accountBudget {
	b := &accountBudget{ledger: l, account: string(s.Type) + "/of/" + tenant, rules: ledger.BudgetRules{UsedPercent: s.UsedPercent, Now: now}}
	if s.Type == crm.TypeHubSpot {
		b.rules.Default = hubspot.Limits()
	}
	return b
}

func (b *accountBudget) use(account string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.account = account
}

// ErrUnasked is that a CRM was asked nothing.
var ErrUnasked error = &crm.UnavailableError{Cause: "is asked nothing while the ledger, which has what it allows, is away"}

func (b *accountBudget) current() (crm.Budget, error) {
	l, err := b.ledger()
	if err != nil {
		return nil, ErrUnasked
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return l.CRMBudget(b.account, b.rules), nil
}

// Take waits for the budget of the account.
func (b *accountBudget) Take(ctx context.Context, kind string) error {
	of, err := b.current()
	if err != nil {
		return err
	}
	return of.Take(ctx, kind)
}

// Told tells it.
func (b *accountBudget) Told(ctx context.Context, kind string, a crm.Allowance) error {
	of, err := b.current()
	if err != nil {
		return err
	}
	return of.Told(ctx, kind, a)
}
