// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// Four replicas of each worker share the work of one ledger while events come in: each event is scored once, each lead gets one owner by one
// choice, and each turn is counted once.
func TestReplicasShareTheWork(t *testing.T) {
	const replicas, leads, perRequest = 4, 600, 20
	r := newRig(t, bundleOf(1))
	ledgertest.Exec(t, r.dsn, `CREATE TABLE marked (seq bigint NOT NULL)`, `
CREATE FUNCTION note_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO handoff.marked VALUES (NEW.seq); RETURN NULL; END $$`, `
CREATE TRIGGER note_mark AFTER UPDATE OF scored_by ON events FOR EACH ROW EXECUTE FUNCTION note_mark()`)
	pools := team("rep-1", "rep-2", "rep-3")
	for i := range replicas {
		l := ledgertest.Open(t, r.dsn, tenant)
		runLoop(t, fmt.Sprint("score-", i), r.scorer(l).Step)
		runLoop(t, fmt.Sprint("route-", i), r.router(l, pools).Step)
	}
	var senders sync.WaitGroup
	for from := 0; from < leads; from += perRequest {
		senders.Go(func() {
			var entries []ledger.Entry
			for n := from; n < from+perRequest; n++ {
				id := fmt.Sprintf("lead-%03d", n)
				entries = append(entries, captured(id, time.Now(), map[string]any{"company": "acme"}), demo(id, time.Now()))
			}
			r.send(entries...)
			var touches []ledger.Entry
			for n := from; n < from+perRequest; n++ {
				touches = append(touches, touch(fmt.Sprintf("lead-%03d", n), time.Now()))
			}
			r.send(touches...)
		})
	}
	senders.Wait()
	waitFor(t, r.dsn, "SELECT count(*) FROM work", 0)
	for query, want := range map[string]int64{
		"SELECT count(*) FROM events WHERE scored_by IS NULL":                                  0,
		"SELECT count(*) FROM marked":                                                          3 * leads,
		"SELECT count(DISTINCT seq) FROM marked":                                               3 * leads,
		"SELECT count(*) FROM leads WHERE owner IS NOT NULL AND owner = picked_rep":            leads,
		"SELECT count(*) FROM choices":                                                         leads,
		"SELECT count(DISTINCT lead_id) FROM choices WHERE rep IS NOT NULL":                    leads,
		"SELECT sum(turns)::bigint FROM rotation":                                              leads,
		"SELECT max(turns) - min(turns) FROM rotation":                                         0,
		"SELECT sum(leads)::bigint FROM loads":                                                 leads,
		"SELECT count(*) FROM obligations WHERE clause = 'delivery' AND lead_id LIKE 'lead-%'": leads,
	} {
		if got := ledgertest.Value[int64](t, r.dsn, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}
