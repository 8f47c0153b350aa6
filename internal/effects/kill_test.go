// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/notify"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// What a child of the test is told: when to die, where the ledger is and where to send.
const (
	envChild   = "HANDOFF_EFFECTS_DIES"
	envDSN     = "HANDOFF_EFFECTS_DSN"
	envAddress = "HANDOFF_EFFECTS_ADDRESS"
)

// child runs jobs and is killed by itself, with signal 9, just before or just after it sends the first message.
func child() {
	ctx := context.Background()
	l, err := ledger.Open(ctx, os.Getenv(envDSN), tenant)
	if err != nil {
		panic(ledger.Describe(err))
	}
	pair, err := pipeline.CompilePair(pairOf())
	if err != nil {
		panic(err)
	}
	if step, writes := strings.CutPrefix(os.Getenv(envChild), "system "); writes {
		childWrites(ctx, l, pair, step)
	}
	run := &effects.Runner{
		Tenant: tenant, Ledger: func() (*ledger.Ledger, error) { return l, nil }, Pairs: &pipeline.Pairs{Mounted: pair},
		Addresses: func(ledger.Recipient, string) ([]string, error) { return []string{os.Getenv(envAddress)}, nil },
		Metrics:   effects.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler), Now: time.Now, Every: 10 * time.Millisecond,
		Send: func(ctx context.Context, address string, d notify.Document) error {
			if os.Getenv(envChild) == "after" {
				if err := notify.SendDocument(ctx, address, d); err != nil {
					panic(err)
				}
			}
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		},
	}
	run.Run(ctx)
}

// A worker that is killed before it sent has sent nothing, and another one sends. One that is killed between sending and writing that down has
// sent, and another one sends again: the same text with the same reference, so that it is known again. Never is one lost.
func TestKilledWhileSending(t *testing.T) {
	for dies, want := range map[string]int{"before": 1, "after": 2} {
		t.Run(dies, func(t *testing.T) {
			r := newRig(t, all)
			s := newSink(t)
			r.news("L1")
			r.judge(owned(r.now().Add(-time.Second)))
			r.breached()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), envChild+"="+dies, envDSN+"="+r.dsn, envAddress+"="+s.address("/rep"))
			err := cmd.Run()
			if err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("the child ended with %v", err)
			}
			if n := r.count(`SELECT count(*) FROM river_job WHERE state = 'running'`); n != 1 {
				t.Fatalf("%d jobs are as the child left them", n)
			}
			// It was long enough ago for River to see that nobody works on it.
			ledgertest.Exec(t, r.dsn, `UPDATE river_job SET attempted_at = attempted_at - interval '10 minutes' WHERE state = 'running'`,
				`DELETE FROM river_leader`)
			r.start(r.runner(func(run *effects.Runner) {
				run.Addresses = func(ledger.Recipient, string) ([]string, error) { return []string{s.address("/rep")}, nil }
			}))
			r.until("it is sent", func() bool {
				return r.count(`SELECT count(*) FROM messages WHERE sent_at IS NOT NULL`) == 1 && r.settled()
			})
			got := s.taken()
			if len(got) != want || got[0] != got[len(got)-1] {
				t.Errorf("taken: %q", got)
			}
		})
	}
}
