// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

// sink remembers what it was given.
type sink struct {
	got []pipeline.Measurement
	err error
}

func (s *sink) Write(_ context.Context, m pipeline.Measurement) error {
	if s.err == nil {
		s.got = append(s.got, m)
	}
	return s.err
}

func (r *rig) counting(s pipeline.Sink, now *time.Time) *pipeline.Counting {
	c := &pipeline.Counting{
		Pairs: &pipeline.Pairs{Mounted: r.pair}, Sink: s, Interval: time.Minute, Metrics: metrics(), Log: slog.New(slog.DiscardHandler),
		Ledger: func() (pipeline.CountLedger, error) { return r.l, nil }, Now: func() time.Time { return *now },
	}
	r.t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// At first at once, then as soon as a change is worked off and quiet while the stock lasts, and else once an interval.
func TestCountingPace(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	now := time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC)
	var s sink
	c := r.counting(&s, &now)
	step := func(after time.Duration, name string, want int) {
		t.Helper()
		now = now.Add(after)
		if _, err := c.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(s.got) != want {
			t.Fatalf("%s: counted %d times, want %d", name, len(s.got), want)
		}
	}
	step(0, "first", 1)
	step(time.Second, "nothing happened", 1)
	r.send(mql("lead-1", monday)...)
	step(time.Second, "too early", 1)
	step(time.Minute, "the interval is over", 2)
	if got := s.got[1].Leads; got != (ledger.Leads{Captured: 1, Waiting: 1}) {
		t.Errorf("leads %+v", got)
	}
	r.work(team("rep-1"))
	step(time.Second, "the backlog is worked off, but not yet quiet", 2)
	step(time.Second, "quiet", 3)
	if got := s.got[2].Leads; got != (ledger.Leads{Captured: 1, MQLs: 1, Unrouted: 1}) {
		t.Errorf("leads %+v", got)
	}
	step(time.Second, "nothing more", 3)
	step(time.Hour, "a quiet time: looked at again, for what changes by itself", 4)
	for i, name := range []string{"lead-2", "lead-3", "lead-4"} {
		r.send(captured(name, monday, nil))
		step(time.Second, "waiting", 4+min(i, 2))
		r.work(team("rep-1"))
		step(time.Second, "worked off", 4+min(i, 2))
		step(time.Second, "quiet, as long as the stock lasts", 4+min(i+1, 2))
	}
	step(time.Minute, "the interval is over", 7)
}

