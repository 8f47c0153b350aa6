// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"slices"
	"time"
)

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

// Longer is how long a span of a CRM is taken for.
var Longer = longer

// NextSlot is the next turn after those that were given, and which of all are kept.
func NextSlot(limit int, span time.Duration, slots []time.Time, now time.Time) (slot time.Time, kept []time.Time) {
	a := allowed{limit: limit, span: span, slots: slots, now: now}
	slot = a.next()
	a.slots = append(slices.Clone(slots), slot)
	return slot, a.latest()
}

// Arrived are the turns that matter once the answer to the request of one of them is there.
func Arrived(limit int, span time.Duration, slots []time.Time, turn, now time.Time) []time.Time {
	a := allowed{limit: limit, span: span, slots: slices.Clone(slots), now: now}
	a.arrived(turn)
	return a.latest()
}
