// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// What a report reads is of its period, however much lies before and after it.
func TestReportsReadOnlyTheirPeriod(t *testing.T) {
	setup, dsn := ledgertest.New(t, "acme")
	register(t, setup, 1)
	ledgertest.Exec(t, dsn, lived[:len(lived)-1]...)
	ledgertest.Exec(t, dsn,
		`INSERT INTO events (tenant, source, event_id, kind, lead_id, time, content_hash, data, scored_by)
SELECT 'acme', '/old', lead_id || kind, kind, lead_id, qualified_at + interval '1 minute', '',
    '{"opportunity": "d", "state": "Open", "ruling": "Opened"}', 1
FROM leads, unnest(ARRAY['disposition', 'opportunity', 'contested', 'feedback', 'accepted', 'qualified']) AS kind WHERE qualified_at IS NOT NULL`,
		`INSERT INTO obligations (tenant, lead_id, clause, tier, period, revision, started_at, due_at, warn_at, stopped_at, state)
SELECT 'acme', lead_id, 'acceptance', '',
    CASE WHEN qualified_at > now() - interval '1 hour' THEN '2026-W46' ELSE '2026-W45' END, 't',
    qualified_at, qualified_at, qualified_at, qualified_at, 'Missed'
FROM leads WHERE owner IS NOT NULL`, `VACUUM ANALYZE`)
	setup.Close()
	to := ledgertest.Value[time.Time](t, dsn, "SELECT clock_timestamp()")
	from := to.Add(-time.Hour) // six leads became MQL in it
	for name, look := range map[string]func(context.Context, *ledger.Reading) (int, error){
		"delivered": func(ctx context.Context, r *ledger.Reading) (int, error) {
			found, err := r.Delivered(ctx, "source", to, from, to)
			return len(found), err
		},
		"deals": func(ctx context.Context, r *ledger.Reading) (int, error) {
			found, err := r.Deals(ctx, to, from, to)
			return len(found), err
		},
		"flow": func(ctx context.Context, r *ledger.Reading) (int, error) {
			found, err := r.Flow(ctx, from.AddDate(0, 0, -1), to.AddDate(0, 0, -1))
			return int(found.Opportunities), err
		},
		"disposed": func(ctx context.Context, r *ledger.Reading) (int, error) {
			_, err := r.Disposed(ctx, from, to)
			return 1, err // all say the same, which is nothing
		},
		"contested": func(ctx context.Context, r *ledger.Reading) (int, error) {
			found, err := r.Contested(ctx, from.AddDate(0, 0, -1), to.AddDate(0, 0, -1))
			return len(found), err
		},
		"fed back": func(ctx context.Context, r *ledger.Reading) (int, error) {
			found, err := r.FedBack(ctx, "source", from, to)
			return len(found), err
		},
		"missed": func(ctx context.Context, r *ledger.Reading) (int, error) {
			found, err := r.Missed(ctx, "source", "2026-W46")
			return len(found), err
		},
		"kept": func(ctx context.Context, r *ledger.Reading) (int, error) {
			found, err := r.Kept(ctx, "source", "2026-W46")
			return len(found), err
		},
		"switches": func(ctx context.Context, r *ledger.Reading) (int, error) {
			found, err := r.Switches(ctx, from, to, "2026-W46")
			return len(found), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			scannedBefore, readBefore := touched(t, dsn)
			l := ledgertest.Open(t, dsn, "acme")
			found := 0
			err := l.Read(t.Context(), func(r *ledger.Reading) (err error) {
				found, err = look(t.Context(), r)
				return err
			})
			l.Close()
			if err != nil || found == 0 {
				t.Fatalf("found %d, %v", found, err)
			}
			scanned, read := touched(t, dsn)
			if scanned != scannedBefore {
				t.Errorf("%d rows of tables were scanned", scanned-scannedBefore)
			}
			if read-readBefore > 500 {
				t.Errorf("%d rows of indexes were read", read-readBefore)
			}
		})
	}
}
