// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

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

// unknownKeys finds the first key that the type of an object does not have.
func (d Document) unknownKeys(object any) error {
	root, err := d.Node()
	if err != nil {
		return nil //nolint:nilerr // what is no YAML is the decoder's to say
	}
	if unknown := unknownKey(root, reflect.TypeOf(object), ""); unknown != nil {
		unknown.Line += d.Line
		return unknown
	}
	return nil
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
