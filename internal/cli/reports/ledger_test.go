// SPDX-License-Identifier: Apache-2.0

package reports_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/cli"
	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

func TestMain(m *testing.M) { ledgertest.Main(m) }

const tenant = "mid-market"

// rig is a ledger with a clock, how events come into it, the workers and the job.
type rig struct {
	l    *ledger.Ledger
	pair *pipeline.Pair
	made ledger.Report
}

func newRig(t *testing.T, at time.Time) (*rig, *ledgertest.Clock) {
	t.Helper()
	l, dsn, clock := ledgertest.NewWithClock(t, tenant, at)
	t.Setenv("TEST_LEDGER", dsn)
	pair, err := pipeline.CompilePair(bundle.Bundle{
		Contract: "revenue/mid-market", Sequence: 1,
		Definition: bundle.RevisionOf{Name: "mid-market-1", Digest: "d"}, Terms: bundle.RevisionOf{Name: "mid-market-terms-1", Digest: "t"},
		Lead: lead.Definition{
			Fields:  []lead.Field{{Name: "email", Type: lead.String, Required: true}},
			Signals: []lead.Signal{{Name: "demo", Activity: "FormSubmit"}},
			Paths:   []lead.Path{{Name: "hand-raise", Criteria: []lead.Criterion{{Expression: "signals.demo.count > 0"}}}},
			Intents: []lead.Intent{{Name: "Standard"}},
		},
		SLA: sla.Terms{
			Definition: "mid-market", Parties: sla.Parties{Marketing: sla.Contact{Owner: "M"}, Sales: sla.Contact{Owner: "S"}},
			Calendar: sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{
				Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []sla.Shift{{From: "09:00", To: "17:00"}},
			}}},
			Marketing:     &sla.Marketing{Volume: &sla.Volume{MQLsPerMonth: 10}},
			Sales:         &sla.Sales{FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{{Intent: "Standard", Within: 4 * time.Hour}}}},
			MinimumSample: new(1),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Register(t.Context(), pair.Bundle); err != nil {
		t.Fatal(err)
	}
	return &rig{l: l, pair: pair}, clock
}

// lead comes in, asks for a demo, gets an owner and is called after a time; never when that is zero.
func (r *rig) lead(t *testing.T, id string, at time.Time, called time.Duration) {
	t.Helper()
	var all []string
	add := func(kind string, after time.Duration, data string) {
		all = append(all, fmt.Sprintf(`{"specversion": "1.0", "id": "%s-%d", "source": "/test", "type": "dev.handoff.lead.%s", "subject": %q, "time": %q, "data": %s}`,
			id, len(all), kind, id, at.Add(after).Format(time.RFC3339), data))
	}
	add("captured", 0, `{"properties": {"email": "x@example.com"}}`)
	add("activity", time.Second, `{"activity": "FormSubmit"}`)
	add("assigned", 2*time.Second, `{"owner": "rep-1@acme.example"}`)
	if called > 0 {
		add("touch", called, `{"rep": "rep-1@acme.example", "channel": "Phone", "direction": "Outbound", "actor": "Human"}`)
	}
	handler := &events.Handler{
		Checker: func() *events.Checker { return events.NewChecker(r.pair.Bundle.Lead, r.pair.Bundle.SLA.Enforcement) },
		Store:   func() (events.Store, error) { return r.l, nil },
		Token:   func() (string, error) { return "token", nil }, Now: func() time.Time { return at.Add(24 * time.Hour) },
		Taken: func(string, int) {}, Log: slog.New(slog.DiscardHandler),
	}
	body := "[" + strings.Join(all, ",") + "]"
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/events", strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer token")
	request.Header.Set("Content-Type", "application/cloudevents-batch+json")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	if answer.Code/100 != 2 || strings.Count(answer.Body.String(), `"Accepted"`) != len(all) {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
}

