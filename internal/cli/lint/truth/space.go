// SPDX-License-Identifier: Apache-2.0

// Package truth finds out what expressions can give, over all leads. An expression tells leads apart only at the values it
// names, so one lead for each side of each of them stands for all: going through those is a proof. What the package does not
// understand may give anything, independently of all else: it then proves less, and never too much.
package truth

import (
	"strings"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Outcome of an expression for one lead.
type Outcome uint8

// The outcomes. Fails is what a value that the lead does not have leads to.
const (
	True Outcome = iota
	False
	Fails
)

// maxWorlds bounds the work; beyond it nothing is proved.
const maxWorlds = 50_000

// Space is the set of all leads, as far as the expressions in it tell them apart.
type Space struct {
	types   map[string]lead.FieldType // by lead.<name> and qualification.<name>
	present map[string]bool
	terms   []*term
	byKey   map[string]int
	nodes   []node
}

// NewSpace over the fields of a definition. present are fields that are never blank where the expressions are evaluated.
func NewSpace(fields []lead.Field, present ...string) *Space {
	s := &Space{types: map[string]lead.FieldType{}, present: map[string]bool{}, byKey: map[string]int{}}
	for _, f := range fields {
		s.types["lead."+f.Name] = f.Type
	}
	for _, f := range lead.QualificationFields() {
		s.types["qualification."+f.Name] = f.Type
	}
	for _, name := range present {
		s.present["lead."+name] = true
	}
	return s
}

// Add an expression. Each is the next in what Each hands on.
func (s *Space) Add(e *Expression) {
	s.nodes = append(s.nodes, compiler{space: s, expression: e}.compile(e.root()))
}

// Each calls see with the outcome of every expression, once for each kind of lead, until see returns false. It returns false
// when there are too many kinds to go through; see was then not called.
func (s *Space) Each(see func([]Outcome) bool) bool {
	candidates := make([][]value, len(s.terms))
	worlds := 1
	for i, t := range s.terms {
		candidates[i] = t.candidates()
		if worlds *= len(candidates[i]); worlds > maxWorlds {
			return false
		}
	}
	at, world, outcomes := make([]int, len(s.terms)), make(world, len(s.terms)), make([]Outcome, len(s.nodes))
	for range worlds {
		for i := range at {
			world[i] = candidates[i][at[i]]
		}
		for i, n := range s.nodes {
			outcomes[i] = n.eval(world)
		}
		if !see(outcomes) {
			return true
		}
		for i := range at { // the next world, as an odometer counts
			if at[i]++; at[i] < len(candidates[i]) {
				break
			}
			at[i] = 0
		}
	}
	return true
}

// Always says that the expression is true for every lead.
func Always(e *Expression, fields []lead.Field, present ...string) bool {
	return each(e, fields, present, func(o Outcome) bool { return o == True })
}

// Never says that the expression is true for no lead.
func Never(e *Expression, fields []lead.Field, present ...string) bool {
	return each(e, fields, present, func(o Outcome) bool { return o != True })
}

func each(e *Expression, fields []lead.Field, present []string, holds func(Outcome) bool) bool {
	s := NewSpace(fields, present...)
	s.Add(e)
	all := true
	known := s.Each(func(outcomes []Outcome) bool {
		all = holds(outcomes[0])
		return all
	})
	return known && all
}

// term reads the space's entry for something that expressions compare, and makes it when there is none.
func (s *Space) term(key string, kind kind, mayBeAbsent, mayBeBlank bool) (int, *term) {
	key = kind.String() + " " + key
	if i, known := s.byKey[key]; known {
		return i, s.terms[i]
	}
	t := &term{kind: kind, absent: mayBeAbsent, blank: mayBeBlank}
	s.terms = append(s.terms, t)
	s.byKey[key] = len(s.terms) - 1
	return len(s.terms) - 1, t
}

// world is one value for each term.
type world []value

// value of a term. The zero value is absent.
type value struct {
	there   bool
	number  float64
	text    string
	outcome Outcome // of a Boolean field and of what is not understood
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }
