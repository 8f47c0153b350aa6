// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/handoff-sla/handoff/internal/sla"
)

// pooledWeeks is how many weeks in a row with too few leads are judged as one sample.
const pooledWeeks = 4

// sample are the leads of a row, with what the terms ask of them: each lead by the terms that it was counted by.
type sample struct {
	met, total, open, atRisk, contacted int64
	due                                 int64 // sum of the target in percent over the leads
	near                                int64 // the same of the least that is still yellow
	least                               int64 // that are needed to be judged
	severe                              int64 // sum of the percent below which a miss is severe
	targets                             []targeted
	times                               sla.Times
}

// targeted are the leads that one target is for.
type targeted struct{ percent, leads int64 }

func (j *judging) sampleOf(s slot, counts []sla.Count) sample {
	var out sample
	for _, n := range counts {
		_, c := j.termsOf(n.Revision)
		target, asked := j.asked(s, n.Revision)
		if !asked {
			continue // nobody owes it
		}
		leads := n.Met + n.Missed
		out.met += n.Met
		out.total += leads
		out.open += n.Open
		out.atRisk += n.AtRisk
		out.contacted += max(n.Contacted, n.Met) // who was contacted in time was contacted
		out.due += int64(target) * leads
		out.near += (int64(target) - c.YellowWithin()) * leads
		out.least = max(out.least, c.MinimumSample())
		out.severe += c.SevereContactedPercent() * leads
		out.times = together(out.times, n.Times)
		if leads > 0 {
			out.add(int64(target), leads)
		}
	}
	return out
}

func (s *sample) add(percent, leads int64) {
	for i := range s.targets {
		if s.targets[i].percent == percent {
			s.targets[i].leads += leads
			return
		}
	}
	s.targets = append(s.targets, targeted{percent, leads})
}

// together is how long the leads of two samples waited. Numbers add up; of the median and the ninth decile only a bound is known: they were
// no longer than the longer ones.
func together(a, b sla.Times) sla.Times {
	return sla.Times{
		Leads: a.Leads + b.Leads, Within5m: a.Within5m + b.Within5m, Within15m: a.Within15m + b.Within15m,
		Median: max(a.Median, b.Median), P90: max(a.P90, b.P90),
	}
}

// share judges the share of leads that met a clause.
func (j *judging) share(s slot, w span, counts []sla.Count) sla.Row {
	inForce := j.inForceAt(w.to.Add(-1))
	n := j.sampleOf(s, counts)
	row := newRow(j.Book[inForce], s, w.period)
	row.Met, row.Total, row.Open, row.AtRisk, row.Contacted, row.Times = n.met, n.total, n.open, n.atRisk, n.contacted, n.times
	target, _ := j.asked(s, inForce)
	percent := int64(target)
	row.Target = fmt.Sprintf("%d%%", percent)
	if n.total > 0 {
		percent, row.Target = n.asked()
	}
	row.Actual = sla.FormatShare(n.met, n.total, int(percent))
	if n.total < max(n.least, 1) {
		return row
	}
	// Whole numbers on both sides: 89.6 % is below a target of 90 %.
	grade(&row, 100*n.met >= n.due, 100*n.met >= n.near, sla.VerdictMissed)
	return row
}

// asked is the target of the sample, rounded up, and in words: where leads of several terms were counted together, what each asked for.
func (s *sample) asked() (percent int64, words string) {
	percent = (s.due + s.total - 1) / s.total
	if len(s.targets) == 1 {
		return percent, fmt.Sprintf("%d%%", percent)
	}
	slices.SortFunc(s.targets, func(a, b targeted) int { return int(a.percent - b.percent) })
	parts := make([]string, len(s.targets))
	for i, t := range s.targets {
		parts[i] = fmt.Sprintf("%d at %d%%", t.leads, t.percent)
	}
	exact := strconv.FormatFloat(float64(s.due*10/s.total)/10, 'f', -1, 64)
	return percent, fmt.Sprintf("%s%% (%s)", exact, strings.Join(parts, ", "))
}

func grade(row *sla.Row, met, near bool, short sla.Verdict) {
	switch {
	case met:
		row.Verdict, row.Indicator = sla.VerdictMet, sla.Green
	case near:
		row.Verdict, row.Indicator = short, sla.Yellow
	default:
		row.Verdict, row.Indicator = short, sla.Red
	}
}

// thinRun are weeks in a row with too few leads to be judged.
type thinRun struct {
	begun bool // after a week that was judged, so that it is known where it begins
	weeks [][]sla.Count
}

// pooled judges a week with too few leads together with the three before it, when those had too few as well. The next sample begins after it. Counts
// are not kept for ever: of a run that may have begun before the oldest of them, the samples are those that it has when it began with the
// agreement. So they stay the same while old weeks fall away.
func (j *judging) pooled(s slot, w span, row sla.Row, thin map[slot]thinRun) (sla.Row, []sla.Count) {
	own, run := j.counts[place{s, w.period}], thin[s]
	if len(run.weeks) == 0 && !run.begun && !j.beginsSample(w) {
		return row, own
	}
	run.weeks = append(run.weeks, own)
	if len(run.weeks) < pooledWeeks {
		thin[s] = run
		return row, own
	}
	all := slices.Concat(run.weeks...)
	run.weeks = nil
	thin[s] = run
	together := j.share(s, w, all)
	if together.Verdict == sla.VerdictInsufficientData {
		return row, own
	}
	together.Open, together.AtRisk = row.Open, row.AtRisk
	together.Actual = fmt.Sprintf("%s in four weeks)", strings.TrimSuffix(together.Actual, ")"))
	return together, all
}

// beginsSample says whether a sample of four weeks begins with the given one when they are counted from the go-live on.
func (j *judging) beginsSample(w span) bool {
	oldest := j.spanOf(j.oldest)
	if w.from.Before(oldest.from) {
		return false // what was counted in it is not known any more
	}
	if j.goLive.IsZero() || !oldest.from.After(j.goLive) {
		return true
	}
	since := w.from.Sub(j.spanOf(sla.WeekOf(j.goLive, j.zone)).from)
	return int((since+day)/(7*day))%pooledWeeks == 0 // a day more: an hour may be missing
}

// markSevere marks the misses of the first contact when too few of the leads were contacted at all, over all tiers.
func (j *judging) markSevere(rows []sla.Row, bases map[slot][]sla.Count) {
	var all sample
	for s, counts := range bases {
		if s.clause == sla.ClauseFirstContact {
			n := j.sampleOf(s, counts)
			all.total += n.total
			all.contacted += n.contacted
			all.severe += n.severe
			all.least = max(all.least, n.least)
		}
	}
	if all.total < max(all.least, 1) || 100*all.contacted >= all.severe {
		return
	}
	for i := range rows {
		if rows[i].Clause == sla.ClauseFirstContact && rows[i].Verdict == sla.VerdictMissed {
			rows[i].Severe = true
			rows[i].Actual = fmt.Sprintf("%s, %d of %d contacted at all)", strings.TrimSuffix(rows[i].Actual, ")"), all.contacted, all.total)
		}
	}
}
