// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
)

// lowered is the text whose lowerAscii() an expression takes; nil when it takes none. What people type is compared that way
// most of the time, and needs no text in lower case to be made.
func (c *closures) lowered(x ast.Expr) textOf {
	if x.Kind() != ast.CallKind || x.AsCall().FunctionName() != "lowerAscii" {
		return nil
	}
	return c.text(x.AsCall().Target())
}

// loweredHasPart is text.lowerAscii().contains("part"), and the like.
func loweredHasPart(name string, of textOf, part string, want bool) test {
	holds := map[string]func(text, part string) bool{
		overloads.StartsWith: loweredHasPrefix, overloads.EndsWith: loweredHasSuffix, overloads.Contains: loweredContains,
	}[name]
	return func(r *record) bool {
		text, ok := of(r)
		if !ok {
			return false
		}
		if !utf8.ValidString(text) { // CEL replaces what is none
			return textTests[name](strings.Map(lowerASCII, text), part) == want
		}
		return holds(text, part) == want
	}
}

// loweredIs is text.lowerAscii() == "whole".
func loweredIs(of textOf, whole string, want bool) test {
	return func(r *record) bool {
		text, ok := of(r)
		if !ok {
			return false
		}
		if !utf8.ValidString(text) {
			return (strings.Map(lowerASCII, text) == whole) == want
		}
		return (len(text) == len(whole) && loweredHasPrefix(text, whole)) == want
	}
}

func loweredHasPrefix(text, part string) bool {
	if len(text) < len(part) {
		return false
	}
	for i := range len(part) {
		letter := text[i]
		if 'A' <= letter && letter <= 'Z' {
			letter += 'a' - 'A'
		}
		if letter != part[i] {
			return false
		}
	}
	return true
}

func loweredHasSuffix(text, part string) bool {
	return len(text) >= len(part) && loweredHasPrefix(text[len(text)-len(part):], part)
}

func loweredContains(text, part string) bool {
	for ; len(text) >= len(part); text = text[1:] {
		if loweredHasPrefix(text, part) {
			return true
		}
	}
	return false
}
