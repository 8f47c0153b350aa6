// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/worker"
)

// However wrong the clock of the machine is, the worker goes by that of the ledger.
func TestKeeperTellsTheTimeOfTheLedger(t *testing.T) {
	for name, wrong := range map[string]time.Duration{"right": 0, "ahead": 3 * time.Hour, "behind": -3 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "dsn", ledgertest.DSN(t))
			k := &worker.Keeper{Secret: worker.Secret{Dir: dir, Key: "dsn"}, Tenant: "acme", Bundles: []bundle.Bundle{pair(1)}}
			changes := keepBy(t, k, func() time.Time { return time.Now().Add(wrong) })
			expect(t, changes, true, measurement.ReasonLedgerAvailable, "")
			if got := time.Until(k.Time()).Abs(); got > time.Minute {
				t.Errorf("%s off", got)
			}
		})
	}
}
