// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// lived is a ledger in which a tenth of the leads are MQLs with an owner, each with a clock that runs.
var lived = []string{
	`ALTER TABLE leads DISABLE TRIGGER USER`,
	`INSERT INTO leads (tenant, lead_id, stage, reached_at, reached_path, reached_sequence, qualified_at, first_qualified_at, path, bundle_sequence, owner,
    owned_at)
SELECT 'acme', 'old-' || n, CASE WHEN mql THEN 'MQL' ELSE 'Inquiry' END, at, path, one, at, at, path, one, rep, at
FROM generate_series(1, 20000) AS n, LATERAL (SELECT n % 10 = 0 AS mql) AS m, LATERAL (SELECT CASE WHEN mql THEN now() - n * interval '1 min' END AS at,
    CASE WHEN mql THEN 'score' END AS path, CASE WHEN mql THEN 1 END AS one, CASE WHEN mql THEN 'rep-1' END AS rep) AS v`,
	`ALTER TABLE leads ENABLE TRIGGER USER`,
	`INSERT INTO events (tenant, source, event_id, kind, lead_id, time, content_hash, data, scored_by)
SELECT 'acme', '/old', lead_id || '-' || i, 'captured', lead_id, now(), '', '{}', 1 FROM leads, generate_series(1, 2) AS i`,
	`INSERT INTO obligations (tenant, lead_id, clause, tier, period, revision, started_at, due_at, warn_at, state)
SELECT 'acme', lead_id, clause, '', '2099-W47', 't', qualified_at, now() + interval '1 day', now() + interval '1 hour', 'Open'
FROM leads, unnest(ARRAY['delivery', 'disposition', 'first-contact']) AS clause WHERE owner IS NOT NULL`,
	`INSERT INTO work (tenant, queue, lead_id) SELECT 'other', queue, 'old-' || n FROM generate_series(1, 10000) AS n, unnest(ARRAY['score', 'route']) AS queue`,
	`INSERT INTO crm_records (tenant, record_id, lead_id, modified_at, diverged_at, stopped_at)
SELECT 'acme', lead_id, lead_id, now(), CASE WHEN n % 10 = 0 THEN now() END, CASE WHEN n % 1000 = 0 THEN now() END
FROM (SELECT lead_id, row_number() OVER () AS n FROM leads) AS l`,
	`INSERT INTO outbox (tenant, lead_id, live, sent) SELECT 'acme', lead_id, 1, 1 FROM leads`,
	`INSERT INTO crm_hints (tenant, event_id, record_id, done_at) SELECT 'acme', lead_id, lead_id, now() FROM leads`,
	`INSERT INTO crm_set_backs (tenant, key, record_id, lead_id, why, stopped, noted_at) SELECT 'acme', lead_id, lead_id, lead_id, '', false, now() FROM leads`,
	`VACUUM ANALYZE`,
}

// crmSteps are those of a CRM, each about ten leads.
func crmSteps(t *testing.T, dsn string) []measured {
	t.Helper()
	var in ledger.CRMIntake
	var leads []string
	var jobs []ledger.OutgoingJob
	var done []ledger.CRMTold
	for i := range 10 {
		id := fmt.Sprintf("old-%d", 1000+i)
		leads = append(leads, id)
		in.Known = append(in.Known, crm.Known{Record: id, Lead: id, Modified: noon})
		job := ledger.OutgoingJob{Args: ledger.CRMArgs{
			Tenant: "acme", Outbox: ledgertest.Value[int64](t, dsn, "SELECT id FROM outbox WHERE tenant = 'acme' AND lead_id = $1", id), Token: 1,
		}}
		jobs = append(jobs, job)
		done = append(done, ledger.CRMTold{
			Args: job.Args, Version: 1, Lead: id, Wrote: map[string]string{"a": "b"}, Written: &crm.Written{Record: id}, Note: id,
		})
	}
	done[0].Written = nil
	in.Undo = []crm.Undo{{Record: leads[0], Lead: leads[0], Key: "k"}}
	return []measured{
		{"records", 50, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.CRMKnown(ctx, leads); return err }},
		{"standings", 50, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.CRMStandings(ctx, leads); return err }},
		{"intake", 150, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.TakeIn(ctx, in); return err }},
		{"hints", 10, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.CRMHints(ctx, 100); return err }},
		{"hints to forget", 10, func(ctx context.Context, l *ledger.Ledger) error { return l.SweepHints(ctx) }},
		{"diverged", 30, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.CRMDiverged(ctx, 0, 10); return err }},
		{"outgoing", 250, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.OutgoingMany(ctx, jobs); return err }},
		{"told", 250, func(ctx context.Context, l *ledger.Ledger) error {
			l.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
			return l.FinishMany(ctx, done, func(context.Context, pgx.Tx) error { return nil })
		}},
		{"settle", 10, func(ctx context.Context, l *ledger.Ledger) error { return l.SettleCRM(ctx) }},
		{"settle what was planned", 10, func(ctx context.Context, l *ledger.Ledger) error {
			l.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
			_, err := l.TellPlanned(ctx, 500)
			return err
		}},
		{"the account", 10, func(ctx context.Context, l *ledger.Ledger) error {
			_, err := l.CRMAccount(ctx, "HubSpot/1")
			return err
		}},
	}
}

