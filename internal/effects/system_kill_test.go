// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// ServeHTTP lets another process write.
func (s *scripted) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var told struct {
		Writes []crm.Write
		Note   *crm.Note
	}
	if err := json.NewDecoder(q.Body).Decode(&told); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if told.Note != nil {
		_ = s.Note(q.Context(), *told.Note)
		return
	}
	_ = json.NewEncoder(w).Encode(s.Write(q.Context(), told.Writes))
}

// remote is that CRM in the process of a child, which dies at a step.
type remote struct {
	agrees

	address, dies string
}

func (r *remote) die(step string) {
	if r.dies == step {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (r *remote) post(what any) []byte {
	text, err := json.Marshal(what)
	if err != nil {
		panic(err)
	}
	response, err := http.Post(r.address, "application/json", bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
		panic("status " + response.Status)
	}
	return out.Bytes()
}

func (r *remote) Write(_ context.Context, writes []crm.Write) []crm.Written {
	r.die("before the write")
	var written []crm.Written
	if err := json.Unmarshal(r.post(map[string]any{"Writes": writes}), &written); err != nil {
		panic(err)
	}
	r.die("after the write")
	return written
}

func (r *remote) Note(_ context.Context, n crm.Note) error {
	r.die("before the note")
	r.post(map[string]any{"Note": n})
	r.die("after the note")
	return nil
}

// childWrites writes into a CRM until it is killed.
func childWrites(ctx context.Context, l *ledger.Ledger, pair *pipeline.Pair, step string) {
	l.SetEffects(crmOnly())
	system := &remote{address: os.Getenv(envAddress), dies: step}
	run := &effects.Runner{
		Tenant: tenant, Ledger: func() (*ledger.Ledger, error) { return l, nil }, Pairs: &pipeline.Pairs{Mounted: pair},
		System:  func() (crm.System, crm.Settings, error) { return system, systemSettings, nil },
		Metrics: effects.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler), Now: time.Now, Every: 10 * time.Millisecond,
	}
	run.Run(ctx)
}

// A worker that is killed between any two steps leaves it to another one: what is set back is so once, and explained once.
func TestKilledWhileSettingBack(t *testing.T) {
	for _, dies := range []string{"before the write", "after the write", "before the note", "after the note"} {
		t.Run(dies, func(t *testing.T) {
			r, s := newRig(t, crmOnly()), newScripted()
			r.news("L1")
			r.judge(scored(1))
			r.inCRM("L1")
			stop := r.start(r.runner(open(s).on))
			r.until("it is written", r.crmSettled)
			stop()
			s.do(func() { s.records["L1"]["lifecycle"], s.changes["L1"] = "customer", nil })
			undo := crm.Undo{Record: "L1", Lead: "L1", Rep: rep1, Why: "Moved past its gate.", Key: "L1/1", Restore: map[string]string{"lifecycle": "mql"}}
			if _, err := r.l.TakeIn(t.Context(), ledger.CRMIntake{Undo: []crm.Undo{undo}}); err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(s)
			defer server.Close()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), envChild+"=system "+dies, envDSN+"="+r.dsn, envAddress+"="+server.URL)
			if err := cmd.Run(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("the child ended with %v", err)
			}
			if n := r.count(`SELECT count(*) FROM river_job WHERE state = 'running'`); n != 1 {
				t.Fatalf("%d jobs are as the child left them", n)
			}
			// It was long enough ago for River to see that nobody works on it.
			ledgertest.Exec(t, r.dsn, `UPDATE river_job SET attempted_at = attempted_at - interval '10 minutes' WHERE state = 'running'`,
				`DELETE FROM river_leader`)
			r.start(r.runner(open(s).on))
			r.until("it is done", func() bool { return r.crmSettled() && r.unsettled() == 0 })
			if got := s.holds("L1")["lifecycle"]; got != "mql" || len(s.changes["L1"]) != 1 {
				t.Errorf("it holds %q after the changes %q", got, s.changes["L1"])
			}
			if diff := cmp.Diff([]string{undo.Why}, s.notes["L1"]); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			if n := r.count(`SELECT count(*) FROM crm_set_backs WHERE noted_at IS NULL`) + r.count(`SELECT count(*) FROM crm_records WHERE restore <> '{}'`); n != 0 {
				t.Error("something is still to be done")
			}
			s.check(t)
		})
	}
}
