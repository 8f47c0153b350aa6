// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"strings"
	"testing"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// What is shown says what is wrong and never repeats the connection string.
func TestDescribe(t *testing.T) {
	running := ledgertest.Running().DSN("postgres")
	for name, c := range map[string]struct{ dsn, want string }{
		"no connection string": {"secret-user:secret-password", "not a PostgreSQL connection string"},
		"refused":              {"postgres://secret-user:secret-password@127.0.0.1:1/secret-db", "the database refuses the connection"},
		"unknown host":         {"postgres://secret-user:secret-password@secret-host.invalid/secret-db", "the host of the database is not found"},
		"unknown database":     {strings.Replace(running, "/postgres?", "/secret-db?", 1), "does not exist (SQLSTATE 3D000)"},
		"unknown user":         {ledgertest.As(running, "secret-user:secret-password"), "the database refuses the user (SQLSTATE 28000)"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), ledgertest.Patience)
			defer cancel()
			_, err := ledger.Open(ctx, c.dsn, tenant)
			got := ledger.Describe(err)
			if err == nil || !strings.Contains(got, c.want) || strings.Contains(got, "secret") {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
