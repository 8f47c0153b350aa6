// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/tracing"
)

// queueEffect is the queue of traces, and of no work, for what people and other systems are told: River has their jobs.
const queueEffect = "effect"

// traceparents of leads; nil while nothing is traced.
type traceparents map[string]string

// tracesOf are those that events bring with them.
func tracesOf(entries []Entry) traceparents {
	if !tracing.On() {
		return nil
	}
	parents := traceparents{}
	for _, e := range entries {
		if e.Traceparent != "" {
			parents[e.Lead] = e.Traceparent
		}
	}
	return parents
}

// note keeps them for the step that works on the leads next, in the transaction that gives it the work.
func (p traceparents) note(ctx context.Context, tx pgx.Tx, tenant, queue string) error {
	if len(p) == 0 {
		return nil
	}
	leads := sortedKeys(p)
	parents := make([]string, len(leads))
	for i, one := range leads {
		parents[i] = p[one]
	}
	_, err := tx.Exec(ctx, `
INSERT INTO traces (tenant, queue, lead_id, traceparent)
SELECT $1, $2, lead_id, traceparent FROM unnest($3::text[], $4::text[]) AS noted (lead_id, traceparent)
WHERE $2 = $5 AND EXISTS (SELECT 1 FROM notices n WHERE n.tenant = $1 AND n.lead_id = noted.lead_id AND n.message IS NOT NULL)
   OR $2 = $5 AND EXISTS (SELECT 1 FROM outbox o WHERE o.tenant = $1 AND o.lead_id = noted.lead_id AND o.live IS NOT NULL)
   OR EXISTS (SELECT 1 FROM work w WHERE w.tenant = $1 AND w.queue = $2 AND w.lead_id = noted.lead_id)`,
		tenant, queue, leads, parents, queueEffect)
	return err
}

// followed are the spans of a step, one for each cause of each lead that is traced; nil while nothing is.
type followed struct {
	next traceparents
	ends []func(error)
}

// follow takes up the traces of leads that a step works on: a span for each, in the trace of what brought the news.
func (l *Ledger) follow(ctx context.Context, tx pgx.Tx, step, queue string, ids []string) (*followed, error) {
	if !tracing.On() || len(ids) == 0 {
		return nil, nil
	}
	f := &followed{next: traceparents{}}
	batch, end := tracing.Start(ctx, step+" batch", len(ids))
	f.ends = append(f.ends, end)
	var id, parent string
	return f, each(ctx, tx, []any{&id, &parent}, func() error {
		span, end := tracing.StartLead(batch, step, parent, id)
		f.ends = append(f.ends, end)
		if next := tracing.Parent(span); next != "" {
			f.next[id] = next
		}
		return nil
	}, `DELETE FROM traces WHERE tenant = $1 AND queue = $2 AND lead_id = ANY($3) RETURNING lead_id, traceparent`, l.tenant, queue, ids)
}

// pass hands the traces on to the next step.
func (f *followed) pass(ctx context.Context, tx pgx.Tx, tenant, queue string) error {
	if f == nil {
		return nil
	}
	return f.next.note(ctx, tx, tenant, queue)
}

// end of the spans, with the outcome of the transaction.
func (f *followed) end(err error) {
	if f == nil {
		return
	}
	for i := len(f.ends) - 1; i >= 0; i-- {
		f.ends[i](err)
	}
}

// FollowEffect takes up the traces of leads that somebody is told about. The function that it returns ends the spans.
func (l *Ledger) FollowEffect(ctx context.Context, name string, ids ...string) func(error) {
	if !tracing.On() {
		return func(error) {}
	}
	var f *followed
	err := l.inTx(ctx, func(tx pgx.Tx) (err error) {
		f, err = l.follow(ctx, tx, name, queueEffect, ids)
		return err
	})
	if err != nil {
		f.end(err) // the effect matters, its trace does not
		return func(error) {}
	}
	return f.end
}
