// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
)

// absent are the fields of a variable that an expression reads and nothing has a value for, in the order in which it reads them.
func (e *Explainer) absent(variable, expression string, record map[string]any) []string {
	reads, known := e.reads[variable+" "+expression]
	if !known {
		reads = fieldsOf(variable, expression)
		e.reads[variable+" "+expression] = reads
	}
	var names []string
	for _, name := range reads {
		if _, there := record[name]; !there {
			names = append(names, name)
		}
	}
	return names
}

// fieldsOf are the names behind `lead.` or `qualification.`; not those that has() asks for.
func fieldsOf(variable, expression string) []string {
	env, err := cel.NewEnv()
	if err != nil {
		return nil
	}
	parsed, issues := env.Parse(expression)
	if issues.Err() != nil {
		return nil
	}
	var names []string
	ast.PreOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() != ast.SelectKind || x.AsSelect().IsTestOnly() {
			return
		}
		from := x.AsSelect()
		if from.Operand().Kind() == ast.IdentKind && from.Operand().AsIdent() == variable && !slices.Contains(names, from.FieldName()) {
			names = append(names, from.FieldName())
		}
	}))
	return names
}
