// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// test is a condition as a closure. CEL knows three outcomes, true, false and failed (a value is absent, a number overflows), and
// && and || absorb a failure on one side where the other side decides. A test asks for one of the first two, so that two of
// them tell the three apart: a condition that failed is neither true nor false. Absorption follows from that by itself: a && b is
// true if both are true, and false if either is false, whatever the other one is.
type test func(*record) bool

// maxNodes of one expression that become closures. Comparing truths with each other, and ?:, ask for both outcomes of a part.
const maxNodes = 500

// closures turns one checked expression into a test. What it has no closure for it leaves to CEL, as a whole.
type closures struct {
	ast       *ast.AST
	provider  *provider
	constants *constants
	locals    []string // variables of exists and all, the innermost last
	nodes     int
	failed    bool
}

// closureOf an expression that CEL has checked; nil when it has a shape that is left to CEL.
func (e *environment) closureOf(checked *cel.Ast) test {
	c := &closures{ast: checked.NativeRep(), provider: e.provider, constants: e.constants}
	holds := c.test(checked.NativeRep().Expr(), true)
	if c.failed {
		return nil
	}
	return holds
}

// giveUp leaves the expression to CEL. What is compiled around the part without a closure is thrown away.
func (c *closures) giveUp() { c.failed = true }

func (c *closures) noTest() test {
	c.giveUp()
	return nil
}

func (c *closures) kind(x ast.Expr) types.Kind { return c.ast.GetType(x.ID()).Kind() }

// test whether an expression is true, or with want false whether it is false.
func (c *closures) test(x ast.Expr, want bool) test {
	if c.nodes++; c.nodes > maxNodes || c.failed {
		return c.noTest()
	}
	switch x.Kind() {
	case ast.LiteralKind:
		if truth, ok := x.AsLiteral().(types.Bool); ok {
			return always(bool(truth) == want)
		}
		return c.noTest()
	case ast.SelectKind:
		return c.selection(x.AsSelect(), want)
	case ast.CallKind:
		return c.call(x.AsCall(), want)
	case ast.ComprehensionKind:
		return c.quantifier(x.AsComprehension(), want)
	default:
		return c.noTest()
	}
}

func always(outcome bool) test { return func(*record) bool { return outcome } }

// selected says whether a selection is from one of the variables, which no exists or all hides.
func (c *closures) selected(s ast.SelectExpr, variable string) bool {
	operand := s.Operand()
	return operand.Kind() == ast.IdentKind && operand.AsIdent() == variable && !slices.Contains(c.locals, variable)
}

// field is the index of the field that an expression reads; -1 when it reads none, or does more than that.
func (c *closures) field(x ast.Expr) int {
	if x.Kind() != ast.SelectKind || x.AsSelect().IsTestOnly() || !c.selected(x.AsSelect(), leadVariable) {
		return -1
	}
	return c.fieldNamed(x.AsSelect().FieldName())
}

func (c *closures) fieldNamed(name string) int {
	return slices.IndexFunc(c.provider.fields, func(f Field) bool { return f.Name == name })
}

// signal is the index of the signal that an expression names; -1 when it names none.
func (c *closures) signal(x ast.Expr) int {
	if x.Kind() != ast.SelectKind || x.AsSelect().IsTestOnly() || !c.selected(x.AsSelect(), signalsVariable) {
		return -1
	}
	return slices.IndexFunc(c.provider.signals, func(s Signal) bool { return s.Name == x.AsSelect().FieldName() })
}

func (c *closures) selection(s ast.SelectExpr, want bool) test {
	switch {
	case s.IsTestOnly():
		return c.presence(s, want)
	case c.selected(s, activityVariable):
		return propertyIs(s.FieldName(), want)
	case !c.selected(s, leadVariable):
		return c.noTest()
	}
	i, id := c.fieldNamed(s.FieldName()), uint32(idFalse)
	if want {
		id = idTrue
	}
	return func(r *record) bool { return r.slots[i].id == id }
}

// presence is has(...): it never fails.
func (c *closures) presence(s ast.SelectExpr, want bool) test {
	switch {
	case c.selected(s, leadVariable):
		i := c.fieldNamed(s.FieldName())
		return func(r *record) bool { return (r.slots[i].id != idAbsent) == want }
	case c.selected(s, signalsVariable), c.signal(s.Operand()) >= 0:
		return always(want)
	case c.selected(s, activityVariable):
		name := s.FieldName()
		return func(r *record) bool {
			_, there := r.activity[name]
			return there == want
		}
	default:
		return c.noTest()
	}
}

