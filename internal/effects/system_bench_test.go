// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// agrees is a CRM that takes everything at once.
type agrees struct {
	crm.Reader

	calls, leads atomic.Int64
}

func (a *agrees) Name() string { return "Agrees" }

func (a *agrees) Describe(context.Context) (crm.Schema, error) { return crm.Schema{}, nil }

func (a *agrees) MaxWrites() int { return 100 }

func (a *agrees) Write(_ context.Context, writes []crm.Write) []crm.Written {
	a.calls.Add(1)
	a.leads.Add(int64(len(writes)))
	out := make([]crm.Written, len(writes))
	for i, w := range writes {
		out[i] = crm.Written{Record: w.Record, Modified: time.Now().UTC()}
	}
	return out
}

func (a *agrees) Note(context.Context, crm.Note) error { return nil }

// How many leads a worker has written into a CRM in a second, beside what the CRM needs for it: from River's jobs to their completion, on a real
// database on this machine. HubSpot takes 1,900 leads a second at most.
//
//	go test ./internal/effects -run '^$' -bench WriteBack -benchtime 20000x
func BenchmarkWriteBack(b *testing.B) {
	r := newRig(b, crmOnly())
	fillSQL := []string{`
INSERT INTO leads (tenant, lead_id, stage, score, cycle, owner, record)
SELECT 'acme', 'L' || n, 'MQL', 70, 1, 'rep-1@acme.example', '{}' FROM generate_series(1, ` + strconv.Itoa(b.N) + `) AS n`, `
INSERT INTO crm_records (tenant, record_id, lead_id, modified_at, seen)
SELECT 'acme', 'L' || n, 'L' || n, now() - interval '1 hour', '{"stage": "lead"}' FROM generate_series(1, ` + strconv.Itoa(b.N) + `) AS n`, `
INSERT INTO outbox (tenant, lead_id, version, live) SELECT tenant, lead_id, 1, 1 FROM leads`, `
INSERT INTO river_job (args, kind, queue, max_attempts, priority, state)
SELECT jsonb_build_object('tenant', 'acme', 'outbox', id, 'token', live), 'crm', 'crm-acme', 25, 2, 'available' FROM outbox`, `ANALYZE`}
	ledgertest.Exec(b, r.dsn, fillSQL...)
	s := &agrees{}
	run := r.runner(func(run *effects.Runner) {
		run.System = func() (crm.System, crm.Settings, error) { return s, systemSettings, nil }
		run.Every = 500 * time.Millisecond
	})
	b.ResetTimer()
	began := time.Now()
	stop := r.start(run)
	for s.leads.Load() < int64(b.N) || !r.crmSettled() {
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(began)
	b.StopTimer()
	stop()
	b.ReportMetric(float64(b.N)/took.Seconds(), "leads/s")
	b.ReportMetric(float64(s.leads.Load())/float64(s.calls.Load()), "leads/call")
	if n := r.unsettled(); n != 0 {
		b.Errorf("%d leads are not settled", n)
	}
}
