// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"strings"
	"testing"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// A value that does not fit is shown with the form that does, whichever way the file is read.
func TestValuesThatDoNotFitAreShown(t *testing.T) {
	cases := map[string]struct {
		kind       lead.FieldType
		text, want string
	}{
		"a yes":         {lead.Boolean, "yes", `column "x" has "yes": field "x" (property "x") expects Boolean, got a string that is none; read as absent (write true or false)`},
		"a local time":  {lead.Timestamp, "2026-03-01 00:00:00", `has "2026-03-01 00:00:00": field "x"`},
		"its form":      {lead.Timestamp, "2026-03-01 00:00:00", "(write 2026-03-01T09:30:00Z or 2026-03-01)"},
		"separators":    {lead.Integer, "1.500", `has "1.500"`},
		"a long text":   {lead.Number, strings.Repeat("9", 30) + strings.Repeat("x", 30), `has "` + strings.Repeat("9", 30) + strings.Repeat("x", 10) + `...": `},
		"what does fit": {lead.Boolean, "TRUE", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			at := files(t, map[string]string{"l.csv": "lead_id,created,x\na,2026-01-01," + tc.text + "\n", "d.csv": "lead_id,deal\na,1\n"})
			for _, joined := range []bool{false, true} {
				in := input(t, 40)
				in.New.Definition.Fields = []lead.Field{{Name: "x", Type: tc.kind}}
				in.New.Definition.Scoring = nil
				in.New.Definition.Paths = []lead.Path{{Name: "any", Criteria: []lead.Criterion{{Expression: "has(lead.x)"}}}}
				var err error
				if in.New.Program, err = lead.Compile(in.New.Definition); err != nil {
					t.Fatal(err)
				}
				if in.Leads = []string{at("l.csv")}; joined {
					in.Leads = append(in.Leads, at("d.csv"))
				}
				var got string
				for _, p := range run(t, in).Problems.First {
					if p.Kind == leadfile.KindValue {
						got = p.String()
					}
				}
				if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
					t.Errorf("joined %v: %q, want %q", joined, got, tc.want)
				}
			}
		})
	}
}

// Names of columns are taken as they are written; another case is asked for.
func TestColumnsInAnotherCase(t *testing.T) {
	at := files(t, map[string]string{"l.csv": "ID,Created,Origin,SIZE,Won\n1,2026-01-01,web,60,1\n"})
	in := input(t, 40)
	in.Leads = []string{at("l.csv")}
	if r := run(t, in); r.Problems.Count == 0 || !strings.Contains(r.Problems.First[0].Message, `; did you mean the column "Origin"?)`) {
		t.Errorf("problems %v", r.Problems.First)
	}
	in.Outcome = "won"
	if _, err := Run(t.Context(), in); err == nil || !strings.Contains(err.Error(), `; did you mean the column "Won"?`) {
		t.Errorf("error %v", err)
	}
}
