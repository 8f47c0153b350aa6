// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func near(digits float64) cmp.Option { return cmpopts.EquateApprox(0, math.Pow(10, -digits)/2) }

// The intervals are those of Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998),
// table I, method 3.
func TestWilson(t *testing.T) {
	cases := map[string]struct {
		successes, trials int
		low, high         float64
	}{
		"81 of 263":  {81, 263, 0.2553, 0.3662},
		"15 of 148":  {15, 148, 0.0624, 0.1605},
		"none of 20": {0, 20, 0, 0.1611},
		"1 of 29":    {1, 29, 0.0061, 0.1718},
		"nothing":    {0, 0, 0, 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			low, high := Wilson(tc.successes, tc.trials, Z95)
			if diff := cmp.Diff([]float64{tc.low, tc.high}, []float64{low, high}, near(4)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The bounds of the interval are the rates that the score test just does not refuse: (p - rate)^2 = z^2 * rate * (1 - rate) / n.
func TestWilsonSolvesTheScoreTest(t *testing.T) {
	for trials := 1; trials <= 60; trials++ {
		for successes := range trials + 1 {
			low, high := Wilson(successes, trials, Z95)
			n, p := float64(trials), float64(successes)/float64(trials)
			for _, rate := range []float64{low, high} {
				if got := (p-rate)*(p-rate) - Z95*Z95*rate*(1-rate)/n; math.Abs(got) > 1e-12 {
					t.Fatalf("%d of %d: bound %g misses by %g", successes, trials, rate, got)
				}
			}
			if low > p || high < p || low < 0 || high > 1 {
				t.Fatalf("%d of %d: %g..%g", successes, trials, low, high)
			}
		}
	}
}

// The value was worked out by a script of its own (Python, the definition with 0.5 added to each count) over the origins of a real
// export.
func TestInformationValue(t *testing.T) {
	origins := []Cell{{271, 2025}, {195, 1391}, {75, 1275}, {179, 920}, {56, 443}, {15, 478}, {24, 260}}
	if diff := cmp.Diff(0.1869488194300481, InformationValue(origins), near(12)); diff != "" {
		t.Error(diff)
	}
	if got := InformationValue([]Cell{{7, 100}}); got != 0 {
		t.Errorf("one cell tells %g, want 0", got)
	}
	if got := InformationValue([]Cell{{10, 100}, {20, 200}, {0, 0}}); got > 0.001 {
		t.Errorf("cells of the same rate tell %g", got)
	}
	if got := InformationValue([]Cell{{0, 100}, {100, 0}}); math.IsInf(got, 0) || got < 5 {
		t.Errorf("a perfect split tells %g", got)
	}
	weights := WeightsOfEvidence([]Cell{{50, 50}, {10, 90}, {0, 0}})
	if weights[0] <= 0 || weights[1] >= 0 || weights[2] != 0 {
		t.Errorf("weights %v", weights)
	}
}

// Under a draw that knows nothing of the outcome, p-values are uniform: 5 % of them lie below 0.05, half below 0.5.
func TestByChanceIsUniformUnderChance(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const draws = 2000
	below := map[float64]int{}
	for range draws {
		cells := make([]Cell, 6)
		for range 3000 {
			if i := random.IntN(6); random.IntN(5) == 0 {
				cells[i].Yes++
			} else {
				cells[i].No++
			}
		}
		p := ByChance(cells)
		for _, level := range []float64{0.05, 0.5} {
			if p < level {
				below[level]++
			}
		}
	}
	if n := below[0.05]; n < 50 || n > 160 {
		t.Errorf("%d of %d below 0.05", n, draws)
	}
	if n := below[0.5]; n < 850 || n > 1150 {
		t.Errorf("%d of %d below 0.5", n, draws)
	}
	if p := ByChance([]Cell{{271, 2025}, {15, 478}}); p > 1e-6 {
		t.Errorf("organic against email: %g", p)
	}
	if p := ByChance([]Cell{{3, 7}}); p != 1 {
		t.Errorf("one cell: %g, want 1", p)
	}
}

// Pearson's chi-square of the table 20 80 / 40 60 is 200*(20*60-80*40)^2/(60*140*100*100) = 9.5238.
func TestDifference(t *testing.T) {
	z := Difference(Cell{20, 80}, Cell{40, 60})
	if diff := cmp.Diff(9.5238, z*z, near(4)); diff != "" || z >= 0 {
		t.Errorf("z = %g %s", z, diff)
	}
	for _, none := range [][2]Cell{{{0, 0}, {1, 1}}, {{0, 5}, {0, 7}}, {{5, 0}, {7, 0}}} {
		if got := Difference(none[0], none[1]); got != 0 {
			t.Errorf("Difference%v = %g", none, got)
		}
	}
}

func TestAUCIsTheShareOfPairsInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 2 + random.IntN(40)
		scores, outcomes := make([]float64, n), make([]bool, n)
		for i := range n {
			scores[i], outcomes[i] = float64(random.IntN(6)), random.IntN(3) == 0
		}
		won, pairs := 0.0, 0.0
		for i := range n {
			for j := range n {
				if outcomes[i] && !outcomes[j] {
					pairs++
					switch {
					case scores[i] > scores[j]:
						won++
					case scores[i] == scores[j]:
						won += 0.5
					}
				}
			}
		}
		got := AUC(scores, outcomes)
		if pairs == 0 {
			if !math.IsNaN(got) {
				t.Fatalf("one outcome only: %g, want NaN", got)
			}
			continue
		}
		if math.Abs(got-won/pairs) > 1e-12 {
			t.Fatalf("%v %v: %g, want %g", scores, outcomes, got, won/pairs)
		}
	}
}

// Hours of study against passing, the example of en.wikipedia.org/wiki/Logistic_regression: -4.0777 and 1.5046 without a penalty.
func TestLogisticOfAPublishedExample(t *testing.T) {
	hours := []float64{0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5}
	passed := []int{0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1}
	var patterns []Pattern
	for i, h := range hours {
		patterns = append(patterns, Pattern{[]float64{h}, Cell{passed[i], 1 - passed[i]}})
	}
	got, err := FitLogistic(patterns, 1e-9)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Logistic{-4.0777, []float64{1.5046}}, got, near(4)); diff != "" {
		t.Error(diff)
	}
}

// The numbers were worked out by a script of its own (Python): the same loss, minimised one coordinate after the other by bisection of
// its derivative.
func TestLogisticWithAPenalty(t *testing.T) {
	patterns := []Pattern{
		{[]float64{0, 1}, Cell{30, 170}}, {[]float64{1, 2.5}, Cell{60, 140}}, {[]float64{1, 0}, Cell{5, 15}}, {[]float64{0, 4}, Cell{12, 8}},
	}
	got, err := FitLogistic(patterns, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := Logistic{-2.1322514963849617, []float64{0.09517543639670145, 0.5005762841777054}}
	if diff := cmp.Diff(want, got, near(8)); diff != "" {
		t.Error(diff)
	}
	again, err := FitLogistic(patterns, 3)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("the same leads give another fit: %s", diff)
	}
}

// One indicator without a penalty has a closed form: the log-odds of the two groups.
func TestLogisticOfOneIndicator(t *testing.T) {
	got, err := FitLogistic([]Pattern{{[]float64{0, 7}, Cell{20, 180}}, {[]float64{1, 7}, Cell{60, 40}}}, 1e-9)
	if err != nil {
		t.Fatal(err)
	}
	low := math.Log(20.0 / 180)
	if diff := cmp.Diff(Logistic{low, []float64{math.Log(1.5) - low, 0}}, got, near(6)); diff != "" {
		t.Error(diff)
	}
}

func TestLogisticHoldsUnderSeparation(t *testing.T) {
	patterns := []Pattern{{[]float64{0, 1}, Cell{0, 5000}}, {[]float64{1, 0}, Cell{5000, 0}}}
	got, err := FitLogistic(patterns, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c := got.Coefficients[0]; c < 1 || c > 20 || math.IsNaN(got.Intercept) {
		t.Errorf("%+v", got)
	}
	for name, bad := range map[string]struct {
		patterns []Pattern
		penalty  float64
		want     string
	}{
		"no leads":    {nil, 1, "both outcomes"},
		"one outcome": {[]Pattern{{[]float64{1}, Cell{3, 0}}}, 1, "both outcomes"},
		"no penalty":  {patterns, 0, "penalty"},
	} {
		if _, err := FitLogistic(bad.patterns, bad.penalty); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: error %v, want %q", name, err, bad.want)
		}
	}
}

func TestFoldsAreStratified(t *testing.T) {
	outcomes := make([]bool, 103)
	for i := range 21 {
		outcomes[i*3] = true
	}
	folds := StratifiedFolds(outcomes, 5)
	sizes, yes := make([]int, 5), make([]int, 5)
	for i, f := range folds {
		sizes[f]++
		if outcomes[i] {
			yes[f]++
		}
	}
	if slices.Max(sizes)-slices.Min(sizes) > 1 || slices.Max(yes)-slices.Min(yes) > 1 {
		t.Errorf("leads %v, converted %v of each fold", sizes, yes)
	}
	if diff := cmp.Diff(folds, StratifiedFolds(outcomes, 5)); diff != "" {
		t.Errorf("not the same twice: %s", diff)
	}
}

// A fit that learns the outcomes by heart is perfect on what it saw, and no better than a coin on what it did not.
func TestCrossValidationSeesThroughMemory(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	outcomes := make([]bool, 4000)
	for i := range outcomes {
		outcomes[i] = random.IntN(4) == 0
	}
	byHeart := func(train []int) (func(int) float64, error) {
		known := map[int]float64{}
		for _, i := range train {
			known[i] = -1
			if outcomes[i] {
				known[i] = 1
			}
		}
		return func(i int) float64 { return known[i] }, nil
	}
	v, err := CrossValidate(outcomes, 5, byHeart)
	if err != nil {
		t.Fatal(err)
	}
	if v.AUC != 0.5 || v.Error != 0 || len(v.Folds) != 5 {
		t.Errorf("%+v, want 0.5: no lead is in both parts", v)
	}
	informed := func([]int) (func(int) float64, error) {
		return func(i int) float64 {
			if outcomes[i] {
				return 1
			}
			return 0
		}, nil
	}
	if v, err = CrossValidate(outcomes, 5, informed); err != nil || v.AUC != 1 {
		t.Errorf("%+v %v, want 1", v, err)
	}
	if _, err := CrossValidate(outcomes[:3], 5, informed); err == nil || !strings.Contains(err.Error(), "at least 5 of each") {
		t.Errorf("error %v", err)
	}
	failed := errors.New("no fit")
	if _, err := CrossValidate(outcomes, 5, func([]int) (func(int) float64, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
}
