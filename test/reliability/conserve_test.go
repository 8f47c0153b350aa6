// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// violations of what holds after every run, as queries that give an id for each.
var violations = map[string]string{
	"refusal that is there twice":         `SELECT event_id FROM refusals GROUP BY tenant, source, event_id HAVING count(*) > 1`,
	"event that is there twice":           `SELECT event_id FROM events GROUP BY tenant, source, event_id HAVING count(*) > 1`,
	"event without an effect":             `SELECT event_id FROM events e WHERE NOT EXISTS (SELECT FROM test_effects t WHERE t.seq = e.seq)`,
	"event with more than one effect":     `SELECT seq::text FROM test_effects GROUP BY seq HAVING count(*) > 1`,
	"effect without an event":             `SELECT seq::text FROM test_effects t WHERE NOT EXISTS (SELECT FROM events e WHERE t.seq = e.seq)`,
	"event that is not marked as scored":  `SELECT event_id FROM events WHERE scored_by IS NULL OR scored_at IS NULL`,
	"event scored by a pair not in force": `SELECT event_id FROM events e WHERE scored_by <> (SELECT max(sequence) FROM in_force i WHERE i.tenant = e.tenant AND since <= scored_at)`,
	"lead without an event":               `SELECT lead_id FROM leads l WHERE NOT EXISTS (SELECT FROM events e WHERE e.lead_id = l.lead_id)`,
	"event without a lead":                `SELECT event_id FROM events e WHERE NOT EXISTS (SELECT FROM leads l WHERE e.lead_id = l.lead_id)`,
	"lead that was given an owner twice":  `SELECT lead_id FROM test_picks GROUP BY lead_id, cycle HAVING count(*) > 1`,
	"notice that was given twice":         `SELECT lead_id || ' ' || clause || ' ' || level FROM notices WHERE clause <> '' GROUP BY lead_id, cycle, clause, level HAVING count(*) > 1`,
	"rep whose open leads are miscounted": `
SELECT coalesce(rep, owner) FROM (SELECT rep, sum(leads) AS kept FROM loads GROUP BY rep) AS a
FULL JOIN (SELECT owner, count(*) AS owned FROM leads WHERE owner IS NOT NULL AND disposed_at IS NULL
    AND stage NOT IN ('Suppressed', 'Won', 'Lost') GROUP BY owner) AS b ON rep = owner
WHERE coalesce(kept, 0) <> coalesce(owned, 0)`,
	"work that is left":                      `SELECT lead_id FROM work`,
	"obligation of a lead that is not there": `SELECT lead_id FROM obligations o WHERE NOT EXISTS (SELECT FROM leads l WHERE o.lead_id = l.lead_id)`,
}

// toRoute are the leads that must have an owner.
const toRoute = `qualified_at IS NOT NULL AND suppressed_at IS NULL AND excluded_by IS NULL AND duplicate_of IS NULL AND merged_into IS NULL
    AND NOT before_go_live`

// routed are those of a contract whose leads get their owner from our routing.
var routed = map[string]string{
	"MQL without an owner":              `SELECT lead_id FROM leads l WHERE ` + toRoute + ` AND owner IS NULL`,
	"MQL without a first-contact clock": `SELECT lead_id FROM leads l WHERE ` + toRoute + ` AND NOT EXISTS (SELECT FROM obligations o WHERE o.lead_id = l.lead_id AND o.cycle = l.cycle AND clause = 'firstContact')`,
}

// conserved checks that whatever was acknowledged has exactly one effect.
func (r *rig) conserved(s *sender) {
	r.t.Helper()
	r.settled()
	for what, query := range violations {
		r.none(what, query)
	}
	if r.routes {
		for what, query := range routed {
			r.none(what, query)
		}
	}
	ids := func(table string) map[string]bool {
		all := map[string]bool{}
		for _, id := range ledgertest.Column[string](r.t, r.dsn, "SELECT event_id FROM "+table) {
			all[id] = true
		}
		return all
	}
	there, refused := ids("events"), ids("refusals")
	for id := range s.acked {
		if !there[id] && !refused[id] {
			r.t.Errorf("event %s was acknowledged and is not in the ledger", id)
		}
	}
	for what, c := range map[string]struct{ sent, kept map[string]bool }{"events": {s.sent, there}, "refusals": {s.careless, refused}} {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(c.sent)), slices.Sorted(maps.Keys(c.kept))); diff != "" {
			r.t.Errorf("%s (-sent +in the ledger):\n%s", what, diff)
		}
	}
	if s.accepted > len(there) {
		r.t.Errorf("%d events were called new, and there are %d", s.accepted, len(there))
	}
}

