// SPDX-License-Identifier: Apache-2.0

package lead

import "time"

// exclusion is who is never handed off while it holds.
type exclusion struct {
	name string
	when *expression
}

// Bar is what keeps a lead from being handed off, whatever its score; the zero Bar keeps nobody out.
type Bar struct {
	Suppressed *Suppression
	Excluded   string // name of the first exclusion that holds
	Duplicate  bool   // of a lead that was captured before it
}

// Closed says whether anything keeps the lead out.
func (b Bar) Closed() bool { return b.Suppressed != nil || b.Excluded != "" || b.Duplicate }

// bar at the state's time.
func (s *state) bar() Bar {
	return Bar{Suppressed: s.suppressed.at(s.now), Excluded: s.excluded(), Duplicate: s.duplicate()}
}

func (s *state) barred() bool {
	return s.suppressed.at(s.now) != nil || s.duplicate() || s.excluded() != ""
}

func (s *state) duplicate() bool {
	return !s.duplicateSince.IsZero() && !s.now.Before(s.duplicateSince)
}

func (s *state) excluded() string {
	for _, x := range s.program.exclusions {
		if x.when.holds(s) {
			return x.name
		}
	}
	return ""
}

// tell the state what an event says of its standing with sales, and of who is kept out.
func (s *state) tell(e Event) {
	codes := s.program.definition.Dispositions
	s.returning.dispose(e, codes)
	s.suppressed.take(e, codes)
}

// BarredThroughout says whether a lead was kept out at an instant, after each of its events of that instant: a hand-off then is void,
// whenever what kept it out became known. Without an event of that instant it is false. The history is in (Time, Sequence) order.
func (p *Program) BarredThroughout(history []Event, at time.Time, c Circumstances) bool {
	s := newState(p)
	s.suppressed.peers, s.duplicateSince = c.Marks, c.DuplicateSince
	there := false
	for _, e := range history {
		if e.Time.After(at) {
			break
		}
		s.tell(e)
		if !s.apply(e) || !e.Time.Equal(at) {
			continue
		}
		if there = true; !s.barred() {
			return false
		}
	}
	return there
}
