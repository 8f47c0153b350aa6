// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// A person who was merged, and merged in a circle, is found nowhere after the erasure: neither in what was stamped before the merge, nor in the record of it.
func TestEraseWhoWasMerged(t *testing.T) {
	r := newRig(t, bundleOf(1, byStages))
	const one, other = "jane@example.com", "jane.doe@example.com"
	r.send(company(one, "acme", later(0, 0)), demo(one, later(0, 1)), company(other, "acme", later(0, 0)), demo(other, later(0, 3)),
		merged(other, one, later(0, 6)))
	r.work(team("rep-1"))
	r.send(merged(one, other, later(0, 7)))
	r.work(team("rep-1"))
	expect(t, r, "recorded", "SELECT what FROM corrections WHERE what IN ('merged', 'idleMerge') ORDER BY 1", "idleMerge", "merged")
	if _, err := r.l.Erase(t.Context(), one, "operator-1", false); err != nil {
		t.Fatal(err)
	}
	for _, table := range ledgertest.Column[string](t, r.dsn, `SELECT table_name FROM information_schema.tables
WHERE table_schema = 'handoff' AND table_type = 'BASE TABLE' ORDER BY 1`) {
		for _, row := range ledgertest.Column[string](t, r.dsn, fmt.Sprintf(`SELECT t::text FROM %q t`, table)) {
			if strings.Contains(row, "jane") {
				t.Errorf("%s: %s", table, row)
			}
		}
	}
}
