// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// qualificationVariable is what SQL criteria read beside lead and signals.
const qualificationVariable = "qualification"

const qualificationTypeName = "handoff.Qualification"

var qualificationType = types.NewObjectType(qualificationTypeName)

// qualificationFields are what sales may find out in a conversation with the lead: budget, authority, need and timeline.
var qualificationFields = []Field{
	{Name: "budget", Type: Boolean},
	{Name: "businessCase", Type: Boolean},
	{Name: "authority", Type: Boolean},
	{Name: "decisionMakerAccess", Type: Boolean},
	{Name: "need", Type: String},
	{Name: "timelineDays", Type: Integer},
}

// QualificationFields are the values that a qualified event may have.
func QualificationFields() []Field { return slices.Clone(qualificationFields) }

// SQLCriterion must hold for an MQL to become a sales qualified lead (SQL).
type SQLCriterion struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
	Message    string `json:"message,omitempty"`
}

// SQL says whether an MQL is a sales qualified lead.
type SQL struct {
	At    time.Time // when it became one; zero: it is none
	Unmet []string  // names of the criteria that do not hold, in the definition's order; nil while nothing is known of a conversation
}

type sqlCriterion struct {
	name    string
	program *expression
}

// sql checks the SQL criteria. They are few and seldom evaluated: CEL's own evaluator runs them.
func (c *compiler) sql(criteria []SQLCriterion) {
	if len(criteria) == 0 {
		return
	}
	env, err := qualificationEnvironment(c.program.env.record)
	if err != nil {
		c.problem("sql", "%v", err)
		return
	}
	names := newUnique("SQL criterion")
	for _, one := range criteria {
		where := fmt.Sprintf("SQL criterion %q", one.Name)
		names.check(c, where, one.Name)
		c.program.sql = append(c.program.sql, sqlCriterion{one.Name, c.expression(env, where, one.Expression)})
	}
}

// qualificationEnvironment is that of records with one variable more.
func qualificationEnvironment(record *environment) (*environment, error) {
	p := record.provider
	p.structs[qualificationTypeName], p.names[qualificationTypeName] = map[string]*types.FieldType{}, nil
	for i, f := range qualificationFields {
		p.structs[qualificationTypeName][f.Name] = qualificationField(i, celTypes[f.Type])
		p.names[qualificationTypeName] = append(p.names[qualificationTypeName], f.Name)
	}
	env, err := record.env.Extend(cel.Variable(qualificationVariable, qualificationType))
	if err != nil {
		return nil, fmt.Errorf("environment of SQL criteria: %w", err)
	}
	extended := *record
	extended.env, extended.names = env, append(slices.Clone(record.names), qualificationVariable)
	return &extended, nil
}

// qualificationObject is `qualification`: what the events told so far, nil where they did not.
type qualificationObject struct {
	object
	values []ref.Val
}

func newQualification() *qualificationObject {
	return &qualificationObject{object: object{qualificationType}, values: make([]ref.Val, len(qualificationFields))}
}

func (q *qualificationObject) Equal(other ref.Val) ref.Val { return types.Bool(ref.Val(q) == other) }
func (q *qualificationObject) Value() any                  { return q }

// overlay takes what an event tells; null takes a value away, and so does one that does not fit.
func (q *qualificationObject) overlay(told map[string]any) {
	for i, f := range qualificationFields {
		value, stated := told[f.Name]
		if !stated {
			continue
		}
		typed, err := Coerce(f, value)
		if err != nil || typed == nil {
			q.values[i] = nil
			continue
		}
		q.values[i] = types.DefaultTypeAdapter.NativeToValue(typed)
	}
}

func qualificationField(index int, t *types.Type) *types.FieldType {
	return &types.FieldType{
		Type: t,
		IsSet: func(target any) bool {
			q, ok := target.(*qualificationObject)
			return ok && q.values[index] != nil
		},
		GetFrom: func(target any) (any, error) {
			q, ok := target.(*qualificationObject)
			if !ok || q.values[index] == nil {
				return nil, errAbsent
			}
			return q.values[index], nil
		},
	}
}

// conversation is what SQL criteria read.
type conversation struct {
	lead          cel.Activation
	qualification *qualificationObject
}

// ResolveName implements cel.Activation.
func (c conversation) ResolveName(name string) (any, bool) {
	if name == qualificationVariable {
		return c.qualification, true
	}
	return c.lead.ResolveName(name)
}

// Parent implements cel.Activation.
func (c conversation) Parent() cel.Activation { return nil }

// SQL folds the history, which is in (Time, Sequence) order, and finds the first event, from the hand-off on, at which all SQL criteria
// held: each qualified event corrects those before it. An event before any conversation is known of makes no SQL. Without criteria it is
// the first qualified event, or the first disposition that accepts the lead.
func (p *Program) SQL(history []Event, mql time.Time) SQL {
	s, known := newState(p), false
	c := conversation{lead: s, qualification: newQualification()}
	var result SQL
	for _, e := range history {
		switch {
		case e.Kind == KindQualified:
			c.qualification.overlay(e.Qualification)
			s.now, known = e.Time, true
		case len(p.sql) == 0 && !e.Time.Before(mql) && e.accepts(p.definition.Dispositions):
			known = true
		case !s.apply(e):
			continue
		}
		if !known || e.Time.Before(mql) {
			continue
		}
		if result.Unmet = p.unmet(c); len(result.Unmet) == 0 {
			return SQL{At: e.Time}
		}
	}
	return result
}

func (p *Program) unmet(c conversation) []string {
	var names []string
	for _, one := range p.sql {
		if !one.program.holds(c) {
			names = append(names, one.name)
		}
	}
	return names
}
