// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// ChoiceKind is what was decided about the owner of a lead.
type ChoiceKind string

// The kinds of choices.
const (
	ChoicePicked     ChoiceKind = "Picked"         // whose turn it was in the first pool that takes the lead and had somebody available
	ChoiceOwnerFirst ChoiceKind = "OwnerFirst"     // who owned the lead before, or owns its account
	ChoiceFallback   ChoiceKind = "Fallback"       // whose turn it was in the pool for what no pool could take
	ChoiceHeld       ChoiceKind = "Held"           // nobody: it waits until somebody is available
	ChoiceReassigned ChoiceKind = "Reassigned"     // somebody else
	ChoiceKept       ChoiceKind = "Kept"           // it should have gone to somebody else, and there was nobody
	ChoiceReturned   ChoiceKind = "ReturnedToPool" // its owner left, and it waits until somebody is available
	ChoiceAssigned   ChoiceKind = "Assigned"       // another system said who
)

// Choice is a decision about the owner of a lead.
type Choice struct {
	Lead   string
	Cycle  int
	At     time.Time // when the owner became the owner; where there is none, when it was decided
	Kind   ChoiceKind
	Pool   string // that the rep was picked from
	Rep    string // "" for nobody
	From   string // who owned the lead until then
	Reason lead.Reason
}

// Choices are the decisions about the owner of a lead, in the order in which they were made.
func (l *Ledger) Choices(ctx context.Context, leadID string) (choices []Choice, err error) {
	err = l.Read(ctx, func(r *Reading) error {
		choices, err = r.Choices(ctx, leadID)
		return err
	})
	return choices, err
}

// Choices are the decisions about the owner of a lead, in the order in which they were made.
func (r *Reading) Choices(ctx context.Context, leadID string) ([]Choice, error) {
	rows, err := r.tx.Query(ctx, `
SELECT lead_id, cycle, at, kind, coalesce(pool, ''), coalesce(rep, ''), coalesce(from_rep, ''), reason
FROM choices WHERE tenant = $1 AND lead_id = $2 ORDER BY id`, r.ledger.tenant, leadID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Choice, err error) {
		err = row.Scan(&c.Lead, &c.Cycle, &c.At, &c.Kind, &c.Pool, &c.Rep, &c.From, &c.Reason)
		c.At = c.At.UTC()
		return c, err
	})
}

// Choose notes a decision about the owner of a lead, in its latest cycle; it is kept with the rest.
func (r *Routing) Choose(one *Lead, c Choice) {
	c.Lead, c.Cycle = one.ID, one.Number
	if c.At.IsZero() {
		c.At = r.Now
	}
	r.choices = append(r.choices, c)
}

func (r *Routing) countChoices() map[ChoiceKind]int {
	counts := map[ChoiceKind]int{}
	for _, c := range r.choices {
		counts[c.Kind]++
	}
	return counts
}

func (r *Routing) queueChoices(writes *pgx.Batch) {
	for _, c := range r.choices {
		writes.Queue(`INSERT INTO choices (tenant, lead_id, cycle, at, kind, pool, rep, from_rep, reason)
VALUES ($1, $2, $3, $4, $5, nullif($6, ''), nullif($7, ''), nullif($8, ''), $9)`,
			r.ledger.tenant, c.Lead, c.Cycle, c.At, c.Kind, c.Pool, c.Rep, c.From, c.Reason)
	}
}
