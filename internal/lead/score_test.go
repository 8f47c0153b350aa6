// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// behaviourOnly scores pricing views by one rule.
func behaviourOnly(r Rule, groupMax *int) Definition {
	r.Name, r.On = "r", "view"
	return Definition{
		Fields:  []Field{{Name: "company", Type: String}},
		Signals: []Signal{{Name: "view", Activity: "PageView"}},
		Scoring: &Scoring{Groups: []Group{
			{Name: "base", Rules: []Rule{{Name: "known", When: `has(lead.company)`, Points: 50}}},
			{Name: "g", Max: groupMax, Rules: []Rule{r}},
		}},
		Paths: []Path{{Name: "p", Threshold: ptr(100)}},
	}
}

// Each lead has 50 points of another group; ages of the views are in days before the evaluation.
func TestScoreByHand(t *testing.T) {
	cases := map[string]struct {
		rule     Rule
		groupMax *int
		ages     []int
		raw      float64
		rounded  int
		clamped  int
	}{
		"nothing happened":                         {rule: Rule{Points: 15}, raw: 50, rounded: 50, clamped: 50},
		"per occurrence":                           {rule: Rule{Points: 15}, ages: []int{30, 3, 0}, raw: 95, rounded: 95, clamped: 95},
		"one half-life is half":                    {rule: Rule{Points: 15, HalfLife: 14 * day}, ages: []int{14}, raw: 57.5, rounded: 58, clamped: 58},
		"two half-lives are a quarter":             {rule: Rule{Points: 16, HalfLife: 14 * day}, ages: []int{28}, raw: 54, rounded: 54, clamped: 54},
		"each from its own time":                   {rule: Rule{Points: 16, HalfLife: 14 * day}, ages: []int{28, 14, 0}, raw: 78, rounded: 78, clamped: 78},
		"now is undecayed":                         {rule: Rule{Points: 15, HalfLife: 14 * day}, ages: []int{0}, raw: 65, rounded: 65, clamped: 65},
		"capped":                                   {rule: Rule{Points: 15, Max: ptr(30)}, ages: []int{9, 8, 7}, raw: 80, rounded: 80, clamped: 80},
		"capped below one occurrence":              {rule: Rule{Points: 15, Max: ptr(10)}, ages: []int{0}, raw: 60, rounded: 60, clamped: 60},
		"capped after decay":                       {rule: Rule{Points: 20, Max: ptr(30), HalfLife: 14 * day}, ages: []int{14, 14, 14, 14}, raw: 80, rounded: 80, clamped: 80},
		"below the cap after decay":                {rule: Rule{Points: 20, Max: ptr(30), HalfLife: 14 * day}, ages: []int{14, 14}, raw: 70, rounded: 70, clamped: 70},
		"negative group gives 0":                   {rule: Rule{Points: -5}, ages: []int{3, 2}, raw: 50, rounded: 50, clamped: 50},
		"negative capped by magnitude":             {rule: Rule{Points: -5, Max: ptr(12)}, ages: []int{3, 2, 1}, raw: 50, rounded: 50, clamped: 50},
		"group's max":                              {rule: Rule{Points: 15}, groupMax: ptr(20), ages: []int{3, 2, 1}, raw: 70, rounded: 70, clamped: 70},
		"score's max":                              {rule: Rule{Points: 15}, ages: []int{4, 3, 2, 1}, raw: 110, rounded: 110, clamped: 100},
		"half rounds up":                           {rule: Rule{Points: 1, HalfLife: 14 * day}, ages: []int{14}, raw: 50.5, rounded: 51, clamped: 51},
		"below half rounds down":                   {rule: Rule{Points: 1, HalfLife: 7 * day}, ages: []int{14}, raw: 50.25, rounded: 50, clamped: 50},
		"so old that nothing is left":              {rule: Rule{Points: 15, HalfLife: day}, ages: []int{100}, raw: 50, rounded: 50, clamped: 50},
		"no points at all":                         {rule: Rule{Points: 0}, ages: []int{1}, raw: 50, rounded: 50, clamped: 50},
		"both clamps: group 60, score 110 to 100":  {rule: Rule{Points: 40}, groupMax: ptr(60), ages: []int{1, 0}, raw: 110, rounded: 110, clamped: 100},
		"rounding before the clamp: 100.5 is 101":  {rule: Rule{Points: 101, HalfLife: 14 * day}, ages: []int{14}, raw: 100.5, rounded: 101, clamped: 100},
		"not yet a half-life: 8 * 2^-0.5 = 5.6569": {rule: Rule{Points: 8, HalfLife: 14 * day}, ages: []int{7}, raw: 55.65685427188873, rounded: 56, clamped: 56},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			at := day0.Add(400 * day)
			history := []Event{captured(day0, nil)}
			for _, age := range tc.ages {
				history = append(history, acted(at.Add(-time.Duration(age)*day), "PageView", nil))
			}
			history = append(history, updated(at, map[string]any{"company": "Acme"}))
			got := mustCompile(t, behaviourOnly(tc.rule, tc.groupMax)).Explain(history)
			if math.Abs(got.Raw-tc.raw) > 1e-6 || got.Rounded != tc.rounded || got.Clamped != tc.clamped {
				t.Errorf("raw %v rounded %d clamped %d, want %v, %d, %d", got.Raw, got.Rounded, got.Clamped, tc.raw, tc.rounded, tc.clamped)
			}
			checkSums(t, got)
		})
	}
}

