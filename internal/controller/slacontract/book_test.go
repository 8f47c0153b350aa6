// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/controller/ratify"
)

// Which terms were in force since which day of January, by their revisions.
func TestSpells(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2027, 1, n, 0, 0, 0, 0, time.UTC) }
	revision := func(number int64, since, from int) ratify.Revision {
		r := ratify.Revision{Name: fmt.Sprint("r", number), Number: number, Since: day(since)}
		if from > 0 {
			r.EffectiveFrom = day(from)
		}
		return r
	}
	for name, tc := range map[string]struct {
		revisions []ratify.Revision
		golive    int
		want      string
	}{
		"one":                           {[]ratify.Revision{revision(1, 2, 0)}, 1, "r1@2"},
		"a definition that came later":  {[]ratify.Revision{revision(1, 2, 0)}, 5, "r1@5"},
		"one after the other":           {[]ratify.Revision{revision(2, 9, 0), revision(1, 2, 0)}, 1, "r1@2 r2@9"},
		"both before the definition":    {[]ratify.Revision{revision(1, 2, 0), revision(2, 4, 0)}, 5, "r2@5"},
		"by its date":                   {[]ratify.Revision{revision(1, 2, 0), revision(2, 4, 12)}, 1, "r1@2 r2@12"},
		"one to come":                   {[]ratify.Revision{revision(1, 2, 0), revision(2, 4, 30)}, 1, "r1@2"},
		"overtaken before its own date": {[]ratify.Revision{revision(1, 2, 0), revision(2, 4, 12), revision(3, 6, 0)}, 1, "r1@2 r3@6"},
		"a manager's clock a year slow": {[]ratify.Revision{revision(1, 400, 0)}, 1, "r1@400"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, s := range spells(tc.revisions, day(tc.golive), day(20)) {
				got = append(got, fmt.Sprintf("%s@%d", s.Revision, int(s.From.Sub(day(1)).Hours()/24)+1))
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
