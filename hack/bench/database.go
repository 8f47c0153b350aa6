// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

var databases int

// newDatabase is an empty one.
func newDatabase(ctx context.Context, server *ledgertest.Server) (dsn string, err error) {
	databases++
	name := fmt.Sprintf("bench_%d", databases)
	conn, err := pgx.Connect(ctx, server.DSN("postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	return server.DSN(name), err
}

// dropDatabase makes room for the next run.
func dropDatabase(ctx context.Context, server *ledgertest.Server, dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, server.DSN("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "DROP DATABASE "+config.Database+" WITH (FORCE)")
	return err
}

// newPool is a client of our own, beside the ledger's.
func newPool(ctx context.Context, dsn string, connections int32) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns = connections
	config.ConnConfig.RuntimeParams["search_path"] = ledger.Schema
	return pgxpool.NewWithConfig(ctx, config)
}

// newLedger is one in a database of its own, with the pair in force.
func newLedger(ctx context.Context, server *ledgertest.Server, pair *pipeline.Pair) (l *ledger.Ledger, dsn string, err error) {
	if dsn, err = newDatabase(ctx, server); err != nil {
		return nil, "", err
	}
	if l, err = ledger.Open(ctx, dsn, tenant); err != nil {
		return nil, "", err
	}
	if err := l.Migrate(ctx); err != nil {
		return nil, "", err
	}
	return l, dsn, l.Register(ctx, pair.Bundle)
}

// newPair is a definition of eight fields, ten rules, one path by score and one by a signal; and terms with a clock for each clause.
func newPair() (*pipeline.Pair, error) {
	threshold := 50
	week := sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{
		Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}, Shifts: []sla.Shift{{From: "00:00", To: "24:00"}},
	}}}
	definition := lead.Definition{
		Fields: []lead.Field{
			{Name: "company", Type: lead.String, Required: true},
			{Name: "email", Type: lead.String, Required: true},
			{Name: "employees", Type: lead.Integer, Property: "numberofemployees"},
			{Name: "revenue", Type: lead.Number, Property: "annualrevenue"},
			{Name: "industry", Type: lead.String},
			{Name: "country", Type: lead.String},
			{Name: "seniority", Type: lead.String},
			{Name: "source", Type: lead.String, Property: "origin"},
		},
		Signals: []lead.Signal{
			{Name: "demo", Activity: "FormSubmit"},
			{Name: "pricing", Activity: "PageView", When: `activity.path.startsWith("/pricing")`},
		},
		Scoring: &lead.Scoring{Groups: []lead.Group{
			{Name: "company", Rules: []lead.Rule{
				{Name: "small", When: "lead.employees >= 50 && lead.employees < 200", Points: 10},
				{Name: "mid", When: "lead.employees >= 200", Points: 20},
				{Name: "revenue", When: "lead.revenue >= 10000000.0", Points: 10},
				{Name: "industry", When: `lead.industry in ["saas", "finance"]`, Points: 10},
				{Name: "market", When: `lead.country in ["US", "CA", "GB", "DE", "FR"]`, Points: 10},
			}},
			{Name: "person", Rules: []lead.Rule{
				{Name: "decides", When: `lead.seniority in ["director", "vp", "cxo"]`, Points: 20},
				{Name: "free-mail", When: `lead.email.endsWith("@gmail.com")`, Points: -10},
				{Name: "referral", When: `lead.source == "referral"`, Points: 10},
			}},
			{Name: "intent", Rules: []lead.Rule{
				{Name: "demo", On: "demo", Points: 30},
				{Name: "pricing", On: "pricing", Points: 15, HalfLife: 14 * 24 * time.Hour},
			}},
		}},
		Paths: []lead.Path{
			{Name: "hand-raise", Criteria: []lead.Criterion{{Expression: "signals.demo.count > 0"}}},
			{Name: "score", Threshold: &threshold},
		},
		Intents:      []lead.Intent{{Name: "High", When: "signals.demo.count > 0"}, {Name: "Standard"}},
		Dispositions: []lead.Disposition{{Name: "BadTiming", Outcome: lead.Recycled}, {Name: "SQL", Outcome: lead.Accepted}},
	}
	terms := sla.Terms{
		Definition: "bench",
		Parties:    sla.Parties{Marketing: sla.Contact{Owner: "VP Marketing"}, Sales: sla.Contact{Owner: "VP Sales"}},
		Calendar:   week,
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
	return pipeline.CompilePair(bundle.Bundle{
		Contract: "bench/bench", Sequence: 1, Lead: definition, SLA: terms,
		Definition: bundle.RevisionOf{Name: "bench-1", Digest: "d1"}, Terms: bundle.RevisionOf{Name: "bench-terms-1", Digest: "t1"},
	})
}

// capture is the first event of a lead. About half of them reach the path by score.
func capture(n int, at time.Time) ledger.Entry {
	pick := func(salt int, of ...string) string { return of[(n*7919+salt)%len(of)] }
	return ledger.Entry{
		Source: "/bench", ID: fmt.Sprintf("capture-%d", n), Lead: leadID(n), Kind: lead.KindCaptured, Time: at,
		Data: ledger.Data{Properties: map[string]any{
			"company": fmt.Sprintf("company %d", n/3), "email": fmt.Sprintf("person-%d@acme.example", n),
			"numberofemployees": float64(n * 31 % 900), "annualrevenue": float64(n * 7919 % 30_000_000),
			"industry": pick(1, "saas", "finance", "retail", "industry"), "country": pick(2, "US", "DE", "FR", "IN", "BR"),
			"seniority": pick(3, "vp", "director", "manager", "intern", "cxo"), "origin": pick(4, "referral", "search", "event"),
		}},
	}
}

func leadID(n int) string { return fmt.Sprintf("lead-%08d", n) }

// withSize has the statements, which take no parameters as they are many, with a number in place of $1.
func withSize(statements string, n int) string {
	return strings.ReplaceAll(statements, "$1", strconv.Itoa(n))
}
