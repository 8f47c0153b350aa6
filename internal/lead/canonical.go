// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// CanonicalExpression is the syntax tree of a CEL expression in a serialised form of our own: white space, comments and
// parentheses do not matter, and no macro is expanded, so that an upgrade of the CEL library does not change it. It is an
// S-expression: $name an identifier, (. x "f") a selection, (call "f" ...) a call, (on x "f" ...) a call on a target,
// (list ...), (map (k v) ...), (new "T" ("f" v) ...). Literals: 1, 1u, 1.5d, "text", 0x00ff, true, false, null.
func CanonicalExpression(src string) (string, error) {
	p, err := parser.NewParser() // without macros
	if err != nil {
		return "", fmt.Errorf("parser of expressions: %w", err)
	}
	parsed, problems := p.Parse(common.NewTextSource(src))
	if found := problems.GetErrors(); len(found) > 0 {
		return "", errors.New(lineAndColumn(found[0].Location) + found[0].Message)
	}
	var w writer
	w.expr(parsed.Expr())
	if w.err != nil {
		return "", w.err
	}
	return w.String(), nil
}

var errSyntax = errors.New("the expression has a part that has no canonical form")

type writer struct {
	strings.Builder
	err error
}

// quote escapes all that is not ASCII: what else counts as printable changes with the versions of Unicode.
func (w *writer) quote(s string) { w.WriteString(strconv.QuoteToASCII(s)) }

func (w *writer) spaced(all []ast.Expr) {
	for _, e := range all {
		w.WriteByte(' ')
		w.expr(e)
	}
}

func (w *writer) expr(e ast.Expr) {
	switch e.Kind() {
	case ast.IdentKind:
		w.WriteString("$" + e.AsIdent())
	case ast.LiteralKind:
		w.literal(e)
	case ast.SelectKind:
		w.selection(e.AsSelect())
	case ast.CallKind:
		w.call(e)
	case ast.ListKind:
		w.WriteString("(list")
		w.spaced(e.AsList().Elements())
		w.WriteByte(')')
	case ast.MapKind:
		w.mapping(e.AsMap())
	case ast.StructKind:
		w.structure(e.AsStruct())
	default:
		w.err = errSyntax
	}
}

func (w *writer) selection(s ast.SelectExpr) {
	if s.IsTestOnly() { // what the has() macro would make of has(x.f)
		w.WriteString(`(call "has" `)
		defer w.WriteByte(')')
	}
	w.WriteString("(. ")
	w.expr(s.Operand())
	w.WriteByte(' ')
	w.quote(s.FieldName())
	w.WriteByte(')')
}

func (w *writer) call(e ast.Expr) {
	c := e.AsCall()
	switch name := c.FunctionName(); {
	case c.IsMemberFunction():
		w.WriteString("(on ")
		w.expr(c.Target())
		w.WriteByte(' ')
		w.quote(name)
		w.spaced(c.Args())
	case name == operators.LogicalAnd, name == operators.LogicalOr:
		w.WriteString("(call ")
		w.quote(name)
		w.spaced(chain(name, e, nil))
	case w.folded(name, c.Args()):
		return
	default:
		w.WriteString("(call ")
		w.quote(name)
		w.spaced(c.Args())
	}
	w.WriteByte(')')
}

// chain flattens a && b && c: how the parser balances such a chain, and the parentheses in it, mean nothing.
func chain(name string, e ast.Expr, into []ast.Expr) []ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != name || e.AsCall().IsMemberFunction() {
		return append(into, e)
	}
	for _, arg := range e.AsCall().Args() {
		into = chain(name, arg, into)
	}
	return into
}

// folded writes what parentheses alone keep apart for the parser: -(5) as -5, and !(!x) and -(-x) as it reads !!x and --x.
func (w *writer) folded(name string, args []ast.Expr) bool {
	if (name != operators.LogicalNot && name != operators.Negate) || len(args) != 1 {
		return false
	}
	arg := args[0]
	if arg.Kind() == ast.CallKind && !arg.AsCall().IsMemberFunction() && arg.AsCall().FunctionName() == name && len(arg.AsCall().Args()) == 1 {
		w.expr(arg.AsCall().Args()[0])
		return true
	}
	if name != operators.Negate || arg.Kind() != ast.LiteralKind {
		return false
	}
	switch v := arg.AsLiteral().(type) {
	case types.Int:
		if v == math.MinInt64 {
			return false
		}
		w.WriteString(strconv.FormatInt(-int64(v), 10))
	case types.Double:
		w.double(-float64(v))
	default:
		return false
	}
	return true
}

func (w *writer) double(f float64) { w.WriteString(strconv.FormatFloat(f, 'g', -1, 64) + "d") }

func (w *writer) literal(e ast.Expr) {
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		w.WriteString(strconv.FormatBool(bool(v)))
	case types.Int:
		w.WriteString(strconv.FormatInt(int64(v), 10))
	case types.Uint:
		w.WriteString(strconv.FormatUint(uint64(v), 10) + "u")
	case types.Double:
		w.double(float64(v))
	case types.String:
		w.quote(string(v))
	case types.Bytes:
		w.WriteString("0x" + hex.EncodeToString(v))
	case types.Null:
		w.WriteString("null")
	default:
		w.err = errSyntax
	}
}

func (w *writer) mapping(m ast.MapExpr) {
	w.WriteString("(map")
	for _, entry := range m.Entries() {
		w.WriteString(" (")
		w.expr(entry.AsMapEntry().Key())
		w.WriteByte(' ')
		w.expr(entry.AsMapEntry().Value())
		w.WriteByte(')')
	}
	w.WriteByte(')')
}

func (w *writer) structure(s ast.StructExpr) {
	w.WriteString("(new ")
	w.quote(s.TypeName())
	for _, field := range s.Fields() {
		w.WriteString(" (")
		w.quote(field.AsStructField().Name())
		w.WriteByte(' ')
		w.expr(field.AsStructField().Value())
		w.WriteByte(')')
	}
	w.WriteByte(')')
}
