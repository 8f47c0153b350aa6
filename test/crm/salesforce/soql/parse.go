// SPDX-License-Identifier: Apache-2.0

package soql

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Longest is how many characters a query may have.
const Longest = 100_000

// deepest is how far conditions nest before it cannot be meant.
const deepest = 100

// Parse reads a query. The error is an *Error.
func Parse(query string) (*Query, error) {
	if len(query) > Longest {
		return nil, &Error{Code: Malformed, Message: "SOQL statements cannot be longer than 100000 characters."}
	}
	tokens, err := lex(query)
	if err != nil {
		return nil, err
	}
	p := &parser{query: query, tokens: tokens}
	q, err := p.selectFrom()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokenEnd {
		return nil, p.unexpected()
	}
	return q, nil
}

type parser struct {
	query  string
	tokens []token
	at     int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

// accept takes a keyword or a sign if it is next.
func (p *parser) accept(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.at++
	return true
}

func (p *parser) expect(texts ...string) error {
	for _, text := range texts {
		if !p.accept(text) {
			return p.unexpected()
		}
	}
	return nil
}

// valid in Salesforce, and not read here: whoever uses it is to be told, and not to be refused as Salesforce would not.
var unsupported = []string{"GROUP", "HAVING", "WITH", "FOR", "USING", "TYPEOF", "UPDATE", "INCLUDES", "EXCLUDES"}

func (p *parser) unexpected() error {
	t := p.peek()
	for _, word := range unsupported {
		if t.is(word) {
			return At(p.query, t.at, Unsupported, "%s is not read by this fake", word)
		}
	}
	return At(p.query, t.at, Malformed, "unexpected token: '%s'", t.text)
}

func (p *parser) selectFrom() (*Query, error) {
	q := &Query{Limit: -1}
	if err := p.expect("SELECT"); err != nil {
		return nil, err
	}
	if err := p.fields(q); err != nil {
		return nil, err
	}
	if err := p.expect("FROM"); err != nil {
		return nil, err
	}
	from := p.peek()
	if from.kind != tokenWord || strings.Contains(from.text, ".") {
		return nil, p.unexpected()
	}
	p.take()
	q.From = Name{Text: from.text, At: from.at}
	if p.accept("WHERE") {
		var err error
		if q.Where, err = p.condition(); err != nil {
			return nil, err
		}
	}
	return q, p.tail(q)
}

func (p *parser) fields(q *Query) error {
	if p.peek().is("COUNT") {
		p.take()
		q.Count = true
		return p.expect("(", ")")
	}
	for {
		if p.peek().is("(") {
			return At(p.query, p.peek().at, Unsupported, "queries of children are not read by this fake")
		}
		field, err := p.path()
		if err != nil {
			return err
		}
		q.Fields = append(q.Fields, field)
		if !p.accept(",") {
			return nil
		}
	}
}

var reserved = map[string]bool{
	"AND": true, "ASC": true, "DESC": true, "EXCLUDES": true, "FIRST": true, "FROM": true, "GROUP": true, "HAVING": true, "IN": true,
	"INCLUDES": true, "LAST": true, "LIKE": true, "LIMIT": true, "NOT": true, "NULL": true, "NULLS": true, "OR": true, "SELECT": true,
	"USING": true, "WHERE": true, "WITH": true, "TYPEOF": true,
}

func (p *parser) path() (Path, error) {
	t := p.peek()
	if t.kind != tokenWord || reserved[strings.ToUpper(t.text)] {
		return Path{}, p.unexpected()
	}
	p.take()
	if p.peek().is("(") {
		return Path{}, At(p.query, t.at, Unsupported, "the function %s is not read by this fake", t.text)
	}
	return Path{Name: Name{Text: t.text, At: t.at}, Parts: strings.Split(t.text, ".")}, nil
}

// condition is one simple one, or several that are all joined by AND or all by OR; NOT stands at its beginning only.
func (p *parser) condition() (Expr, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > deepest {
		return nil, At(p.query, p.peek().at, Malformed, "expression too complex")
	}
	if p.accept("NOT") {
		of, err := p.simple()
		if err != nil {
			return nil, err
		}
		return p.joined(Not{Of: of})
	}
	first, err := p.simple()
	if err != nil {
		return nil, err
	}
	return p.joined(first)
}

func (p *parser) joined(first Expr) (Expr, error) {
	all := []Expr{first}
	var by string
	switch {
	case p.peek().is("AND"):
		by = "AND"
	case p.peek().is("OR"):
		by = "OR"
	default:
		return first, nil
	}
	for p.accept(by) {
		next, err := p.simple()
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	if p.peek().is("AND") || p.peek().is("OR") {
		return nil, p.unexpected()
	}
	if by == "OR" {
		return Or(all), nil
	}
	return And(all), nil
}

func (p *parser) simple() (Expr, error) {
	if p.accept("(") {
		inner, err := p.condition()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	field, err := p.path()
	if err != nil {
		return nil, err
	}
	op, err := p.operator()
	if err != nil {
		return nil, err
	}
	c := Compare{Field: field, Op: op}
	if op == In || op == NotIn {
		err = p.list(&c)
	} else {
		var v Value
		v, err = p.value()
		c.Values = []Value{v}
	}
	return c, err
}

func (p *parser) operator() (Op, error) {
	for _, op := range []Op{Eq, Ne, Lt, Le, Gt, Ge, Like, In} {
		if p.accept(string(op)) {
			return op, nil
		}
	}
	if p.accept("<>") {
		return Ne, nil
	}
	if p.accept("NOT") {
		return NotIn, p.expect("IN")
	}
	return "", p.unexpected()
}

// list of values, or a query whose one field has them.
func (p *parser) list(c *Compare) error {
	if err := p.expect("("); err != nil {
		return err
	}
	if p.peek().is("SELECT") {
		p.depth++
		defer func() { p.depth-- }()
		if p.depth > deepest {
			return At(p.query, p.peek().at, Malformed, "expression too complex")
		}
		sub, err := p.selectFrom()
		if err != nil {
			return err
		}
		if sub.Count || len(sub.Fields) != 1 {
			return At(p.query, sub.From.At, Malformed, "semi join sub-selects can only query one field")
		}
		c.Sub = sub
		return p.expect(")")
	}
	for {
		v, err := p.value()
		if err != nil {
			return err
		}
		c.Values = append(c.Values, v)
		if !p.accept(",") {
			return p.expect(")")
		}
	}
}

func (p *parser) value() (Value, error) {
	t := p.peek()
	v := Value{Text: t.text, At: t.at}
	switch {
	case t.kind == tokenString:
		v.Kind, v.Like = String, t.like
	case t.kind == tokenNumber:
		v.Kind = Number
	case t.kind == tokenDate:
		v.Kind = Date
		if _, err := time.Parse(time.DateOnly, t.text); err != nil {
			return v, p.unexpected()
		}
	case t.kind == tokenDateTime:
		v.Kind = DateTime
		if _, err := Time(t.text); err != nil {
			return v, p.unexpected()
		}
	case t.is("TRUE"), t.is("FALSE"):
		v.Kind = Boolean
	case t.is("NULL"):
		v.Kind = Null
	case t.kind == tokenWord && relative.MatchString(t.text):
		return v, At(p.query, t.at, Unsupported, "the date literal %s is not read by this fake", t.text)
	default:
		return v, p.unexpected()
	}
	p.take()
	return v, nil
}

// relative dates.
var relative = regexp.MustCompile(`(?i)^(?:TODAY|YESTERDAY|TOMORROW|(?:LAST|NEXT|THIS|N)_[A-Z0-9_]+)$`)

// Time of a dateTime literal. Between date and zone it is as ISO 8601 has it, with or without a colon in the zone.
func Time(text string) (time.Time, error) {
	at, err := time.Parse("2006-01-02T15:04:05Z07:00", text)
	if err != nil {
		at, err = time.Parse("2006-01-02T15:04:05Z0700", text)
	}
	return at, err
}

// tail is what follows the conditions, in this order.
func (p *parser) tail(q *Query) error {
	if p.accept("ORDER") {
		if err := p.order(q); err != nil {
			return err
		}
	}
	for _, of := range []struct {
		word string
		into *int
	}{{"LIMIT", &q.Limit}, {"OFFSET", &q.Offset}} {
		if !p.accept(of.word) {
			continue
		}
		n, err := strconv.Atoi(p.peek().text)
		if err != nil || n < 0 || p.peek().kind != tokenNumber {
			return p.unexpected()
		}
		p.take()
		*of.into = n
	}
	return nil
}

func (p *parser) order(q *Query) error {
	if err := p.expect("BY"); err != nil {
		return err
	}
	for {
		field, err := p.path()
		if err != nil {
			return err
		}
		o := Order{Field: field}
		if p.accept("DESC") {
			o.Desc = true
		} else {
			p.accept("ASC")
		}
		if p.accept("NULLS") {
			o.NullsLast = p.peek().is("LAST")
			if !o.NullsLast && !p.peek().is("FIRST") {
				return p.unexpected()
			}
			p.take()
		}
		q.Order = append(q.Order, o)
		if !p.accept(",") {
			return nil
		}
	}
}
