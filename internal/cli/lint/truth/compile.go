// SPDX-License-Identifier: Apache-2.0

package truth

import (
	"fmt"
	"math"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/handoff-sla/handoff/internal/lead"
)

// exact bounds whole numbers: a float64 holds each of them, and those beside it.
const exact = 1 << 52

// compiler makes nodes of the parts that it understands.
type compiler struct {
	space      *Space
	expression *Expression
}

func (c compiler) compile(x ast.Expr) node {
	switch x.Kind() {
	case ast.LiteralKind:
		if b, ok := x.AsLiteral().(types.Bool); ok {
			return constant(outcomeOf(bool(b)))
		}
	case ast.SelectKind:
		return c.selection(x)
	case ast.CallKind:
		return c.call(x)
	default:
	}
	return c.opaque(x)
}

func (c compiler) selection(x ast.Expr) node {
	key, ok := c.key(x)
	if !ok {
		return c.opaque(x)
	}
	switch {
	case x.AsSelect().IsTestOnly():
		i, _ := c.field(key)
		return present(i)
	case c.space.types[key] == lead.Boolean:
		i, _ := c.field(key)
		return truth(i)
	default:
		return c.opaque(x)
	}
}

func (c compiler) call(x ast.Expr) node {
	call := x.AsCall()
	args := call.Args()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		return both{c.compile(args[0]), c.compile(args[1])}
	case operators.LogicalOr:
		return either{c.compile(args[0]), c.compile(args[1])}
	case operators.LogicalNot:
		return not{c.compile(args[0])}
	case operators.Conditional:
		return choice{c.compile(args[0]), c.compile(args[1]), c.compile(args[2])}
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return c.comparison(x, call.FunctionName(), args[0], args[1])
	case operators.In:
		return c.membership(x, args[0], args[1])
	default:
		return c.opaque(x)
	}
}

// turned is the operator with its sides exchanged.
var turned = map[string]string{
	operators.Equals: operators.Equals, operators.NotEquals: operators.NotEquals,
	operators.Less: operators.Greater, operators.Greater: operators.Less,
	operators.LessEquals: operators.GreaterEquals, operators.GreaterEquals: operators.LessEquals,
}

func (c compiler) comparison(x ast.Expr, operator string, left, right ast.Expr) node {
	if left.Kind() == ast.LiteralKind {
		left, right, operator = right, left, turned[operator]
	}
	if right.Kind() != ast.LiteralKind {
		return c.opaque(x)
	}
	literal := right.AsLiteral()
	if left.Kind() == ast.LiteralKind {
		return c.literals(x, operator, left.AsLiteral(), literal)
	}
	i, t := c.operand(left)
	if t == nil {
		return c.opaque(x)
	}
	if n, ok := number(literal); ok && t.kind.numeric() {
		t.numbers = append(t.numbers, n)
		return numeric{i, operator, n}
	}
	equality := operator == operators.Equals || operator == operators.NotEquals
	if s, ok := literal.(types.String); ok && equality && t.kind == text {
		t.texts = append(t.texts, string(s))
		return textual{i, operator == operators.Equals, []string{string(s)}}
	}
	if b, ok := literal.(types.Bool); ok && equality && t.kind == boolean {
		if same := bool(b) == (operator == operators.Equals); !same {
			return not{truth(i)}
		}
		return truth(i)
	}
	return c.opaque(x)
}

// literals compares two numbers or two texts that stand in the expression.
func (c compiler) literals(x ast.Expr, operator string, left, right ref.Val) node {
	a, okA := number(left)
	b, okB := number(right)
	if okA && okB {
		return constant(compare(operator, a, b))
	}
	s, okS := left.(types.String)
	t, okT := right.(types.String)
	switch {
	case !okS || !okT:
	case operator == operators.Equals:
		return constant(outcomeOf(s == t))
	case operator == operators.NotEquals:
		return constant(outcomeOf(s != t))
	}
	return c.opaque(x)
}

func (c compiler) membership(x, element, list ast.Expr) node {
	if list.Kind() != ast.ListKind {
		return c.opaque(x)
	}
	i, t := c.operand(element)
	if t == nil || t.kind != text {
		return c.opaque(x)
	}
	var among []string
	for _, item := range list.AsList().Elements() {
		if item.Kind() != ast.LiteralKind {
			return c.opaque(x)
		}
		s, ok := item.AsLiteral().(types.String)
		if !ok {
			return c.opaque(x)
		}
		among = append(among, string(s))
	}
	t.texts = append(t.texts, among...)
	return textual{i, true, among}
}

// operand is the term of a part that can be compared; nil when it is none.
func (c compiler) operand(x ast.Expr) (int, *term) {
	if key, ok := c.key(x); ok && !x.AsSelect().IsTestOnly() {
		return c.field(key)
	}
	switch x.Kind() {
	case ast.SelectKind: // signals.x.count
		if _, ok := member(x.AsSelect().Operand(), "signals"); ok && x.AsSelect().FieldName() == "count" {
			return c.space.term(c.expression.text(x), counted, false, false)
		}
	case ast.CallKind: // signals.x.within("90d")
		call := x.AsCall()
		if call.FunctionName() != "within" || !call.IsMemberFunction() || len(call.Args()) != 1 || call.Args()[0].Kind() != ast.LiteralKind {
			return 0, nil
		}
		if _, ok := member(call.Target(), "signals"); ok {
			return c.space.term(c.expression.text(x), counted, false, false)
		}
	default:
	}
	return 0, nil
}

var kinds = map[lead.FieldType]kind{lead.Integer: whole, lead.Number: decimal, lead.String: text, lead.Boolean: boolean}

// key of a field that a lead or a qualification has.
func (c compiler) key(x ast.Expr) (string, bool) {
	for _, variable := range []string{"lead", "qualification"} {
		if name, ok := member(x, variable); ok {
			_, known := c.space.types[variable+"."+name]
			return variable + "." + name, known
		}
	}
	return "", false
}

func (c compiler) field(key string) (int, *term) {
	kind, known := kinds[c.space.types[key]]
	if !known {
		kind = other
	}
	return c.space.term(key, kind, !c.space.present[key], !c.space.present[key])
}

// opaque may give anything. Parts that are written alike give the same.
func (c compiler) opaque(x ast.Expr) node {
	key := c.expression.text(x)
	if key == "" {
		key = fmt.Sprintf("part %d of %d", x.ID(), len(c.space.nodes))
	}
	i, _ := c.space.term(key, unknown, false, false)
	return anything(i)
}

// number is a literal that a float64 holds exactly.
func number(literal ref.Val) (float64, bool) {
	switch n := literal.(type) {
	case types.Int:
		return float64(n), n <= exact && n >= -exact
	case types.Uint:
		return float64(n), n <= exact
	case types.Double:
		return float64(n), math.Abs(float64(n)) <= exact
	default:
		return 0, false
	}
}

func outcomeOf(b bool) Outcome {
	if b {
		return True
	}
	return False
}
