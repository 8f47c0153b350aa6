// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Records are leads as the definition reads them, by lead and by the name of the field: what a CRM is told of one that it does not have yet. A lead that
// is not there is left out.
func (l *Ledger) Records(ctx context.Context, leads []string) (map[string]map[string]any, error) {
	//nolint:rowserrcheck // ForEachRow checks it
	rows, err := l.pool.Query(ctx, `SELECT lead_id, record FROM leads WHERE tenant = $1 AND lead_id = ANY($2)`, l.tenant, leads)
	if err != nil {
		return nil, err
	}
	records := make(map[string]map[string]any, len(leads))
	var id string
	var record map[string]any
	_, err = pgx.ForEachRow(rows, []any{&id, &record}, func() error {
		records[id], record = record, nil
		return nil
	})
	return records, err
}
