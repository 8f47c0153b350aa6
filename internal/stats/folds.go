// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// seed of all that is drawn here: two runs over the same leads agree.
const seed = 1927

func newRandom() *rand.Rand {
	return rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // a sample that can be drawn again, not a secret
}

// StratifiedFolds deals leads into k folds of the same size and the same share of converted ones, within one lead each. The order in which
// they are dealt is drawn, so that a pattern in the file's order is none of the folds'.
func StratifiedFolds(outcomes []bool, k int) []int {
	folds := make([]int, len(outcomes))
	random := newRandom()
	next := 0
	for _, stratum := range []bool{true, false} {
		var members []int
		for i, outcome := range outcomes {
			if outcome == stratum {
				members = append(members, i)
			}
		}
		random.Shuffle(len(members), func(a, b int) { members[a], members[b] = members[b], members[a] })
		for _, i := range members {
			folds[i] = next % k
			next++
		}
	}
	return folds
}

// Validation is how well a way of fitting predicts leads that it was not fitted on.
type Validation struct {
	AUC   float64   // mean over the folds
	Error float64   // standard error of that mean
	Folds []float64 // AUC of each
}

// CrossValidate fits k times on all folds but one, and takes the AUC of the scores of that one. fit gets the indices that it may look
// at, and returns the score of any lead; whatever is learnt from outcomes (bands, groups of values) has to be learnt in there.
func CrossValidate(outcomes []bool, k int, fit func(train []int) (func(i int) float64, error)) (Validation, error) {
	folds := StratifiedFolds(outcomes, k)
	var v Validation
	for fold := range k {
		var train, test []int
		for i, f := range folds {
			if f == fold {
				test = append(test, i)
			} else {
				train = append(train, i)
			}
		}
		score, err := fit(train)
		if err != nil {
			return Validation{}, fmt.Errorf("fold %d of %d: %w", fold+1, k, err)
		}
		auc := aucOf(test, outcomes, score)
		if math.IsNaN(auc) {
			return Validation{}, fmt.Errorf("fold %d of %d has leads of one outcome only: %d folds need at least %d of each", fold+1, k, k, k)
		}
		v.Folds = append(v.Folds, auc)
	}
	v.AUC, v.Error = meanAndError(v.Folds)
	return v, nil
}

func aucOf(test []int, outcomes []bool, score func(i int) float64) float64 {
	scores, truths := make([]float64, len(test)), make([]bool, len(test))
	for n, i := range test {
		scores[n], truths[n] = score(i), outcomes[i]
	}
	return AUC(scores, truths)
}

func meanAndError(values []float64) (mean, standardError float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	squares := 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(squares / (n - 1) / n)
}
