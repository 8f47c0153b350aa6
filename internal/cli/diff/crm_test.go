// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hubSpot = "../../../../docs/examples/slacontract-hubspot.yaml" // from testdata

// What is said of the CRM changes without a signature, and each change is a line in the words of who reads it.
func TestLinesOfTheCRM(t *testing.T) {
	for name, c := range map[string]struct{ edits, want []string }{
		"a status":     {[]string{"{status: Nurture, value: BAD_TIMING}", "{status: Nurture, value: LATER}"}, []string{"CRM, status Nurture: in the CRM BAD_TIMING -> LATER"}},
		"a field":      {[]string{"    statuses:", "    fields: {score: points}\n    statuses:"}, []string{"CRM: field of the score the default of the type -> points"}},
		"a stage":      {[]string{"    statuses:", "    stages: [{stage: SAL, value: \"4711\"}]\n    statuses:"}, []string{"CRM, stage SAL added: in the CRM 4711"}},
		"an activity":  {[]string{"at: recent_conversion_date", "at: last_form"}, []string{"CRM, activity FormSubmit: at recent_conversion_date -> last_form"}},
		"its property": {[]string{"field: hs_analytics_last_url", "field: url"}, []string{"CRM, property PageView/path: field hs_analytics_last_url -> url"}},
		"a dry run":    {[]string{"dryRun: false", "dryRun: true"}, []string{"CRM: writes are made -> are listed only: whether anything is written"}},
		"said or not":  {[]string{"    dryRun: false", "    #", "    pollEvery: 15s\n", "", "{after: 1m, limit: 3}", "{}", "    dailyPercent: 90\n", ""}, nil},
		"who is found": {
			[]string{"      matchBy: email", "      #"},
			[]string{"CRM: records found by email -> nothing: into which record a lead is written that came as an event"},
		},
		"intervals": {
			[]string{"pollEvery: 15s", "pollEvery: 1m", "{after: 1m, limit: 3}", "{after: 5m, limit: 9}", "dailyPercent: 90", "dailyPercent: 50"},
			[]string{
				"CRM: asked every 15s -> 1m", "CRM: set back after 1m -> 5m: how long there is to mend it",
				"CRM: set back at most, of a lead in 24 hours 3 -> 9",
				"CRM: uses up to 90% -> 50% of the requests of a day",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := sample(t, hubSpot), sample(t, hubSpot, c.edits...)
			o, err := Pair(&before, &after)
			if err != nil {
				t.Fatal(err)
			}
			if signed := o.Part(true); len(signed) != 0 {
				t.Errorf("signed: %v", signed)
			}
			if diff := cmp.Diff(c.want, lines(o.Part(false))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
