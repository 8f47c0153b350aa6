// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// nightly are terms whose first contact counts from nine to five.
func nightly(t *testing.T) *sla.Compiled {
	t.Helper()
	c, err := sla.Compile(sla.Terms{
		Definition: "mid-market",
		Parties:    sla.Parties{Marketing: sla.Contact{Owner: "a"}, Sales: sla.Contact{Owner: "b"}},
		Calendar: sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{
			Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []sla.Shift{{From: "09:00", To: "17:00"}},
		}}},
		Sales: &sla.Sales{FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{{Intent: "High", Within: time.Hour}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func contact(start, due, stop time.Time, state sla.State) sla.Obligation {
	return sla.Obligation{Clause: sla.ClauseFirstContact, Tier: "High", State: state, Period: sla.WeekOf(due, time.UTC), Start: start, Due: due, Warn: due, Stop: stop}
}

// standing has each lead stand as is said.
func standing(t *testing.T, l *ledger.Ledger, terms *sla.Compiled, of map[string][]sla.Obligation) {
	t.Helper()
	for id := range of {
		ingest(t, l, ledger.Entry{Source: "/test", ID: fmt.Sprint(id, time.Now().UnixNano()), Lead: id, Kind: "activity", Time: noon, Data: ledger.Data{Activity: "x"}})
	}
	loaded, _, err := l.InForce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, loaded, 100, reach) })
	drain(t, func(ctx context.Context) (ledger.Batch, error) {
		return l.Route(ctx, loaded, 100, func(_ context.Context, r *ledger.Routing) error {
			r.Timed("terms-1", terms)
			for _, one := range r.Leads {
				r.Keep(one, "terms-1", of[one.ID])
			}
			return nil
		})
	})
}

func countOf(t *testing.T, l *ledger.Ledger, periods ...sla.Period) []sla.Count {
	t.Helper()
	s, err := l.Count(t.Context(), periods)
	if err != nil {
		t.Fatal(err)
	}
	return s.Counts
}

func TestCountsSayHowLongItTook(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	terms := nightly(t)
	friday := time.Date(2027, 1, 8, 16, 55, 0, 0, time.UTC)
	due := time.Date(2027, 1, 11, 9, 55, 0, 0, time.UTC)
	of := map[string][]sla.Obligation{
		"within five":    {contact(friday, due, friday.Add(5*time.Minute), sla.Met)},
		"over a weekend": {contact(friday, due, due.Add(-time.Hour+10*time.Minute), sla.Met)}, // 5 and 5 minutes
		"just over":      {contact(friday, due, due.Add(-time.Hour+15*time.Minute+time.Millisecond), sla.Met)},
		"too late":       {contact(friday, due, due.Add(time.Hour), sla.Missed)},
		"never":          {contact(friday, due, time.Time{}, sla.Missed)},
		"excused":        {contact(friday, due, friday, sla.Excused)},
		"open":           {contact(friday, due, time.Time{}, sla.Open)},
	}
	standing(t, l, terms, of)
	want := []sla.Count{{
		Clause: sla.ClauseFirstContact, Tier: "High", Period: "2027-W02", Revision: "terms-1", Met: 3, Missed: 2, Open: 1, Excused: 1, Contacted: 4,
		Times: sla.Times{Leads: 4, Within5m: 1, Within15m: 2, Median: 10 * time.Minute, P90: 2 * time.Hour},
	}}
	if at, err := l.Now(t.Context()); err != nil || !at.Before(due) {
		want[0].AtRisk = 1
	}
	if diff := cmp.Diff(want, countOf(t, l, "2027-W02")); diff != "" {
		t.Error(diff)
	}
	// A correction that leaves the number of leads as it was shows all the same.
	of["too late"] = []sla.Obligation{contact(friday, due, due.Add(2*time.Hour), sla.Missed)}
	standing(t, l, terms, map[string][]sla.Obligation{"too late": of["too late"]})
	want[0].Times.P90 = 3 * time.Hour
	if diff := cmp.Diff(want, countOf(t, l, "2027-W02")); diff != "" {
		t.Error(diff)
	}
	// What was written before the time was kept is left out, and is there once the lead is worked on.
	ledgertest.Exec(t, dsn, `UPDATE obligations SET elapsed = NULL`)
	want[0].Times = sla.Times{}
	if diff := cmp.Diff(want, countOf(t, l, "2027-W02")); diff != "" {
		t.Error(diff)
	}
	standing(t, l, terms, of)
	want[0].Times = sla.Times{Leads: 4, Within5m: 1, Within15m: 2, Median: 10 * time.Minute, P90: 3 * time.Hour}
	if diff := cmp.Diff(want, countOf(t, l, "2027-W02")); diff != "" {
		t.Error(diff)
	}
}

