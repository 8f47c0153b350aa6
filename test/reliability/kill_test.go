// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

func lives(prefix string, leads int) [][]ledger.Entry {
	return pipelinetest.Lives(rand.New(rand.NewPCG(1, uint64(leads))), prefix, leads)
}

func onePair() []bundle.Bundle { return []bundle.Bundle{pipelinetest.Bundle(1, sla.Automatic)} }

// undisturbed is what the same events come to when nothing goes wrong.
func undisturbed(t *testing.T, bundles []bundle.Bundle, batches ...[]ledger.Entry) map[string][]string {
	t.Helper()
	r := newRig(t, layout{scoring: 1, routing: 1, bundles: bundles})
	s := newSender(t, r.scoring...)
	s.send(2, batches...)
	r.conserved(s)
	if s.refused() > 0 {
		t.Errorf("%d requests were refused: something was wrong", s.refused())
	}
	return r.projection()
}

// steps of the work at which a worker is killed.
var (
	scoringSteps = []string{
		"ingest.written",       // events written, not committed
		"ingest.committed",     // committed, the handler does not know yet
		"ingest.acknowledging", // committed, the sender is not answered
		"score.claimed", "score.judged",
		"score.published", // what follows is written, not committed
		"batch.committed",
	}
	routingSteps = []string{
		"route.claimed", "route.decided", "route.published", "batch.committed",
		"digest.taken",     // what waits is in a message, not committed
		"digest.committed", // with the job that sends it
		"notice.sent",      // an address has it, which is not noted
		"crm.sent",         // the CRM was told, which is not noted
	}
	governanceSteps = []string{
		"escalation.noted",     // who is to be told is written, not committed
		"escalation.committed", // with the jobs that tell them
		"escalation.sent",      // an address has it, which is not noted
		"report.sent",          // an address has it, which is not noted
	}
)

// A worker is killed at each step of its work, as by kill -9, each time while leads come in; it is started again.
func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: hurried(), tells: true})
	s := newSender(t, r.scoring...)
	var all [][]ledger.Entry
	step := func(victims []*process, kind, point string, patience time.Duration, also func(name string)) {
		t.Run(kind+" "+point, func(t *testing.T) {
			for _, victim := range victims {
				victim.restart(point + ":1")
			}
			round := 0
			died := eventually(func() bool { // another worker may have been faster each time
				round++
				name := fmt.Sprintf("%s-%s-%d", kind, point, round)
				batches := inBatches(lives(name, 20), 4)
				all = append(all, batches...)
				also(name)
				s.send(4, append(batches, inBatches(rush(name, 8), 4)...)...)
				return within(patience, func() bool { return slices.ContainsFunc(victims, (*process).struck) })
			})
			if !died {
				t.Fatalf("none came to %s\n%s", point, victims[0].tail())
			}
		})
	}
	nothing := func(string) {}
	for _, point := range scoringSteps {
		step(r.scoring[:1], "scoring", point, time.Second, nothing)
	}
	for _, point := range routingSteps {
		step(r.routing, "routing", point, time.Second, nothing)
	}
	r.govern("before") // workers that start find it at once; what comes later, within ten seconds
	for _, point := range governanceSteps {
		step(r.routing, "routing", point, 15*time.Second, r.govern)
	}
	r.conserved(s)
	r.told()
	r.governed()
	equal(t, undisturbed(t, hurried(), all...), calm(r.projection()))
}
