// SPDX-License-Identifier: Apache-2.0

package truth

import (
	"fmt"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/parser"
)

// Expression is a parsed CEL expression.
type Expression struct{ ast *cel.Ast }

var environment = sync.OnceValues(func() (*cel.Env, error) { return cel.NewEnv() })

// Parse reads an expression. What it may call and read is the compiler's to check.
func Parse(source string) (*Expression, error) {
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("environment of expressions: %w", err)
	}
	parsed, issues := env.Parse(source)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	return &Expression{ast: parsed}, nil
}

func (e *Expression) root() ast.Expr { return e.ast.NativeRep().Expr() }

// Reads are the names that the expression reads of a variable: of `lead` the fields, of `signals` the signals. They are in order of
// their names.
func (e *Expression) Reads(variable string) []string {
	var names []string
	ast.PreOrderVisit(e.root(), ast.NewExprVisitor(func(x ast.Expr) {
		if name, ok := member(x, variable); ok {
			names = append(names, name)
		}
	}))
	slices.Sort(names)
	return slices.Compact(names)
}

// member is the name in `variable.name`.
func member(x ast.Expr, variable string) (string, bool) {
	if x.Kind() != ast.SelectKind {
		return "", false
	}
	operand := x.AsSelect().Operand()
	if operand.Kind() != ast.IdentKind || operand.AsIdent() != variable {
		return "", false
	}
	return x.AsSelect().FieldName(), true
}

// text of a part, the same for parts that are written alike; "" when there is none.
func (e *Expression) text(x ast.Expr) string {
	text, err := parser.Unparse(x, e.ast.NativeRep().SourceInfo())
	if err != nil {
		return ""
	}
	return text
}
