// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

var (
	ruleSchedule = define("invalid-schedule", Error, operator,
		"a review's schedule that does not parse, or never comes",
		"the operator sets Ready=False, InvalidSchedule; the review would never be held",
		"write five fields: minute, hour, day of the month, month, day of the week, such as 0 9 * * MON")
	ruleSeldom = define("review-seldom", Advice, framework,
		"an operational review that comes less often than weekly",
		"both teams report every week, ten to fifteen minutes over the numbers; escalation counts in weeks",
		"schedule it weekly, such as 0 9 * * MON")
)

const (
	week = 7 * 24 * time.Hour
	runs = 20 // of a schedule that are looked at
)

// checkSchedules as the CronJob controller reads them.
func (o *object) checkSchedules(now time.Time) {
	for i, r := range o.Cadence.Spec.Reviews {
		path := fmt.Sprintf("spec.reviews[%d].schedule", i)
		if o.failed(path) {
			continue
		}
		schedule, err := parseSchedule(r.Schedule, now)
		if err != nil {
			o.report(ruleSchedule, path, "review %q: %v", r.Name, err)
			continue
		}
		if gap := longestGap(schedule, now); r.Type == "Operational" && gap > week {
			o.report(ruleSeldom, path, "review %q is up to %d days apart", r.Name, int(gap.Hours()/24))
		}
	}
}

var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func parseSchedule(text string, now time.Time) (cron.Schedule, error) {
	if n := len(strings.Fields(text)); n != 5 {
		return nil, fmt.Errorf("%q has %d fields and not five", text, n)
	}
	schedule, err := cronParser.Parse(strings.Join(strings.Fields(text), " "))
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	if schedule.Next(now).IsZero() {
		return nil, fmt.Errorf("%q: no such date comes in the next five years", text)
	}
	return schedule, nil
}

// longestGap between runs to come, in UTC: no daylight saving makes one longer.
func longestGap(schedule cron.Schedule, now time.Time) time.Duration {
	longest := time.Duration(0)
	last := schedule.Next(now.UTC())
	for range runs {
		next := schedule.Next(last)
		if next.IsZero() {
			break
		}
		longest, last = max(longest, next.Sub(last)), next
	}
	return longest
}
