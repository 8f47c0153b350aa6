// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	adapter "github.com/handoff-sla/handoff/internal/crm/hubspot"
	"github.com/handoff-sla/handoff/test/crm/control"
	"github.com/handoff-sla/handoff/test/crm/hubspot"
)

const (
	rep1 = "rep1@acme.example"
	rep2 = "rep2@acme.example"
)

// budget keeps to the limits as the ledger's does, within one process.
type budget struct {
	mu      sync.Mutex
	said    map[string]crm.Allowance
	taken   map[string][]time.Time
	blocked map[string]time.Time
	allowed map[string]int // in all
}

func newBudget() *budget {
	return &budget{said: adapter.Limits(), taken: map[string][]time.Time{}, blocked: map[string]time.Time{}, allowed: map[string]int{}}
}

func (b *budget) Take(ctx context.Context, kind string) error {
	for {
		wait := b.try(kind, time.Now())
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return &crm.UnavailableError{Cause: "is left alone"}
		case <-timer.C:
		}
	}
}

// try to take one, or say how long that has to wait.
func (b *budget) try(kind string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait := b.blocked[kind].Sub(now); wait > 0 {
		return wait
	}
	limit := b.said[kind]
	window := limit.Window + 50*time.Millisecond // they count when a request arrives, and not when it leaves
	taken := slices.DeleteFunc(b.taken[kind], func(at time.Time) bool { return now.Sub(at) > window })
	b.taken[kind] = taken
	if limit.Limit > 0 && len(taken) >= limit.Limit {
		return taken[0].Add(window).Sub(now)
	}
	b.taken[kind] = append(taken, now)
	b.allowed[kind]++
	return 0
}

func (b *budget) Told(_ context.Context, kind string, said crm.Allowance) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if said.Limit > 0 {
		b.said[kind] = said
	}
	if said.Blocked > 0 {
		b.blocked[kind] = time.Now().Add(said.Blocked)
	}
	return nil
}

// properties that an admin makes for Handoff.
func handoffProperties() []hubspot.Property {
	list := func(name string, values ...string) hubspot.Property {
		p := hubspot.Property{Name: name, Type: "enumeration", FieldType: "select"}
		for i, value := range values {
			p.Options = append(p.Options, hubspot.Choice{Value: value, Label: value, DisplayOrder: i})
		}
		return p
	}
	return []hubspot.Property{
		list("handoff_reason", "FIT", "TIMING", "BUDGET"),
		{Name: "handoff_score", Type: "number", FieldType: "number"},
		{Name: "handoff_revision", Type: "string", FieldType: "text"},
		{Name: "handoff_due_at", Type: "datetime", FieldType: "date"},
		{Name: "handoff_first_touch_at", Type: "datetime", FieldType: "date"},
		{Name: "handoff_attempts", Type: "number", FieldType: "number"},
		{Name: "handoff_missing", Type: "string", FieldType: "text"},
		{Name: "handoff_key", Type: "string", FieldType: "text", HasUniqueValue: true},
	}
}

// rig is the adapter before a fake, with a token that a test can change.
type rig struct {
	*hubspot.Fake
	system *adapter.System
	mu     sync.Mutex
	token  string
}

func (r *rig) secret(string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token, nil
}

func newRig(t *testing.T, options hubspot.Options, b crm.Budget) *rig {
	t.Helper()
	options.Properties = handoffProperties()
	r := &rig{Fake: hubspot.New(options), token: "pat-na1-fake"}
	server := httptest.NewServer(r.Fake)
	t.Cleanup(func() {
		r.Close()
		server.Close()
	})
	settings := crm.Defaults(crm.TypeHubSpot)
	settings.URL = server.URL
	now := options.Now
	if now == nil {
		now = time.Now
	}
	if err := r.Seed(0, time.Time{}, nil, rep1, rep2); err != nil {
		t.Fatal(err)
	}
	r.system = adapter.New(crm.Access{
		Settings: settings, Secret: r.secret, Budget: b, Now: now, Fields: func() []string { return []string{"email", "company"} },
	}, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}})
	return r
}

func (r *rig) faults(t *testing.T, rules ...control.Rule) {
	t.Helper()
	if err := r.Faults.Add(rules...); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) act(t *testing.T, a control.Act) string {
	t.Helper()
	done, err := r.Act(a)
	if err != nil {
		t.Fatalf("%s %s %s: %v", a.Do, a.Type, a.ID, err)
	}
	return done.ID
}

// reader reads a stream in passes, each from so much before the end of the last one as the index may be behind.
type reader struct {
	rig     *rig
	stream  crm.Stream
	from    crm.Position
	records map[string]crm.Record
	touches map[string]crm.Touch
}

func (r *rig) reader(stream crm.Stream) *reader {
	return &reader{rig: r, stream: stream, records: map[string]crm.Record{}, touches: map[string]crm.Touch{}}
}

// page reads one, and says whether there is more. What cannot be read now is read later, from the same position.
func (r *reader) page(t *testing.T) bool {
	t.Helper()
	page, err := r.rig.system.Read(t.Context(), r.stream, r.from)
	var unavailable *crm.UnavailableError
	if errors.As(err, &unavailable) {
		return true
	}
	if err != nil {
		t.Fatalf("reading %s: %v", r.stream, err)
	}
	for _, record := range page.Records {
		if known := r.records[record.ID]; !known.Modified.After(record.Modified) {
			r.records[record.ID] = record
		}
	}
	for _, touch := range page.Touches {
		if _, known := r.touches[touch.ID]; !known {
			r.touches[touch.ID] = touch
		}
	}
	r.from = page.Next
	return page.More
}

func (r *reader) pass(t *testing.T) {
	t.Helper()
	for pages := 0; r.page(t); pages++ {
		if pages > 5000 {
			t.Fatal("the pass has no end")
		}
	}
}

// writeAll until every write is taken or refused for good.
func (r *rig) writeAll(t *testing.T, writes []crm.Write) []crm.Written {
	t.Helper()
	out := make([]crm.Written, len(writes))
	left := make([]int, len(writes))
	for i := range writes {
		left[i] = i
	}
	for attempt := 0; len(left) > 0; attempt++ {
		if attempt > 200 {
			t.Fatalf("%d writes are never taken: %v", len(left), out[left[0]].Err)
		}
		var again []int
		for chunk := range slices.Chunk(left, r.system.MaxWrites()) {
			batch := make([]crm.Write, len(chunk))
			for i, at := range chunk {
				batch[i] = writes[at]
			}
			for i, written := range r.system.Write(t.Context(), batch) {
				out[chunk[i]] = written
				var unavailable *crm.UnavailableError
				if errors.As(written.Err, &unavailable) {
					again = append(again, chunk[i])
				}
			}
		}
		left = again
	}
	return out
}
