// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// LedgerNow is the time by the ledger's clock, as far as somebody else's and a measurement tell. Weeks are closed by the ledger's: whose clock is ahead
// of it or behind must neither close one nor open one again, and not before what was counted.
func LedgerNow(own time.Time, m slav1alpha1.SLAMeasurementStatus, zone *time.Location) time.Time {
	now := withinOpenWeek(own, sla.Period(m.ClosedThrough), zone)
	if m.AsOf != nil && (m.AsOf.After(now) || !now.Equal(own)) {
		return m.AsOf.Time // the other clock is off by a week or more: the counts know better
	}
	return now
}

// withinOpenWeek moves now into the week that follows the last one that is closed. What is no week moves nothing.
func withinOpenWeek(now time.Time, closedThrough sla.Period, zone *time.Location) time.Time {
	_, opened, err := closedThrough.Bounds(zone)
	if err != nil || !closedThrough.Week() {
		return now
	}
	if now.Before(opened) {
		return opened
	}
	_, closes, err := sla.WeekOf(opened, zone).Bounds(zone)
	if err != nil || now.Before(closes) {
		return now
	}
	return closes.Add(-time.Nanosecond)
}

// Spells of a measurement: which terms were in force since when, the oldest first.
func Spells(m slav1alpha1.SLAMeasurementStatus) []judge.Spell {
	out := make([]judge.Spell, 0, len(m.Spells))
	for _, s := range m.Spells {
		out = append(out, judge.Spell{From: s.From.Time, Revision: s.Revision})
	}
	return out
}
