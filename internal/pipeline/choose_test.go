// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

// byCompany names the account of a lead.
func byCompany(b *bundle.Bundle) { b.Lead.Account = &lead.Account{Field: "company"} }

func (r *rig) routerOf(l *ledger.Ledger, roster bundle.Roster) *pipeline.Router {
	r.t.Helper()
	compiled, err := r.pair.CompileRoster(roster)
	if err != nil {
		r.t.Fatal(err)
	}
	return &pipeline.Router{
		Pairs: &pipeline.Pairs{Mounted: r.pair}, Metrics: metrics(), Log: slog.New(slog.DiscardHandler),
		Roster: func() *pipeline.Roster { return compiled },
		Ledger: func() (pipeline.RouteLedger, error) { return l, nil },
	}
}

// route scores and routes what there is, looks again for those who wait, and gives what became of it.
func (r *rig) route(roster bundle.Roster) *pipeline.Router {
	r.t.Helper()
	settle(r.t, r.scorer(r.l).Step)
	router := r.routerOf(r.l, roster)
	settle(r.t, router.Step)
	r.again(router)
	return router
}

func (r *rig) again(router *pipeline.Router) {
	r.t.Helper()
	if _, err := router.StepUnrouted(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

const owners = "SELECT concat_ws(' ', lead_id, coalesce(owner, '-')) FROM leads ORDER BY lead_id"

const decisions = "SELECT concat_ws(' ', lead_id, cycle, kind, coalesce(pool, '-'), coalesce(rep, '-'), from_rep) FROM choices ORDER BY id"

func mqlOf(id, company string, at time.Time) []ledger.Entry {
	return []ledger.Entry{captured(id, at, map[string]any{"company": company, "numberofemployees": float64(300)}), demo(id, at)}
}

// explained gives the last choice of a lead in words.
func (r *rig) explained(id string) []string {
	r.t.Helper()
	choices, err := r.l.Choices(r.t.Context(), id)
	if err != nil || len(choices) == 0 {
		r.t.Fatalf("choices of %s: %v, %v", id, choices, err)
	}
	return choices[len(choices)-1].Reason.Lines()
}

func TestOwnerFirst(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	prefer := bundle.Roster{OwnerFirst: lead.OwnerPrefer, Pools: team("rep-1", "rep-2", "rep-3")}
	for name, c := range map[string]struct {
		roster func(*bundle.Roster)
		events []ledger.Entry // of the lead a, before b comes
		want   string         // who gets b
	}{
		"the owner of the account":   {func(*bundle.Roster) {}, []ledger.Entry{assigned("a", "rep-3", now)}, "rep-3"},
		"not unless it is asked for": {func(r *bundle.Roster) { r.OwnerFirst = "" }, []ledger.Entry{assigned("a", "rep-3", now)}, "rep-1"},
		"ignored":                    {func(r *bundle.Roster) { r.OwnerFirst = lead.OwnerIgnore }, []ledger.Entry{assigned("a", "rep-3", now)}, "rep-1"},
		"an owner who is no member":  {func(*bundle.Roster) {}, []ledger.Entry{assigned("a", "rep-9", now)}, "rep-1"},
		"an owner who is away": {func(r *bundle.Roster) {
			r.Pools[0].Members[2].Away = []lead.Away{{From: now.Add(-time.Hour), To: now.Add(time.Hour)}}
		}, []ledger.Entry{assigned("a", "rep-3", now)}, "rep-1"},
		"an owner at capacity":    {func(r *bundle.Roster) { r.Pools[0].Members[2].Capacity = 1 }, []ledger.Entry{assigned("a", "rep-3", now)}, "rep-1"},
		"the lead was given back": {func(*bundle.Roster) {}, []ledger.Entry{assigned("a", "rep-3", now), disposed("a", "BadTiming", now)}, "rep-1"},
		"a deal was won":          {func(*bundle.Roster) {}, []ledger.Entry{assigned("a", "rep-3", now), disposed("a", "SQL", now), deal("a", lead.DealWon, now)}, "rep-3"},
		"a deal was lost":         {func(*bundle.Roster) {}, []ledger.Entry{assigned("a", "rep-3", now), disposed("a", "SQL", now), deal("a", lead.DealLost, now)}, "rep-1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1, byCompany))
			roster := bundle.Roster{OwnerFirst: prefer.OwnerFirst, Pools: team("rep-1", "rep-2", "rep-3")}
			c.roster(&roster)
			r.send(append(mqlOf("a", "Acme", now.Add(-time.Minute)), c.events...)...)
			r.route(roster)
			r.send(mqlOf("b", " ACME", now)...)
			r.route(roster)
			expect(t, r, "who gets it", "SELECT owner FROM leads WHERE lead_id = 'b'", c.want)
			kind, turns := "Picked", []string{"1 1"}
			if c.want == "rep-3" {
				kind, turns = "OwnerFirst", nil
			}
			expect(t, r, "why", "SELECT kind FROM choices WHERE lead_id = 'b'", kind)
			expect(t, r, "at the cost of a turn", "SELECT concat(right(rep, 1), ' ', turns) FROM rotation WHERE turns > 0", turns...)
		})
	}
}

func deal(id string, state lead.DealState, at time.Time) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: lead.KindOpportunity, Time: at, Data: ledger.Data{Opportunity: "deal-" + id, State: state}}
}

