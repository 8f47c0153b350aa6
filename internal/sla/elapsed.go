// SPDX-License-Identifier: Apache-2.0

package sla

import "time"

// Took is how long the clock of an obligation ran until it was stopped, in the time that its clause counts: business time for the first contact, every
// hour for the others. False for what has no clock, still runs, was excused, or was given up before its time instead of done.
func (c *Compiled) Took(o Obligation) (time.Duration, bool) {
	switch {
	case o.Due.IsZero(), o.Stop.IsZero(), o.State != Met && o.State != Missed, o.State == Missed && !o.Stop.After(o.Due):
		return 0, false
	case o.Clause == ClauseFirstContact:
		return c.hours.Elapsed(o.Start, o.Stop), true
	default:
		return max(0, o.Stop.Sub(o.Start)), true
	}
}
