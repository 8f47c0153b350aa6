// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Events come in any order, late, and up to three times each, by two workers at once.
func TestDuplicatedReorderedLate(t *testing.T) {
	t.Parallel()
	// The CRM gives leads their owner: a pick of our own is made by what is known when it is made.
	bundles := []bundle.Bundle{pipelinetest.Bundle(1, sla.CRM)}
	all := lives("order", 150)
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: bundles})
	s := newSender(t, r.scoring...)
	random := rand.New(rand.NewPCG(7, 7))
	var events []ledger.Entry
	for _, e := range slices.Concat(all...) {
		for range 1 + random.IntN(3) {
			events = append(events, e)
		}
	}
	random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	s.send(4, slices.Collect(slices.Chunk(events, 37))...)
	r.conserved(s)
	equal(t, untouched(undisturbed(t, bundles, inBatches(all, 4)...)), untouched(r.projection()))
}

// untouched is what no order of arrival may change: the events themselves, what is known of a lead, its score, and when it reached a path.
// The hand-off stays as it was known when it was made, and so do the clocks that begin with it.
func untouched(projection map[string][]string) map[string][]string {
	out := map[string][]string{"events": projection["events"], "refusals": projection["refusals"]}
	for _, row := range projection["leads"] {
		var columns map[string]any
		if err := json.Unmarshal([]byte(row), &columns); err != nil {
			panic(err)
		}
		first := columns["cycle"] == float64(1)
		maps.DeleteFunc(columns, func(name string, _ any) bool {
			return !slices.Contains([]string{
				"lead_id", "record", "score_raw", "score_rounded", "score", "missing", "account",
				"reached_at", "reached_path", "reached_missing", "reached_sequence",
			}, name) || !first && strings.HasPrefix(name, "reached")
		})
		text, err := json.Marshal(columns)
		if err != nil {
			panic(err)
		}
		out["leads"] = append(out["leads"], string(text))
	}
	return out
}
