// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

var volumeSlot = slot{clause: sla.ClauseVolume}

// volume judges the MQLs of a closed week: the month that ended in it for good, else the current one by its pace at the week's end.
func (j *judging) volume(w span) (sla.Row, bool) {
	month, at := sla.MonthOf(w.to.Add(-time.Nanosecond), j.zone), w.to
	if p, ok := j.pace(w.period, j.ended(w)); ok {
		return j.volumeRow(p, w.to)
	}
	if p, ok := j.pace(w.period, month); ok {
		return j.volumeRow(p, at)
	}
	row := newRow(j.termsAt(at.Add(-time.Nanosecond)), volumeSlot, month)
	target := j.slots[j.inForceAt(at.Add(-time.Nanosecond))][volumeSlot]
	row.Total, row.Actual, row.Target = int64(target), "not counted", fmt.Sprintf("%d MQLs a month", target)
	return row, target > 0
}

// ended is the month that ended in a week; empty when none did. One that ends with the week has ended in it.
func (j *judging) ended(w span) sla.Period {
	month := sla.MonthOf(w.from, j.zone)
	if _, ends, err := month.Bounds(j.zone); err == nil && !ends.After(w.to) {
		return month
	}
	return ""
}

func (j *judging) pace(week, month sla.Period) (sla.Pace, bool) {
	for _, p := range j.Paces {
		if p.Week == week && p.Month == month {
			return p, true
		}
	}
	return sla.Pace{}, false
}

// volumeRow judges the MQLs of a month against what is due of the target at the given time, by business time. False when the terms of the
// month ask for none.
func (j *judging) volumeRow(p sla.Pace, at time.Time) (sla.Row, bool) {
	revision, c := j.termsOf(p.Revision)
	target, asked := j.slots[revision][volumeSlot]
	from, to, err := p.Month.Bounds(j.zone)
	if !asked || err != nil {
		return sla.Row{}, false
	}
	row := newRow(c, volumeSlot, p.Month)
	row.Target = fmt.Sprintf("%d MQLs a month", target)
	begin, whole := from, seconds(c, from, to)
	if p.From.After(from) {
		begin = p.From
		part := seconds(c, begin, to)
		if whole > 0 {
			target = int((int64(target)*part + whole - 1) / whole)
		}
		row.Target = fmt.Sprintf("%d MQLs from %s (%s)", target, begin.In(j.zone).Format("2 January"), row.Target)
		whole = part
	}
	row.Met, row.Total = p.MQLs, int64(target)
	row.Actual = fmt.Sprintf("%d of %d MQLs", row.Met, row.Total)
	severe, yellow := c.SevereVolumePercent(), 100-c.YellowWithin()
	if !at.Before(to) {
		grade(&row, row.Met >= row.Total, 100*row.Met >= yellow*row.Total, sla.VerdictMissed)
		row.Severe = row.Verdict == sla.VerdictMissed && 100*row.Met < severe*row.Total
		return row, true
	}
	passed := seconds(c, begin, at)
	due := row.Total * passed // met / target >= passed / whole, in whole numbers
	grade(&row, row.Met*whole >= due, 100*row.Met*whole >= yellow*due, sla.VerdictAtRisk)
	if whole > 0 { // at the beginning of a month nothing may be due, and no lead is on pace
		row.Actual += fmt.Sprintf(" where %d were due", (due+whole-1)/whole)
	}
	if row.Verdict == sla.VerdictMet {
		return row, true
	}
	if 2*passed >= whole && 100*row.Met*whole < severe*due {
		row.Verdict, row.Severe = sla.VerdictMissed, true
	}
	return row, true
}

// seconds of business time.
func seconds(c *sla.Compiled, from, to time.Time) int64 {
	return int64(c.Hours().Elapsed(from, to) / time.Second)
}
