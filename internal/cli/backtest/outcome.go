// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/handoff-sla/handoff/internal/lead"
)

// maxOutcomeCost bounds the work of an outcome on one lead, in CEL's units: about one a step, one per ten characters.
const maxOutcomeCost = 100_000

// The variables of an outcome.
const (
	leadVariable = "lead" // fields of the definition, typed; other columns as text
	rowVariable  = "row"  // all columns, as text
)

// outcome says whether a lead converted.
type outcome struct {
	column  string // of which the value decides; empty when there is a program
	program cel.Program
	columns []string // that are read
	every   bool     // any column may be read
}

// newOutcome takes the name of a column, or an expression over lead and row.
func newOutcome(text string, fields []lead.Field, columns []string) (*outcome, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, nil
	case slices.Contains(columns, text):
		return &outcome{column: text, columns: []string{text}}, nil
	}
	o := &outcome{}
	if err := o.compile(text, fields, columns); err != nil {
		return nil, fmt.Errorf("--outcome: %w", err)
	}
	return o, nil
}

func (o *outcome) compile(text string, fields []lead.Field, columns []string) error {
	env, err := cel.NewEnv(cel.Variable(leadVariable, cel.MapType(cel.StringType, cel.DynType)), cel.Variable(rowVariable, cel.MapType(cel.StringType, cel.StringType)),
		cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true), ext.Strings())
	if err != nil {
		return err
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return mistakes(issues, columns)
	}
	if out := checked.OutputType(); !out.IsExactType(types.BoolType) && out.Kind() != types.DynKind {
		return fmt.Errorf("%q gives %s; it must give true or false, such as row.won == \"true\"", text, out)
	}
	if err := o.names(checked, fields, columns); err != nil {
		return err
	}
	if err := noTruth(checked, fields); err != nil {
		return err
	}
	o.program, err = env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxOutcomeCost))
	return err
}

func mistakes(issues *cel.Issues, columns []string) error {
	var texts []string
	for _, found := range issues.Errors() {
		text := strings.ReplaceAll(found.Message, "\n", " ")
		if strings.HasPrefix(text, "undeclared reference to") {
			text += "; an outcome is the name of a column, or reads `row` (all columns, as text) and `lead` (fields of the definition)"
			if parts := strings.Split(found.Message, "'"); len(parts) > 1 {
				text += otherCase(parts[1], columns)
			}
		}
		texts = append(texts, fmt.Sprintf("%d:%d: %s", max(found.Location.Line(), 1), found.Location.Column()+1, text))
	}
	return fmt.Errorf("%s; columns are %s", strings.Join(texts, "; "), strings.Join(columns, ", "))
}

// names finds out which columns are read, and refuses those that are not there.
func (o *outcome) names(checked *cel.Ast, fields []lead.Field, columns []string) error {
	known := map[string][]string{rowVariable: columns, leadVariable: slices.Clone(columns)}
	source := map[string]string{}
	for _, f := range fields {
		known[leadVariable] = append(known[leadVariable], f.Name)
		source[f.Name] = f.SourceProperty()
	}
	var problem error
	selected := map[int64]bool{}
	see := func(variable, name string) {
		if !slices.Contains(known[variable], name) && problem == nil {
			problem = fmt.Errorf("unknown '%s' of %s; %s (columns are %s)", name, variable, lead.Suggest(name, known[variable]), strings.Join(columns, ", "))
		}
		if variable == leadVariable && source[name] != "" {
			name = source[name]
		}
		o.columns = append(o.columns, name)
	}
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		operand, name, ok := member(x)
		switch {
		case ok && operand.Kind() == ast.IdentKind && known[operand.AsIdent()] != nil:
			selected[operand.ID()] = true
			see(operand.AsIdent(), name)
		case x.Kind() == ast.IdentKind && known[x.AsIdent()] != nil && !selected[x.ID()]:
			o.every = true
		}
	}))
	return problem
}

