// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/cli"
	"github.com/handoff-sla/handoff/internal/cli/export"
	"github.com/handoff-sla/handoff/internal/cli/life"
	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

func TestMain(m *testing.M) { ledgertest.Main(m) }

const tenant = "mid-market"

func pair(t *testing.T) *pipeline.Pair {
	t.Helper()
	weekdays := []string{"Mon", "Tue", "Wed", "Thu", "Fri"}
	p, err := pipeline.CompilePair(bundle.Bundle{
		Contract: "revenue/mid-market", Sequence: 1,
		Definition: bundle.RevisionOf{Name: "mid-market-1", Digest: "d"}, Terms: bundle.RevisionOf{Name: "mid-market-terms-1", Digest: "t"},
		Lead: lead.Definition{
			Fields:  []lead.Field{{Name: "email", Type: lead.String, Required: true}, {Name: "employees", Type: lead.Integer}},
			Signals: []lead.Signal{{Name: "demo", Activity: "FormSubmit"}},
			Scoring: &lead.Scoring{Groups: []lead.Group{
				{Name: "fit", Rules: []lead.Rule{{Name: "size", When: "lead.employees >= 50", Points: 30}}},
				{Name: "intent", Rules: []lead.Rule{{Name: "demo", On: "demo", Points: 20}}},
			}},
			Paths:        []lead.Path{{Name: "hand-raise", Criteria: []lead.Criterion{{Expression: "signals.demo.count > 0"}}}},
			Intents:      []lead.Intent{{Name: "Standard"}},
			Dispositions: []lead.Disposition{{Name: "BadTiming", Outcome: lead.Recycled}},
		},
		SLA: sla.Terms{
			Definition: "mid-market", Parties: sla.Parties{Marketing: sla.Contact{Owner: "M"}, Sales: sla.Contact{Owner: "S"}},
			Calendar:  sla.Calendar{TimeZone: "America/New_York", Hours: []sla.WeekHours{{Days: weekdays, Shifts: []sla.Shift{{From: "09:00", To: "17:00"}}}}},
			Marketing: &sla.Marketing{Volume: &sla.Volume{MQLsPerMonth: 100}},
			Sales: &sla.Sales{
				FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{{Intent: "Standard", Within: 4 * time.Hour}}},
				Disposition:  &sla.Disposition{Within: 10000 * 24 * time.Hour, TargetPercent: 95},
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const batch = `[
 {"specversion": "1.0", "id": "1", "source": "/web", "type": "dev.handoff.lead.captured", "subject": "lead-1", "time": "2026-01-05T15:00:00Z",
  "data": {"properties": {"email": "personal@example.com", "employees": 20}}},
 {"specversion": "1.0", "id": "2", "source": "/web", "type": "dev.handoff.lead.updated", "subject": "lead-1", "time": "2026-01-05T16:00:00Z",
  "data": {"properties": {"employees": 80}}},
 {"specversion": "1.0", "id": "3", "source": "/web", "type": "dev.handoff.lead.activity", "subject": "lead-1", "time": "2026-01-05T17:00:00Z",
  "data": {"activity": "FormSubmit", "properties": {"form": "demo"}}},
 {"specversion": "1.0", "id": "4", "source": "/crm", "type": "dev.handoff.lead.assigned", "subject": "lead-1", "time": "2026-01-05T17:01:00Z",
  "data": {"owner": "rep-1@acme.example"}},
 {"specversion": "1.0", "id": "5", "source": "/crm", "type": "dev.handoff.lead.touch", "subject": "lead-1", "time": "2026-01-05T19:30:00Z",
  "data": {"rep": "rep-1@acme.example", "channel": "Phone", "direction": "Outbound", "actor": "Human"}},
 {"specversion": "1.0", "id": "6", "source": "/crm", "type": "dev.handoff.lead.disposition", "subject": "lead-1", "time": "2026-01-06T19:30:00Z",
  "data": {"reason": "BadTiming", "by": "rep-1@acme.example"}},
 {"specversion": "1.0", "id": "7", "source": "/web", "type": "dev.handoff.lead.captured", "subject": "lead-2", "time": "2026-01-05T15:00:00Z",
  "data": {"properties": {"email": "other@example.com"}}}]`

// rig is a ledger, how events come into it, and a worker of each kind.
type rig struct {
	l    *ledger.Ledger
	dsn  string
	pair *pipeline.Pair
}

func newRig(t *testing.T) *rig {
	t.Helper()
	l, dsn := ledgertest.New(t, tenant)
	r := &rig{l: l, dsn: dsn, pair: pair(t)}
	if err := l.Register(t.Context(), r.pair.Bundle); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_LEDGER", dsn)
	return r
}

// post gives what became of each event.
func (r *rig) post(t *testing.T, l *ledger.Ledger, body string) []events.Status {
	t.Helper()
	handler := &events.Handler{
		Checker: func() *events.Checker { return events.NewChecker(r.pair.Bundle.Lead, r.pair.Bundle.SLA.Enforcement) }, Store: func() (events.Store, error) { return l, nil },
		Token: func() (string, error) { return "token", nil }, Now: time.Now, Taken: func(string, int) {}, Log: slog.New(slog.DiscardHandler),
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/events", strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer token")
	request.Header.Set("Content-Type", "application/cloudevents-batch+json")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	var told events.Answer
	if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	var all []events.Status
	for _, result := range told.Results {
		all = append(all, result.Status)
	}
	return all
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
	for _, step := range []func(context.Context) (time.Duration, error){scorer.Step, router.Step} {
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

func run(t *testing.T, args ...string) (out, said string, err error) {
	t.Helper()
	root := cli.Root(time.Now)
	var stdout, stderr bytes.Buffer
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs(append(args, "--ledger-env", "TEST_LEDGER", "--tenant", tenant))
	err = root.ExecuteContext(t.Context())
	return stdout.String(), stderr.String(), err
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, _, err := run(t, args...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out
}

func TestLead(t *testing.T) {
	r := newRig(t)
	r.post(t, r.l, batch)
	r.work(t)
	text := must(t, "lead", "lead-1")
	for _, want := range []string{
		"LEAD lead-1 of SLAContract revenue/mid-market",
		"2026-01-05 10:00:00 EST  event       captured  1 of /web",
		"score 0 -> 30", "fit/size 0 -> 30", "score 30 -> 50", "intent/demo 0 -> 20",
		"2026-01-05 12:00:00 EST  stage       MQL", "path hand-raise", "judged by mid-market-1 and mid-market-terms-1",
		"2026-01-05 14:30:00 EST  clock       firstContact (Standard) met",
		"firstContact (Standard): Met, cycle 1, counted in 2026-W02 under mid-market-terms-1",
		"2026-01-05 16:01:00 EST  2026-01-05T21:01:00Z", // due: four business hours after 12:01
		"2h29m0s of business time", "later\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if strings.Contains(text, "personal@") || !strings.Contains(must(t, "lead", "lead-1", "--show-data"), "email: personal@example.com") {
		t.Error("personal data are shown when, and only when, they are asked for")
	}
	var told life.Life
	if err := json.Unmarshal([]byte(must(t, "lead", "lead-1", "-o", "json")), &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Entries) < 10 || len(told.Clocks) < 3 || told.Zone != "America/New_York" {
		t.Errorf("%+v", told)
	}
	if _, _, err := run(t, "lead", "lead-9"); err == nil || !strings.Contains(err.Error(), `no lead "lead-9"`) {
		t.Errorf("error %v", err)
	}
}

// What is exported can be sent again: to the same ledger it is known, to another it makes the same.
func TestExportIsReplayable(t *testing.T) {
	r := newRig(t)
	r.post(t, r.l, batch)
	r.work(t)
	out := must(t, "export")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 7 {
		t.Fatalf("%d events: %s", len(lines), out)
	}
	again := "[" + strings.Join(lines, ",") + "]"
	for i, status := range r.post(t, r.l, again) {
		if status != events.StatusDuplicate {
			t.Errorf("event %d: %s: %s", i, status, lines[i])
		}
	}
	other, dsn := ledgertest.New(t, tenant)
	for i, status := range r.post(t, other, again) {
		if status != events.StatusAccepted {
			t.Errorf("event %d: %s", i, status)
		}
	}
	t.Setenv("TEST_LEDGER", dsn)
	if diff := cmp.Diff(withoutReceived(t, out), withoutReceived(t, must(t, "export", "--what", "events"))); diff != "" {
		t.Error(diff)
	}
}

func withoutReceived(t *testing.T, out string) (all []export.Event) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var e export.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		e.Received = ""
		all = append(all, e)
	}
	return all
}

func TestExport(t *testing.T) {
	r := newRig(t)
	r.post(t, r.l, batch)
	r.work(t)
	if _, err := r.l.SealPeriod(t.Context(), "2026-01", time.UTC); err != nil {
		t.Fatal(err)
	}
	const refused = `[{"specversion": "1.0", "id": "18", "source": "/crm", "type": "dev.handoff.lead.disposition", "subject": "lead-1", "time": "2026-01-06T18:30:00Z",
 "data": {"outcome": "Recycled", "reason": "call personal@example.com"}}]`
	for range 2 { // as it may be sent again
		if got := r.post(t, r.l, refused); !slices.Equal(got, []events.Status{events.StatusInvalid}) {
			t.Fatalf("a rejection without a code is %v", got)
		}
	}
	if text := must(t, "lead", "lead-1"); !strings.Contains(text, "event       refused  18 of /crm") || !strings.Contains(text, "a rejection without a reason code: it was not taken") {
		t.Errorf("the refusal is not told:\n%s", text)
	}
	for what, want := range map[string]int{"leads": 2, "obligations": 3, "counts": 3, "seals": 1, "refusals": 1} {
		out, said, err := run(t, "export", "--what", what)
		if n := strings.Count(out, "\n"); err != nil || n != want || !strings.Contains(said, fmt.Sprint(want)) {
			t.Errorf("%s: %d lines, want %d (%v, %s): %s", what, n, want, err, said, out)
		}
		if strings.Contains(out, "personal@") {
			t.Errorf("%s hold what only events should: %s", what, out)
		}
	}
	// Sales had the lead at 12:01 in New York, and touched it at 14:30.
	for _, want := range []string{
		`"clause":"firstContact","tier":"Standard","revision":"mid-market-terms-1","met":1,"missed":0,"open":0,"atRisk":0,"excused":0,"contacted":1,` +
			`"times":{"leads":1,"within5m":0,"within15m":0,"medianSeconds":8940,"p90Seconds":8940}}`,
		`"clause":"volume","revision":"mid-market-terms-1","met":1,"missed":0,"open":0,"atRisk":0,"excused":0}`,
	} {
		if out := must(t, "export", "--what", "counts"); !strings.Contains(out, want) {
			t.Errorf("the counts do not have %s:\n%s", want, out)
		}
	}
	if _, err := r.l.SealPeriod(t.Context(), "2026-W02", time.UTC); err != nil {
		t.Fatal(err)
	}
	for form, contacted := range map[string]bool{"2": true, "1": false} {
		ledgertest.Exec(t, r.dsn, "UPDATE handoff.seals SET form = "+form)
		if out := must(t, "export", "--what", "seals"); strings.Contains(out, `"contacted":1`) != contacted || strings.Contains(out, "contacted") != contacted ||
			strings.Contains(out, "times") {
			t.Errorf("a seal of form %s has what it did not seal, or lacks what it did:\n%s", form, out)
		}
	}
	ledgertest.Exec(t, r.dsn, "UPDATE handoff.seals SET form = 2")
	if out := must(t, "export", "--what", "events", "--lead", "lead-2"); strings.Count(out, "\n") != 1 {
		t.Error(out)
	}
	var subject export.Subject
	if err := json.Unmarshal([]byte(must(t, "export", "--lead", "lead-1")), &subject); err != nil {
		t.Fatal(err)
	}
	if len(subject.Refusals) != 1 || subject.Refusals[0].Type != "dev.handoff.lead.disposition" ||
		!strings.Contains(string(subject.Refusals[0].Data), `"Recycled"`) || strings.Contains(string(subject.Refusals[0].Data), "personal@") {
		t.Errorf("refusals %+v", subject.Refusals)
	}
	if len(subject.Events) != 6 || len(subject.Obligations) == 0 || !strings.Contains(string(subject.Kept), "personal@example.com") || subject.Life == nil {
		t.Errorf("%+v", subject)
	}
	if out := must(t, "verify-counts"); !strings.HasPrefix(out, "2 seals, each as it was made.") {
		t.Error(out)
	}
	if _, _, err := run(t, "verify-counts", "--known", "00"); err == nil {
		t.Error("a digest that no seal has proves nothing")
	}
	for _, args := range [][]string{{"export", "--what", "reps"}, {"export", "--what", "counts", "--lead", "lead-1"}} {
		if _, _, err := run(t, args...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestForget(t *testing.T) {
	r := newRig(t)
	r.post(t, r.l, batch)
	r.work(t)
	if out := must(t, "forget", "lead-1"); !strings.Contains(out, "Would be erased") || !strings.Contains(out, "personal content of 6 events") {
		t.Error(out)
	}
	must(t, "lead", "lead-1") // still there
	if out := must(t, "forget", "lead-1", "--yes", "--by", "privacy-desk"); !strings.Contains(out, "kept under the pseudonym erased-") {
		t.Error(out)
	}
	if got := ledgertest.Value[string](t, r.dsn, `SELECT by_whom FROM erasures`); got != "privacy-desk" {
		t.Errorf("by %q", got)
	}
	if out := must(t, "export"); strings.Contains(out, "personal@") || strings.Contains(out, `"lead-1"`) {
		t.Error(out)
	}
	want := []events.Status{"Forgotten", "Forgotten", "Forgotten", "Forgotten", "Forgotten", "Forgotten", "Duplicate"}
	if diff := cmp.Diff(want, r.post(t, r.l, batch)); diff != "" {
		t.Error(diff)
	}
	if _, _, err := run(t, "forget", "lead-1", "--yes"); err == nil {
		t.Error("erased twice")
	}
	must(t, "forget", "lead-1", "--lift")
	if got := r.post(t, r.l, batch); got[0] != events.StatusAccepted {
		t.Errorf("after it was lifted: %v", got)
	}
	if _, _, err := run(t, "forget", "lead-7", "--lift"); err == nil {
		t.Error("lifted what was not erased")
	}
}

// No error of any verb shows the connection string.
func TestNoSecretInErrors(t *testing.T) {
	t.Setenv("TEST_LEDGER", "postgres://secret-user:secret-password@127.0.0.1:1/secret-db")
	for _, args := range [][]string{{"lead", "lead-1"}, {"forget", "lead-1"}, {"export"}, {"verify-counts"}} {
		if _, _, err := run(t, args...); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v", args, err)
		}
	}
}
