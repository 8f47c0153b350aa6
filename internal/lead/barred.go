// SPDX-License-Identifier: Apache-2.0

package lead

import "time"

// BarredSince is the first instant from a hand-off on at which marks, which are in order of time, keep a lead from being contacted: the hand-off
// itself where one from before it is in force. What is lifted after the hand-off was in force all the same. Zero: at none.
func BarredSince(marks []Mark, handOff time.Time) time.Time {
	var since time.Time
	for _, m := range marks {
		switch {
		case !m.At.Before(handOff) && !m.Lifted:
			if since.IsZero() {
				return m.At
			}
			return handOff
		case m.At.Before(handOff) && m.Lifted:
			since = time.Time{}
		case m.At.Before(handOff):
			since = m.At
		}
	}
	if since.IsZero() {
		return time.Time{}
	}
	return handOff
}
