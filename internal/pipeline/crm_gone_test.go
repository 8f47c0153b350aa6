// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"testing"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// Whoever deletes a record in the CRM has disposed of nothing: the clocks of its lead run on, and what is late is missed. They end as ever, by a
// disposition that is sent, a touch, or an erasure.
func TestClocksOfARecordThatWasDeleted(t *testing.T) {
	r, clock := newClockRig(t, monday)
	r.l.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
	r.inForce(bundleOf(1))
	o := newOffice()
	ids := []string{"7", "8", "9"}
	for _, id := range ids {
		o.put(id, monday, values(map[string]any{"company": "Acme", "form_at": monday}))
	}
	read := r.reads(o, r.l)
	read.now = monday
	read.pass(t)
	pools := team("rep-1")
	clock.Set(later(0, 1))
	r.work(pools)
	r.tell()
	r.work(pools)
	const clocks = `SELECT concat_ws(' ', lead_id, clause, state) FROM obligations WHERE clause IN ('firstContact', 'disposition') ORDER BY 1`
	running := []string{"7 disposition Open", "7 firstContact Open", "8 disposition Open", "8 firstContact Open", "9 disposition Open", "9 firstContact Open"}
	expect(t, r, "handed off", clocks, running...)

	for _, id := range ids {
		o.gone[id] = crm.Deleted
		if err := r.l.NoteHints(t.Context(), []ledger.Hinted{{Event: "deleted " + id, Record: id}}); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, read.Step)
	r.send(touch("9", later(0, 1)))
	r.work(pools)
	expect(t, r, "noted as deleted", `SELECT gone FROM crm_records`, "Deleted", "Deleted", "Deleted")
	running[5] = "9 firstContact Met"
	expect(t, r, "deleted", clocks, running...)

	clock.Set(later(1, 0))
	settle(t, r.breaches().Step)
	expect(t, r, "too late for the first contact", clocks,
		"7 disposition Open", "7 firstContact Missed", "8 disposition Open", "8 firstContact Missed", "9 disposition Open", "9 firstContact Met")
	r.send(disposed("8", "BadTiming", later(1, 0)))
	if _, err := r.l.Erase(t.Context(), "9", "operator-1", false); err != nil {
		t.Fatal(err)
	}
	clock.Set(later(20, 0))
	r.work(pools)
	settle(t, r.breaches().Step)
	expect(t, r, "at the end", `
SELECT concat_ws(' ', CASE WHEN lead_id LIKE 'erased-%' THEN 'erased' ELSE lead_id END, state) FROM obligations WHERE clause = 'disposition' ORDER BY 1`,
		"7 Missed", "8 Met", "erased Excused")
}
