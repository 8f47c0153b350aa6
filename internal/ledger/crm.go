// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

// ErrCRMMoved says that another replica has moved the position of the stream: what was read since the old one is to be read again.
var ErrCRMMoved = errors.New("another worker has moved on in the CRM's changes; read again from its position")

// CRMStanding is how the ledger has a lead.
type CRMStanding struct {
	crm.Standing              // Status of the disposition and Enforced are for the pair to say
	JudgedBy     int64        // sequence of that pair; 0 when it is judged by none yet
	Rulings      []lead.Event // that the disposition follows from, as Standing.Rulings
}

// Hinted is what a webhook said: that a record has changed.
type Hinted struct {
	Event  string // id by which the CRM tells it again
	Record string
}

// CRMHint is one that waits.
type CRMHint struct {
	ID     int64
	Record string
}

// CRMIntake is what was read of the CRM, and what follows from it.
type CRMIntake struct {
	Stream   crm.Stream   // "" when it is about hints or undoing
	From, To crm.Position // of the stream: it moves from one to the other, or nothing is written
	Entries  []Entry      // as Ingest takes them
	Known    []crm.Known  // all of them but Wrote, WroteAt, Restore and SetBacks, which are not its reader's to say
	Hints    []int64      // done
	Undo     []crm.Undo   // what the writer is to set back
	Stopped  []crm.Undo   // what is not set back any more
	Off      []string     // records that are not to be set back any more, of Known: they were mended before the writer came to it
}

// OutgoingJob is a job that tells of one lead.
type OutgoingJob struct {
	Args CRMArgs
	Job  int64
}

// CRMTold is what became of one job.
type CRMTold struct {
	Args    CRMArgs
	Version int64
	Content []byte // what was told, by a hash
	Lead    string
	Record  string            // of the lead as the job was begun; "" for none
	Written *crm.Written      // nil where nothing was written
	Wrote   map[string]string // what the record holds now, by the names of crm.Known; what is not in it stays
	Owner   *string           // whom the CRM has as owner, since it was told now or before; nil where it was told of none
	Gone    crm.Gone
	Note    string // key of the note that was left; "" for none
	Planned []byte // what would have been written, as JSON; nil where it was written
}

// CRMLease takes the tenant's lease on reading the CRM for a while, or renews it, and says whether it is the holder's. For no time at all, it gives it
// back.
func (l *Ledger) CRMLease(ctx context.Context, holder string, term time.Duration) (held bool, err error) {
	tag, err := l.pool.Exec(ctx, `
INSERT INTO crm_leases AS c (tenant, holder, until_at) VALUES ($1, $2, clock_timestamp() + $3)
ON CONFLICT (tenant) DO UPDATE SET holder = excluded.holder, until_at = clock_timestamp() + $3
WHERE c.holder = excluded.holder OR c.until_at <= clock_timestamp()`, l.tenant, holder, term)
	return tag.RowsAffected() == 1, err
}

// CRMAccount is the account that the tenant's positions and records are of: this one, unless something was read of another one, or written into it. A
// position without a time is none: nothing was read up to there.
func (l *Ledger) CRMAccount(ctx context.Context, account string) (of string, err error) {
	err = l.pool.QueryRow(ctx, `
INSERT INTO crm_accounts AS a (tenant, account) VALUES ($1, $2)
ON CONFLICT (tenant) DO UPDATE SET account = CASE WHEN EXISTS (SELECT FROM crm_cursors c WHERE c.tenant = $1 AND c.at IS NOT NULL)
    OR EXISTS (SELECT FROM crm_records r WHERE r.tenant = $1) THEN a.account ELSE excluded.account END
RETURNING account`, l.tenant, account).Scan(&of)
	return of, err
}

// CRMPosition is how far a stream was read.
func (l *Ledger) CRMPosition(ctx context.Context, stream crm.Stream) (crm.Position, error) {
	var p crm.Position
	var at *time.Time
	err := l.pool.QueryRow(ctx, `SELECT at, last_id FROM crm_cursors WHERE tenant = $1 AND stream = $2`, l.tenant, stream).Scan(&at, &p.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return crm.Position{}, nil
	}
	p.Time = utc(at)
	return p, err
}

// moveCursor has a stream go on from where it was read from, or finds that another worker has.
func (l *Ledger) moveCursor(ctx context.Context, tx pgx.Tx, in CRMIntake) error {
	if in.Stream == "" {
		return nil
	}
	from, to := orNull(in.From.Time.Truncate(precision)), orNull(in.To.Time.Truncate(precision))
	if in.From == (crm.Position{}) {
		_, err := tx.Exec(ctx, `INSERT INTO crm_cursors (tenant, stream) VALUES ($1, $2) ON CONFLICT DO NOTHING`, l.tenant, in.Stream)
		if err != nil {
			return err
		}
	}
	tag, err := tx.Exec(ctx, `
UPDATE crm_cursors SET at = $5, last_id = $6, moved_at = clock_timestamp()
WHERE tenant = $1 AND stream = $2 AND at IS NOT DISTINCT FROM $3 AND last_id = $4`, l.tenant, in.Stream, from, in.From.ID, to, in.To.ID)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrCRMMoved
	}
	return err
}

// CRMStandings are how the ledger has leads, by their ids. A lead that is not there is left out.
func (l *Ledger) CRMStandings(ctx context.Context, leads []string) (map[string]CRMStanding, error) {
	//nolint:rowserrcheck // ForEachRow checks it
	rows, err := l.pool.Query(ctx, `
SELECT lead_id, stage, coalesce(owner, ''), coalesce(bundle_sequence, reached_sequence, 0), disposed_at, qualified_at
FROM leads WHERE tenant = $1 AND lead_id = ANY($2)`, l.tenant, leads)
	if err != nil {
		return nil, err
	}
	standings, disposed := map[string]CRMStanding{}, map[string]time.Time{}
	var s CRMStanding
	var at, since *time.Time
	_, err = pgx.ForEachRow(rows, []any{&s.Lead, &s.Stage, &s.Owner, &s.JudgedBy, &at, &since}, func() error {
		standings[s.Lead] = s
		if at != nil {
			disposed[s.Lead] = utc(since)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	ruled, err := l.rulings(ctx, disposed)
	for id, rulings := range ruled {
		s := standings[id]
		s.Rulings, s.Disposition = rulings, dispositionIn(rulings)
		standings[id] = s
	}
	return standings, err
}

// dispositionIn is the latest that was not overturned, as it was resolved when it came.
func dispositionIn(rulings []lead.Event) *crm.Disposition {
	var latest *crm.Disposition
	for _, e := range lead.WithoutOverturned(nil, rulings) {
		if d := e.Disposition; e.Kind == lead.KindDisposition && d != nil {
			latest = &crm.Disposition{Outcome: string(d.Outcome), Time: e.Time}
			if d.Coded {
				latest.Code = d.Reason
			}
		}
	}
	return latest
}
