// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

// apiError is one error as Salesforce says it.
type apiError struct {
	Status  int // of HTTP, when it is the answer to the whole request
	Code    string
	Message string
	Fields  []string // nil: it is about no record
}

func refuse(status int, code, format string, args ...any) *apiError {
	return &apiError{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// wrongf is an error about a field of a record.
func wrongf(code string, f *Field, format string, args ...any) *apiError {
	return &apiError{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...), Fields: []string{f.Name}}
}

// spoilt is an error about a record, and no field of it.
func spoilt(code, format string, args ...any) *apiError {
	return &apiError{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...), Fields: []string{}}
}

// parsed are the values of a record as they came, by the fields they are of.
type parsed struct {
	values map[*Field]any
	order  []*Field
	wrong  []*apiError // the record cannot be written
}

// parse reads the fields of a record. The error is one that spoils the whole request: a field that is not there, a value that cannot be read.
func parse(o *object, raw map[string]any) (*parsed, *apiError) {
	p := &parsed{values: map[*Field]any{}}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if name == "attributes" {
			continue
		}
		f := o.field(name)
		if f == nil {
			return nil, refuse(http.StatusBadRequest, "INVALID_FIELD", "No such column '%s' on sobject of type %s", name, o.name)
		}
		v, malformed, wrong := taken(f, raw[name])
		if malformed != nil {
			return nil, malformed
		}
		if wrong != nil {
			p.wrong = append(p.wrong, wrong)
		}
		p.values[f] = v
		p.order = append(p.order, f)
	}
	return p, nil
}

// locks are fields that the caller may not write.
func (x *tx) locks(p *parsed, creating bool) *apiError {
	var names []string
	for _, f := range p.order {
		if f.ReadOnly || f.CreateOnly && !creating {
			names = append(names, f.Name)
		}
	}
	if names == nil || x.person {
		return nil
	}
	return &apiError{
		Status: http.StatusBadRequest, Code: "INVALID_FIELD_FOR_INSERT_UPDATE", Fields: names, Message: fmt.Sprintf(
			"Unable to create/update fields: %s. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
			strings.Join(names, ", ")),
	}
}

// missing are required fields that would be empty.
func missing(t *table, r row) *apiError {
	var names []string
	for _, f := range t.fields {
		if f.Required && r[f.Name] == nil {
			names = append(names, f.Name)
		}
	}
	if names == nil {
		return nil
	}
	return &apiError{
		Status: http.StatusBadRequest, Code: "REQUIRED_FIELD_MISSING", Fields: names,
		Message: fmt.Sprintf("Required fields are missing: [%s]", strings.Join(names, ", ")),
	}
}

// points checks that references lead somewhere.
func (x *tx) points(p *parsed) *apiError {
	for _, f := range p.order {
		id, _ := p.values[f].(string)
		if f.Type != typeReference || id == "" {
			continue
		}
		in, to := x.find(id, f.RefersTo...)
		switch {
		case to == nil:
			return spoiltField("INVALID_CROSS_REFERENCE_KEY", f, "invalid cross reference id")
		case to.is("IsDeleted"):
			return spoilt("ENTITY_IS_DELETED", "entity is deleted")
		case f.Name == "OwnerId" && in.name == "User" && !to.is("IsActive"):
			return spoiltField("INACTIVE_OWNER_OR_USER", f, "operation performed with inactive user [%s] as owner of lead", id[:15])
		}
	}
	return nil
}

func spoiltField(code string, f *Field, format string, args ...any) *apiError {
	return wrongf(code, f, format, args...)
}

// unique checks external ids.
func (x *tx) unique(t *table, p *parsed, self string) *apiError {
	for _, f := range p.order {
		if !f.External || p.values[f] == nil {
			continue
		}
		for _, other := range t.matching(f, p.values[f]) {
			if other != self {
				return wrongf("DUPLICATE_VALUE", f, "duplicate value found: %s duplicates value on record with id: %s", f.Name, other[:15])
			}
		}
	}
	return nil
}

// matching are the ids of the live records with that value, whatever its case.
func (t *table) matching(f *Field, v any) []string {
	var out []string
	want, _ := v.(string)
	for _, id := range t.order {
		if r := t.rows[id]; r[f.Name] != nil && strings.EqualFold(r.text(f.Name), want) && !r.is("IsDeleted") {
			out = append(out, id)
		}
	}
	return out
}

