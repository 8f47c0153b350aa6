// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// notebook is a ledger in memory, for tests with a clock of their own: positions, what is known, and each event once.
type notebook struct {
	positions map[crm.Stream]crm.Position
	known     map[string]crm.Known
	events    map[string]ledger.Entry
	largest   int // of the intakes, by events
	writes    int
}

func newNotebook() *notebook {
	return &notebook{positions: map[crm.Stream]crm.Position{}, known: map[string]crm.Known{}, events: map[string]ledger.Entry{}}
}

func (n *notebook) Bundle(context.Context, int64) (bundle.Bundle, error) { return bundle.Bundle{}, nil }

func (n *notebook) CRMLease(context.Context, string, time.Duration) (bool, error) { return true, nil }

func (n *notebook) CRMPosition(_ context.Context, stream crm.Stream) (crm.Position, error) {
	return n.positions[stream], nil
}

func (n *notebook) CRMKnown(_ context.Context, records []string) (map[string]crm.Known, error) {
	known := map[string]crm.Known{}
	for _, id := range records {
		if k, is := n.known[id]; is {
			known[id] = k
		}
	}
	return known, nil
}

func (n *notebook) CRMStandings(context.Context, []string) (map[string]ledger.CRMStanding, error) {
	return nil, nil
}

func (n *notebook) CRMHints(context.Context, int) ([]ledger.CRMHint, error) { return nil, nil }

func (n *notebook) CRMDiverged(context.Context, time.Duration, int) ([]crm.Known, error) {
	return nil, nil
}

func (n *notebook) Waiting(context.Context, []string) ([]string, error) { return nil, nil }

func (n *notebook) TakeIn(_ context.Context, in ledger.CRMIntake) ([]ledger.Outcome, error) {
	if in.Stream != "" {
		if n.positions[in.Stream] != in.From {
			return nil, ledger.ErrCRMMoved
		}
		n.positions[in.Stream] = in.To
	}
	n.writes++
	n.largest = max(n.largest, len(in.Entries))
	var outcomes []ledger.Outcome
	for _, e := range in.Entries {
		n.events[e.ID] = e
		outcomes = append(outcomes, ledger.Accepted)
	}
	for _, k := range in.Known {
		n.known[k.Record] = k
	}
	return outcomes, nil
}

func mustPair(t *testing.T, b bundle.Bundle) *pipeline.Pair {
	t.Helper()
	pair, err := pipeline.CompilePair(b)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// An index shows each change late, some sooner than others, on a clock that is off; requests take their time; many things change at one instant; and
// workers are started anew. Whatever the order, everything is found, and then nothing is written any more.
func TestCRMIndexThatLags(t *testing.T) {
	pair := mustPair(t, bundleOf(1))
	late := 0
	for seed := range uint64(100) {
		source := rand.New(rand.NewPCG(seed, 3))
		clock := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		skew := time.Duration(source.IntN(80)-40) * time.Second
		o := newOffice()
		o.shows = func(id string, modified time.Time) bool {
			h := fnv.New32()
			fmt.Fprint(h, id, modified, seed)
			shown := modified.Add(-skew).Add(time.Duration(h.Sum32()%10_000) * time.Millisecond)
			if clock.Before(shown) {
				late++
			}
			return !clock.Before(shown)
		}
		o.fail = func(string) error {
			clock = clock.Add(time.Duration(source.IntN(7000)) * time.Millisecond)
			return nil
		}
		r := &rig{t: t, pair: pair}
		book := newNotebook()
		read := r.reads(o, book)
		want := map[string]string{}
		change := func(id string, at time.Time) {
			company := fmt.Sprint(id, " ", len(o.asked), source.Uint32())
			want[id] = company
			o.put(id, at, values(map[string]any{"company": company}))
		}
		for range 150 {
			for range source.IntN(4) {
				change(fmt.Sprint(100+source.IntN(60)), clock.Add(skew).Truncate(time.Millisecond))
			}
			if source.IntN(40) == 0 { // a bulk edit
				at := clock.Add(skew).Truncate(time.Millisecond)
				for i := range 40 {
					change(fmt.Sprint(100+i), at)
				}
			}
			if source.IntN(30) == 0 {
				read = r.reads(o, book)
			}
			clock = clock.Add(time.Duration(source.IntN(3000)) * time.Millisecond)
			read.now = clock
			read.Now = func() time.Time { return clock }
			if _, err := read.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		quiet := func() {
			for range 8 {
				clock = clock.Add(time.Minute)
				settle(t, read.Step)
			}
		}
		quiet()
		told := map[string]ledger.Entry{}
		for _, e := range book.events {
			if before, is := told[e.Lead]; e.Data.Properties["company"] != nil && (!is || !e.Time.Before(before.Time)) {
				told[e.Lead] = e
			}
		}
		for id, company := range want {
			if got := told[id].Data.Properties["company"]; got != company {
				t.Fatalf("seed %d: of lead %s the ledger has %v, the CRM %s", seed, id, got, company)
			}
		}
		writes := book.writes
		if quiet(); book.writes != writes {
			t.Fatalf("seed %d: %d intakes at rest", seed, book.writes-writes)
		}
	}
	if late == 0 {
		t.Error("the index was never late: the test says little")
	}
}

// What follows from a page goes into the ledger a thousand events at a time, and the position moves with the last of them.
func TestCRMIntakesAreBounded(t *testing.T) {
	o := newOffice()
	o.perPage = 2000
	o.someRecords(900, time.Now().Add(-24*time.Hour))
	r := &rig{t: t, pair: mustPair(t, bundleOf(1))}
	book := newNotebook()
	settle(t, r.reads(o, book).Step)
	if len(book.events) != 900*4+90 || book.largest > 1000 || book.largest < 900 {
		t.Errorf("%d events, %d in the largest intake", len(book.events), book.largest)
	}
}
