// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/handoff-sla/handoff/internal/ledger"
)

func jobOf(id, outbox int64) *river.Job[ledger.CRMArgs] {
	return &river.Job[ledger.CRMArgs]{JobRow: &rivertype.JobRow{ID: id}, Args: ledger.CRMArgs{Outbox: outbox}}
}

// A job that comes alone is told of at once; while one is told of, others gather, no lead of it twice at a time.
func TestCollector(t *testing.T) {
	c := &collector{busy: map[int64]bool{}}
	batch, release := make(chan []*waiting), make(chan struct{})
	var loading sync.Mutex
	c.tell = func() bool {
		loading.Lock()
		group := c.next(3)
		if len(group) == 0 {
			loading.Unlock()
			return false
		}
		batch <- group
		<-release
		loading.Unlock()
		for _, one := range group {
			one.end(nil)
		}
		c.over(group)
		return true
	}
	var done sync.WaitGroup
	do := func(id, outbox int64) {
		done.Go(func() {
			if err := c.do(context.Background(), jobOf(id, outbox)); err != nil {
				t.Error(err)
			}
		})
	}
	do(1, 1)
	if first := <-batch; len(first) != 1 {
		t.Fatalf("%d in the first batch", len(first))
	}
	for id := range int64(5) {
		do(id+2, 1+id/2) // 1 1 2 2 3
	}
	for ready := false; !ready; {
		c.mu.Lock()
		ready = len(c.waiting) == 5
		c.mu.Unlock()
	}
	left := 5
	for left > 0 {
		release <- struct{}{}
		group := <-batch
		seen := map[int64]bool{}
		for _, one := range group {
			if seen[one.job.Args.Outbox] {
				t.Errorf("lead %d is there twice", one.job.Args.Outbox)
			}
			seen[one.job.Args.Outbox] = true
		}
		left -= len(group)
	}
	release <- struct{}{}
	done.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) > 0 || len(c.busy) > 0 {
		t.Errorf("%d wait, %d are busy", len(c.waiting), len(c.busy))
	}
}

// A job whose time is over before it was taken up is put back, and uses up no attempt; one that was taken up is waited for.
func TestCollectorLetsGo(t *testing.T) {
	c := &collector{busy: map[int64]bool{}, telling: batches} // all are at work
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var snooze *rivertype.JobSnoozeError
	if err := c.do(ctx, jobOf(1, 1)); !errors.As(err, &snooze) || len(c.waiting) != 0 {
		t.Errorf("not taken up: %v, %d wait", err, len(c.waiting))
	}
	ctx, cancel = context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.do(ctx, jobOf(2, 2)) }()
	var group []*waiting
	for len(group) == 0 {
		c.mu.Lock()
		c.telling++ // next takes one off when there is nobody
		c.mu.Unlock()
		group = c.next(1)
	}
	cancel()
	for _, one := range group {
		one.end(errForeign)
	}
	c.over(group)
	if err := <-ended; !errors.Is(err, errForeign) {
		t.Errorf("taken up: %v", err)
	}
	// Of which nothing is said is tried again: it is not done.
	go func() { ended <- c.do(t.Context(), jobOf(3, 3)) }()
	for group = nil; len(group) == 0; {
		c.mu.Lock()
		c.telling++
		c.mu.Unlock()
		group = c.next(1)
	}
	c.over(group)
	if err := <-ended; err == nil {
		t.Error("a job of which nothing was said is taken for done")
	}
}