// Medians that are kept from count to count are those of what is there, whatever happened in between.
func TestTimesEqualARecount(t *testing.T) {
	l, dsn := past(t, rand.New(rand.NewPCG(3, 3)), 150)
	periods, err := l.Periods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{
		`UPDATE obligations SET elapsed = length(lead_id) * 97 % 1300 WHERE due_at IS NOT NULL AND state IN ('Met', 'Missed')`,
		`UPDATE obligations SET elapsed = elapsed + 1 WHERE lead_id LIKE '%1'`,
		`UPDATE obligations SET revision = 'terms-9' WHERE lead_id LIKE '%2'`,
		`UPDATE obligations SET elapsed = elapsed * 3 WHERE period IN (SELECT period FROM obligations WHERE lead_id LIKE '%5')`,
		`DELETE FROM obligations WHERE lead_id LIKE '%7'`,
	} {
		ledgertest.Exec(t, dsn, change)
		fresh := ledgertest.Open(t, dsn, tenant)
		if diff := cmp.Diff(countOf(t, fresh, periods...), countOf(t, l, periods...)); diff != "" {
			t.Errorf("%s:\n%s", change, diff)
		}
	}
	for i, c := range countOf(t, l, periods...) {
		times := ledgertest.Column[int64](t, dsn, `SELECT elapsed FROM obligations WHERE clause = $1 AND tier = $2 AND period = $3 AND revision = $4
AND elapsed IS NOT NULL ORDER BY elapsed`, c.Clause, c.Tier, c.Period, c.Revision)
		if int64(len(times)) != c.Times.Leads {
			t.Fatalf("row %d: times of %d leads, want %d", i, c.Times.Leads, len(times))
		}
		if len(times) == 0 {
			continue
		}
		median, p90 := times[(len(times)-1)/2], times[(len(times)*9+9)/10-1]
		if c.Times.Median != time.Duration(median)*time.Second || c.Times.P90 != time.Duration(p90)*time.Second {
			t.Errorf("row %d: %+v of %v", i, c.Times, times)
		}
	}
}

// paced sends leads that became MQL at some instants.
func paced(t *testing.T, l *ledger.Ledger, at ...time.Time) {
	t.Helper()
	of := map[string][]sla.Obligation{}
	for i, one := range at {
		of[fmt.Sprintf("mql-%d-%d", one.Unix(), i)] = []sla.Obligation{{
			Clause: sla.ClauseVolume, Start: one, Stop: one, State: sla.Met, Period: sla.MonthOf(one, time.UTC),
		}}
	}
	standing(t, l, nil, of)
}

