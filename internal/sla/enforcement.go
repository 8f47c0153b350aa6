// SPDX-License-Identifier: Apache-2.0

package sla

// Observes says whether the terms only tell what was not kept: nothing is refused or held up.
func (t Terms) Observes() bool { return t.Enforcement == Observe }

// Coded says whether a disposition has a reason code that counts: one that demands attempts or the whole follow-up is none before that, unless the
// terms only observe.
func (c *Compiled) Coded(f Facts, d Disposal) bool {
	return d.Coded && (c.terms.Observes() || c.Earned(f, d))
}

// Earned says whether the code of a disposition was given after what it demands.
func (c *Compiled) Earned(f Facts, d Disposal) bool {
	clause := c.sales().FollowUp
	switch {
	case !d.Coded, d.Attempts < d.MinAttempts:
		return false
	case !d.FullCadence || clause == nil:
		return true
	}
	done := f.followedUp(*clause)
	return !done.IsZero() && !done.After(d.At)
}

// rejection is judged by the first attempt to give the lead back: one without a code that was refused is missed, whatever follows.
func (c *Compiled) rejection(f Facts, first Disposal) (o Obligation, tried bool) {
	rejected := !first.At.IsZero()
	switch refused := f.RefusedAt; {
	case !refused.IsZero() && (!rejected || !first.At.Before(refused)):
		return c.moment(ClauseRejection, refused, false), true
	case rejected:
		return c.moment(ClauseRejection, first.At, c.Coded(f, first)), true
	default:
		return Obligation{}, false
	}
}