// Leads of one account that come at once, through several routers, all go to one.
func TestAnAccountHasOneOwner(t *testing.T) {
	const accounts, contacts, routers = 12, 8, 3
	r := newRig(t, bundleOf(1, byCompany))
	now := time.Now().UTC()
	for c := range contacts {
		for a := range accounts {
			r.send(mqlOf(fmt.Sprintf("lead-%d-%d", a, c), fmt.Sprintf("Company %d", a), now)...)
		}
	}
	settle(t, r.scorer(r.l).Step)
	roster := bundle.Roster{OwnerFirst: lead.OwnerPrefer, Pools: team("rep-1", "rep-2", "rep-3", "rep-4")}
	r.inParallel(routers, 5, roster)
	expect(t, r, "accounts with two owners", "SELECT account FROM leads GROUP BY account HAVING count(DISTINCT owner) <> 1")
	expect(t, r, "choices", "SELECT concat(kind, ' ', count(*)) FROM choices GROUP BY kind ORDER BY 1", "OwnerFirst 84", "Picked 12")
	expect(t, r, "turns", "SELECT concat(rep, ' ', turns) FROM rotation ORDER BY 1", "rep-1 3", "rep-2 3", "rep-3 3", "rep-4 3")
}

// inParallel routes what there is with several routers at once, a few leads in each transaction.
func (r *rig) inParallel(routers, batch int, roster bundle.Roster) {
	r.t.Helper()
	var group sync.WaitGroup
	start := make(chan struct{})
	for range routers {
		decide := r.dispatcher(roster)
		l := ledgertest.Open(r.t, r.dsn, tenant)
		group.Go(func() {
			<-start
			for {
				done, err := l.Route(context.Background(), r.pair.Bundle.Sequence, batch, decide)
				if err != nil {
					r.t.Error(err)
				}
				if err != nil || done.Leads == 0 {
					return
				}
			}
		})
	}
	close(start)
	group.Wait()
	settle(r.t, r.routerOf(r.l, roster).Step)
}

func (r *rig) dispatcher(roster bundle.Roster) ledger.Decide {
	r.t.Helper()
	compiled, err := r.pair.CompileRoster(roster)
	if err != nil {
		r.t.Fatal(err)
	}
	d, err := pipeline.NewDispatcher(&pipeline.Pairs{Mounted: r.pair}, compiled)
	if err != nil {
		r.t.Fatal(err)
	}
	return d.Decide
}

// Whatever the number of routers, everybody gets his share to within one lead, and as many turns as leads.
func TestRotationIsFairAcrossRouters(t *testing.T) {
	const leads, routers = 400, 4
	r := newRig(t, bundleOf(1))
	now := time.Now().UTC()
	var entries []ledger.Entry
	for i := range leads {
		entries = append(entries, mql(fmt.Sprintf("lead-%03d", i), now)...)
	}
	r.send(entries...)
	settle(t, r.scorer(r.l).Step)
	pools := []lead.Pool{{Name: "weighted", Strategy: lead.Weighted, Members: []lead.Member{
		{Rep: "rep-1", Weight: 1}, {Rep: "rep-2", Weight: 2}, {Rep: "rep-3", Weight: 5, Capacity: 150}, {Rep: "rep-4", Weight: 2},
	}}}
	r.inParallel(routers, 7, bundle.Roster{Pools: pools})
	// rep-3 has half of all until he has 150 of 300; the others go on 1 : 2 : 2.
	expect(t, r, "shares", "SELECT concat(owner, ' ', count(*)) FROM leads GROUP BY owner ORDER BY 1", "rep-1 50", "rep-2 100", "rep-3 150", "rep-4 100")
	expect(t, r, "choices that are not of one lead and its owner", `
SELECT lead_id FROM leads LEFT JOIN choices c USING (tenant, lead_id) GROUP BY lead_id, owner HAVING count(*) <> 1 OR min(c.rep) <> owner OR min(c.kind) <> 'Picked'`)
	expect(t, r, "loads", "SELECT concat(rep, ' ', sum(leads)) FROM loads GROUP BY rep ORDER BY 1", "rep-1 50", "rep-2 100", "rep-3 150", "rep-4 100")
}

