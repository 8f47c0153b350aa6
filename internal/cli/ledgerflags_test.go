// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/handoff-sla/handoff/internal/cli/target"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// Who may not forward a port, or finds no pod, reads that, and not that the database is away; the connection string is shown by neither.
func TestLedgerErrorNamesTheWay(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"the way into the cluster": {&target.TunnelError{Err: errors.New("no pod behind service data/db is ready")}, "ledger: no pod behind service data/db is ready"},
		"another":                  {errors.New("at secret@db"), "ledger: the database cannot be used (*errors.joinError)"},
	} {
		dial := func(context.Context, string, string) (net.Conn, error) { return nil, tc.err }
		_, err := ledger.OpenThrough(t.Context(), "postgres://user:secret@db:5432/leads", "acme", dial)
		if got := ledgerError(err); got == nil || got.Error() != tc.want {
			t.Errorf("%s: %v, want %q", name, got, tc.want)
		}
	}
}