func (r *rig) none(what, query string) {
	r.t.Helper()
	if ids := ledgertest.Column[string](r.t, r.dsn, query); len(ids) > 0 {
		r.t.Errorf("%s: %d, such as %s", what, len(ids), ids[0])
	}
}

// projection is what follows from the events, table by table. What was stamped with the time of the run is shown as "now", and a rep that
// was picked as "picked": both may differ between two runs that are equal.
func (r *rig) projection() map[string][]string {
	r.t.Helper()
	out := map[string][]string{}
	for table, query := range map[string]string{
		"leads":       `SELECT to_jsonb(l) FROM leads l ORDER BY lead_id`,
		"cycles":      `SELECT to_jsonb(c) FROM cycles c ORDER BY lead_id, cycle`,
		"obligations": `SELECT to_jsonb(o) - 'warned_at' FROM obligations o ORDER BY lead_id, cycle, clause`,
		"accounts":    `SELECT to_jsonb(a) FROM accounts a ORDER BY account`,
		"events":      `SELECT to_jsonb(e) - ARRAY['seq', 'received_at', 'content_hash'] FROM events e ORDER BY source, event_id`,
		"refusals":    `SELECT to_jsonb(r) - ARRAY['seq', 'received_at'] FROM refusals r ORDER BY source, event_id`,
	} {
		for _, row := range ledgertest.Column[map[string]any](r.t, r.dsn, query) {
			text, err := json.Marshal(r.plain(row))
			r.must(err)
			out[table] = append(out[table], string(text))
		}
	}
	return out
}

// plain takes from a row what may differ.
func (r *rig) plain(row map[string]any) map[string]any {
	if picked, _ := row["picked_rep"].(string); picked != "" {
		for column, v := range row {
			if v == picked {
				row[column] = "picked"
			}
		}
	}
	due, _ := row["due_at"].(string)
	if stopped, _ := row["stopped_at"].(string); r.now(stopped) && row["elapsed"] != nil {
		row["elapsed"] = "now"
	}
	for column, v := range row {
		switch v := v.(type) {
		case map[string]any:
			row[column] = r.plain(v)
		case string:
			if r.now(v) || column == "period" && r.now(due) {
				row[column] = "now"
			}
		}
	}
	return row
}

func (r *rig) now(text string) bool {
	if !strings.Contains(text, "T") {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return err == nil && !at.Before(r.started)
}

// equal compares what two runs came to.
func equal(t *testing.T, want, got map[string][]string) {
	t.Helper()
	for table := range want {
		if len(want[table]) == 0 && table != "accounts" {
			t.Errorf("table %s is empty: nothing is compared", table)
		}
		lost, found := without(want[table], got[table]), without(got[table], want[table])
		for i, row := range lost[:min(3, len(lost))] {
			t.Errorf("%s:\n undisturbed %s\n here        %s", table, row, at(found, i))
		}
		if len(lost)+len(found) > 0 {
			t.Errorf("%s: %d of %d rows of the undisturbed run are not here, and %d are here only", table, len(lost), len(want[table]), len(found))
		}
	}
}

// without are the rows of a that b lacks.
func without(a, b []string) (out []string) {
	there := map[string]bool{}
	for _, row := range b {
		there[row] = true
	}
	for _, row := range a {
		if !there[row] {
			out = append(out, row)
		}
	}
	return out
}

func at(rows []string, i int) string {
	if i < len(rows) {
		return rows[i]
	}
	return "(none)"
}
