// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/notify"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

func TestMain(m *testing.M) {
	if os.Getenv(envChild) != "" {
		child()
	}
	ledgertest.Main(m)
}

const (
	tenant = "acme"
	rep1   = "rep-1@acme.example"
	rep2   = "rep-2@acme.example"
)

var all = ledger.Effects{Notify: true, CRM: true, EscalateAfter: time.Hour}

func pairOf() bundle.Bundle {
	return bundle.Bundle{
		Contract: "revenue/mid-market", Sequence: 1,
		Definition: bundle.RevisionOf{Name: "mid-market-1", Digest: "d1"}, Terms: bundle.RevisionOf{Name: "mid-market-terms-1", Digest: "t1"},
		Lead: lead.Definition{
			Fields:       []lead.Field{{Name: "company", Type: lead.String}, {Name: "email", Type: lead.String}},
			Paths:        []lead.Path{{Name: "any", Criteria: []lead.Criterion{{Expression: "has(lead.company)"}}}},
			Dispositions: []lead.Disposition{{Name: "BadTiming", Outcome: lead.Recycled, Status: "Nurture"}},
		},
		SLA: sla.Terms{
			Definition: "mid-market",
			Parties:    sla.Parties{Marketing: sla.Contact{Owner: "VP Marketing"}, Sales: sla.Contact{Owner: "VP Sales"}},
			Calendar: sla.Calendar{TimeZone: "America/New_York", Hours: []sla.WeekHours{{
				Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []sla.Shift{{From: "09:00", To: "17:00"}},
			}}},
			Sales: &sla.Sales{FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{{Intent: "High", Within: 5 * time.Minute}}}},
		},
	}
}

func pairs(tb testing.TB) *pipeline.Pairs {
	tb.Helper()
	pair, err := pipeline.CompilePair(pairOf())
	if err != nil {
		tb.Fatal(err)
	}
	return &pipeline.Pairs{Mounted: pair}
}

// rig is a ledger with effects and, in place of the judgement, what a test says of its leads.
type rig struct {
	t   testing.TB
	l   *ledger.Ledger
	dsn string
	n   int
}

func newRig(tb testing.TB, e ledger.Effects) *rig {
	tb.Helper()
	l, dsn := ledgertest.New(tb, tenant)
	l.SetEffects(e)
	if err := l.Register(tb.Context(), pairOf()); err != nil {
		tb.Fatal(err)
	}
	return &rig{t: tb, l: l, dsn: dsn}
}

// standing is what a test decides about each lead.
type standing struct {
	stage       ledger.Stage
	score       int
	missing     []string
	owner       string
	obligations []sla.Obligation
	touched     time.Time // the first genuine contact
	attempts    int
}

// news of leads arrive.
func (r *rig) news(ids ...string) {
	r.t.Helper()
	var entries []ledger.Entry
	for _, id := range ids {
		r.n++
		entries = append(entries, ledger.Entry{
			Source: "/test", ID: fmt.Sprint("e", r.n), Lead: id, Kind: lead.KindUpdated, Time: r.now(),
			Data: ledger.Data{Properties: map[string]any{"n": float64(r.n)}},
		})
	}
	r.ingest(entries...)
}

func (r *rig) ingest(entries ...ledger.Entry) {
	r.t.Helper()
	outcomes, err := r.l.Ingest(r.t.Context(), entries)
	if err != nil {
		r.t.Fatal(err)
	}
	for i, o := range outcomes {
		if o != ledger.Accepted {
			r.t.Fatalf("event %d: %s", i, o)
		}
	}
}

