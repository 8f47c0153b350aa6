// SPDX-License-Identifier: Apache-2.0

package lead

import "time"

// RepState is what is known of a rep when a pool picks.
type RepState struct {
	Turns int64 // taken in that pool so far
	Open  int   // open leads that the rep owns, over all pools
}

// Pick chooses the member of the pool that gets the next lead; false when nobody is available. Members who are away or at
// their capacity are skipped. It decides from its arguments alone: the same state gives the same rep.
func Pick(pool Pool, state map[string]RepState, at time.Time) (rep string, ok bool) {
	panic("pending")
}

// NewTurns is the number of turns that a newcomer starts with: the pool's lowest level, so that nobody catches up history.
func NewTurns(pool Pool, state map[string]RepState, rep string) int64 {
	panic("pending")
}
