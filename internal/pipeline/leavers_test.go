// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

func rosterOf(reps ...string) bundle.Roster { return bundle.Roster{Pools: team(reps...)} }

func TestLeaversGiveBackWhatIsOpen(t *testing.T) {
	now := time.Now().UTC()
	r := newRig(t, bundleOf(1))
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		r.send(mql(id, now)...)
	}
	r.route(rosterOf("rep-1", "rep-2"))
	expect(t, r, "at first", owners, "a rep-1", "b rep-2", "c rep-1", "d rep-2", "e rep-1", "f rep-2", "g rep-1", "h rep-2")
	// rep-2: b and h are open, d is given back, f was assigned to somebody who is in no pool by another system.
	r.send(disposed("d", "BadTiming", now), assigned("f", "rep-9", time.Now()), touch("b", now))
	due := func() []string {
		return ledgertest.Column[string](t, r.dsn, "SELECT concat_ws(' ', lead_id, clause, started_at, due_at) FROM obligations ORDER BY 1")
	}
	r.route(rosterOf("rep-1", "rep-2"))
	clocks := due()
	router := r.route(rosterOf("rep-1", "rep-3"))
	expect(t, r, "after rep-2 left", owners, "a rep-1", "b rep-1", "c rep-1", "d rep-2", "e rep-1", "f rep-9", "g rep-1", "h rep-3")
	expect(t, r, "decisions", "SELECT concat_ws(' ', lead_id, kind, pool, rep, from_rep) FROM choices WHERE kind <> 'Picked' ORDER BY id",
		"f Assigned rep-9 rep-2", "b Reassigned everyone rep-1 rep-2", "h Reassigned everyone rep-3 rep-2")
	if diff := cmp.Diff([]string{
		"its owner was no member of a pool any more",
		"everyone: 2 available; chosen at 4 turns and 0 open leads, before rep-1 at 5 and 5",
	}, r.explained("h")); diff != "" {
		t.Errorf("reason (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(clocks, due()); diff != "" {
		t.Errorf("clocks began anew (-want +got):\n%s", diff)
	}
	r.again(router)
	expect(t, r, "once", "SELECT count(*)::text FROM choices", "11")
}

func TestALeaverWhomNobodyFollows(t *testing.T) {
	now := time.Now().UTC()
	r := newRig(t, bundleOf(1))
	full := rosterOf("rep-1")
	full.Pools[0].Members[0].Capacity = 1
	r.send(mql("a", now)...)
	r.send(mql("b", now)...)
	r.route(rosterOf("rep-1", "rep-2"))
	router := r.route(full)
	r.again(router)
	r.send(pricing("b", now))
	r.route(full)
	expect(t, r, "it waits", owners, "a rep-1", "b -")
	expect(t, r, "decisions", decisions, "a 1 Picked everyone rep-1", "b 1 Picked everyone rep-2", "b 1 ReturnedToPool - - rep-2")
	const clocks = "SELECT concat_ws(' ', clause, state, due_at IS NULL) FROM obligations WHERE lead_id = 'b' AND clause IN ('delivery', 'firstContact') ORDER BY 1"
	expect(t, r, "it was delivered, and its clock runs", clocks, "delivery Met f", "firstContact Open f")
	r.send(disposed("a", "BadTiming", now))
	r.route(full)
	expect(t, r, "somebody is free", owners, "a rep-1", "b rep-1")
	expect(t, r, "last decision", decisions+" DESC LIMIT 1", "b 1 Picked everyone rep-1")
	expect(t, r, "still", clocks, "delivery Met f", "firstContact Open f")
}

// What waits for nobody any more is not given to anybody.
func TestWhatWentBackAndWasDisposedOf(t *testing.T) {
	now := time.Now().UTC()
	r := newRig(t, bundleOf(1))
	nobody := rosterOf("rep-1")
	nobody.Pools[0].When = "lead.employees > 1000"
	r.send(mql("a", now)...)
	r.route(rosterOf("rep-2"))
	r.route(nobody)
	r.send(disposed("a", "BadTiming", now))
	r.route(nobody)
	r.route(rosterOf("rep-1"))
	expect(t, r, "nobody's", owners, "a -")
	expect(t, r, "decisions", decisions, "a 1 Picked everyone rep-2", "a 1 ReturnedToPool - - rep-2")
}

