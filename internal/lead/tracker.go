// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"time"
)

// Tracker folds the events of one lead after the other, one event at a time. It serves one goroutine. A lead that is only a
// row of values costs no allocation: Reset, Begin, SetText for each, Standing.
type Tracker struct {
	state   *state
	known   bool     // whether anything was folded
	missing []string // of the Standing before

	next      *returning // since the latest hand-off; nil while there is none
	disposals []Event    // and rulings on them
}

// Standing is what a definition makes of a lead at a time.
type Standing struct {
	Score   Score    // without factors
	Path    string   // the first that holds; "" when none does
	Missing []string // required fields without a value, whether or not a path holds; nil when there is none; not to be changed
	Held    bool     // a path holds, and the lead waits for what is missing
	Intent  string   // when a path holds
}

// Open has Standing tell of paths as if nothing kept the lead out.
func (t *Tracker) Open() { t.state.open = true }

// NewTracker for leads of the definition.
func (p *Program) NewTracker() *Tracker { return &Tracker{state: newState(p)} }

// Reset forgets the lead: what follows is of another one.
func (t *Tracker) Reset() {
	t.state.reset()
	t.state.fitsKnown, t.known = false, false
	t.state.peers, t.state.returning, t.next, t.disposals = nil, nil, nil, t.disposals[:0]
	t.state.suppressed.reset()
}

// Apply folds an event in; they come in (Time, Sequence) order. It is false for the kinds at which the definition is not evaluated.
func (t *Tracker) Apply(e Event) bool {
	if e.Kind == KindDisposition || e.Kind == KindContested {
		t.disposals = append(t.disposals, e)
	}
	t.next.dispose(e, t.state.program.definition.Dispositions)
	t.state.tell(e)
	applied := t.state.apply(e)
	t.known = t.known || applied
	return applied
}

// Begin says at which time the lead has the values that SetText sets next.
func (t *Tracker) Begin(at time.Time) { t.state.now, t.known = at, true }

// SetText sets a field, by its index in the definition, to the text of a CSV cell, as Coerce reads it. After an error, which is
// Coerce's, the lead has no such value.
func (t *Tracker) SetText(field int, text string) error {
	t.state.fitsKnown = false
	return t.state.setText(field, t.state.program.definition.Fields[field], text)
}

// Standing evaluates the definition at the time of the last event. No account path holds unless Among told of the other contacts. It is zero before anything was folded.
func (t *Tracker) Standing() Standing {
	if !t.known {
		return Standing{}
	}
	s := t.state
	standing := Standing{Score: s.score()}
	if held := s.taking(standing.Score.Clamped); held >= 0 {
		standing.Path, standing.Intent = s.program.paths[held].name, s.intent()
	}
	if !s.lacks(t.missing) {
		t.missing = s.missing()
	}
	standing.Missing = t.missing
	standing.Held = standing.Path != "" && len(t.missing) > 0 && !s.program.observes
	return standing
}

// lacks says whether the required fields without a value are just these. Leads of one source mostly lack the same.
func (s *state) lacks(names []string) bool {
	for i, f := range s.program.definition.Fields {
		switch {
		case !f.Required || !s.blank(i):
		case len(names) == 0 || names[0] != f.Name:
			return false
		default:
			names = names[1:]
		}
	}
	return len(names) == 0
}
