// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"strings"
	"time"
)

// state is one lead at one time, in the form that expressions read. It serves one goroutine.
type state struct {
	record
	program *Program
	peers   *Contacts // the other contacts of the account; nil where account paths are not evaluated

	returning *returning // nil for a lead that was not handed off before

	suppressed     suppressions
	duplicateSince time.Time // since when the lead is known to be that of another; zero: it is not
	open           bool      // paths are asked about as if nothing kept the lead out

	fits      []int // points by group of the rules with `when`: they read values only, so that they are known until one changes
	fitsKnown bool
}

func newState(p *Program) *state {
	s := &state{record: newRecord(p), program: p, fits: make([]int, len(p.groups))}
	s.suppressed.latest = -1
	s.bind()
	return s
}

// apply folds one event in; false for the kinds at which the definition is not evaluated.
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
	case KindReinstated, KindMerged: // what the lead is, stays; what keeps it out, or what is known of it, may not
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
	s.put(field, typed)
	s.fitsKnown = false
}

func (s *state) occur(e Event) {
	s.activity = e.Properties
	for _, i := range s.program.byActivity[e.Activity] {
		if when := s.program.signals[i]; when == nil || when.holds(s) {
			s.signals.signals[i].times = append(s.signals.signals[i].times, e.Time)
		}
	}
}

// holding is the index of the first path that holds; -1 when none does.
func (s *state) holding(score int) int {
	for i, p := range s.program.paths {
		reached := p.threshold == nil || score >= *p.threshold
		if p.account != nil {
			reached = p.account.holds(s.contacts(score))
		}
		if reached && s.admits(p) && s.all(p.criteria) {
			return i
		}
	}
	return -1
}

// taking is holding for a lead that nothing keeps out; -1 for one that is.
func (s *state) taking(score int) int {
	held := s.holding(score)
	if held >= 0 && !s.open && s.barred() {
		return -1
	}
	return held
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
		if f.Required && s.blank(i) {
			names = append(names, f.Name)
		}
	}
	return names
}

func (s *state) blank(field int) bool {
	value := &s.slots[field]
	switch s.program.definition.Fields[field].Type {
	case String:
		return strings.TrimSpace(value.text) == ""
	case StringList:
		return value.id == idAbsent || len(s.lists[field]) == 0
	default:
		return value.id == idAbsent
	}
}

// Blank says whether a value that was coerced is none: a blank text and an empty list are, zero and false are not.
func Blank(value any) bool {
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
	record := make(map[string]any, len(s.slots))
	for i, f := range s.program.definition.Fields {
		switch value := s.value(i).(type) {
		case nil:
		case []string:
			record[f.Name] = append([]string{}, value...) // the state's own memory is used again
		default:
			record[f.Name] = value
		}
	}
	return record
}
