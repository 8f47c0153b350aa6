// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Letter is an effect that waits or was given up. It names ids only.
type Letter struct {
	Job       int64      `json:"job"`
	Kind      string     `json:"kind"`  // notice, report or crm
	State     string     `json:"state"` // Waiting or Parked
	Recipient Recipient  `json:"recipient,omitempty"`
	Rep       string     `json:"rep,omitempty"`
	Levels    []string   `json:"levels,omitempty"` // of its notices
	About     string     `json:"about,omitempty"`  // what of the contract: a step of an escalation, or a report
	Leads     []string   `json:"leads"`            // at most ten
	Count     int        `json:"count"`            // of its items
	Since     time.Time  `json:"since"`
	ParkedAt  *time.Time `json:"parkedAt,omitempty"`
	Attempts  int        `json:"attempts"`
	Error     string     `json:"error,omitempty"` // of the last attempt
}

// The states of a letter.
const (
	Waiting = "Waiting"
	Parked  = "Parked"
)

// Letters are the tenant's effects that were given up, oldest first; with waiting also those that are still to be done.
func (l *Ledger) Letters(ctx context.Context, waiting bool, limit int) ([]Letter, error) {
	states := []rivertype.JobState{rivertype.JobStateDiscarded, rivertype.JobStateCancelled}
	if waiting {
		states = append(states, waitingStates...)
	}
	rows, err := l.pool.Query(ctx, `
SELECT j.id, j.kind, CASE WHEN j.finalized_at IS NULL THEN 'Waiting' ELSE 'Parked' END, coalesce(m.recipient, ''), coalesce(m.rep, ''),
    coalesce(n.levels, '{}'), coalesce(e.clause || ' level ' || e.level, r.cadence || ' ' || r.review || ' ' || r.period, ''),
    coalesce(n.leads, array_remove(ARRAY[b.lead_id], NULL)), CASE WHEN e.id IS NULL THEN coalesce(n.count, 1) ELSE 1 END, j.created_at, j.finalized_at, j.attempt,
    coalesce(j.errors[array_upper(j.errors, 1)] ->> 'error', '')
FROM river_job j
LEFT JOIN messages m ON j.kind IN ('notice', 'report') AND m.tenant = $1 AND m.id = (j.args ->> 'message')::bigint
LEFT JOIN LATERAL (SELECT array_agg(DISTINCT level) AS levels, (array_agg(DISTINCT lead_id))[1:10] AS leads, count(*) AS count
    FROM notices WHERE tenant = $1 AND message = m.id) AS n ON j.kind = 'notice'
LEFT JOIN escalations e ON e.tenant = $1 AND e.id = m.escalation
LEFT JOIN reports r ON r.tenant = $1 AND r.id = m.report
LEFT JOIN outbox b ON j.kind = 'crm' AND b.tenant = $1 AND b.id = (j.args ->> 'outbox')::bigint
WHERE j.queue = ANY($2) AND j.state = ANY($3::text[]::river_job_state[]) ORDER BY j.id LIMIT $4`, l.tenant, l.queues(), states, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (one Letter, err error) {
		err = row.Scan(&one.Job, &one.Kind, &one.State, &one.Recipient, &one.Rep, &one.Levels, &one.About, &one.Leads, &one.Count, &one.Since, &one.ParkedAt,
			&one.Attempts, &one.Error)
		one.Since = one.Since.UTC()
		if one.ParkedAt != nil {
			*one.ParkedAt = one.ParkedAt.UTC()
		}
		return one, err
	})
}

var waitingStates = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStateRetryable, rivertype.JobStateScheduled, rivertype.JobStateRunning,
}

// outstandingStates are all but that of a job that is done.
var outstandingStates = append([]rivertype.JobState{
	rivertype.JobStateDiscarded, rivertype.JobStateCancelled, rivertype.JobStatePending,
}, waitingStates...)

