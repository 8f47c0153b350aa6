// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/handoff-sla/handoff/internal/lead"
)

// UnknownKeyError is a key that the kind does not have. The strict decoder finds it too, but says neither where it is nor what was meant.
type UnknownKeyError struct {
	Path         string // of the object that holds it, such as spec.scoring.groups[0]
	Key          string
	Line, Column int // of the file, from 1
	Hint         string
}

func (e *UnknownKeyError) Error() string {
	where := e.Path
	if where == "" {
		where = "the object"
	}
	return fmt.Sprintf("line %d, column %d: %s has no field %q; %s", e.Line, e.Column, where, e.Key, e.Hint)
}

// NoTextError is a value without quotes that YAML takes for something else than the text that its field has, such as n for false. The
// decoder would make a text of what YAML took it for, and the API server refuses the object.
type NoTextError struct {
	Path, Value  string
	As           string // true, false or a number
	Line, Column int    // of the file, from 1
}

func (e *NoTextError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s is a text, but %s; %s", e.Line, e.Column, e.Path, e.Reading(), e.Cure())
}

// Reading says what YAML makes of the value.
func (e *NoTextError) Reading() string {
	return fmt.Sprintf("YAML reads %s without quotes as %s", e.Value, e.As)
}

// Cure is to quote it.
func (e *NoTextError) Cure() string { return fmt.Sprintf("write %q", e.Value) }

// checkNode finds the first key that the type of an object does not have, else the first value that is no text where one should be.
func (d Document) checkNode(object any) error {
	root, err := d.Node()
	if err != nil {
		return nil //nolint:nilerr // what is no YAML is the decoder's to say
	}
	if unknown := unknownKey(root, reflect.TypeOf(object), ""); unknown != nil {
		unknown.Line += d.Line
		return unknown
	}
	if other := noText(root, reflect.TypeOf(object), ""); other != nil {
		other.Line += d.Line
		return other
	}
	return nil
}

func noText(n *yaml.Node, t reflect.Type, path string) *NoTextError {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) {
		return nil // reads itself
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return noText(n, t.Elem(), path)
	case t.Kind() == reflect.String && n.Kind == yaml.ScalarNode && n.Style == 0:
		return Unquoted(n, path)
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			if other := noText(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); other != nil {
				return other
			}
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		return noTextIn(n, t, path)
	}
	return nil
}

func noTextIn(n *yaml.Node, t reflect.Type, path string) *NoTextError {
	fields, _ := jsonFields(t)
	for i := 0; i+1 < len(n.Content); i += 2 {
		field, known := fields[n.Content[i].Value]
		if !known {
			continue // a merge of another mapping
		}
		if other := noText(n.Content[i+1], field, strings.TrimPrefix(path+"."+n.Content[i].Value, ".")); other != nil {
			return other
		}
	}
	return nil
}

// Unquoted says what a value without quotes is, when that is no text: the API server reads YAML 1.1, where y, n, on and off are booleans.
func Unquoted(n *yaml.Node, path string) *NoTextError {
	var value any
	if n.Style != 0 || sigsyaml.Unmarshal([]byte(n.Value), &value) != nil {
		return nil //nolint:nilerr // a text that is no YAML by itself is no boolean either
	}
	other := &NoTextError{Path: path, Value: n.Value, As: "a number", Line: n.Line, Column: n.Column}
	switch v := value.(type) {
	case bool:
		other.As = strconv.FormatBool(v)
	case float64:
	default:
		return nil
	}
	return other
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func unknownKey(n *yaml.Node, t reflect.Type, path string) *UnknownKeyError {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) {
		return nil // reads itself
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return unknownKey(n, t.Elem(), path)
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			if unknown := unknownKey(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); unknown != nil {
				return unknown
			}
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		return unknownIn(n, t, path)
	}
	return nil
}

func unknownIn(n *yaml.Node, t reflect.Type, path string) *UnknownKeyError {
	fields, names := jsonFields(t)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value == "<<" {
			continue // a merge of another mapping
		}
		field, known := fields[key.Value]
		if !known {
			return &UnknownKeyError{Path: path, Key: key.Value, Line: key.Line, Column: key.Column, Hint: lead.Suggest(key.Value, names)}
		}
		if unknown := unknownKey(value, field, strings.TrimPrefix(path+"."+key.Value, ".")); unknown != nil {
			return unknown
		}
	}
	return nil
}

// jsonFields are the types of a struct's fields by the names that they have in JSON, with those of embedded structs.
func jsonFields(t reflect.Type) (fields map[string]reflect.Type, names []string) {
	fields = map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "" && (f.Anonymous || strings.Contains(options, "inline")):
			inner, more := jsonFields(f.Type)
			for k, v := range inner {
				fields[k] = v
			}
			names = append(names, more...)
		case name != "" && name != "-":
			fields[name] = f.Type
			names = append(names, name)
		}
	}
	return fields, names
}
