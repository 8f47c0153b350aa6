// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"maps"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

// row is a record: values by the fields' names.
type row map[string]any

func (r row) id() string              { return r.text("Id") }
func (r row) text(name string) string { s, _ := r[name].(string); return s }
func (r row) is(name string) bool     { b, _ := r[name].(bool); return b }

// table holds the records of an object.
type table struct {
	*object
	rows  map[string]row
	order []string // ids, as they were made
	made  int
}

func (t *table) nextID() string {
	t.made++
	return newID(t.prefix, t.made)
}

func (t *table) put(r row) {
	if _, there := t.rows[r.id()]; !there {
		t.order = append(t.order, r.id())
	}
	t.rows[r.id()] = r
}

// org is everything: tables by name in lower case.
type org struct {
	objects []*object
	tables  map[string]*table
}

func newOrg() *org {
	o := &org{objects: schema(), tables: map[string]*table{}}
	for _, object := range o.objects {
		o.tables[strings.ToLower(object.name)] = &table{object: object, rows: map[string]row{}}
	}
	return o
}

func (o *org) table(name string) *table { return o.tables[strings.ToLower(name)] }

// find is the record of that id among objects.
func (o *org) find(id string, names ...string) (*table, row) {
	for _, name := range names {
		if t := o.table(name); t != nil {
			if r := t.rows[id]; r != nil {
				return t, r
			}
		}
	}
	return nil, nil
}

// tx is what one request does, or one act: it is undone as a whole, or in parts.
type tx struct {
	*org
	now        time.Time // to the second
	user       row       // who does it
	by         string    // as the log calls them
	person     bool      // it is no client of the API: read-only fields are no matter
	autoAssign bool      // the active assignment rule may take hold
	tracked    map[string]bool
	queue      string // id of the queue that the active rule assigns to; "": there is no active rule
	locked     func(id string) bool

	undo       []func()
	wrote      []control.Write
	idle       int
	reassigned []Reassigned
}

// mark is where the transaction stands, for a return to it.
type mark struct{ undo, wrote, idle, reassigned int }

func (x *tx) mark() mark { return mark{len(x.undo), len(x.wrote), x.idle, len(x.reassigned)} }

// back undoes what was done since the mark.
func (x *tx) back(m mark) {
	for i := len(x.undo) - 1; i >= m.undo; i-- {
		x.undo[i]()
	}
	x.undo, x.wrote, x.idle, x.reassigned = x.undo[:m.undo], x.wrote[:m.wrote], m.idle, x.reassigned[:m.reassigned]
}

// insert adds a record.
func (x *tx) insert(t *table, r row) {
	id := t.nextID()
	r["Id"] = id
	t.put(r)
	x.undo = append(x.undo, func() {
		delete(t.rows, id)
		t.order = t.order[:len(t.order)-1]
	})
}

// change a record in place; what it was comes back if the transaction is undone.
func (x *tx) change(r row, with func()) {
	was := maps.Clone(r)
	x.undo = append(x.undo, func() {
		clear(r)
		maps.Copy(r, was)
	})
	with()
}

// stamp a record as modified now. Only what a user does counts as a modification, but everything moves SystemModstamp.
func (x *tx) stamp(r row, modified bool) {
	r["SystemModstamp"] = x.now
	if modified {
		r["LastModifiedDate"], r["LastModifiedById"] = x.now, x.user.id()
	}
}

// set a field; an empty value removes it.
func set(r row, name string, v any) {
	if v == nil {
		delete(r, name)
		return
	}
	r[name] = v
}
