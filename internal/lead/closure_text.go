// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

func textLiteral(x ast.Expr) (string, bool) {
	if x.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := x.AsLiteral().(types.String)
	return string(text), ok
}

func (c *closures) text(x ast.Expr) textOf {
	if c.nodes++; c.nodes > maxNodes || c.failed {
		c.giveUp()
		return nil
	}
	if c.kind(x) == types.DynKind {
		return c.propertyText(x)
	}
	if i := c.field(x); i >= 0 {
		return func(r *record) (string, bool) {
			s := &r.slots[i]
			return s.text, s.id != idAbsent
		}
	}
	if k, ok := textLiteral(x); ok {
		return constant(k)
	}
	switch x.Kind() {
	case ast.IdentKind:
		for depth := len(c.locals) - 1; depth >= 0; depth-- {
			if c.locals[depth] == x.AsIdent() {
				return func(r *record) (string, bool) { return r.locals[depth], true }
			}
		}
	case ast.CallKind:
		return c.textCall(x.AsCall())
	default:
	}
	c.giveUp()
	return nil
}

func (c *closures) textCall(call ast.CallExpr) textOf {
	var change func(string) string
	switch name := call.FunctionName(); {
	case isChoice(call):
		args := call.Args()
		return choice(c.test(args[0], true), c.test(args[0], false), c.text(args[1]), c.text(args[2]))
	case name == "lowerAscii":
		change = func(s string) string { return strings.Map(lowerASCII, s) }
	case name == "upperAscii":
		change = func(s string) string { return strings.Map(upperASCII, s) }
	case name == "trim":
		change = strings.TrimSpace
	default:
		c.giveUp()
		return nil
	}
	of := c.text(call.Target())
	return func(r *record) (string, bool) {
		text, ok := of(r)
		if !ok {
			return "", false
		}
		return change(text), true
	}
}

func lowerASCII(r rune) rune {
	if r <= unicode.MaxASCII {
		return unicode.ToLower(r)
	}
	return r
}

func upperASCII(r rune) rune {
	if r <= unicode.MaxASCII {
		return unicode.ToUpper(r)
	}
	return r
}

var textTests = map[string]func(text, part string) bool{
	overloads.StartsWith: strings.HasPrefix, overloads.EndsWith: strings.HasSuffix, overloads.Contains: strings.Contains,
}

// textual is text.startsWith(part), and the like.
func (c *closures) textual(name string, args []ast.Expr, want bool) test {
	if part, isText := textLiteral(args[1]); isText {
		if i := c.field(args[0]); i >= 0 {
			return fieldHasPart(name, i, part, want)
		}
		if of := c.lowered(args[0]); of != nil {
			return loweredHasPart(name, of, part, want)
		}
	}
	holds, left, right := textTests[name], c.text(args[0]), c.text(args[1])
	return func(r *record) bool {
		text, ok := left(r)
		if !ok {
			return false
		}
		part, ok := right(r)
		return ok && holds(text, part) == want
	}
}

// fieldHasPart calls no function by its address: most rules about texts are of this shape.
func fieldHasPart(name string, i int, part string, want bool) test {
	switch name {
	case overloads.StartsWith:
		return func(r *record) bool {
			s := &r.slots[i]
			return s.id != idAbsent && strings.HasPrefix(s.text, part) == want
		}
	case overloads.EndsWith:
		return func(r *record) bool {
			s := &r.slots[i]
			return s.id != idAbsent && strings.HasSuffix(s.text, part) == want
		}
	default:
		return func(r *record) bool {
			s := &r.slots[i]
			return s.id != idAbsent && strings.Contains(s.text, part) == want
		}
	}
}

// matching is text.matches("pattern"), with a literal pattern.
func (c *closures) matching(args []ast.Expr, want bool) test {
	pattern, isText := textLiteral(args[1])
	compiled, err := regexp.Compile(pattern)
	if !isText || err != nil {
		return c.noTest()
	}
	of := c.text(args[0])
	return func(r *record) bool {
		text, ok := of(r)
		return ok && compiled.MatchString(text) == want
	}
}

// membership is value in list.
func (c *closures) membership(value, list ast.Expr, want bool) test {
	if list.Kind() != ast.ListKind {
		return c.inField(value, list, want)
	}
	elements := list.AsList().Elements()
	if len(elements) == 0 {
		return always(!want) // CEL does not even look at the value
	}
	switch c.kind(value) {
	case types.StringKind, types.DynKind:
		texts, ok := literals[types.String](elements)
		if !ok {
			return c.noTest()
		}
		return c.amongTexts(value, texts, want)
	case types.IntKind:
		return among(c, c.integer(value), elements, func(k types.Int) int64 { return int64(k) }, want)
	case types.DoubleKind:
		return among(c, c.number(value), elements, func(k types.Double) float64 { return float64(k) }, want)
	default:
		return c.noTest()
	}
}

// literals of one type; false when there are others.
func literals[T any](elements []ast.Expr) ([]T, bool) {
	values := make([]T, 0, len(elements))
	for _, element := range elements {
		if element.Kind() != ast.LiteralKind {
			return nil, false
		}
		value, ok := element.AsLiteral().(T)
		if !ok {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

func among[T any, V comparable](c *closures, of func(*record) (V, bool), elements []ast.Expr, native func(T) V, want bool) test {
	constants, ok := literals[T](elements)
	if !ok {
		return c.noTest()
	}
	values := make([]V, len(constants))
	for i, k := range constants {
		values[i] = native(k)
	}
	return func(r *record) bool {
		value, ok := of(r)
		return ok && slices.Contains(values, value) == want
	}
}

// amongTexts tests one bit where the value is a field and all constants have small ids.
func (c *closures) amongTexts(value ast.Expr, texts []types.String, want bool) test {
	if i, set, ok := c.setOf(value, texts); ok {
		if !want {
			set = ^(set | 1<<idAbsent)
		}
		return func(r *record) bool {
			return r.slots[i].id <= maxInSet && set>>r.slots[i].id&1 != 0 || !want && r.slots[i].id > maxInSet
		}
	}
	known := make(map[string]bool, len(texts))
	for _, text := range texts {
		known[string(text)] = true
	}
	of := c.text(value)
	if c.kind(value) == types.DynKind {
		return c.propertyAmong(value, known, want)
	}
	return func(r *record) bool {
		text, ok := of(r)
		return ok && known[text] == want
	}
}

func (c *closures) setOf(value ast.Expr, texts []types.String) (field int, set uint64, ok bool) {
	if field = c.field(value); field < 0 {
		return field, 0, false
	}
	for _, text := range texts {
		id, ok := c.constants.intern(field, string(text), maxInSet)
		if !ok {
			return field, 0, false
		}
		set |= 1 << id
	}
	return field, set, true
}

// inField is value in lead.list: one bit where the value is a constant.
func (c *closures) inField(value, list ast.Expr, want bool) test {
	i := c.field(list)
	if i < 0 || c.kind(list) != types.ListKind || c.kind(value) != types.StringKind {
		return c.noTest()
	}
	if text, isText := textLiteral(value); isText {
		if id, ok := c.constants.intern(i, text, maxInSet); ok {
			return func(r *record) bool {
				s := &r.slots[i]
				return s.id != idAbsent && (s.bits>>id&1 != 0) == want
			}
		}
	}
	of := c.text(value)
	return func(r *record) bool {
		text, ok := of(r)
		return ok && r.slots[i].id != idAbsent && slices.Contains(r.lists[i], text) == want
	}
}
