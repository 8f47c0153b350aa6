// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"strings"
	"testing"
)

// A region of holidays is known or an error at its line; with one, nobody is told to list the holidays.
func TestHolidays(t *testing.T) {
	for region, want := range map[string]string{
		"us":    "",
		"uk":    `"uk" is no region whose public holidays are known; write gb, gb-eng or gb-wls`,
		"us-ny": `"us-ny" is no region whose public holidays are known; write us`,
	} {
		text := replace(t, read(t, "no-exceptions"), "timeZone:", "holidays: "+region+"\n      timeZone:")
		report, err := lintText(t, text)
		if err != nil {
			t.Fatal(err)
		}
		found, advised := "", false
		for _, f := range report.Findings {
			if f.Path == "spec.terms.calendar.holidays" && f.Rule == "invalid-terms" {
				found = f.Message
			}
			advised = advised || f.Rule == "no-exceptions"
		}
		if !strings.Contains(found, want) || (want == "" && found != "") || advised {
			t.Errorf("%s: lint says %q (no-exceptions: %v), want %q; all: %v", region, found, advised, want, brief(report))
		}
	}
}
