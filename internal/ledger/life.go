// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Life is all that the ledger keeps of a lead.
type Life struct {
	Now         time.Time // by the database's clock
	Lead        *Lead     // as it is judged: with the events of leads that were merged into it
	Arrivals    []Arrival
	Clocks      []Clock
	Choices     []Choice
	Corrections []Correction
	Notices     []Told
	Waiting     int64  // news that are not worked off
	LinkedTo    string // the recycled lead of its account in whose place it came
}

// Arrival is an event as it came. An event that came again is not there twice.
type Arrival struct {
	Sequence   int64
	Lead       string
	Source, ID string
	Kind       lead.Kind
	Time       time.Time // when it happened
	Received   time.Time
	ScoredBy   int64     // sequence of the pair; 0 while none has
	ScoredAt   time.Time // zero while it is not
	Data       json.RawMessage
}

// Clock is an obligation of one of the lead's cycles.
type Clock struct {
	Cycle    int
	Revision string // of the terms
	sla.Obligation
}

// Told is a notice about a lead.
type Told struct {
	Cycle     int
	Clause    sla.Clause
	Level     string
	Recipient string
	Rep       string
	At        time.Time // when it was noted
	Sent      time.Time // zero while it waits
	Dropped   string    // why it was not sent
	Swept     bool      // it was sent or dropped so long ago that its message is not kept
}

// Life reads all of a lead. A lead that is not there is an UnknownLeadError.
func (r *Reading) Life(ctx context.Context, id string) (*Life, error) {
	one, err := r.Lead(ctx, id)
	if err != nil {
		return nil, err
	}
	life := &Life{Lead: one}
	if life.Now, err = now(ctx, r.tx); err != nil {
		return nil, err
	}
	err = r.tx.QueryRow(ctx, `
SELECT (SELECT count(*) FROM work WHERE tenant = $1 AND lead_id = $2), coalesce(linked_to(l.tenant, l.lead_id), '') FROM leads l WHERE tenant = $1 AND lead_id = $2`,
		r.ledger.tenant, id).Scan(&life.Waiting, &life.LinkedTo)
	if err != nil {
		return nil, err
	}
	for _, read := range []func() error{
		func() (err error) { life.Arrivals, err = r.arrivals(ctx, one); return err },
		func() (err error) { life.Clocks, err = r.clocks(ctx, id); return err },
		func() (err error) { life.Choices, err = r.Choices(ctx, id); return err },
		func() (err error) { life.Corrections, err = r.Corrections(ctx, id); return err },
		func() (err error) { life.Notices, err = r.told(ctx, id); return err },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return life, nil
}

func (r *Reading) arrivals(ctx context.Context, one *Lead) ([]Arrival, error) {
	sequences := make([]int64, len(one.Events))
	for i, e := range one.Events {
		sequences[i] = e.Sequence
	}
	rows, err := r.tx.Query(ctx, `
SELECT seq, lead_id, source, event_id, kind, time, received_at, coalesce(scored_by, 0), scored_at, data FROM events
WHERE tenant = $1 AND (seq = ANY($2) OR lead_id = $3) ORDER BY time, seq`, r.ledger.tenant, sequences, one.ID)
	if err != nil {
		return nil, err
	}
	events, err := pgx.CollectRows(rows, scanArrival)
	if err != nil {
		return nil, err
	}
	refused, err := r.refusals(ctx, sequences, one.ID)
	events = append(events, refused...)
	slices.SortFunc(events, func(a, b Arrival) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Sequence, b.Sequence)) })
	return events, err
}

func scanArrival(row pgx.CollectableRow) (a Arrival, err error) {
	var scored *time.Time
	var data []byte
	err = row.Scan(&a.Sequence, &a.Lead, &a.Source, &a.ID, &a.Kind, &a.Time, &a.Received, &a.ScoredBy, &scored, &data)
	a.Time, a.Received, a.ScoredAt, a.Data = a.Time.UTC(), a.Received.UTC(), utc(scored), data
	return a, err
}

func (r *Reading) clocks(ctx context.Context, id string) ([]Clock, error) {
	rows, err := r.tx.Query(ctx, `
SELECT cycle, clause, tier, period, revision, started_at, due_at, warn_at, stopped_at, state FROM obligations
WHERE tenant = $1 AND lead_id = $2 ORDER BY cycle, started_at, clause COLLATE "C"`, r.ledger.tenant, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Clock, err error) {
		var start, due, warn, stop *time.Time
		err = row.Scan(&c.Cycle, &c.Clause, &c.Tier, &c.Period, &c.Revision, &start, &due, &warn, &stop, &c.State)
		c.Start, c.Due, c.Warn, c.Stop = utc(start), utc(due), utc(warn), utc(stop)
		return c, err
	})
}

func (r *Reading) told(ctx context.Context, id string) ([]Told, error) {
	rows, err := r.tx.Query(ctx, `
SELECT n.cycle, n.clause, n.level, n.recipient, n.rep, n.at, m.sent_at, coalesce(m.dropped, ''), n.message IS NOT NULL AND m.id IS NULL
FROM notices n LEFT JOIN messages m ON m.id = n.message
WHERE n.tenant = $1 AND n.lead_id = $2 ORDER BY n.at, n.clause COLLATE "C", n.level COLLATE "C"`, r.ledger.tenant, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (n Told, err error) {
		var sent *time.Time
		err = row.Scan(&n.Cycle, &n.Clause, &n.Level, &n.Recipient, &n.Rep, &n.At, &sent, &n.Dropped, &n.Swept)
		n.At, n.Sent = n.At.UTC(), utc(sent)
		return n, err
	})
}
