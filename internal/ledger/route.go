// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Routing is the decision about some leads, inside the transaction that will keep it.
type Routing struct {
	Now   time.Time // by the database's clock; a pick is made at this time
	Leads []*Lead

	ledger   *Ledger
	tx       pgx.Tx
	rotation *Rotation
	loaded   map[string]int // what the open leads of a rep will be more than the rows say; noted before there is a rotation
	outcome  []routed
	past     []routed
	choices  []Choice
	failed   []Failed
	failing  map[string]time.Time // nil when the leads are not from the queue
	owners   map[string]string    // before the decision
	recorded map[string]bool      // leads that the CRM has a record of; nil when nobody asks
	terms    map[string]*sla.Compiled
}

type routed struct {
	lead        *Lead
	cycle       int
	revision    string
	obligations []sla.Obligation
}

// Decide is called with the leads that were claimed. It calls Keep or Fail for each; a lead with neither is left as it is.
type Decide func(context.Context, *Routing) error

// Keep has the lead's owner and standing written. revision is the name of the terms that it is judged by.
func (r *Routing) Keep(one *Lead, revision string, obligations []sla.Obligation) {
	r.outcome = append(r.outcome, routed{lead: one, cycle: one.Number, revision: revision, obligations: obligations})
}

// KeepPast has the standing of one of the lead's ended cycles written: what happened in it may become known late.
func (r *Routing) KeepPast(one *Lead, cycle int, revision string, obligations []sla.Obligation) {
	r.past = append(r.past, routed{lead: one, cycle: cycle, revision: revision, obligations: obligations})
}

// Timed has it kept how long the clocks of leads ran that are judged by a revision: its terms say in what time they count.
func (r *Routing) Timed(revision string, terms *sla.Compiled) {
	if r.terms == nil {
		r.terms = map[string]*sla.Compiled{}
	}
	r.terms[revision] = terms
}

// elapsed is how long a clock ran, in whole seconds: rounded up, so that what took longer than a limit does so afterwards too. nil where there is nothing to
// say.
func (r *Routing) elapsed(revision string, o sla.Obligation) *int64 {
	terms := r.terms[revision]
	if terms == nil {
		return nil
	}
	took, done := terms.Took(o)
	if !done {
		return nil
	}
	return new(min(int64((took+time.Second-1)/time.Second), math.MaxInt32))
}

// Fail leaves the lead for a later try.
func (r *Routing) Fail(one *Lead, err error) {
	r.failed = append(r.failed, Failed{Lead: one.ID, Err: err})
}

// Route claims up to limit leads with news and has them decided. Its error is a StaleError when another pair than the loaded one is
// in force, or comes into force meanwhile.
func (l *Ledger) Route(ctx context.Context, loaded int64, limit int, decide Decide) (Batch, error) {
	return l.route(ctx, loaded, decide, func(tx pgx.Tx) (claimed, error) {
		return l.claim(ctx, tx, queueRoute, limit)
	})
}

func (l *Ledger) route(ctx context.Context, loaded int64, decide Decide, choose func(pgx.Tx) (claimed, error)) (Batch, error) {
	var batch Batch
	var traced *followed
	err := l.inTx(ctx, func(tx pgx.Tx) error {
		entered, err := l.enterInForce(ctx, tx, loaded)
		if err != nil {
			return err
		}
		c, err := choose(tx)
		if err != nil || len(c.ids) == 0 {
			return err
		}
		if traced, err = l.follow(ctx, tx, "route", queueRoute, c.ids); err != nil {
			return err
		}
		fault.Point("route.claimed")
		r := &Routing{ledger: l, tx: tx, failing: c.failing}
		if r.Leads, err = l.lock(ctx, tx, c.ids); err != nil {
			return err
		}
		if err = l.readPeerMarks(ctx, tx, r.Leads); err != nil {
			return err
		}
		if r.recorded, err = l.recordedAmong(ctx, tx, r.Leads); err != nil {
			return err
		}
		if r.Now, err = now(ctx, tx); err != nil {
			return err
		}
		r.owners = l.ownersOf(r.Leads)
		if err := decide(ctx, r); err != nil {
			return err
		}
		fault.Point("route.decided")
		batch = Batch{Leads: len(r.outcome), Failed: r.failed, Choices: r.countChoices()}
		if err := r.save(ctx); err != nil {
			return err
		}
		if err := traced.pass(ctx, tx, l.tenant, queueEffect); err != nil {
			return err
		}
		fault.Point("route.published")
		return l.leaveInForce(ctx, tx, entered)
	})
	traced.end(err)
	if err != nil {
		return Batch{}, err
	}
	return batch, nil
}

