// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/handoff-sla/handoff/internal/lead"
)

// The variables of an outcome.
const (
	rowVariable  = "row"
	leadVariable = "lead"
)

// no are the texts that say no in a column which is the outcome by itself.
var no = []string{"", "false", "no", "0"}

// Outcome says of a lead whether it converted.
type Outcome struct {
	columns []Column
	column  int // whose value it is; -1: program
	program cel.Program
}

// CompileOutcome of the columns that are read, and mark those that it is made of. The text is a column's name (the lead converted when it
// has a value there other than false, no or 0) or a CEL condition over `row`, the columns as text, and `lead`, the fields in their types.
func CompileOutcome(text string, columns []Column) (*Outcome, error) {
	o := &Outcome{columns: columns}
	if o.column = slices.IndexFunc(columns, func(c Column) bool { return c.Property == text }); o.column >= 0 {
		columns[o.column].Truth = true
		return o, nil
	}
	env, err := cel.NewEnv(
		cel.Variable(rowVariable, cel.MapType(cel.StringType, cel.StringType)), cel.Variable(leadVariable, cel.MapType(cel.StringType, cel.DynType)),
		cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true), ext.Strings(),
	)
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		known := names(columns, func(c Column) string { return c.Property })
		return nil, fmt.Errorf("--outcome: neither a column's name (%s) nor a condition: %w", lead.Suggest(text, known), issues.Err())
	}
	if out := checked.OutputType(); !out.IsExactType(types.BoolType) && out.Kind() != types.DynKind {
		return nil, fmt.Errorf("--outcome: %q gives %s; it must give true or false, such as row.stage == \"won\"", text, out)
	}
	if err := o.reads(checked); err != nil {
		return nil, err
	}
	o.program, err = env.Program(checked)
	return o, err
}

// reads marks the columns that an expression names; an unknown one is an error.
func (o *Outcome) reads(checked *cel.Ast) error {
	var unknown error
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		variable, name, reads := access(x)
		if !reads {
			return
		}
		nameOf := func(c Column) string { return c.Property }
		if variable == leadVariable {
			nameOf = func(c Column) string { return c.Field }
		}
		at := slices.IndexFunc(o.columns, func(c Column) bool { return nameOf(c) == name })
		if at < 0 {
			unknown = fmt.Errorf("--outcome: %s has no %q; %s", variable, name, lead.Suggest(name, names(o.columns, nameOf)))
			return
		}
		o.columns[at].Truth = true
	}))
	return unknown
}

// access is row.name, has(row.name) or row["name"], the same of lead.
func access(x ast.Expr) (variable, name string, reads bool) {
	var of ast.Expr
	switch x.Kind() {
	case ast.SelectKind:
		of, name = x.AsSelect().Operand(), x.AsSelect().FieldName()
	case ast.CallKind:
		call := x.AsCall()
		if call.FunctionName() != operators.Index || len(call.Args()) != 2 || call.Args()[1].Kind() != ast.LiteralKind {
			return "", "", false
		}
		text, isText := call.Args()[1].AsLiteral().(types.String)
		if !isText {
			return "", "", false
		}
		of, name = call.Args()[0], string(text)
	default:
		return "", "", false
	}
	if of.Kind() != ast.IdentKind || (of.AsIdent() != rowVariable && of.AsIdent() != leadVariable) {
		return "", "", false
	}
	return of.AsIdent(), name, true
}

func names(columns []Column, of func(Column) string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = of(c)
	}
	return out
}

// Converted says whether a lead did. A condition that reads a value which the lead does not have is false, as everywhere.
func (o *Outcome) Converted(cells []string) bool {
	if o.column >= 0 {
		return !slices.Contains(no, strings.ToLower(cells[o.column]))
	}
	row, fields := map[string]string{}, map[string]any{}
	for i, cell := range cells {
		if cell == "" {
			continue
		}
		c := o.columns[i]
		row[c.Property] = cell
		var value any = cell
		if c.Type != "" {
			typed, err := lead.Coerce(lead.Field{Name: c.Field, Type: c.Type, Property: c.Property}, cell)
			if err != nil || typed == nil {
				continue
			}
			value = typed
		}
		fields[c.Field] = value
	}
	value, _, err := o.program.Eval(map[string]any{rowVariable: row, leadVariable: fields})
	return err == nil && value == ref.Val(types.True)
}
