// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"cmp"
	"slices"
	"time"
)

// Raise is a moment after the hand-off at which a lead showed a higher intent than before.
type Raise struct {
	At     time.Time
	Intent string
}

// Raises are the moments from a hand-off on, and before until where that is not zero, at which the intents find a higher one than that of the
// hand-off and of every moment before. The intents are in order: the first is the highest. A history in any order gives the same; it has
// to be the whole one, since what was before the hand-off counts for what is found after it.
func (p *Program) Raises(history []Event, since time.Time, intent string, until time.Time) []Raise {
	highest := p.rank(intent)
	if highest == 0 || len(p.intents) < 2 {
		return nil
	}
	var raises []Raise
	s := newState(p)
	for _, e := range inOrder(history) {
		if !until.IsZero() && !e.Time.Before(until) {
			break
		}
		if !s.apply(e) || e.Time.Before(since) {
			continue
		}
		found := s.intent()
		if rank := p.rank(found); rank < highest {
			highest, raises = rank, append(raises, Raise{At: e.Time, Intent: found})
		}
	}
	return raises
}

// rank of an intent, 0 for the highest; one that the definition does not have is below all.
func (p *Program) rank(name string) int {
	i := slices.IndexFunc(p.intents, func(in intent) bool { return in.name == name })
	if i < 0 {
		return len(p.intents)
	}
	return i
}

// inOrder is the history by time, and by arrival where times are equal. One that is so already is not copied.
func inOrder(history []Event) []Event {
	order := func(a, b Event) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Sequence, b.Sequence)) }
	if slices.IsSortedFunc(history, order) {
		return history
	}
	sorted := slices.Clone(history)
	slices.SortStableFunc(sorted, order)
	return sorted
}
