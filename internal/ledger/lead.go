// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Stage of a lead.
type Stage = lead.Stage

// The stages that a lead passes before sales has had it.
const (
	StageInquiry = lead.StageInquiry
	StageHeld    = lead.StageHeld
	StageMQL     = lead.StageMQL
	StageSQL     = lead.StageSQL
)

// Lead is what the ledger keeps of a lead beside its events. Times are UTC.
type Lead struct {
	ID      string
	Record  map[string]any // written by the scorer; not read back
	Stage   Stage
	Score   lead.Score // of the last evaluated event; Factors are not kept
	Missing []string   // required fields that hold it up
	Account string     // that it is a contact of; "" for none

	Cycle         // the latest
	Past  []Cycle // those before, oldest first

	Aside

	Peers          *lead.Contacts // the other contacts of its account; nil when they were not asked for, or it has none. Not kept
	Marks          []lead.Mark    // that other leads of its account made for all of them, in order of time. Kept with those
	DuplicateSince time.Time      // when it became known that it is the person of another lead; zero: it is not. Not kept
	GoLive         time.Time      // when the first terms took effect, as signed; zero: they do not say. Not kept
	Events         []Stored       // in order of their time, then of their arrival; those of leads that were merged into it among them

	Own    []Stored     // of a lead that took others in: those of its own
	Parts  []Part       // that were merged into it, in order of time
	Merges []lead.Merge // by which they were
	Idle   []lead.Merge // that say nothing new
	Alone  *Alone       // of a merged lead: what was stamped of it by itself

	Corrections []Correction // to be recorded

	asideRead    Aside
	cyclesRead   []Cycle // before others were set; nil while none were
	aloneChanged bool
}

// History is the events in the terms of the pure core.
func (l *Lead) History() []lead.Event {
	history := make([]lead.Event, len(l.Events))
	for i, e := range l.Events {
		history[i] = e.Event
	}
	return history
}

const leadColumns = `lead_id, stage, score_raw, score_rounded, score, missing,
    reached_at, coalesce(reached_path, ''), reached_missing, coalesce(reached_sequence, 0),
    qualified_at, coalesce(path, ''), coalesce(threshold, 0), coalesce(score_at_handoff, 0), coalesce(met_threshold, false),
    coalesce(intent, ''), coalesce(bundle_sequence, 0), coalesce(terms_revision, ''), coalesce(definition_revision, ''),
    coalesce(picked_rep, ''), picked_at, coalesce(pool, ''), coalesce(owner, ''), owned_at, owned_first_at, no_capacity, disposed_at,
    coalesce(account, ''), coalesce(account_contacts, 0), coalesce(account_score, 0), sql_at, sql_unmet, cycle, cycle_since, sal_at,
    picked_first_at, breach_at, fallback, awaits_crm, acknowledged_at, first_touch_at, attempts,
    ` + asideColumns

func scanLead(row pgx.CollectableRow) (*Lead, error) {
	var (
		l                                              Lead
		r                                              lead.Reached
		q                                              lead.Qualified
		reached, qualified, picked, owned, ownedFirst  *time.Time
		disposed, sql, since, sal, pickedFirst, breach *time.Time
		acknowledged, touched                          *time.Time
		aside                                          asideScan
	)
	err := row.Scan(append([]any{
		&l.ID, &l.Stage, &l.Score.Raw, &l.Score.Rounded, &l.Score.Clamped, &l.Missing,
		&reached, &r.Path, &r.Missing, &l.ReachedBy,
		&qualified, &q.Path, &q.Threshold, &q.Score, &q.MetThreshold,
		&q.Intent, &l.JudgedBy, &l.TermsRevision, &l.DefinitionRevision,
		&l.PickedRep, &picked, &l.Pool, &l.Owner, &owned, &ownedFirst, &l.NoCapacity, &disposed,
		&l.Account, &q.Account.Count, &q.Account.Score, &sql, &l.SQLUnmet, &l.Number, &since, &sal,
		&pickedFirst, &breach, &l.Fallback, &l.AwaitsCRM, &acknowledged, &touched, &l.Attempts,
	}, aside.targets(&l)...)...)
	if err != nil {
		return nil, err
	}
	if reached != nil {
		r.At = reached.UTC()
		l.Reached = &r
	}
	if qualified != nil {
		q.At = qualified.UTC()
		l.Qualified = &q
	}
	l.PickedAt, l.OwnedAt, l.OwnedFirstAt, l.DisposedAt = utc(picked), utc(owned), utc(ownedFirst), utc(disposed)
	l.SQLAt, l.Since, l.SALAt = utc(sql), utc(since), utc(sal)
	l.PickedFirstAt, l.BreachAt = utc(pickedFirst), utc(breach)
	l.AcknowledgedAt, l.FirstTouchAt = utc(acknowledged), utc(touched)
	aside.fill(&l)
	return &l, nil
}

func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// orNull is NULL for the zero time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// lock takes the rows of leads, in the order of their ids, and then reads their events in a statement of its own: it sees
// all that was committed before the rows were ours. Leads that were merged come as the one that is left of them.
func (l *Ledger) lock(ctx context.Context, tx pgx.Tx, ids []string) ([]*Lead, error) {
	merges, err := l.mergesOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	ids = withTied(ids, merges)
	rows, err := tx.Query(ctx, `SELECT `+leadColumns+` FROM leads WHERE tenant = $1 AND lead_id = ANY($2)
ORDER BY lead_id COLLATE "C" FOR UPDATE`, l.tenant, ids)
	if err != nil {
		return nil, err
	}
	leads, err := pgx.CollectRows(rows, scanLead)
	if err != nil {
		return nil, err
	}
	if err := l.readPast(ctx, tx, leads); err != nil {
		return nil, err
	}
	if err := l.readEvents(ctx, tx, leads); err != nil {
		return nil, err
	}
	if err := l.readGoLive(ctx, tx, leads); err != nil {
		return nil, err
	}
	return join(leads, merges), nil
}

func (l *Ledger) readEvents(ctx context.Context, tx pgx.Tx, leads []*Lead) error {
	byID := make(map[string]*Lead, len(leads))
	ids := make([]string, len(leads))
	for i, one := range leads {
		byID[one.ID] = one
		ids[i] = one.ID
	}
	rows, err := tx.Query(ctx, historySQL, l.tenant, ids, notScored)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			id, kind      string
			seq, scoredBy int64
			at            time.Time
			data          stored
		)
		if err := rows.Scan(&id, &seq, &kind, &at, &data, &scoredBy); err != nil {
			return err
		}
		one := byID[id]
		one.Events = append(one.Events, Stored{Event: domain(seq, lead.Kind(kind), at, data), ScoredBy: scoredBy})
	}
	return rows.Err()
}
