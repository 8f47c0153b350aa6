// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Among is what scoring asks about a lead before it is judged, because it matters to other leads. A nil function asks nothing.
type Among struct {
	Account  AccountOf                 // of which it is a contact, where the contacts of an account can qualify it
	Identity func(*Lead) lead.Identity // by which it may be the person of another lead

	Company AccountOf               // of which it is a contact, wherever leads have accounts; Marks goes with it
	Marks   func(*Lead) []lead.Mark // that it makes for all leads of its account
}

// around is what the leads of a batch have to do with others.
type around struct {
	company  *company
	contacts *tally
	people   *people
}

// around reads what other leads say about those of a batch, after they are locked. What it locks it takes in this order.
func (l *Ledger) around(ctx context.Context, tx pgx.Tx, leads []*Lead, among Among) (*around, error) {
	company, err := l.together(ctx, tx, leads, among)
	if err != nil {
		return nil, err
	}
	contacts, err := l.tally(ctx, tx, leads, among.Account)
	if err != nil {
		return nil, err
	}
	people, err := l.people(ctx, tx, leads, among.Identity)
	if err != nil {
		return nil, err
	}
	return &around{company: company, contacts: contacts, people: people}, nil
}

// queue writes what has changed for others.
func (a *around) queue(writes *pgx.Batch, l *Ledger, judged []*Lead) {
	a.contacts.queue(writes, l.tenant)
	a.company.queue(writes, l, judged)
	a.people.queue(writes, l)
}