func TestWhoIsAwayKeepsHisLeads(t *testing.T) {
	now := time.Now().UTC()
	r := newRig(t, bundleOf(1))
	r.send(mql("a", now)...)
	r.route(rosterOf("rep-1", "rep-2"))
	away := rosterOf("rep-1", "rep-2")
	away.Pools[0].Members[0].Away = []lead.Away{{From: now.Add(-time.Hour), To: now.Add(time.Hour)}}
	r.again(r.route(away))
	expect(t, r, "his", owners, "a rep-1")
}

// A worker that does not know a rep yet takes nothing away from him: who picked him may have a newer roster.
func TestAnOldRosterTakesNothingAway(t *testing.T) {
	now := time.Now().UTC()
	r := newRig(t, bundleOf(1))
	old := r.route(rosterOf("rep-1"))
	r.send(mql("a", now)...)
	r.route(rosterOf("rep-2"))
	r.again(old)
	r.send(pricing("a", now))
	settle(t, r.scorer(r.l).Step)
	settle(t, old.Step)
	expect(t, r, "it stays", owners, "a rep-2")
	r.route(rosterOf("rep-1"))
	expect(t, r, "a roster that was read later", owners, "a rep-1")
}

// Who leaves a pool and comes back is a newcomer: he does not catch up what the others took meanwhile.
func TestComingBackToAPool(t *testing.T) {
	now := time.Now().UTC()
	r := newRig(t, bundleOf(1))
	batch := func(prefix string, n int, roster bundle.Roster) {
		for i := range n {
			r.send(mql(fmt.Sprint(prefix, i), now)...)
		}
		r.route(roster)
	}
	batch("a", 2, rosterOf("rep-1", "rep-2"))
	batch("b", 20, rosterOf("rep-1"))
	batch("c", 6, rosterOf("rep-1", "rep-2"))
	expect(t, r, "after he came back", "SELECT concat(owner, ' ', count(*)) FROM leads WHERE lead_id LIKE 'c%' GROUP BY owner ORDER BY 1", "rep-1 3", "rep-2 3")
}

// A lead that comes back goes to who had it.
func TestAReturningLeadGoesToItsOwner(t *testing.T) {
	again := func(b *bundle.Bundle) { b.Lead.Dispositions[0].Reentry = &lead.Reentry{After: time.Hour} }
	for name, c := range map[string]struct {
		roster bundle.Roster
		want   string
	}{
		"to its owner":          {bundle.Roster{OwnerFirst: lead.OwnerPrefer, Pools: team("rep-1", "rep-2")}, "rep-1 OwnerFirst"},
		"unless he left":        {bundle.Roster{OwnerFirst: lead.OwnerPrefer, Pools: team("rep-2", "rep-3")}, "rep-2 Picked"},
		"or nobody asks for it": {bundle.Roster{Pools: team("rep-1", "rep-2")}, "rep-2 Picked"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1, again))
			r.send(mql("a", monday)...)
			r.route(rosterOf("rep-1", "rep-2"))
			r.send(disposed("a", "BadTiming", later(0, 2)), demo("a", later(3, 0)))
			r.route(c.roster)
			expect(t, r, "the second time", "SELECT concat_ws(' ', rep, kind) FROM choices WHERE cycle = 2", c.want)
		})
	}
}

// A few hundred steps of a team's life, in random order: leads come, are touched, given back and assigned elsewhere; reps come, leave, are
// away; deadlines pass. Whatever happened, the ledger's books balance.
func TestTheBooksBalance(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			r := newRig(t, bundleOf(1, byCompany))
			now := time.Now().UTC()
			count := 0
			anyLead := func() string { return fmt.Sprintf("lead-%03d", random.IntN(max(count, 1))) }
			roster := randomRoster(random, now)
			for range 30 {
				for range random.IntN(8) {
					r.send(mqlOf(fmt.Sprintf("lead-%03d", count), fmt.Sprint("Company ", random.IntN(20)), now)...)
					count++
				}
				switch random.IntN(6) {
				case 0:
					roster = randomRoster(random, now)
				case 1:
					r.send(touch(anyLead(), now))
				case 2:
					r.send(disposed(anyLead(), []string{"BadTiming", "SQL"}[random.IntN(2)], now))
				case 3:
					r.send(assigned(anyLead(), fmt.Sprint("rep-", random.IntN(9)), time.Now()))
				case 4:
					r.overdue()
					r.breach(roster)
				}
				r.route(roster)
				balanced(t, r)
			}
			kinds := strings.Join(ledgertest.Column[string](t, r.dsn, "SELECT concat(kind, ' ', count(*)) FROM choices GROUP BY kind ORDER BY 1"), ", ")
			t.Log(kinds)
			if n := ledgertest.Value[int64](t, r.dsn, "SELECT count(DISTINCT kind) FROM choices"); n < 6 {
				t.Errorf("only %d kinds of choices: %s", n, kinds)
			}
		})
	}
}

