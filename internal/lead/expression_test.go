// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"encoding/json"
	"sync"
	"testing"
	"time"
)

// holds evaluates a criterion for a lead with three pricing views, 10, 5 and 0 days before the time of evaluation.
func holds(t *testing.T, source string, record map[string]any) bool {
	t.Helper()
	d := midMarket()
	for i := range d.Fields {
		d.Fields[i].Required = false
	}
	d.Paths = []Path{{Name: "p", Criteria: []Criterion{{Expression: source}}}}
	at := day0.Add(10 * day)
	history := []Event{captured(day0, record), pricingView(day0), pricingView(day0.Add(5 * day)), pricingView(at)}
	return mustCompile(t, d).Qualify(history, since(at)).Reached != nil
}

func TestExpressions(t *testing.T) {
	full := map[string]any{
		"company": "Acme", "numberofemployees": 120.0, "industry": "saas", "web_technologies": []any{"go", "k8s"}, "revenue": 1.5,
		"partner": false, "founded": "2020-02-03", "email": "a@b.example",
	}
	cases := map[string]struct {
		source string
		record map[string]any
		want   bool
	}{
		"string":                              {`lead.company == "Acme"`, full, true},
		"integer":                             {`lead.employees >= 50 && lead.employees <= 500`, full, true},
		"integer against a fraction":          {`lead.employees > 119.5`, full, true},
		"number against a whole number":       {`lead.revenue > 1`, full, true},
		"number equals a fraction":            {`lead.revenue == 1.5`, full, true},
		"boolean":                             {`!lead.partner`, full, true},
		"list":                                {`"k8s" in lead.stack && lead.stack.size() == 2`, full, true},
		"list with a macro":                   {`lead.stack.exists(s, s.startsWith("k"))`, full, true},
		"timestamp":                           {`lead.founded < timestamp("2021-01-01T00:00:00Z")`, full, true},
		"part of a timestamp, in UTC":         {`lead.founded.getHours() == 0 && lead.founded.getFullYear() == 2020`, full, true},
		"part of a timestamp with an offset":  {`timestamp("2021-01-01T01:00:00+02:00").getHours() == 23`, full, true},
		"string extension":                    {`lead.company.lowerAscii() == "acme"`, full, true},
		"absent does not match":               {`lead.employees < 50`, nil, false},
		"absent is not zero":                  {`lead.employees == 0`, nil, false},
		"absent does not match negated":       {`!(lead.employees > 50)`, nil, false},
		"absent in or, other side true":       {`lead.employees > 50 || lead.industry == "saas"`, map[string]any{"industry": "saas"}, true},
		"absent in or, first side true":       {`lead.industry == "saas" || lead.employees > 50`, map[string]any{"industry": "saas"}, true},
		"absent in or, other side false":      {`lead.employees > 50 || lead.industry == "saas"`, map[string]any{"industry": "bank"}, false},
		"absent in and, other side false":     {`!(lead.employees > 50 && lead.industry == "saas")`, map[string]any{"industry": "bank"}, true},
		"absent in and, other side true":      {`lead.employees > 50 && lead.industry == "saas"`, map[string]any{"industry": "saas"}, false},
		"has of a value":                      {`has(lead.employees)`, full, true},
		"has of an absent value":              {`has(lead.employees)`, nil, false},
		"has guards":                          {`!has(lead.employees) || lead.employees > 50`, nil, true},
		"empty text is absent":                {`has(lead.company)`, map[string]any{"company": ""}, false},
		"false is a value":                    {`has(lead.partner)`, full, true},
		"a value that does not fit is absent": {`has(lead.employees)`, map[string]any{"numberofemployees": "many"}, false},
		"read through a list":                 {`[lead].exists(l, l.employees == 120)`, full, true},
		"same object":                         {`[signals.pricingView].exists(s, s.count == 3)`, full, true},
		"count":                               {`signals.pricingView.count == 3`, full, true},
		"count of none":                       {`signals.demoRequest.count == 0`, full, true},
		"signals are always there":            {`has(signals.demoRequest) && has(signals.demoRequest.count)`, full, true},
		"within":                              {`signals.pricingView.within("9d") == 2`, full, true},
		"within, exactly as old":              {`signals.pricingView.within("5d") == 2`, full, true},
		"within, a second too old":            {`signals.pricingView.within("4d23h59m59s") == 1`, full, true},
		"within all":                          {`signals.pricingView.within("100d") == 3`, full, true},
		"within a computed window":            {`signals.pricingView.within("5" + "d") == 2`, full, true},
		"within a computed window, not one":   {`signals.pricingView.within(lead.company) >= 0`, full, false},
		"types can be compared":               {`type(lead) != type(signals)`, full, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := holds(t, tc.source, tc.record); got != tc.want {
				t.Errorf("%s = %t, want %t", tc.source, got, tc.want)
			}
		})
	}
}

