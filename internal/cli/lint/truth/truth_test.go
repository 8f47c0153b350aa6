// SPDX-License-Identifier: Apache-2.0

package truth_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/lint/truth"
	"github.com/handoff-sla/handoff/internal/lead"
)

var fields = []lead.Field{
	{Name: "company", Type: lead.String, Required: true},
	{Name: "employees", Type: lead.Integer},
	{Name: "revenue", Type: lead.Number},
	{Name: "partner", Type: lead.Boolean},
	{Name: "stack", Type: lead.StringList},
	{Name: "seen", Type: lead.Timestamp},
}

func parse(t *testing.T, source string) *truth.Expression {
	t.Helper()
	e, err := truth.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAlwaysAndNever(t *testing.T) {
	tests := map[string]struct {
		source        string
		always, never bool
	}{
		"true":                           {"true", true, false},
		"false":                          {"false", false, true},
		"numbers":                        {"1 < 2", true, false},
		"texts":                          {`"a" == "b"`, false, true},
		"order of texts":                 {`"a" < "b"`, false, false}, // not looked at
		"a field":                        {"lead.employees > 5", false, false},
		"turned":                         {"5 < lead.employees", false, false},
		"count below zero":               {"signals.demo.count < 0", false, true},
		"count at least zero":            {"signals.demo.count >= 0", true, false},
		"count above minus one, turned":  {"-1 < signals.demo.count", true, false},
		"within at least zero":           {`signals.demo.within("7d") >= 0`, true, false},
		"within at least one":            {`signals.demo.within("7d") >= 1`, false, false},
		"no number between":              {"lead.employees > 5 && lead.employees < 6", false, true},
		"a fraction between":             {"lead.revenue > 5 && lead.revenue < 6", false, false},
		"a fraction of an integer":       {"lead.employees > 5.2 && lead.employees < 5.8", false, true},
		"an integer between fractions":   {"lead.employees > 5.2 && lead.employees < 6.8", false, false},
		"disjoint":                       {"lead.employees > 10 && lead.employees < 5", false, true},
		"all numbers, but may be absent": {"lead.employees > 5 || lead.employees <= 5", false, false},
		"all numbers or absent":          {"lead.employees > 5 || lead.employees <= 5 || !has(lead.employees)", true, false},
		"two texts at once":              {`lead.company == "a" && lead.company == "b"`, false, true},
		"not one or not the other":       {`lead.company != "a" || lead.company != "b"`, false, false}, // absent
		"in an empty list":               {`lead.company in []`, false, true},
		"in a list":                      {`lead.company in ["a", "b"]`, false, false},
		"in a list and not":              {`lead.company in ["a", "b"] && lead.company != "a" && lead.company != "b"`, false, true},
		"boolean and its opposite":       {"lead.partner && !lead.partner", false, true},
		"boolean equals":                 {"lead.partner == true && lead.partner == false", false, true},
		"absent is not true":             {"lead.partner || !lead.partner", false, false},
		"not understood":                 {`lead.company.endsWith("x")`, false, false},
		"not understood, but alike":      {`lead.company.endsWith("x") && !lead.company.endsWith("x")`, false, true},
		"macro":                          {`lead.stack.exists(s, s == "go")`, false, false},
		"in a list field":                {`"go" in lead.stack`, false, false},
		"choice":                         {"has(lead.seen) ? true : !has(lead.seen)", true, false},
		"choice that fails":              {"lead.partner ? true : true", false, false},
		"arithmetic":                     {"lead.employees * 2 > 10 && lead.employees < 0", false, false},
		"absorbed":                       {"lead.employees > 5 || true", true, false},
		"absorbed by false":              {"lead.employees > 5 && false", false, true},
		"qualification":                  {"qualification.timelineDays > 180 && qualification.timelineDays < 90", false, true},
		"qualified or not":               {"qualification.budget || !qualification.budget", false, false}, // nobody may have told
		"beyond exact numbers":           {"lead.employees > 9223372036854775806 && lead.employees < 0", false, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e := parse(t, tc.source)
			if got := truth.Always(e, fields); got != tc.always {
				t.Errorf("always %v", got)
			}
			if got := truth.Never(e, fields); got != tc.never {
				t.Errorf("never %v", got)
			}
		})
	}
}

func TestFieldsThatArePresent(t *testing.T) {
	tests := map[string]bool{
		"has(lead.company)":                        true,
		`lead.company != ""`:                       true,
		`lead.company != " "`:                      true,
		`lead.company != "Acme"`:                   false,
		"has(lead.employees)":                      false,
		`has(lead.company) && lead.employees >= 0`: false,
	}
	for source, want := range tests {
		if got := truth.Always(parse(t, source), fields, "company"); got != want {
			t.Errorf("%s: always %v, want %v", source, got, want)
		}
	}
}

func TestTooManyKindsOfLeads(t *testing.T) {
	s := truth.NewSpace(fields)
	for _, source := range []string{
		`signals.a.count > 1 && signals.a.count > 3 && signals.a.count > 5 && signals.a.count > 7 && signals.a.count > 9`,
		`signals.b.count > 1 && signals.b.count > 3 && signals.b.count > 5 && signals.b.count > 7 && signals.b.count > 9`,
		`signals.c.count > 1 && signals.c.count > 3 && signals.c.count > 5 && signals.c.count > 7 && signals.c.count > 9`,
		`signals.d.count > 1 && signals.d.count > 3 && signals.d.count > 5 && signals.d.count > 7 && signals.d.count > 9`,
		`signals.e.count > 1 && signals.e.count > 3 && signals.e.count > 5 && signals.e.count > 7 && signals.e.count > 9`,
	} {
		s.Add(parse(t, source))
	}
	if s.Each(func([]truth.Outcome) bool { t.Error("seen"); return false }) {
		t.Error("went through all")
	}
}

func TestReads(t *testing.T) {
	e := parse(t, `lead.employees > 5 && has(lead.company) && lead.stack.exists(s, s == lead.company) && signals.demo.within("7d") > 0`)
	if diff := cmp.Diff([]string{"company", "employees", "stack"}, e.Reads("lead")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"demo"}, e.Reads("signals")); diff != "" {
		t.Error(diff)
	}
	if _, err := truth.Parse("lead."); err == nil {
		t.Error("no error for half an expression")
	}
}
