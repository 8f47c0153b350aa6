// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// What one lead of an account asked for all of them, another one may have taken back before the hand-off: its clocks run.
func TestAnAccountThatWasReinstatedIsOwedTo(t *testing.T) {
	now := time.Now().UTC()
	at := func(hours int) time.Time { return now.Add(time.Duration(hours-5) * time.Hour) }
	account := ledger.Data{Scope: lead.ScopeAccount}
	for name, c := range map[string]struct {
		barred, reinstated string
		again              bool // it was handed off before
	}{
		"by another lead":                      {barred: "a", reinstated: "b"},
		"by itself":                            {barred: "b", reinstated: "a"},
		"of its own":                           {barred: "a", reinstated: "a"},
		"of another's":                         {barred: "b", reinstated: "b"},
		"by itself, before it came back":       {barred: "b", reinstated: "a", again: true},
		"by another lead, before it came back": {barred: "a", reinstated: "b", again: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1, byPersistence, func(b *bundle.Bundle) {
				b.Lead.Dispositions = append(b.Lead.Dispositions, lead.Disposition{Name: "Later", Outcome: lead.Recycled, Reentry: &lead.Reentry{After: time.Minute}})
			}))
			for _, id := range []string{"a", "b"} {
				r.send(captured(id, at(-9), map[string]any{"company": "acme"}))
			}
			if c.again {
				r.send(demo("a", at(-8)), assigned("a", "rep-1", at(-8)), disposed("a", "Later", at(-7)))
			}
			r.work(team("rep-1"))
			r.send(telling(c.barred, lead.KindOptedOut, at(0), account), telling(c.reinstated, lead.KindReinstated, at(2), account))
			r.work(team("rep-1"))
			r.send(demo("a", at(4)), assigned("a", "rep-1", at(4)))
			r.work(team("rep-1"))
			expect(t, r, "its clocks", `SELECT concat_ws(' ', clause, state) FROM obligations JOIN leads USING (tenant, lead_id, cycle)
WHERE lead_id = 'a' AND clause IN ('acceptance', 'firstContact', 'disposition') ORDER BY 1`,
				"acceptance Open", "disposition Open", "firstContact Open")
		})
	}
}

// Who is waiting for an owner and is disposed of meanwhile waits no more: it costs nobody a turn, and is not counted among those without an owner.
func TestWhatWasHeldAndDisposedOf(t *testing.T) {
	now := time.Now().UTC()
	r := newRig(t, bundleOf(1))
	nobody := rosterOf("rep-1")
	nobody.Pools[0].When = "lead.employees > 1000"
	r.send(mql("a", now)...)
	r.route(nobody)
	r.send(disposed("a", "BadTiming", now))
	r.route(rosterOf("rep-1"))
	expect(t, r, "nobody's", owners, "a -")
	expect(t, r, "decisions", decisions, "a 1 Held - -")
	snapshot, err := r.l.Count(t.Context(), nil)
	if err != nil || snapshot.Leads.Unrouted != 0 {
		t.Errorf("%d are without an owner (%v), want none", snapshot.Leads.Unrouted, err)
	}
	pulse, err := r.l.Pulse(t.Context())
	if err != nil || pulse.Unowned != 0 {
		t.Errorf("%d are without an owner (%v), want none", pulse.Unowned, err)
	}
}

// Leads that are decided together see of each other who has room.
func TestRoomAmongLeadsOfOneBatch(t *testing.T) {
	now := time.Now().UTC()
	one := rosterOf("rep-1")
	one.Pools[0].Members[0].Capacity = 1
	r := newRig(t, bundleOf(1))
	r.send(mql("a", now)...)
	r.route(one)
	r.send(disposed("a", "BadTiming", now))
	r.send(mql("b", now)...)
	r.route(one)
	expect(t, r, "there is room again", owners, "a rep-1", "b rep-1")
	if got := r.state("b", sla.ClauseDelivery); got != "Met" {
		t.Errorf("delivery of b is %s, want Met", got)
	}
	r = newRig(t, bundleOf(1))
	r.send(mql("a", now)...)
	r.send(assigned("a", "rep-1", now))
	r.send(mql("b", now)...)
	r.route(one)
	expect(t, r, "there is none", owners, "a rep-1", "b -")
	expect(t, r, "loads", "SELECT concat(rep, ' ', sum(leads)) FROM loads GROUP BY rep ORDER BY 1", "rep-1 1")
}

// A lead that stays with who got it from the pool for the rest is still counted there.
func TestKeptFromThePoolForTheRest(t *testing.T) {
	r := newRig(t, bundleOf(1))
	rest := rosterOf("rep-1")
	rest.Pools[0].When = "lead.employees > 1000"
	rest.Unroutable, rest.OnBreach = lead.Unroutable{Policy: lead.UnroutablePool, Pool: "everyone"}, lead.BreachReassign
	r.send(mql("a", time.Now().UTC())...)
	r.route(rest)
	r.overdue()
	r.breach(rest)
	r.route(rest)
	expect(t, r, "decisions", decisions, "a 1 Fallback everyone rep-1", "a 1 Kept everyone rep-1 rep-1")
	expect(t, r, "marked", "SELECT lead_id FROM leads WHERE fallback", "a")
}

// What a leaver keeps is not looked at again and again.
func TestWhatALeaverKeepsIsLeftAlone(t *testing.T) {
	now := time.Now().UTC()
	r := newRig(t, bundleOf(1))
	for _, id := range []string{"deal", "out", "open"} {
		r.send(mql(id, now)...)
	}
	r.route(rosterOf("rep-1"))
	r.send(deal("deal", lead.DealOpen, now), telling("out", lead.KindOptedOut, now, ledger.Data{}))
	r.route(rosterOf("rep-1"))
	var seen []string
	_, _, _, err := r.l.RouteOwned(t.Context(), 1, 10, "rep-1", time.Now().Add(time.Hour), "", func(_ context.Context, routing *ledger.Routing) error {
		for _, one := range routing.Leads {
			seen = append(seen, one.ID)
		}
		return nil
	})
	if diff := cmp.Diff([]string{"open"}, seen); diff != "" || err != nil {
		t.Errorf("%v, looked at (-want +got):\n%s", err, diff)
	}
}
