// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
)

// absent are the fields that an expression reads and the record does not have, in the order in which it reads them.
func (e *Explainer) absent(expression string, record map[string]any) []string {
	reads, known := e.reads[expression]
	if !known {
		reads = fieldsOf(expression)
		e.reads[expression] = reads
	}
	var names []string
	for _, name := range reads {
		if _, there := record[name]; !there {
			names = append(names, name)
		}
	}
	return names
}

// fieldsOf are the names behind `lead.`; not those that has() asks for.
func fieldsOf(expression string) []string {
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
		if from.Operand().Kind() == ast.IdentKind && from.Operand().AsIdent() == "lead" && !slices.Contains(names, from.FieldName()) {
			names = append(names, from.FieldName())
		}
	}))
	return names
}
