// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"cmp"
	"math"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// comparison is a set of the orders that satisfy it. Unordered is what is no number with everything: it is different, and neither
// smaller nor greater.
type comparison uint8

const (
	smaller comparison = 1 << iota
	equal
	greater
	unordered

	different = smaller | greater | unordered
)

var comparisons = map[string]comparison{
	operators.Less: smaller, operators.LessEquals: smaller | equal, operators.Equals: equal,
	operators.NotEquals: different, operators.GreaterEquals: greater | equal, operators.Greater: greater,
}

// admits says whether an order, as cmp.Compare gives it, satisfies the comparison.
func (c comparison) admits(order int) bool { return c>>(order+1)&1 != 0 }

// opposite is satisfied where the comparison is not.
func (c comparison) opposite() comparison { return c ^ (smaller | equal | greater | unordered) }

// flipped is the comparison with its sides exchanged.
func (c comparison) flipped() comparison { return c&(equal|unordered) | c>>2&smaller | c<<2&greater }

func (c comparison) floats(a, b float64) bool {
	if a != a || b != b {
		return c&unordered != 0
	}
	return c.admits(cmp.Compare(a, b))
}

// comparison of two expressions. That it is false is the opposite comparison, of values that are both there.
func (c *closures) comparison(op comparison, left, right ast.Expr, want bool) test {
	if !want {
		op = op.opposite()
	}
	if left.Kind() == ast.LiteralKind && right.Kind() != ast.LiteralKind {
		left, right, op = right, left, op.flipped()
	}
	switch l, r := c.kind(left), c.kind(right); {
	case l == types.DynKind || r == types.DynKind:
		return c.propertyComparison(op, left, right)
	case l == types.IntKind && r == types.IntKind:
		return c.integers(op, left, right)
	case isNumber(l) && isNumber(r):
		return c.numbers(op, left, right)
	case l != r:
		return c.noTest()
	case l == types.StringKind:
		return c.texts(op, left, right)
	case l == types.BoolKind:
		return c.truths(op, left, right)
	case l == types.TimestampKind:
		return compared(op, c.instant(left), c.instant(right), instant.compare)
	default:
		return c.noTest()
	}
}

func isNumber(k types.Kind) bool { return k == types.IntKind || k == types.DoubleKind }

// compared is the general form; a value is absent where the second result is false.
func compared[T any](op comparison, left, right func(*record) (T, bool), order func(T, T) int) test {
	return func(r *record) bool {
		a, ok := left(r)
		if !ok {
			return false
		}
		b, ok := right(r)
		return ok && op.admits(order(a, b))
	}
}

func (c *closures) integers(op comparison, left, right ast.Expr) test {
	if i, k, ok := c.fieldAndInteger(left, right); ok {
		return intervals(op, i, k)
	}
	if k, ok := integerLiteral(right); ok {
		a := c.integer(left)
		return func(r *record) bool {
			v, ok := a(r)
			return ok && op.admits(cmp.Compare(v, k))
		}
	}
	return compared(op, c.integer(left), c.integer(right), cmp.Compare[int64])
}

func (c *closures) fieldAndInteger(left, right ast.Expr) (field int, k int64, ok bool) {
	k, ok = integerLiteral(right)
	field = c.field(left)
	return field, k, ok && field >= 0
}

func integerLiteral(x ast.Expr) (int64, bool) {
	if x.Kind() != ast.LiteralKind {
		return 0, false
	}
	k, ok := x.AsLiteral().(types.Int)
	return int64(k), ok
}

// intervals compares an Integer with a constant: every comparison but one asks whether it lies in an interval.
func intervals(op comparison, i int, k int64) test {
	if op == different {
		return func(r *record) bool {
			s := &r.slots[i]
			return s.id != idAbsent && int64(s.bits) != k
		}
	}
	low, high, some := bounds(op, k)
	if !some {
		return always(false)
	}
	return between(i, low, high)
}

// bounds of the integers that satisfy a comparison with k; false when there is none.
func bounds(op comparison, k int64) (low, high int64, some bool) {
	low, high = math.MinInt64, math.MaxInt64
	switch {
	case op&smaller == 0 && op&equal == 0:
		low, some = k+1, k < math.MaxInt64
	case op&smaller == 0:
		low, some = k, true
	default:
		some = true
	}
	switch {
	case op&greater == 0 && op&equal == 0:
		high, some = k-1, some && k > math.MinInt64
	case op&greater == 0:
		high = k
	}
	return low, high, some
}

