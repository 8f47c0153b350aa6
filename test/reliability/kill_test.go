// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"fmt"
	"math/rand/v2"
	"testing"

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
	s.send(1, batches...)
	r.conserved(s)
	if s.refused() > 0 {
		t.Errorf("%d requests were refused: something was wrong", s.refused())
	}
	return r.projection()
}

// A worker is killed at each step of its work, as by kill -9, each time while leads come in; it is started again.
func TestKilledAtEachStep(t *testing.T) {
	scoring := []string{
		"ingest.written",       // events written, not committed
		"ingest.committed",     // committed, the handler does not know yet
		"ingest.acknowledging", // committed, the sender is not answered
		"score.claimed", "score.judged",
		"score.published", // what follows is written, not committed
		"batch.committed",
	}
	routing := []string{"route.claimed", "route.decided", "route.published", "batch.committed"}
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: onePair()})
	s := newSender(t, r.scoring...)
	var all [][]ledger.Entry
	step := func(victims []*process, kind, point string) {
		t.Run(kind+" "+point, func(t *testing.T) {
			before := 0
			for _, victim := range victims {
				before += victim.killed() + 1 // with the one that restarts it
				victim.restart(point + ":1")
			}
			round := 0
			died := eventually(func() bool { // another worker may have been faster each time
				round++
				batches := inBatches(lives(fmt.Sprintf("%s-%s-%d", kind, point, round), 60), 4)
				all = append(all, batches...)
				s.send(4, batches...)
				return killed(victims) > before
			})
			if !died {
				t.Fatalf("none came to %s\n%s", point, victims[0].tail())
			}
			r.settled()
		})
	}
	for _, point := range scoring {
		step(r.scoring[:1], "scoring", point)
	}
	for _, point := range routing {
		step(r.routing, "routing", point)
	}
	r.conserved(s)
	equal(t, undisturbed(t, onePair(), all...), r.projection())
}

func killed(workers []*process) (n int) {
	for _, p := range workers {
		n += p.killed()
	}
	return n
}
