// SPDX-License-Identifier: Apache-2.0

package lead

import "time"

// RepState is what is known of a rep when a pool picks.
type RepState struct {
	Turns int64 // taken in that pool so far; for a newcomer what NewTurns says
	Open  int   // open leads that the rep owns, over all pools
}

// Pick chooses the member of the pool that gets the next lead; false when nobody is available. Members who are away or at
// their capacity are skipped. It decides from its arguments alone: the same state gives the same rep. A member without a
// state is a newcomer with no open leads.
//
// RoundRobin takes the member with the fewest turns, Weighted with the fewest turns for its weight, LeastLoaded with the
// fewest open leads; ties go to the fewest turns, then to who stands first in the pool.
func Pick(pool Pool, state map[string]RepState, at time.Time) (rep string, ok bool) {
	var best candidate
	for _, m := range pool.Members {
		c := candidate{member: m, state: stateOf(pool, state, m.Rep)}
		if c.available(at) && (!ok || c.before(best, pool.Strategy)) {
			best, ok = c, true
		}
	}
	return best.member.Rep, ok
}

type candidate struct {
	member Member
	state  RepState
}

func stateOf(pool Pool, state map[string]RepState, rep string) RepState {
	if known, ok := state[rep]; ok {
		return known
	}
	return RepState{Turns: NewTurns(pool, state, rep)}
}

func (c candidate) available(at time.Time) bool { return c.member.Free(c.state.Open, at) }

// Free says whether a member who owns some open leads can take another one at a time: he is not away, and below his capacity.
func (m Member) Free(open int, at time.Time) bool {
	if m.Capacity > 0 && open >= m.Capacity {
		return false
	}
	for _, a := range m.Away {
		if !at.Before(a.From) && at.Before(a.To) {
			return false
		}
	}
	return true
}

func (c candidate) weight() int64 { return int64(max(c.member.Weight, 1)) }

func (c candidate) before(other candidate, strategy Strategy) bool {
	switch strategy {
	case Weighted:
		// turns/weight against turns/weight, without fractions
		if own, others := c.state.Turns*other.weight(), other.state.Turns*c.weight(); own != others {
			return own < others
		}
	case LeastLoaded:
		if c.state.Open != other.state.Open {
			return c.state.Open < other.state.Open
		}
	default: // RoundRobin
	}
	return c.state.Turns < other.state.Turns
}

// NewTurns is the number of turns that a newcomer starts with: the lowest level among the pool's other members with a
// state, so that nobody catches up history. It is 0 when nobody has one.
func NewTurns(pool Pool, state map[string]RepState, rep string) int64 {
	return level(pool, rep, func(m Member) (RepState, bool) {
		known, ok := state[m.Rep]
		return known, ok && m.Rep != rep
	})
}

// PassedOver are the turns that members who are away or at their capacity shall have at least: the lowest level among
// those who are available. Kept with each pick, it lets nobody who comes back catch up what the others took meanwhile.
// Only members whose turns change are in it; it is empty when nobody is available.
func PassedOver(pool Pool, state map[string]RepState, at time.Time) map[string]int64 {
	raised := map[string]int64{}
	for _, m := range pool.Members {
		own := candidate{member: m, state: stateOf(pool, state, m.Rep)}
		if own.available(at) {
			continue
		}
		turns := level(pool, m.Rep, func(other Member) (RepState, bool) {
			c := candidate{member: other, state: stateOf(pool, state, other.Rep)}
			return c.state, c.available(at)
		})
		if turns > own.state.Turns {
			raised[m.Rep] = turns
		}
	}
	return raised
}

// level is the lowest number of turns among the members that count, in a Weighted pool by weight and for the rep's weight,
// rounded down.
func level(pool Pool, rep string, counts func(Member) (RepState, bool)) int64 {
	lowest, found, own := candidate{}, false, int64(1)
	for _, m := range pool.Members {
		c := candidate{member: m}
		if m.Rep == rep {
			own = c.weight()
		}
		var ok bool
		if c.state, ok = counts(m); ok && (!found || c.before(lowest, turnsOnly(pool.Strategy))) {
			lowest, found = c, true
		}
	}
	if pool.Strategy == Weighted {
		return lowest.state.Turns * own / lowest.weight()
	}
	return lowest.state.Turns
}

// turnsOnly is the strategy's order of turns, which LeastLoaded shares with RoundRobin.
func turnsOnly(s Strategy) Strategy {
	if s == Weighted {
		return Weighted
	}
	return RoundRobin
}
