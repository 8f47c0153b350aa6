// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
	"github.com/handoff-sla/handoff/test/crm/hubspot"
)

// TestManyOfOneTime: more than a search shows, all modified at one time, before and after others, and again while they are read.
func TestManyOfOneTime(t *testing.T) {
	r := newRig(t, hubspot.Options{Settings: hubspot.Settings{Unlimited: true}}, nil)
	start := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	for i, n := range []int{150, 10_100, 150} {
		if err := r.Seed(n, start.Add(time.Duration(i)*time.Minute), map[string]string{"company": "Before"}); err != nil {
			t.Fatal(err)
		}
	}
	leads := r.reader(crm.Leads)
	for range 20 {
		leads.page(t)
	}
	// A job of HubSpot's own goes over every contact now: they have moved ahead of the position.
	r.act(t, control.Act{As: rep1, Do: "stamp", Type: "contacts", Values: map[string]string{"company": "After"}})
	leads.pass(t)
	if len(leads.records) != 10_400 {
		t.Fatalf("read %d contacts, want 10,400", len(leads.records))
	}
	for id, record := range leads.records {
		if record.Values["company"] != "After" {
			t.Fatalf("contact %s was read as %v, and is After", id, record.Values["company"])
		}
	}
	for key, n := range r.Log.Summary(time.Second).Requests {
		if strings.HasSuffix(key, " 400") && n > 0 {
			t.Errorf("%s: %d times: the ceiling was met", key, n)
		}
	}
}

// TestIndexIsBehind: contacts change all the time, and each change takes its own time to show.
func TestIndexIsBehind(t *testing.T) {
	clock := &clock{at: time.Now().Truncate(time.Millisecond)}
	r := newRig(t, hubspot.Options{
		Now: clock.now, Settings: hubspot.Settings{Unlimited: true, IndexLagMS: 12_000, IndexJitter: true},
	}, nil)
	if err := r.Seed(1200, time.Time{}, map[string]string{"company": "Before"}); err != nil {
		t.Fatal(err)
	}
	leads, changed := r.reader(crm.Leads), 0
	ids := slices.Sorted(maps.Keys(r.Account().Objects["contacts"]))
	for changed < len(ids) {
		for range 7 {
			if changed < len(ids) {
				r.act(t, control.Act{As: rep1, Do: "set", Type: "contacts", ID: ids[changed], Values: map[string]string{"company": "After"}})
				changed++
			}
			clock.add(100 * time.Millisecond)
		}
		if !leads.page(t) { // the pass is over: the next one goes back by the lag
			leads.from = crm.Position{Time: leads.from.Time.Add(-r.system.Lag())}
		}
	}
	for range 2 {
		clock.add(13 * time.Second)
		leads.from = crm.Position{Time: leads.from.Time.Add(-r.system.Lag())}
		leads.pass(t)
	}
	for _, id := range ids {
		if got := leads.records[id].Values["company"]; got != "After" {
			t.Fatalf("contact %s was last read as %v, and is After: a change slipped by", id, got)
		}
	}
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// TestLimitsAreKept by several who read and write at once with one budget: nothing is asked that the budget did not allow, by kind, and what is refused
// for its rate all the same is asked again.
func TestLimitsAreKept(t *testing.T) {
	b := newBudget()
	r := newRig(t, hubspot.Options{Contacts: 900, Settings: hubspot.Settings{Burst: 30, WindowMS: 1000, SearchBurst: 5}}, b)
	ids := slices.Sorted(maps.Keys(r.Account().Objects["contacts"]))
	if _, err := r.system.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	var busy sync.WaitGroup
	for part := range slices.Chunk(ids, 100) {
		busy.Go(func() {
			var writes []crm.Write
			for _, id := range part {
				writes = append(writes, crm.Write{Record: id, Values: map[string]any{"handoff_score": 7.0}})
			}
			for _, written := range r.writeAll(t, writes) {
				if written.Err != nil {
					t.Errorf("write: %v", written.Err)
				}
			}
		})
	}
	for range 3 {
		busy.Go(func() {
			leads := r.reader(crm.Leads)
			leads.pass(t)
			if len(leads.records) != 900 {
				t.Errorf("read %d contacts", len(leads.records))
			}
		})
	}
	busy.Wait()
	asked := map[string]int{}
	for key, n := range r.Log.Summary(time.Second).Requests {
		kind := ""
		if strings.Contains(key, "/search ") {
			kind = "search"
		}
		asked[kind] += n
	}
	if diff := cmp.Diff(b.allowed, asked); diff != "" || asked["search"] == 0 {
		t.Errorf("requests (-allowed +made):\n%s", diff)
	}
}
