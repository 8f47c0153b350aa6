// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Judge says what follows from what was counted.
func Judge(in Input) Judgement {
	terms, known := in.Book[in.InForce]
	if !known {
		return Judgement{Notes: []string{fmt.Sprintf("the terms in force, %q, are not known: nothing is judged", in.InForce)}}
	}
	j := newJudging(in, terms)
	out := Judgement{Weeks: j.judgeWeeks()}
	ladders := j.climb(out.Weeks)
	out.Steps = j.steps(ladders)
	out.Escalations = j.escalations(ladders)
	out.Ratification = j.ratification()
	out.Rows = j.scorecard(out.Weeks, out.Ratification)
	out.Advice = j.advice(out.Steps)
	out.Notes = slices.Sorted(slices.Values(j.notes))
	return out
}

// judging is a judgement in the making.
type judging struct {
	Input
	terms  *sla.Compiled // in force
	zone   *time.Location
	goLive time.Time // zero: nothing was ever ratified
	open   span      // the week that is not closed
	back   bool      // the ledger's clock shows a time within what it had closed
	counts map[place][]sla.Count
	oldest sla.Period              // of the weeks that anything is known of
	slots  map[string]map[slot]int // targets by revision
	notes  []string
}

// slot is a row of the scorecard.
type slot struct {
	clause sla.Clause
	tier   string
}

type place struct {
	slot
	week sla.Period
}

// span is a week with its bounds.
type span struct {
	period   sla.Period
	from, to time.Time
}

func newJudging(in Input, terms *sla.Compiled) *judging {
	j := &judging{
		Input: in, terms: terms, zone: terms.Hours().Location(),
		counts: map[place][]sla.Count{}, slots: map[string]map[slot]int{},
	}
	closed := in.ClosedThrough
	if _, _, err := closed.Bounds(j.zone); err != nil || !closed.Week() {
		closed = sla.WeekOf(in.Now, j.zone).Before()
	}
	j.open = j.spanOf(closed.Next())
	if in.Now.Before(j.open.from) {
		j.back = true
		j.note("the ledger's clock went back: it shows %s, and %s had ended at %s; what is open is not judged until it has caught up",
			in.Now.UTC().Format(time.RFC3339), closed, j.open.from.UTC().Format(time.RFC3339))
	}
	// Weeks are closed by the ledger: a clock that is ahead of it closes none, and one that went back opens none again.
	if j.Now = later(in.Now, j.open.from); !in.Now.Before(j.open.to) {
		j.Now = j.open.to.Add(-time.Nanosecond)
	}
	for revision, c := range in.Book {
		j.slots[revision] = map[slot]int{}
		for _, d := range c.Demands() {
			j.slots[revision][slot{d.Clause, d.Tier}] = d.Target
		}
	}
	for _, n := range in.Counts {
		if n.Clause != sla.ClauseVolume && n.Period.Week() {
			at := place{slot{n.Clause, n.Tier}, n.Period}
			j.counts[at] = append(j.counts[at], n)
		}
	}
	j.goLive = GoLive(in)
	return j
}

// GoLive is when the first terms came into force.
func GoLive(in Input) time.Time {
	if len(in.Spells) > 0 {
		return in.Spells[0].From
	}
	if len(in.Terms) == 0 || len(in.Definition) == 0 {
		return time.Time{}
	}
	return later(slices.MinFunc(in.Terms, time.Time.Compare), slices.MinFunc(in.Definition, time.Time.Compare))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// note keeps each note once.
func (j *judging) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(j.notes, text) {
		j.notes = append(j.notes, text)
	}
}

// spanOf a week. What is no week never gets here.
func (j *judging) spanOf(week sla.Period) span {
	from, to, _ := week.Bounds(j.zone)
	return span{week, from, to}
}

// judgeWeeks judges the closed weeks from the go-live, or the first that was counted, on.
func (j *judging) judgeWeeks() []Week {
	first := j.open.period
	begins := func(week sla.Period) {
		if _, _, err := week.Bounds(j.zone); err == nil && week.Week() {
			first = min(first, week)
		}
	}
	for at := range j.counts {
		begins(at.week)
	}
	for _, p := range j.Paces {
		begins(p.Week)
	}
	j.oldest = first
	if !j.goLive.IsZero() {
		begins(sla.WeekOf(j.goLive, j.zone))
	}
	var weeks []Week
	thin, missed := map[slot]thinRun{}, map[slot]int{}
	for week := first; week < j.open.period; week = week.Next() {
		weeks = append(weeks, j.judgeWeek(j.spanOf(week), thin, missed))
	}
	return weeks
}