func randomRoster(random *rand.Rand, now time.Time) bundle.Roster {
	roster := bundle.Roster{
		OwnerFirst: []lead.OwnerFirst{"", lead.OwnerPrefer}[random.IntN(2)], OnBreach: []lead.OnBreach{"", lead.BreachReassign}[random.IntN(2)],
	}
	for _, name := range []string{"large", "rest"} {
		pool := lead.Pool{Name: name, Strategy: []lead.Strategy{lead.RoundRobin, lead.Weighted, lead.LeastLoaded}[random.IntN(3)]}
		if random.IntN(2) == 0 {
			pool.When = "lead.employees > 1000"
		}
		for i := range 8 {
			if random.IntN(2) == 0 {
				m := lead.Member{Rep: fmt.Sprint("rep-", i), Weight: random.IntN(3), Capacity: random.IntN(12)}
				if random.IntN(4) == 0 {
					m.Away = []lead.Away{{From: now.Add(-time.Hour), To: now.Add(time.Hour)}}
				}
				pool.Members = append(pool.Members, m)
			}
		}
		if len(pool.Members) == 0 {
			pool.Members = []lead.Member{{Rep: "rep-0"}}
		}
		roster.Pools = append(roster.Pools, pool)
	}
	if random.IntN(2) == 0 {
		roster.Unroutable = lead.Unroutable{Policy: lead.UnroutablePool, Pool: "rest"}
	}
	return roster
}

// balanced checks that choices tell who owns each lead, that nobody is given the lead that he has, and that what is kept of loads is what the
// leads say.
func balanced(t *testing.T, r *rig) {
	t.Helper()
	for what, query := range map[string]string{
		"leads whose last choice is not their owner": `
SELECT concat_ws(' ', l.lead_id, l.owner, c.kind, c.rep) FROM leads l
JOIN LATERAL (SELECT kind, rep FROM choices c WHERE c.lead_id = l.lead_id AND c.cycle = l.cycle ORDER BY id DESC LIMIT 1) c ON true
WHERE l.owner IS DISTINCT FROM c.rep`,
		"MQLs without any choice": `
SELECT lead_id FROM leads l WHERE qualified_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM choices c WHERE c.lead_id = l.lead_id AND c.cycle = l.cycle)`,
		"choices that are not from who owned it": `
SELECT concat_ws(' ', lead_id, kind, rep, from_rep, had) FROM (SELECT *, lag(rep) OVER (PARTITION BY lead_id, cycle ORDER BY id) AS had FROM choices) c
WHERE from_rep IS DISTINCT FROM had`,
		"leads given to who had them": `
SELECT lead_id FROM choices WHERE rep = from_rep AND kind <> 'Kept'`,
		"loads that are not as the leads say": `
SELECT concat_ws(' ', kept.rep, kept.leads, said.leads)
FROM (SELECT owner AS rep, count(*) AS leads FROM leads WHERE owner IS NOT NULL AND disposed_at IS NULL GROUP BY 1) AS said
FULL JOIN (SELECT rep, sum(leads) AS leads FROM loads GROUP BY 1 HAVING sum(leads) <> 0) AS kept USING (rep)
WHERE kept.leads IS DISTINCT FROM said.leads`,
		"deliveries that are not the first choice": `
SELECT lead_id FROM leads WHERE owner IS NOT NULL AND owned_first_at > owned_at`,
	} {
		if got := ledgertest.Column[string](t, r.dsn, query); len(got) > 0 {
			t.Errorf("%s: %v", what, got)
		}
	}
}
