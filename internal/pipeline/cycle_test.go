// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// byRecycling lets leads come back 30 days after they were recycled for bad timing, with 20 points less; a path asks for a score.
func byRecycling(b *bundle.Bundle) {
	b.Lead.Dispositions[0].Reentry = &lead.Reentry{After: 30 * 24 * time.Hour, ScoreDelta: -20}
	b.Lead.Paths = append(b.Lead.Paths, scored(35))
}

func later(days, hours int) time.Time {
	return monday.AddDate(0, 0, days).Add(time.Duration(hours) * time.Hour)
}

// twice is a lead that is handed off, recycled, handed off again on day 20, and accepted.
func twice() []ledger.Entry {
	const id = "lead-1"
	return []ledger.Entry{
		captured(id, later(0, 0), map[string]any{"company": "acme", "numberofemployees": 60.0}), demo(id, later(0, 1)), assigned(id, "rep-1", later(0, 1)),
		touch(id, later(0, 3)), disposed(id, "BadTiming", later(0, 4)),
		pricing(id, later(10, 0)), demo(id, later(20, 0)),
		assigned(id, "rep-2", later(20, 1)), touch(id, later(20, 20)), disposed(id, "SQL", later(20, 21)),
	}
}

const (
	standing = `SELECT concat_ws(' ', stage, cycle, path, score_at_handoff, score, qualified_at, owner, owned_first_at::time, disposed_at::time,
    (SELECT string_agg(concat_ws(' ', '/', cycle, stamps ->> 'Owner', stamps #>> '{Qualified,Path}', qualified_at), ' ') FROM cycles)) FROM leads`
	clauses = `SELECT concat_ws(' ', cycle, clause, tier, period, state, stopped_at) FROM obligations ORDER BY cycle, clause COLLATE "C"`
)

var (
	bothStand = []string{"SQL 2 hand-raise 19 19 2026-12-06 09:00:00+00 rep-2 10:00:00 06:00:00 / 1 rep-1 hand-raise 2026-11-16 10:00:00+00"}
	bothOwe   = []string{
		"1 completeness  2026-W47 Met 2026-11-16 10:00:00+00",
		"1 delivery  2026-W47 Met 2026-11-16 10:00:00+00",
		"1 disposition  2026-W49 Met 2026-11-16 13:00:00+00",
		"1 firstContact Standard 2026-W47 Met 2026-11-16 12:00:00+00",
		"1 rejection  2026-W47 Met 2026-11-16 13:00:00+00",
		"1 score  2026-W47 Met 2026-11-16 10:00:00+00",
		"1 volume  2026-11 Met 2026-11-16 10:00:00+00",
		"2 completeness  2026-W49 Met 2026-12-06 09:00:00+00",
		"2 delivery  2026-W49 Missed 2026-12-06 10:00:00+00",
		"2 disposition  2026-W52 Met 2026-12-07 06:00:00+00",
		"2 firstContact High 2026-W49 Missed 2026-12-07 05:00:00+00",
		"2 score  2026-W49 Met 2026-12-06 09:00:00+00",
	}
)

func TestALeadIsHandedOffAgain(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, byRecycling))
	for _, e := range twice() {
		r.send(e)
		r.work(team("rep-1"))
		if at := e.Time; at.Equal(later(10, 0)) {
			expect(t, r, "a look at the prices is too early", "SELECT concat_ws(' ', stage, cycle, score) FROM leads", "Recycled 1 45")
		}
	}
	expect(t, r, "the lead", standing, bothStand...)
	expect(t, r, "the clauses", clauses, bothOwe...)

	snapshot, err := r.l.Count(t.Context(), []sla.Period{"2026-11", "2026-12"})
	if err != nil {
		t.Fatal(err)
	}
	flow := ledgertest.Read(t, r.l, func(x *ledger.Reading) (ledger.Flow, error) { return x.Flow(t.Context(), later(0, 0), later(30, 0)) })
	if snapshot.Leads.MQLs != 1 || flow.Qualified != 1 {
		t.Errorf("%d MQLs, %d of the month: it was delivered once", snapshot.Leads.MQLs, flow.Qualified)
	}
	r.send(touch("lead-1", later(0, 2)))
	r.work(team("rep-1"))
	bothOwe := append([]string{}, bothOwe...)
	bothOwe[3] = "1 firstContact Standard 2026-W47 Met 2026-11-16 11:00:00+00"
	expect(t, r, "what is told late of the first hand-off", clauses, bothOwe...)
}

