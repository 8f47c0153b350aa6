// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
	"github.com/handoff-sla/handoff/internal/worker"
)

func get(t *testing.T, address, path string) (int, string) {
	t.Helper()
	var status int
	var body []byte
	var err error
	if !ledgertest.Eventually(func() bool { status, body, err = asked("http://" + address + path); return err == nil }) {
		t.Fatal(err)
	}
	return status, string(body)
}

func asked(url string) (status int, body []byte, err error) {
	answer, err := http.Get(url)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

// Told to end, a worker first says that it is not ready, still answers what comes and what is in flight, finishes the running step, and
// only then lets go of what they depend on.
func TestProcessEndsInOrder(t *testing.T) {
	for drain := 300 * time.Millisecond; !endsInOrder(t, drain) && !t.Failed(); drain *= 4 {
		if drain > time.Minute {
			t.Fatalf("a late request found nobody %s long", drain)
		}
	}
}

// endsInOrder says whether the machine was quick enough for a request to come while new ones are still taken.
func endsInOrder(t *testing.T, drain time.Duration) bool {
	t.Helper()
	var mu sync.Mutex
	var order []string
	note := func(s string) { mu.Lock(); defer mu.Unlock(); order = append(order, s) }
	arrived, leave, step := make(chan struct{}), make(chan struct{}), make(chan struct{})
	p := &worker.Process{
		Health: &worker.Health{Registry: prometheus.NewRegistry()},
		Listen: ledgertest.Address(t), Probes: ledgertest.Address(t), Drain: drain, Log: quiet,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(arrived)
				<-leave
				note("slow request answered")
			}
			w.WriteHeader(http.StatusAccepted)
		}),
		Loops:   []func(context.Context){func(ctx context.Context) { <-ctx.Done(); <-step; note("step finished") }},
		Support: []func(context.Context){func(ctx context.Context) { <-ctx.Done(); note("support ended") }},
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if status, _ := get(t, p.Probes, "/readyz"); status != http.StatusOK {
		t.Fatalf("not ready: %d", status)
	}
	slow := make(chan int, 1)
	go func() {
		status, _ := get(t, p.Listen, "/slow")
		slow <- status
	}()
	<-arrived
	begin := time.Now()
	cancel()
	ledgertest.Await(t, "it is not ready any more, and says why", func() bool {
		status, body := get(t, p.Probes, "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "about to end")
	})
	late, err := http.Get("http://" + p.Listen + "/late")
	inTime := err == nil || time.Since(begin) < drain
	switch {
	case err == nil:
		defer late.Body.Close()
		if late.StatusCode != http.StatusAccepted || !late.Close {
			t.Errorf("a late request got %d, and its connection is closed: %v", late.StatusCode, late.Close)
		}
	case inTime:
		t.Errorf("a late request: %v", err)
	default: // it came too late
	}
	close(step)
	ledgertest.Await(t, "nobody listens any more, and the step is finished", func() bool {
		conn, err := net.Dial("tcp", p.Listen)
		if err == nil {
			_ = conn.Close()
		}
		mu.Lock()
		defer mu.Unlock()
		return err != nil && len(order) > 0
	})
	close(leave)
	if status := <-slow; status != http.StatusAccepted {
		t.Errorf("the request in flight got %d", status)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"step finished", "slow request answered", "support ended"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	return inTime
}

func TestProcessNeedsItsAddresses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := &worker.Process{Health: &worker.Health{Registry: prometheus.NewRegistry()}, Probes: taken.Addr().String(), Log: quiet}
	if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "listening on "+taken.Addr().String()) {
		t.Errorf("error %v", err)
	}
}

func TestHealth(t *testing.T) {
	registry := prometheus.NewRegistry()
	pipeline.NewMetrics(registry).Scored.Add(3)
	ready, remark := false, "the Secret is missing"
	h := &worker.Health{Registry: registry, Checks: []worker.Check{
		{Name: "ledger", OK: func() (bool, string) { return ready, remark }},
		{Name: "roster", OK: func() (bool, string) { return true, "" }},
	}}
	for _, step := range []struct {
		edit   func()
		path   string
		status int
		want   string
	}{
		{func() {}, "/healthz", 200, "ok\n"},
		{func() {}, "/readyz", 503, "ledger not ready: the Secret is missing\nroster ok\n"},
		{func() { ready, remark = true, "not claiming" }, "/readyz", 200, "ledger ok: not claiming\nroster ok\n"},
		{func() {}, "/metrics", 200, "handoff_leads_scored_total 3\n"},
		{h.Drain, "/readyz", 503, "shutdown not ready: this process is about to end\n"},
		{func() {}, "/healthz", 200, "ok\n"},
	} {
		step.edit()
		w := httptest.NewRecorder()
		h.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, step.path, http.NoBody))
		if w.Code != step.status || !strings.Contains(w.Body.String(), step.want) {
			t.Errorf("%s: %d %q, want %d %q", step.path, w.Code, w.Body, step.status, step.want)
		}
	}
}

