// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// BenchmarkAPopularAccount scores batches of new contacts, in a ledger of 300,000 leads that are contacts of an account each, and in one where
// all are of the new ones' account, as with one named "unknown".
func BenchmarkAPopularAccount(b *testing.B) {
	for name, account := range map[string]string{"others": "'company ' || n", "of that account": "'unknown'"} {
		b.Run(name, func(b *testing.B) {
			const batch = 100
			l, dsn := ledgertest.New(b, tenant)
			ctx := context.Background()
			pair, err := pipeline.CompilePair(bundleOf(1, byCRM, byGroup))
			if err != nil {
				b.Fatal(err)
			}
			if err := l.Register(ctx, pair.Bundle); err != nil {
				b.Fatal(err)
			}
			ledgertest.Exec(b, dsn, fmt.Sprintf(`INSERT INTO leads (tenant, lead_id, account, score)
SELECT 'acme', 'old-' || n, %s, 0 FROM generate_series(1, 300000) AS n`, account), `
INSERT INTO accounts (tenant, account, contacts, score)
SELECT tenant, sha256(convert_to(account, 'UTF8')), count(*), sum(score) FROM leads GROUP BY tenant, account`, "ANALYZE")
			var sent int
			for b.Loop() {
				b.StopTimer()
				entries := make([]ledger.Entry, batch)
				for i := range entries {
					sent++
					entries[i] = contact(fmt.Sprint("new-", sent), "Unknown", 5, monday)
					entries[i].Source, entries[i].ID = "/bench", fmt.Sprint(sent)
				}
				if _, err := l.Ingest(ctx, entries); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				scored, err := l.ScoreAccounts(ctx, 1, batch, pair.Accounts(), pair.Judge)
				if err != nil || scored.Leads != batch {
					b.Fatal(scored, err)
				}
			}
		})
	}
}
