// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// How the jobs of a CRM that takes many leads at a time are run. While the CRM works on some batches the next are gathered: with eight under way, a CRM
// that takes 0.4 seconds for each is asked 20 times a second, which is as often as HubSpot allows.
const (
	batches      = 8
	batchesAhead = 4
	mostJobs     = 4000
	finishing    = 2 // transactions at a time, of the few connections that a worker has
)

// How long a batch that is not full waits for more. River hands out what it has found all at once: within a breath they are all here. After a batch that
// was full more are to be expected, since River looks again as soon as it may.
const (
	breath  = 5 * time.Millisecond
	company = 250 * time.Millisecond
)

// Times of such a job, which together are less than rescueAfter: one that is given to another worker is not written by this one any more.
const (
	patience      = 20 * time.Second // until it is taken up; then it is put back
	batchTimeout  = time.Minute      // for all that is asked of the ledger and the CRM
	finishTimeout = 15 * time.Second // to note what was written, whether or not that time is over
)

// waiting is a job that is to be told of with others.
type waiting struct {
	ctx  context.Context //nolint:containedctx // of the job, for whoever tells of it
	job  *river.Job[ledger.CRMArgs]
	err  error // for River
	done chan struct{}
}

// end says what is to become of the job, once those that are told of with it are over, too.
func (one *waiting) end(err error) { one.err = err }

// errUnsaid cannot happen. A job of which nothing was said is tried again.
var errUnsaid = errors.New("nothing was said of the job")

// collector gathers jobs that run at the same time, so that one request tells of many leads. A job that comes alone is told of after a breath. Requests are
// what a CRM counts: so where the batch before was full, the next one waits a little until it is, too; and while many batches are under way, the others
// gather until they fill one. No batch holds a lead twice, and no two that are under way hold the same.
type collector struct {
	// tell takes the next batch, as large as it likes, and says whether there was any.
	tell func() bool

	mu      sync.Mutex
	waiting []*waiting
	busy    map[int64]bool // rows of the outbox that are being told of
	telling int
	full    bool          // the latest batch
	came    chan struct{} // told of each that comes, as far as anybody listens
}

func newCollector(tell func() bool) *collector {
	return &collector{tell: tell, busy: map[int64]bool{}, came: make(chan struct{}, 1)}
}

// do has a job told of, and waits for it.
func (c *collector) do(ctx context.Context, job *river.Job[ledger.CRMArgs]) error {
	one := &waiting{ctx: ctx, job: job, err: errUnsaid, done: make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, one)
	idle := c.telling < batches
	if idle {
		c.telling++
	}
	c.mu.Unlock()
	select {
	case c.came <- struct{}{}:
	default:
	}
	if idle {
		go c.run()
	}
	long := time.NewTimer(patience)
	defer long.Stop()
	select {
	case <-one.done:
		return one.err
	case <-long.C:
	case <-ctx.Done():
	}
	if c.leave(one) {
		return river.JobSnooze(0)
	}
	<-one.done // it may be written already: only who tells of it knows what became of it
	return one.err
}

// leave says whether the job was not taken up, and will not be.
func (c *collector) leave(one *waiting) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.waiting)
	c.waiting = slices.DeleteFunc(c.waiting, func(other *waiting) bool { return other == one })
	return len(c.waiting) < before
}

// run tells of those who wait until nobody does.
func (c *collector) run() {
	for c.tell() {
	}
}

// next are those who wait, in the order in which they came, and at most so many. When there are none, whoever asks is to end: the next who comes
// begins anew. One asks at a time.
func (c *collector) next(most int) []*waiting {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) < most && c.telling > batches/2 { // who tells of others takes them next
		c.telling--
		return nil
	}
	c.gather(most)
	var group, rest []*waiting
	for _, one := range c.waiting {
		if id := one.job.Args.Outbox; len(group) < most && !c.busy[id] {
			c.busy[id] = true
			group = append(group, one)
		} else {
			rest = append(rest, one)
		}
	}
	c.waiting, c.full = rest, len(group) == most
	if len(group) == 0 {
		c.telling--
	}
	return group
}

// gather waits until there are enough for a batch, for as long as more may be on their way.
func (c *collector) gather(most int) {
	long := breath
	if c.full {
		long = company
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	for over := false; !over && len(c.waiting) < most && (c.full || len(c.waiting) > 0); {
		c.mu.Unlock()
		select {
		case <-c.came:
		case <-timer.C:
			over = true
		}
		c.mu.Lock()
	}
}

// over ends the jobs of a batch, and lets others tell of the same leads. All end together: when one does, River cancels its context, which may be that
// of the batch.
func (c *collector) over(group []*waiting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range group {
		delete(c.busy, one.job.Args.Outbox)
		close(one.done)
	}
}