func TestPaces(t *testing.T) {
	day := func(month time.Month, d int) time.Time { return time.Date(2027, month, d, 12, 0, 0, 0, time.UTC) }
	live := day(time.January, 13)
	l, dsn, clock := ledgertest.NewWithClock(t, tenant, live)
	first, second := pair(1), pair(2)
	first.SLA.EffectiveFrom, first.EffectiveFrom = live, live
	registered(t, l, first)
	clock.Set(day(time.February, 10))
	registered(t, l, first, second)
	clock.Set(day(time.March, 2)) // Tuesday
	paced(t, l, day(time.January, 15), day(time.January, 30), day(time.January, 31), day(time.February, 1), day(time.February, 28), day(time.March, 1),
		day(time.March, 3)) // tomorrow is not yet
	weeks := []sla.Period{"2027-W01", "2027-W02", "2027-W03", "2027-W04", "2027-W05", "2027-W06", "2027-W07", "2027-W08", "2027-W09"}
	paces := func() []string {
		t.Helper()
		got, err := l.Paces(t.Context(), weeks, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, p := range got {
			line := fmt.Sprintf("%s %s %d %s", p.Week, p.Month, p.MQLs, p.Revision)
			if !p.From.IsZero() {
				line += " from " + p.From.Format(time.DateOnly)
			}
			text = append(text, line)
		}
		return text
	}
	want := []string{
		"2027-W09 2027-03 1 mid-market-terms-2",
		"2027-W08 2027-02 2 mid-market-terms-1", // its last day is that of the month
		"2027-W07 2027-02 1 mid-market-terms-1",
		"2027-W06 2027-02 1 mid-market-terms-1",
		"2027-W05 2027-02 1 mid-market-terms-1", // the second revision came within the month
		"2027-W04 2027-01 3 mid-market-terms-1 from 2027-01-13",
		"2027-W03 2027-01 1 mid-market-terms-1 from 2027-01-13",
		"2027-W02 2027-01 1 mid-market-terms-1 from 2027-01-13",
	}
	if diff := cmp.Diff(want, paces()); diff != "" {
		t.Error(diff)
	}
	// A week with days of two months has a row for each: the older one up to its end.
	got, err := l.Paces(t.Context(), []sla.Period{"2027-W13"}, time.UTC)
	if err != nil || len(got) != 2 || got[0].Month != "2027-04" || got[1].Month != "2027-03" || got[1].MQLs != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	// Leads that are retired go on counting, in the weeks in which they did.
	clock.Set(day(time.March, 1).AddDate(2, 0, 0))
	before := paces()
	ledgertest.Exec(t, dsn, `UPDATE events SET received_at = time`)
	sealAll(t, l)
	if leads, _ := retireAll(t, l, 3); leads != 7 {
		t.Fatalf("%d leads were retired", leads)
	}
	if diff := cmp.Diff(before, paces()); diff != "" {
		t.Error(diff)
	}
	// Of those that went before it was kept when they became MQL, only the month is known.
	ledgertest.Exec(t, dsn, `UPDATE retired_counts SET stopped = '{}'`)
	if got := paces(); got[len(got)-1] != "2027-W02 2027-01 3 mid-market-terms-1 from 2027-01-13" {
		t.Errorf("%q", got)
	}
}

// A frozen period is restated once its counts are others; which were, and which are, is kept.
func TestFreeze(t *testing.T) {
	l, _, clock := ledgertest.NewWithClock(t, tenant, noon.AddDate(0, 0, 3))
	register(t, l, 1)
	terms := nightly(t)
	monday := time.Date(2027, 1, 4, 10, 0, 0, 0, time.UTC)
	late := contact(monday, monday.Add(time.Hour), time.Time{}, sla.Missed)
	standing(t, l, terms, map[string][]sla.Obligation{
		"one": {contact(monday, monday.Add(time.Hour), monday.Add(time.Minute), sla.Met)}, "two": {late},
	})
	weeks := []sla.Period{"2027-W01", "2027-W02"}
	freeze := func() (made []string) {
		t.Helper()
		seals, err := l.Freeze(t.Context(), time.UTC, weeks, countOf(t, l, weeks...))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range seals {
			made = append(made, fmt.Sprintf("%s v%d", s.Period, s.Version))
		}
		return made
	}
	expect := func(at time.Time, want ...string) {
		t.Helper()
		clock.Set(at)
		if got := freeze(); !slices.Equal(got, want) {
			t.Errorf("at %s: %q, want %q", at, got, want)
		}
	}
	end := time.Date(2027, 1, 11, 0, 0, 0, 0, time.UTC)
	expect(end.Add(ledger.FrozenAfter - time.Minute))
	expect(end.Add(ledger.FrozenAfter), "2027-W01 v1")
	expect(end.Add(ledger.FrozenAfter + time.Hour))
	late.Stop, late.State = monday.Add(time.Minute), sla.Met
	standing(t, l, terms, map[string][]sla.Obligation{"two": {late}})
	at := end.Add(ledger.FrozenAfter + 2*time.Hour)
	expect(at, "2027-W01 v2")
	expect(at.Add(time.Hour))
	got, err := l.Restatements(t.Context(), weeks, 5)
	if err != nil || len(got) != 1 || got[0].At.Before(at) || got[0].At.After(at.Add(time.Minute)) {
		t.Fatalf("%+v, %v", got, err)
	}
	got[0].At = time.Time{}
	want := ledger.Restatement{
		Clause: sla.ClauseFirstContact, Tier: "High", Period: "2027-W01", Version: 2, Was: sla.Count{Met: 1, Missed: 1, Contacted: 1}, Is: sla.Count{Met: 2, Contacted: 2},
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	if none, err := l.Restatements(t.Context(), weeks[1:], 5); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}

// Seals from before it was sealed how many leads were contacted hold as they are, and are restated only when anything else changes.
func TestSealsOfTheFirstForm(t *testing.T) {
	l, dsn, _ := ledgertest.NewWithClock(t, tenant, noon.AddDate(0, 1, 0))
	register(t, l, 1)
	monday := time.Date(2027, 1, 4, 10, 0, 0, 0, time.UTC)
	late := contact(monday, monday.Add(time.Hour), monday.Add(2*time.Hour), sla.Missed)
	standing(t, l, nightly(t), map[string][]sla.Obligation{"one": {late}})
	week := sla.Period("2027-W01")
	// As it was written then, with the digest that it had.
	const digest = `sha256(convert_to('{"form":"handoff-seal-1","tenant":"acme","number":1,"period":"2027-W01","version":1,` +
		`"sealedAt":"2027-01-20T00:00:00Z","previous":"","counts":[{"clause":"firstContact","tier":"High","revision":"terms-1","met":0,"missed":1,` +
		`"open":0,"excused":0}]}', 'UTF8'))`
	ledgertest.Exec(t, dsn, `INSERT INTO seals (tenant, number, period, version, sealed_at, previous, digest)
VALUES ('acme', 1, '2027-W01', 1, '2027-01-20T00:00:00Z', '', `+digest+`)`,
		`INSERT INTO sealed_counts (tenant, number, clause, tier, revision, met, missed, open, excused)
VALUES ('acme', 1, 'firstContact', 'High', 'terms-1', 0, 1, 0, 0)`)
	freeze := func(want int) {
		t.Helper()
		made, err := l.Freeze(t.Context(), time.UTC, []sla.Period{week}, countOf(t, l, week))
		if err != nil || len(made) != want {
			t.Fatalf("%d seals made, %v; want %d", len(made), err, want)
		}
		if v := verified(t, l, ""); len(v.Problems) > 0 {
			t.Errorf("%+v", v)
		}
	}
	freeze(0)
	if made := sealAll(t, l); len(made) > 0 {
		t.Errorf("%d seals made", len(made))
	}
	late.Stop, late.State = monday, sla.Met
	standing(t, l, nightly(t), map[string][]sla.Obligation{"one": {late}})
	freeze(1)
	late.Stop, late.State = time.Time{}, sla.Missed
	standing(t, l, nightly(t), map[string][]sla.Obligation{"one": {late}})
	freeze(1)
	late.Stop = monday.Add(3 * time.Hour)
	standing(t, l, nightly(t), map[string][]sla.Obligation{"one": {late}})
	freeze(1) // contacted after all, and too late all the same
	freeze(0)
	var said []string
	all, err := l.Restatements(t.Context(), []sla.Period{week}, 5)
	for _, r := range all {
		said = append(said, fmt.Sprintf("%d of %d, %d contacted; %d of %d, %d contacted", r.Was.Met, r.Was.Met+r.Was.Missed, r.Was.Contacted,
			r.Is.Met, r.Is.Met+r.Is.Missed, r.Is.Contacted))
	}
	want := []string{
		"0 of 1, 0 contacted; 0 of 1, 1 contacted", "1 of 1, 1 contacted; 0 of 1, 0 contacted",
		"0 of 1, 1 contacted; 1 of 1, 1 contacted", // not known of the first
	}
	if diff := cmp.Diff(want, said); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	// A worker of the version before seals again, during a roll-out or after one was taken back: it does not say who was contacted.
	ledgertest.Exec(t, dsn, `INSERT INTO seals (tenant, number, period, version, sealed_at, previous, digest)
VALUES ('acme', 5, '2027-W01', 5, '2027-01-21T00:00:00Z', '', '')`,
		`INSERT INTO sealed_counts (tenant, number, clause, tier, revision, met, missed, open, excused)
VALUES ('acme', 5, 'firstContact', 'High', 'terms-1', 0, 1, 0, 0)`)
	if again, err := l.Restatements(t.Context(), []sla.Period{week}, 5); err != nil || len(again) != len(all) {
		t.Errorf("%+v, %v; want the %d from before", again, err, len(all))
	}
}

// What was counted last never goes back, whoever notes it.
func TestCountedNeverGoesBack(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	for _, step := range []struct{ note, want ledger.Counted }{
		{ledger.Counted{AsOf: noon, ClosedThrough: "2026-W53"}, ledger.Counted{AsOf: noon, ClosedThrough: "2026-W53"}},
		{ledger.Counted{AsOf: noon.AddDate(0, 0, -8), ClosedThrough: "2026-W52"}, ledger.Counted{AsOf: noon, ClosedThrough: "2026-W53"}},
		{ledger.Counted{AsOf: noon.AddDate(0, 0, 8), ClosedThrough: "2027-W01"}, ledger.Counted{AsOf: noon.AddDate(0, 0, 8), ClosedThrough: "2027-W01"}},
	} {
		if err := l.NoteCounted(t.Context(), step.note); err != nil {
			t.Fatal(err)
		}
		got, err := l.LastCounted(t.Context())
		if err != nil || got != step.want {
			t.Errorf("%+v, %v; want %+v", got, err, step.want)
		}
	}
	if got, err := ledgertest.Open(t, ledgertest.DSN(t), tenant).LastCounted(t.Context()); err == nil {
		t.Errorf("%+v of a database without a schema", got)
	}
}
