// SPDX-License-Identifier: Apache-2.0

// Package fromledger explains a lead by what the ledger keeps of it. It only reads.
package fromledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/explain"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// Source is a lead in a ledger.
type Source struct {
	DSN    string // the connection string: a secret
	Tenant string
	Lead   string
	Draft  *Draft // nil: by the definition in force
	// Until cuts the history; nil takes all of it. What the ledger stamped is left out then: it may be of later.
	Until func([]lead.Event) ([]lead.Event, error)
}

// Draft is a definition that is asked about instead of that in force.
type Draft struct {
	Name       string
	Definition lead.Definition
}

const (
	enough       = time.Minute // for one lead
	otherAccount = "the ledger keeps the accounts by another field than this definition names"
)

// Explain a lead. Its error is for people and never has any part of the connection string.
func Explain(ctx context.Context, s Source) (x explain.Explanation, err error) {
	ctx, cancel := context.WithTimeout(ctx, enough)
	defer cancel()
	l, err := ledger.Open(ctx, s.DSN, s.Tenant)
	if err != nil {
		return x, describe(err)
	}
	defer l.Close()
	err = l.Read(ctx, func(r *ledger.Reading) error {
		x, err = s.read(ctx, r)
		return err
	})
	return x, describe(err)
}

// ownError is about the question, not about the database.
type ownError struct{ error }

func (e ownError) Unwrap() error { return e.error }

func describe(err error) error {
	var own ownError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	default:
		return errors.New("ledger: " + ledger.Describe(err)) // not wrapped: what is wrapped could show the connection string
	}
}

// reader of one lead.
type reader struct {
	Source
	*ledger.Reading
	one       *ledger.Lead
	explainer *explain.Explainer // by which it is explained
	sequence  int64              // of its pair; 0 for a draft
	inForce   *explain.Explainer // nil when none is
}

func (s Source) read(ctx context.Context, r *ledger.Reading) (x explain.Explanation, err error) {
	w := &reader{Source: s, Reading: r}
	if w.one, err = r.Lead(ctx, s.Lead); err != nil {
		return x, err
	}
	about := &explain.Ledger{Tenant: s.Tenant, Stage: string(w.one.Stage), Draft: s.Draft != nil}
	for _, c := range append(w.one.Past, w.one.Cycle) {
		if c.Qualified != nil {
			about.HandOffs = append(about.HandOffs, handOff(c, c.DefinitionRevision))
		}
	}
	if err := w.compile(ctx, about); err != nil {
		return x, err
	}
	c := explain.Case{Lead: s.Lead, History: w.one.History(), Ledger: about}
	switch {
	case s.Until != nil:
		if c.History, err = s.Until(c.History); err != nil {
			return x, ownError{err}
		}
	case s.Draft == nil:
		if c.Kept, err = w.kept(ctx); err != nil {
			return x, err
		}
	}
	if err := w.contacts(ctx, &c); err != nil {
		return x, err
	}
	return w.explainer.Explain(c), nil
}

func handOff(c ledger.Cycle, revision string) explain.HandOff {
	q := c.Qualified
	return explain.HandOff{
		Cycle: c.Number, At: q.At, Path: q.Path, Score: q.Score, Intent: q.Intent, Contacts: q.Account.Count, Account: q.Account.Score, Revision: revision,
	}
}

// compile the definition in force, and the draft if there is one.
func (w *reader) compile(ctx context.Context, about *explain.Ledger) error {
	b, since, err := w.InForce(ctx)
	switch {
	case errors.Is(err, ledger.ErrNothingInForce) && w.Draft != nil:
	case err != nil:
		return err
	default:
		if w.inForce, err = explain.New(b.Definition.Name, b.Lead); err != nil {
			return ownError{fmt.Errorf("definition %s in force: %w", b.Definition.Name, err)}
		}
		w.inForce.Under(b.SLA)
		about.Contract, about.InForce, about.Pair, about.Since = b.Contract, b.Definition.Name, b.Sequence, since
	}
	if w.Draft == nil {
		w.explainer, w.sequence = w.inForce, b.Sequence
		return nil
	}
	if w.explainer, err = explain.New(w.Draft.Name, w.Draft.Definition); err != nil {
		return ownError{fmt.Errorf("definition %s: %w", w.Draft.Name, err)}
	}
	w.explainer.Under(b.SLA)
	return nil
}

// kept is what the ledger stamped, with the revisions that judge it.
func (w *reader) kept(ctx context.Context) (*explain.Kept, error) {
	k := &explain.Kept{Cycle: w.one.Number}
	for _, c := range append(w.one.Past, w.one.Cycle) {
		if c.Qualified == nil {
			continue
		}
		var judge *explain.Explainer
		if c.JudgedBy != w.sequence {
			b, err := w.Bundle(ctx, c.JudgedBy)
			if err != nil {
				return nil, err
			}
			if judge, err = explain.New(b.Definition.Name, b.Lead); err != nil {
				return nil, ownError{fmt.Errorf("definition %s, which handed the lead off: %w", b.Definition.Name, err)}
			}
			judge.Under(b.SLA)
		}
		k.HandOffs, k.Judges = append(k.HandOffs, handOff(c, "")), append(k.Judges, judge)
	}
	for _, e := range w.one.Events {
		k.Unscored = k.Unscored || e.ScoredBy == 0
	}
	return k, nil
}

// contacts of the lead's account, as the ledger last scored them; under a draft or at another time, by their events.
func (w *reader) contacts(ctx context.Context, c *explain.Case) error {
	account := w.explainer.AccountOf(c.History)
	switch {
	case !w.explainer.NeedsAccount() || account == "":
		return nil
	case w.inForce == nil || w.inForce.AccountOf(c.History) != account:
		c.Unknown = otherAccount
		return nil
	}
	all, err := w.Contacts(ctx, account)
	if err != nil {
		return err
	}
	if w.Draft == nil && w.Until == nil {
		c.Contacts = []explain.Contact{}
		for _, one := range all {
			if one.ID != w.one.ID {
				c.Contacts = append(c.Contacts, explain.Contact{Lead: one.ID, Score: one.Score.Clamped})
			}
		}
		return nil
	}
	others, at := map[string][]lead.Event{}, c.History[len(c.History)-1].Time
	for _, one := range all {
		others[one.ID] = one.History()
		for _, e := range one.Events {
			if w.Until == nil && e.Time.After(at) {
				at = e.Time
			}
		}
	}
	w.explainer.Among(c, others, at)
	return nil
}
