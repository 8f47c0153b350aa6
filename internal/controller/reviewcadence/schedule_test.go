// SPDX-License-Identifier: Apache-2.0

package reviewcadence

import (
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/judge"
)

func TestNextRunInTheZone(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ now, want string }{
		"winter":                    {"2027-01-14T15:00:00Z", "2027-01-18T14:00:00Z"},
		"over the change of clocks": {"2027-03-12T15:00:00Z", "2027-03-15T13:00:00Z"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, tc.now)
			if err != nil {
				t.Fatal(err)
			}
			schedule, err := judge.ParseSchedule("0 9 * * MON", now)
			if err != nil {
				t.Fatal(err)
			}
			if got := nextRun(schedule, now, zone).Format(time.RFC3339); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