// The condition that is written is the latest, however long the API server was away.
func TestReporterTriesAgain(t *testing.T) {
	var mu sync.Mutex
	away := true
	tried := make(chan struct{}, 100)
	written := make(chan measurement.Condition, 10)
	r := worker.NewReporter(func(_ context.Context, c measurement.Condition) error {
		mu.Lock()
		defer mu.Unlock()
		tried <- struct{}{}
		if away {
			return errors.New("away")
		}
		written <- c
		return nil
	}, quiet)
	r.Retry = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { r.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	r.Report(worker.Status{Reason: "first"})
	<-tried
	<-tried
	r.Report(worker.Status{Reason: "second"})
	r.Report(worker.Status{OK: true, Reason: "third", Message: "m"})
	mu.Lock()
	away = false
	mu.Unlock()
	for c := range written {
		if c.Reason == "third" {
			break
		}
	}
	time.Sleep(100 * time.Millisecond)
	if len(written) != 0 {
		t.Errorf("written again: %+v", <-written)
	}
}

// A condition is looked at again although nothing changed: a replica that is gone may have left another one there.
func TestReporterAssertsAgain(t *testing.T) {
	said := make(chan measurement.Condition)
	r := worker.NewReporter(func(ctx context.Context, c measurement.Condition) error {
		select {
		case said <- c:
		case <-ctx.Done():
		}
		return nil
	}, quiet)
	if r.Every < time.Minute || r.Every > 10*time.Minute {
		t.Errorf("every %s", r.Every)
	}
	r.Every = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { r.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	r.Report(worker.Status{OK: true, Reason: "fine"})
	for i := range 3 {
		select {
		case c := <-said:
			if !c.OK || c.Reason != "fine" {
				t.Errorf("said %+v", c)
			}
		case <-time.After(ledgertest.Patience):
			t.Fatalf("said %d times only", i)
		}
	}
}

func compiled(t *testing.T) (*pipeline.Pair, string) {
	t.Helper()
	b := bundle.Bundle{
		Sequence: 1,
		Lead: lead.Definition{
			Fields: []lead.Field{{Name: "employees", Type: lead.Integer}},
			Paths:  []lead.Path{{Name: "big", Criteria: []lead.Criterion{{Expression: "lead.employees > 100"}}}},
		},
		SLA: sla.Terms{
			Parties:  sla.Parties{Marketing: sla.Contact{Owner: "m"}, Sales: sla.Contact{Owner: "s"}},
			Calendar: sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{Days: []string{"Mon"}, Shifts: []sla.Shift{{From: "09:00", To: "17:00"}}}}},
		},
	}
	dir := t.TempDir()
	write(t, dir, bundle.BundleFile, encode(t, b))
	pairs, err := worker.LoadPairs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return pairs.Mounted, dir
}

