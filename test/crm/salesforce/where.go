// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/test/crm/salesforce/soql"
)

// test says whether a record fits.
type test func(row) bool

// getter reads a value of a record, or of one it refers to.
type getter func(row) any

// compiler turns a query into functions. Its errors are Salesforce's.
type compiler struct {
	*org
	query string
	run   func(*soql.Query) ([]row, *table, error) // a query in a condition
}

// nameFields are what is known of whatever a reference to several objects leads to.
var nameFields = map[string]string{
	"id": "Id", "name": "Name", "email": "Email", "alias": "Alias", "type": "Type", "isactive": "IsActive", "username": "Username", "firstname": "FirstName",
	"lastname": "LastName", "title": "Title", "phone": "Phone", "usertype": "UserType",
}

// field resolves a path: the field at its end and how to read it.
func (c *compiler) field(t *table, p soql.Path) (*Field, getter, error) {
	follow := func(r row) row { return r }
	for i, part := range p.Parts[:len(p.Parts)-1] {
		if i == 0 && strings.EqualFold(part, t.name) {
			continue // the object's own name may stand before a field
		}
		by := t.follow(part)
		if by == nil {
			return nil, nil, soql.At(c.query, p.At, soql.Invalid, "Didn't understand relationship '%s' in field path. If you are attempting to use a custom relationship, "+
				"be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.", part)
		}
		before, refersTo := follow, by.RefersTo
		follow = func(r row) row {
			if r = before(r); r == nil {
				return nil
			}
			_, to := c.find(r.text(by.Name), refersTo...)
			return to
		}
		if len(refersTo) > 1 {
			return c.polymorphic(p, i+1, follow)
		}
		t = c.table(refersTo[0])
	}
	name := p.Parts[len(p.Parts)-1]
	f := t.field(name)
	if f == nil {
		return nil, nil, c.noColumn(p.At, name, t.name)
	}
	return f, func(r row) any { return follow(r)[f.Name] }, nil
}

func (c *compiler) polymorphic(p soql.Path, at int, follow func(row) row) (*Field, getter, error) {
	name := nameFields[strings.ToLower(p.Parts[at])]
	if name == "" || at != len(p.Parts)-1 {
		return nil, nil, c.noColumn(p.At, p.Parts[at], "Name")
	}
	get := func(r row) any {
		to := follow(r)
		if v := to[name]; v != nil || name != "Type" || to == nil {
			return v
		}
		t, _ := c.find(to.id(), "User", "Lead", "Contact", "Account", "Opportunity")
		return t.name
	}
	kind := typeString
	switch name {
	case "Id":
		kind = typeID
	case "IsActive":
		kind = typeBoolean
	}
	return &Field{Name: name, Type: kind}, get, nil
}

func (c *compiler) noColumn(at int, name, entity string) error {
	return soql.At(c.query, at, soql.Invalid, "No such column '%s' on entity '%s'. If you are attempting to use a custom field, be sure to append the '__c' after the "+
		"custom field name. Please reference your WSDL or the describe call for the appropriate names.", name, entity)
}

func (c *compiler) where(t *table, e soql.Expr) (test, error) {
	switch e := e.(type) {
	case nil:
		return func(row) bool { return true }, nil
	case soql.And:
		return c.all(t, e, true)
	case soql.Or:
		return c.all(t, e, false)
	case soql.Not:
		of, err := c.where(t, e.Of)
		return func(r row) bool { return !of(r) }, err
	default:
		return c.compare(t, e.(soql.Compare))
	}
}

// all of them (and), or any.
func (c *compiler) all(t *table, of []soql.Expr, and bool) (test, error) {
	tests := make([]test, 0, len(of))
	for _, e := range of {
		one, err := c.where(t, e)
		if err != nil {
			return nil, err
		}
		tests = append(tests, one)
	}
	return func(r row) bool {
		for _, one := range tests {
			if one(r) != and {
				return !and
			}
		}
		return and
	}, nil
}

func (c *compiler) compare(t *table, e soql.Compare) (test, error) {
	f, get, err := c.field(t, e.Field)
	if err != nil {
		return nil, err
	}
	if f.NoFilter {
		return nil, soql.At(c.query, e.Field.At, soql.Invalid, "field '%s' can not be filtered in a query call", e.Field.Text)
	}
	if e.Op == soql.In || e.Op == soql.NotIn {
		return c.in(f, get, e)
	}
	if e.Op == soql.Like {
		return c.like(f, get, e)
	}
	want, err := c.literal(f, e.Values[0])
	if err != nil {
		return nil, err
	}
	ordered := e.Op != soql.Eq && e.Op != soql.Ne
	if ordered && (want == nil || f.Type == typeBoolean) {
		return nil, c.operator(e)
	}
	op := e.Op
	return func(r row) bool {
		v := plain(f, get(r))
		switch {
		case op == soql.Eq:
			return v == want
		case op == soql.Ne:
			return v != want
		case v == nil:
			return false
		}
		n := order(v, want)
		return op == soql.Lt && n < 0 || op == soql.Le && n <= 0 || op == soql.Gt && n > 0 || op == soql.Ge && n >= 0
	}, nil
}

