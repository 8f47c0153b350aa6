// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
)

// Bounds of what expressions work on. Coerce refuses more in a lead's fields; the cost of expressions is bounded with them.
const (
	MaxText = 1024 // characters of a String, and of an entry of a StringList
	MaxList = 100  // entries of a StringList

	maxProperties = 50 // of an activity, assumed when the cost of a signal's `when` is bounded
)

// MaxCost is the highest cost that an expression may have, in CEL's units (about one per step, one per ten characters).
// A pass over a list that compares, searches or changes the case of each text is below it, two nested ones are above.
const MaxCost = 200_000

// withinCost is a search in sorted times.
const withinCost = 10

// sizes bounds values that an expression reads, for the library's estimate of its cost.
type sizes struct{}

// EstimateSize implements cost.Estimator.
func (sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if len(node.Path()) == 0 || node.Type() == nil {
		return nil
	}
	text := cost.RangedSizeEstimate(0, MaxText)
	size := text
	switch node.Type().Kind() {
	case types.StringKind, types.BytesKind, types.DynKind, types.AnyKind:
	case types.ListKind:
		size = cost.ListSizeEstimate(cost.RangedSizeEstimate(0, MaxList), text)
	case types.MapKind:
		size = cost.MapSizeEstimate(cost.RangedSizeEstimate(0, maxProperties), text, text)
	default:
		return nil
	}
	return &size
}

// EstimateCallCost implements cost.Estimator.
func (sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	if function != "within" {
		return nil
	}
	return cost.NewCallEstimate(cost.FixedCostEstimate(withinCost), nil)
}
