// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// bant is midMarket with the SQL criteria of the API's example.
func bant() Definition {
	d := midMarket()
	d.SQL = []SQLCriterion{
		{Name: "budget", Expression: `qualification.budget || qualification.businessCase`},
		{Name: "authority", Expression: `qualification.authority || qualification.decisionMakerAccess`},
		{Name: "need", Expression: `qualification.need != ""`},
		{Name: "timeline", Expression: `qualification.timelineDays <= 180`},
	}
	return d
}

func qualifiedBy(at time.Time, told map[string]any) Event {
	return Event{Kind: KindQualified, Time: at, Qualification: told}
}

func TestSQL(t *testing.T) {
	hour := func(n int) time.Time { return day0.Add(time.Duration(n) * time.Hour) }
	all := func() map[string]any {
		return map[string]any{"budget": true, "decisionMakerAccess": true, "need": "routing", "timelineDays": 90.0}
	}
	but := func(name string, value any) map[string]any {
		told := all()
		told[name] = value
		return told
	}
	readsMore := func(d *Definition) {
		d.SQL = []SQLCriterion{
			{Name: "size", Expression: `lead.employees >= 200 && qualification.budget`},
			{Name: "fresh", Expression: `signals.demoRequest.within("1d") > 0`},
		}
	}
	cases := map[string]struct {
		change  func(*Definition)
		history []Event // after the lead entered at hour 0 and became MQL at hour 1
		want    SQL
	}{
		"no conversation":   {},
		"all criteria hold": {history: []Event{qualifiedBy(hour(2), all())}, want: SQL{At: hour(2)}},
		"what a form sends": {history: []Event{qualifiedBy(hour(2), but("timelineDays", "180"))}, want: SQL{At: hour(2)}},
		"one does not":      {history: []Event{qualifiedBy(hour(2), but("timelineDays", 181.0))}, want: SQL{Unmet: []string{"timeline"}}},
		"nothing was told":  {history: []Event{qualifiedBy(hour(2), nil)}, want: SQL{Unmet: []string{"budget", "authority", "need", "timeline"}}},
		"false is not true": {history: []Event{qualifiedBy(hour(2), but("budget", false))}, want: SQL{Unmet: []string{"budget"}}},
		"an error is absorbed": {
			history: []Event{qualifiedBy(hour(2), but("budget", nil)), qualifiedBy(hour(3), map[string]any{"businessCase": true})}, want: SQL{At: hour(3)},
		},
		"what does not fit is absent": {history: []Event{qualifiedBy(hour(2), but("timelineDays", "soon"))}, want: SQL{Unmet: []string{"timeline"}}},
		"told bit by bit": {
			history: []Event{
				qualifiedBy(hour(2), map[string]any{"budget": true, "authority": true}),
				qualifiedBy(hour(5), map[string]any{"need": "routing", "timelineDays": 30.0}),
			},
			want: SQL{At: hour(5)},
		},
		"corrected before all was told": {
			history: []Event{
				qualifiedBy(hour(2), map[string]any{"budget": true, "authority": true}),
				qualifiedBy(hour(3), map[string]any{"budget": nil}),
				qualifiedBy(hour(5), map[string]any{"need": "routing", "timelineDays": 30.0}),
			},
			want: SQL{Unmet: []string{"budget"}},
		},
		"corrected after it became one": {
			history: []Event{qualifiedBy(hour(2), all()), qualifiedBy(hour(3), but("budget", false))}, want: SQL{At: hour(2)},
		},
		"told before it became MQL": {
			history: []Event{qualifiedBy(hour(0), all())}, want: SQL{At: hour(1)},
		},
		"the record decides too, later": {
			change: readsMore,
			history: []Event{
				qualifiedBy(hour(2), all()), updated(hour(20), map[string]any{"numberofemployees": 300}),
			},
			want: SQL{At: hour(20)},
		},
		"signals are as old as the evaluation": {
			change: readsMore,
			history: []Event{
				qualifiedBy(hour(30), all()), updated(hour(31), map[string]any{"numberofemployees": 300}),
			},
			want: SQL{Unmet: []string{"fresh"}},
		},
		"touches say nothing of it": {
			change: readsMore, history: []Event{{Kind: KindTouch, Time: hour(2), Touch: &Touch{}}},
		},
		"without criteria": {
			change: func(d *Definition) { d.SQL = nil }, history: []Event{qualifiedBy(hour(2), map[string]any{"by": "x"})}, want: SQL{At: hour(2)},
		},
		"without criteria, no conversation": {change: func(d *Definition) { d.SQL = nil }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := bant()
			if tc.change != nil {
				tc.change(&d)
			}
			history := []Event{captured(hour(0), director())}
			for _, e := range tc.history {
				if e.Time.Equal(hour(0)) {
					history = append(history, e)
				}
			}
			history = append(history, demoRequest(hour(1)))
			for _, e := range tc.history {
				if e.Time.After(hour(1)) {
					history = append(history, e)
				}
			}
			if diff := cmp.Diff(tc.want, mustCompile(t, d).SQL(history, hour(1))); diff != "" {
				t.Errorf("SQL (-want +got):\n%s", diff)
			}
		})
	}
}

