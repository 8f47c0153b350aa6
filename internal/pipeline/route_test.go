// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

func mql(id string, at time.Time) []ledger.Entry {
	return []ledger.Entry{captured(id, at, map[string]any{"company": "acme", "numberofemployees": float64(300)}), demo(id, at)}
}

func TestRouting(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	busy := team("rep-1")
	busy[0].Members[0].Away = []lead.Away{{From: now.Add(-time.Hour), To: now.Add(time.Hour)}}
	two := append([]lead.Pool{{Name: "enterprise", When: "lead.employees > 1000", Members: []lead.Member{{Rep: "rep-9"}}}}, team("rep-1")...)
	full := team("rep-1")
	full[0].Members[0].Capacity = 1
	for name, c := range map[string]struct {
		pools  []lead.Pool
		crm    bool
		events []ledger.Entry
		want   []string // lead, owner, pool, without capacity
	}{
		"the first pool that takes the lead": {
			pools: two, events: mql("a", now), want: []string{"a rep-1 everyone f"},
		},
		"nobody is there":   {pools: busy, events: mql("a", now), want: []string{"a - - t"}},
		"no pool takes it":  {pools: two[:1], events: mql("a", now), want: []string{"a - - t"}},
		"capacity":          {pools: full, events: append(mql("a", now), mql("b", now)...), want: []string{"a rep-1 everyone f", "b - - t"}},
		"no MQL, no owner":  {pools: two, events: mql("a", now)[:1], want: []string{"a - - f"}},
		"the CRM assigns":   {pools: two, crm: true, events: mql("a", now), want: []string{"a - - f"}},
		"the CRM assigned":  {pools: two, crm: true, events: append(mql("a", now), assigned("a", "rep-7", now)), want: []string{"a rep-7 - f"}},
		"assigned anyway":   {pools: two, events: append(mql("a", now), assigned("a", "rep-7", now)), want: []string{"a rep-7 - f"}},
		"the latest counts": {pools: two, events: append(mql("a", now), assigned("a", "rep-8", now), assigned("a", "rep-7", now.Add(-time.Hour))), want: []string{"a rep-8 - f"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := bundleOf(1)
			if c.crm {
				byCRM(&b)
			}
			r := newRig(t, b)
			r.send(c.events...)
			r.work(c.pools)
			got := ledgertest.Column[string](t, r.dsn,
				"SELECT concat_ws(' ', lead_id, coalesce(owner, '-'), coalesce(pool, '-'), no_capacity) FROM leads ORDER BY lead_id")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("leads (-want +got):\n%s", diff)
			}
		})
	}
}

