// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

func byBANT(b *bundle.Bundle) {
	b.Lead.SQL = []lead.SQLCriterion{
		{Name: "budget", Expression: "qualification.budget"}, {Name: "timeline", Expression: "qualification.timelineDays <= 180"},
	}
}

func told(id string, at time.Time, qualification map[string]any) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: lead.KindQualified, Time: at, Data: ledger.Data{By: "rep-1", Qualification: qualification}}
}

const sqls = `SELECT concat_ws(' ', stage, sql_at::time, sql_unmet) FROM leads ORDER BY lead_id`

func TestAnMQLBecomesAnSQL(t *testing.T) {
	hour := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Hour) }
	r := newRig(t, bundleOf(1, byCRM, byBANT))
	r.send(told("lead-1", hour(0), map[string]any{"timelineDays": 200.0}), captured("lead-1", hour(0), map[string]any{"company": "acme"}))
	r.work(team("rep-1"))
	expect(t, r, "not yet MQL", sqls, "Inquiry")
	r.send(demo("lead-1", hour(1)))
	r.work(team("rep-1"))
	expect(t, r, "MQL, with what was told before", sqls, "MQL {budget,timeline}")
	r.send(told("lead-1", hour(2), map[string]any{"budget": true}))
	r.work(team("rep-1"))
	expect(t, r, "one criterion more", sqls, "MQL {timeline}")
	r.send(told("lead-1", hour(4), map[string]any{"timelineDays": 90.0}))
	r.work(team("rep-1"))
	expect(t, r, "all", sqls, "SQL 13:00:00")
	r.send(touch("lead-1", hour(5)), pricing("lead-1", hour(6)), told("lead-1", hour(7), map[string]any{"budget": false}))
	r.work(team("rep-1"))
	expect(t, r, "it stays one", sqls, "SQL 13:00:00")
	r.send(told("lead-1", hour(3), map[string]any{"budget": false}))
	r.work(team("rep-1"))
	expect(t, r, "unless it is told late that it never was", sqls, "MQL {budget}")
}

// A lead is judged by the pair that qualified it, in this too.
func TestSQLByTheCriteriaOfItsPair(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, byBANT))
	r.send(captured("lead-1", monday, map[string]any{"company": "acme"}), demo("lead-1", monday))
	r.work(team("rep-1"))
	r.inForce(bundleOf(2, byCRM))
	r.send(captured("lead-2", monday, map[string]any{"company": "acme"}), demo("lead-2", monday))
	r.send(told("lead-1", monday.Add(time.Hour), map[string]any{"budget": true}), told("lead-2", monday.Add(time.Hour), map[string]any{"budget": true}))
	r.work(team("rep-1"))
	expect(t, r, "with and without criteria", sqls, "MQL {timeline}", "SQL 10:00:00")
}

func TestSQLWhateverTheOrderOfArrival(t *testing.T) {
	hour := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Hour) }
	entries := []ledger.Entry{
		captured("lead-1", hour(0), map[string]any{"company": "acme"}), demo("lead-1", hour(1)), told("lead-1", hour(2), map[string]any{"budget": true}),
		told("lead-1", hour(3), map[string]any{"budget": nil, "timelineDays": 10.0}), told("lead-1", hour(4), map[string]any{"budget": true}),
		told("lead-1", hour(5), map[string]any{"budget": false}),
	}
	for range 4 {
		r := newRig(t, bundleOf(1, byCRM, byBANT))
		rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		for _, e := range entries {
			r.send(e)
			r.work(team("rep-1"))
		}
		expect(t, r, "in the end", sqls, "SQL 13:00:00")
	}
}
