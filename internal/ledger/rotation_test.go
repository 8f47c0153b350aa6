// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// stock fills the ledger with leads: of a hundred, two wait for an owner and twenty are open, with fifty reps.
func stock(t *testing.T, dsn string, n int) {
	t.Helper()
	ledgertest.Exec(t, dsn, fmt.Sprintf(`
INSERT INTO handoff.leads (tenant, lead_id, stage, qualified_at, account, no_capacity, owner, owned_at, picked_rep, picked_at, disposed_at)
SELECT 'acme', 'lead-' || i, CASE WHEN i %% 100 < 22 THEN 'MQL' ELSE 'Recycled' END, at, 'company ' || i / 20, i %% 100 < 2, rep, at, rep, at,
    CASE WHEN i %% 100 >= 22 THEN at END
FROM (SELECT i, clock_timestamp() - interval '1 day' + i * interval '1 second' AS at, CASE WHEN i %% 100 >= 2 THEN 'rep-' || i %% 50 END AS rep
    FROM generate_series(1, %d) AS i) AS made`, n), "ANALYZE handoff.leads")
}

// What routing asks for is found by an index that holds no more than that: it costs the same however many leads there have been.
func TestRoutingGoesByItsIndexes(t *testing.T) {
	_, dsn := ledgertest.New(t, tenant)
	stock(t, dsn, 30_000)
	for sql, index := range ledger.RoutingSQL() {
		plan := planOf(t, dsn, sql)
		if !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan on leads") {
			t.Errorf("%s does not go by %s:\n%s", sql, index, plan)
		}
	}
}

// planOf a query whatever its parameters are.
func planOf(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn := ledgertest.Connect(t, dsn)
	defer conn.Close(context.Background())
	parameters := 0
	for strings.Contains(sql, fmt.Sprintf("$%d", parameters+1)) {
		parameters++
	}
	results, err := conn.PgConn().Exec(t.Context(), "SET plan_cache_mode = force_generic_plan; PREPARE asked AS "+sql+
		"; EXPLAIN EXECUTE asked ("+strings.Repeat(", NULL", parameters)[2:]+")").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for _, row := range results[len(results)-1].Rows {
		plan.Write(row[0])
		plan.WriteByte('\n')
	}
	return plan.String()
}

func TestLeavers(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	stock(t, dsn, 1000)
	members := []string{"rep-2", "rep-5"}
	for i := range 50 {
		if i > 10 && i != 20 {
			members = append(members, fmt.Sprint("rep-", i))
		}
	}
	// A hundred leads of each rep are in two places of a hundred; 22 to 49 and 72 to 99 are closed.
	got, err := l.Leavers(t.Context(), members)
	slices.Sort(got)
	if diff := cmp.Diff([]string{"rep-10", "rep-20", "rep-3", "rep-4", "rep-6", "rep-7", "rep-8", "rep-9"}, got); diff != "" || err != nil {
		t.Errorf("%v, leavers (-want +got):\n%s", err, diff)
	}
}

// Where the CRM gives leads their owners, nobody reads the loads: they are added up all the same.
func TestLoadsThatNobodyReads(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	ledgertest.Exec(t, dsn, "INSERT INTO loads (tenant, rep, leads) SELECT '"+tenant+"', 'rep-' || n % 7, CASE WHEN n % 3 = 0 THEN -1 ELSE 1 END "+
		"FROM generate_series(1, 10000) AS n")
	const kept = "SELECT concat(rep, ' ', sum(leads)) FROM loads GROUP BY rep ORDER BY 1"
	want := ledgertest.Column[string](t, dsn, kept)
	for _, rows := range []int64{10_000, 7} {
		if err := l.AddUpLoads(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM loads"); got != rows {
			t.Errorf("%d rows, want %d", got, rows)
		}
		if diff := cmp.Diff(want, ledgertest.Column[string](t, dsn, kept)); diff != "" {
			t.Errorf("loads (-want +got):\n%s", diff)
		}
		ledgertest.Exec(t, dsn, "INSERT INTO loads (tenant, rep, leads) VALUES ('"+tenant+"', 'rep-1', 1)", "INSERT INTO loads (tenant, rep, leads) VALUES ('"+tenant+"', 'rep-1', -1)")
	}
}

// The rows of loads say what the leads say, whoever changed those, and are added up when there are many.
func TestLoads(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	stock(t, dsn, 10_000)
	ledgertest.Exec(t, dsn,
		"UPDATE handoff.leads SET owner = 'rep-x' WHERE owner = 'rep-3'",
		"UPDATE handoff.leads SET owner = NULL WHERE owner = 'rep-4'",
		"UPDATE handoff.leads SET disposed_at = now() WHERE owner = 'rep-5'",
		"UPDATE handoff.leads SET disposed_at = now() WHERE owner = 'rep-6'",
		"UPDATE handoff.leads SET disposed_at = NULL WHERE owner = 'rep-6'",
		"UPDATE handoff.leads SET disposed_at = now(), owner = 'rep-y' WHERE owner = 'rep-7'",
		"UPDATE handoff.leads SET stage = 'Suppressed' WHERE owner = 'rep-9'",
		"UPDATE handoff.leads SET stage = 'Won' WHERE owner = 'rep-10'",
		"UPDATE handoff.leads SET stage = 'MQL' WHERE owner = 'rep-10'",
		"DELETE FROM handoff.leads WHERE owner = 'rep-8'")
	const said = `SELECT concat(owner, ' ', count(*)) FROM leads
WHERE owner IS NOT NULL AND disposed_at IS NULL AND stage NOT IN ('Suppressed', 'Won', 'Lost') GROUP BY owner ORDER BY 1`
	const kept = "SELECT concat(rep, ' ', sum(leads)) FROM loads GROUP BY rep HAVING sum(leads) <> 0 ORDER BY 1"
	const rows = "SELECT count(*) FROM loads"
	before := ledgertest.Value[int64](t, dsn, rows)
	if diff := cmp.Diff(ledgertest.Column[string](t, dsn, said), ledgertest.Column[string](t, dsn, kept)); diff != "" {
		t.Errorf("loads (-leads +kept):\n%s", diff)
	}
	pools := []lead.Pool{{Name: "everyone", Members: []lead.Member{{Rep: "rep-1"}}}}
	_, _, batch, err := l.RouteOwned(t.Context(), 1, 10, "rep-12", time.Now().Add(48*time.Hour), "", func(ctx context.Context, r *ledger.Routing) error {
		_, err := r.Rotation(ctx, pools)
		return err
	})
	if err != nil || len(batch.Failed) > 0 {
		t.Fatal(err, batch)
	}
	if diff := cmp.Diff(ledgertest.Column[string](t, dsn, said), ledgertest.Column[string](t, dsn, kept)); diff != "" {
		t.Errorf("loads after they were added up (-leads +kept):\n%s", diff)
	}
	if after := ledgertest.Value[int64](t, dsn, rows); after > 60 || before < 1000 {
		t.Errorf("%d rows, before they were added up %d", after, before)
	}
}
