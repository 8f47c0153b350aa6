// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// application is a case of the process: when it was submitted, and when somebody worked on it (W_ activities).
type application struct {
	submitted time.Time
	worked    []time.Time
}

// applications reads the log of the loan process of BPI Challenge 2012, which lies beside the checkout and is not part of it.
func applications(t *testing.T) map[string]*application {
	t.Helper()
	file, err := os.Open(realProcess(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"case:concept:name", "concept:name", "time:timestamp"}, rows[0]); diff != "" {
		t.Fatalf("columns (-want +got):\n%s", diff)
	}
	all := map[string]*application{}
	for _, row := range rows[1:] {
		at, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", row[2])
		if err != nil {
			t.Fatal(err)
		}
		one := all[row[0]]
		if one == nil {
			one = &application{}
			all[row[0]] = one
		}
		switch {
		case row[1] == "A_SUBMITTED":
			one.submitted = at
		case strings.HasPrefix(row[1], "W_"):
			one.worked = append(one.worked, at)
		}
	}
	return all
}

func realProcess(t *testing.T) string {
	t.Helper()
	const name = "bpi2012_sample15_named.csv"
	if folder := os.Getenv("HANDOFF_SHARED_DATA"); folder != "" {
		return filepath.Join(folder, name)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if file := filepath.Join(dir, "shared", "data", name); exists(file) {
			return file
		}
	}
	t.Skipf("SKIPPED: %s is not there: put it into ../shared/data, or name its folder with HANDOFF_SHARED_DATA. The replay of a real process was NOT tested", name)
	return ""
}

func exists(file string) bool { _, err := os.Stat(file); return err == nil }

// inTime is the direct computation: was the first W_ activity within the window from the submission?
func (a *application) inTime(window time.Duration) sla.State {
	if len(a.worked) > 0 && slices.MinFunc(a.worked, time.Time.Compare).Sub(a.submitted) <= window {
		return sla.Met
	}
	return sla.Missed
}

// A real process goes through the pipeline as it runs: over HTTP, scored and routed while it comes in. Its first-contact compliance is that
// of a direct computation over the file, for each application and so for all.
func TestRealProcess(t *testing.T) {
	all := applications(t)
	ids := map[string]time.Duration{}
	for _, window := range []time.Duration{30 * time.Second, 5 * time.Minute, time.Hour, 24 * time.Hour, 72 * time.Hour} {
		t.Run(window.String(), func(t *testing.T) {
			want, met := map[string]string{}, 0
			for id, one := range all {
				state := one.inTime(window)
				want[id] = string(state)
				if state == sla.Met {
					met++
				}
			}
			got := replayed(t, all, window)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("first contact (-computed +pipeline):\n%s", diff)
			}
			t.Logf("first contact within %s: %d of %d applications, %.2f %%", window, met, len(all), 100*float64(met)/float64(len(all)))
			ids[fmt.Sprint(met)] = window
		})
	}
	if len(ids) < 2 {
		t.Error("every window gives the same: nothing is told apart")
	}
}

// replayed sends the process through a pipeline of its own and returns the state of each application's first contact.
func replayed(t *testing.T, all map[string]*application, window time.Duration) map[string]string {
	t.Helper()
	r := newRig(t, loan(window))
	ctx, cancel := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	defer func() { cancel(); loops.Wait() }()
	for name, step := range map[string]func(context.Context) (time.Duration, error){
		"score": r.scorer(r.l).Step, "route": r.router(r.l, team("rep-1")).Step,
	} {
		loops.Go(func() {
			pipeline.Loop{Name: name, Step: step, Metrics: metrics(), Log: slog.New(slog.DiscardHandler)}.Run(ctx)
		})
	}
	checker := events.NewChecker(r.pair.Bundle.Lead, r.pair.Bundle.SLA.Enforcement)
	server := httptest.NewServer(&events.Handler{
		Checker: func() *events.Checker { return checker },
		Store:   func() (events.Store, error) { return r.l, nil },
		Token:   func() (string, error) { return "token", nil },
		Now:     time.Now, Taken: func(string, int) {}, Log: slog.New(slog.DiscardHandler),
	})
	defer server.Close()
	var group sync.WaitGroup
	batches := make(chan []any)
	for range 4 {
		group.Go(func() {
			for batch := range batches {
				post(t, server, batch)
			}
		})
	}
	for batch := range slices.Chunk(asEvents(all), events.MaxBatch) {
		batches <- batch
	}
	close(batches)
	group.Wait()
	for ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM work") > 0 && !t.Failed() {
		time.Sleep(50 * time.Millisecond)
	}
	states := map[string]string{}
	for _, row := range ledgertest.Column[[]string](t, r.dsn, "SELECT ARRAY[lead_id, state] FROM obligations WHERE clause = 'firstContact'") {
		states[row[0]] = row[1]
	}
	return states
}

// loan is the contract: an application is qualified as it is submitted, and is to be worked on within the window, day and night.
func loan(window time.Duration) bundle.Bundle {
	return pipelinetest.Bundle(1, sla.CRM, func(b *bundle.Bundle) {
		b.Lead = lead.Definition{
			Fields: []lead.Field{{Name: "channel", Type: lead.String, Required: true}},
			Paths:  []lead.Path{{Name: "submitted", Criteria: []lead.Criterion{{Expression: `lead.channel == "Application"`}}}},
		}
		b.SLA.Sales = &sla.Sales{FirstContact: &sla.FirstContact{
			TargetPercent: 90, Tiers: []sla.Tier{{Intent: lead.DefaultIntent, Within: window}},
		}}
	})
}

// asEvents are the applications as events, in the order of time, over all of them.
func asEvents(all map[string]*application) (out []any) {
	type event struct {
		at   time.Time
		body map[string]any
	}
	var log []event
	add := func(id string, n int, kind lead.Kind, at time.Time, data map[string]any) {
		log = append(log, event{at, map[string]any{
			"specversion": "1.0", "source": "/bpi2012", "id": fmt.Sprintf("%s/%s/%d", id, kind, n), "type": fmt.Sprint(events.TypePrefix, kind),
			"subject": id, "time": at.Format(time.RFC3339Nano), "data": data,
		}})
	}
	for id, one := range all {
		add(id, 0, lead.KindCaptured, one.submitted, map[string]any{"properties": map[string]any{"channel": "Application"}})
		add(id, 0, lead.KindAssigned, one.submitted, map[string]any{"owner": "rep-1@acme.example"})
		for n, at := range one.worked {
			add(id, n, lead.KindTouch, at, map[string]any{"channel": "Phone", "direction": "Outbound", "actor": "Human"})
		}
	}
	slices.SortStableFunc(log, func(a, b event) int { return a.at.Compare(b.at) })
	for _, e := range log {
		out = append(out, e.body)
	}
	return out
}

func post(t *testing.T, server *httptest.Server, batch []any) {
	t.Helper()
	body, err := json.Marshal(batch)
	if err != nil {
		t.Error(err)
		return
	}
	request, err := http.NewRequest(http.MethodPost, server.URL+"/v1/events", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	request.Header.Set("Authorization", "Bearer token")
	request.Header.Set("Content-Type", "application/cloudevents-batch+json")
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Error(err)
		return
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusAccepted {
		t.Errorf("%d %.300s", answer.StatusCode, text)
	}
}
