// SPDX-License-Identifier: Apache-2.0

package ledgertest

import (
	"context"
	"testing"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// Read is what one look at a ledger finds.
func Read[T any](tb testing.TB, l *ledger.Ledger, look func(*ledger.Reading) (T, error)) (found T) {
	tb.Helper()
	err := l.Read(context.Background(), func(r *ledger.Reading) (err error) {
		found, err = look(r)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return found
}
