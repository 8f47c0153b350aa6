// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/handoff-sla/handoff/internal/ledger"
)

func jobOf(id, outbox int64) *river.Job[ledger.CRMArgs] {
	return &river.Job[ledger.CRMArgs]{JobRow: &rivertype.JobRow{ID: id}, Args: ledger.CRMArgs{Outbox: outbox}}
}

// While one is told of, others gather, no lead of it twice at a time.
func TestCollector(t *testing.T) {
	c := newCollector(nil)
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
	c := newCollector(nil)
	c.telling = batches // all are at work
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

// Who comes alone, or with few, is told of after a breath. Only after a full batch the next one waits for company, and no longer than it takes to come.
func TestCollectorGathers(t *testing.T) {
	type batch struct {
		After time.Duration // since the test began
		Leads int
	}
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for name, c := range map[string]struct {
		come []int // milliseconds after which one comes
		want []batch
	}{
		"alone":                     {[]int{0}, []batch{{breath, 1}}},
		"one after the other":       {[]int{0, 100, 200}, []batch{{breath, 1}, {ms(100) + breath, 1}, {ms(200) + breath, 1}}},
		"two together":              {[]int{0, 1}, []batch{{breath, 2}}},
		"as many as a batch takes":  {[]int{0, 0, 0}, []batch{{0, 3}}},
		"more, and more on the way": {[]int{0, 0, 0, 0, 100, 200}, []batch{{0, 3}, {ms(200), 3}}},
		"more, and none on the way": {[]int{0, 0, 0, 0, 0}, []batch{{0, 3}, {company, 2}}},
		"few after that":            {[]int{0, 0, 0, 0, 600}, []batch{{0, 3}, {company, 1}, {ms(600) + breath, 1}}},
		"alone, a while after many": {[]int{0, 0, 0, 600}, []batch{{0, 3}, {ms(600) + breath, 1}}},
		"alone, soon after many":    {[]int{0, 0, 0, 100}, []batch{{0, 3}, {company, 1}}},
		"many, on and on":           {[]int{0, 0, 0, 0, 50, 60, 70, 100, 110}, []batch{{0, 3}, {ms(60), 3}, {ms(110), 3}}},
		"one, and then many":        {[]int{0, 20, 20, 20, 20}, []batch{{breath, 1}, {ms(20), 3}, {ms(20) + company, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, loading := time.Now(), make(chan struct{}, 1)
				var got []batch
				all := newCollector(nil)
				all.tell = func() bool {
					loading <- struct{}{}
					group := all.next(3)
					if len(group) == 0 {
						<-loading
						return false
					}
					got = append(got, batch{time.Since(began), len(group)})
					<-loading
					time.Sleep(time.Millisecond) // the CRM takes it
					for _, one := range group {
						one.end(nil)
					}
					all.over(group)
					return true
				}
				var done sync.WaitGroup
				for i, after := range c.come {
					done.Go(func() {
						time.Sleep(ms(after))
						if err := all.do(t.Context(), jobOf(int64(i), int64(i))); err != nil {
							t.Error(err)
						}
					})
				}
				done.Wait()
				time.Sleep(2 * company) // nobody waits for more for ever
				synctest.Wait()
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("batches (-want +got):\n%s", diff)
				}
			})
		})
	}
}
