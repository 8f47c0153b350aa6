// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// The levels: the weekly meeting, both owners, the executive.
const (
	levelMeeting   = 1
	levelOwners    = 2
	levelExecutive = 3
)

// metToClear is how many met weeks in a row end an escalation to the executive.
const metToClear = 2

// ladder is how far the misses of a clause have been escalated.
type ladder struct {
	clause     sla.Clause
	level      int
	since      time.Time // end of the first missed week
	levelSince time.Time
	reached    int      // index of the week that raised it to level 2
	run        []missed // weeks in a row that were missed, the oldest first
	last       missed   // the newest one that was missed
	severe     *missed  // the newest one that was missed by far
	met        int      // weeks in a row that were met
	metIn      missed   // the newest one that was met
	steps      []Step
}

// missed is a row with the index of its week.
type missed struct {
	index int
	week  sla.Period
	row   sla.Row
}

// climb takes every clause through the closed weeks.
func (j *judging) climb(weeks []Week) map[sla.Clause]*ladder {
	ladders := map[sla.Clause]*ladder{}
	for i, week := range weeks {
		w := j.spanOf(week.Period)
		terms := j.termsAt(w.to.Add(-time.Nanosecond))
		for _, row := range week.Rows {
			if ladders[row.Clause] == nil {
				ladders[row.Clause] = &ladder{clause: row.Clause}
			}
		}
		for clause, l := range ladders {
			if !owes(terms, clause) {
				l.drop(j.droppedAt(clause, w.to))
				continue
			}
			if row, ok := week.Verdict(clause); ok {
				l.take(missed{i, week.Period, row}, w.to, terms.ConsecutiveMisses())
			}
			if l.level == levelOwners && i-l.reached >= terms.UnresolvedWeeks() {
				l.rise(levelExecutive, w.to)
			}
		}
	}
	for clause, l := range ladders {
		if l.level > 0 && !owes(j.terms, clause) {
			j.note("the terms in force no longer ask for %s: its escalation of level %d ended with that", clause, l.level)
			l.drop(j.droppedAt(clause, j.open.to))
		}
	}
	return ladders
}

// droppedAt is when the terms that do not ask for a clause came into force, of those in force just before the given time.
func (j *judging) droppedAt(clause sla.Clause, by time.Time) time.Time {
	at := j.spanOf(sla.WeekOf(by.Add(-time.Nanosecond), j.zone)).from
	for _, s := range slices.Backward(j.Spells) {
		if !s.From.Before(by) {
			continue
		}
		if c, known := j.Book[s.Revision]; known && owes(c, clause) {
			break
		}
		at = s.From
	}
	return at
}

// take the verdict on one closed week, which ended at the given time. Weeks that were neither met nor missed change nothing.
func (l *ladder) take(m missed, at time.Time, consecutive int) {
	switch m.row.Verdict {
	case sla.VerdictMissed:
		l.run, l.last, l.met = append(l.run, m), m, 0
		if m.row.Severe {
			l.severe = &m
		}
		if l.level == 0 {
			l.since = at
		}
		switch {
		case l.level < levelOwners && (m.row.Severe || len(l.run) >= consecutive):
			l.reached = m.index
			l.rise(levelOwners, at)
		case l.level == 0:
			l.rise(levelMeeting, at)
		}
	case sla.VerdictMet:
		l.run, l.metIn = nil, m
		l.met++
		if l.level > 0 && (l.level < levelExecutive || l.met >= metToClear) {
			l.clear(at)
		}
	default:
	}
}

func (l *ladder) rise(level int, at time.Time) {
	l.level, l.levelSince = level, at
	l.steps = append(l.steps, Step{Clause: l.clause, Level: level, At: at, Reason: l.reason()})
}

func (l *ladder) clear(at time.Time) {
	l.steps = append(l.steps, Step{Clause: l.clause, At: at, Reason: l.resolved()})
	l.level, l.since, l.levelSince, l.severe, l.met = 0, time.Time{}, time.Time{}, nil, 0
}