// between asks with one comparison: below the interval the difference wraps round to a large number.
func between(i int, low, high int64) test {
	width := uint64(high) - uint64(low)
	return func(r *record) bool {
		s := &r.slots[i]
		return s.id != idAbsent && s.bits-uint64(low) <= width
	}
}

// ranged joins two comparisons of an Integer with constants, such as lead.employees >= 50 && lead.employees <= 500.
func (c *closures) ranged(parts []ast.Expr, want, all bool) test {
	if !all || len(parts) < 2 {
		return nil
	}
	i, low, high, ok := c.interval(parts[0], want)
	j, least, most, also := c.interval(parts[1], want)
	if !ok || !also || i != j {
		return nil
	}
	low, high = max(low, least), min(high, most)
	if low > high {
		return always(false)
	}
	return between(i, low, high)
}

func (c *closures) interval(x ast.Expr, want bool) (field int, low, high int64, ok bool) {
	if x.Kind() != ast.CallKind || x.AsCall().IsMemberFunction() {
		return 0, 0, 0, false
	}
	op, known := comparisons[x.AsCall().FunctionName()]
	if !known {
		return 0, 0, 0, false
	}
	if !want {
		op = op.opposite()
	}
	left, right := x.AsCall().Args()[0], x.AsCall().Args()[1]
	if left.Kind() == ast.LiteralKind {
		left, right, op = right, left, op.flipped()
	}
	field, k, ok := c.fieldAndInteger(left, right)
	if !ok || op == different || c.kind(left) != types.IntKind {
		return 0, 0, 0, false
	}
	low, high, ok = bounds(op, k)
	return field, low, high, ok
}

func (c *closures) numbers(op comparison, left, right ast.Expr) test {
	i, k := c.field(left), right
	if i < 0 || c.kind(left) != types.DoubleKind || k.Kind() != ast.LiteralKind {
		a, b := c.number(left), c.number(right)
		return func(r *record) bool {
			x, ok := a(r)
			if !ok {
				return false
			}
			y, ok := b(r)
			return ok && op.floats(x, y)
		}
	}
	limit := numberLiteral(k)
	return func(r *record) bool {
		s := &r.slots[i]
		return s.id != idAbsent && op.floats(math.Float64frombits(s.bits), limit)
	}
}

// numberLiteral of a whole number is the float64 next to it: CEL compares the two types that way.
func numberLiteral(x ast.Expr) float64 {
	switch k := x.AsLiteral().(type) {
	case types.Int:
		return float64(k)
	case types.Double:
		return float64(k)
	default:
		return math.NaN()
	}
}

func (c *closures) texts(op comparison, left, right ast.Expr) test {
	if id, i, ok := c.constantOf(left, right, math.MaxUint32); ok {
		switch op {
		case equal:
			return func(r *record) bool { return r.slots[i].id == id }
		case different:
			return func(r *record) bool { return r.slots[i].id != id && r.slots[i].id != idAbsent }
		default:
		}
	}
	if op != equal && op != different {
		return compared(op, c.text(left), c.text(right), cmp.Compare[string])
	}
	if whole, isText := textLiteral(right); isText {
		if of := c.lowered(left); of != nil {
			return loweredIs(of, whole, op == equal)
		}
	}
	a, b, want := c.text(left), c.text(right), op == equal
	return func(r *record) bool {
		x, ok := a(r)
		if !ok {
			return false
		}
		y, ok := b(r)
		return ok && (x == y) == want
	}
}

// constantOf is the id of a literal that a String is compared with.
func (c *closures) constantOf(left, right ast.Expr, highest uint32) (id uint32, field int, ok bool) {
	field = c.field(left)
	text, isText := textLiteral(right)
	if field < 0 || !isText {
		return 0, field, false
	}
	id, ok = c.constants.intern(field, text, highest)
	return id, field, ok
}

// truths compares conditions: for each pair of outcomes that satisfies the comparison, one side must have the first, the other the
// second.
func (c *closures) truths(op comparison, left, right ast.Expr) test {
	var pairs []test
	for _, a := range []bool{false, true} {
		for _, b := range []bool{false, true} {
			if op.admits(cmp.Compare(order(a), order(b))) {
				pairs = append(pairs, every([]test{c.test(left, a), c.test(right, b)}))
			}
		}
	}
	return some(pairs)
}

func order(truth bool) int {
	if truth {
		return 1
	}
	return 0
}
