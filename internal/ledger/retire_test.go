// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

const year = 365 * 24 * time.Hour

// past is a ledger with n leads of random ages and obligations, all worked off.
func past(t *testing.T, random *rand.Rand, n int) (l *ledger.Ledger, dsn string) {
	t.Helper()
	l, dsn = ledgertest.New(t, tenant)
	register(t, l, 1)
	now, err := l.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]time.Time{}
	var entries []ledger.Entry
	for i := range n {
		e := captured(fmt.Sprintf("e%d", i), fmt.Sprintf("lead-%d", i), nil)
		e.Time = now.Add(-time.Duration(random.IntN(800*24)) * time.Hour).UTC()
		at[e.Lead] = e.Time
		entries = append(entries, e)
		if random.IntN(4) == 0 { // something happened to it not long ago
			e.ID, e.Time = e.ID+"-late", now.Add(-time.Duration(random.IntN(300*24))*time.Hour).UTC()
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b ledger.Entry) int { return a.Time.Compare(b.Time) })
	ingest(t, l, entries...) // each came when it happened, see below
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 100, reach) })
	drain(t, func(ctx context.Context) (ledger.Batch, error) {
		return l.Route(ctx, 1, 100, func(_ context.Context, r *ledger.Routing) error {
			for _, one := range r.Leads {
				r.Keep(one, fmt.Sprintf("terms-%d", random.IntN(2)), standings(random, at[one.ID]))
			}
			return nil
		})
	})
	ledgertest.Exec(t, dsn, `UPDATE handoff.events SET received_at = time`)
	return l, dsn
}

func standings(random *rand.Rand, at time.Time) []sla.Obligation {
	all := []sla.Obligation{{Clause: sla.ClauseVolume, State: sla.Met, Period: sla.MonthOf(at, time.UTC), Start: at, Stop: at}}
	for _, clause := range []sla.Clause{sla.ClauseDelivery, sla.ClauseFirstContact, sla.ClauseDisposition} {
		if random.IntN(3) == 0 {
			continue
		}
		due := at.Add(time.Duration(random.IntN(240)) * time.Hour)
		state := []sla.State{sla.Met, sla.Missed, sla.Excused, sla.Met, sla.Met, sla.Met, sla.Open}[random.IntN(7)]
		all = append(all, sla.Obligation{
			Clause: clause, Tier: []string{"", "High"}[random.IntN(2)], State: state, Period: sla.WeekOf(due, time.UTC), Start: at, Due: due, Warn: due,
		})
	}
	return all
}

