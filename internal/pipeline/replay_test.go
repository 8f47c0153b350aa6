// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

// lives is a rig whose clock moves, with the workers of a contract.
type lives struct {
	*rig

	clock    *ledgertest.Clock
	sink     sink
	counting *pipeline.Counting
	now      time.Time // of the worker
}

func newLives(t *testing.T) *lives {
	t.Helper()
	r, clock := newClockRig(t, yearBegins)
	l := &lives{rig: r, clock: clock}
	l.inForce(termsOfYear(1))
	return l
}

// turn brings the second pair into force.
func (l *lives) turn() {
	l.t.Helper()
	l.clock.Set(yearTurns)
	l.inForce(termsOfYear(2))
}

// hear of some events, work them off and count.
func (l *lives) hear(at time.Time, arrivals []arrival) pipeline.Measurement {
	l.t.Helper()
	l.clock.Set(at)
	for part := range slices.Chunk(arrivals, 500) {
		var entries []ledger.Entry
		for _, a := range part {
			entries = append(entries, a.entry)
		}
		if _, err := l.l.Ingest(context.Background(), entries); err != nil {
			l.t.Fatal(err)
		}
	}
	l.work(team("rep-1"))
	settle(l.t, l.breaches().Step)
	l.now = l.now.Add(time.Hour)
	if l.counting == nil {
		l.counting = l.rig.counting(&l.sink, &l.now)
	}
	l.counting.Pairs = &pipeline.Pairs{Mounted: l.pair}
	if _, err := l.counting.Step(context.Background()); err != nil {
		l.t.Fatal(err)
	}
	return l.sink.got[len(l.sink.got)-1]
}

// recomputed judges the whole year by what the ledger has.
func (l *lives) recomputed(in judge.Input, weeks []sla.Period, closed sla.Period) judge.Judgement {
	l.t.Helper()
	s, err := l.l.Count(context.Background(), weeks)
	if err != nil {
		l.t.Fatal(err)
	}
	paces, err := l.l.Paces(context.Background(), weeks, berlin)
	if err != nil {
		l.t.Fatal(err)
	}
	in.Counts, in.Paces, in.ClosedThrough = s.Counts, paces, closed
	return judge.Judge(in)
}

func upToTime(arrivals []arrival, at time.Time) int {
	n, _ := slices.BinarySearchFunc(arrivals, at, func(a arrival, at time.Time) int {
		if a.at.Before(at) {
			return -1
		}
		return 1
	})
	return n
}

// A year that was watched week by week, and one that is worked off in two bites, before and after the terms changed, give the same weeks, scorecard and
// escalations; and what was frozen and restated of the first is what is counted of the second.
func TestReplayEqualsLive(t *testing.T) {
	arrivals := yearOf(rand.New(rand.NewPCG(2027, 7)), 5)
	in := agreed(t)
	turn := upToTime(arrivals, yearTurns)

	live := newLives(t)
	weeks := []sla.Period{}
	seen := map[sla.Period]judge.Week{}   // as each week was judged when it was closed
	known := map[sla.Period][]sla.Count{} // and its counts
	var last pipeline.Measurement
	done := 0
	for at := yearBegins.AddDate(0, 0, 5); !at.After(yearEnds); at = at.AddDate(0, 0, 7) { // Mondays at nine
		if at.After(yearTurns) && live.pair.Bundle.Sequence == 1 {
			live.hear(yearTurns.Add(-time.Second), arrivals[done:turn])
			done = turn
			live.turn()
		}
		until := upToTime(arrivals, at)
		last = live.hear(at, arrivals[done:until])
		done = until
		week := last.ClosedThrough
		if want := sla.WeekOf(at.AddDate(0, 0, -3), berlin); week != want {
			t.Fatalf("at %s, closed through %s", at, week)
		}
		now := knownAt(in, at)
		now.Counts, now.Paces, now.ClosedThrough = last.Counts, last.Paces, week
		judged := judge.Judge(now).Weeks
		weeks, seen[week] = append(weeks, week), judged[len(judged)-1]
		for _, c := range last.Counts {
			if c.Period == week {
				known[week] = append(known[week], c)
			}
		}
	}

	replay := newLives(t)
	replay.hear(yearTurns.Add(-time.Second), arrivals[:turn])
	replay.turn()
	if m := replay.hear(yearEnds, arrivals[turn:done]); m.ClosedThrough != last.ClosedThrough {
		t.Errorf("closed through %s and %s", m.ClosedThrough, last.ClosedThrough)
	}
	end := knownAt(in, yearEnds)
	was, is := live.recomputed(end, weeks, last.ClosedThrough), replay.recomputed(end, weeks, last.ClosedThrough)
	if diff := cmp.Diff(was, is); diff != "" {
		t.Errorf("judged by the ledger that lived (-) and the other one (+):\n%s", diff)
	}
	if diff := cmp.Diff(whatFollows(t, live.dsn), whatFollows(t, replay.dsn)); diff != "" {
		t.Errorf("what follows:\n%s", diff)
	}
	live.judgedAsSeen(is, seen, known)
	// The measurement holds half a year: enough for what is open.
	half := knownAt(in, yearEnds)
	half.Counts, half.Paces, half.ClosedThrough = last.Counts, last.Paces, last.ClosedThrough
	shown := judge.Judge(half)
	if diff := cmp.Diff(is.Rows, shown.Rows) + cmp.Diff(is.Escalations, shown.Escalations); diff != "" {
		t.Errorf("judged by the ledger (-) and by the measurement (+):\n%s", diff)
	}
	live.frozenAndRestated(weeks)
	interesting(t, is)
}