// drop ends the escalation of a clause that is not owed any more.
func (l *ladder) drop(at time.Time) {
	if l.level > 0 {
		l.steps = append(l.steps, Step{Clause: l.clause, At: at, Reason: "the terms in force since then no longer ask for it"})
	}
	*l = ladder{clause: l.clause, steps: l.steps}
}

// disputed says whether there is a dispute that concerns the given time, and about what.
func (j *judging) disputed() (sla.Clause, bool) {
	d := j.Dispute
	switch {
	case d == nil:
		return "", false
	case d.At.After(j.Now):
		j.note("the dispute raised by %s is dated %s, which has not come: it counts from then on", d.RaisedBy, d.At.UTC().Format(time.RFC3339))
		return "", false
	case !d.Resolved.IsZero() && d.Resolved.Before(d.At):
		j.note("the dispute raised by %s is resolved with a date before it was raised: it counts as open until the date is mended", d.RaisedBy)
	case d.Resolved.After(j.Now):
		j.note("the dispute raised by %s is resolved with the date %s, which has not come: it is open until then",
			d.RaisedBy, d.Resolved.UTC().Format(time.RFC3339))
	}
	return cmp.Or(d.Clause, ClauseTerms), true
}

// settledAt is when the dispute ended; false while it is open.
func (j *judging) settledAt() (time.Time, bool) {
	d := j.Dispute
	if d.Resolved.IsZero() || d.Resolved.Before(d.At) || d.Resolved.After(j.Now) {
		return time.Time{}, false
	}
	return d.Resolved, true
}

// steps of all clauses, with the dispute's: while it is open, its clause is with the executive, whatever its weeks say.
func (j *judging) steps(ladders map[sla.Clause]*ladder) []Step {
	about, disputed := j.disputed()
	if disputed && ladders[about] == nil {
		ladders[about] = &ladder{clause: about}
	}
	var all []Step
	for clause, l := range ladders {
		if disputed && clause == about {
			all = append(all, j.withDispute(l)...)
		} else {
			all = append(all, l.steps...)
		}
	}
	slices.SortStableFunc(all, func(a, b Step) int {
		return cmp.Or(a.At.Compare(b.At), order(a.Clause)-order(b.Clause))
	})
	return all
}

func (j *judging) withDispute(l *ladder) []Step {
	type change struct {
		Step
		raised, settled bool
	}
	var changes []change
	for _, s := range l.steps {
		changes = append(changes, change{Step: s})
	}
	d := j.Dispute
	changes = append(changes, change{Step: Step{Clause: l.clause, Level: levelExecutive, At: d.At, Reason: d.words()}, raised: true})
	if at, ok := j.settledAt(); ok {
		changes = append(changes, change{Step: Step{Clause: l.clause, At: at, Reason: d.settled()}, settled: true})
	}
	slices.SortStableFunc(changes, func(a, b change) int { return a.At.Compare(b.At) })
	var out []Step
	own, open, shown := 0, false, 0
	for _, c := range changes {
		switch {
		case c.raised:
			open = true
		case c.settled:
			open = false
		default:
			own = c.Level
		}
		level := own
		if open {
			level = levelExecutive
		}
		if level != shown {
			c.Level = level
			out = append(out, c.Step)
		}
		shown = level
	}
	return out
}

// escalations that are open, the highest first.
func (j *judging) escalations(ladders map[sla.Clause]*ladder) []Escalation {
	about, disputed := j.disputed()
	if disputed {
		_, settled := j.settledAt()
		disputed = !settled
	}
	var out []Escalation
	for _, clause := range slices.SortedFunc(maps.Keys(ladders), func(a, b sla.Clause) int { return order(a) - order(b) }) {
		l := ladders[clause]
		contested := disputed && clause == about
		if l.level == 0 && !contested {
			continue
		}
		e := Escalation{
			Clause: clause, Level: l.level, Since: l.since, LevelSince: l.levelSince, Week: l.last.week,
			Due: j.riseAt(l), Clears: l.clears(), Remediations: j.plans(clause),
		}
		if l.level > 0 {
			e.Reason = l.reason()
		}
		if contested {
			j.contest(&e)
		}
		e.Owners = j.owners(clause, e.Level)
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b Escalation) int { return b.Level - a.Level })
	return out
}

