// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// scripted is a CRM in memory that does as a test says. It counts what it was really told: a write that changes nothing is none.
type scripted struct {
	crm.Reader

	mu       sync.Mutex
	max      int
	records  map[string]map[string]string // by id
	matched  map[string]string            // ids by the value of the field that finds them
	changes  map[string][]string          // of each record, in order
	notes    map[string][]string          // by record
	keys     map[string]int
	calls    []int // leads in each call
	under    map[string]int
	problems []string

	// fails is asked for each write, and what it says is said of it: before it is taken, or after, where taken is true.
	fails func(w crm.Write, call int) (taken bool, err error)
	// noting is the same for notes.
	noting func(n crm.Note) (taken bool, err error)
	// during is called in each call of Write, while it is under way.
	during func(call int)
}

func newScripted() *scripted {
	return &scripted{
		max: 100, records: map[string]map[string]string{}, matched: map[string]string{}, changes: map[string][]string{}, notes: map[string][]string{},
		keys: map[string]int{}, under: map[string]int{},
	}
}

func (s *scripted) Name() string { return "Scripted" }

func (s *scripted) Describe(context.Context) (crm.Schema, error) { return crm.Schema{}, nil }

func (s *scripted) MaxWrites() int { return s.max }

func (s *scripted) Write(ctx context.Context, writes []crm.Write) []crm.Written {
	s.mu.Lock()
	s.calls = append(s.calls, len(writes))
	call := len(s.calls)
	if len(writes) > s.max {
		s.problems = append(s.problems, fmt.Sprint(len(writes), " writes at a time"))
	}
	for _, w := range writes {
		key := keyOf(w)
		if s.under[key]++; s.under[key] > 1 {
			s.problems = append(s.problems, key+" is written twice at a time")
		}
		if w.Empty() && w.Match == nil {
			s.problems = append(s.problems, key+" is told nothing")
		}
	}
	during := s.during
	s.mu.Unlock()
	if during != nil {
		during(call)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]crm.Written, len(writes))
	for i, w := range writes {
		s.under[keyOf(w)]--
		if ctx.Err() != nil {
			out[i].Err = &crm.UnavailableError{Cause: "did not answer in time"}
			continue
		}
		var taken bool
		if s.fails != nil {
			taken, out[i].Err = s.fails(w, call)
		}
		if out[i].Err == nil || taken {
			out[i].Record = s.take(w)
			out[i].Modified = time.Now().UTC()
		}
	}
	return out
}

func keyOf(w crm.Write) string {
	if w.Match != nil {
		return w.Match.Field + "=" + w.Match.Value
	}
	return w.Record
}

// take a write.
func (s *scripted) take(w crm.Write) string {
	id := w.Record
	if w.Match != nil {
		if id = s.matched[w.Match.Value]; id == "" {
			id = fmt.Sprint("made-", len(s.matched)+1)
			s.matched[w.Match.Value] = id
			s.changes[id] = append(s.changes[id], "made")
		}
	}
	if s.records[id] == nil {
		s.records[id] = map[string]string{}
	}
	before := maps.Clone(s.records[id])
	for field, value := range w.Values {
		s.records[id][field] = crm.Text(value)
	}
	if w.Owner != nil {
		s.records[id][crm.OwnerField] = *w.Owner
	}
	if !maps.Equal(before, s.records[id]) {
		s.changes[id] = append(s.changes[id], fmt.Sprint(s.records[id]))
	}
	return id
}

func (s *scripted) Note(_ context.Context, n crm.Note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	var taken bool
	if s.noting != nil {
		taken, err = s.noting(n)
	}
	if err == nil || taken {
		if s.keys[n.Key]++; s.keys[n.Key] == 1 {
			s.notes[n.Record] = append(s.notes[n.Record], n.Text)
		}
	}
	return err
}

// do something while nothing is written.
func (s *scripted) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// holds is what a record says.
func (s *scripted) holds(id string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.records[id])
}

// check that nothing was asked of it that must not be.
func (s *scripted) check(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.problems) > 0 {
		t.Errorf("%d problems: %q", len(s.problems), s.problems[:min(len(s.problems), 5)])
	}
}

var systemSettings = crm.Settings{
	Type: crm.TypeHubSpot, Mapping: crm.Mapping{
		Fields: crm.Fields{
			Stage: "lifecycle", Status: "lead_status", Reason: "sla_reason", Score: "sla_score", Due: "sla_due", Attempts: "sla_attempts", FirstTouch: "sla_first",
		},
		Stages: map[string]string{string(ledger.StageInquiry): "lead", string(ledger.StageMQL): "mql", string(lead.StageSAL): "sal"},
	},
}

// gate of a CRM that a test opens and shuts.
type gate struct {
	mu       sync.Mutex
	system   crm.System
	settings crm.Settings
	err      error
	doubts   []error
}

func (g *gate) ask() (crm.System, crm.Settings, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return nil, crm.Settings{}, g.err
	}
	return g.system, g.settings, nil
}

func (g *gate) set(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

func (g *gate) doubt(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.doubts = append(g.doubts, err)
}

func (g *gate) doubted() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.doubts)
}

func open(s crm.System) *gate { return &gate{system: s, settings: systemSettings} }

func (g *gate) on(run *effects.Runner) { run.System, run.Doubt = g.ask, g.doubt }

var errShut = errors.New("the mapping was not checked yet")

// inCRM are records as a reader has found them.
func (r *rig) inCRM(ids ...string) {
	r.t.Helper()
	var known []crm.Known
	for _, id := range ids {
		known = append(known, crm.Known{Record: id, Lead: id, Modified: r.now().Add(-time.Hour), Seen: map[string]string{crm.SeenStage: "lead"}})
	}
	for some := range slices.Chunk(known, 500) {
		if _, err := r.l.TakeIn(r.t.Context(), ledger.CRMIntake{Known: some}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func names(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("L%04d", i)
	}
	return ids
}

func scored(score int) func(string) standing {
	return func(string) standing { return standing{stage: ledger.StageMQL, score: score, owner: rep1} }
}

// unsettled are leads of which something is still to be told.
func (r *rig) unsettled() int64 {
	r.t.Helper()
	return r.count(`SELECT count(*) FROM outbox WHERE live IS NOT NULL OR parked IS NOT NULL OR sent <> version`)
}

func crmOnly() ledger.Effects { return ledger.Effects{CRM: true, Acknowledge: true, Notify: true} }

// captured is a lead that came as an event.
func (r *rig) captured(id, email string) {
	r.t.Helper()
	r.n++
	r.ingest(ledger.Entry{
		Source: "/test", ID: fmt.Sprint("e", r.n), Lead: id, Kind: lead.KindCaptured, Time: r.now(),
		Data: ledger.Data{Properties: map[string]any{"email": email}},
	})
}

// metric is how many attempts at the CRM had a result.
func metric(t *testing.T, run *effects.Runner, result string) float64 {
	t.Helper()
	var m dto.Metric
	if err := run.Metrics.Effects.WithLabelValues("crm", result).Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}
