// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// While leads come in, a second pair comes into force at its date, which a worker that starts meanwhile has mounted, and a third at once, as another one does. No event is
// scored by a pair that was not in force then: that is among what conserved checks.
func TestRevisionIsSwitchedUnderLoad(t *testing.T) {
	t.Parallel()
	pair := func(sequence int64, from time.Time) bundle.Bundle {
		return pipelinetest.Bundle(sequence, sla.Automatic, func(b *bundle.Bundle) {
			b.EffectiveFrom = from
			b.Lead.Scoring.Groups[0].Rules[0].Points += int(sequence)
		})
	}
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: []bundle.Bundle{pair(1, time.Time{})}})
	s := newSender(t, r.scoring...)
	scoredBy := func(sequence int) int {
		return ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM events WHERE scored_by = $1", sequence)
	}
	join := func(folder string, bundles ...bundle.Bundle) {
		r.mountBundles(folder, bundles...)
		p := r.worker("scoring-worker", folder, nil)
		p.launch()
		r.scoring = append(r.scoring, p)
	}
	meanwhile(s, "switch", func() {
		for sequence := 1; sequence <= 3; sequence++ {
			switch sequence {
			case 2:
				join("bundle-2", pair(1, time.Time{}), pair(2, time.Now().Add(5*time.Second)))
			case 3:
				join("bundle-3", pair(3, time.Time{}))
			}
			if !eventually(func() bool { return scoredBy(sequence) > 500 }) {
				t.Errorf("pair %d scored %d events", sequence, scoredBy(sequence))
			}
		}
	})
	r.conserved(s)
	t.Logf("events scored by the pairs 1, 2, 3: %d, %d, %d", scoredBy(1), scoredBy(2), scoredBy(3))
	r.none("lead judged by a pair that scored none of its events", `
SELECT lead_id FROM leads l WHERE bundle_sequence IS NOT NULL
    AND NOT EXISTS (SELECT FROM events e WHERE e.lead_id = l.lead_id AND e.scored_by = l.bundle_sequence)`)
	r.none("lead judged by the terms of another pair", `
SELECT lead_id FROM leads WHERE terms_revision <> 'mid-market-terms-' || bundle_sequence OR definition_revision <> 'mid-market-' || bundle_sequence`)
}
