// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Gate is a condition over the numbers of a report that must not hold.
type Gate struct {
	text    string
	program cel.Program
	reads   [][]string // members of the report, by their path
}

// NewGate compiles a condition; its variables are the members of the report as JSON has them.
func NewGate(text string) (*Gate, error) {
	names, err := membersOf(&Report{})
	if err != nil {
		return nil, err
	}
	options := []cel.EnvOption{cel.CrossTypeNumericComparisons(true)}
	known := slices.Sorted(maps.Keys(names))
	for _, name := range known {
		options = append(options, cel.Variable(name, cel.DynType))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, gateMistake(text, issues, known)
	}
	if out := checked.OutputType(); !out.IsExactType(types.BoolType) && out.Kind() != types.DynKind {
		return nil, fmt.Errorf("--fail-on %q gives %s; it must give true or false, such as 'recall < 0.5'", text, out)
	}
	g := &Gate{text: text}
	g.program, err = env.Program(checked, cel.CostLimit(maxOutcomeCost))
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if path := pathOf(x); len(path) > 0 && slices.Contains(known, path[0]) {
			g.reads = append(g.reads, path)
		}
	}))
	return g, err
}

func gateMistake(text string, issues *cel.Issues, known []string) error {
	found := issues.Errors()[0]
	message := strings.ReplaceAll(found.Message, "\n", " ")
	if rest, undeclared := strings.CutPrefix(message, "undeclared reference to '"); undeclared {
		name, _, _ := strings.Cut(rest, "'")
		message = fmt.Sprintf("unknown '%s'; %s (known: %s)", name, lead.Suggest(name, known), strings.Join(known, ", "))
	}
	return fmt.Errorf("--fail-on %q: %d:%d: %s", text, max(found.Location.Line(), 1), found.Location.Column()+1, message)
}

// pathOf is `flips.lost` as [flips lost]; nil for what is none.
func pathOf(x ast.Expr) []string {
	switch x.Kind() {
	case ast.IdentKind:
		return []string{x.AsIdent()}
	case ast.SelectKind:
		if from := pathOf(x.AsSelect().Operand()); from != nil {
			return append(from, x.AsSelect().FieldName())
		}
	default:
	}
	return nil
}

func membersOf(r *Report) (map[string]any, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	members := map[string]any{}
	return members, json.Unmarshal(text, &members)
}

// Check is an error when the condition holds, and when it cannot be told: a number that is not known passes no gate.
func (g *Gate) Check(r *Report) error {
	members, err := membersOf(r)
	if err != nil {
		return err
	}
	value, _, err := g.program.Eval(members)
	if err != nil {
		return fmt.Errorf("--fail-on %q cannot be told: %w%s", g.text, err, g.numbers(members))
	}
	switch value {
	case ref.Val(types.True):
		return fmt.Errorf("--fail-on %q holds%s", g.text, g.numbers(members))
	case ref.Val(types.False):
		return nil
	default:
		return fmt.Errorf("--fail-on %q gives %s; it must give true or false, such as 'recall < 0.5'%s", g.text, value.Type().TypeName(), g.numbers(members))
	}
}

// numbers that the condition read.
func (g *Gate) numbers(members map[string]any) string {
	var texts []string
	for _, path := range g.reads {
		var value any = members
		for _, name := range path {
			object, _ := value.(map[string]any)
			value = object[name]
		}
		switch v := value.(type) {
		case nil:
			texts = append(texts, strings.Join(path, ".")+" is not known")
		case float64:
			texts = append(texts, fmt.Sprintf("%s = %s", strings.Join(path, "."), number(v)))
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return " (" + strings.Join(slices.Compact(texts), ", ") + ")"
}
