// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// CorrectionKind says what was changed by what became known late.
type CorrectionKind string

// The kinds of corrections. Those of stamps and clauses are recorded by the database itself, whoever changes them.
const (
	CorrectedReached    CorrectionKind = "reached"    // when a path was first reached
	CorrectedHandOff    CorrectionKind = "handOff"    // when the lead became MQL, or that it did not
	CorrectedAccepted   CorrectionKind = "accepted"   // when sales accepted it
	CorrectedSQL        CorrectionKind = "sql"        // when sales qualified it
	CorrectedObligation CorrectionKind = "obligation" // a clause that was settled
	Merged              CorrectionKind = "merged"     // the lead was taken into another
	IdleMerge           CorrectionKind = "idleMerge"  // a merge that says nothing new, such as one that closes a circle
	Overturned          CorrectionKind = "overturned" // a rejection is void
)

// Correction of what was kept of a lead. Before and After hold times, states and ids, and no value of a lead.
type Correction struct {
	Lead   string
	At     time.Time // when it was corrected
	Cause  int64     // sequence of the event that brought it about; 0 when it is not kept any more
	What   CorrectionKind
	Before map[string]any
	After  map[string]any
}

// Corrections of a lead, in the order in which they were made.
func (r *Reading) Corrections(ctx context.Context, leadID string) ([]Correction, error) {
	rows, err := r.tx.Query(ctx, `SELECT lead_id, at, coalesce(cause, 0), what, before, after FROM corrections
WHERE tenant = $1 AND lead_id = $2 ORDER BY id`, r.ledger.tenant, leadID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Correction, err error) {
		err = row.Scan(&c.Lead, &c.At, &c.Cause, &c.What, &c.Before, &c.After)
		c.At = c.At.UTC()
		return c, err
	})
}

// queueCorrection records it, once for each event that brings it about.
func (l *Ledger) queueCorrection(writes *pgx.Batch, c Correction) {
	writes.Queue(`INSERT INTO corrections (tenant, lead_id, cause, what, before, after) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant, lead_id, what, cause) WHERE what IN ('merged', 'idleMerge', 'overturned') DO NOTHING`,
		l.tenant, c.Lead, c.Cause, c.What, c.Before, c.After)
}

// stagedAs is what a lead was before it was corrected.
func stagedAs(stage Stage, c Cycle) map[string]any {
	was := map[string]any{"stage": stage, "cycle": c.Number}
	if c.Reached != nil {
		was["reached_at"] = c.Reached.At
	}
	if c.Qualified != nil {
		was["qualified_at"] = c.Qualified.At
	}
	return was
}
