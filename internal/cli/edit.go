// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A YAML library would write the whole document anew, without blank lines and with its own indentation: a pull request that
// nobody can read. So the syntax tree only tells where to cut, and the text is edited there.

// editor of a document's text.
type editor struct {
	text    string
	starts  []int // offset of each line
	newline string
}

type splice struct {
	from, to int
	text     string
}

func newEditor(text string) *editor {
	e := &editor{text: text, starts: []int{0}, newline: "\n"}
	if strings.Contains(text, "\r\n") {
		e.newline = "\r\n"
	}
	for i, c := range []byte(text) {
		if c == '\n' {
			e.starts = append(e.starts, i+1)
		}
	}
	return e
}

// offset of a node; the library counts lines and characters from 1.
func (e *editor) offset(n *yaml.Node) int {
	at := e.starts[n.Line-1]
	for range n.Column - 1 {
		_, size := decodeRune(e.text[at:])
		at += size
	}
	return at
}

// lineEnd is the offset behind the last character of a line (from 1), before its line break.
func (e *editor) lineEnd(line int) int {
	if line >= len(e.starts) {
		return len(e.text)
	}
	return len(strings.TrimRight(e.text[:e.starts[line]], "\r\n"))
}

func (e *editor) apply(splices []splice) string {
	slices.SortStableFunc(splices, func(a, b splice) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, s := range splices {
		b.WriteString(e.text[at:max(at, s.from)]) // two that overlap leave text that reads back wrongly, which is looked at
		b.WriteString(s.text)
		at = s.to
	}
	b.WriteString(e.text[at:])
	return b.String()
}

// scalar is the extent of a scalar on one line.
func (e *editor) scalar(n *yaml.Node) (from, to int, err error) {
	from = e.offset(n)
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle:
		to, err = closing(e.text, from, '"')
	case yaml.SingleQuotedStyle:
		to, err = closing(e.text, from, '\'')
	case 0:
		to = from + len(n.Value)
		if to > len(e.text) || e.text[from:to] != n.Value {
			err = fmt.Errorf("line %d: the value spans lines", n.Line)
		}
	default:
		err = fmt.Errorf("line %d: a block value", n.Line)
	}
	return from, to, err
}

// closing is the offset behind the quote that ends the string which begins at from.
func closing(text string, from int, quote byte) (int, error) {
	for i := from + 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case quote == '\'' && strings.HasPrefix(text[i:], "''"):
			i++
		case text[i] == quote:
			return i + 1, nil
		}
	}
	return 0, errors.New("a string has no end")
}

// flowEnd is the offset behind the bracket that closes the one at from.
func flowEnd(text string, from int) (int, error) {
	depth := 0
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		case '"', '\'':
			if !strings.ContainsRune(" [{,:\n", rune(text[i-1])) {
				continue // inside a plain value, such as don't
			}
			end, err := closing(text, i, text[i])
			if err != nil {
				return 0, err
			}
			i = end - 1
		case '#':
			if text[i-1] == ' ' || text[i-1] == '\n' {
				i += max(0, strings.IndexByte(text[i:], '\n')-1)
			}
		}
	}
	return 0, errors.New("a bracket has no end")
}

var plain = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9 ._@/+]*[A-Za-z0-9]$`)

// quoted is a value as YAML text: plain where nobody could read it as something else.
func quoted(value string) string {
	if plain.MatchString(value) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off"}, strings.ToLower(value)) {
		return value
	}
	text, err := json.Marshal(value)
	if err != nil {
		return `"` + value + `"` // a string always marshals
	}
	return string(text)
}

// flow is the sign-off on one line.
func (s signature) flow() string {
	parts := []string{"party: " + s.party}
	for _, f := range s.fields() {
		if f.value != "" {
			parts = append(parts, f.key+": "+f.text)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// field of an entry: its value, and how it is written where nothing was.
type field struct{ key, value, text string }

func (s signature) fields() []field {
	return []field{
		{"by", s.by, quoted(s.by)},
		{"at", s.at, fmt.Sprintf("%q", s.at)},
		{"object", s.object, quoted(s.object)},
		{"digest", s.digest, fmt.Sprintf("%q", s.digest)},
		{"previous", s.previous, fmt.Sprintf("%q", s.previous)},
		{"signature", s.sealed, fmt.Sprintf("%q", s.sealed)},
	}
}

// cut takes a key and its value out of an entry: in braces with a comma beside it, else with its line.
func (e *editor) cut(item, key, value *yaml.Node) (splice, error) {
	from := e.offset(key)
	_, to, err := e.scalar(value)
	if err != nil {
		return splice{}, err
	}
	if item.Style&yaml.FlowStyle != 0 {
		if before, found := strings.CutSuffix(strings.TrimRight(e.text[:from], " "), ","); found {
			return splice{len(strings.TrimRight(before, " ")), to, ""}, nil
		}
		after := strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(e.text[to:], " "), ","), " ")
		return splice{from, len(e.text) - len(after), ""}, nil
	}
	start := e.starts[key.Line-1]
	if strings.TrimSpace(e.text[start:from]) != "" {
		return splice{}, fmt.Errorf("line %d: %s begins the entry", key.Line, key.Value)
	}
	end := len(e.text)
	if key.Line < len(e.starts) {
		end = e.starts[key.Line]
	}
	return splice{start, end, ""}, nil
}
