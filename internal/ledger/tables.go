// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// column of a table of the schema.
type column struct{ table, name, kind string }

// columnsOf are the columns of the ledger's own tables, in order.
func columnsOf(ctx context.Context, tx pgx.Tx) ([]column, error) {
	rows, err := tx.Query(ctx, `
SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = $1 AND t.table_type = 'BASE TABLE' ORDER BY 1, c.ordinal_position`, Schema)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c column, err error) {
		err = row.Scan(&c.table, &c.name, &c.kind)
		return c, err
	})
}

// tablesOfLeads are the tables with rows of single leads, so that a table which is added later is not left out where a lead is erased or
// retired.
func tablesOfLeads(ctx context.Context, tx pgx.Tx) ([]string, error) {
	all, err := columnsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	tenanted := map[string]bool{}
	for _, c := range all {
		if c.name == "tenant" {
			tenanted[c.table] = true
		}
	}
	var tables []string
	for _, c := range all {
		if c.name == "lead_id" && tenanted[c.table] {
			tables = append(tables, c.table)
		}
	}
	return tables, nil
}

// quoted is a name as SQL takes it. The names are those of the schema, not from outside.
func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