func TestLoadPair(t *testing.T) {
	good, dir := compiled(t)
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":         {"{", "bundle.json"},
		"no sequence":     {encode(t, bundle.Bundle{}), "sequence 0 should be 1 or more"},
		"a misspelt name": {strings.Replace(encode(t, good.Bundle), "lead.employees", "lead.employes", 1), "employes"},
		"no zone":         {strings.Replace(encode(t, good.Bundle), `"UTC"`, `"Mars/Olympus"`, 1), "timeZone"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, dir, bundle.BundleFile, c.text)
			if _, err := worker.LoadPairs(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := worker.LoadPairs(t.TempDir()); err == nil || !strings.Contains(err.Error(), "the bundle cannot be read") {
		t.Errorf("error %v", err)
	}
}

// What is to come lies beside what is in force; one that cannot be read keeps the worker from starting, while the old ones go on.
func TestLoadComingPairs(t *testing.T) {
	good, dir := compiled(t)
	for _, sequence := range []int64{10, 9} {
		b := good.Bundle
		b.Sequence, b.EffectiveFrom = sequence, time.Date(2027, 1, 1, 5, 0, 0, 0, time.UTC)
		write(t, dir, bundle.ComingFile(sequence), encode(t, b))
	}
	pairs, err := worker.LoadPairs(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, b := range pairs.Bundles() {
		got = append(got, b.Sequence)
	}
	if diff := cmp.Diff([]int64{1, 9, 10}, got); diff != "" {
		t.Errorf("sequences (-want +got):\n%s", diff)
	}
	write(t, dir, bundle.ComingFile(11), "{")
	if _, err := worker.LoadPairs(dir); err == nil || !strings.Contains(err.Error(), "bundle-11.json is not valid") {
		t.Errorf("error %v", err)
	}
}

// A changed roster is taken without a restart; a bad one is said, and the last good one stays in use.
func TestRostersFollowTheFile(t *testing.T) {
	pair, _ := compiled(t)
	dir := t.TempDir()
	r := &worker.Rosters{
		Dir: dir, Pairs: &pipeline.Pairs{Mounted: pair}, Every: 10 * time.Millisecond, Changed: make(chan struct{}, 1),
		Metrics: pipeline.NewMetrics(prometheus.NewRegistry()), Log: quiet,
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { r.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	until := func(what string, f func() bool) { t.Helper(); ledgertest.Await(t, what, f) }
	until("an absent roster is said", func() bool { ok, detail := r.Check(); return !ok && strings.Contains(detail, "cannot be read") })
	put := func(when, rep string) {
		write(t, dir, bundle.RosterFile, encode(t, bundle.Roster{Pools: []lead.Pool{{Name: "p", When: when, Members: []lead.Member{{Rep: rep}}}}}))
	}
	is := func(rep string) bool { c := r.Current(); return c != nil && c.Pools[0].Members[0].Rep == rep }
	put("", "rep-1")
	until("the roster appears", func() bool { return is("rep-1") })
	<-r.Changed
	put("lead.employes > 1", "rep-2")
	until("a bad roster is said", func() bool { ok, detail := r.Check(); return ok && strings.Contains(detail, "employes") })
	if !is("rep-1") || len(r.Changed) > 0 {
		t.Error("the bad roster was taken")
	}
	put("lead.employees > 1", "rep-3")
	until("the good one is taken", func() bool { ok, detail := r.Check(); return ok && detail == "" && is("rep-3") })
	<-r.Changed
	if len(r.Changed) > 0 {
		t.Error("an unchanged roster was taken for a change")
	}
}

// The standing beside the roster is read without a restart. One that cannot be read is said; the last good one stays in use, and the worker ready.
func TestStandingFollowsTheFile(t *testing.T) {
	pair, _ := compiled(t)
	dir := t.TempDir()
	write(t, dir, bundle.RosterFile, encode(t, bundle.Roster{Pools: []lead.Pool{{Name: "p", Members: []lead.Member{{Rep: "rep-1"}}}}}))
	r := &worker.Rosters{
		Dir: dir, Pairs: &pipeline.Pairs{Mounted: pair}, Every: 10 * time.Millisecond, Changed: make(chan struct{}, 1),
		Metrics: pipeline.NewMetrics(prometheus.NewRegistry()), Log: quiet,
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { r.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	is := func(what string, levels int, remark string) {
		t.Helper()
		if ledgertest.Eventually(func() bool {
			ok, detail := r.Check()
			return ok && len(r.Standing().Steps) == levels && strings.Contains(detail, remark) && (detail == "") == (remark == "")
		}) {
			return
		}
		ok, detail := r.Check()
		t.Fatalf("%s: %+v, %t %q", what, r.Standing(), ok, detail)
	}
	is("without one", 0, "")
	write(t, dir, bundle.StandingFile, `{"steps": [{"clause": "volume", "level": 1, "at": "2027-01-11T05:00:00Z", "reason": "r"}]}`)
	is("a step", 1, "")
	write(t, dir, bundle.StandingFile, `{"steps": [`)
	is("half a file", 1, "standing.json")
	write(t, dir, bundle.StandingFile, `{}`)
	is("none any more", 0, "")
}