// measured is a step of a worker, and how many rows of indexes it reads at most.
type measured struct {
	name string
	most int64
	do   func(context.Context, *ledger.Ledger) error
}

// touched is what was read of the large tables so far, as the server counts it once the sessions that read have ended.
func touched(t *testing.T, dsn string) (scanned, fetched int64) {
	t.Helper()
	for ledgertest.Value[int](t, dsn, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'handoff'") > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	const tables = "relname IN ('leads', 'events', 'obligations', 'work', 'cycles', 'outbox', 'crm_records', 'crm_hints', 'crm_set_backs')"
	return ledgertest.Value[int64](t, dsn, "SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables WHERE "+tables),
		ledgertest.Value[int64](t, dsn, "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE "+tables)
}

// No step of the workers scans a table, nor reads more of an index than the leads that it is about: what a step costs does not grow with the ledger.
func TestStepsReadOnlyWhatTheyAreAbout(t *testing.T) {
	setup, dsn := ledgertest.New(t, "acme")
	register(t, setup, 1)
	ledgertest.Exec(t, dsn, lived...)
	setup.Close()
	next := 0
	ingest := func(ctx context.Context, l *ledger.Ledger) error {
		next++
		_, err := l.Ingest(ctx, []ledger.Entry{{
			Source: "/new", ID: time.Duration(next).String(), Lead: "old-5000", Kind: lead.KindActivity, Time: time.Now(), Data: ledger.Data{Activity: "PageView"},
		}})
		return err
	}
	qualify := func(one *ledger.Lead) error {
		one.Stage = ledger.StageMQL
		return nil
	}
	keep := func(_ context.Context, r *ledger.Routing) error {
		for _, one := range r.Leads {
			r.Keep(one, "t", nil)
		}
		return nil
	}
	for _, step := range slices.Concat(crmSteps(t, dsn), []measured{
		{"ingest", 50, ingest},
		{"score", 100, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Score(ctx, 1, 100, qualify); return err }},
		{"route", 100, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Route(ctx, 1, 100, keep); return err }},
		{"unrouted", 50, func(ctx context.Context, l *ledger.Ledger) error {
			_, _, _, err := l.RouteUnrouted(ctx, 1, 100, ledger.Cursor{}, keep)
			return err
		}},
		{"breaches", 50, func(ctx context.Context, l *ledger.Ledger) error { _, _, _, err := l.Breached(ctx, 500); return err }},
		{"warnings", 50, func(ctx context.Context, l *ledger.Ledger) error { _, _, err := l.Warn(ctx, 500); return err }},
		{"pulse", 50, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Pulse(ctx); return err }},
		{"backlog", 50, func(ctx context.Context, l *ledger.Ledger) error { _, err := l.Behind(ctx, 1000); return err }},
		{"count of other weeks", 50, func(ctx context.Context, l *ledger.Ledger) error {
			_, err := l.Count(ctx, []sla.Period{"2026-W40", "2026-W41", "2026-10"})
			return err
		}},
		{"paces of other weeks", 50, func(ctx context.Context, l *ledger.Ledger) error {
			_, err := l.Paces(ctx, []sla.Period{"2026-W40", "2026-W41"}, time.UTC)
			return err
		}},
		{"freeze, none due", 50, func(ctx context.Context, l *ledger.Ledger) error {
			_, err := l.Freeze(ctx, time.UTC, []sla.Period{"2026-W40", "2026-W41", "2026-10"}, nil)
			return err
		}},
		{"one lead", 50, func(ctx context.Context, l *ledger.Ledger) error {
			return l.Read(ctx, func(r *ledger.Reading) error { _, err := r.Lead(ctx, "old-5000"); return err })
		}},
	}) {
		t.Run(step.name, func(t *testing.T) {
			scannedBefore, readBefore := touched(t, dsn)
			l := ledgertest.Open(t, dsn, "acme")
			err := step.do(t.Context(), l)
			l.Close()
			if err != nil {
				t.Fatal(err)
			}
			scanned, read := touched(t, dsn)
			if scanned != scannedBefore {
				t.Errorf("%d rows of tables were scanned", scanned-scannedBefore)
			}
			if read-readBefore > step.most {
				t.Errorf("%d rows of indexes were read, want %d at most", read-readBefore, step.most)
			}
		})
	}
}