func (c *compiler) operator(e soql.Compare) error {
	return soql.At(c.query, e.Field.At, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator %s on field %s", e.Op, e.Field.Text)
}

func (c *compiler) in(f *Field, get getter, e soql.Compare) (test, error) {
	set := map[any]bool{}
	for _, v := range e.Values {
		want, err := c.literal(f, v)
		if err != nil {
			return nil, err
		}
		set[want] = true
	}
	if e.Sub != nil {
		rows, of, err := c.run(e.Sub)
		if err != nil {
			return nil, err
		}
		g, value, err := c.field(of, e.Sub.Fields[0])
		if err != nil {
			return nil, err
		}
		if !f.id() || !g.id() {
			return nil, soql.At(c.query, e.Field.At, soql.Malformed, "The inner and outer selects must be on ids")
		}
		for _, r := range rows {
			set[plain(g, value(r))] = true
		}
	}
	in := e.Op == soql.In
	return func(r row) bool { return set[plain(f, get(r))] == in }, nil
}

func (c *compiler) like(f *Field, get getter, e soql.Compare) (test, error) {
	if !f.text() || e.Values[0].Kind != soql.String {
		return nil, c.operator(e)
	}
	form := likeForm(e.Values[0].Like)
	return func(r row) bool {
		v, ok := get(r).(string)
		return ok && form.MatchString(v)
	}, nil
}

// likeForm of LIKE: % is any text, _ any one character, and neither after a backslash.
func likeForm(like string) *regexp.Regexp {
	var out strings.Builder
	out.WriteString("(?is)^")
	escaped := false
	for _, r := range like {
		switch {
		case escaped || r != '%' && r != '_' && r != '\\':
			out.WriteString(regexp.QuoteMeta(string(r)))
			escaped = false
		case r == '\\':
			escaped = true
		case r == '%':
			out.WriteString(".*")
		default:
			out.WriteString(".")
		}
	}
	return regexp.MustCompile(out.String() + "$")
}

// literal is what a value is compared as, if the field can be compared with it.
func (c *compiler) literal(f *Field, v soql.Value) (any, error) {
	if v.Kind == soql.Null {
		if f.Type == typeBoolean {
			return nil, c.mustBe(f, v, "boolean", false)
		}
		return nil, nil
	}
	switch {
	case f.id():
		if v.Kind != soql.String {
			return nil, c.mustBe(f, v, "ID", true)
		}
		id, ok := canonical(v.Text)
		if !ok && v.Text != "" {
			return nil, soql.At(c.query, v.At, "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: %s", v.Text)
		}
		return plain(f, id), nil
	case f.text():
		if v.Kind != soql.String {
			return nil, c.mustBe(f, v, "string", true)
		}
		return plain(f, v.Text), nil
	case f.Type == typeBoolean:
		if v.Kind != soql.Boolean {
			return nil, c.mustBe(f, v, "boolean", false)
		}
		return strings.EqualFold(v.Text, "true"), nil
	case f.Type == typeDateTime:
		if v.Kind != soql.DateTime {
			return nil, c.mustBe(f, v, "dateTime", false)
		}
		at, err := soql.Time(v.Text)
		return at.UnixMilli(), err
	case f.Type == typeDate:
		if v.Kind != soql.Date {
			return nil, c.mustBe(f, v, "date", false)
		}
		return v.Text, nil
	default:
		if v.Kind != soql.Number {
			return nil, c.mustBe(f, v, f.Type, false)
		}
		return strconv.ParseFloat(v.Text, 64)
	}
}

func (c *compiler) mustBe(f *Field, v soql.Value, kind string, quoted bool) error {
	quotes := "should not be enclosed in quotes"
	if quoted {
		quotes = "should be enclosed in quotes"
	}
	return soql.At(c.query, v.At, soql.Invalid, "value of filter criterion for field '%s' must be of type %s and %s", f.Name, kind, quotes)
}

// plain is a value as it is compared: text without its case, times in milliseconds, an empty text as none, an absent boolean as false.
func plain(f *Field, v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMilli()
	case string:
		if v == "" {
			return nil
		}
		if f.text() {
			return strings.ToLower(v)
		}
		return v
	case nil:
		if f.Type == typeBoolean {
			return false
		}
	}
	return v
}

// order of two plain values of one field.
func order(a, b any) int {
	switch a := a.(type) {
	case string:
		b, _ := b.(string)
		return strings.Compare(a, b)
	case int64:
		b, _ := b.(int64)
		return compare(a, b)
	case float64:
		b, _ := b.(float64)
		return compare(a, b)
	case bool:
		b, _ := b.(bool)
		return compare(bit(a), bit(b))
	}
	return 0
}

func compare[T int | int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
