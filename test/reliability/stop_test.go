// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// Workers are told to end (SIGTERM), as by a rolling update, again and again while leads come in over connections that are kept. Each ends by
// itself and in good order; every request that reached one is answered; what was under way is done, and what is to be told is told.
func TestStoppedUnderLoad(t *testing.T) {
	t.Parallel()
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: hurried(), tells: true})
	s := newSender(t, r.scoring...)
	s.keep()
	s.pause = time.Second // each lead is told of outside several times
	sent := meanwhile(s, "stop", func() {
		for round := range 2 {
			for i := range r.scoring {
				var group sync.WaitGroup
				group.Go(r.scoring[i].stop)
				group.Go(r.routing[i].stop)
				s.send(1, inBatches(rush(fmt.Sprintf("stop-%d-%d", round, i), 16), 4)...)
				group.Wait()
			}
		}
	})
	for _, p := range r.all() {
		deaths := p.ends()
		if len(deaths) < 2 {
			t.Errorf("%s ended %d times", p.name, len(deaths))
		}
		for _, status := range deaths {
			if !status.Exited() || status.ExitStatus() != 0 {
				t.Errorf("%s ended with %d, signal %s\n%s", p.name, status.ExitStatus(), status.Signal(), p.tail())
			}
		}
	}
	if cut := s.count(0); cut > 0 {
		t.Errorf("%d requests were cut: there was no answer", cut)
	}
	t.Logf("%d requests were taken, %d found nobody, %d were told to come back", s.count(202), s.count(notSent), s.count(503)+s.count(429))
	r.conserved(s)
	r.told()
	equal(t, undisturbed(t, hurried(), sent...), calm(r.projection()))
}