// contest puts the dispute on top of what the weeks say.
func (j *judging) contest(e *Escalation) {
	d := j.Dispute
	if e.Level < levelExecutive {
		e.LevelSince = d.At
	}
	if e.Level == 0 || d.At.Before(e.Since) {
		e.Since = d.At
	}
	clears := "the executive resolves the dispute"
	if e.Level > 0 {
		e.Reason = d.words() + "; besides: " + e.Reason
		clears += "; what was missed stays open beside it"
	} else {
		e.Reason = d.words()
	}
	e.Level, e.Due, e.Clears, e.Reason = levelExecutive, time.Time{}, clears, clip(e.Reason, maxReason)
}

// owes says whether terms ask for a clause.
func owes(c *sla.Compiled, clause sla.Clause) bool {
	switch owed := c.Terms().Governance; clause {
	case sla.ClauseReviewsHeld:
		return owed.ReviewsHeld != ""
	case sla.ClauseDefinitionRefresh:
		return owed.DefinitionRefresh != ""
	default:
		return slices.ContainsFunc(c.Demands(), func(d sla.Demand) bool { return d.Clause == clause })
	}
}

// riseAt is when an escalation goes up unless it is resolved: at the earliest, since only weeks that can be judged count; zero at level 3.
func (j *judging) riseAt(l *ladder) time.Time {
	switch l.level {
	case levelMeeting:
		return j.nextMiss(l.clause, max(j.terms.ConsecutiveMisses()-len(l.run), 1))
	case levelOwners:
		return weeksAfter(l.levelSince, j.terms.UnresolvedWeeks(), j.zone)
	default:
		return time.Time{}
	}
}

// nextMiss is the end of the week in which a clause could have been missed so many times more.
func (j *judging) nextMiss(clause sla.Clause, times int) time.Time {
	switch clause {
	case sla.ClauseDefinitionRefresh:
		quarter := sla.QuarterOf(j.open.from, j.zone)
		for range times - 1 {
			quarter = quarter.Next()
		}
		_, ends, _ := quarter.Bounds(j.zone)
		return j.spanOf(sla.WeekOf(ends.Add(-time.Nanosecond), j.zone)).to
	case sla.ClauseReviewsHeld:
		var next time.Time
		for _, r := range j.Reviews {
			if r.Held.IsZero() && !r.Due.Before(j.open.from) && (next.IsZero() || r.Due.Before(next)) {
				next = r.Due
			}
		}
		if !next.IsZero() && times <= 1 {
			return j.spanOf(sla.WeekOf(next, j.zone)).to
		}
	default:
	}
	return weeksAfter(j.open.from, times, j.zone)
}

// weeksAfter the end of a week: a number of weeks by the calendar, whatever the clocks do meanwhile.
func weeksAfter(at time.Time, weeks int, zone *time.Location) time.Time {
	week := sla.WeekOf(at, zone)
	for range weeks {
		week = week.Next()
	}
	from, _, _ := week.Bounds(zone)
	return from
}

// owners of an escalation: who owes the clause, then both, then the executive; both where nobody is named as one.
func (j *judging) owners(clause sla.Clause, level int) []string {
	p := j.terms.Terms().Parties
	both := []string{p.Marketing.Owner, p.Sales.Owner}
	if both[0] == both[1] {
		both = both[:1]
	}
	switch party := clause.Party(); {
	case level == levelExecutive && p.Executive != nil:
		return []string{p.Executive.Owner}
	case level == levelMeeting && party == sla.PartyMarketing:
		return []string{p.Marketing.Owner}
	case level == levelMeeting && party == sla.PartySales:
		return []string{p.Sales.Owner}
	default:
		return both
	}
}

// plans for a clause that are not done.
func (j *judging) plans(clause sla.Clause) []string {
	var names []string
	for _, r := range j.Remediations {
		if r.Clause == clause && r.Done == "" {
			names = append(names, r.Name)
		}
	}
	return names
}
