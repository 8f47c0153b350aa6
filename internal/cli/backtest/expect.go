// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"github.com/handoff-sla/handoff/internal/lead"
)

// expected are the columns that the fields and an outcome read. The beginning of an NDJSON file need not show them: what converts comes late.
func expected(text string, fields []lead.Field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.SourceProperty())
	}
	return append(names, outcomeReads(text, fields)...)
}

// outcomeReads are the columns that an outcome may read, before any file is: the text itself where it may be the name of one.
func outcomeReads(text string, fields []lead.Field) []string {
	text = strings.TrimSpace(text)
	env, err := cel.NewEnv()
	if err != nil || text == "" {
		return nil
	}
	parsed, issues := env.Parse(text)
	if issues.Err() != nil {
		if strings.ContainsAny(text, `=<>&|!?:"'()[]{}`) {
			return nil // an expression with a mistake
		}
		return []string{text}
	}
	expr := parsed.NativeRep().Expr()
	if root := rootOf(expr); root != "" && root != leadVariable && root != rowVariable {
		return []string{text}
	}
	var names []string
	ast.PreOrderVisit(expr, ast.NewExprVisitor(func(x ast.Expr) {
		operand, name, ok := member(x)
		if !ok || operand.Kind() != ast.IdentKind {
			return
		}
		isField := slices.ContainsFunc(fields, func(f lead.Field) bool { return f.Name == name })
		if operand.AsIdent() == rowVariable || (operand.AsIdent() == leadVariable && !isField) {
			names = append(names, name)
		}
	}))
	return names
}

// rootOf a name with points, such as deal.stage; empty when it is something else.
func rootOf(x ast.Expr) string {
	for x.Kind() == ast.SelectKind {
		x = x.AsSelect().Operand()
	}
	if x.Kind() != ast.IdentKind {
		return ""
	}
	return x.AsIdent()
}

// unseen is about a column of the outcome that was taken to come late in a file, and that never came.
func (in *Input) unseen(all []*source, columns []string) error {
	var fields []string
	for _, f := range in.New.Definition.Fields {
		fields = append(fields, f.SourceProperty())
	}
	for _, name := range outcomeReads(in.Outcome, in.New.Definition.Fields) {
		seen := func(s *source) bool {
			return s.role <= joined && slices.Contains(s.columns, name) && !slices.Contains(s.reader.Unseen(), name)
		}
		if !slices.Contains(columns, name) || slices.Contains(fields, name) || slices.ContainsFunc(all, seen) {
			continue
		}
		known := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == name })
		return fmt.Errorf("--outcome: no line has %q; %s (columns are %s)", name, lead.Suggest(name, known), strings.Join(known, ", "))
	}
	return nil
}
