// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOutcomeReads(t *testing.T) {
	cases := map[string][]string{
		"":                                     nil,
		"stage":                                {"stage"},
		"deal.stage":                           {"deal.stage"},
		"Deal stage":                           {"Deal stage"},
		"true":                                 nil,
		`row.stage == "Won"`:                   {"stage"},
		`has(row.stage) && row["a b"] != "x"`:  {"stage", "a b"},
		`lead.size > 3 && lead.stage == "Won"`: {"stage"}, // size is a field, which is expected anyway
		`stage == "Won"`:                       nil,       // refused when the columns are known
		`row.stage == `:                        nil,
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			if diff := cmp.Diff(want, outcomeReads(text, definition(40).Fields)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// In a file in order of time the members that tell of conversion come late.
func TestOutcomeThatComesLate(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "{\"id\":\"%d\",\"created\":\"2026-01-01\",\"size\":60}\n", i)
	}
	for i := range 100 {
		fmt.Fprintf(&b, "{\"id\":\"w%d\",\"created\":\"2026-02-01\",\"size\":60,\"stage\":\"Won\"}\n", i)
	}
	in := input(t, 40)
	in.Leads = []string{files(t, map[string]string{"l.ndjson": b.String()})("l.ndjson")}
	for _, text := range []string{"stage", `row.stage == "Won"`, `has(lead.stage)`, `has(lead.size) && has(row.stage)`} {
		in.Outcome = text
		if r := run(t, in); *r.Converted != 100 {
			t.Errorf("--outcome %s: %d converted, want 100", text, *r.Converted)
		}
	}
	for _, text := range []string{"stge", `row.stge == "Won"`} {
		in.Outcome = text
		if _, err := Run(t.Context(), in); err == nil || !strings.Contains(err.Error(), `--outcome: no line has "stge"`) {
			t.Errorf("--outcome %s: error %v, want one that says that no line has it", text, err)
		}
	}
}
