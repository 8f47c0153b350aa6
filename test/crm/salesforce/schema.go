// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"slices"
	"strings"
)

// The types of fields, as describe has them.
const (
	typeID        = "id"
	typeString    = "string"
	typeTextarea  = "textarea"
	typePhone     = "phone"
	typeEmail     = "email"
	typeURL       = "url"
	typePicklist  = "picklist"
	typePicklists = "multipicklist"
	typeInt       = "int"
	typeDouble    = "double"
	typeCurrency  = "currency"
	typeBoolean   = "boolean"
	typeDateTime  = "datetime"
	typeDate      = "date"
	typeReference = "reference"
	typeAny       = "anyType"
)

// Field of an object.
type Field struct {
	Name  string `json:"name"`
	Label string `json:"label,omitempty"`
	Type  string `json:"type"`

	Length     int      `json:"length,omitempty"`     // of text; 0: 255
	Options    []string `json:"options,omitempty"`    // of a picklist
	Restricted bool     `json:"restricted,omitempty"` // no other value than the options
	External   bool     `json:"external,omitempty"`   // an external id: every value is unique
	ReadOnly   bool     `json:"readOnly,omitempty"`   // for whoever uses the API
	CreateOnly bool     `json:"createOnly,omitempty"` // set when it is made, and not again
	Required   bool     `json:"required,omitempty"`   // never empty, and without a default

	Default      any      `json:"default,omitempty"`
	RefersTo     []string `json:"refersTo,omitempty"`     // objects
	Relationship string   `json:"relationship,omitempty"` // name by which queries follow the reference
	NoFilter     bool     `json:"noFilter,omitempty"`     // cannot stand in WHERE
	NoSort       bool     `json:"noSort,omitempty"`
}

func (f *Field) text() bool {
	return slices.Contains([]string{typeString, typeTextarea, typePhone, typeEmail, typeURL, typePicklist, typePicklists}, f.Type)
}

func (f *Field) id() bool { return f.Type == typeID || f.Type == typeReference }

func (f *Field) length() int {
	switch {
	case f.Length > 0:
		return f.Length
	case f.id():
		return 18
	case f.text():
		return 255
	default:
		return 0
	}
}

func (f *Field) custom() bool { return strings.HasSuffix(f.Name, "__c") }

func (f *Field) nillable() bool {
	return !f.Required && f.Default == nil && f.Type != typeBoolean && f.Type != typeID
}

// object is a kind of record.
type object struct {
	name, label, prefix string
	fields              []*Field
	by                  map[string]*Field // in lower case
	readOnly            bool              // nothing of it is made or changed through the API
	history             string            // name of the object that keeps what changed
}

func newObject(name, label, prefix string, fields ...*Field) *object {
	o := &object{name: name, label: label, prefix: prefix, by: map[string]*Field{}}
	o.add(&Field{Name: "Id", Type: typeID, ReadOnly: true})
	o.add(fields...)
	return o
}

func (o *object) add(fields ...*Field) {
	for _, f := range fields {
		if f.Label == "" {
			f.Label = label(f.Name)
		}
		if old := o.field(f.Name); old != nil {
			*old = *f
			continue
		}
		o.fields = append(o.fields, f)
		o.by[strings.ToLower(f.Name)] = f
	}
}

func (o *object) remove(name string) {
	delete(o.by, strings.ToLower(name))
	o.fields = slices.DeleteFunc(o.fields, func(f *Field) bool { return strings.EqualFold(f.Name, name) })
}

func (o *object) field(name string) *Field { return o.by[strings.ToLower(name)] }

// follow is the reference of that relationship's name.
func (o *object) follow(relationship string) *Field {
	for _, f := range o.fields {
		if f.Relationship != "" && strings.EqualFold(f.Relationship, relationship) {
			return f
		}
	}
	return nil
}

// label as Salesforce makes one of a name: Last_Form_At__c is Last Form At, NumberOfEmployees is Number Of Employees.
func label(name string) string {
	name = strings.ReplaceAll(strings.TrimSuffix(name, "__c"), "_", " ")
	var out strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z' {
			out.WriteByte(' ')
		}
		out.WriteRune(c)
	}
	return out.String()
}
