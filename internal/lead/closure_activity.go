// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"cmp"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// What an activity holds is known when it happens. The types that JSON decodes to are read as they are, all others by way of CEL.

// property is the name of the property of an activity that an expression reads; false when it reads none.
func (c *closures) property(x ast.Expr) (string, bool) {
	if x.Kind() != ast.SelectKind || x.AsSelect().IsTestOnly() || !c.selected(x.AsSelect(), activityVariable) {
		return "", false
	}
	return x.AsSelect().FieldName(), true
}

// propertyIs asks for a truth: what is no Boolean is neither.
func propertyIs(name string, want bool) test {
	return func(r *record) bool {
		switch v := r.activity[name].(type) {
		case bool:
			return v == want
		case nil, string, float64:
			return false
		default:
			return r.provider.NativeToValue(v) == ref.Val(types.Bool(want))
		}
	}
}

func (c *closures) propertyText(x ast.Expr) textOf {
	name, ok := c.property(x)
	if !ok {
		c.giveUp()
		return nil
	}
	return func(r *record) (string, bool) {
		switch v := r.activity[name].(type) {
		case string:
			return v, true
		case nil, bool, float64:
			return "", false
		default:
			text, ok := r.provider.NativeToValue(v).(types.String)
			return string(text), ok
		}
	}
}

// propertyAmong is activity.x in ["a", "b"]: what is there and no text is not among them.
func (c *closures) propertyAmong(x ast.Expr, known map[string]bool, want bool) test {
	name, ok := c.property(x)
	if !ok {
		return c.noTest()
	}
	return func(r *record) bool {
		value, there := r.activity[name]
		switch v := value.(type) {
		case string:
			return known[v] == want
		case nil, bool, float64:
			return there && !want
		case []byte:
			return false // CEL keeps the constants in a map, and cannot look bytes up in one
		default:
			converted := r.provider.NativeToValue(v)
			text, isText := converted.(types.String)
			return !types.IsUnknownOrError(converted) && (isText && known[string(text)]) == want
		}
	}
}

// propertyComparison compares a property with a literal.
func (c *closures) propertyComparison(op comparison, left, right ast.Expr) test {
	name, ok := c.property(left)
	if !ok || right.Kind() != ast.LiteralKind {
		return c.noTest()
	}
	limit := right.AsLiteral()
	switch k := limit.(type) {
	case types.String:
		return propertyAgainstText(op, name, string(k))
	case types.Int, types.Double:
		return propertyAgainstNumber(op, name, limit, numberLiteral(right))
	case types.Bool, types.Null:
		if op != equal && op != different {
			return c.noTest()
		}
		return func(r *record) bool {
			value, there := r.activity[name]
			return there && ordered(op, r.provider.NativeToValue(value), limit)
		}
	default:
		return c.noTest()
	}
}

func propertyAgainstText(op comparison, name, limit string) test {
	return func(r *record) bool {
		value, there := r.activity[name]
		switch v := value.(type) {
		case string:
			return op.admits(cmp.Compare(v, limit))
		case float64:
			return op == different || v != v && op&unordered != 0 // CEL says so even of a text
		case nil, bool:
			return there && op == different
		default:
			return ordered(op, r.provider.NativeToValue(v), types.String(limit))
		}
	}
}

func propertyAgainstNumber(op comparison, name string, limit ref.Val, number float64) test {
	return func(r *record) bool {
		value, there := r.activity[name]
		switch v := value.(type) {
		case float64:
			return op.floats(v, number)
		case nil, bool, string:
			return there && op == different
		default:
			return ordered(op, r.provider.NativeToValue(v), limit)
		}
	}
}

// ordered compares as CEL does: values of different types are different, and have no order unless both are numbers.
func ordered(op comparison, value, limit ref.Val) bool {
	if types.IsUnknownOrError(value) {
		return false
	}
	if double, ok := value.(types.Double); ok && double != double {
		return op&unordered != 0
	}
	if op == equal || op == different {
		return (types.Equal(value, limit) == types.True) == (op == equal)
	}
	comparer, ok := value.(traits.Comparer)
	if !ok {
		return false
	}
	order, ok := comparer.Compare(limit).(types.Int)
	return ok && op.admits(int(order))
}