func TestWhatNoPoolTakes(t *testing.T) {
	now := time.Now().UTC()
	roster := func(policy lead.Unroutable) bundle.Roster {
		return bundle.Roster{Unroutable: policy, Pools: []lead.Pool{
			{Name: "enterprise", When: "lead.employees > 1000", Members: []lead.Member{{Rep: "rep-1"}}},
			{Name: "full", Members: []lead.Member{
				{Rep: "rep-2", Away: []lead.Away{{From: now.Add(-time.Hour), To: now.Add(time.Hour)}}}, {Rep: "rep-3", Capacity: 1},
			}},
			{Name: "rest", When: "lead.employees < 0", Members: []lead.Member{{Rep: "rep-4", Capacity: 1}}},
		}}
	}
	r := newRig(t, bundleOf(1))
	for _, id := range []string{"a", "b", "c"} {
		r.send(mql(id, now)...)
	}
	hold := r.route(roster(lead.Unroutable{}))
	expect(t, r, "held", decisions, "a 1 Picked full rep-3", "b 1 Held - -", "c 1 Held - -")
	if diff := cmp.Diff([]string{"enterprise: when does not hold", "full: 1 at capacity, 1 away", "rest: when does not hold"}, r.explained("b")); diff != "" {
		t.Errorf("reason (-want +got):\n%s", diff)
	}
	r.again(hold)
	expect(t, r, "held once more", decisions, "a 1 Picked full rep-3", "b 1 Held - -", "c 1 Held - -")
	if got := testutil.ToFloat64(hold.Metrics.Choices.WithLabelValues("Held")); got != 2 {
		t.Errorf("%v held are counted, want 2", got)
	}
	r.route(roster(lead.Unroutable{Policy: lead.UnroutablePool, Pool: "rest"}))
	expect(t, r, "the pool for the rest", owners, "a rep-3", "b rep-4", "c -")
	expect(t, r, "decisions", decisions, "a 1 Picked full rep-3", "b 1 Held - -", "c 1 Held - -", "b 1 Fallback rest rep-4")
	expect(t, r, "marked", "SELECT lead_id FROM leads WHERE fallback", "b")
	if diff := cmp.Diff([]string{
		"it had waited for somebody to be available", "enterprise: when does not hold", "full: 1 at capacity, 1 away",
		"rest: when does not hold", "rest: 1 available; chosen at 0 turns and 0 open leads",
	}, r.explained("b")); diff != "" {
		t.Errorf("reason (-want +got):\n%s", diff)
	}
	expect(t, r, "no clock of delivery is theirs", "SELECT concat(lead_id, ' ', state) FROM obligations WHERE clause = 'delivery' ORDER BY 1", "a Met", "b Excused", "c Excused")
}

func TestARosterMustNameItsPool(t *testing.T) {
	r := newRig(t, bundleOf(1))
	_, err := r.pair.CompileRoster(bundle.Roster{Pools: team("rep-1"), Unroutable: lead.Unroutable{Policy: lead.UnroutablePool, Pool: "rest"}})
	if err == nil || err.Error() != `roster: unroutable.pool "rest" is none of the pools; name one of them` {
		t.Errorf("error %v", err)
	}
}

// overdue has the first contact of an MQL with a rep run out, as of which the search for breaches finds it.
func (r *rig) overdue() {
	r.t.Helper()
	ledgertest.Exec(r.t, r.dsn,
		"UPDATE leads SET picked_at = picked_at - interval '9 hours', picked_first_at = picked_first_at - interval '9 hours', owned_at = owned_at - interval '9 hours', owned_first_at = owned_first_at - interval '9 hours', qualified_at = qualified_at - interval '9 hours'",
		"UPDATE obligations SET started_at = started_at - interval '9 hours', due_at = due_at - interval '9 hours' WHERE clause = 'firstContact'")
}

