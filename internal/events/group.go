// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// writeTimeout is how long a sender waits for the ledger at most.
const writeTimeout = 20 * time.Second

// writers are how many transactions of a Group are open at a time: while one waits for the disk, the next is filled.
const writers = 2

// Group writes the events of requests that come at the same time in one transaction, since each commit waits for the disk. A request that comes
// alone is written at once: nobody waits for company, only for those who are being written. Each is answered when its own events are committed.
type Group struct {
	Store func() (Store, error)

	mu      sync.Mutex
	waiting []*request
	writing int
}

type request struct {
	ctx      context.Context //nolint:containedctx // of the request, for whoever writes it
	entries  []ledger.Entry
	outcomes []ledger.Outcome
	err      error
	done     chan struct{}
}

// Ingest is that of the Store. A sender that goes away meanwhile may have been written all the same, as ever.
func (g *Group) Ingest(ctx context.Context, entries []ledger.Entry) ([]ledger.Outcome, error) {
	r := &request{ctx: ctx, entries: entries, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, r)
	idle := g.writing < writers
	if idle {
		g.writing++
	}
	g.mu.Unlock()
	if idle {
		go g.write()
	}
	select {
	case <-r.done:
		return r.outcomes, r.err
	case <-ctx.Done():
		g.mu.Lock() // nobody waits for it any more; if it is being written, it is
		g.waiting = slices.DeleteFunc(g.waiting, func(other *request) bool { return other == r })
		g.mu.Unlock()
		return nil, ctx.Err()
	}
}

// write writes those who wait until nobody does.
func (g *Group) write() {
	for {
		group := g.next()
		if len(group) == 0 {
			return
		}
		g.commit(group)
	}
}

// next are those who wait, in the order in which they came, as far as they fit into one transaction. A writer that finds none ends.
func (g *Group) next() []*request {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, events := 0, 0
	for n < len(g.waiting) && (n == 0 || events+len(g.waiting[n].entries) <= MaxBatch) {
		events += len(g.waiting[n].entries)
		n++
	}
	if n == 0 {
		g.writing--
		return nil
	}
	group := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return group
}

func (g *Group) commit(group []*request) {
	var all []ledger.Entry
	for _, r := range group {
		all = append(all, r.entries...)
	}
	outcomes, err := g.ingest(group[0].ctx, all)
	if err != nil && len(group) > 1 && ledger.RefusedData(err) {
		for _, r := range group { // what is wrong with one of them is not the others' fault
			r.outcomes, r.err = g.ingest(r.ctx, r.entries)
			close(r.done)
		}
		return
	}
	for _, r := range group {
		if r.err = err; err == nil {
			r.outcomes, outcomes = outcomes[:len(r.entries)], outcomes[len(r.entries):]
		}
		close(r.done)
	}
}

// ingest is not cut when a sender goes away: it writes for others, too.
func (g *Group) ingest(ctx context.Context, entries []ledger.Entry) ([]ledger.Outcome, error) {
	store, err := g.Store()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	return store.Ingest(ctx, entries)
}

// Waiting is how many requests nobody writes yet.
func (g *Group) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}
