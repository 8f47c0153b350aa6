// SPDX-License-Identifier: Apache-2.0

// Package stats is the arithmetic of `kubectl sla analyze`: intervals of rates, the information value of a field, the AUC of a score,
// logistic regression and cross-validation. It is pure, and deterministic to the last bit on one machine: the same leads in the same
// order give the same draft.
package stats

import "math"

// Z95 is the quantile of the normal distribution for a two-sided interval of 95 %.
const Z95 = 1.959963984540054

// Wilson is the score interval of a rate (Wilson 1927): unlike the textbook's rate +- z*sqrt(p*q/n) it stays within 0..1 and is
// right for few leads and for rates near 0 and 1. Without trials nothing is known: 0..1.
func Wilson(successes, trials int, z float64) (low, high float64) {
	if trials <= 0 {
		return 0, 1
	}
	n, p := float64(trials), float64(successes)/float64(trials)
	zz := z * z
	centre := (p + zz/(2*n)) / (1 + zz/n)
	half := z / (1 + zz/n) * math.Sqrt(p*(1-p)/n+zz/(4*n*n))
	low, high = centre-half, centre+half
	if successes == 0 { // exactly: rounding leaves a trace
		low = 0
	}
	if successes == trials {
		high = 1
	}
	return low, high
}