// create makes a record.
func (x *tx) create(t *table, p *parsed) (string, []*apiError) {
	if t.readOnly {
		return "", []*apiError{spoilt("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: %s", t.label)}
	}
	r := row{"CreatedDate": x.now, "CreatedById": x.user.id()}
	for _, f := range t.fields {
		if f.Default != nil && f.Default != "" {
			r[f.Name] = f.Default
		}
	}
	r["OwnerId"] = x.user.id()
	if t.field("OwnerId") == nil {
		delete(r, "OwnerId")
	}
	var given []string
	for _, f := range p.order {
		if v := p.values[f]; v != nil || f.Default == nil {
			set(r, f.Name, v)
			given = append(given, f.Name)
		}
	}
	if wrong := x.checked(t, p, r, "", true); wrong != nil {
		return "", wrong
	}
	x.stamp(r, true)
	x.insert(t, r)
	x.derive(t, nil, r)
	x.history(t, r, "created", nil, nil)
	x.assign(t, r)
	x.wrote = append(x.wrote, control.Write{At: x.now, By: x.by, Do: "create", Type: t.name, ID: r.id(), Fields: given})
	return r.id(), nil
}

func (x *tx) checked(t *table, p *parsed, r row, self string, creating bool) []*apiError {
	var out []*apiError
	for _, wrong := range []*apiError{x.locks(p, creating), x.points(p), missing(t, r), x.unique(t, p, self)} {
		if wrong != nil {
			out = append(out, wrong)
		}
	}
	return append(out, p.wrong...)
}

// update changes the record of that id.
func (x *tx) update(t *table, id string, p *parsed) []*apiError {
	r, wrong := x.writable(t, id)
	if wrong != nil {
		return []*apiError{wrong}
	}
	next := maps.Clone(r)
	var changed []string
	for _, f := range p.order {
		v := p.values[f]
		if v == nil && f.Default != nil {
			v = r[f.Name] // what has a default cannot be emptied: Salesforce keeps what is there
		}
		if !same(r[f.Name], v) && (r[f.Name] != nil || v != false) {
			changed = append(changed, f.Name)
		}
		set(next, f.Name, v)
	}
	if wrong := x.checked(t, p, next, id, false); wrong != nil {
		return wrong
	}
	was := maps.Clone(r)
	x.change(r, func() {
		clear(r)
		maps.Copy(r, next)
		x.stamp(r, true)
	})
	x.derive(t, was, r)
	for _, name := range changed {
		x.tracks(t, r, name, was[name], r[name])
	}
	x.assign(t, r)
	if changed == nil {
		x.idle++
		return nil
	}
	x.wrote = append(x.wrote, control.Write{At: x.now, By: x.by, Do: "update", Type: t.name, ID: id, Fields: changed})
	return nil
}

// writable is the record of that id, if it can be written.
func (x *tx) writable(t *table, id string) (row, *apiError) {
	r := t.rows[id]
	switch {
	case t.readOnly:
		return nil, spoilt("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be updated: %s", t.label)
	case r == nil:
		return nil, &apiError{Status: http.StatusNotFound, Code: "INVALID_CROSS_REFERENCE_KEY", Message: "invalid cross reference id", Fields: []string{}}
	case r.is("IsDeleted"):
		return nil, &apiError{Status: http.StatusNotFound, Code: "ENTITY_IS_DELETED", Message: "entity is deleted", Fields: []string{}}
	case r.is("IsConverted") && !x.person:
		return nil, spoilt("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
	case x.locked(id):
		return nil, spoilt("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: %s", id)
	}
	return r, nil
}

// remove puts a record into the recycle bin.
func (x *tx) remove(t *table, id string) []*apiError {
	r, wrong := x.writable(t, id)
	if wrong != nil {
		return []*apiError{wrong}
	}
	x.change(r, func() {
		r["IsDeleted"] = true
		x.stamp(r, true)
	})
	x.wrote = append(x.wrote, control.Write{At: x.now, By: x.by, Do: "delete", Type: t.name, ID: id})
	return nil
}

func same(a, b any) bool {
	x, ok := a.(time.Time)
	y, also := b.(time.Time)
	if ok && also {
		return x.Equal(y)
	}
	return a == b
}