// A conversation changes neither the record nor the score, and is no event at which paths are evaluated.
func TestAConversationIsNotJudged(t *testing.T) {
	p := mustCompile(t, bant())
	history := []Event{captured(day0, director()), qualifiedBy(day0.Add(time.Hour), map[string]any{"budget": true, "company": "Other"})}
	j := p.Qualify(history, since(day0.Add(time.Minute)))
	if j.Reached != nil || j.Score.Clamped != 0 || j.Record["company"] != "Acme" {
		t.Errorf("journey %+v", j)
	}
}

func TestCompileSQL(t *testing.T) {
	for name, tc := range map[string]struct{ expression, want string }{
		"has":              {`has(qualification.budget) && !qualification.budget`, ""},
		"lead and signals": {`lead.employees > 5 || signals.demoRequest.within("7d") > 0 || qualification.need.contains("x")`, ""},
		"misspelt": {
			`qualification.timeline <= 180`,
			`SQL criterion "c": 1:14: undefined field 'timeline' of qualification; known: budget, businessCase, authority, decisionMakerAccess, need, timelineDays`,
		},
		"nearly": {`qualification.budgt`, `SQL criterion "c": 1:14: undefined field 'budgt' of qualification; did you mean 'budget'?`},
		"of the lead": {
			`lead.employes > 5`, `SQL criterion "c": 1:5: undefined field 'employes' of lead; did you mean 'employees'?`,
		},
		"unknown variable": {`bant.budget`, `SQL criterion "c": 1:1: undeclared reference to 'bant'; known: lead, signals, qualification`},
		"wrong type": {
			`qualification.timelineDays <= "180"`,
			`SQL criterion "c": 1:28: found no matching overload for '_<=_' applied to '(int, string)'`,
		},
		"no condition": {`qualification.need`, `SQL criterion "c": gives string; an expression must give bool (true or false)`},
		"blank":        {" ", `SQL criterion "c": the expression is empty`},
		"hidden names": {`dyn(qualification).x == 1`, `SQL criterion "c": 1:4: dyn() of lead or signals: read their fields directly`},
		"built":        {`handoff.Qualification{}.budget`, `SQL criterion "c": 1:22: expressions cannot build objects`},
	} {
		t.Run(name, func(t *testing.T) {
			d := midMarket()
			d.SQL = []SQLCriterion{{Name: "c", Expression: tc.expression}}
			got := ""
			if _, err := Compile(d); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("Compile: %q, want %q", got, tc.want)
			}
		})
	}
	d := bant()
	d.SQL[1].Name = "budget"
	if _, err := Compile(d); err == nil || err.Error() != `SQL criterion "budget": there is another SQL criterion of this name; give each its own` {
		t.Errorf("two of one name: %v", err)
	}
	d.Paths[0].Criteria[0].Expression, d.SQL = `qualification.budget`, nil
	if _, err := Compile(d); err == nil {
		t.Error("a path reads qualification, which is known only after the hand-off")
	}
}