func TestCounts(t *testing.T) {
	r := newRig(t, bundleOf(7, byCRM))
	now := time.Now().UTC()
	begin, _, err := sla.WeekOf(now.AddDate(0, 0, -7), time.UTC).Bounds(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	start := begin.AddDate(0, 0, 2).Add(12 * time.Hour) // every deadline of the test lies in the same week and month
	r.send(append(mql("met", start), assigned("met", "rep-1", start), touch("met", start))...)
	r.send(append([]ledger.Entry{pricing("late", start.Add(-time.Hour))}, append(mql("late", start.Add(-time.Hour)), assigned("late", "rep-1", start.Add(-time.Hour)))...)...)
	r.send(demo("held", start))
	r.send(captured("plain", start, nil))
	r.work(team("rep-1"))
	var s sink
	if _, err := r.counting(&s, &now).Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.got) != 1 {
		t.Fatalf("counted %d times", len(s.got))
	}
	m := s.got[0]
	if m.Sequence != 7 || m.Leads != (ledger.Leads{Captured: 4, MQLs: 2, Held: 1}) || time.Since(m.AsOf) > time.Minute {
		t.Errorf("sequence %d, leads %+v, as of %v", m.Sequence, m.Leads, m.AsOf)
	}
	week, month := sla.WeekOf(start, time.UTC), sla.MonthOf(start, time.UTC)
	if thisWeek := sla.WeekOf(m.AsOf, time.UTC); !m.ClosedThrough.Week() || m.ClosedThrough >= thisWeek {
		t.Errorf("closed through %s in %s", m.ClosedThrough, thisWeek)
	}
	got := map[string]string{}
	for _, c := range m.Counts {
		if c.Period == week || c.Period == month {
			key := strings.TrimSpace(string(c.Clause) + " " + c.Tier)
			got[key] = cmp.Diff(sla.Count{Clause: c.Clause, Tier: c.Tier, Period: c.Period, Revision: "mid-market-terms-7"}, c)
			switch {
			case c.Met == 1 && c.Missed == 1 && c.Open == 0:
				got[key] = "1 met, 1 missed"
			case c.Met == 1 && c.Missed+c.Open == 0:
				got[key] = "met"
			case c.Met == 2 && c.Missed+c.Open == 0:
				got[key] = "2 met"
			case c.Met == 2 && c.Missed == 1:
				got[key] = "2 met, 1 missed"
			case c.Missed == 1 && c.Met+c.Open == 0:
				got[key] = "missed"
			}
		}
	}
	want := map[string]string{
		"volume": "2 met", "completeness": "2 met, 1 missed", "score": "2 met", "delivery": "2 met",
		"firstContact Standard": "met", "firstContact High": "missed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// A second replica does not count while the first does, and takes over when the first is gone.
func TestOneReplicaCounts(t *testing.T) {
	r := newRig(t, bundleOf(1))
	now := time.Now()
	var first, second sink
	a, b := r.counting(&first, &now), r.counting(&second, &now)
	for range 2 {
		for _, c := range []*pipeline.Counting{a, b} {
			if _, err := c.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(first.got) != 1 || len(second.got) != 0 {
		t.Fatalf("the first counted %d times, the second %d", len(first.got), len(second.got))
	}
	ledgertest.Exec(t, r.dsn, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	ledgertest.Await(t, "the second takes over", func() bool {
		if _, err := b.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(second.got) > 0
	})
	if _, err := a.Step(t.Context()); err != nil || len(second.got) != 1 || len(first.got) != 1 {
		t.Errorf("after the takeover: %d and %d, %v", len(first.got), len(second.got), err)
	}
}

// What could not be written is written at the next try.
func TestCountingTriesAgain(t *testing.T) {
	r := newRig(t, bundleOf(1))
	now := time.Now()
	s := sink{err: errors.New("the API server is away")}
	c := r.counting(&s, &now)
	if _, err := c.Step(t.Context()); err == nil || pipeline.Explain(err).Error() != "the API server is away" {
		t.Errorf("error %v", err)
	}
	s.err = nil
	if _, err := c.Step(t.Context()); err != nil || len(s.got) != 1 {
		t.Errorf("counted %d times, %v", len(s.got), err)
	}
}

// Terms that bring volume in judge the whole month, also the leads that came before them.
func TestVolumeCountsBeforeTheTermsAskForIt(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, func(b *bundle.Bundle) { b.SLA.Marketing.Volume = nil }))
	r.send(mql("lead-1", monday)...)
	r.work(team("rep-1"))
	r.inForce(bundleOf(2, byCRM))
	r.send(mql("lead-2", monday)...)
	r.work(team("rep-1"))
	snapshot, err := r.l.Count(t.Context(), []sla.Period{"2026-11"})
	if err != nil {
		t.Fatal(err)
	}
	var volume string
	judged := judge.Judge(judge.Input{
		Book: map[string]*sla.Compiled{"terms": r.pair.Terms}, InForce: "terms", Counts: snapshot.Counts, Now: monday.AddDate(0, 0, 1),
	})
	for _, row := range judged.Rows {
		if row.Clause == sla.ClauseVolume {
			volume = row.Actual
		}
	}
	if !strings.HasPrefix(volume, "2 of 100 MQLs") {
		t.Errorf("volume: %q", volume)
	}
}

// crowded is a ledger with more rows than a measurement holds.
type crowded struct {
	*ledger.Ledger
	counts []sla.Count
}

func (c *crowded) Count(context.Context, []sla.Period) (ledger.Snapshot, error) {
	return ledger.Snapshot{AsOf: monday, Counts: c.counts}, nil
}

// Of too many rows the oldest go: a month is as old as its last day, whatever its name sorts by.
func TestTooManyRowsLoseTheOldest(t *testing.T) {
	r := newRig(t, bundleOf(1))
	full := &crowded{Ledger: r.l}
	for _, period := range []sla.Period{"2027-W01", "2027-01", "2026-W53", "2026-W30", "2026-W29", "2026-12", "2026-07"} { // as the ledger sorts them
		for revision := range 400 {
			full.counts = append(full.counts, sla.Count{Clause: sla.ClauseVolume, Period: period, Revision: strconv.Itoa(revision)})
		}
	}
	now := monday
	var s sink
	c := r.counting(&s, &now)
	c.Ledger = func() (pipeline.CountLedger, error) { return full, nil }
	if _, err := c.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	var kept []sla.Period
	for _, n := range s.got[0].Counts {
		kept = append(kept, n.Period)
	}
	want := []sla.Period{"2027-W01", "2027-01", "2026-W53", "2026-12", "2026-07"}
	if got := slices.Compact(kept); len(s.got[0].Counts) != 2000 || !cmp.Equal(got, want) {
		t.Errorf("%d rows of %v, want 2000 of %v", len(s.got[0].Counts), got, want)
	}
}
