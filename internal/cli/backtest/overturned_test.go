// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// A rejection that is found void only after the lead came back was none for the hand-off before either, as in the workers.
func TestOverturnedAfterTheNextHandOff(t *testing.T) {
	terms, err := sla.Compile(sla.Terms{
		Calendar: sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{Days: []string{"Mon"}, Shifts: []sla.Shift{{From: "00:00", To: "24:00"}}}}},
		Sales:    &sla.Sales{Disposition: &sla.Disposition{Within: 24 * time.Hour, TargetPercent: 90}, Rejection: &sla.Share{TargetPercent: 100}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for ruling, want := range map[string][]string{
		"Upheld":     {"disposition: 1 met, 1 missed", "rejection: 1 met, 0 missed"},
		"Overturned": {"disposition: 0 met, 2 missed"},
	} {
		t.Run(ruling, func(t *testing.T) {
			var lines []string
			for _, e := range [][3]string{
				{"captured", "02T10", `{"properties": {"origin": "paid", "size": 200}}`},
				{"assigned", "02T10", `{"owner": "rep-1"}`},
				{"disposition", "02T12", `{"reason": "Later"}`},
				{"activity", "04T10", `{"activity": "FormSubmit", "properties": {"form": "demo", "real": true}}`},
				{"assigned", "04T10", `{"owner": "rep-1"}`},
				{"contested", "05T10", `{"ruling": "` + ruling + `", "parties": ["Marketing", "Sales"]}`},
				{"touch", "08T10", `{"channel": "Phone", "direction": "Outbound", "actor": "Human"}`},
			} {
				lines = append(lines, fmt.Sprintf(`{"type": "dev.handoff.lead.%s", "subject": "a", "time": "2026-02-%s:00:00Z", "data": %s}`, e[0], e[1], e[2]))
			}
			d := definition(40)
			d.Dispositions = append(d.Dispositions, lead.Disposition{Name: "Later", Outcome: lead.Recycled, Reentry: &lead.Reentry{After: 24 * time.Hour}})
			in := input(t, 40)
			in.New = rules(t, "new", d)
			in.Events = []string{files(t, map[string]string{"e.ndjson": strings.Join(lines, "\n")})("e.ndjson")}
			in.Terms, in.Contract = terms, "contract"
			var got []string
			for _, x := range run(t, in).Terms.Clauses {
				got = append(got, fmt.Sprintf("%s: %d met, %d missed", x.Clause, x.Met, x.Missed))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
