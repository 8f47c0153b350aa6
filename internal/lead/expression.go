// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"math"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// expression is a compiled condition; it may be used from several goroutines at once.
type expression struct {
	program cel.Program
	test    test // a closure where the expression has the shape for one, else the program
	closure bool
}

// holds says whether the expression is true. It is not when it reads a value that is absent, or fails in any other way.
func (e *expression) holds(variables cel.Activation) bool {
	if s, ours := variables.(*state); ours {
		return e.test(&s.record)
	}
	return e.evaluate(variables)
}

// evaluate is the same by CEL's own evaluator.
func (e *expression) evaluate(variables cel.Activation) bool {
	value, _, err := e.program.Eval(variables)
	return err == nil && value == ref.Val(types.True)
}

// compile parses and checks a condition; the texts say what is wrong, each with its position where there is one.
func (e *environment) compile(source string) (*expression, []string) {
	if strings.TrimSpace(source) == "" {
		return nil, []string{"the expression is empty"}
	}
	parsed, issues := e.env.Parse(source)
	if issues.Err() != nil {
		return nil, e.explain(issues, nil)
	}
	checked, issues := e.env.Check(parsed)
	if issues.Err() != nil {
		return nil, e.explain(issues, parsed)
	}
	if texts := e.refuse(checked); len(texts) > 0 {
		return nil, texts
	}
	closure := e.closureOf(checked)
	program, err := e.env.Program(checked, programOptions(checked, closure != nil)...)
	if err != nil {
		return nil, []string{err.Error()}
	}
	compiled := &expression{program: program, test: closure, closure: closure != nil}
	if closure == nil {
		compiled.test = func(r *record) bool { return compiled.evaluate(r) }
	}
	return compiled, nil
}

// programOptions bound the work of expressions while they run: what an activity holds is not bounded before. Where there is a
// closure and no loop, the work is linear in what was stored, and counting would make it several times slower.
func programOptions(checked *cel.Ast, closure bool) []cel.ProgramOption {
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	bounded := !closure
	visit(checked, func(x ast.Expr) { bounded = bounded || x.Kind() == ast.ComprehensionKind })
	if bounded {
		options = append(options, cel.CostLimit(MaxCost))
	}
	return options
}

// refuse finds what CEL's own check lets pass.
func (e *environment) refuse(checked *cel.Ast) []string {
	var texts []string
	if out := checked.OutputType(); !out.IsExactType(types.BoolType) && (!e.dynamic || out.Kind() != types.DynKind) {
		texts = append(texts, fmt.Sprintf("gives %s; an expression must give bool (true or false)", out))
	}
	visit(checked, func(x ast.Expr) {
		if text := refuseNode(checked, x); text != "" {
			texts = append(texts, position(checked, x.ID())+text)
		}
	})
	if len(texts) > 0 {
		return texts
	}
	estimate, err := e.env.EstimateCost(checked, sizes{})
	if err != nil {
		return []string{"its cost cannot be bounded: " + err.Error()}
	}
	switch {
	case estimate.Max == math.MaxUint64:
		return []string{"its cost has no bound: compare single fields, not whole objects"}
	case estimate.Max > MaxCost:
		return []string{fmt.Sprintf("may cost up to %d units on the largest lead, more than the limit of %d: nest fewer of "+
			"all, exists, exists_one, map, filter", estimate.Max, MaxCost)}
	}
	return nil
}

func refuseNode(checked *cel.Ast, x ast.Expr) string {
	switch x.Kind() {
	case ast.StructKind:
		return "expressions cannot build objects"
	case ast.CallKind:
		return refuseCall(checked, x.AsCall())
	default:
		return ""
	}
}

func refuseCall(checked *cel.Ast, call ast.CallExpr) string {
	if len(call.Args()) != 1 {
		return ""
	}
	arg := call.Args()[0]
	switch call.FunctionName() {
	case "dyn": // would take the check of names away
		if checked.NativeRep().GetType(arg.ID()).Kind() == types.StructKind {
			return "dyn() of lead or signals: read their fields directly"
		}
	case "within":
		if arg.Kind() != ast.LiteralKind {
			return ""
		}
		if text, isText := arg.AsLiteral().(types.String); isText {
			if _, err := parseWindow(string(text)); err != nil {
				return fmt.Sprintf("within: %q %v", string(text), err)
			}
		}
	}
	return ""
}

func visit(a *cel.Ast, see func(ast.Expr)) {
	ast.PreOrderVisit(a.NativeRep().Expr(), ast.NewExprVisitor(see))
}

func position(a *cel.Ast, id int64) string {
	return lineAndColumn(a.NativeRep().SourceInfo().GetStartLocation(id))
}

// lineAndColumn is "line:column: ", both counted from 1. The library has no position for some.
func lineAndColumn(at common.Location) string {
	return fmt.Sprintf("%d:%d: ", max(at.Line(), 1), max(at.Column()+1, 1))
}