// NotParkedError says that a job is not among the tenant's that were given up.
type NotParkedError struct {
	Tenant string
	Job    int64
}

func (e *NotParkedError) Error() string {
	return fmt.Sprintf("job %d is no dead letter of ledger tenant %q; list them with: kubectl sla dead-letters list", e.Job, e.Tenant)
}

// RetryLetters has jobs that were given up tried once more: all or, when one of them is not there, none.
func (l *Ledger) RetryLetters(ctx context.Context, jobs []int64) error {
	client, err := l.River(river.Config{})
	if err != nil {
		return err
	}
	return l.eachParked(ctx, jobs, func(tx pgx.Tx, id int64) error {
		_, err := client.JobRetryTx(ctx, tx, id)
		return err
	})
}

// DiscardLetters deletes jobs that were given up: all or none. What they would have said stays unsaid; a notice stays noted, and is not sent
// again.
func (l *Ledger) DiscardLetters(ctx context.Context, jobs []int64) error {
	return l.eachParked(ctx, jobs, func(tx pgx.Tx, id int64) error {
		_, err := tx.Exec(ctx, `
UPDATE messages SET dropped = 'Discarded' WHERE tenant = $1 AND sent_at IS NULL
AND id = (SELECT (args ->> 'message')::bigint FROM river_job WHERE id = $2 AND kind IN ('notice', 'report'))`, l.tenant, id)
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE outbox SET parked = NULL WHERE tenant = $1 AND parked = $2`, l.tenant, id)
		}
		if err == nil { // it was River that gave it up, and that was not noted yet
			_, err = tx.Exec(ctx, `
UPDATE outbox b SET live = NULL FROM river_job j WHERE b.tenant = $1 AND j.id = $2 AND j.kind = 'crm'
AND b.id = (j.args ->> 'outbox')::bigint AND b.live = (j.args ->> 'token')::bigint`, l.tenant, id)
		}
		if err != nil {
			return err
		}
		return l.deleteJob(ctx, tx, id)
	})
}

func (l *Ledger) eachParked(ctx context.Context, jobs []int64, f func(pgx.Tx, int64) error) error {
	return l.inTx(ctx, func(tx pgx.Tx) error {
		for _, id := range jobs {
			var there bool
			err := tx.QueryRow(ctx, `
SELECT EXISTS (SELECT 1 FROM river_job WHERE id = $1 AND queue = ANY($2) AND state IN ('discarded', 'cancelled'))`, id, l.queues()).Scan(&there)
			if err != nil {
				return err
			}
			if !there {
				return &NotParkedError{Tenant: l.tenant, Job: id}
			}
			if err := f(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Outstanding is how much is still to be done of one kind of effect.
type Outstanding struct {
	Kind    string
	Pending int64
	Parked  int64
	Age     time.Duration // since the oldest pending one was due
}

// OutstandingEffects are those of the tenant, a row a kind. What is scheduled for later counts as pending but is not old. The states are named, so
// that the index of the jobs serves: most of them are completed, and kept for a day.
func (l *Ledger) OutstandingEffects(ctx context.Context) ([]Outstanding, error) {
	var out []Outstanding
	for _, kind := range kinds {
		b := Outstanding{Kind: kind}
		err := l.pool.QueryRow(ctx, `
SELECT count(*) FILTER (WHERE finalized_at IS NULL), count(*) FILTER (WHERE finalized_at IS NOT NULL),
    coalesce(greatest(clock_timestamp() - min(CASE WHEN attempt = 0 THEN scheduled_at ELSE created_at END)
        FILTER (WHERE state IN ('available', 'retryable', 'running') OR state = 'scheduled' AND scheduled_at < clock_timestamp()), '0'), '0')
FROM river_job WHERE queue = ANY($1) AND state = ANY($2::text[]::river_job_state[])`, queuesOf(kind, l.tenant), outstandingStates).
			Scan(&b.Pending, &b.Parked, &b.Age)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}
