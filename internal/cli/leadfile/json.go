// SPDX-License-Identifier: Apache-2.0

package leadfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// separator joins the texts of a list, as the fields of a definition read it.
const separator = ";"

// propertiesMember is where the exports of CRMs keep what belongs to a lead: its members stand beside those of the line.
const propertiesMember = "properties"

var errNoObject = errors.New("not a JSON object")

// object reads one line into cells. Members of nested objects are named parent.child, those of "properties" by their own name; null is
// absent; the texts of a list are joined with ";". unknown is told of members with a value that are none of the columns.
func (l *layout) object(line string, cells []string, unknown func(name string)) ([]string, *Problem) {
	cells = append(cells[:0], make([]string, len(l.columns))...)
	err := eachMember(line, func(name, value string) {
		if i, known := l.index[name]; known {
			cells[i] = value
			if at := i - l.shown; at >= 0 && !l.came[at].Load() {
				l.came[at].Store(true)
			}
		} else if value != "" {
			unknown(name)
		}
	})
	if err != nil {
		return cells, jsonProblem(line, err)
	}
	return cells, nil
}

func jsonProblem(line string, err error) *Problem {
	p := &Problem{Kind: KindJSON, Message: "not a JSON object; left out"}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at := min(max(int(syntax.Offset)-1, 0), len(line))
		p.Column = utf8.RuneCountInString(line[:at]) + 1
		p.Message = "malformed JSON; left out"
	}
	return p
}

func memberNames(line string) []string {
	var names []string
	if err := eachMember(line, func(name, _ string) { names = append(names, name) }); err != nil {
		return nil // told when the row is read
	}
	return names
}

// eachMember walks over a line in the order in which its members stand.
func eachMember(line string, see func(name, value string)) error {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	if !json.Valid([]byte(line)) {
		var ignored any
		return json.Unmarshal([]byte(line), &ignored)
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	token, err := d.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return errNoObject
	}
	return walk(d, "", see)
}

// walk over the members of an object whose brace was read.
func walk(d *json.Decoder, prefix string, see func(name, value string)) error {
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if value[0] != '{' {
			see(prefix+name, cellText(value))
			continue
		}
		inner := json.NewDecoder(bytes.NewReader(value))
		if _, err := inner.Token(); err != nil {
			return err
		}
		within := prefix + name + "."
		if prefix == "" && name == propertiesMember {
			within = ""
		}
		if err := walk(inner, within, see); err != nil {
			return err
		}
	}
	return nil
}

// cellText is a value as a CSV cell would have it.
func cellText(value json.RawMessage) string {
	switch value[0] {
	case 'n':
		return ""
	case '"':
		var text string
		if json.Unmarshal(value, &text) != nil {
			return ""
		}
		return strings.TrimSpace(text)
	case '[':
		var list []string
		if json.Unmarshal(value, &list) == nil {
			return strings.Join(list, separator)
		}
		return string(value)
	default: // a number, true or false
		return string(value)
	}
}