func TestOnBreach(t *testing.T) {
	now := time.Now().UTC()
	touchedBy := func(entries ...ledger.Entry) []ledger.Entry { return entries }
	automated := touch("a", now)
	automated.Data.Actor = "Automated"
	loggedLate := touch("a", now.Add(-8*time.Hour-time.Minute))
	loggedLate.Data.LoggedAt = new(now.Add(40 * time.Hour))
	for name, c := range map[string]struct {
		policy lead.OnBreach
		reps   []string
		events []ledger.Entry
		want   []string // of decisions, after the first
	}{
		"another rep":                       {lead.BreachReassign, []string{"rep-1", "rep-2"}, nil, []string{"a 1 Reassigned everyone rep-2 rep-1"}},
		"kept by policy":                    {lead.BreachKeep, []string{"rep-1", "rep-2"}, nil, nil},
		"kept by default":                   {"", []string{"rep-1", "rep-2"}, nil, nil},
		"there is nobody else":              {lead.BreachReassign, []string{"rep-1"}, nil, []string{"a 1 Kept everyone rep-1 rep-1"}},
		"an automated mail changes nothing": {lead.BreachReassign, []string{"rep-1", "rep-2"}, touchedBy(automated), []string{"a 1 Reassigned everyone rep-2 rep-1"}},
		"touched, but late":                 {lead.BreachReassign, []string{"rep-1", "rep-2"}, touchedBy(touch("a", now)), nil},
		"touched, and logged too late":      {lead.BreachReassign, []string{"rep-1", "rep-2"}, touchedBy(loggedLate), nil},
		"disposed of":                       {lead.BreachReassign, []string{"rep-1", "rep-2"}, touchedBy(disposed("a", "BadTiming", now)), nil},
		"a deal":                            {lead.BreachReassign, []string{"rep-1", "rep-2"}, touchedBy(deal("a", lead.DealOpen, now)), nil},
		"another system assigned it":        {lead.BreachReassign, []string{"rep-1", "rep-2"}, touchedBy(assigned("a", "rep-3", now)), []string{"a 1 Assigned - rep-3 rep-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1))
			roster := bundle.Roster{OnBreach: c.policy, Pools: team(c.reps...)}
			r.send(mql("a", now)...)
			r.route(roster)
			r.overdue()
			before := ledgertest.Value[time.Time](t, r.dsn, "SELECT due_at FROM obligations WHERE clause = 'firstContact'")
			r.send(c.events...)
			settle(t, r.scorer(r.l).Step)
			settle(t, r.routerOf(r.l, roster).Step)
			r.breach(roster)
			settle(t, r.routerOf(r.l, roster).Step)
			r.breach(roster)
			r.send(pricing("a", now)) // any news: it is decided once more
			r.route(roster)
			expect(t, r, "decisions", decisions, append([]string{"a 1 Picked everyone rep-1"}, c.want...)...)
			after := ledgertest.Value[time.Time](t, r.dsn, "SELECT due_at FROM obligations WHERE clause = 'firstContact'")
			if after.After(before) {
				t.Errorf("the clock was due at %v, and is at %v", before, after)
			}
		})
	}
}

func (r *rig) breach(roster bundle.Roster) {
	r.t.Helper()
	b := r.breaches()
	router := r.routerOf(r.l, roster)
	b.Roster = router.Roster
	if _, err := b.Step(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// By the CRM's rules we pick nobody, and take nothing away.
func TestTheCRMKeepsItsLeads(t *testing.T) {
	now := time.Now().UTC()
	r := newRig(t, bundleOf(1, byCRM))
	roster := bundle.Roster{OnBreach: lead.BreachReassign, OwnerFirst: lead.OwnerPrefer, Pools: team("rep-1", "rep-2")}
	r.send(append(mql("a", now.Add(-9*time.Hour)), assigned("a", "rep-9", now.Add(-9*time.Hour)))...)
	r.route(roster)
	r.breach(roster)
	r.route(roster)
	expect(t, r, "owner", owners, "a rep-9")
	expect(t, r, "decisions", decisions, "a 1 Assigned - rep-9")
	if got := r.state("a", sla.ClauseFirstContact); got != "Missed" {
		t.Errorf("first contact %s, want Missed", got)
	}
}
