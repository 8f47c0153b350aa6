// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// state is one lead at one time, in the form that expressions read. It serves one goroutine.
type state struct {
	program *Program
	record  []any // by field, nil where absent
	lead    *leadObject
	signals *signalsObject
	now     time.Time
	peers   *Contacts // the other contacts of the account; nil where account paths are not evaluated

	fits      []bool // by rule with `when`: they read the record only, so that they are evaluated again when it changes
	fitsKnown bool

	explains bool // whether factors are wanted
	factors  []Factor
}

func newState(p *Program) *state {
	fields, signals := len(p.definition.Fields), len(p.definition.Signals)
	s := &state{
		program: p,
		record:  make([]any, fields),
		lead:    &leadObject{object: object{leadType}, values: make([]ref.Val, fields)},
		signals: &signalsObject{object: object{signalsType}, signals: make([]*signalObject, signals)},
		fits:    make([]bool, p.rules),
	}
	for i := range s.signals.signals {
		s.signals.signals[i] = &signalObject{object: object{signalType}, now: &s.now}
	}
	return s
}

// ResolveName implements cel.Activation.
func (s *state) ResolveName(name string) (any, bool) {
	switch name {
	case leadVariable:
		return s.lead, true
	case signalsVariable:
		return s.signals, true
	default:
		return nil, false
	}
}

// Parent implements cel.Activation.
func (s *state) Parent() cel.Activation { return nil }

// apply folds one event in; false for the kinds that change neither record nor signals.
func (s *state) apply(e Event) bool {
	switch e.Kind {
	case KindCaptured, KindUpdated:
		for property, value := range e.Properties {
			for _, i := range s.program.bySource[property] {
				s.set(i, value)
			}
		}
	case KindActivity:
		s.occur(e)
	default:
		return false
	}
	s.now = e.Time
	return true
}

// set takes a value that does not fit as absent: ingestion refuses such values, so that only a field whose type was
// changed later meets one.
func (s *state) set(field int, value any) {
	typed, err := Coerce(s.program.definition.Fields[field], value)
	if err != nil {
		typed = nil
	}
	s.record[field], s.lead.values[field] = typed, nil
	if typed != nil {
		s.lead.values[field] = wrap(typed)
	}
	s.fitsKnown = false
}

func wrap(typed any) ref.Val {
	switch v := typed.(type) {
	case string:
		return types.String(v)
	case int64:
		return types.Int(v)
	case float64:
		return types.Double(v)
	case bool:
		return types.Bool(v)
	case time.Time:
		return types.Timestamp{Time: v}
	case []string:
		return types.NewStringList(types.DefaultTypeAdapter, v)
	default:
		return nil
	}
}

func (s *state) occur(e Event) {
	var variables *activity
	for _, i := range s.program.byActivity[e.Activity] {
		if when := s.program.signals[i]; when != nil {
			if variables == nil {
				variables = newActivity(s.program.env.activity.provider, e.Properties)
			}
			if !when.holds(variables) {
				continue
			}
		}
		s.signals.signals[i].times = append(s.signals.signals[i].times, e.Time)
	}
}

// activity is what the `when` of a signal reads.
type activity struct{ properties ref.Val }

func newActivity(p *provider, properties map[string]any) *activity {
	return &activity{properties: types.NewStringInterfaceMap(p, properties)}
}

// ResolveName implements cel.Activation.
func (a *activity) ResolveName(name string) (any, bool) {
	return a.properties, name == activityVariable
}

// Parent implements cel.Activation.
func (a *activity) Parent() cel.Activation { return nil }

// holding is the index of the first path that holds; -1 when none does.
func (s *state) holding(score int) int {
	for i, p := range s.program.paths {
		reached := p.threshold == nil || score >= *p.threshold
		if p.account != nil {
			reached = p.account.holds(s.contacts(score))
		}
		if reached && s.all(p.criteria) {
			return i
		}
	}
	return -1
}

func (s *state) all(criteria []*expression) bool {
	for _, c := range criteria {
		if !c.holds(s) {
			return false
		}
	}
	return true
}

func (s *state) intent() string {
	for _, in := range s.program.intents {
		if in.when == nil || in.when.holds(s) {
			return in.name
		}
	}
	return DefaultIntent
}

// missing are the required fields without a value; a blank text and an empty list are none, zero and false are values.
func (s *state) missing() []string {
	var names []string
	for i, f := range s.program.definition.Fields {
		if f.Required && blank(s.record[i]) {
			names = append(names, f.Name)
		}
	}
	return names
}

func blank(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []string:
		return len(v) == 0
	default:
		return false
	}
}

func (s *state) values() map[string]any {
	record := make(map[string]any, len(s.record))
	for i, f := range s.program.definition.Fields {
		if s.record[i] != nil {
			record[f.Name] = s.record[i]
		}
	}
	return record
}