// noTruth refuses a value of the lead that is no truth. What an expression makes of such values is known only when it is evaluated.
func noTruth(checked *cel.Ast, fields []lead.Field) error {
	expr := checked.NativeRep().Expr()
	operand, name, ok := member(expr)
	if !ok || operand.Kind() != ast.IdentKind || operand.AsIdent() != leadVariable {
		return nil
	}
	if expr.Kind() == ast.SelectKind && expr.AsSelect().IsTestOnly() { // has(lead.x)
		return nil
	}
	i := slices.IndexFunc(fields, func(f lead.Field) bool { return f.Name == name })
	switch {
	case i < 0:
		return fmt.Errorf("lead.%s is a text, since the definition has no such field; write --outcome %q, the name of the column, or compare it", name, name)
	case fields[i].Type != lead.Boolean:
		return fmt.Errorf("lead.%s is of type %s; an outcome is true or false: compare it, or write has(lead.%s)", name, fields[i].Type, name)
	}
	return nil
}

// member is what `x.name` and `x["name"]` read.
func member(x ast.Expr) (operand ast.Expr, name string, ok bool) {
	switch x.Kind() {
	case ast.SelectKind:
		return x.AsSelect().Operand(), x.AsSelect().FieldName(), true
	case ast.CallKind:
		call := x.AsCall()
		if call.FunctionName() != "_[_]" || len(call.Args()) != 2 || call.Args()[1].Kind() != ast.LiteralKind {
			return nil, "", false
		}
		text, isText := call.Args()[1].AsLiteral().(types.String)
		return call.Args()[0], string(text), isText
	default:
		return nil, "", false
	}
}

// subject is the lead that an outcome is asked about; it serves one goroutine.
type subject struct {
	lead, row object
	cell      func(column string) string
	fields    map[string]lead.Field
}

// newSubject with the columns that it can be asked for.
func newSubject(fields []lead.Field, columns []string) *subject {
	s := &subject{fields: map[string]lead.Field{}}
	s.row = object{names: columns, find: func(name string) (ref.Val, bool) {
		text := s.cell(name)
		return types.String(text), text != ""
	}}
	s.lead = object{names: slices.Clone(columns), find: s.field}
	for _, f := range fields {
		s.fields[f.Name] = f
		s.lead.names = append(s.lead.names, f.Name)
	}
	return s
}

func (s *subject) field(name string) (ref.Val, bool) {
	f, typed := s.fields[name]
	if !typed {
		return s.row.find(name)
	}
	text := s.cell(f.SourceProperty())
	value, err := lead.Coerce(f, text)
	if err != nil && f.Type == lead.Boolean { // yes and won are truths here, as they are in a column
		return types.Bool(truthy(text)), true
	}
	if err != nil || value == nil {
		return nil, false
	}
	return types.DefaultTypeAdapter.NativeToValue(value), true
}

// ResolveName implements cel.Activation.
func (s *subject) ResolveName(name string) (any, bool) {
	switch name {
	case leadVariable:
		return &s.lead, true
	case rowVariable:
		return &s.row, true
	default:
		return nil, false
	}
}

// Parent implements cel.Activation.
func (s *subject) Parent() cel.Activation { return nil }

// converted asks about the lead whose cells are given. A value that is absent makes the outcome false; any other error is told.
func (o *outcome) converted(s *subject) (bool, error) {
	if o.program == nil {
		return truthy(s.cell(o.column)), nil
	}
	value, _, err := o.program.Eval(s)
	if err != nil {
		switch {
		case strings.Contains(err.Error(), "no such key"):
			return false, nil
		case strings.Contains(err.Error(), "cost limit"):
			return false, fmt.Errorf("it takes more than %d steps on one lead, the limit; loops within loops do", maxOutcomeCost)
		}
		return false, err
	}
	truth, isTruth := value.(types.Bool)
	if !isTruth {
		return false, fmt.Errorf("it gives %s, which is neither true nor false", value.Type().TypeName())
	}
	return bool(truth), nil
}

// negatives are the texts of a column that mean that a lead did not convert, in lower case; any other text means that it did.
var negatives = []string{"", "0", "0.0", "false", "f", "no", "n", "lost", "closed lost", "open", "null", "none", "nil", "nan", "n/a", "na", "-"}

// truthy says what the value of an outcome's column means.
func truthy(text string) bool {
	return text != "" && !slices.Contains(negatives, strings.ToLower(text))
}