func sealAll(t *testing.T, l *ledger.Ledger) (made []*ledger.Seal) {
	t.Helper()
	unsealed, sealed, err := l.Sealable(t.Context(), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(unsealed, sealed...) {
		s, err := l.SealPeriod(t.Context(), p, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if s != nil {
			made = append(made, s)
		}
	}
	return made
}

func retireAll(t *testing.T, l *ledger.Ledger, limit int) (leads, events int64) {
	t.Helper()
	var after int64
	for {
		r, err := l.Retire(t.Context(), year, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		leads, events, after = leads+r.Leads, events+r.Events, r.Next
		if !r.More {
			return leads, events
		}
	}
}

func verified(t *testing.T, l *ledger.Ledger, known string) ledger.Verification {
	t.Helper()
	var v ledger.Verification
	err := l.Read(t.Context(), func(r *ledger.Reading) error {
		seals, err := r.Seals(t.Context())
		if err != nil {
			return err
		}
		v, err = ledger.VerifySeals(tenant, seals, known)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What is counted of every period is the same before and after, whatever there was; and so is the number of leads.
func TestRetireChangesNoCount(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 4))
		l, dsn := past(t, random, 300)
		ledgertest.Exec(t, dsn, `UPDATE handoff.leads SET before_go_live = true WHERE lead_id LIKE '%3'`,
			`UPDATE handoff.leads SET stage = 'Merged' WHERE lead_id LIKE '%4'`,
			`UPDATE handoff.obligations SET stopped_at = due_at, elapsed = length(clause) * 60 + ascii(right(lead_id, 1)) WHERE due_at IS NOT NULL
AND state IN ('Met', 'Missed') AND lead_id NOT LIKE '%5'`)
		periods, err := l.Periods(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sums := func() ledger.Snapshot {
			s, err := l.Count(t.Context(), periods)
			if err != nil {
				t.Fatal(err)
			}
			s.AsOf = time.Time{}
			return s
		}
		before := sums()
		if leads, _ := retireAll(t, l, 50); leads != 0 {
			t.Fatalf("seed %d: %d leads were retired before their periods were sealed", seed, leads)
		}
		sealAll(t, l)
		wanted := ledgertest.Value[int64](t, dsn, `SELECT count(*) FROM leads l WHERE NOT EXISTS (
SELECT 1 FROM events e WHERE e.lead_id = l.lead_id AND e.time > now() - interval '365 days')
AND NOT EXISTS (SELECT 1 FROM obligations o WHERE o.lead_id = l.lead_id AND o.state = 'Open')`)
		leads, events := retireAll(t, l, 1+random.IntN(80))
		if leads != wanted || leads == 0 || events < leads {
			t.Errorf("seed %d: %d leads and %d events retired, want %d leads", seed, leads, events, wanted)
		}
		after := sums()
		// An MQL without an owner that is retired waits for none any more, and nowhere is where it is now.
		after.Leads.Unrouted, after.Leads.Merged, after.Leads.BeforeGoLive = before.Leads.Unrouted, before.Leads.Merged, before.Leads.BeforeGoLive
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
		if again, err := l.Periods(t.Context()); err != nil || !cmp.Equal(periods, again) {
			t.Errorf("seed %d: periods %v (%v), before %v", seed, again, err, periods)
		}
		if made := sealAll(t, l); len(made) > 0 {
			t.Errorf("seed %d: period %s was restated although nothing changed", seed, made[0].Period)
		}
		if again, _ := retireAll(t, l, 50); again != 0 {
			t.Errorf("seed %d: %d more leads in a second pass", seed, again)
		}
		if v := verified(t, l, ""); len(v.Problems) > 0 || v.Seals == 0 {
			t.Errorf("seed %d: %+v", seed, v)
		}
	}
}

// An event that arrives while its lead is retired is kept, and the lead begins anew.
func TestRetiredLeadBeginsAnew(t *testing.T) {
	l, dsn := past(t, rand.New(rand.NewPCG(1, 1)), 50)
	sealAll(t, l)
	if leads, _ := retireAll(t, l, 10); leads == 0 {
		t.Fatal("nothing was retired")
	}
	gone := ledgertest.Value[string](t, dsn, `SELECT 'lead-' || n FROM generate_series(0, 49) n
WHERE NOT EXISTS (SELECT 1 FROM leads WHERE lead_id = 'lead-' || n) LIMIT 1`)
	before := ledgertest.Value[int64](t, dsn, `SELECT captured FROM retired_leads`)
	if got := ingest(t, l, captured("anew", gone, nil)); got[0] != ledger.Accepted {
		t.Fatal(got)
	}
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) })
	if got := ledgertest.Value[string](t, dsn, `SELECT stage || ' ' || cycle FROM leads WHERE lead_id = $1`, gone); got != "MQL 1" {
		t.Errorf("stage and cycle %q", got)
	}
	if after := ledgertest.Value[int64](t, dsn, `SELECT captured FROM retired_leads`); after != before {
		t.Errorf("%d leads retired, before %d", after, before)
	}
}

// Who is not to be contacted stays so, however long ago that was: with the lead, nothing would say it any more.
func TestWhoOptedOutIsNotRetired(t *testing.T) {
	l, dsn := past(t, rand.New(rand.NewPCG(2, 2)), 60)
	sealAll(t, l)
	ledgertest.Exec(t, dsn, `UPDATE handoff.leads SET suppressed_at = now() - interval '3 years', suppressed_scope = 'Contact' WHERE lead_id LIKE '%3'`,
		`INSERT INTO handoff.account_marks (tenant, lead_id, number, account, at, lifted)
SELECT tenant, lead_id, 1, '\x01', now() - interval '3 years', false FROM handoff.leads WHERE lead_id LIKE '%4'`)
	if leads, _ := retireAll(t, l, 10); leads == 0 {
		t.Fatal("nothing was retired")
	}
	const kept = `SELECT count(*) FROM leads WHERE lead_id LIKE $1`
	if a, b := ledgertest.Value[int64](t, dsn, kept, "%3"), ledgertest.Value[int64](t, dsn, kept, "%4"); a != 6 || b != 6 {
		t.Errorf("%d leads that opted out and %d whose account did are kept, want 6 and 6", a, b)
	}
}

// What is corrected after the seal is a further version; what is changed by hand shows.
func TestSeals(t *testing.T) {
	setUp := func(t *testing.T) (l *ledger.Ledger, dsn, head string) {
		t.Helper()
		l, dsn = past(t, rand.New(rand.NewPCG(7, 7)), 100)
		made := sealAll(t, l)
		if len(made) < 10 {
			t.Fatalf("%d seals", len(made))
		}
		v := verified(t, l, "")
		if len(v.Problems) > 0 || v.Seals != len(made) || v.Head != hex.EncodeToString(made[len(made)-1].Digest) {
			t.Fatalf("%+v", v)
		}
		return l, dsn, v.Head
	}
	t.Run("restated", func(t *testing.T) {
		l, dsn, head := setUp(t)
		period := ledgertest.Value[string](t, dsn, `SELECT period FROM obligations JOIN seals USING (tenant, period) WHERE state = 'Missed' LIMIT 1`)
		ledgertest.Exec(t, dsn, `UPDATE handoff.obligations SET state = 'Met' WHERE state = 'Missed' AND period = '`+period+`'`)
		made := sealAll(t, l)
		if len(made) != 1 || string(made[0].Period) != period || made[0].Version != 2 {
			t.Errorf("%d seals made; want version 2 of %s alone", len(made), period)
		}
		if v := verified(t, l, head); len(v.Problems) > 0 {
			t.Errorf("%+v", v)
		}
	})
	t.Run("nothing is left of it", func(t *testing.T) {
		l, dsn, head := setUp(t)
		period := ledgertest.Value[string](t, dsn, `SELECT min(period) FROM seals`)
		ledgertest.Exec(t, dsn, `DELETE FROM handoff.obligations WHERE period = '`+period+`'`)
		made := sealAll(t, l)
		if len(made) != 1 || string(made[0].Period) != period || made[0].Version != 2 || len(made[0].Counts) != 0 {
			t.Errorf("made %+v; want version 2 of %s without counts", made, period)
		}
		if v := verified(t, l, head); len(v.Problems) > 0 {
			t.Errorf("%+v", v)
		}
		if again := sealAll(t, l); len(again) > 0 {
			t.Errorf("%d seals made although nothing changed", len(again))
		}
	})
	for name, c := range map[string]struct{ change, want string }{
		"a count":           {`UPDATE handoff.sealed_counts SET met = met + 1 WHERE number = 3`, "seal 3 "},
		"who was contacted": {`UPDATE handoff.sealed_counts SET contacted = contacted + 1 WHERE number = 3`, "its counts are not those that were sealed"},
		"a form":            {`UPDATE handoff.seals SET form = 1 WHERE number = 3`, "seal 3 "},
		"a row left out":    {`DELETE FROM handoff.sealed_counts WHERE number = 3 AND clause = 'volume' OR number = 4`, "its counts are not those that were sealed"},
		"a row put in":      {`INSERT INTO handoff.sealed_counts VALUES ('acme', 3, 'zzz', '', '', 1, 1, 1, 1)`, "seal 3 "},
		"a seal taken out":  {`DELETE FROM handoff.seals WHERE number = 3`, "number 3 should follow"},
		"the last one":      {`DELETE FROM handoff.seals WHERE number = (SELECT max(number) FROM handoff.seals)`, "no seal has the digest that was given"},
		"a digest":          {`UPDATE handoff.seals SET digest = '\x00' WHERE number = 3`, "seal 4 "},
		"a time":            {`UPDATE handoff.seals SET sealed_at = sealed_at - interval '1 day' WHERE number = 3`, "seal 3 "},
	} {
		t.Run(name, func(t *testing.T) {
			l, dsn, head := setUp(t)
			ledgertest.Exec(t, dsn, c.change)
			if v := verified(t, l, head); !strings.Contains(strings.Join(v.Problems, "\n"), c.want) {
				t.Errorf("%+v, want %q", v, c.want)
			}
		})
	}
}

// Workers that retire and seal at the same time do it once.
func TestRetireTogether(t *testing.T) {
	l, dsn := past(t, rand.New(rand.NewPCG(9, 9)), 200)
	periods, err := l.Periods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before, err := l.Count(t.Context(), periods)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 4)
	for range cap(failed) {
		go func() {
			failed <- func() error {
				for _, p := range periods {
					if _, err := l.SealPeriod(context.Background(), p, time.UTC); err != nil {
						return err
					}
				}
				for after := range int64(30) {
					if _, err := l.Retire(context.Background(), year, after*10, 10); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	after, err := l.Count(t.Context(), periods)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Counts, after.Counts); diff != "" || before.Leads.Captured != after.Leads.Captured {
		t.Errorf("%d leads, before %d: %s", after.Leads.Captured, before.Leads.Captured, diff)
	}
	if v := verified(t, l, ""); len(v.Problems) > 0 || v.Seals != int(ledgertest.Value[int64](t, dsn, `SELECT count(DISTINCT period) FROM seals`)) {
		t.Errorf("%+v", v)
	}
}