// In one batch the same follows.
func TestALeadIsHandedOffTwiceInOneBatch(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, byRecycling))
	r.send(twice()...)
	r.work(team("rep-1"))
	expect(t, r, "the clauses", clauses, bothOwe...)
	expect(t, r, "the lead", "SELECT concat_ws(' ', stage, cycle, path, score, qualified_at, first_qualified_at, owner) FROM leads",
		"SQL 2 hand-raise 19 2026-12-06 09:00:00+00 2026-11-16 10:00:00+00 rep-2")
}

// A disposition that is told late lets the lead come back by what was scored before it was told: the same stands as if it had come in time.
func TestADispositionToldLate(t *testing.T) {
	for name, position := range map[string]int{"after the demo": 6, "after the second owner": 7, "after the second disposition": 9} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1, byCRM, byRecycling))
			entries := twice()
			late := entries[4]
			for i, e := range entries {
				if i != 4 {
					r.send(e)
					r.work(team("rep-1"))
				}
				if i == position {
					expect(t, r, "before it is told", "SELECT concat_ws(' ', stage, cycle) FROM leads", map[int]string{6: "MQL 1", 7: "MQL 1", 9: "SQL 1"}[position])
					r.send(late)
					r.work(team("rep-1"))
				}
			}
			expect(t, r, "the lead", standing, bothStand...)
			expect(t, r, "the clauses", clauses, bothOwe...)
		})
	}
}

// Where another pair judged all that the lead did, a disposition changes nothing about it: above all, its score stays.
func TestADispositionUnderALaterPair(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, byRecycling))
	all := twice()
	r.send(append(all[:4:4], all[5:7]...)...)
	r.work(team("rep-1"))
	const now = "SELECT concat_ws(' ', cycle, path, qualified_at, score) FROM leads"
	before := ledgertest.Column[string](t, r.dsn, now)
	r.inForce(bundleOf(2, byCRM, byRecycling))
	r.send(all[4])
	r.work(team("rep-1"))
	expect(t, r, "judged by the first pair", now, before...)
}

// After the time that the disposition demands, any path is open to a newer signal, by the pair that is in force then.
func TestALeadComesBackByItsScore(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, byRecycling))
	r.send(twice()[:5]...)
	r.work(team("rep-1"))
	r.inForce(bundleOf(2, byCRM, byRecycling, func(b *bundle.Bundle) { b.Lead.Paths = b.Lead.Paths[1:] }))
	r.send(pricing("lead-1", later(29, 0)))
	r.work(team("rep-1"))
	expect(t, r, "too early", "SELECT concat_ws(' ', stage, cycle) FROM leads", "Recycled 1")
	r.send(pricing("lead-1", later(31, 0)))
	r.work(team("rep-1"))
	expect(t, r, "in time", "SELECT concat_ws(' ', stage, cycle, path, score_at_handoff, bundle_sequence, met_threshold) FROM leads", "MQL 2 scored 39 2 t")
	expect(t, r, "the pairs that judge", "SELECT DISTINCT concat_ws(' ', cycle, revision) FROM obligations ORDER BY 1", "1 mid-market-terms-1", "2 mid-market-terms-2")
	switches := ledgertest.Read(t, r.l, func(x *ledger.Reading) ([]ledger.Switch, error) {
		return x.Switches(t.Context(), later(-7, 0), later(-6, 0), "2026-W47")
	})
	if len(switches) != 1 || switches[0].Sequence != 1 {
		t.Errorf("pairs of the first week: %+v, want the first", switches)
	}
}

