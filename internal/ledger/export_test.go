// SPDX-License-Identifier: Apache-2.0

package ledger

import "context"

// Setting of a session of the ledger, as the server has it.
func (l *Ledger) Setting(ctx context.Context, name string) (value string, err error) {
	err = l.pool.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value)
	return value, err
}

// TryToWrite what a Reading must not.
func TryToWrite(ctx context.Context, r *Reading) error {
	_, err := r.tx.Exec(ctx, `DELETE FROM events`)
	return err
}