// judgedAsSeen compares what was seen of each clause when its week was closed with what is judged in the end: nothing differs where the counts stayed as they
// were, in that week and in the three before, with which too small a sample is pooled.
func (l *lives) judgedAsSeen(end judge.Judgement, seen map[sla.Period]judge.Week, known map[sla.Period][]sla.Count) {
	l.t.Helper()
	same := 0
	stayed := map[sla.Clause]int{} // weeks in a row
	for _, week := range end.Weeks {
		s, err := l.l.Count(context.Background(), []sla.Period{week.Period})
		if err != nil {
			l.t.Fatal(err)
		}
		for _, clause := range sharesOfLeads {
			if !cmp.Equal(rowsOf(clause, s.Counts), rowsOf(clause, known[week.Period])) {
				stayed[clause] = 0
				continue
			}
			stayed[clause]++
			was, judgedThen := seen[week.Period].Verdict(clause)
			is, judgedNow := week.Verdict(clause)
			if stayed[clause] < 4 || is.Verdict == sla.VerdictWaived { // the waiver was signed later
				continue
			}
			was.MissedWeeks, is.MissedWeeks = 0, 0 // earlier weeks are among them
			if diff := cmp.Diff(was, is); diff != "" || judgedThen != judgedNow {
				l.t.Errorf("%s in week %s was seen as (-), and is judged as (+):\n%s", clause, week.Period, diff)
			}
			same++
		}
	}
	if same < 50 {
		l.t.Errorf("only %d verdicts could be compared with what was seen", same)
	}
}

var sharesOfLeads = []sla.Clause{
	sla.ClauseCompleteness, sla.ClauseScore, sla.ClauseDelivery, sla.ClauseAcceptance, sla.ClauseFirstContact, sla.ClauseFollowUp, sla.ClauseDisposition,
	sla.ClauseRejection, sla.ClauseFeedback,
}

func rowsOf(clause sla.Clause, counts []sla.Count) (rows []sla.Count) {
	for _, c := range counts {
		if c.Clause == clause {
			rows = append(rows, c)
		}
	}
	return rows
}

// frozenAndRestated adds up what was frozen first and each restatement: it is what is counted now.
func (l *lives) frozenAndRestated(weeks []sla.Period) {
	l.t.Helper()
	type place struct {
		clause sla.Clause
		tier   string
		week   sla.Period
	}
	var seals []ledger.Seal
	if err := l.l.Read(context.Background(), func(r *ledger.Reading) (err error) {
		seals, err = r.Seals(context.Background())
		return err
	}); err != nil {
		l.t.Fatal(err)
	}
	sums := map[place]sla.Count{}
	add := func(at place, c sla.Count, sign int64) {
		n := sums[at]
		n.Met, n.Missed, n.Open, n.Excused = n.Met+sign*c.Met, n.Missed+sign*c.Missed, n.Open+sign*c.Open, n.Excused+sign*c.Excused
		n.Contacted += sign * c.Contacted
		sums[at] = n
	}
	frozen := map[sla.Period]bool{}
	for _, s := range seals {
		if s.Version == 1 && s.Period.Week() {
			frozen[s.Period] = true
			for _, c := range s.Counts {
				add(place{c.Clause, c.Tier, c.Period}, c, 1)
			}
		}
	}
	restatements, err := l.l.Restatements(context.Background(), weeks, 1000)
	if err != nil || len(restatements) == 0 {
		l.t.Fatalf("%d restatements, %v", len(restatements), err)
	}
	for _, r := range restatements {
		add(place{r.Clause, r.Tier, r.Period}, r.Is, 1)
		add(place{r.Clause, r.Tier, r.Period}, r.Was, -1)
	}
	s, err := l.l.Count(context.Background(), slices.DeleteFunc(slices.Clone(weeks), func(p sla.Period) bool { return !frozen[p] }))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, c := range s.Counts {
		add(place{c.Clause, c.Tier, c.Period}, c, -1)
	}
	for at, n := range sums {
		if n != (sla.Count{}) {
			l.t.Errorf("%+v: what was frozen and restated differs from what is counted by %+v", at, n)
		}
	}
	if len(frozen) < len(weeks)-2 {
		l.t.Errorf("%d of %d weeks are frozen", len(frozen), len(weeks))
	}
}

// interesting says whether the year had what it was made for.
func interesting(t *testing.T, j judge.Judgement) {
	t.Helper()
	levels, verdicts := map[int]int{}, map[sla.Verdict]int{}
	for _, s := range j.Steps {
		levels[s.Level]++
	}
	for _, w := range j.Weeks {
		for _, row := range w.Rows {
			verdicts[row.Verdict]++
		}
	}
	for level := range 4 {
		if levels[level] == 0 {
			t.Errorf("no step to level %d", level)
		}
	}
	for _, v := range []sla.Verdict{sla.VerdictMet, sla.VerdictMissed, sla.VerdictAtRisk, sla.VerdictInsufficientData, sla.VerdictWaived} {
		if verdicts[v] == 0 {
			t.Errorf("no clause was judged %s", v)
		}
	}
	if len(j.Weeks) != 53 || len(j.Escalations) == 0 {
		t.Errorf("%d weeks, %d escalations", len(j.Weeks), len(j.Escalations))
	}
	t.Logf("%d weeks, verdicts %v, steps by level %v, %d escalations, %d notes", len(j.Weeks), verdicts, levels, len(j.Escalations), len(j.Notes))
}
