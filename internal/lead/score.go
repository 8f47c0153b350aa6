// SPDX-License-Identifier: Apache-2.0

package lead

// FactorKind says what a factor of the score is.
type FactorKind string

// The kinds of factors, in the order in which they stand for one group.
const (
	FactorRule     FactorKind = "Rule"     // points that a rule gave
	FactorCap      FactorKind = "Cap"      // what the rule's max took from them
	FactorGroup    FactorKind = "Group"    // what clamping the group to 0..max took or added
	FactorRounding FactorKind = "Rounding" // what rounding half up took or added
	FactorClamp    FactorKind = "Clamp"    // what clamping the score to 0..max took or added
)

// Factor is one part of a score.
type Factor struct {
	Kind        FactorKind
	Group       string  // Rule, Cap, Group
	Rule        string  // Rule, Cap
	Occurrences int     // Rule: how many occurrences of the signal gave points; 0 for a rule with `when`
	Points      float64 // a multiple of 2^-24, so that sums of factors are exact in any order
}

// Score is a lead's score at a time. The factors of kind Rule, Cap and Group sum exactly to Raw; with those of kind
// Rounding to Rounded; with those of kind Clamp to Clamped, the number that is shown and compared with thresholds.
type Score struct {
	Raw     float64
	Rounded int
	Clamped int
	Factors []Factor
}
