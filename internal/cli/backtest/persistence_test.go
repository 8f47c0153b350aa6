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

// The clauses of persistence, by events of every kind that they know: a is followed up and given up with its code, b is given up after a call,
// and c's rejection is overturned. The intent of b rises an hour after it was handed off.
func TestTermsOfPersistence(t *testing.T) {
	var lines []string
	tell := func(id, kind, at, data string) {
		lines = append(lines, fmt.Sprintf(`{"type": "dev.handoff.lead.%s", "subject": %q, "time": "2026-02-%sZ", "data": %s}`, kind, id, at, data))
	}
	call, mail := `{"channel": "Phone", "direction": "Outbound", "actor": "Human"}`, `{"channel": "Email", "direction": "Outbound", "actor": "Automated"}`
	for _, id := range []string{"a", "b", "c"} {
		tell(id, "captured", "02T10:00:00", `{"properties": {"origin": "paid", "size": 200}}`)
		tell(id, "assigned", "02T10:00:00", `{"owner": "rep-1"}`)
	}
	tell("a", "accepted", "02T10:30:00", `{}`)
	tell("a", "touch", "02T11:00:00", call)
	tell("a", "touch", "03T11:00:00", mail)
	tell("a", "disposition", "03T12:00:00", `{"reason": "NoResponse"}`)
	tell("a", "feedback", "04T12:00:00", `{"rating": 2}`)
	tell("b", "activity", "02T11:00:00", `{"activity": "FormSubmit", "properties": {"form": "demo", "real": true}}`)
	tell("b", "touch", "02T13:00:00", call)
	tell("b", "disposition", "02T14:00:00", `{"reason": "NoResponse"}`)
	tell("c", "disposition", "02T14:00:00", `{"reason": "NotICP"}`)
	tell("c", "contested", "02T15:00:00", `{"ruling": "Overturned", "parties": ["Marketing", "Sales"]}`)
	tell("c", "touch", "02T16:00:00", `{"channel": "Phone", "direction": "Outbound", "actor": "Human", "twoWay": true}`)

	d := definition(40)
	d.Intents = []lead.Intent{{Name: "High", When: `signals.demo.count > 0`}, {Name: "Standard"}}
	d.Dispositions = append(d.Dispositions, lead.Disposition{Name: "NoResponse", Outcome: lead.Recycled, FullCadence: lead.FullCadenceRequired})
	in := input(t, 40)
	in.New = rules(t, "new", d)
	in.Events = []string{files(t, map[string]string{"e.ndjson": strings.Join(lines, "\n")})("e.ndjson")}
	c, err := sla.Compile(sla.Terms{
		Calendar: sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []sla.Shift{{From: "00:00", To: "24:00"}}}}},
		Sales: &sla.Sales{
			FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{{Intent: "High", Within: time.Hour}, {Intent: "Standard", Within: 8 * time.Hour}}},
			Acceptance:   &sla.Acceptance{Within: 24 * time.Hour, TargetPercent: 90},
			FollowUp:     &sla.FollowUp{Attempts: 2, MinSpan: 24 * time.Hour, Within: 72 * time.Hour, Channels: 2, TargetPercent: 90},
			Disposition:  &sla.Disposition{Within: 96 * time.Hour, TargetPercent: 90}, Rejection: &sla.Share{TargetPercent: 100}, Feedback: &sla.Share{TargetPercent: 50},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	in.Terms, in.Contract = c, "contract"
	r := run(t, in)
	var got []string
	for _, x := range r.Terms.Clauses {
		got = append(got, fmt.Sprintf("%s %s: %d met, %d missed, %d open", x.Clause, x.Tier, x.Met, x.Missed, x.Open))
	}
	want := []string{
		"acceptance : 1 met, 2 missed, 0 open", // b's code came too early, c's was void
		"firstContact High: 0 met, 1 missed, 0 open",
		"firstContact Standard: 2 met, 0 missed, 0 open",
		"followUp : 2 met, 1 missed, 0 open",
		"disposition : 2 met, 0 missed, 1 open",
		"rejection : 1 met, 1 missed, 0 open",
		"feedback : 1 met, 0 missed, 1 open",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := r.Problems.Count; n > 0 {
		t.Errorf("%d problems: %v", n, r.Problems.First)
	}
}
