// SPDX-License-Identifier: Apache-2.0

package reviewcadence

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// fieldNames of a schedule, in order.
var fieldNames = []string{"minute", "hour", "day of the month", "month", "day of the week"}

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// parseSchedule reads a schedule of five fields as the CronJob controller does. The error names the field. A schedule that never comes, such as
// 30 February, is an error: nobody would ever notice that a review is not held.
func parseSchedule(text string, now time.Time) (cron.Schedule, error) {
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

// nextRun of a schedule in a time zone.
func nextRun(schedule cron.Schedule, now time.Time, zone *time.Location) time.Time {
	return schedule.Next(now.In(zone)).UTC()
}
