// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Alone is what was stamped of a merged lead by itself. The row of the lead that is left tells of all of them.
type Alone struct {
	Cycles  []Cycle      // the latest last
	Parts   []lead.Merge `json:",omitempty"` // of a lead that took others in: what its row was made from
	Settled []Cycle      `json:",omitempty"` // and what of that stays
}

// Part is a lead that was taken into another, directly or by way of others.
type Part struct {
	*Lead
	Into string // the lead that took it in, which may be a part too
	At   time.Time
}

// mergesOf reads which leads are tied to the given ones, and how. Mostly none are.
func (l *Ledger) mergesOf(ctx context.Context, tx pgx.Tx, ids []string) ([]lead.Merge, error) {
	var found []lead.Merge
	known := map[int64]bool{}
	for asked := ids; len(asked) > 0; {
		var m lead.Merge
		next := map[string]bool{}
		err := each(ctx, tx, []any{&m.Survivor, &m.Merged, &m.At, &m.Sequence}, func() error {
			if known[m.Sequence] {
				return nil
			}
			known[m.Sequence], next[m.Survivor], next[m.Merged] = true, true, true
			m.At = m.At.UTC()
			found = append(found, m)
			return nil
		}, `SELECT lead_id, merged, at, seq FROM merges WHERE tenant = $1 AND lead_id = ANY($2)
UNION SELECT lead_id, merged, at, seq FROM merges WHERE tenant = $1 AND merged = ANY($2)`, l.tenant, asked)
		if err != nil {
			return nil, err
		}
		asked = sortedKeys(next)
	}
	return found, nil
}