func (c *closures) call(call ast.CallExpr, want bool) test {
	args := call.Args()
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	switch name := call.FunctionName(); name {
	case operators.LogicalAnd:
		return c.chain(name, args, want, want)
	case operators.LogicalOr:
		return c.chain(name, args, want, !want)
	case operators.LogicalNot:
		return c.test(args[0], !want)
	case operators.Conditional:
		return c.conditional(args, want)
	case operators.In:
		return c.membership(args[0], args[1], want)
	case overloads.StartsWith, overloads.EndsWith, overloads.Contains:
		return c.textual(name, args, want)
	case overloads.Matches:
		return c.matching(args, want)
	default:
		if op, known := comparisons[name]; known {
			return c.comparison(op, args[0], args[1], want)
		}
		return c.noTest()
	}
}

// chain is a && b && c, or with ||: either all parts must have the outcome, or any.
func (c *closures) chain(name string, args []ast.Expr, want, all bool) test {
	var parts []ast.Expr
	for _, arg := range args {
		parts = chain(name, arg, parts)
	}
	tests := make([]test, 0, len(parts))
	for len(parts) > 0 {
		if joined := c.ranged(parts, want, all); joined != nil {
			tests, parts = append(tests, joined), parts[2:]
			continue
		}
		tests, parts = append(tests, c.test(parts[0], want)), parts[1:]
	}
	if all {
		return every(tests)
	}
	return some(tests)
}

func every(tests []test) test {
	return joined(tests, func(a, b test) test {
		return func(r *record) bool { return a(r) && b(r) }
	})
}

func some(tests []test) test {
	return joined(tests, func(a, b test) test {
		return func(r *record) bool { return a(r) || b(r) }
	})
}

// joined is the first test and all behind it; there is at least one.
func joined(tests []test, join func(a, b test) test) test {
	var rest test
	for _, one := range slices.Backward(tests) {
		if rest != nil {
			one = join(one, rest)
		}
		rest = one
	}
	return rest
}

// conditional is a ? b : c. It fails where a does, whatever b and c are.
func (c *closures) conditional(args []ast.Expr, want bool) test {
	yes, no := c.test(args[0], true), c.test(args[0], false)
	then, otherwise := c.test(args[1], want), c.test(args[2], want)
	return func(r *record) bool { return yes(r) && then(r) || no(r) && otherwise(r) }
}

// quantifier is exists or all over the entries of a StringList: a chain of || or && of what they say of each entry.
func (c *closures) quantifier(q ast.ComprehensionExpr, want bool) test {
	i, say := c.field(q.IterRange()), c.said(q)
	if i < 0 || say == nil || c.kind(q.IterRange()) != types.ListKind || len(c.locals) == maxLocals {
		return c.noTest()
	}
	depth := len(c.locals)
	c.locals = append(c.locals, q.IterVar())
	holds := c.test(say, want)
	c.locals = c.locals[:depth]
	decisive := (q.AccuInit().AsLiteral() == types.False) == want
	return func(r *record) bool {
		if r.slots[i].id == idAbsent {
			return false
		}
		for _, entry := range r.lists[i] {
			r.locals[depth] = entry
			if holds(r) == decisive {
				return decisive
			}
		}
		return !decisive
	}
}

// said is what exists or all say of each entry; nil for the other macros that go through a list.
func (c *closures) said(q ast.ComprehensionExpr) ast.Expr {
	if q.HasIterVar2() || q.AccuInit().Kind() != ast.LiteralKind || q.LoopStep().Kind() != ast.CallKind || q.Result().Kind() != ast.IdentKind {
		return nil
	}
	step, starts := q.LoopStep().AsCall(), operators.LogicalOr
	if q.AccuInit().AsLiteral() == types.True {
		starts = operators.LogicalAnd
	} else if q.AccuInit().AsLiteral() != types.False {
		return nil
	}
	if step.FunctionName() != starts || len(step.Args()) != 2 || step.Args()[0].Kind() != ast.IdentKind || step.Args()[0].AsIdent() != q.AccuVar() {
		return nil
	}
	return step.Args()[1]
}
