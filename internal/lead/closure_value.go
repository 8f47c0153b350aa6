// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"cmp"
	"math"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// The values in conditions; the second result is false where a value is absent or cannot be computed.
type (
	integerOf func(*record) (int64, bool)
	numberOf  func(*record) (float64, bool)
	textOf    func(*record) (string, bool)
	instantOf func(*record) (instant, bool)
)

// instant is a Timestamp: seconds since 1970, and nanoseconds below.
type instant struct {
	second int64
	nano   uint32
}

func (i instant) compare(other instant) int {
	if i.second != other.second {
		return cmp.Compare(i.second, other.second)
	}
	return cmp.Compare(i.nano, other.nano)
}

func constant[T any](value T) func(*record) (T, bool) {
	return func(*record) (T, bool) { return value, true }
}

// choice is a ? b : c of values.
func choice[T any](yes, no test, then, otherwise func(*record) (T, bool)) func(*record) (T, bool) {
	return func(r *record) (T, bool) {
		switch {
		case yes(r):
			return then(r)
		case no(r):
			return otherwise(r)
		default:
			var none T
			return none, false
		}
	}
}

func isChoice(call ast.CallExpr) bool { return call.FunctionName() == operators.Conditional }

func (c *closures) integer(x ast.Expr) integerOf {
	if c.nodes++; c.nodes > maxNodes || c.failed || c.kind(x) != types.IntKind {
		c.giveUp()
		return nil
	}
	if k, ok := integerLiteral(x); ok {
		return constant(k)
	}
	if i := c.field(x); i >= 0 {
		return func(r *record) (int64, bool) {
			s := &r.slots[i]
			return int64(s.bits), s.id != idAbsent
		}
	}
	switch {
	case x.Kind() == ast.CallKind:
		return c.integerCall(x.AsCall())
	case x.Kind() == ast.SelectKind && !x.AsSelect().IsTestOnly():
		if i := c.signal(x.AsSelect().Operand()); i >= 0 {
			return func(r *record) (int64, bool) { return int64(len(r.signals.signals[i].times)), true }
		}
	}
	c.giveUp()
	return nil
}

func (c *closures) integerCall(call ast.CallExpr) integerOf {
	args := call.Args()
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	switch name := call.FunctionName(); {
	case isChoice(call):
		return choice(c.test(args[0], true), c.test(args[0], false), c.integer(args[1]), c.integer(args[2]))
	case name == overloads.Size:
		return c.size(args[0])
	case name == "within":
		return c.within(args[0], args[1])
	case name == operators.Negate:
		return c.arithmetic(subtract, constant[int64](0), c.integer(args[0]))
	default:
		if compute, known := arithmetics[name]; known {
			return c.arithmetic(compute, c.integer(args[0]), c.integer(args[1]))
		}
		c.giveUp()
		return nil
	}
}

func (c *closures) arithmetic(compute func(a, b int64) (int64, bool), left, right integerOf) integerOf {
	return func(r *record) (int64, bool) {
		a, ok := left(r)
		if !ok {
			return 0, false
		}
		b, ok := right(r)
		if !ok {
			return 0, false
		}
		return compute(a, b)
	}
}

// arithmetics of integers fail on overflow and on division by zero.
var arithmetics = map[string]func(a, b int64) (int64, bool){
	operators.Add: func(a, b int64) (int64, bool) {
		sum := a + b
		return sum, (sum > a) == (b > 0)
	},
	operators.Subtract: subtract,
	operators.Multiply: func(a, b int64) (int64, bool) {
		if a == 0 || b == 0 {
			return 0, true
		}
		product := a * b
		return product, product/b == a && (a != -1 || b != math.MinInt64) && (b != -1 || a != math.MinInt64)
	},
	operators.Divide: func(a, b int64) (int64, bool) {
		if b == 0 || a == math.MinInt64 && b == -1 {
			return 0, false
		}
		return a / b, true
	},
	operators.Modulo: func(a, b int64) (int64, bool) {
		if b == 0 || a == math.MinInt64 && b == -1 {
			return 0, false
		}
		return a % b, true
	},
}

