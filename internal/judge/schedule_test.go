// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/judge"
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
			_, err := judge.ParseSchedule(tc.schedule, now)
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}