// checkSums holds that the number shown is the sum of its parts, exactly.
func checkSums(t *testing.T, s Score) {
	t.Helper()
	sums := map[FactorKind]float64{}
	total := 0.0
	for _, f := range s.Factors {
		sums[f.Kind] += f.Points
		total += f.Points
	}
	raw := sums[FactorRule] + sums[FactorGroup]
	if raw != s.Raw {
		t.Errorf("rules and groups sum to %v, raw is %v", raw, s.Raw)
	}
	if rounded := raw + sums[FactorRounding]; rounded != float64(s.Rounded) {
		t.Errorf("with rounding %v, rounded is %d", rounded, s.Rounded)
	}
	if total != float64(s.Clamped) {
		t.Errorf("all factors sum to %v, clamped is %d", total, s.Clamped)
	}
}

func TestFactorsTellEachPart(t *testing.T) {
	record := director()
	record["industry"], record["email"] = "saas", "someone@gmail.com"
	history := []Event{
		captured(day0, record), pricingView(day0), pricingView(day0.Add(14 * day)), pricingView(day0.Add(14 * day)),
		acted(day0.Add(14*day), "FormSubmit", map[string]any{"form": "demo"}),
	}
	p := mustCompile(t, midMarket())
	got := p.Explain(history)
	want := Score{Raw: 100, Rounded: 100, Clamped: 100, Factors: []Factor{
		{Kind: FactorRule, Group: "fit", Rule: "company-size", Points: 20},
		{Kind: FactorRule, Group: "fit", Rule: "saas", Points: 10},
		{Kind: FactorRule, Group: "fit", Rule: "seniority", Points: 25},
		{Kind: FactorRule, Group: "fit", Rule: "free-mail", Points: -15},
		{Kind: FactorRule, Group: "intent", Rule: "pricing", Occurrences: 2, Capped: true, Points: 30},
		{Kind: FactorRule, Group: "intent", Rule: "demo", Occurrences: 1, Points: 40},
		{Kind: FactorGroup, Group: "intent", Points: -10},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("score (-want +got):\n%s", diff)
	}
	want.Factors = nil // nobody asked
	if diff := cmp.Diff(want, p.Qualify(history, since(day0)).Score); diff != "" {
		t.Errorf("score while qualifying (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Score{}, p.Explain([]Event{{Kind: KindTouch, Time: day0, Touch: &Touch{}}})); diff != "" {
		t.Errorf("score of a lead without properties and behaviour (-want +got):\n%s", diff)
	}
}

func TestNegativeCapStandsBesideOtherRules(t *testing.T) {
	d := behaviourOnly(Rule{Points: -5, Max: ptr(12)}, nil)
	d.Scoring.Groups[0].Rules = append(d.Scoring.Groups[0].Rules, Rule{Name: "views", On: "view", Points: -5, Max: ptr(12)})
	at := day0.Add(3 * day)
	history := []Event{captured(day0, map[string]any{"company": "A"})}
	for range 5 {
		history = append(history, acted(at, "PageView", nil))
	}
	if got := mustCompile(t, d).Qualify(history, since(at)).Score.Clamped; got != 38 {
		t.Errorf("score %d, want 50 - 12 = 38", got)
	}
}

func TestMaxOfTheScore(t *testing.T) {
	d := behaviourOnly(Rule{Points: 10}, nil)
	d.Scoring.Max, d.Paths[0].Threshold = ptr(40), ptr(40)
	got := mustCompile(t, d).Qualify([]Event{captured(day0, map[string]any{"company": "A"})}, since(day0)).Score
	if got.Raw != 50 || got.Clamped != 40 {
		t.Errorf("raw %v clamped %d, want 50 and 40", got.Raw, got.Clamped)
	}
}

// Numbers that no decimal or binary fraction holds exactly must still sum up exactly, and agree with plain arithmetic.
func TestSumsAreExactForAnyHistory(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	p := mustCompile(t, behaviourOnly(Rule{Points: 7, HalfLife: 11 * time.Hour}, ptr(45)))
	for range 200 {
		history := []Event{captured(day0, map[string]any{"company": "A"})}
		at, want := day0, 0.0
		var times []time.Time
		for range 1 + random.IntN(30) {
			at = at.Add(time.Duration(random.Int64N(int64(9 * time.Hour))))
			times = append(times, at)
			history = append(history, acted(at, "PageView", nil))
		}
		for _, occurred := range times {
			want += 7 * math.Pow(0.5, at.Sub(occurred).Hours()/11)
		}
		got := p.Explain(history)
		checkSums(t, got)
		if want = 50 + min(want, 45); math.Abs(got.Raw-want) > 1e-5 {
			t.Fatalf("raw %v, want %v", got.Raw, want)
		}
	}
}

func BenchmarkQualify(b *testing.B) {
	p := mustCompile(b, midMarket())
	history := []Event{captured(day0, director())}
	for i := range 20 {
		history = append(history, pricingView(day0.Add(time.Duration(i)*time.Hour)))
	}
	history = append(history, acted(day0.Add(30*time.Hour), "Download", map[string]any{"gated": true}))
	b.ReportAllocs()
	for b.Loop() {
		if p.Qualify(history, since(day0)).Qualified == nil {
			b.Fatal("not qualified")
		}
	}
}
