// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// Two requests each merge a lead that nobody knows into one that nobody knows, crosswise: one waits for the other.
func TestCrossingMergesOfNewLeads(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	holds, err := ledgertest.Connect(t, dsn).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holds.Exec(t.Context(), `LOCK TABLE handoff.merges IN SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	var requests errgroup.Group
	for survivor, taken := range map[string]string{"a": "b", "b": "a"} {
		requests.Go(func() error {
			_, err := l.Ingest(t.Context(), []ledger.Entry{{
				Source: "/test", ID: "into " + survivor, Lead: survivor, Kind: lead.KindMerged, Time: noon, Data: ledger.Data{Merged: taken},
			}})
			return err
		})
	}
	const waiting = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for ledgertest.Value[int64](t, dsn, waiting) < 2 {
		time.Sleep(5 * time.Millisecond)
	}
	if err := holds.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := requests.Wait(); err != nil {
		t.Fatal(err)
	}
	const there = `SELECT concat_ws(' ', (SELECT string_agg(lead_id, ',' ORDER BY lead_id) FROM leads), (SELECT count(*) FROM merges), (SELECT count(*) FROM work))`
	if got, want := ledgertest.Value[string](t, dsn, there), "a,b 2 4"; got != want {
		t.Errorf("leads, merges, work: %s; want %s", got, want)
	}
}
