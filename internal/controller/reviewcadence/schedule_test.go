// SPDX-License-Identifier: Apache-2.0

package reviewcadence

import (
	"strings"
	"testing"
	"time"
)

func TestParseSchedule(t *testing.T) {
	now := time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC)
	tests := map[string]struct{ schedule, want string }{
		"weekly":           {"0 9 * * MON", ""},
		"quarterly":        {"0 10 5 1,4,7,10 *", ""},
		"every minute":     {"* * * * *", ""},
		"leap day":         {"0 0 29 2 *", ""},
		"bad hour":         {"0 25 * * *", `hour "25"`},
		"bad weekday":      {"0 9 * * MOO", `day of the week "MOO"`},
		"four fields":      {"0 9 * *", "has 4 fields"},
		"six fields":       {"0 0 9 * * MON", "has 6 fields"},
		"descriptor":       {"@weekly  ", "has 1 fields"},
		"zone of its own":  {"TZ=UTC 0 9 * * MON", "has 6 fields"},
		"zone for a field": {"TZ=UTC 9 * * MON", `minute "TZ=UTC"`},
		"never":            {"0 9 31 2 *", "no such date"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseSchedule(tc.schedule, now)
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

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
			schedule, err := parseSchedule("0 9 * * MON", now)
			if err != nil {
				t.Fatal(err)
			}
			if got := nextRun(schedule, now, zone).Format(time.RFC3339); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