func (r *rig) now() time.Time {
	r.t.Helper()
	at, err := r.l.Now(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return at
}

// judge scores and routes all that has news, as the test says.
func (r *rig) judge(of func(id string) standing) {
	r.t.Helper()
	for {
		scored, err := r.l.Score(r.t.Context(), 1, 100, func(one *ledger.Lead) error { return score(one, of(one.ID), r.now()) })
		if err != nil {
			r.t.Fatal(err)
		}
		routed, err := r.l.Route(r.t.Context(), 1, 100, func(_ context.Context, d *ledger.Routing) error { return route(d, of) })
		if err != nil {
			r.t.Fatal(err)
		}
		for _, f := range append(scored.Failed, routed.Failed...) {
			r.t.Fatalf("lead %s: %v", f.Lead, f.Err)
		}
		if scored.Leads+routed.Leads == 0 {
			return
		}
	}
}

func score(one *ledger.Lead, s standing, at time.Time) error {
	one.Record, one.Stage, one.Score.Clamped, one.Missing = map[string]any{}, s.stage, s.score, s.missing
	for _, e := range one.Events {
		if email, has := e.Properties["email"]; has {
			one.Record["email"] = email
		}
	}
	if one.Reached == nil {
		one.Reached, one.ReachedBy = &lead.Reached{At: at, Path: "any"}, 1
	}
	if s.stage == ledger.StageMQL && one.Qualified == nil {
		one.Qualified, one.JudgedBy = &lead.Qualified{At: at, Path: "any", Intent: "High", MetThreshold: true}, 1
		one.DefinitionRevision = "definition-1"
	}
	return nil
}

func route(d *ledger.Routing, of func(id string) standing) error {
	for _, one := range d.Leads {
		s := of(one.ID)
		if s.owner != one.Owner {
			one.Owner, one.OwnedAt = s.owner, d.Now
		}
		if s.owner == "" { // as the router says it
			one.OwnedAt = time.Time{}
		}
		one.DisposedAt, one.FirstTouchAt, one.Attempts = time.Time{}, s.touched, s.attempts
		for _, e := range one.Events {
			if e.Kind == lead.KindDisposition {
				one.DisposedAt = e.Time
			}
		}
		d.Keep(one, "mid-market-terms-1", s.obligations)
	}
	return nil
}

// contact is the clock of first contact.
func contact(state sla.State, due time.Time) sla.Obligation {
	return sla.Obligation{
		Clause: sla.ClauseFirstContact, Tier: "High", Start: due.Add(-5 * time.Minute), Due: due, Warn: due.Add(-time.Minute), State: state,
		Period: "2027-W01",
	}
}

// sink is a service on this machine: it keeps what it takes, and answers as a test says.
type sink struct {
	*httptest.Server

	mu     sync.Mutex
	got    []string // bodies, by path: "/rep text"
	status func(path string, n int) int
	seen   int
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen++
		if s.status != nil {
			if status := s.status(q.URL.Path, s.seen); status != http.StatusOK {
				w.WriteHeader(status)
				return
			}
		}
		s.got = append(s.got, q.URL.Path+" "+string(body))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// address of a recipient, as it stands in a Secret. The path is what tests look at; the token must never be seen in an error.
func (s *sink) address(path string) string {
	return "generic+" + s.URL + path + "?token=" + secret
}

const secret = "hunter2-do-not-show"

func (s *sink) addresses(to ledger.Recipient, rep string) ([]string, error) {
	return notify.Addresses(s.address("/"+strings.ToLower(string(to))+"/{rep}"), rep), nil
}

// runner that is quick.
func (r *rig) runner(edit func(*effects.Runner)) *effects.Runner {
	r.t.Helper()
	run := &effects.Runner{
		Tenant: tenant, Ledger: func() (*ledger.Ledger, error) { return r.l, nil }, Pairs: pairs(r.t), Send: notify.SendDocument,
		Metrics: effects.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Every: 10 * time.Millisecond, First: time.Millisecond,
	}
	edit(run)
	return run
}

// start runs it until the test calls stop, or ends.
func (r *rig) start(run *effects.Runner) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { run.Run(ctx) })
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); done.Wait() }) }
	r.t.Cleanup(stop)
	return stop
}

// until waits for something that other goroutines bring about.
func (r *rig) until(what string, f func() bool) {
	r.t.Helper()
	for range 2400 { // a machine may be slow
		if f() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.t.Fatalf("waited in vain: %s", what)
}

func (r *rig) count(query string, args ...any) int64 {
	r.t.Helper()
	return ledgertest.Value[int64](r.t, r.dsn, query, args...)
}

// settled says whether no message is left to be sent now.
func (r *rig) settled() bool {
	return r.count(`SELECT count(*) FROM river_job WHERE kind = 'notice' AND state IN ('available', 'running', 'retryable')`) == 0
}