func subtract(a, b int64) (int64, bool) {
	difference := a - b
	return difference, (difference < a) == (b > 0)
}

// size of a text is in characters.
func (c *closures) size(x ast.Expr) integerOf {
	if c.kind(x) == types.StringKind {
		text := c.text(x)
		return func(r *record) (int64, bool) {
			t, ok := text(r)
			return int64(utf8.RuneCountInString(t)), ok
		}
	}
	i := c.field(x)
	if i < 0 || c.kind(x) != types.ListKind {
		c.giveUp()
		return nil
	}
	return func(r *record) (int64, bool) { return int64(len(r.lists[i])), r.slots[i].id != idAbsent }
}

func (c *closures) within(target, window ast.Expr) integerOf {
	i := c.signal(target)
	text, isText := textLiteral(window)
	length, err := parseWindow(text)
	if i < 0 || !isText || err != nil {
		c.giveUp()
		return nil
	}
	return func(r *record) (int64, bool) { return int64(r.signals.signals[i].since(r.now.Add(-length))), true }
}

// number also takes an Integer, for comparisons between the two.
func (c *closures) number(x ast.Expr) numberOf {
	if c.kind(x) == types.IntKind {
		whole := c.integer(x)
		return func(r *record) (float64, bool) {
			v, ok := whole(r)
			return float64(v), ok
		}
	}
	if c.nodes++; c.nodes > maxNodes || c.failed || c.kind(x) != types.DoubleKind {
		c.giveUp()
		return nil
	}
	if i := c.field(x); i >= 0 {
		return func(r *record) (float64, bool) {
			s := &r.slots[i]
			return math.Float64frombits(s.bits), s.id != idAbsent
		}
	}
	switch x.Kind() {
	case ast.LiteralKind:
		return constant(numberLiteral(x))
	case ast.CallKind:
		return c.numberCall(x.AsCall())
	default:
		c.giveUp()
		return nil
	}
}

func (c *closures) numberCall(call ast.CallExpr) numberOf {
	args := call.Args()
	var compute func(a, b float64) float64
	switch call.FunctionName() {
	case operators.Conditional:
		return choice(c.test(args[0], true), c.test(args[0], false), c.number(args[1]), c.number(args[2]))
	case overloads.TypeConvertDouble:
		if !isNumber(c.kind(args[0])) {
			c.giveUp()
			return nil
		}
		return c.number(args[0])
	case operators.Negate:
		value := c.number(args[0])
		return func(r *record) (float64, bool) {
			v, ok := value(r)
			return -v, ok
		}
	case operators.Add:
		compute = func(a, b float64) float64 { return a + b }
	case operators.Subtract:
		compute = func(a, b float64) float64 { return a - b }
	case operators.Multiply:
		compute = func(a, b float64) float64 { return a * b }
	case operators.Divide:
		compute = func(a, b float64) float64 { return a / b }
	default:
		c.giveUp()
		return nil
	}
	left, right := c.number(args[0]), c.number(args[1])
	return func(r *record) (float64, bool) {
		a, ok := left(r)
		if !ok {
			return 0, false
		}
		b, ok := right(r)
		return compute(a, b), ok
	}
}

func (c *closures) instant(x ast.Expr) instantOf {
	if i := c.field(x); i >= 0 {
		return func(r *record) (instant, bool) {
			s := &r.slots[i]
			return instant{int64(s.bits), s.nano}, s.id != idAbsent
		}
	}
	if x.Kind() == ast.CallKind {
		switch call := x.AsCall(); {
		case isChoice(call):
			args := call.Args()
			return choice(c.test(args[0], true), c.test(args[0], false), c.instant(args[1]), c.instant(args[2]))
		case call.FunctionName() == overloads.TypeConvertTimestamp:
			if text, ok := textLiteral(call.Args()[0]); ok {
				if at, ok := types.String(text).ConvertToType(types.TimestampType).(types.Timestamp); ok {
					return constant(instant{at.Unix(), uint32(at.Nanosecond())})
				}
			}
		}
	}
	c.giveUp()
	return nil
}
