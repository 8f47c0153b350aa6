// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	sample5 = "    minimumSample: 5\n"
	routing = "  routing:\n"
	waiver  = `  waivers:
  - {name: fair, clause: delivery, from: "2027-02-01", to: "2027-02-07", reason: all are at the fair, signOffs: []}
`
	record = `  records:
  - {review: weekly, period: 2027-W03, held: "2027-01-25", by: [Marketing, Sales]}
  - {review: standup, period: 2027-W03, held: "2027-01-25", by: [Sales]}
`
)

func TestGovernance(t *testing.T) {
	signature := `{party: Sales, by: VP Sales, at: "2027-01-30T10:00:00Z", object: revenue/mid-market, digest: "v1:sha256:aa"}`
	cases := map[string]struct {
		file         string
		before       []string // edits of the old text
		after        []string // and of that, the new one
		signed, free []string
	}{
		"the executive": {
			file: contract, after: []string{"    calendar:\n", "      executive: {owner: CRO, contact: cro@example.com}\n    calendar:\n"},
			signed: []string{"Executive added: owner CRO, contact cro@example.com: decides at level 3 of an escalation, and disputes"},
		},
		"severe": {
			file: contract, after: []string{"{from: Funnel}", "{from: Funnel, severeBelowPercent: 60}", "        tiers:\n", "        severeBelowContactedPercent: 50\n        tiers:\n"},
			signed: []string{
				"volume: severe below 70% (default) -> 60% of the target: looser for Marketing (fewer misses go to level 2 at once)",
				"firstContact: severe below 50% (default) -> 50% contacted at all: the same in effect",
			},
		},
		"what both owe": {
			file: contract, after: []string{sample5, sample5 + "    governance: {reviewsHeld: Required, definitionRefresh: Quarterly}\n"},
			signed: []string{
				"reviews held: not owed -> Required: stricter for both (both owe that each review is held)",
				"definition and terms signed again: not owed -> Quarterly: stricter for both (both owe a new signature each quarter)",
			},
		},
		"escalation": {
			file: contract, after: []string{sample5, sample5 + "    escalation: {level2: {consecutiveMisses: 3}, level3: {unresolvedWeeks: 1}}\n"},
			signed: []string{
				"missed weeks in a row for level 2: 2 (default) -> 3: looser for both (both owners deal with it later)",
				"weeks at level 2 for level 3: 2 (default) -> 1: stricter for both (the executive deals with it sooner)",
			},
		},
		"observe": {
			file: contract, after: []string{sample5, sample5 + "    enforcement: Observe\n"},
			signed: []string{"enforcement: Enforce (default) -> Observe: looser for both (what breaks the agreement passes, and is reported)"},
		},
		"a dispute is not signed": {
			file: contract, after: []string{routing, "  dispute: {raisedBy: Sales, at: \"2027-01-30T10:00:00Z\", reason: too many}\n" + routing},
			free: []string{"dispute added: raised by Sales, on 2027-01-30 10:00 UTC, reason too many: an escalation of level 3 until the executive resolves it"},
		},
		"a plan is done": {
			file:   contract,
			before: []string{routing, "  remediations:\n  - {name: nights, clause: firstContact, cause: Process, owner: Ops, plan: call, due: \"2027-02-01\"}\n" + routing},
			after:  []string{`due: "2027-02-01"}`, `due: "2027-02-01", done: "2027-01-31"}`},
			free:   []string{"plan nights: done not yet -> 2027-01-31"},
		},
		"a waiver is signed over its own digest": {
			file: contract, before: []string{routing, waiver + routing}, after: []string{"signOffs: []", "signOffs: [" + signature + "]"},
			free: []string{"waiver fair: signed by nobody -> Sales (VP Sales, 2027-01-30 10:00 UTC)"},
		},
		"a waiver that lasts longer": {
			file: contract, before: []string{routing, waiver + routing}, after: []string{`to: "2027-02-07"`, `to: "2027-02-14"`},
			free: []string{"waiver fair: to 2027-02-07 -> 2027-02-14: both sign it anew"},
		},
		"a time to hold it": {
			file: cadence, after: []string{"    owner: RevOps\n", "    owner: RevOps\n    heldWithin: 2d\n"},
			free: []string{"review weekly: held within the time that its type has -> 2d"},
		},
		"reports are sent": {
			file: cadence, after: []string{"  historyLimit: 26", "  publish: {notify: All}\n  historyLimit: 26"},
			free: []string{"reports sent to: nobody -> All"},
		},
		"two records of a period": {
			file: cadence, before: []string{"  historyLimit: 26\n", record}, after: []string{"by: [Sales]", "by: [Sales, Marketing]", "by: [Marketing, Sales]", "by: [Sales, Marketing]"},
			free: []string{"record standup/2027-W03: by Sales -> Marketing, Sales"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before, after := sample(t, tc.file, tc.before...), sample(t, tc.file, append(tc.before, tc.after...)...)
			o, err := Pair(&before, &after)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.signed, lines(o.Part(true))); diff != "" {
				t.Errorf("signed (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tc.free, lines(o.Part(false))); diff != "" {
				t.Errorf("unsigned (-want +got)\n%s", diff)
			}
			if strings.Contains(strings.Join(lines(o.Changes), "\n"), "v1:sha256") {
				t.Error("nobody reads a digest")
			}
		})
	}
}
