// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Cycle is one hand-off of a lead to sales, and what came of it. A lead that was recycled may get another one.
type Cycle struct {
	Number int       // from 1
	Since  time.Time // hand-off of the cycle before; zero for the first

	Reached   *lead.Reached
	ReachedBy int64 // sequence of the pair by which it reached a path
	Qualified *lead.Qualified
	JudgedBy  int64 // sequence of the pair that qualified it: it is judged by that one for ever

	TermsRevision      string // names of the revisions behind JudgedBy
	DefinitionRevision string

	SALAt    time.Time // when sales accepted it; zero while it has not
	SQLAt    time.Time // when an MQL met the SQL criteria of the pair that judges it; zero while it does not
	SQLUnmet []string  // the criteria that it does not meet by what sales has told so far

	PickedRep     string    // our own latest pick; "" also where the lead went back to its pools
	PickedAt      time.Time // when that was
	PickedFirstAt time.Time // the first of the cycle; zero where PickedAt is
	Pool          string
	Fallback      bool      // the pool is the one for what no pool could take
	BreachAt      time.Time // the deadline of the first contact whose breach was answered by another rep, or could not be

	Owner        string // the latest, whoever assigned it
	OwnedAt      time.Time
	OwnedFirstAt time.Time
	NoCapacity   bool // nobody was available when it was first to be routed
	DisposedAt   time.Time

	AwaitsCRM      bool      `json:",omitzero"` // it is delivered when the CRM has acknowledged the owner whom we picked
	AcknowledgedAt time.Time `json:",omitzero"` // when it did; zero: not yet
	FirstTouchAt   time.Time `json:",omitzero"` // the first genuine contact of the cycle
	Attempts       int       `json:",omitzero"` // to reach the lead in the cycle
}

// EndCycle begins the next cycle of a lead that was handed off.
func (l *Lead) EndCycle() {
	l.Past = append(l.Past, l.Cycle)
	l.Cycle = Cycle{Number: l.Number + 1, Since: l.Qualified.At}
}

// HistoryOf is the events of one cycle: from its hand-off to the next. The first begins with the lead; one that has no hand-off yet
// has none.
func (l *Lead) HistoryOf(number int) []lead.Event {
	var from, until time.Time
	for _, c := range append(slices.Clone(l.Past), l.Cycle) {
		switch {
		case c.Qualified == nil:
			if c.Number == number && number > 1 {
				return nil
			}
		case c.Number == number && number > 1:
			from = c.Qualified.At
		case c.Number > number && until.IsZero():
			until = c.Qualified.At
		}
	}
	return slices.DeleteFunc(l.History(), func(e lead.Event) bool {
		return e.Time.Before(from) || !until.IsZero() && !e.Time.Before(until)
	})
}

// readPast reads the ended cycles of leads.
func (l *Ledger) readPast(ctx context.Context, tx pgx.Tx, leads []*Lead) error {
	byID := map[string]*Lead{}
	for _, one := range leads {
		if one.Number > 1 {
			byID[one.ID] = one
		}
	}
	if len(byID) == 0 {
		return nil
	}
	var id string
	var text []byte
	return each(ctx, tx, []any{&id, &text}, func() error {
		var c Cycle
		if err := json.Unmarshal(text, &c); err != nil {
			return fmt.Errorf("cycles of lead %q: %w", id, err)
		}
		byID[id].Past = append(byID[id].Past, c)
		return nil
	}, `SELECT lead_id, stamps FROM cycles WHERE tenant = $1 AND lead_id = ANY($2) ORDER BY lead_id, cycle`, l.tenant, sortedKeys(byID))
}

// queuePast keeps the ended cycles of a lead, and empties its row for the one that began.
func (l *Ledger) queuePast(writes *pgx.Batch, one *Lead) error {
	if len(one.Past) == 0 {
		return nil
	}
	for _, c := range one.Past {
		stamps, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("cycle %d of lead %q: %w", c.Number, one.ID, err)
		}
		writes.Queue(`INSERT INTO cycles (tenant, lead_id, cycle, qualified_at, bundle_sequence, stamps) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING`, l.tenant, one.ID, c.Number, c.Qualified.At, c.JudgedBy, stamps)
	}
	writes.Queue(`UPDATE leads SET cycle = $3, cycle_since = $4, first_qualified_at = coalesce(first_qualified_at, $5),
    reached_at = NULL, reached_path = NULL, reached_missing = NULL, reached_sequence = NULL,
    qualified_at = NULL, path = NULL, threshold = NULL, score_at_handoff = NULL, met_threshold = NULL, intent = NULL,
    bundle_sequence = NULL, terms_revision = NULL, definition_revision = NULL, account_contacts = NULL, account_score = NULL,
    sal_at = NULL, sql_at = NULL, sql_unmet = NULL, picked_rep = NULL, picked_at = NULL, pool = NULL, owner = NULL, owned_at = NULL,
    owned_first_at = NULL, no_capacity = false, disposed_at = NULL,
    picked_first_at = NULL, breach_at = NULL, fallback = false,
    awaits_crm = false, acknowledged_at = NULL, first_touch_at = NULL, attempts = 0
WHERE tenant = $1 AND lead_id = $2 AND cycle < $3`, l.tenant, one.ID, one.Number, one.Since, one.Past[0].Qualified.At)
	return nil
}
