// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// step is a key of a mapping or an index of a list.
type step struct {
	key   string
	index int // -1 for a key
}

// steps of a path such as spec.stages.mql.paths[1].threshold.
func steps(path string) []step {
	var out []step
	for _, part := range strings.Split(path, ".") {
		key, rest, _ := strings.Cut(part, "[")
		if key != "" {
			out = append(out, step{key, -1})
		}
		for _, index := range strings.Split(rest, "[") {
			if n, err := strconv.Atoi(strings.TrimSuffix(index, "]")); err == nil {
				out = append(out, step{"", n})
			}
		}
	}
	return out
}

// child of a mapping.
func child(n *yaml.Node, name string) (key, value *yaml.Node) {
	if n = deref(n); n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

func deref(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// at finds the node at a path. Where the document has none, it is the nearest node above, and whole is false. shown is the
// node that a person looks for: the key of what spans lines.
func at(root *yaml.Node, path string) (node, shown *yaml.Node, whole bool) {
	node, shown = root, root
	if path == "" {
		return node, shown, true
	}
	for _, s := range steps(path) {
		if s.index >= 0 {
			list := deref(node)
			if list == nil || list.Kind != yaml.SequenceNode || s.index >= len(list.Content) {
				return node, shown, false
			}
			node = list.Content[s.index]
			shown = node
			continue
		}
		key, value := child(node, s.key)
		if value == nil {
			return node, shown, false
		}
		node, shown = value, key
		if value.Kind == yaml.ScalarNode && value.Value != "" {
			shown = value
		}
	}
	return node, shown, true
}

// inside is the place of a line and column of a text in the scalar that holds it; ok is false when the text is broken over lines in
// a way that hides it. source is the document.
func inside(n *yaml.Node, source string, line, column int) (atLine, atColumn int, ok bool) {
	if n == nil || n.Kind != yaml.ScalarNode {
		return 0, 0, false
	}
	lines := strings.Split(source, "\n")
	switch {
	case n.Style&yaml.LiteralStyle != 0:
		at := n.Line + line // the text begins on the line after the bar
		if at > len(lines) {
			return 0, 0, false
		}
		indent := len(lines[n.Line]) - len(strings.TrimLeft(lines[n.Line], " "))
		return at, indent + column, true
	case line != 1 || n.Line > len(lines):
		return 0, 0, false
	}
	raw := []rune(lines[n.Line-1])
	start := n.Column - 1
	for start < len(raw) && (raw[start] == '&' || raw[start] == '!') { // an anchor or a tag stands before the text
		for start < len(raw) && raw[start] != ' ' {
			start++
		}
		for start < len(raw) && raw[start] == ' ' {
			start++
		}
	}
	if start >= len(raw) {
		return 0, 0, false
	}
	offset, found := offsetOf(raw[start:], n, column-1)
	return n.Line, start + 1 + offset, found
}

// offsetOf is where the nth character of a scalar stands in the raw line that begins with it. A part of the scalar on a further
// line is not found.
func offsetOf(raw []rune, n *yaml.Node, nth int) (int, bool) {
	switch {
	case n.Style&yaml.FoldedStyle != 0:
		return 0, false
	case n.Style&yaml.SingleQuotedStyle != 0:
		return skip(raw, nth, func(rest []rune) int {
			if len(rest) > 1 && rest[0] == '\'' && rest[1] == '\'' {
				return 2
			}
			return 1
		})
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return skip(raw, nth, func(rest []rune) int {
			if rest[0] != '\\' || len(rest) < 2 {
				return 1
			}
			switch rest[1] {
			case 'x':
				return len(`\x41`)
			case 'u':
				return len(`\u0041`)
			case 'U':
				return len(`\U00000041`)
			default:
				return len(`\"`)
			}
		})
	default:
		return nth, nth < utf8.RuneCountInString(n.Value)+1 && nth <= len(raw)
	}
}

// skip the quotation mark and then nth characters, each as long as width says.
func skip(raw []rune, nth int, width func(rest []rune) int) (int, bool) {
	offset := 1
	for range nth {
		if offset >= len(raw) {
			return 0, false
		}
		offset += width(raw[offset:])
	}
	return offset, offset < len(raw)
}
