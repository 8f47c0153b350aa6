// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

func TestMain(m *testing.M) { ledgertest.Main(m) }

const tenant = "acme"

func definition() lead.Definition {
	return lead.Definition{
		Fields: []lead.Field{
			{Name: "company", Type: lead.String, Required: true},
			{Name: "employees", Type: lead.Integer, Property: "numberofemployees"},
		},
		Signals: []lead.Signal{
			{Name: "demo", Activity: "FormSubmit"},
			{Name: "pricing", Activity: "PageView", When: `activity.path.startsWith("/pricing")`},
		},
		Scoring: &lead.Scoring{Groups: []lead.Group{
			{Name: "fit", Rules: []lead.Rule{{Name: "size", When: "lead.employees >= 50", Points: 30}}},
			{Name: "intent", Rules: []lead.Rule{{Name: "pricing", On: "pricing", Points: 15, HalfLife: 14 * 24 * time.Hour}}},
		}},
		Paths:        []lead.Path{{Name: "hand-raise", Criteria: []lead.Criterion{{Expression: "signals.demo.count > 0"}}}},
		Intents:      []lead.Intent{{Name: "High", When: "signals.pricing.count > 0"}, {Name: "Standard"}},
		Dispositions: []lead.Disposition{{Name: "BadTiming", Outcome: lead.Recycled}, {Name: "SQL", Outcome: lead.Accepted}},
	}
}

func terms() sla.Terms {
	return sla.Terms{
		Definition: "mid-market",
		Parties:    sla.Parties{Marketing: sla.Contact{Owner: "VP Marketing"}, Sales: sla.Contact{Owner: "VP Sales"}},
		Calendar:   pipelinetest.AllHours(),
		Marketing: &sla.Marketing{
			Volume: &sla.Volume{MQLsPerMonth: 100}, Completeness: &sla.Share{TargetPercent: 100}, Score: &sla.Share{TargetPercent: 100},
			Delivery: &sla.Delivery{Within: 5 * time.Minute, TargetPercent: 99},
		},
		Sales: &sla.Sales{
			FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{
				{Intent: "High", Within: 5 * time.Minute}, {Intent: "Standard", Within: 8 * time.Hour},
			}},
			Disposition: &sla.Disposition{Within: 16 * 24 * time.Hour, TargetPercent: 95},
			Rejection:   &sla.Share{TargetPercent: 100},
		},
	}
}

func bundleOf(sequence int64, edit ...func(*bundle.Bundle)) bundle.Bundle {
	b := bundle.Bundle{
		Contract: "revenue/mid-market", Sequence: sequence, Lead: definition(), SLA: terms(),
		Definition: bundle.RevisionOf{Name: fmt.Sprintf("mid-market-%d", sequence), Digest: fmt.Sprint("d", sequence)},
		Terms:      bundle.RevisionOf{Name: fmt.Sprintf("mid-market-terms-%d", sequence), Digest: fmt.Sprint("t", sequence)},
	}
	for _, e := range edit {
		e(&b)
	}
	return b
}

func team(reps ...string) []lead.Pool {
	pool := lead.Pool{Name: "everyone"}
	for _, rep := range reps {
		pool.Members = append(pool.Members, lead.Member{Rep: rep})
	}
	return []lead.Pool{pool}
}

// rig is a ledger with workers on it.
type rig struct {
	t    *testing.T
	l    *ledger.Ledger
	dsn  string
	pair *pipeline.Pair
	next atomic.Int64
}

func newRig(t *testing.T, b bundle.Bundle) *rig {
	t.Helper()
	l, dsn := ledgertest.New(t, tenant)
	r := &rig{t: t, l: l, dsn: dsn}
	r.inForce(b)
	return r
}

func (r *rig) inForce(b bundle.Bundle) {
	r.t.Helper()
	pair, err := pipeline.CompilePair(b)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.l.Register(context.Background(), b); err != nil {
		r.t.Fatal(err)
	}
	r.pair = pair
}

func metrics() *pipeline.Metrics { return pipeline.NewMetrics(prometheus.NewRegistry()) }

func (r *rig) scorer(l *ledger.Ledger) *pipeline.Scorer {
	return &pipeline.Scorer{
		Pairs: &pipeline.Pairs{Mounted: r.pair}, Metrics: metrics(), Log: slog.New(slog.DiscardHandler),
		Ledger: func() (pipeline.ScoreLedger, error) { return l, nil },
	}
}

func (r *rig) router(l *ledger.Ledger, pools []lead.Pool) *pipeline.Router {
	r.t.Helper()
	roster, err := r.pair.CompileRoster(bundle.Roster{Pools: pools})
	if err != nil {
		r.t.Fatal(err)
	}
	return &pipeline.Router{
		Pairs: &pipeline.Pairs{Mounted: r.pair}, Metrics: metrics(), Log: slog.New(slog.DiscardHandler),
		Roster: func() *pipeline.Roster { return roster },
		Ledger: func() (pipeline.RouteLedger, error) { return l, nil },
	}
}

// settle steps until there is nothing left to do.
func settle(t *testing.T, step func(context.Context) (time.Duration, error)) {
	t.Helper()
	for {
		again, err := step(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if again > 0 {
			return
		}
	}
}

func (r *rig) work(pools []lead.Pool) {
	r.t.Helper()
	settle(r.t, r.scorer(r.l).Step)
	settle(r.t, r.router(r.l, pools).Step)
}

func (r *rig) send(entries ...ledger.Entry) {
	r.t.Helper()
	for i := range entries {
		if entries[i].ID == "" {
			entries[i].ID = fmt.Sprint("auto-", r.next.Add(1))
		}
		entries[i].Source = "/test"
	}
	outcomes, err := r.l.Ingest(context.Background(), entries)
	if err != nil {
		r.t.Fatal(err)
	}
	for i, o := range outcomes {
		want := ledger.Accepted
		if entries[i].Refused {
			want = ledger.Refused
		}
		if o != want {
			r.t.Fatalf("event %d: %s", i, o)
		}
	}
}

func captured(id string, at time.Time, properties map[string]any) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: lead.KindCaptured, Time: at, Data: ledger.Data{Properties: properties}}
}

func demo(id string, at time.Time) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: lead.KindActivity, Time: at, Data: ledger.Data{Activity: "FormSubmit"}}
}

func pricing(id string, at time.Time) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: lead.KindActivity, Time: at, Data: ledger.Data{
		Activity: "PageView", Properties: map[string]any{"path": "/pricing/teams"},
	}}
}

func touch(id string, at time.Time) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: lead.KindTouch, Time: at, Data: ledger.Data{
		Rep: "rep-1", Channel: "Phone", Direction: "Outbound", Actor: "Human",
	}}
}

func assigned(id, owner string, at time.Time) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: lead.KindAssigned, Time: at, Data: ledger.Data{Owner: owner}}
}

func disposed(id, reason string, at time.Time) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: lead.KindDisposition, Time: at, Data: ledger.Data{Reason: reason}}
}

func (r *rig) state(id string, clause sla.Clause) string {
	r.t.Helper()
	states := ledgertest.Column[string](r.t, r.dsn, "SELECT state FROM obligations WHERE lead_id = $1 AND clause = $2", id, clause)
	if len(states) == 0 {
		return "none"
	}
	return states[0]
}
