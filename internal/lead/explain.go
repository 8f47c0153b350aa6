// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
)

// maxMistakes of one expression that are told: what follows the first few is mostly their consequence.
const maxMistakes = 3

var (
	undefinedField = regexp.MustCompile(`^undefined field '([^']*)'`)
	wholeNumber    = regexp.MustCompile(`^found no matching overload for '(_==_|_!=_|@in)' applied to '.*(double.*int|int.*double)`)
	undeclared     = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
)

// explain turns the library's findings into "line:column: text", with the names that were possible.
func (e *environment) explain(issues *cel.Issues, parsed *cel.Ast) []string {
	var texts []string
	for _, found := range issues.Errors() {
		if len(texts) == maxMistakes {
			break
		}
		text := strings.ReplaceAll(found.Message, "\n", " ")
		if parsed != nil {
			text = e.withNames(text, nodeOf(parsed, found.ExprID))
		}
		texts = append(texts, lineAndColumn(found.Location)+text)
	}
	return texts
}

func nodeOf(parsed *cel.Ast, id int64) ast.Expr {
	var node ast.Expr
	visit(parsed, func(x ast.Expr) {
		if x.ID() == id {
			node = x
		}
	})
	return node
}

// withNames adds to the library's text what the writer may have meant.
func (e *environment) withNames(text string, node ast.Expr) string {
	if match := undefinedField.FindStringSubmatch(text); match != nil && node != nil && node.Kind() == ast.SelectKind {
		owner, known := e.known(node.AsSelect().Operand())
		if owner == "" {
			return text
		}
		return fmt.Sprintf("undefined field '%s' of %s; %s", match[1], owner, Suggest(match[1], known))
	}
	if wholeNumber.MatchString(text) {
		return text + "; to compare a Number, write whole numbers with a fraction, such as 5.0"
	}
	match := undeclared.FindStringSubmatch(text)
	if match == nil {
		return text
	}
	rest := strings.TrimPrefix(text, match[0])
	switch {
	case match[1] == signalsVariable && len(e.names) == 1 && e.names[0] == leadVariable:
		return "a rule's `when` reads `lead` only; a rule about behaviour names it in `signal`"
	case node != nil && node.Kind() == ast.IdentKind:
		return fmt.Sprintf("undeclared reference to '%s'; %s", match[1], Suggest(match[1], e.names))
	default:
		return fmt.Sprintf("undeclared reference to '%s'%s", match[1], rest)
	}
}

// known are the fields of what an expression selects from: lead, signals, one signal, or qualification.
func (e *environment) known(operand ast.Expr) (owner string, names []string) {
	switch operand.Kind() {
	case ast.IdentKind:
		switch operand.AsIdent() {
		case leadVariable:
			return leadVariable, e.provider.names[leadTypeName]
		case signalsVariable:
			return signalsVariable, e.provider.names[signalsTypeName]
		case qualificationVariable:
			return qualificationVariable, e.provider.names[qualificationTypeName]
		default:
			return "", nil
		}
	case ast.SelectKind:
		from := operand.AsSelect()
		if from.Operand().Kind() == ast.IdentKind && from.Operand().AsIdent() == signalsVariable {
			return signalsVariable + "." + from.FieldName(), e.provider.names[signalTypeName]
		}
		return "", nil
	default:
		return "", nil
	}
}