// insertMerges notes what the merged events among the accepted say.
func (l *Ledger) insertMerges(ctx context.Context, tx pgx.Tx, c columns, accepted map[identity]bool) error {
	var sources, ids, merged []string
	for key, taken := range c.merged {
		if accepted[key] && taken != "" {
			sources, ids, merged = append(sources, key.source), append(ids, key.id), append(merged, taken)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
INSERT INTO merges (tenant, seq, lead_id, merged, at)
SELECT e.tenant, e.seq, e.lead_id, told.merged, e.time FROM unnest($2::text[], $3::text[], $4::text[]) AS told (source, event_id, merged)
JOIN events e ON e.tenant = $1 AND e.source = told.source AND e.event_id = told.event_id`, l.tenant, sources, ids, merged)
	return err
}

// workedOff is true of an obligation o when nothing is to be worked off about its lead, or about one that was merged into it, but what fails for
// good: a clock that waited for that would run out, and nobody would hear of it.
const workedOff = `NOT EXISTS (SELECT 1 FROM work w WHERE w.tenant = o.tenant AND w.lead_id = o.lead_id AND NOT (` + stuck + `))
          AND NOT EXISTS (SELECT 1 FROM leads m JOIN work w ON w.tenant = m.tenant AND w.lead_id = m.lead_id
              WHERE m.tenant = o.tenant AND m.merged_into = o.lead_id AND NOT (` + stuck + `))`

// withTied adds the leads that merges tie to the given ones.
func withTied(ids []string, merges []lead.Merge) []string {
	if len(merges) == 0 {
		return ids
	}
	all := slices.Clone(ids)
	for _, m := range merges {
		all = append(all, m.Survivor, m.Merged)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// join puts leads that were merged into the one that is left, which has the events of all of them.
func join(leads []*Lead, merges []lead.Merge) []*Lead {
	if len(merges) == 0 {
		return leads
	}
	byID := make(map[string]*Lead, len(leads))
	for _, one := range leads {
		byID[one.ID] = one
	}
	taken, idle := lead.ResolveMerges(merges)
	for _, id := range sortedKeys(taken) {
		t := taken[id]
		part, root := byID[id], byID[t.Root]
		if part == nil || root == nil {
			continue
		}
		if root.Parts == nil {
			root.Own = root.Events
			root.Events = slices.Clone(root.Events)
		}
		keepOwner(root, part, t.At)
		root.Parts = append(root.Parts, Part{Lead: part, Into: t.Survivor, At: t.At})
		root.Merges = append(root.Merges, t.Merge)
		root.Events = append(root.Events, part.Events...)
	}
	for _, m := range idle {
		if t, part := taken[m.Survivor]; part {
			m.Survivor = t.Root
		}
		if root := byID[m.Survivor]; root != nil {
			root.Idle = append(root.Idle, m)
		}
	}
	var left []*Lead
	for _, one := range leads {
		if _, part := taken[one.ID]; part {
			continue
		}
		if one.Parts != nil {
			slices.SortFunc(one.Parts, func(a, b Part) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
			slices.SortFunc(one.Events, byTime)
		}
		left = append(left, one)
	}
	return left
}

// keepOwner has the owner of a lead stay when it takes another in: who was told to own the other one before then hands it over.
func keepOwner(root, part *Lead, at time.Time) {
	owner := root.PickedRep
	if root.Alone != nil {
		owner = root.Alone.Cycles[len(root.Alone.Cycles)-1].PickedRep
	}
	own := root.Own
	if own == nil {
		own = root.Events
	}
	for _, e := range own {
		if e.Kind == lead.KindAssigned && e.Time.Before(at) {
			owner = e.Owner
		}
	}
	if owner == "" {
		return
	}
	for i, e := range part.Events {
		if e.Kind == lead.KindAssigned && e.Time.Before(at) {
			part.Events[i].Owner = owner
		}
	}
}

func byTime(a, b Stored) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Sequence, b.Sequence))
}

// Cycles are all of the lead, the latest last.
func (l *Lead) Cycles() []Cycle { return append(slices.Clone(l.Past), l.Cycle) }

// SetCycles of a lead whose cycles may be others than those that were kept.
func (l *Lead) SetCycles(cycles []Cycle) {
	if l.cyclesRead == nil {
		l.cyclesRead = l.Cycles()
	}
	l.Past, l.Cycle = slices.Clone(cycles[:len(cycles)-1]), cycles[len(cycles)-1]
	if l.Number == 0 {
		l.Number = 1
	}
}

// rewritten says whether they are.
func (l *Lead) rewritten() bool {
	return l.cyclesRead != nil && !reflect.DeepEqual(l.cyclesRead, l.Cycles())
}

// queueMerged writes the leads that were taken in: nothing is owed of them any more, and nobody owns them.
func (l *Ledger) queueMerged(writes *pgx.Batch, one *Lead) error {
	for _, m := range one.Idle {
		l.queueCorrection(writes, Correction{Lead: m.Survivor, Cause: m.Sequence, What: IdleMerge, After: map[string]any{"merged": m.Merged}})
	}
	if err := l.queueAlone(writes, one); err != nil {
		return err
	}
	for _, part := range one.Parts {
		m := one.Merges[slices.IndexFunc(one.Merges, func(m lead.Merge) bool { return m.Merged == part.ID })]
		l.queueCorrection(writes, Correction{
			Lead: part.ID, Cause: m.Sequence, What: Merged, Before: stagedAs(part.Stage, part.Cycle), After: map[string]any{"into": one.ID, "at": m.At},
		})
		if err := l.queueAlone(writes, part.Lead); err != nil {
			return err
		}
		if part.asideRead.MergedInto == one.ID {
			continue
		}
		writes.Queue(`UPDATE leads SET stage = 'Merged', merged_into = $3, record = '{}', score = 0, score_raw = 0, score_rounded = 0, missing = '{}',
    account = NULL, identity = NULL, identity_since = NULL, duplicate_of = NULL, awaits_since = NULL, excluded_by = NULL,
    suppressed_at = NULL, suppressed_scope = NULL, before_go_live = false WHERE tenant = $1 AND lead_id = $2`, l.tenant, part.ID, one.ID)
		l.queueCycles(writes, &Lead{ID: part.ID, Cycle: Cycle{Number: 1}})
		writes.Queue(`DELETE FROM account_marks WHERE tenant = $1 AND lead_id = $2`, l.tenant, part.ID)
	}
	return nil
}

func (l *Ledger) queueAlone(writes *pgx.Batch, one *Lead) error {
	if !one.aloneChanged {
		return nil
	}
	if one.Alone == nil {
		writes.Queue(`UPDATE leads SET alone = NULL WHERE tenant = $1 AND lead_id = $2`, l.tenant, one.ID)
		return nil
	}
	alone, err := json.Marshal(one.Alone)
	if err != nil {
		return fmt.Errorf("stamps of lead %q: %w", one.ID, err)
	}
	writes.Queue(`UPDATE leads SET alone = $3 WHERE tenant = $1 AND lead_id = $2`, l.tenant, one.ID, alone)
	return nil
}

// SetAlone keeps what was stamped of a merged lead by itself; nil where it is merged no more.
func (l *Lead) SetAlone(a *Alone) { l.Alone, l.aloneChanged = a, true }

// queueCycles writes the cycles of a lead anew: those that were kept are not its own any more.
func (l *Ledger) queueCycles(writes *pgx.Batch, one *Lead) {
	var r lead.Reached
	var q lead.Qualified
	var reached, qualified, first *time.Time
	if one.Reached != nil {
		r, reached = *one.Reached, &one.Reached.At
	}
	if one.Qualified != nil {
		q, qualified = *one.Qualified, &one.Qualified.At
		first = qualified
	}
	if len(one.Past) > 0 {
		first = &one.Past[0].Qualified.At
	}
	writes.Queue(`DELETE FROM cycles WHERE tenant = $1 AND lead_id = $2`, l.tenant, one.ID)
	writes.Queue(`UPDATE leads SET cycle = $3, cycle_since = $4, first_qualified_at = $5,
    reached_at = $6, reached_path = nullif($7, ''), reached_missing = $8, reached_sequence = nullif($9, 0),
    qualified_at = $10, path = nullif($11, ''), threshold = CASE WHEN $10::timestamptz IS NULL THEN NULL ELSE $12::bigint END,
    score_at_handoff = CASE WHEN $10::timestamptz IS NULL THEN NULL ELSE $13::bigint END,
    met_threshold = CASE WHEN $10::timestamptz IS NULL THEN NULL ELSE $14::boolean END, intent = nullif($15, ''),
    bundle_sequence = nullif($16, 0), terms_revision = nullif($17, ''), definition_revision = nullif($18, ''),
    account_contacts = nullif($19, 0), account_score = nullif($20, 0)
WHERE tenant = $1 AND lead_id = $2`, l.tenant, one.ID, one.Number, orNull(one.Since), first,
		reached, r.Path, r.Missing, one.ReachedBy, qualified, q.Path, q.Threshold, q.Score, q.MetThreshold, q.Intent,
		one.JudgedBy, one.TermsRevision, one.DefinitionRevision, q.Account.Count, q.Account.Score)
	writes.Queue(`UPDATE leads SET sal_at = $3, sql_at = $4, sql_unmet = $5, picked_rep = nullif($6, ''), picked_at = $7, pool = nullif($8, ''),
    owner = nullif($9, ''), owned_at = $10, owned_first_at = $11, no_capacity = $12, disposed_at = $13,
    picked_first_at = $14, breach_at = $15, fallback = $16, awaits_crm = $17, acknowledged_at = $18, first_touch_at = $19, attempts = $20
WHERE tenant = $1 AND lead_id = $2`, l.tenant, one.ID, orNull(one.SALAt), orNull(one.SQLAt), one.SQLUnmet, one.PickedRep, orNull(one.PickedAt), one.Pool,
		one.Owner, orNull(one.OwnedAt), orNull(one.OwnedFirstAt), one.NoCapacity, orNull(one.DisposedAt),
		orNull(one.PickedFirstAt), orNull(one.BreachAt), one.Fallback, one.AwaitsCRM, orNull(one.AcknowledgedAt), orNull(one.FirstTouchAt), one.Attempts)
	from := one.Number
	if one.Reached != nil {
		from++ // the router keeps what is owed of this one
	}
	writes.Queue(`DELETE FROM obligations WHERE tenant = $1 AND lead_id = $2 AND cycle >= $3`, l.tenant, one.ID, from)
}
