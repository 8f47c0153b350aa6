// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Types of reviews: which periods they look at.
const (
	Operational = "Operational" // weeks
	Performance = "Performance" // months
	Strategic   = "Strategic"   // quarters
)

// heldWithin is how long after its schedule a review is held at the latest, where the cadence does not say.
var heldWithin = map[string]time.Duration{Operational: 4 * day, Performance: 10 * day, Strategic: 21 * day}

const day = 24 * time.Hour

// Schedule of a review.
type Schedule interface {
	Next(after time.Time) time.Time // zero: never again
}

// Meeting is a review that recurs, and what was recorded of it.
type Meeting struct {
	Name       string
	Type       string // Operational, Performance or Strategic
	Schedule   Schedule
	HeldWithin time.Duration // zero: the default of its type
	Records    []Record
}

// Record of a review that was held.
type Record struct {
	Period sla.Period
	Held   time.Time // any instant of the day on which it was
	By     []sla.Party
}

// anotherClock is by how much a stamp may be later than the ledger's now, which stays within the week that is open, before it is of another clock.
const anotherClock = 7 * day

// ReviewsFrom is since when reviews are owed: the go-live, or when the cadence was made, if that was later. Nobody knew before of a review that was
// to be held. A stamp that the ledger's clock has not come near to is of another clock, and says nothing.
func ReviewsFrom(goLive, made, now time.Time) time.Time {
	if made.After(now.Add(anotherClock)) {
		return goLive
	}
	return later(goLive, made)
}

// DueReviews are the reviews that a meeting's schedule asks for: of each time that came since `from`, and of the next one, so that a date ahead
// is known as well. Each looks at the newest period that is over; a schedule that comes more often than its periods end asks
// for one review of each, the first time. A period that was over at `from` is none of the agreement. A record dated later than now
// does not count yet.
func DueReviews(m Meeting, from, now time.Time, zone *time.Location) []Review {
	within := m.HeldWithin
	if within == 0 {
		within = heldWithin[m.Type]
	}
	var reviews []Review
	for at := from.Add(-time.Nanosecond); ; {
		run := m.Schedule.Next(at.In(zone))
		if run.IsZero() {
			return reviews
		}
		current := periodOf(m.Type, run, zone)
		begins, ends, err := current.Bounds(zone)
		if err != nil {
			return reviews
		}
		// The same period is over until the current one ends.
		at = ends.Add(-time.Nanosecond)
		if !begins.After(from) {
			continue
		}
		review := Review{Name: m.Name, Period: current.Before(), Due: run.Add(within).UTC()}
		review.Held = m.held(review.Period, begins, now)
		reviews = append(reviews, review)
		if run.After(now) {
			return reviews
		}
	}
}

func periodOf(kind string, at time.Time, zone *time.Location) sla.Period {
	switch kind {
	case Performance:
		return sla.MonthOf(at, zone)
	case Strategic:
		return sla.QuarterOf(at, zone)
	default:
		return sla.WeekOf(at, zone)
	}
}

// held is when both parties held the review of a period, which was over by then; zero when they did not.
func (m Meeting) held(period sla.Period, over, now time.Time) time.Time {
	for _, r := range m.Records {
		both := slices.Contains(r.By, sla.PartyMarketing) && slices.Contains(r.By, sla.PartySales)
		if r.Period == period && both && !r.Held.Before(over) && !r.Held.After(now) {
			return r.Held
		}
	}
	return time.Time{}
}

// fieldNames of a schedule, in order.
var fieldNames = []string{"minute", "hour", "day of the month", "month", "day of the week"}

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// ParseSchedule reads a schedule of five fields as the CronJob controller does. The error names the field. A schedule that never comes, such as
// 30 February, is an error: nobody would ever notice that a review is not held.
func ParseSchedule(text string, now time.Time) (Schedule, error) {
	fields := strings.Fields(text)
	if len(fields) != len(fieldNames) {
		return nil, fmt.Errorf("%q has %d fields and not the five: %s", text, len(fields), strings.Join(fieldNames, ", "))
	}
	for i, field := range fields {
		alone := []string{"*", "*", "*", "*", "*"}
		alone[i] = field
		if _, err := parser.Parse(strings.Join(alone, " ")); err != nil {
			return nil, fmt.Errorf("%s %q: %w", fieldNames[i], field, err)
		}
	}
	schedule, err := parser.Parse(strings.Join(fields, " "))
	if err != nil {
		return nil, err
	}
	if schedule.Next(now).IsZero() {
		return nil, errors.New("no such date comes in the next five years")
	}
	return schedule, nil
}