// Nobody was available; a changed roster brings the lead to somebody, and the wait is not marketing's fault.
func TestUnroutedAreTriedAgain(t *testing.T) {
	r := newRig(t, bundleOf(1))
	now := time.Now().UTC()
	for i := range 250 {
		r.send(mql("lead-"+string(rune('a'+i%26))+string(rune('a'+i/26)), now.Add(-time.Hour))...)
	}
	none := team("rep-1")
	none[0].When = "lead.employees > 1000"
	r.work(none)
	unrouted := "SELECT count(*) FROM leads WHERE qualified_at IS NOT NULL AND owner IS NULL AND no_capacity"
	if n := ledgertest.Value[int64](t, r.dsn, unrouted); n != 250 {
		t.Fatalf("%d leads without an owner, want 250", n)
	}
	before := ledgertest.Column[string](t, r.dsn, "SELECT concat(lead_id, clause, xmin) FROM obligations ORDER BY 1")
	if _, err := r.router(r.l, none).StepUnrouted(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := ledgertest.Column[string](t, r.dsn, "SELECT concat(lead_id, clause, xmin) FROM obligations ORDER BY 1"); !cmp.Equal(before, after) {
		t.Error("a try that found nobody wrote something")
	}
	if _, err := r.router(r.l, team("rep-1", "rep-2")).StepUnrouted(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := ledgertest.Value[int64](t, r.dsn, unrouted); n != 0 {
		t.Errorf("%d leads without an owner, want none", n)
	}
	if got := ledgertest.Column[int64](t, r.dsn, "SELECT count(*) FROM leads GROUP BY owner"); !cmp.Equal(got, []int64{125, 125}) {
		t.Errorf("shares %v, want 125 each", got)
	}
	if got := ledgertest.Column[string](t, r.dsn, "SELECT DISTINCT state FROM obligations WHERE clause = 'delivery'"); !cmp.Equal(got, []string{"Excused"}) {
		t.Errorf("delivery is %v, want Excused: nobody was available", got)
	}
}

// A newcomer does not catch up what the others have had.
func TestNewcomersAreNotFlooded(t *testing.T) {
	r := newRig(t, bundleOf(1))
	batch := func(prefix string, n int, pools []lead.Pool) {
		for i := range n {
			r.send(mql(prefix+string(rune('a'+i)), time.Now())...)
		}
		r.work(pools)
	}
	batch("x", 20, team("rep-1", "rep-2"))
	batch("y", 9, team("rep-1", "rep-2", "rep-3"))
	got := ledgertest.Column[string](t, r.dsn, "SELECT concat(owner, ' ', count(*)) FROM leads GROUP BY owner ORDER BY owner")
	if diff := cmp.Diff([]string{"rep-1 13", "rep-2 13", "rep-3 3"}, got); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
}

// The deadline passes, the breach is found; then it turns out that the rep had called in time.
func TestLateTouchCorrectsABreach(t *testing.T) {
	r := newRig(t, bundleOf(1))
	start := time.Now().UTC().Add(-10 * time.Minute)
	// The order of arrival breaks ties. After the form, the view of the price list has the intent rise from Standard, due in 8 h, to High, due in 5 min;
	// before it, the intent is High from the start.
	r.send(append(mql("lead-1", start), pricing("lead-1", start), assigned("lead-1", "rep-1", start))...)
	r.send(append([]ledger.Entry{pricing("lead-2", start)}, append(mql("lead-2", start), assigned("lead-2", "rep-1", start))...)...)
	r.send(append(mql("lead-3", start), assigned("lead-3", "rep-1", start))...)
	r.work(team("rep-1"))
	for id, want := range map[string]string{"lead-1": "Missed", "lead-2": "Missed", "lead-3": "Open"} {
		if got := r.state(id, "firstContact"); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	r.send(touch("lead-2", start.Add(7*time.Minute)))
	r.work(team("rep-1"))
	if got := r.state("lead-2", "firstContact"); got != "Missed" {
		t.Errorf("after a late call: %s, want Missed", got)
	}
	r.send(touch("lead-2", start.Add(4*time.Minute)))
	r.work(team("rep-1"))
	if got := r.state("lead-2", "firstContact"); got != "Met" {
		t.Errorf("after the call in time that was reported late: %s, want Met", got)
	}
}

// A deadline that passes while nothing happens is noticed, and never looked for as seldom as once a second.
func TestBreachIsNoticed(t *testing.T) {
	r, clock := newClockRig(t, monday)
	r.inForce(bundleOf(1))
	r.send(mql("lead-1", monday)...)
	r.work(team("rep-1"))
	search := r.breaches()
	often := func(when string) {
		t.Helper()
		if again, err := search.Step(t.Context()); err != nil || again >= time.Second {
			t.Errorf("%s: looked for again after %s, %v", when, again, err)
		}
	}
	often("before")
	if got := r.state("lead-1", "firstContact"); got != "Open" {
		t.Fatalf("%s, want Open", got)
	}
	runLoop(t, "breach", r.breaches().Step)
	clock.Set(ledgertest.Value[time.Time](t, r.dsn, "SELECT due_at FROM obligations WHERE clause = 'firstContact'"))
	ledgertest.Await(t, "the breach is noticed", func() bool { return r.state("lead-1", "firstContact") == "Missed" })
	often("afterwards")
}

// Whoever comes back takes turns from then on, and does not get every lead until the absence is made up for.
func TestComingBackIsNoFlood(t *testing.T) {
	r := newRig(t, bundleOf(1))
	now := time.Now().UTC()
	away := team("rep-1", "rep-2")
	away[0].Members[1].Away = []lead.Away{{From: now.Add(-time.Hour), To: now.Add(time.Hour)}}
	send := func(ids ...string) {
		for _, id := range ids {
			r.send(mql(id, now.Add(-time.Minute))...)
		}
	}
	send("a", "b", "c", "d", "e", "f")
	r.work(away)
	send("g", "h", "i", "j")
	r.work(team("rep-1", "rep-2"))
	got := ledgertest.Column[string](t, r.dsn, "SELECT concat(owner, ' ', count(*)) FROM leads WHERE lead_id >= 'g' GROUP BY owner ORDER BY 1")
	if diff := cmp.Diff([]string{"rep-1 2", "rep-2 2"}, got); diff != "" {
		t.Errorf("leads after the return (-want +got):\n%s", diff)
	}
}

// What goes wrong with a lead on the list of the unrouted is said, and does not pile up as work: it is on the list the next time, too.
func TestUnroutedThatFailAreReported(t *testing.T) {
	r := newRig(t, bundleOf(1))
	r.send(mql("lead-1", monday)...)
	r.work(team("rep-1")[:0])
	r.inForce(bundleOf(2))
	ledgertest.Exec(t, r.dsn, "UPDATE in_force SET bundle = '{}' WHERE sequence = 1")
	var log strings.Builder
	router := r.router(r.l, team("rep-1"))
	router.Log = slog.New(slog.NewTextHandler(&log, nil))
	if _, err := router.StepUnrouted(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "lead=lead-1") || testutil.ToFloat64(router.Metrics.Failed.WithLabelValues("route")) != 1 {
		t.Errorf("the failure is not reported: %s", log.String())
	}
	if n := ledgertest.Value[int64](t, r.dsn, "SELECT count(*) FROM work"); n != 0 {
		t.Errorf("%d causes were noted", n)
	}
}
