// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// stretch is a period with its bounds.
type stretch struct {
	kind     review.Kind
	period   sla.Period
	from, to time.Time
	zone     *time.Location
}

func stretchOf(kind review.Kind, period sla.Period, zone *time.Location) (stretch, error) {
	from, to, err := period.Bounds(zone)
	return stretch{kind: kind, period: period, from: from, to: to, zone: zone}, err
}

// weeks that ended within the period: each week belongs to one month and one quarter.
func (s stretch) weeks() []sla.Period {
	var all []sla.Period
	for week := sla.WeekOf(s.from, s.zone); ; week = week.Next() {
		_, end, err := week.Bounds(s.zone)
		if err != nil || end.After(s.to) {
			return all
		}
		if end.After(s.from) {
			all = append(all, week)
		}
	}
}

// months of a month or a quarter; none of a week.
func (s stretch) months() []sla.Period {
	if s.kind == review.Operational {
		return nil
	}
	var all []sla.Period
	last := sla.MonthOf(s.to.Add(-time.Nanosecond), s.zone)
	for month := sla.MonthOf(s.from, s.zone); month <= last; month = month.Next() {
		all = append(all, month)
	}
	return all
}

// current is the period of a kind that an instant lies in.
func current(kind review.Kind, at time.Time, zone *time.Location) (sla.Period, error) {
	switch kind {
	case review.Operational:
		return sla.WeekOf(at, zone), nil
	case review.Performance:
		return sla.MonthOf(at, zone), nil
	case review.Strategic:
		return sla.QuarterOf(at, zone), nil
	default:
		return "", fmt.Errorf("%q is no type of review; it should be %s, %s or %s", kind, review.Operational, review.Performance, review.Strategic)
	}
}

// closedPeriods are the last ones of a kind that are over at an instant and have data, the oldest first.
func closedPeriods(kind review.Kind, now time.Time, zone *time.Location, limit int, withData []sla.Period) ([]stretch, error) {
	period, err := current(kind, now, zone)
	if err != nil {
		return nil, err
	}
	var due []stretch
	for range limit {
		period = period.Before()
		s, err := stretchOf(kind, period, zone)
		if err != nil {
			return nil, err
		}
		if s.hasData(withData) {
			due = append(due, s)
		}
	}
	slices.Reverse(due)
	return due, nil
}

// hasData says whether anything was judged in the period, a week that ended in it, or a month of it.
func (s stretch) hasData(periods []sla.Period) bool {
	own := append(s.weeks(), s.months()...)
	return slices.ContainsFunc(periods, func(p sla.Period) bool { return slices.Contains(own, p) })
}
