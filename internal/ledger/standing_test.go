// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

const day = 24 * time.Hour

func opened(time.Time) bool { return true }

func closed(time.Time) bool { return false }

// told are the messages about escalations: clause, level and recipient.
func told(t *testing.T, dsn string) []string {
	t.Helper()
	return ledgertest.Column[string](t, dsn, `
SELECT clause || ' ' || level || ' ' || recipient FROM escalations e JOIN messages m ON m.escalation = e.id
JOIN river_job j ON (j.args ->> 'message')::bigint = m.id AND j.kind = 'notice' ORDER BY at, clause, recipient`)
}

func step(clause sla.Clause, level int, at time.Time) bundle.EscalationStep {
	return bundle.EscalationStep{Clause: clause, Level: level, At: at, Reason: "below target", Owners: []string{"VP Sales"}}
}

func standingLedger(t *testing.T) (l *ledger.Ledger, dsn string, now time.Time) {
	t.Helper()
	l, dsn = ledgertest.New(t, tenant)
	l.SetEffects(ledger.Effects{Notify: true})
	now, err := l.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l, dsn, now
}

func noteSteps(t *testing.T, l *ledger.Ledger, executive bool, open func(time.Time) bool, steps ...bundle.EscalationStep) int {
	t.Helper()
	noted, err := l.NoteSteps(t.Context(), steps, executive, open)
	if err != nil {
		t.Fatal(err)
	}
	return noted
}

// Who hears of a step goes by its level and by who owes the clause; of a resolution hear those who heard the most of what it resolves.
func TestWhoHearsOfAStep(t *testing.T) {
	type steps = func(at func(days int) time.Time) []bundle.EscalationStep
	one := func(clause sla.Clause, levels ...int) steps {
		return func(at func(int) time.Time) (out []bundle.EscalationStep) {
			for i, level := range levels {
				out = append(out, step(clause, level, at(i-6)))
			}
			return out
		}
	}
	for name, c := range map[string]struct {
		steps     steps
		executive bool
		want      string
	}{
		"what marketing owes":             {one(sla.ClauseCompleteness, 1), true, "completeness 1 Marketing"},
		"what sales owes":                 {one(sla.ClauseFirstContact, 1), true, "firstContact 1 Sales"},
		"what both owe":                   {one(sla.ClauseReviewsHeld, 1), true, "reviewsHeld 1 Marketing, reviewsHeld 1 Sales"},
		"level 2":                         {one(sla.ClauseFirstContact, 2), true, "firstContact 2 Marketing, firstContact 2 Sales"},
		"level 3":                         {one("terms", 3), true, "terms 3 Executive, terms 3 Marketing, terms 3 Sales"},
		"level 3 without an executive":    {one("terms", 3), false, "terms 3 Marketing, terms 3 Sales"},
		"a resolution of level 1":         {one(sla.ClauseVolume, 1, 0), true, "volume 1 Marketing, volume 0 Marketing"},
		"a resolution of the higher one":  {one(sla.ClauseVolume, 1, 2, 0), true, "volume 1 Marketing, volume 2 Marketing, volume 2 Sales, volume 0 Marketing, volume 0 Sales"},
		"a resolution of what was before": {one(sla.ClauseVolume, 2, 0, 1, 0), true, "volume 2 Marketing, volume 2 Sales, volume 0 Marketing, volume 0 Sales, volume 1 Marketing, volume 0 Marketing"},
		"a resolution of nothing told":    {one(sla.ClauseVolume, 0), true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l, dsn, now := standingLedger(t)
			noteSteps(t, l, c.executive, opened, c.steps(func(days int) time.Time { return now.Add(time.Duration(days) * day) })...)
			if got := strings.Join(told(t, dsn), ", "); got != c.want {
				t.Errorf("told: %s", got)
			}
		})
	}
}

// Two replicas read the same standing again and again, with a restart in between: each step is noted once.
func TestStepOnceWithTwoReplicas(t *testing.T) {
	l, dsn, now := standingLedger(t)
	other := ledgertest.Open(t, dsn, tenant)
	other.SetEffects(ledger.Effects{Notify: true})
	steps := []bundle.EscalationStep{
		step(sla.ClauseVolume, 1, now.Add(-5*day)), step(sla.ClauseFirstContact, 1, now.Add(-5*day)), step(sla.ClauseFirstContact, 2, now.Add(-day)),
	}
	backwards := slices.Clone(steps)
	slices.Reverse(backwards)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			by, order := l, steps
			if i%2 == 1 {
				by, order = other, backwards
			}
			for range 5 {
				if _, err := by.NoteSteps(t.Context(), order, true, opened); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	reopened := ledgertest.Open(t, dsn, tenant)
	reopened.SetEffects(ledger.Effects{Notify: true})
	if n := noteSteps(t, reopened, true, opened, steps...); n != 0 {
		t.Errorf("%d noted after a restart", n)
	}
	want := []string{"firstContact 1 Sales", "volume 1 Marketing", "firstContact 2 Marketing", "firstContact 2 Sales"}
	if got := told(t, dsn); !slices.Equal(got, want) {
		t.Errorf("told: %q", got)
	}
}

// What was decided more than seven days ago, by the ledger's clock, is told to nobody; nor is that it is over.
func TestStaleStepsAreNotTold(t *testing.T) {
	l, dsn, now := standingLedger(t)
	noted := noteSteps(t, l, true, opened,
		step(sla.ClauseVolume, 2, now.Add(-8*day)), step(sla.ClauseVolume, 0, now.Add(-day)), step(sla.ClauseScore, 1, now.Add(-7*day+time.Minute)))
	if got := told(t, dsn); noted != 1 || !slices.Equal(got, []string{"score 1 Marketing"}) {
		t.Errorf("%d noted, told: %q", noted, got)
	}
}

// Nobody is told at night; who has a week of holidays is told in them all the same.
func TestStepsWaitForAnOpenHour(t *testing.T) {
	l, dsn, now := standingLedger(t)
	steps := []bundle.EscalationStep{step(sla.ClauseVolume, 1, now.Add(-time.Hour)), step(sla.ClauseScore, 1, now.Add(-4*day))}
	noteSteps(t, l, true, closed, steps...)
	if got := told(t, dsn); !slices.Equal(got, []string{"score 1 Marketing"}) {
		t.Errorf("told while closed: %q", got)
	}
	noteSteps(t, l, true, opened, steps...)
	if got := told(t, dsn); !slices.Equal(got, []string{"score 1 Marketing", "volume 1 Marketing"}) {
		t.Errorf("told: %q", got)
	}
}

// A contract that tells nobody of anything notes nothing, so that switching it on tells of what is fresh then.
func TestNoStepsWithoutNotices(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	noteSteps(t, l, true, opened, step(sla.ClauseVolume, 1, time.Now()))
	if n := ledgertest.Value[int](t, dsn, `SELECT count(*) FROM escalations`); n != 0 {
		t.Errorf("%d noted", n)
	}
}
