// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

// newClockRig is a rig whose ledger's clock the test moves.
func newClockRig(t *testing.T, at time.Time) (*rig, *ledgertest.Clock) {
	t.Helper()
	l, dsn, clock := ledgertest.NewWithClock(t, tenant, at)
	return &rig{t: t, l: l, dsn: dsn}, clock
}

// A clock that is put back opens no week again, whoever counts then, and takes nothing away from what was counted.
func TestClockGoesBack(t *testing.T) {
	wednesday := time.Date(2027, 1, 13, 12, 0, 0, 0, time.UTC) // in week 2
	start := wednesday.Add(-24 * time.Hour)
	r, clock := newClockRig(t, start) // in force a day before it is counted, however long the machine takes over it
	r.inForce(bundleOf(1, byCRM))
	r.send(append(mql("lead-1", start), assigned("lead-1", "rep-1", start), touch("lead-1", start))...)
	r.work(team("rep-1"))
	var s sink
	now := wednesday
	c := r.counting(&s, &now)
	step := func(name string, c *pipeline.Counting, at time.Time, closed sla.Period, behind bool, asOf time.Time) {
		t.Helper()
		clock.Set(at)
		now = now.Add(time.Hour)
		before := len(s.got)
		if _, err := c.Step(t.Context()); err != nil || len(s.got) != before+1 {
			t.Fatalf("%s: counted %d times, %v", name, len(s.got)-before, err)
		}
		m := s.got[before]
		if m.ClosedThrough != closed || m.ClockBehind != behind || m.AsOf.Before(asOf) || m.AsOf.After(asOf.Add(time.Minute)) {
			t.Errorf("%s: closed through %s, behind %t, as of %s", name, m.ClosedThrough, m.ClockBehind, m.AsOf)
		}
		if len(m.Paces) == 0 || m.Paces[len(m.Paces)-1].MQLs != 1 {
			t.Errorf("%s: paces %+v", name, m.Paces)
		}
	}
	step("week 2", c, wednesday, "2027-W01", false, wednesday)
	monday := time.Date(2027, 1, 18, 9, 0, 0, 0, time.UTC)
	step("week 3", c, monday, "2027-W02", false, monday)
	step("a little back is no matter", c, monday.Add(-pipelineSlack/2), "2027-W02", false, monday)
	step("back into week 2", c, wednesday, "2027-W02", true, monday)
	step("still back", c, wednesday.Add(time.Hour), "2027-W02", true, monday)
	c.Close(t.Context())
	step("another replica knows it from the ledger", r.counting(&s, &now), wednesday.Add(2*time.Hour), "2027-W02", true, monday)
}

// pipelineSlack is how far a clock may go back before it is said.
const pipelineSlack = time.Minute
