// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"cmp"
	"math"
	"slices"
)

// AUC is the area under the ROC curve: the chance that a converted lead has a higher score than one that did not convert, ties
// counting half (the Mann-Whitney statistic). NaN when all leads have the same outcome.
func AUC(scores []float64, outcomes []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	yes, no, won := 0.0, 0.0, 0.0
	for start := 0; start < len(order); {
		tiedYes, tiedNo := 0.0, 0.0
		end := start
		for ; end < len(order) && scores[order[end]] == scores[order[start]]; end++ {
			if outcomes[order[end]] {
				tiedYes++
			} else {
				tiedNo++
			}
		}
		won += tiedYes * (no + tiedNo/2)
		yes, no, start = yes+tiedYes, no+tiedNo, end
	}
	if yes == 0 || no == 0 {
		return math.NaN()
	}
	return won / (yes * no)
}
