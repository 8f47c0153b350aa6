// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/crm"
)

// CRMState is how the ledger stands with the CRM. It names ids only.
type CRMState struct {
	Cursors    []CRMCursor        `json:"cursors"`
	Holder     string             `json:"holder,omitempty"` // who reads; empty when nobody does
	Until      time.Time          `json:"until,omitzero"`   // when that ends unless it is renewed
	Records    int64              `json:"records"`
	Gone       map[crm.Gone]int64 `json:"gone,omitempty"`
	Unmatched  int64              `json:"unmatched"` // leads that have no record
	Diverged   int64              `json:"diverged"`
	Restoring  int64              `json:"restoring"` // that the writer is to set back
	Stopped    []CRMStopped       `json:"stopped,omitempty"`
	SetBacks   int64              `json:"setBacks"` // in the last 24 hours
	Hints      int64              `json:"hints"`    // that wait
	HintsSince time.Time          `json:"hintsSince,omitzero"`
	Budget     []CRMAllowance     `json:"budget,omitempty"`
}

// CRMCursor is how far a stream was read.
type CRMCursor struct {
	Stream  crm.Stream    `json:"stream"`
	Time    time.Time     `json:"time,omitzero"`
	ID      string        `json:"id,omitempty"`
	MovedAt time.Time     `json:"movedAt,omitzero"`
	Lag     time.Duration `json:"-"` // behind the clock of the database
}

// MarshalJSON has the lag in seconds.
func (c CRMCursor) MarshalJSON() ([]byte, error) {
	type plain CRMCursor
	return json.Marshal(struct {
		plain

		Lag int64 `json:"lagSeconds"`
	}{plain(c), int64(c.Lag / time.Second)})
}

// CRMStopped is a lead that is not set back any more.
type CRMStopped struct {
	Lead   string    `json:"lead"`
	Record string    `json:"record"`
	Since  time.Time `json:"since"`
}

// CRMAllowance is what is known of one kind of request.
type CRMAllowance struct {
	Account      string        `json:"account"`
	Kind         string        `json:"kind"`
	Limit        int           `json:"limit"` // in a window; 0 when it is not known
	Window       time.Duration `json:"-"`
	Taken        int           `json:"taken"` // of it in the window that runs
	BlockedUntil time.Time     `json:"blockedUntil,omitzero"`
	DayLimit     int           `json:"dayLimit"`
	DayRemaining int           `json:"dayRemaining"`
	ToldAt       time.Time     `json:"toldAt,omitzero"` // when the CRM last said so
}

// MarshalJSON has the window in seconds.
func (a CRMAllowance) MarshalJSON() ([]byte, error) {
	type plain CRMAllowance
	return json.Marshal(struct {
		plain

		Window float64 `json:"windowSeconds"`
	}{plain(a), a.Window.Seconds()})
}

// PlannedWrite is one that a dry run would have made.
type PlannedWrite struct {
	Lead    string          `json:"lead"`
	Record  string          `json:"record,omitempty"`
	Changed time.Time       `json:"changed"`
	Planned json.RawMessage `json:"planned"`
}

// CRMState reads how the ledger stands with the CRM, at one instant.
func (l *Ledger) CRMState(ctx context.Context) (s CRMState, err error) {
	err = l.Read(ctx, func(r *Reading) error {
		s = CRMState{}
		for _, read := range []func(context.Context, *CRMState) error{
			r.crmCursors, r.crmReader, r.crmRecords, r.crmStopped, r.crmBudget,
		} {
			if err := read(ctx, &s); err != nil {
				return err
			}
		}
		return nil
	})
	return s, err
}

func (r *Reading) crmCursors(ctx context.Context, s *CRMState) error {
	rows, err := r.tx.Query(ctx, `
SELECT stream, at, last_id, moved_at, coalesce(greatest(clock_timestamp() - at, '0'), '0') FROM crm_cursors WHERE tenant = $1
ORDER BY stream COLLATE "C"`, r.ledger.tenant)
	if err != nil {
		return err
	}
	s.Cursors, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c CRMCursor, err error) {
		var at *time.Time
		err = row.Scan(&c.Stream, &at, &c.ID, &c.MovedAt, &c.Lag)
		c.Time, c.MovedAt = utc(at), c.MovedAt.UTC()
		return c, err
	})
	return err
}

func (r *Reading) crmReader(ctx context.Context, s *CRMState) error {
	err := r.tx.QueryRow(ctx, `SELECT holder, until_at FROM crm_leases WHERE tenant = $1 AND until_at > clock_timestamp()`, r.ledger.tenant).
		Scan(&s.Holder, &s.Until)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	s.Until = s.Until.UTC()
	var oldest *time.Time
	err = r.tx.QueryRow(ctx, `SELECT count(*), min(noted_at) FROM crm_hints WHERE tenant = $1 AND done_at IS NULL`, r.ledger.tenant).
		Scan(&s.Hints, &oldest)
	s.HintsSince = utc(oldest)
	return err
}

