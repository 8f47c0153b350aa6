// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
	"time"
)

// Stage of a lead on its way from the first click to the closed deal.
type Stage string

// The stages. Disqualified is one, too, named as the outcome that makes it: see Outcome.
const (
	StageInquiry      Stage = "Inquiry"      // no path has held, or none holds any more
	StageHeld         Stage = "Held"         // a path holds, but a required field is missing
	StageMQL          Stage = "MQL"          // handed off
	StageSAL          Stage = "SAL"          // and accepted by sales
	StageSQL          Stage = "SQL"          // and qualified by sales
	StageOpportunity  Stage = "Opportunity"  // a deal is open
	StageWon          Stage = "Won"          // a deal was won
	StageLost         Stage = "Lost"         // all its deals were lost
	StageRecycled     Stage = "Recycled"     // sales gave it back, for later
	StageDisqualified Stage = "Disqualified" // sales gave it back, for good
	StageSuppressed   Stage = "Suppressed"   // it, or its account, is not to be contacted
	StageMerged       Stage = "Merged"       // it was taken into another lead
	StageDuplicate    Stage = "Duplicate"    // it is the person of a lead that was captured before it
	StageExcluded     Stage = "Excluded"     // an exclusion holds, such as that it is a customer
)

// Stages are all of them.
func Stages() []Stage {
	return []Stage{
		StageInquiry, StageHeld, StageMQL, StageSAL, StageSQL, StageOpportunity, StageWon, StageLost,
		StageRecycled, StageDisqualified, StageSuppressed, StageMerged, StageDuplicate, StageExcluded,
	}
}

// Milestones are what is known of a lead beside its history.
type Milestones struct {
	HandedOff time.Time // the latest; zero: never
	Held      time.Time // since when a path is waiting for a required field; zero: none is
	SQL       time.Time // when sales qualified it, since the latest hand-off; zero: it did not

	Suppressed *Suppression // at the end of the history; nil: it is not
	Excluded   bool
	Duplicate  bool
	Merged     bool
}

// StageOf tells where a lead is at the end of its history, which is in (Time, Sequence) order: by the times of what happened, never by the
// order in which it became known. codes are the dispositions of the definition that judges it.
func StageOf(codes []Disposition, history []Event, m Milestones) Stage {
	if m.Merged {
		return StageMerged
	}
	w := walk{codes: codes, milestones: m.inOrder(), stage: StageInquiry, deals: map[string]DealState{}}
	cleaned := WithoutOverturned(codes, history)
	for i, e := range cleaned {
		w.pass(func(at time.Time) bool { return !at.After(e.Time) })
		w.take(e, cleaned[i+1:])
	}
	w.pass(func(time.Time) bool { return true })
	// What sales disqualified by a code that suppresses it, is disqualified.
	out := m.HandedOff.IsZero() && len(w.deals) == 0
	switch {
	case m.Duplicate && out:
		return StageDuplicate
	case m.Suppressed != nil && !m.Suppressed.Since.Before(w.since) && (w.stage != StageDisqualified || !m.Suppressed.Since.Equal(w.since)):
		return StageSuppressed
	case m.Excluded && (w.stage == StageInquiry || w.stage == StageHeld):
		return StageExcluded
	default:
		return w.stage
	}
}

// milestone is when a stage was reached that no event of the history tells of alone.
type milestone struct {
	at    time.Time
	stage Stage
}

func (m Milestones) inOrder() []milestone {
	all := slices.DeleteFunc([]milestone{{m.HandedOff, StageMQL}, {m.SQL, StageSQL}, {m.Held, StageHeld}},
		func(one milestone) bool { return one.at.IsZero() })
	slices.SortStableFunc(all, func(a, b milestone) int { return a.at.Compare(b.at) })
	return all
}

// walk goes through what happened to a lead, in order of time.
type walk struct {
	codes      []Disposition
	milestones []milestone // that are still to come
	deals      map[string]DealState
	handedOff  bool

	stage Stage
	since time.Time
}

// pass the milestones that are reached. An event of the instant of a hand-off is about it.
func (w *walk) pass(reached func(time.Time) bool) {
	for len(w.milestones) > 0 && reached(w.milestones[0].at) {
		one := w.milestones[0]
		w.milestones = w.milestones[1:]
		w.handedOff = w.handedOff || one.stage == StageMQL
		w.enter(one.stage, one.at)
	}
}

// enter a stage that moves a lead on: sooner or later what was told of a stage before it changes nothing any more. A new hand-off begins
// anew, and so does what happens after sales gave the lead back.
func (w *walk) enter(stage Stage, at time.Time) {
	restart := stage == StageMQL || stage == StageHeld || w.stage == StageRecycled || w.stage == StageDisqualified
	if restart || progress(stage) > progress(w.stage) || dealt(stage) {
		w.stage, w.since = stage, at
	}
}

func dealt(stage Stage) bool {
	return stage == StageOpportunity || stage == StageWon || stage == StageLost
}

// progress of the stages that follow each other.
func progress(stage Stage) int {
	if dealt(stage) {
		stage = StageOpportunity
	}
	return slices.Index([]Stage{StageInquiry, StageHeld, StageMQL, StageSAL, StageSQL, StageOpportunity}, stage)
}

// take an event; after are those that follow it.
func (w *walk) take(e Event, after []Event) {
	switch {
	case e.Kind == KindAccepted && w.handedOff:
		w.enter(StageSAL, e.Time)
	case e.Kind == KindOpportunity && e.Opportunity != nil:
		w.deals[e.Opportunity.ID] = e.Opportunity.State
		w.enter(dealStage(w.deals), e.Time)
	case e.Kind == KindDisposition && e.Disposition != nil:
		outcome, code := e.Disposition.resolve(w.codes)
		switch {
		case outcome == Accepted && w.handedOff:
			w.enter(StageSAL, e.Time)
		case outcome == Recycled:
			w.stage, w.since = StageRecycled, e.Time
		case outcome == Disqualified && (code == nil || code.Suppress == "" || !lifted(code.Suppress, after)):
			w.stage, w.since = StageDisqualified, e.Time
		}
	}
}

// lifted says whether a later event takes back what keeps a scope out.
func lifted(scope Scope, after []Event) bool {
	return slices.ContainsFunc(after, func(e Event) bool { return e.Kind == KindReinstated && e.scope() == scope })
}

// dealStage of a lead by its deals, of which there is one at least.
func dealStage(deals map[string]DealState) Stage {
	stage := StageLost
	for _, state := range deals {
		switch state {
		case DealWon:
			return StageWon
		case DealOpen:
			stage = StageOpportunity
		default:
		}
	}
	return stage
}

// AcceptedAt is when sales first accepted a lead after a hand-off, by an event of its own or by a disposition; zero when it did not. The
// history is in (Time, Sequence) order.
func AcceptedAt(codes []Disposition, history []Event, handedOff time.Time) time.Time {
	for _, e := range history {
		if e.Time.Before(handedOff) {
			continue
		}
		if e.Kind == KindAccepted || e.accepts(codes) {
			return e.Time
		}
	}
	return time.Time{}
}

// accepts says whether an event is a disposition with the outcome Accepted.
func (e Event) accepts(codes []Disposition) bool {
	if e.Kind != KindDisposition || e.Disposition == nil {
		return false
	}
	outcome, _ := e.Disposition.resolve(codes)
	return outcome == Accepted
}
