// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"encoding/binary"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/test/crm/salesforce/soql"
)

// maxOffset and maxRows are Salesforce's.
const (
	maxOffset = 2000
	maxRows   = 2000
)

// selection is what a query found: ids, and how to show each.
type selection struct {
	table *table
	ids   []string
	show  func(row) map[string]any
	count bool
}

// find runs a query. All includes what is in the recycle bin, and archived activities.
func (f *Fake) find(query string, all bool, version string) (*selection, error) {
	q, err := soql.Parse(query)
	if err != nil {
		return nil, err
	}
	if q.Offset > maxOffset {
		return nil, refuse(http.StatusBadRequest, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
	}
	f.queries++
	c := &compiler{org: f.org, query: query}
	c.run = func(sub *soql.Query) ([]row, *table, error) { return f.rows(c, sub, all) }
	rows, t, err := f.rows(c, q, all)
	if err != nil {
		return nil, err
	}
	s := &selection{table: t, count: q.Count, ids: make([]string, 0, len(rows))}
	for _, r := range rows {
		s.ids = append(s.ids, r.id())
	}
	if !q.Count {
		s.show, err = c.shows(t, q.Fields, version)
	}
	return s, err
}

func (f *Fake) rows(c *compiler, q *soql.Query, all bool) ([]row, *table, error) {
	t := f.org.table(q.From.Text)
	if t == nil {
		return nil, nil, soql.At(c.query, q.From.At, "INVALID_TYPE", "sObject type '%s' is not supported. If you are attempting to use a custom object, be sure to append "+
			"the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.", q.From.Text)
	}
	fits, err := c.where(t, q.Where)
	if err != nil {
		return nil, nil, err
	}
	before, err := c.order(t, q.Order, f.queries)
	if err != nil {
		return nil, nil, err
	}
	var rows []row
	for _, id := range t.order {
		if r := t.rows[id]; (all || !r.is("IsDeleted") && !r.is("IsArchived")) && fits(r) {
			rows = append(rows, r)
		}
	}
	if !q.Count {
		slices.SortFunc(rows, before)
	}
	rows = rows[min(q.Offset, len(rows)):]
	if q.Limit >= 0 {
		rows = rows[:min(q.Limit, len(rows))]
	}
	return rows, t, nil
}

// order of the results. What the query does not order comes in another order with each query: Salesforce promises none.
func (c *compiler) order(t *table, by []soql.Order, salt uint64) (func(a, b row) int, error) {
	type key struct {
		field *Field
		get   getter
		soql.Order
	}
	keys := make([]key, 0, len(by))
	for _, o := range by {
		f, get, err := c.field(t, o.Field)
		if err != nil {
			return nil, err
		}
		if f.NoSort {
			return nil, soql.At(c.query, o.Field.At, soql.Malformed, "field '%s' can not be sorted in a query call", o.Field.Text)
		}
		keys = append(keys, key{f, get, o})
	}
	return func(a, b row) int {
		for _, k := range keys {
			x, y := plain(k.field, k.get(a)), plain(k.field, k.get(b))
			if x == nil || y == nil {
				if x == nil && y == nil {
					continue
				}
				if (x == nil) != k.NullsLast {
					return -1
				}
				return 1
			}
			if n := order(x, y); n != 0 {
				if k.Desc {
					return -n
				}
				return n
			}
		}
		return strings.Compare(shuffled(a.id(), salt), shuffled(b.id(), salt))
	}, nil
}

func shuffled(id string, salt uint64) string {
	h := fnv.New64a()
	_ = binary.Write(h, binary.BigEndian, salt) // a hash takes everything
	_, _ = h.Write([]byte(id))
	return string(h.Sum(nil)) + id
}

// shows makes a record's JSON of the fields that were asked for.
func (c *compiler) shows(t *table, paths []soql.Path, version string) (func(row) map[string]any, error) {
	type column struct {
		path  []string
		field *Field
		get   getter
	}
	columns := make([]column, 0, len(paths))
	seen := map[string]bool{}
	for _, p := range paths {
		f, get, err := c.field(t, p)
		if err != nil {
			return nil, err
		}
		if seen[strings.ToLower(p.Text)] {
			return nil, soql.At(c.query, p.At, soql.Malformed, "duplicate field selected: %s", p.Text)
		}
		seen[strings.ToLower(p.Text)] = true
		columns = append(columns, column{c.names(t, p, f), f, get})
	}
	return func(r row) map[string]any {
		out := map[string]any{"attributes": attributes(t.name, r.id(), version)}
		for _, col := range columns {
			c.put(out, t, r, col.path, shown(col.field, col.get(r)), version)
		}
		return out
	}, nil
}

// names of a path as the schema has them, whatever the query's case.
func (c *compiler) names(t *table, p soql.Path, f *Field) []string {
	var out []string
	for i, part := range p.Parts[:len(p.Parts)-1] {
		if i == 0 && strings.EqualFold(part, t.name) {
			continue
		}
		by := t.follow(part)
		out = append(out, by.Relationship)
		t = c.org.table(by.RefersTo[0])
	}
	return append(out, f.Name)
}

// put a value where its path leads: into objects within the record. A reference to nothing is null.
func (c *compiler) put(out map[string]any, t *table, r row, path []string, v any, version string) {
	if len(path) == 1 {
		out[path[0]] = v
		return
	}
	by := t.follow(path[0])
	to, target := c.find(r.text(by.Name), by.RefersTo...)
	if target == nil {
		out[path[0]] = nil
		return
	}
	inner, _ := out[path[0]].(map[string]any)
	if inner == nil {
		name := to.name
		inner = map[string]any{"attributes": attributes(name, target.id(), version)}
		if len(by.RefersTo) > 1 {
			inner["attributes"] = map[string]string{"type": "Name", "url": address(name, target.id(), version)}
		}
		out[path[0]] = inner
	}
	c.put(inner, to, target, path[1:], v, version)
}

func attributes(name, id, version string) map[string]string {
	return map[string]string{"type": name, "url": address(name, id, version)}
}

func address(name, id, version string) string {
	return "/services/data/" + version + "/sobjects/" + name + "/" + id
}