// judgeWeek judges one closed week. thin are the weeks with too few leads that precede it, missed how often in a row a row was missed.
func (j *judging) judgeWeek(w span, thin map[slot]thinRun, missed map[slot]int) Week {
	week := Week{Period: w.period}
	bases := map[slot][]sla.Count{}
	for _, s := range j.demanded(w) {
		if s.clause == sla.ClauseVolume {
			if row, ok := j.volume(w); ok {
				week.Rows = append(week.Rows, row)
			}
			continue
		}
		own := j.counts[place{s, w.period}]
		row, base := j.share(s, w, own), own
		if row.Verdict == sla.VerdictInsufficientData && j.waiver(s.clause, w) == "" {
			row, base = j.pooled(s, w, row, thin)
		} else if j.waiver(s.clause, w) == "" {
			thin[s] = thinRun{begun: true}
		}
		bases[s] = base
		week.Rows = append(week.Rows, row)
	}
	j.markSevere(week.Rows, bases)
	week.Rows = append(week.Rows, j.governance(w)...)
	for i := range week.Rows {
		row := &week.Rows[i]
		if name := j.waiver(row.Clause, w); name != "" {
			waive(row, name)
		}
		s := slot{row.Clause, row.Tier}
		switch row.Verdict {
		case sla.VerdictMissed:
			missed[s]++
		case sla.VerdictMet:
			missed[s] = 0
		default: // neither ends a row of misses nor belongs to it
		}
		row.MissedWeeks = missed[s]
	}
	return week
}

// demanded are the rows of a week: what the terms in force at its end ask for, and what leads in it were counted for by others.
func (j *judging) demanded(w span) []slot {
	all := map[slot]bool{}
	for s := range j.slots[j.inForceAt(w.to.Add(-time.Nanosecond))] {
		all[s] = true
	}
	for at, counts := range j.counts {
		owed := func(n sla.Count) bool {
			_, asked := j.asked(at.slot, n.Revision)
			return asked && n.Met+n.Missed+n.Open > 0
		}
		if at.week == w.period && slices.ContainsFunc(counts, owed) {
			all[at.slot] = true
		}
	}
	if p, ok := j.pace(w.period, j.ended(w)); ok {
		revision, _ := j.termsOf(p.Revision)
		if _, asked := j.slots[revision][volumeSlot]; asked {
			all[volumeSlot] = true // the month that ended owes it, whatever the next one does
		}
	}
	return inOrder(all)
}

// inOrder sorts rows as the terms show them: by clause, then by tier.
func inOrder(all map[slot]bool) []slot {
	slots := make([]slot, 0, len(all))
	for s := range all {
		slots = append(slots, s)
	}
	slices.SortFunc(slots, func(a, b slot) int {
		return cmp.Or(order(a.clause)-order(b.clause), cmp.Compare(a.tier, b.tier))
	})
	return slots
}

// order of clauses; the agreement as a whole comes first.
func order(c sla.Clause) int { return slices.Index(sla.Clauses, c) }

// inForceAt is the revision that was in force at a time; the first one before that.
func (j *judging) inForceAt(t time.Time) string {
	in := j.InForce
	for i, s := range slices.Backward(j.Spells) {
		if _, known := j.Book[s.Revision]; known && (i == 0 || !s.From.After(t)) {
			return s.Revision
		}
	}
	return in
}

// termsAt a time.
func (j *judging) termsAt(t time.Time) *sla.Compiled { return j.Book[j.inForceAt(t)] }

// termsOf a revision; those in force, and a note, when it is not known.
func (j *judging) termsOf(revision string) (string, *sla.Compiled) {
	if c, known := j.Book[revision]; known {
		return revision, c
	}
	j.note("the terms %q, by which leads were counted, are not known: they are judged by those in force, %q", revision, j.InForce)
	return j.InForce, j.terms
}

// asked is the target of a row by the terms of a revision, else by those in force; false when neither has it.
func (j *judging) asked(s slot, revision string) (target int, ok bool) {
	revision, _ = j.termsOf(revision)
	if target, ok = j.slots[revision][s]; !ok {
		target, ok = j.slots[j.InForce][s]
	}
	return target, ok
}

// newRow of a clause in a period, without a verdict.
func newRow(c *sla.Compiled, s slot, period sla.Period) sla.Row {
	return sla.Row{
		Clause: s.clause, Tier: s.tier, Party: s.clause.Party(), Period: period, Verdict: sla.VerdictInsufficientData, Indicator: sla.Grey,
		EnforcedBy: s.clause.EnforcedBy(), Enforcement: c.Enforcement(s.clause), Review: s.clause.Review(),
	}
}
