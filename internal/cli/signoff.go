// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

func decodeRune(text string) (rune, int) { return utf8.DecodeRuneInString(text) }

// writeSignOff changes the party's entry in spec.signOffs, or adds it.
func writeSignOff(text string, root *yaml.Node, s signature) (string, error) {
	e := newEditor(text)
	_, spec := child(root, "spec")
	if spec == nil || spec.Kind != yaml.MappingNode || len(spec.Content) == 0 {
		return "", errors.New("no spec")
	}
	key, offs := child(spec, "signOffs")
	switch {
	case offs == nil && spec.Style&yaml.FlowStyle != 0:
		return "", errors.New("spec is in braces")
	case offs == nil:
		indent := strings.Repeat(" ", spec.Content[0].Column-1)
		line := e.specEnd(root)
		return e.after(line, indent+"signOffs:", indent+"- "+s.flow()), nil
	}
	return e.into(key, offs, s)
}

// into a list of sign-offs: the party's entry is changed, or one is added.
func (e *editor) into(key, offs *yaml.Node, s signature) (string, error) {
	switch {
	case offs.Kind == yaml.ScalarNode && offs.Tag == "!!null":
		return e.after(key.Line, strings.Repeat(" ", key.Column-1)+"- "+s.flow()), nil
	case offs.Kind != yaml.SequenceNode:
		return "", errors.New("signOffs is not a list")
	}
	for _, item := range offs.Content {
		if _, party := child(item, "party"); party != nil && party.Value == s.party {
			return e.update(item, s)
		}
	}
	return e.add(offs, s)
}

func child(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// after inserts lines behind a line.
func (e *editor) after(line int, lines ...string) string {
	at := e.lineEnd(line)
	return e.apply([]splice{{at, at, e.newline + strings.Join(lines, e.newline)}})
}

// specEnd is the last line of spec that holds more than a comment.
func (e *editor) specEnd(root *yaml.Node) int {
	key, _ := child(root, "spec")
	end := len(e.starts)
	for i := 0; i < len(root.Content); i += 2 {
		if line := root.Content[i].Line; line > key.Line && line <= end {
			end = line - 1
		}
	}
	for end > key.Line {
		line := strings.TrimSpace(e.text[e.starts[end-1]:e.lineEnd(end)])
		if line != "" && !strings.HasPrefix(line, "#") && line != "..." {
			break
		}
		end--
	}
	return end
}

// update replaces the values of an entry that differ, adds those that are missing behind the one that is usually before them, and takes out
// those of an earlier signature.
func (e *editor) update(item *yaml.Node, s signature) (string, error) {
	var splices []splice
	anchor := valueOf(child(item, "party"))
	for _, f := range s.fields() {
		key, value := child(item, f.key)
		behind := anchor
		if value != nil && f.value != "" {
			anchor = value
		}
		var edit splice
		var err error
		switch {
		case value == nil && f.value == "", value != nil && value.Value == f.value:
			continue
		case value == nil:
			edit, err = e.insert(item, behind, f)
		case f.value == "":
			edit, err = e.cut(item, key, value)
		default:
			edit.from, edit.to, err = e.scalar(value)
			edit.text = e.like(edit.from, f.value, f.text)
		}
		if err != nil {
			return "", err
		}
		splices = append(splices, edit)
	}
	return e.apply(splices), nil
}

func valueOf(_, value *yaml.Node) *yaml.Node { return value }

// insert a field behind a value of the entry.
func (e *editor) insert(item, anchor *yaml.Node, f field) (splice, error) {
	if item.Style&yaml.FlowStyle != 0 {
		_, end, err := e.scalar(anchor)
		return splice{end, end, ", " + f.key + ": " + f.text}, err
	}
	at := e.lineEnd(anchor.Line)
	return splice{at, at, e.newline + strings.Repeat(" ", item.Content[0].Column-1) + f.key + ": " + f.text}, nil
}

// like writes a value the way the old one was written, where that is possible.
func (e *editor) like(from int, value, text string) string {
	simple := !strings.ContainsAny(value, `'"\`)
	switch {
	case e.text[from] == '"' && simple:
		return `"` + value + `"`
	case e.text[from] == '\'' && simple:
		return `'` + value + `'`
	case e.text[from] != '"' && e.text[from] != '\'' && plainDigestOrTime(value):
		return value
	}
	return text
}

// plainDigestOrTime says whether a value that was written without quotes may stay so: colons in it are no danger unless
// followed by a space.
func plainDigestOrTime(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool {
		return !strings.ContainsRune("-:+.", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) && strings.ContainsAny(value, "0123456789") && strings.Contains(value, ":")
}

// add appends an entry to the list.
func (e *editor) add(offs *yaml.Node, s signature) (string, error) {
	if offs.Style&yaml.FlowStyle == 0 {
		last := offs.Content[len(offs.Content)-1]
		indent := strings.Repeat(" ", offs.Column-1)
		lines := []string{indent + "- " + s.flow()}
		if last.Style&yaml.FlowStyle == 0 {
			lines = []string{indent + "- party: " + s.party}
			for _, f := range s.fields() {
				if f.value != "" {
					lines = append(lines, indent+"  "+f.key+": "+f.text)
				}
			}
		}
		return e.after(lastLine(last), lines...), nil
	}
	if len(offs.Content) == 0 {
		from := e.offset(offs)
		to, err := flowEnd(e.text, from)
		if err != nil {
			return "", err
		}
		return e.apply([]splice{{from, to, "[" + s.flow() + "]"}}), nil
	}
	at, err := flowEnd(e.text, e.offset(offs.Content[len(offs.Content)-1]))
	if err != nil {
		return "", err
	}
	return e.apply([]splice{{at, at, ", " + s.flow()}}), nil
}

func lastLine(n *yaml.Node) int {
	lines := []int{n.Line}
	for _, c := range n.Content {
		lines = append(lines, lastLine(c))
	}
	return slices.Max(lines)
}
