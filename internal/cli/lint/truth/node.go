// SPDX-License-Identifier: Apache-2.0

package truth

import (
	"slices"

	"cel.dev/cel-go/common/operators"
)

// node is a part of an expression that is understood.
type node interface{ eval(w world) Outcome }

type (
	constant Outcome
	anything int // the term of what is not understood
	present  int // has(term)
	truth    int // a Boolean term
	not      struct{ of node }
	both     struct{ left, right node }
	either   struct{ left, right node }
	choice   struct{ when, then, otherwise node }
	numeric  struct {
		term     int
		operator string
		literal  float64
	}
	textual struct {
		term  int
		equal bool
		among []string
	}
)

func (c constant) eval(world) Outcome   { return Outcome(c) }
func (a anything) eval(w world) Outcome { return w[a].outcome }
func (p present) eval(w world) Outcome  { return outcomeOf(w[p].there) }

func (t truth) eval(w world) Outcome {
	if !w[t].there {
		return Fails
	}
	return w[t].outcome
}

func (n not) eval(w world) Outcome {
	switch n.of.eval(w) {
	case True:
		return False
	case False:
		return True
	default:
		return Fails
	}
}

// eval absorbs a failure where the other side decides, as CEL does.
func (b both) eval(w world) Outcome {
	left, right := b.left.eval(w), b.right.eval(w)
	switch {
	case left == False || right == False:
		return False
	case left == Fails || right == Fails:
		return Fails
	default:
		return True
	}
}

func (e either) eval(w world) Outcome {
	left, right := e.left.eval(w), e.right.eval(w)
	switch {
	case left == True || right == True:
		return True
	case left == Fails || right == Fails:
		return Fails
	default:
		return False
	}
}

func (c choice) eval(w world) Outcome {
	switch c.when.eval(w) {
	case True:
		return c.then.eval(w)
	case False:
		return c.otherwise.eval(w)
	default:
		return Fails
	}
}

func (n numeric) eval(w world) Outcome {
	if !w[n.term].there {
		return Fails
	}
	return compare(n.operator, w[n.term].number, n.literal)
}

func (t textual) eval(w world) Outcome {
	if !w[t.term].there {
		return Fails
	}
	return outcomeOf(slices.Contains(t.among, w[t.term].text) == t.equal)
}

func compare(operator string, a, b float64) Outcome {
	switch operator {
	case operators.Equals:
		return outcomeOf(a == b)
	case operators.NotEquals:
		return outcomeOf(a != b)
	case operators.Less:
		return outcomeOf(a < b)
	case operators.LessEquals:
		return outcomeOf(a <= b)
	case operators.Greater:
		return outcomeOf(a > b)
	default:
		return outcomeOf(a >= b)
	}
}
