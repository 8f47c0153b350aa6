// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
	"time"
)

// Journey is what a definition makes of a lead's history.
type Journey struct {
	Record     map[string]any // field name -> string, []string, int64, float64, bool or time.Time; absent values are not in it
	Score      Score          // at the end of the history; zero when no event was evaluated
	Reached    *Reached       // the first time a path held, complete or not; nil if never
	Qualified  *Qualified     // the first time a path held and nothing held the lead up; nil if not (yet)
	MissingNow []string       // required fields missing at the end of the history, if a path holds then
	Bar        Bar            // what keeps the lead out at the end of the history; zero when no event was evaluated
}

// Reached is the first time that a path held, whether or not required fields were missing.
type Reached struct {
	At      time.Time
	Path    string
	Missing []string // required fields that were missing, in the definition's order
}

// Qualified is the moment at which a lead became MQL.
type Qualified struct {
	At           time.Time
	Path         string
	Threshold    int // of the path; 0 when it has none
	Score        int // Clamped, at that time
	Intent       string
	MetThreshold bool     // whether the score met the path's threshold; true where the path has none
	Account      Contacts // of the account with this lead, where its path is about the account
}

// Circumstances are what a lead's own history does not tell.
type Circumstances struct {
	// Judge takes the events at which the definition is evaluated; none are with a nil Judge.
	Judge func(Event) bool
	// Peers are the other contacts of the lead's account, as they stand at the end of its history; nil when they are not known.
	Peers *Contacts
	// Again is the hand-off before the one in question; nil for a lead that was never handed off. What is found then is about the time
	// after it.
	Again *Again
	// Marks are those that other leads of the account made for all of them, in order of time.
	Marks []Mark
	// DuplicateSince is when it became known that the lead is that of another; zero: it is not.
	DuplicateSince time.Time
	// Open asks about paths alone: nothing keeps the lead out.
	Open bool
}

// Qualify folds the history, which is in (Time, Sequence) order, into the record and the occurrences of the signals, and
// evaluates the definition at the time of each captured, updated, activity, reinstated and merged event that judge takes: the others were judged
// by the revision in force then, and stamp nothing. With a nil judge there is only the record. No account path holds.
func (p *Program) Qualify(history []Event, judge func(Event) bool) Journey {
	return p.QualifyIn(history, Circumstances{Judge: judge})
}

// QualifyIn is Qualify in the circumstances given. Account paths are evaluated where the lead stands at the end of its history only,
// and only if that is news: how its peers stood before then is not known.
func (p *Program) QualifyIn(history []Event, c Circumstances) Journey {
	s := newState(p)
	s.returning, s.open = newReturning(c.Again), c.Open
	s.suppressed.peers, s.duplicateSince = c.Marks, c.DuplicateSince
	var j Journey
	last, evaluated := lastFolded(history), false
	for i, e := range history {
		s.tell(e)
		if !s.apply(e) {
			continue
		}
		mine := c.Judge != nil && c.Judge(e)
		if mine && i == last {
			s.peers = c.Peers
		}
		evaluated = evaluated || mine
		switch {
		case mine && j.Qualified == nil:
			s.stamp(&j, s.stand(&j))
		case evaluated && i == last: // where the lead stands at the end, whoever judged that event
			s.stand(&j)
		}
	}
	j.Record = s.values()
	if evaluated {
		j.Bar = s.bar()
	}
	return j
}

// lastFolded is the index of the last event at which the definition is evaluated; -1 when there is none.
func lastFolded(history []Event) int {
	for i, e := range slices.Backward(history) {
		if e.Kind.Evaluated() {
			return i
		}
	}
	return -1
}

// stand evaluates score and paths at the state's time; it returns the path that holds, -1 when none does or the lead is kept out.
func (s *state) stand(j *Journey) (held int) {
	j.Score, j.MissingNow = s.score(), nil
	if held = s.taking(j.Score.Clamped); held >= 0 {
		j.MissingNow = s.missing()
	}
	return held
}

// stamp notes what is so for the first time.
func (s *state) stamp(j *Journey, held int) {
	if held < 0 {
		return
	}
	p, missing := s.program.paths[held], j.MissingNow
	if j.Reached == nil {
		j.Reached = &Reached{At: s.now, Path: p.name, Missing: missing}
	}
	if j.Qualified == nil && (len(missing) == 0 || s.program.observes) {
		j.Qualified = &Qualified{
			At: s.now, Path: p.name, Threshold: valueOr(p.threshold, 0), Score: j.Score.Clamped, Intent: s.intent(),
			MetThreshold: p.threshold == nil || j.Score.Clamped >= *p.threshold,
		}
		if p.account != nil {
			j.Qualified.Account = s.contacts(j.Score.Clamped)
		}
	}
}
