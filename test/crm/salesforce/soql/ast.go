// SPDX-License-Identifier: Apache-2.0

// Package soql reads the part of Salesforce's query language that connectors use, as strictly as Salesforce does: AND and OR are not mixed
// without parentheses, NOT begins a condition, dates are not quoted, keywords come in their order.
package soql

// Query is one SELECT.
type Query struct {
	Count  bool // SELECT COUNT()
	Fields []Path
	From   Name
	Where  Expr // nil: everything
	Order  []Order
	Limit  int // -1: none
	Offset int
}

// Name as it was written, and where.
type Name struct {
	Text string
	At   int // byte in the query
}

// Path is a field, with the relationships that lead to it: Owner.Email.
type Path struct {
	Name
	Parts []string
}

// Order is one of ORDER BY.
type Order struct {
	Field     Path
	Desc      bool
	NullsLast bool
}

// Expr is a condition: And, Or, Not or Compare.
type Expr interface{ expr() }

// And holds when all do.
type And []Expr

// Or holds when one does.
type Or []Expr

// Not holds when the other does not.
type Not struct{ Of Expr }

// Compare a field with values.
type Compare struct {
	Field  Path
	Op     Op
	Values []Value // one, but with In and NotIn
	Sub    *Query  // In and NotIn: of the values of its one field
}

func (And) expr()     {}
func (Or) expr()      {}
func (Not) expr()     {}
func (Compare) expr() {}

// Op is an operator.
type Op string

// The operators.
const (
	Eq    Op = "="
	Ne    Op = "!="
	Lt    Op = "<"
	Le    Op = "<="
	Gt    Op = ">"
	Ge    Op = ">="
	Like  Op = "LIKE"
	In    Op = "IN"
	NotIn Op = "NOT IN"
)

// Kind of a literal.
type Kind int

// The kinds.
const (
	Null Kind = iota
	String
	Number
	Boolean
	Date
	DateTime
)

func (k Kind) String() string {
	return [...]string{"null", "string", "number", "boolean", "date", "dateTime"}[k]
}

// Value is a literal.
type Value struct {
	Kind Kind
	Text string // of a string: what it says, without escapes; else as it was written
	Like string // of a string: as a pattern of LIKE, where \% and \_ are still escaped
	At   int
}