// Our own routing gives it to somebody anew.
func TestALeadThatComesBackIsRoutedAnew(t *testing.T) {
	r := newRig(t, bundleOf(1, byRecycling))
	now := time.Now().UTC().Add(-time.Hour)
	r.send(captured("lead-1", now, map[string]any{"company": "acme"}), demo("lead-1", now))
	r.work(team("rep-1"))
	r.send(disposed("lead-1", "BadTiming", now.Add(10*time.Minute)))
	r.work(team("rep-1"))
	expect(t, r, "at first", "SELECT concat_ws(' ', cycle, owner, disposed_at IS NULL) FROM leads", "1 rep-1 f")
	r.send(demo("lead-1", now.Add(20*time.Minute)))
	r.work(team("rep-2"))
	expect(t, r, "again", "SELECT concat_ws(' ', cycle, owner, picked_rep, disposed_at IS NULL) FROM leads", "2 rep-2 rep-2 t")
}

// A lead may be held in its second cycle: it stays counted as the MQL that it was.
func TestALeadIsHeldOnItsWayBack(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, byRecycling, byBANT))
	r.send(twice()[:5]...)
	r.send(told("lead-1", later(0, 3), map[string]any{"budget": true, "timelineDays": 5.0}))
	r.work(team("rep-1"))
	expect(t, r, "at first", "SELECT concat_ws(' ', stage, cycle, sql_at) FROM leads", "Recycled 1 2026-11-16 12:00:00+00")
	r.send(ledger.Entry{Lead: "lead-1", Kind: lead.KindUpdated, Time: later(5, 0), Data: ledger.Data{Properties: map[string]any{"company": nil}}},
		demo("lead-1", later(20, 0)))
	r.work(team("rep-1"))
	expect(t, r, "held", "SELECT concat_ws(' ', stage, cycle, reached_path, missing, qualified_at, owner, sql_at) FROM leads", "Held 2 hand-raise {company}")
	expect(t, r, "clauses of the second", "SELECT concat_ws(' ', clause, state) FROM obligations WHERE cycle = 2", "completeness Missed")
	snapshot, err := r.l.Count(t.Context(), nil)
	if diff := cmp.Diff(ledger.Leads{Captured: 1, MQLs: 1, Held: 1}, snapshot.Leads); diff != "" || err != nil {
		t.Errorf("leads (-want +got):\n%s%v", diff, err)
	}
	r.send(captured("lead-1", later(21, 0), map[string]any{"company": "acme"}))
	r.work(team("rep-1"))
	expect(t, r, "what sales was told of the first is not taken for granted", "SELECT concat_ws(' ', stage, cycle, qualified_at, sql_unmet) FROM leads",
		"MQL 2 2026-12-07 09:00:00+00")
	if n := ledgertest.Value[int64](t, r.dsn, "SELECT count(*) FROM cycles WHERE stamps ->> 'SQLAt' LIKE '2026-11-16T12:00:00%'"); n != 1 {
		t.Errorf("%d ended cycles with their SQL stamp, want 1", n)
	}
}

// A breach is marked in the cycle that it belongs to.
func TestBreachesOfACycle(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, byRecycling))
	entries := twice()
	r.send(append(entries[:3:3], entries[4:7]...)...) // nobody calls, in either cycle
	r.work(team("rep-1"))
	ledgertest.Exec(t, r.dsn, "UPDATE obligations SET state = 'Open', due_at = CASE cycle WHEN 1 THEN now() - interval '1 day' ELSE now() + interval '1 day' END WHERE clause = 'delivery'",
		"UPDATE obligations SET state = 'Met' WHERE clause <> 'delivery'")
	missed, _, _, err := r.l.Breached(t.Context(), 10)
	if err != nil || missed != 1 {
		t.Fatalf("%d missed, %v", missed, err)
	}
	expect(t, r, "deliveries", "SELECT concat_ws(' ', cycle, state) FROM obligations WHERE clause = 'delivery' ORDER BY 1", "1 Missed", "2 Open")
}