// work until there is nothing to do.
func (r *rig) work(t *testing.T) {
	t.Helper()
	metrics, log := pipeline.NewMetrics(prometheus.NewRegistry()), slog.New(slog.DiscardHandler)
	roster, err := r.pair.CompileRoster(bundle.Roster{})
	if err != nil {
		t.Fatal(err)
	}
	pairs := &pipeline.Pairs{Mounted: r.pair}
	scorer := &pipeline.Scorer{Pairs: pairs, Metrics: metrics, Log: log, Ledger: func() (pipeline.ScoreLedger, error) { return r.l, nil }}
	router := &pipeline.Router{
		Pairs: pairs, Metrics: metrics, Log: log, Ledger: func() (pipeline.RouteLedger, error) { return r.l, nil },
		Roster: func() *pipeline.Roster { return roster },
	}
	breaches := &pipeline.Breaches{Metrics: metrics, Log: log, Ledger: func() (pipeline.BreachLedger, error) { return r.l, nil }}
	for _, step := range []func(context.Context) (time.Duration, error){scorer.Step, router.Step, breaches.Step} {
		for {
			again, err := step(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if again > 0 {
				break
			}
		}
	}
}

// Has and Put are the cluster's side of the job.
func (r *rig) Has(context.Context, sla.Period) (bool, error) { return false, nil }

func (r *rig) Put(_ context.Context, made ledger.Report) error {
	r.made = made
	return nil
}

// report the last closed week as the job does, into a file.
func (r *rig) report(t *testing.T) string {
	t.Helper()
	job := &pipeline.Reviewing{
		Review: "weekly", Owner: "RevOps", Kind: review.Operational, HistoryLimit: 4,
		Agreement: pipeline.Agreement{Contract: "revenue/mid-market", Cadence: "mid-market"},
		Pairs:     &pipeline.Pairs{Mounted: r.pair}, Ledger: r.l, Reports: r, Log: slog.New(slog.DiscardHandler),
	}
	if made, err := job.Run(t.Context()); err != nil || made != 1 {
		t.Fatalf("%d reports, %v", made, err)
	}
	file := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(file, []byte(r.made.JSON), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func verify(t *testing.T, file string) (string, error) {
	t.Helper()
	root := cli.Root(time.Now)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs([]string{"report", "verify", "--file", file, "--ledger-env", "TEST_LEDGER", "--tenant", tenant})
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// A report that the job made is verified; what comes late restates it, with the numbers; what was changed in it is found, whatever came late.
func TestProve(t *testing.T) {
	tuesday := time.Date(2027, 1, 5, 10, 0, 0, 0, time.UTC)
	r, clock := newRig(t, tuesday.Add(-time.Hour))
	clock.Set(tuesday.Add(time.Hour))
	r.lead(t, "in-time", tuesday, 30*time.Minute)
	r.lead(t, "never", tuesday, 0)
	r.work(t)
	clock.Set(tuesday.AddDate(0, 0, 7))
	r.work(t)
	file := r.report(t)
	out, err := verify(t, file)
	if err != nil || !strings.HasPrefix(out, "Verified  "+file+" (weekly of cadence mid-market, 2027-W01: ") || !strings.Contains(out, "● its numbers are what the ledger counts today") {
		t.Fatalf("%v\n%s", err, out)
	}

	r.lead(t, "came-late", tuesday, 0)
	r.work(t)
	out, err = verify(t, file)
	for _, want := range []string{
		"Restated  ", "▲ firstContact, Standard in 2027-W01: was 50% (1 of 2), is 33% (1 of 3", "▲ volume in 2027-W01: was 2 of", "● it is the ledger's copy",
	} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("no %q: %v\n%s", want, err, out)
		}
	}

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(`"owner": "RevOps"`), []byte(`"owner": "Other"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err = verify(t, file); err == nil || !strings.HasPrefix(out, "Tampered  ") {
		t.Errorf("%v\n%s", err, out)
	}
}