func (r *Reading) crmRecords(ctx context.Context, s *CRMState) error {
	var gone crm.Gone
	var records, diverged, restoring int64
	s.Gone = map[crm.Gone]int64{}
	err := each(ctx, r.tx, []any{&gone, &records, &diverged, &restoring}, func() error {
		s.Records, s.Diverged, s.Restoring = s.Records+records, s.Diverged+diverged, s.Restoring+restoring
		if gone != "" {
			s.Gone[gone] = records
		}
		return nil
	}, `
SELECT gone, count(*), count(*) FILTER (WHERE diverged_at IS NOT NULL), count(*) FILTER (WHERE restore <> '{}')
FROM crm_records WHERE tenant = $1 GROUP BY gone`, r.ledger.tenant)
	if err != nil {
		return err
	}
	return r.tx.QueryRow(ctx, `
SELECT (SELECT count(*) FROM leads l WHERE tenant = $1 AND merged_into IS NULL
        AND NOT EXISTS (SELECT 1 FROM crm_records c WHERE c.tenant = l.tenant AND c.lead_id = l.lead_id)),
    (SELECT count(*) FROM crm_set_backs WHERE tenant = $1 AND NOT stopped AND at > clock_timestamp() - interval '24 hours')`, r.ledger.tenant).
		Scan(&s.Unmatched, &s.SetBacks)
}

func (r *Reading) crmStopped(ctx context.Context, s *CRMState) error {
	rows, err := r.tx.Query(ctx, `
SELECT lead_id, record_id, stopped_at FROM crm_records WHERE tenant = $1 AND stopped_at IS NOT NULL ORDER BY stopped_at, record_id LIMIT 1000`,
		r.ledger.tenant)
	if err != nil {
		return err
	}
	s.Stopped, err = pgx.CollectRows(rows, pgx.RowToStructByPos[CRMStopped])
	for i := range s.Stopped {
		s.Stopped[i].Since = s.Stopped[i].Since.UTC()
	}
	return err
}

// crmBudget of the tenant's account, which it may share with others.
func (r *Reading) crmBudget(ctx context.Context, s *CRMState) error {
	rows, err := r.tx.Query(ctx, `
SELECT account, kind, max_requests, span, (SELECT count(*) FROM unnest(slots) AS at WHERE at > clock_timestamp() - span),
    CASE WHEN blocked_until > clock_timestamp() THEN blocked_until END, day_limit, day_remaining, told_at
FROM crm_budget JOIN crm_accounts USING (account) WHERE tenant = $1 ORDER BY account COLLATE "C", kind COLLATE "C"`, r.ledger.tenant)
	if err != nil {
		return err
	}
	s.Budget, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a CRMAllowance, err error) {
		var blocked, told *time.Time
		err = row.Scan(&a.Account, &a.Kind, &a.Limit, &a.Window, &a.Taken, &blocked, &a.DayLimit, &a.DayRemaining, &told)
		a.BlockedUntil, a.ToldAt = utc(blocked), utc(told)
		return a, err
	})
	return err
}

// PlannedWrites are what a dry run would have written, the oldest first.
func (l *Ledger) PlannedWrites(ctx context.Context, limit int) (all []PlannedWrite, err error) {
	err = l.Read(ctx, func(r *Reading) error {
		rows, err := r.tx.Query(ctx, `
SELECT l.lead_id, coalesce(`+recordOf+`, ''), b.changed_at, b.planned FROM outbox b JOIN leads l USING (tenant, lead_id)
WHERE b.tenant = $1 AND b.planned IS NOT NULL ORDER BY b.changed_at, b.lead_id LIMIT $2`, l.tenant, limit)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[PlannedWrite])
		return err
	})
	for i := range all {
		all[i].Changed = all[i].Changed.UTC()
	}
	return all, err
}

// ResumeSetBacks has leads set back again that were not any more: those that are named, or all. It says which.
func (l *Ledger) ResumeSetBacks(ctx context.Context, leads []string, all bool) (resumed []string, err error) {
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		if err := checkSchema(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
WITH held AS MATERIALIZED (
    SELECT record_id FROM crm_records WHERE tenant = $1 AND stopped_at IS NOT NULL AND ($3 OR lead_id = ANY($2))
    ORDER BY record_id COLLATE "C" FOR NO KEY UPDATE
), resumed AS (
    UPDATE crm_records r SET stopped_at = NULL, set_backs = '{}' FROM held WHERE r.tenant = $1 AND r.record_id = held.record_id RETURNING r.lead_id)
SELECT DISTINCT lead_id FROM resumed ORDER BY lead_id`, l.tenant, leads, all)
		if err != nil {
			return err
		}
		resumed, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return resumed, err
}

// settleBatch bounds what one call of SettleCRM does.
const settleBatch = 1000

// SettleCRM finds the leads that wait for the acknowledgement of a CRM that is not told of them any more: they are delivered as if there had been none.
func (l *Ledger) SettleCRM(ctx context.Context) error {
	if l.wanted().Acknowledge {
		return nil
	}
	_, err := l.pool.Exec(ctx, `
INSERT INTO work (tenant, queue, lead_id)
SELECT $1, $2, lead_id FROM leads l WHERE tenant = $1 AND awaits_crm AND acknowledged_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM work w WHERE w.tenant = l.tenant AND w.lead_id = l.lead_id)
ORDER BY lead_id LIMIT $3`, l.tenant, queueRoute, settleBatch)
	return err
}

// CRMStopped is how many leads are not set back any more.
func (l *Ledger) CRMStopped(ctx context.Context) (stopped int, err error) {
	err = l.pool.QueryRow(ctx, `SELECT count(*) FROM crm_records WHERE tenant = $1 AND stopped_at IS NOT NULL`, l.tenant).Scan(&stopped)
	return stopped, err
}