func (r *Routing) save(ctx context.Context) error {
	var writes pgx.Batch
	for _, one := range r.outcome {
		r.queueOwner(&writes, one.lead)
		r.queueObligations(&writes, one)
	}
	for _, one := range r.past {
		r.queueObligations(&writes, one)
	}
	r.queueChoices(&writes)
	if r.rotation != nil {
		r.rotation.queue(&writes, r.ledger.tenant)
	}
	if writes.Len() > 0 {
		if err := r.tx.SendBatch(ctx, &writes).Close(); err != nil {
			return err
		}
	}
	if err := r.tell(ctx); err != nil {
		return err
	}
	if r.failing == nil {
		return nil // not from the queue: they are on the list of the next try anyway
	}
	return postpone(ctx, r.tx, r.ledger.tenant, queueRoute, r.failed, r.failing)
}

func (r *Routing) queueOwner(writes *pgx.Batch, one *Lead) {
	writes.Queue(`UPDATE leads SET picked_rep = nullif($3, ''), picked_at = $4, pool = nullif($5, ''), owner = nullif($6, ''),
    owned_at = $7, owned_first_at = $8, no_capacity = $9, disposed_at = $10, sql_at = $11, sql_unmet = $12,
    picked_first_at = $13, breach_at = $14, fallback = $15,
    sal_at = $16, stage = $17, awaits_crm = $18, first_touch_at = $19, attempts = $20
WHERE tenant = $1 AND lead_id = $2`, r.ledger.tenant, one.ID, one.PickedRep, orNull(one.PickedAt), one.Pool, one.Owner,
		orNull(one.OwnedAt), orNull(one.OwnedFirstAt), one.NoCapacity, orNull(one.DisposedAt), orNull(one.SQLAt), one.SQLUnmet,
		orNull(one.PickedFirstAt), orNull(one.BreachAt), one.Fallback,
		orNull(one.SALAt), one.Stage, one.AwaitsCRM, orNull(one.FirstTouchAt), one.Attempts)
}

func (r *Routing) queueObligations(writes *pgx.Batch, one routed) {
	clauses := make([]string, len(one.obligations))
	for i, o := range one.obligations {
		clauses[i] = string(o.Clause)
		writes.Queue(`
INSERT INTO obligations AS o (tenant, lead_id, clause, tier, period, revision, started_at, due_at, warn_at, stopped_at, state, cycle, elapsed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (tenant, lead_id, cycle, clause) DO UPDATE SET tier = excluded.tier, period = excluded.period, revision = excluded.revision,
    started_at = excluded.started_at, due_at = excluded.due_at, warn_at = excluded.warn_at, stopped_at = excluded.stopped_at,
    state = excluded.state, elapsed = excluded.elapsed
WHERE (o.tier, o.period, o.revision, o.started_at, o.due_at, o.warn_at, o.stopped_at, o.state, o.elapsed) IS DISTINCT FROM
    (excluded.tier, excluded.period, excluded.revision, excluded.started_at, excluded.due_at, excluded.warn_at,
     excluded.stopped_at, excluded.state, excluded.elapsed)`,
			r.ledger.tenant, one.lead.ID, o.Clause, o.Tier, o.Period, one.revision, orNull(o.Start), orNull(o.Due),
			orNull(o.Warn), orNull(o.Stop), o.State, one.cycle, r.elapsed(one.revision, o))
	}
	writes.Queue(`DELETE FROM obligations WHERE tenant = $1 AND lead_id = $2 AND clause <> ALL($3) AND cycle = $4`,
		r.ledger.tenant, one.lead.ID, clauses, one.cycle)
}
