// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// What reached a path before the first terms took effect is out: it is counted apart, nothing is owed of it, and nobody gets it.
func TestLeadsFromBeforeGoLiveAreOut(t *testing.T) {
	live := later(1, 0)
	for name, c := range map[string]struct {
		pairs []bundle.Bundle
		want  []string
		mqls  int64
	}{
		"as signed": {
			pairs: []bundle.Bundle{bundleOf(1, func(b *bundle.Bundle) { b.SLA.EffectiveFrom = live })},
			want:  []string{"after MQL f rep-1 6", "before MQL t 0", "held Held t 0", "held-then-complete MQL t 0"}, mqls: 1,
		},
		"the first terms count": {
			pairs: []bundle.Bundle{
				bundleOf(1, func(b *bundle.Bundle) { b.SLA.EffectiveFrom = live }),
				bundleOf(2, func(b *bundle.Bundle) { b.SLA.EffectiveFrom = live.Add(30 * 24 * time.Hour) }),
			},
			want: []string{"after MQL f rep-1 6", "before MQL t 0", "held Held t 0", "held-then-complete MQL t 0"}, mqls: 1,
		},
		"they do not say": {
			pairs: []bundle.Bundle{bundleOf(1)},
			want:  []string{"after MQL f rep-1 6", "before MQL f rep-1 6", "held Held f 1", "held-then-complete MQL f rep-1 6"}, mqls: 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.pairs[0])
			for _, b := range c.pairs[1:] {
				r.inForce(b)
			}
			var entries []ledger.Entry
			for id, at := range map[string]time.Time{"before": live.Add(-time.Second), "after": live} {
				entries = append(entries, captured(id, at, map[string]any{"company": "acme"}), demo(id, at))
			}
			entries = append(entries, demo("held", later(0, 0)), demo("held-then-complete", later(0, 0)),
				captured("held-then-complete", later(2, 0), map[string]any{"company": "acme"}))
			r.send(entries...)
			r.work(team("rep-1"))
			expect(t, r, "in the end", `SELECT concat_ws(' ', lead_id, stage, before_go_live, owner,
    (SELECT count(*) FROM obligations o WHERE o.lead_id = l.lead_id)) FROM leads l ORDER BY lead_id`, c.want...)
			snapshot, err := r.l.Count(t.Context(), nil)
			if err != nil || snapshot.Leads.MQLs != c.mqls || snapshot.Leads.Captured != 4 || snapshot.Leads.MQLs+snapshot.Leads.BeforeGoLive > 4 {
				t.Errorf("counted %+v (%v)", snapshot.Leads, err)
			}
		})
	}
}
