// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Report is what a review is held about. It is kept as it was made.
type Report struct {
	Cadence, Review string // names
	Kind            string // of the review: Operational, Performance or Strategic
	Period          sla.Period
	Result          string // in a word
	Summary         string // plain text, for chats and mails
	Seal            string // digest of what it was made from
	Markdown        string
	HTML            string
	JSON            string
	MadeAt          time.Time
}

// KeepReport keeps a report, once for a cadence, review and period, and in the same transaction has it sent to its recipients. Where one is there
// already, that is given back, and nobody is sent anything.
func (l *Ledger) KeepReport(ctx context.Context, r Report, to []Recipient) (kept Report, made bool, err error) {
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		var id int64
		// Whoever finds the key there has waited for its transaction, and reads what that has committed.
		err := tx.QueryRow(ctx, `
INSERT INTO reports (tenant, cadence, review, kind, period, result, summary, seal, markdown, html, json, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING RETURNING id`,
			l.tenant, r.Cadence, r.Review, r.Kind, r.Period, r.Result, r.Summary, r.Seal, r.Markdown, r.HTML, r.JSON, r.MadeAt).Scan(&id)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			kept, err = readReport(ctx, tx, l.tenant, r.Cadence, r.Review, r.Period)
			return err
		case err != nil:
			return err
		}
		if kept, err = readReport(ctx, tx, l.tenant, r.Cadence, r.Review, r.Period); err != nil {
			return err
		}
		made = true
		return l.sendReport(ctx, tx, id, to)
	})
	return kept, made && err == nil, err
}

// Report reads the report that was made; nil when there is none.
func (l *Ledger) Report(ctx context.Context, cadence, review string, period sla.Period) (*Report, error) {
	r, err := readReport(ctx, l.pool, l.tenant, cadence, review, period)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &r, err
}

const reportColumns = `cadence, review, kind, period, result, summary, seal, markdown, html, json, made_at`

func readReport(ctx context.Context, db querier, tenant, cadence, review string, period sla.Period) (Report, error) {
	return scanReport(db.QueryRow(ctx, `
SELECT `+reportColumns+` FROM reports WHERE tenant = $1 AND cadence = $2 AND review = $3 AND period = $4`, tenant, cadence, review, period))
}

func scanReport(row pgx.Row) (r Report, err error) {
	err = row.Scan(&r.Cadence, &r.Review, &r.Kind, &r.Period, &r.Result, &r.Summary, &r.Seal, &r.Markdown, &r.HTML, &r.JSON, &r.MadeAt)
	r.MadeAt = r.MadeAt.UTC()
	return r, err
}

// report reads what a message carries.
func (l *Ledger) report(ctx context.Context, id int64) (*Report, error) {
	r, err := scanReport(l.pool.QueryRow(ctx, `SELECT `+reportColumns+` FROM reports WHERE tenant = $1 AND id = $2`, l.tenant, id))
	return &r, err
}

// sendReport inserts a message and its job for each recipient.
func (l *Ledger) sendReport(ctx context.Context, tx pgx.Tx, report int64, to []Recipient) error {
	ids, err := l.carry(ctx, tx, "report", report, to)
	if err != nil {
		return err
	}
	var jobs []river.InsertManyParams
	for _, id := range ids {
		jobs = append(jobs, l.reportJob(id))
	}
	return l.insertJobs(ctx, tx, jobs)
}

// reportsNaming are the reports in which one of the leads stands, as cadence, review and period. Their JSON has all that the other forms say. An id is
// looked for as JSON writes it, with and without what HTML would take for its own escaped.
func (l *Ledger) reportsNaming(ctx context.Context, tx pgx.Tx, leads []string) ([]string, error) {
	var written []string
	for _, id := range leads {
		for _, escape := range []bool{true, false} {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(escape)
			if err := e.Encode(id); err != nil {
				return nil, err
			}
			written = append(written, strings.TrimSpace(b.String()))
		}
	}
	rows, err := tx.Query(ctx, `
SELECT cadence || ' ' || review || ' ' || period FROM reports
WHERE tenant = $1 AND EXISTS (SELECT FROM unnest($2::text[]) AS id WHERE strpos(json, id) > 0) ORDER BY made_at, id`, l.tenant, written)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
