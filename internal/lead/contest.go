// SPDX-License-Identifier: Apache-2.0

package lead

import "slices"

// resolve what a disposition says: its outcome, by its reason's code where sales left it out, and the code where there is one. An empty
// outcome says nothing.
func (d *Disposed) resolve(codes []Disposition) (Outcome, *Disposition) {
	i := slices.IndexFunc(codes, func(code Disposition) bool {
		return code.Name == d.Reason && (d.Outcome == "" || d.Outcome == code.Outcome)
	})
	if i < 0 {
		return d.Outcome, nil
	}
	return codes[i].Outcome, &codes[i]
}

// rejects says whether an outcome gives a lead back to marketing.
func (o Outcome) rejects() bool { return o == Recycled || o == Disqualified }

// Overturned pairs a rejection with the ruling that voided it, by their positions in a history.
type Overturned struct{ Rejection, Ruling int }

// OverturnedIn finds the rejections in a history, which is in (Time, Sequence) order, that were overturned: a contest is about the
// latest rejection before it. Who may rule is checked where the event is taken. codes resolve the outcomes that sales left out.
func OverturnedIn(codes []Disposition, history []Event) []Overturned {
	var found []Overturned
	latest := -1
	for i, e := range history {
		switch {
		case e.rejects(codes):
			latest = i
		case e.overturns() && latest >= 0 && !slices.ContainsFunc(found, func(o Overturned) bool { return o.Rejection == latest }):
			found = append(found, Overturned{Rejection: latest, Ruling: i})
		}
	}
	return found
}

func (e Event) overturns() bool {
	return e.Kind == KindContested && e.Contest != nil && e.Contest.Ruling == ContestOverturned
}

// WithoutOverturned is a history, which is in (Time, Sequence) order, without the rejections that were overturned, and refused attempts at them:
// they are void, for every clause and for the stage. The rulings are left out, too, so that doing it twice is doing it once. The history itself is not changed, and given
// back where nothing was overturned.
func WithoutOverturned(codes []Disposition, history []Event) []Event {
	if !slices.ContainsFunc(history, Event.overturns) {
		return history
	}
	void := VoidIn(codes, history)
	kept := make([]Event, 0, len(history))
	for i, e := range history {
		if !e.overturns() && !void[i] {
			kept = append(kept, e)
		}
	}
	return kept
}
