// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"math"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Counts of a measurement.
func Counts(rows []slav1alpha1.MeasurementRow) []sla.Count {
	out := make([]sla.Count, 0, len(rows))
	for _, r := range rows {
		out = append(out, sla.Count{
			Clause: sla.Clause(r.Clause), Tier: r.Tier, Period: sla.Period(r.Period), Revision: r.Revision,
			Met: value(r.Met), Missed: value(r.Missed), Open: value(r.Open), AtRisk: value(r.AtRisk), Excused: value(r.Excused),
			Contacted: value(r.Contacted), Times: times(r.Times),
		})
	}
	return out
}

func times(t *slav1alpha1.ResponseTimes) sla.Times {
	if t == nil {
		return sla.Times{}
	}
	return sla.Times{
		Leads: value(t.Leads), Within5m: value(t.Within5m), Within15m: value(t.Within15m),
		Median: waited(t.Median), P90: waited(t.P90),
	}
}

// waited is a measured length of time; none that the pattern lets through fails to parse.
func waited(text slav1alpha1.WaitedFor) time.Duration {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return 0
	}
	return d
}

// weeks in a row; absent when there is none.
func weeks(n int) *int32 {
	if n == 0 {
		return nil
	}
	return new(int32(min(n, math.MaxInt32)))
}

// WaitedFor writes a measured length of time, in whole seconds.
func WaitedFor(d time.Duration) slav1alpha1.WaitedFor {
	return slav1alpha1.WaitedFor(d.Truncate(time.Second).String())
}

// Paces of a measurement.
func Paces(rows []slav1alpha1.MeasuredPace) []sla.Pace {
	out := make([]sla.Pace, 0, len(rows))
	for _, r := range rows {
		out = append(out, sla.Pace{
			Week: sla.Period(r.Week), Month: sla.Period(r.Month), MQLs: value(r.MQLs), Revision: r.Revision, From: moment(r.From),
		})
	}
	return out
}

// Scorecard is the judged rows as a contract's status shows them, worst first.
func Scorecard(rows []sla.Row) []slav1alpha1.ScorecardRow {
	out := make([]slav1alpha1.ScorecardRow, 0, len(rows))
	for _, r := range rows {
		out = append(out, slav1alpha1.ScorecardRow{
			Clause: string(r.Clause), Tier: r.Tier, Party: string(r.Party), Period: string(r.Period),
			Indicator: slav1alpha1.Indicator(r.Indicator), Verdict: slav1alpha1.Verdict(r.Verdict),
			Met: count(r.Met), Total: count(r.Total), Open: count(r.Open), AtRisk: count(r.AtRisk),
			Actual: r.Actual, Target: r.Target, EnforcedBy: r.EnforcedBy, Enforcement: slav1alpha1.EnforcementMode(r.Enforcement),
			Review: r.Review, MissedWeeks: weeks(r.MissedWeeks), Times: responseTimes(r.Times), Waiver: r.Waiver,
		})
	}
	return out
}

// responseTimes are absent where no lead was done.
func responseTimes(t sla.Times) *slav1alpha1.ResponseTimes {
	if t.Leads == 0 {
		return nil
	}
	return &slav1alpha1.ResponseTimes{
		Leads: count(t.Leads), Median: WaitedFor(t.Median), P90: WaitedFor(t.P90),
		Within5m: count(t.Within5m), Within15m: count(t.Within15m),
	}
}
