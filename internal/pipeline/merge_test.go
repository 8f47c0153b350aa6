// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"testing"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// byPicks has stages, and owners that we find.
func byPicks(b *bundle.Bundle) {
	byStages(b)
	b.SLA.Marketing.Delivery.Mechanism = ""
}

const handOffs = `SELECT concat_ws(' ', lead_id, stage, qualified_at::time, bundle_sequence) FROM leads ORDER BY 1`

// What another lead of the account says late lets a hand-off be sooner, as what this one did was known; what it did itself, told late, does not.
func TestAHandOffIsSoonerOnlyForWhatKeptItOut(t *testing.T) {
	account := ledger.Data{Scope: lead.ScopeAccount}
	r := newRig(t, bundleOf(1, byStages))
	send := func(what, want string, entries ...ledger.Entry) {
		t.Helper()
		r.send(entries...)
		r.work(team("rep-1"))
		expect(t, r, what, handOffs, "a Inquiry", want)
	}
	r.send(company("a", "acme", later(0, 0)), company("b", "acme", later(0, 0)), of("a", lead.KindOptedOut, later(0, 1), account))
	r.work(team("rep-1"))
	r.send(demo("b", later(0, 5)))
	r.work(team("rep-1"))
	send("let in", "b MQL 18:00:00 1", of("a", lead.KindReinstated, later(0, 8), account), demo("b", later(0, 9)))
	send("a form that is told late", "b MQL 18:00:00 1", demo("b", later(0, 0)))
	send("nor when it is looked at again", "b MQL 18:00:00 1", touch("b", later(0, 10)))
	send("was let in before", "b MQL 14:00:00 1", of("a", lead.KindReinstated, later(0, 2), account))
}

// A lead that opted out before it was merged was not handed off, whenever that is told.
func TestWhatIsToldLateOfAMergedLead(t *testing.T) {
	r := newRig(t, bundleOf(1, byStages))
	r.send(company("a", "acme", later(0, 0)), company("b", "acme", later(0, 0)), demo("b", later(0, 3)), assigned("b", "rep-1", later(0, 3)))
	r.work(team("rep-1"))
	r.send(merged("a", "b", later(0, 6)))
	r.work(team("rep-1"))
	expect(t, r, "merged", handOffs, "a MQL 12:00:00 1", "b Merged")
	r.send(of("b", lead.KindOptedOut, later(0, 2), ledger.Data{}))
	r.work(team("rep-1"))
	expect(t, r, "opted out", handOffs, "a Suppressed", "b Merged")
	expect(t, r, "nobody's", `SELECT lead_id FROM leads WHERE num_nonnulls(owner, owned_first_at, disposed_at, sal_at) > 0`)
	expect(t, r, "nothing is owed", "SELECT clause FROM obligations")
	r.send(of("b", lead.KindReinstated, later(0, 5), ledger.Data{}))
	r.work(team("rep-1"))
	expect(t, r, "reinstated", handOffs, "a MQL 14:00:00 1", "b Merged")
}

// What a pair made of merged leads stays under the next one, also when they take in another lead.
func TestMergesUnderSeveralPairs(t *testing.T) {
	r := newRig(t, bundleOf(1, byStages))
	r.send(company("a", "acme", later(0, 0)), demo("b", later(0, 1)), merged("a", "b", later(0, 2)), assigned("a", "rep-1", later(0, 3)))
	r.work(team("rep-1"))
	expect(t, r, "by the first pair", handOffs, "a MQL 11:00:00 1", "b Merged")
	r.inForce(bundleOf(2, byStages))
	r.send(company("c", "acme", later(0, 0)), merged("a", "c", later(0, 9)))
	r.work(team("rep-1"))
	expect(t, r, "by the second", handOffs, "a MQL 11:00:00 1", "b Merged", "c Merged")
	r.send(company("d", "acme", later(0, 0)), demo("d", later(0, 4)))
	r.work(team("rep-1"))
	r.send(merged("d", "a", later(0, 12)))
	r.work(team("rep-1"))
	expect(t, r, "taken in itself", handOffs, "a Merged", "b Merged", "c Merged", "d MQL 11:00:00 1")
	r.send(touch("c", later(0, 13)))
	r.work(team("rep-1"))
	expect(t, r, "with news", handOffs, "a Merged", "b Merged", "c Merged", "d MQL 11:00:00 1")
}

// Whom we picked goes on to own the lead that is left; where it has nobody, whom we picked for the other one.
func TestMergedLeadsKeepWhomWePicked(t *testing.T) {
	const picks = `SELECT concat_ws(' ', lead_id, stage, picked_rep, owner) FROM leads ORDER BY 1`
	for name, c := range map[string]struct {
		entries  []ledger.Entry
		survivor string
		want     []string
	}{
		"both have somebody":          {[]ledger.Entry{demo("a", later(0, 1)), demo("b", later(0, 2))}, "b", []string{"a Merged", "b MQL rep-2 rep-2"}},
		"the one that is left has":    {[]ledger.Entry{demo("a", later(0, 1))}, "a", []string{"a MQL rep-1 rep-1", "b Merged"}},
		"the one that is taken in":    {[]ledger.Entry{demo("a", later(0, 1))}, "b", []string{"a Merged", "b MQL rep-1 rep-1"}},
		"nobody has before the merge": {[]ledger.Entry{of("a", lead.KindOptedOut, later(0, 1), ledger.Data{}), demo("a", later(0, 2))}, "b", []string{"a Merged", "b Suppressed"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1, byPicks))
			r.send(company("a", "acme", later(0, 0)), company("b", "bcme", later(0, 0)))
			for _, e := range c.entries {
				r.send(e)
				r.work(team("rep-1", "rep-2"))
			}
			taken := map[string]string{"a": "b", "b": "a"}[c.survivor]
			r.send(merged(c.survivor, taken, later(0, 5)))
			r.work(team("rep-1", "rep-2"))
			expect(t, r, "merged", picks, c.want...)
			r.send(touch(taken, later(0, 6)), touch(c.survivor, later(0, 7)))
			r.work(team("rep-1", "rep-2"))
			expect(t, r, "with news", picks, c.want...)
			expect(t, r, "nobody was picked anew", "SELECT count(*)::text FROM choices WHERE kind = 'Picked' AND at > (SELECT max(at) FROM corrections WHERE what = 'merged')", "0")
		})
	}
}
