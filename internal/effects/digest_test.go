// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

func always(time.Time) bool { return true }

// Four workers make digests while items come in: each item is in exactly one, and a recipient has one at a time.
func TestEachItemInOneDigest(t *testing.T) {
	r := newRig(t, ledger.Effects{Notify: true})
	s := newSink(t)
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		l := ledgertest.Open(t, r.dsn, tenant)
		l.SetEffects(ledger.Effects{Notify: true})
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := l.Digest(t.Context(), 0, always); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	const leads = 40
	for i := range leads {
		id := fmt.Sprintf("L%02d", i)
		r.news(id)
		owner := rep1
		if i%2 == 1 {
			owner = rep2
		}
		r.judge(func(string) standing { return standing{stage: ledger.StageMQL, owner: owner} })
	}
	close(stop)
	group.Wait()
	if _, err := r.l.Digest(t.Context(), 0, always); err != nil {
		t.Fatal(err)
	}
	r.start(r.runner(func(run *effects.Runner) { run.Addresses = s.addresses }))
	r.until("all digests are sent", func() bool { return r.count(`SELECT count(*) FROM messages WHERE sent_at IS NULL`) == 0 && r.settled() })
	text := strings.Join(s.taken(), "\n")
	for i := range leads {
		if n := strings.Count(text, fmt.Sprintf("New: lead L%02d is yours", i)); n != 1 {
			t.Errorf("lead %d is in %d digests", i, n)
		}
	}
	for _, one := range s.taken() {
		if strings.HasPrefix(one, "/rep/"+rep1) && strings.Contains(one, "lead L01 ") {
			t.Errorf("another rep's: %q", one)
		}
	}
}

// A digest waits until the oldest item of its recipient has waited long enough, and for an open hour.
func TestDigestWaits(t *testing.T) {
	r := newRig(t, ledger.Effects{Notify: true})
	r.news("L1", "L2")
	r.judge(func(id string) standing {
		if id == "L2" {
			return standing{stage: ledger.StageHeld, missing: []string{"company"}}
		}
		return standing{stage: ledger.StageMQL, owner: rep1}
	})
	digest := func(open func(time.Time) bool) int {
		n, err := r.l.Digest(t.Context(), time.Hour, open)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := digest(always); n != 0 {
		t.Errorf("%d digests at once", n)
	}
	ledgertest.Exec(t, r.dsn, `UPDATE notices SET at = at - interval '1 hour' WHERE recipient = 'Rep'`)
	if n := digest(func(time.Time) bool { return false }); n != 0 {
		t.Errorf("%d digests in quiet hours", n)
	}
	if n := digest(always); n != 1 {
		t.Errorf("%d digests, want the rep's", n)
	}
	if n := digest(always); n != 0 {
		t.Errorf("%d digests again", n)
	}
	if waiting := ledgertest.Column[string](t, r.dsn, `SELECT lead_id FROM notices WHERE message IS NULL`); !slices.Equal(waiting, []string{"L2"}) {
		t.Errorf("waiting: %q", waiting)
	}
}