func TestSignalConditions(t *testing.T) {
	cases := map[string]struct {
		when       string
		properties map[string]any
		want       int
	}{
		"match":                        {`activity.path.startsWith("/pricing")`, map[string]any{"path": "/pricing"}, 1},
		"no match":                     {`activity.path.startsWith("/pricing")`, map[string]any{"path": "/blog"}, 0},
		"property absent":              {`activity.path.startsWith("/pricing")`, nil, 0},
		"truth of a property":          {`activity.gated`, map[string]any{"gated": true}, 1},
		"a text is not true":           {`activity.gated`, map[string]any{"gated": "true"}, 0},
		"JSON number":                  {`activity.pages == 3 && activity.pages > 2`, map[string]any{"pages": 3.0}, 1},
		"number kept as text":          {`activity.pages == 3`, map[string]any{"pages": json.Number("3")}, 1},
		"fraction kept as text":        {`activity.pages < 3`, map[string]any{"pages": json.Number("2.5")}, 1},
		"number that is none":          {`activity.pages < 3`, map[string]any{"pages": json.Number("x")}, 0},
		"nested":                       {`activity.form.fields.exists(f, f == "budget")`, map[string]any{"form": map[string]any{"fields": []any{"name", "budget"}}}, 1},
		"null":                         {`activity.form == null`, map[string]any{"form": nil}, 1},
		"has":                          {`has(activity.form)`, map[string]any{}, 0},
		"no condition":                 {"", nil, 1},
		"loop":                         {`activity.list.all(x, x == 1)`, map[string]any{"list": manyOnes(400)}, 1},
		"size of the map":              {`activity.size() == 2`, map[string]any{"a": 1.0, "b": 2.0}, 1},
		"of a type CEL does not know":  {`activity.x == 1`, map[string]any{"x": struct{}{}}, 0},
		"other type of the same shape": {`activity.a.b`, map[string]any{"a": "text"}, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := Definition{
				Fields:  []Field{{Name: "company", Type: String}},
				Signals: []Signal{{Name: "s", Activity: "A", When: tc.when}},
				Scoring: &Scoring{Groups: []Group{{Name: "g", Rules: []Rule{{Name: "r", On: "s", Points: 1}}}}},
				Paths:   []Path{{Name: "p", Threshold: ptr(1)}},
			}
			if got := mustCompile(t, d).Qualify([]Event{acted(day0, "A", tc.properties), acted(day0, "B", tc.properties)}, since(day0)).Score.Clamped; got != tc.want {
				t.Errorf("%d occurrences, want %d", got, tc.want)
			}
		})
	}
}

func manyOnes(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = 1.0
	}
	return list
}

// The static bound assumes at most 100 entries of a list; what an activity holds is not bounded by that.
func TestLoopOverTooMuchDataIsStopped(t *testing.T) {
	d := midMarket()
	d.Signals[3].When = `activity.list.all(x, x == 1)`
	p := mustCompile(t, d)
	for _, tc := range []struct {
		entries int
		want    bool
	}{{1_000, true}, {100_000, false}} {
		j := p.Qualify([]Event{captured(day0, director()), acted(day0, "TrialSignup", map[string]any{"list": manyOnes(tc.entries)})}, since(day0))
		if got := j.Reached != nil; got != tc.want {
			t.Errorf("%d entries: counted %t, want %t", tc.entries, got, tc.want)
		}
	}
}

func TestProgramServesManyAtOnce(t *testing.T) {
	p := mustCompile(t, midMarket())
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 50 {
				employees := 40 + 20*(worker%2) // 60 fits, 40 does not
				j := p.Qualify([]Event{captured(day0, map[string]any{"numberofemployees": employees}), pricingView(day0)}, since(day0))
				if want := 15 + 20*(worker%2); j.Score.Clamped != want {
					t.Errorf("worker %d, round %d: score %d, want %d", worker, i, j.Score.Clamped, want)
				}
			}
		})
	}
	all.Wait()
}

func TestParseWindow(t *testing.T) {
	cases := map[string]struct {
		want time.Duration
		ok   bool
	}{
		"90d":                   {90 * day, true},
		"12h30m":                {12*time.Hour + 30*time.Minute, true},
		"1d2h3m4s":              {day + 2*time.Hour + 3*time.Minute + 4*time.Second, true},
		"36525d":                {maxWindow, true},
		"36525d1s":              {0, false},
		"36526d":                {0, false},
		"99999999999999999999d": {0, false},
		"":                      {0, false},
		"0d":                    {0, false},
		"90":                    {0, false},
		"d":                     {0, false},
		"30m12h":                {0, false},
		"1h1h":                  {0, false},
		"-1d":                   {0, false},
		" 1d":                   {0, false},
		"1.5h":                  {0, false},
		"3w":                    {0, false},
	}
	for text, tc := range cases {
		t.Run(text, func(t *testing.T) {
			got, err := parseWindow(text)
			if got != tc.want || (err == nil) != tc.ok {
				t.Errorf("parseWindow(%q) = %v, %v; want %v, ok %t", text, got, err, tc.want, tc.ok)
			}
		})
	}
}
