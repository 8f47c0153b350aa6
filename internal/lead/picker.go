// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"time"
)

// Picker picks from a pool again and again, in time that hardly depends on how many members it has. It gives what Pick, NewTurns and
// PassedOver give from the same state, and keeps that state. It is not for several goroutines at once.
type Picker struct {
	strategy Strategy
	index    map[string]int
	members  []standing
	turn     tournament // by what the strategy asks for
	level    tournament // by turns; LeastLoaded only, since the others' turn says so too

	// Who cannot take a lead keeps his place: he shall have passed.turns for passed.weight at least. It is applied to him when he comes back.
	passed struct{ turns, weight int64 }
	counts Headcount

	absences    []boundary // by time
	begun       int        // how many of them are past
	since, till time.Time  // between which no absence begins or ends; zero: unbounded
}

// standing of a member.
type standing struct {
	rep      string
	turns    int64
	weight   int64 // 1 unless the strategy is Weighted
	open     int
	capacity int
	absent   int32 // absences that he is in
	state    availability
	known    int64 // turns by the state that the picker was made of; -1: none
}

type availability uint8

const (
	free availability = iota
	full
	away
)

// boundary of an absence.
type boundary struct {
	at     time.Time
	member int
	by     int32 // 1 where it begins, -1 where it ends
}

// NewPicker begins with what is known of the members. Who has no state is a newcomer without open leads: he begins at the level of those who have one.
func NewPicker(pool Pool, state map[string]RepState) *Picker {
	return newPicker(pool, func(rep string) (RepState, bool) {
		known, ok := state[rep]
		return known, ok
	}, nil)
}

// NewPickerOf is NewPicker that knows the open leads of newcomers, too: open is by rep, turns of those who have taken some.
func NewPickerOf(pool Pool, turns map[string]int64, open map[string]int) *Picker {
	return newPicker(pool, func(rep string) (RepState, bool) {
		taken, ok := turns[rep]
		return RepState{Turns: taken, Open: open[rep]}, ok
	}, open)
}

func newPicker(pool Pool, known func(rep string) (RepState, bool), open map[string]int) *Picker {
	p := &Picker{strategy: pool.Strategy, index: make(map[string]int, len(pool.Members)), members: make([]standing, len(pool.Members))}
	var newcomers []int
	lowest := -1 // of those with a state
	for i, m := range pool.Members {
		state, ok := known(m.Rep)
		s := standing{rep: m.Rep, turns: state.Turns, weight: 1, open: state.Open, capacity: m.Capacity, known: state.Turns}
		if p.strategy == Weighted {
			s.weight = int64(max(m.Weight, 1))
		}
		p.index[m.Rep], p.members[i] = i, s
		if !ok {
			p.members[i].known, p.members[i].open = -1, open[m.Rep]
			newcomers = append(newcomers, i)
		} else if lowest < 0 || ratioBelow(s.turns, s.weight, p.members[lowest].turns, p.members[lowest].weight) {
			lowest = i
		}
		for _, a := range m.Away {
			p.absences = append(p.absences, boundary{a.From, i, 1}, boundary{a.To, i, -1})
		}
	}
	for _, i := range newcomers {
		if lowest >= 0 {
			p.members[i].turns = p.members[lowest].turns * p.members[i].weight / p.members[lowest].weight
		}
	}
	slices.SortStableFunc(p.absences, func(a, b boundary) int { return a.at.Compare(b.at) })
	p.seat()
	return p
}

// seat ranks everybody, as if nobody were away.
func (p *Picker) seat() {
	ranks, levels := make([]rank, len(p.members)), make([]rank, len(p.members))
	p.counts = Headcount{}
	for i := range p.members {
		s := &p.members[i]
		s.state = s.now()
		*p.count(s.state)++
		ranks[i], levels[i] = p.rank(s), s.level()
	}
	p.turn = newTournament(ranks)
	if p.strategy == LeastLoaded {
		p.level = newTournament(levels)
	}
	p.since, p.till = time.Time{}, time.Time{}
	if len(p.absences) > 0 {
		p.till = p.absences[0].at
	}
}

// Take gives the next lead to whose turn it is; false when nobody is available. He has a turn and an open lead more then.
func (p *Picker) Take(at time.Time) (rep string, ok bool) {
	p.advance(at)
	i, ok := p.turn.first()
	if !ok {
		return "", false
	}
	p.pass(i)
	p.took(i)
	return p.members[i].rep, true
}

// TakeOther is Take that leaves out one member, who keeps his place.
func (p *Picker) TakeOther(at time.Time, but string) (rep string, ok bool) {
	p.advance(at)
	i, ok := p.turn.first()
	if !ok {
		return "", false
	}
	lowest := i
	if p.members[i].rep == but {
		if i, ok = p.turn.second(i); !ok {
			return "", false
		}
	}
	p.pass(lowest)
	p.took(i)
	return p.members[i].rep, true
}

// Open notes that a rep owns more open leads, or fewer, whichever pool he got them from. It does nothing for one who is no member.
func (p *Picker) Open(rep string, by int) {
	if i, member := p.index[rep]; member {
		p.members[i].open += by
		p.refresh(i)
	}
}

// Available says whether a rep is a member who can take a lead.
func (p *Picker) Available(rep string, at time.Time) bool {
	p.advance(at)
	i, member := p.index[rep]
	return member && p.members[i].state == free
}

// Headcount of the pool.
func (p *Picker) Headcount(at time.Time) Headcount {
	p.advance(at)
	return p.counts
}

// Consider says how the pool stands before a Take, or before a TakeOther where but is a member.
func (p *Picker) Consider(at time.Time, but string) Considered {
	p.advance(at)
	c := Considered{Headcount: p.counts}
	i, ok := p.turn.first()
	next, more := 0, false
	if ok {
		next, more = p.turn.second(i)
	}
	if excluded, member := p.index[but]; member && p.members[excluded].state == free {
		c.Available--
		switch excluded {
		case i:
			i, ok = next, more
			next, more = p.third(excluded, i)
		case next:
			next, more = p.third(excluded, i)
		}
	}
	if ok {
		c.Turns, c.Open = p.members[i].turns, p.members[i].open
	}
	if ok && more {
		c.Next, c.NextTurns, c.NextOpen = p.members[next].rep, p.members[next].turns, p.members[next].open
	}
	return c
}

// third is the first but two.
func (p *Picker) third(one, other int) (int, bool) {
	kept := p.turn.ranks[one]
	p.turn.set(one, out)
	next, ok := p.turn.second(other)
	p.turn.set(one, kept)
	return next, ok
}

// State of a member, as Pick and PassedOver would have it by now; false for one who is none.
func (p *Picker) State(rep string) (RepState, bool) {
	i, member := p.index[rep]
	if !member {
		return RepState{}, false
	}
	s := &p.members[i]
	return RepState{Turns: p.kept(s), Open: s.open}, true
}

// Changed calls f for the members whose turns are not those that the picker was made of.
func (p *Picker) Changed(f func(rep string, turns int64)) {
	for i := range p.members {
		s := &p.members[i]
		if turns := p.kept(s); turns != s.known {
			f(s.rep, turns)
		}
	}
}

// kept are the turns of a member with those that he was passed over for while he could not take a lead.
func (p *Picker) kept(s *standing) int64 {
	if s.state == free || p.passed.weight == 0 {
		return s.turns
	}
	return max(s.turns, p.passed.turns*s.weight/p.passed.weight)
}

// pass notes the level at which a lead is given away: nobody who is passed over stays below. lowest is the member with the first turn.
func (p *Picker) pass(lowest int) {
	if p.strategy == LeastLoaded {
		lowest, _ = p.level.first()
	}
	s := &p.members[lowest]
	if p.passed.weight == 0 || ratioBelow(p.passed.turns, p.passed.weight, s.turns, s.weight) {
		p.passed.turns, p.passed.weight = s.turns, s.weight
	}
}

func (p *Picker) took(i int) {
	s := &p.members[i]
	s.turns++
	s.open++
	p.refresh(i)
}

// refresh ranks a member whose standing has changed.
func (p *Picker) refresh(i int) {
	s := &p.members[i]
	if now := s.now(); now != s.state {
		s.turns = p.kept(s)
		*p.count(s.state)--
		*p.count(now)++
		s.state = now
	}
	p.turn.set(i, p.rank(s))
	if p.strategy == LeastLoaded {
		p.level.set(i, s.level())
	}
}

func (p *Picker) count(of availability) *int {
	switch of {
	case full:
		return &p.counts.Full
	case away:
		return &p.counts.Away
	default:
		return &p.counts.Available
	}
}

func (s *standing) now() availability {
	switch {
	case s.absent > 0:
		return away
	case s.capacity > 0 && s.open >= s.capacity:
		return full
	default:
		return free
	}
}

// rank by the strategy; equal ones go in the order of the pool.
func (p *Picker) rank(s *standing) rank {
	switch {
	case s.state != free:
		return out
	case p.strategy == Weighted:
		return s.share()
	case p.strategy == LeastLoaded:
		return rank{signed(int64(s.open)), signed(s.turns), 0}
	default:
		return rank{signed(s.turns), 0, 0}
	}
}

// level ranks by turns alone.
func (s *standing) level() rank {
	if s.state != free {
		return out
	}
	return rank{signed(s.turns), 0, 0}
}

// share ranks by turns for the weight, then by turns. The fraction is exact: two that differ do so by more than 2^-64, as weights are below 2^31.
func (s *standing) share() rank {
	turns, weight := uint64(s.turns), uint64(s.weight)
	fraction, _ := bits.Div64(turns%weight, 0, weight)
	return rank{turns / weight, fraction, turns}
}

// signed keeps the order of signed numbers.
func signed(n int64) uint64 { return uint64(n) ^ 1<<63 }

// ratioBelow says whether turns for a weight are fewer than others.
func ratioBelow(turns, weight, otherTurns, otherWeight int64) bool {
	return cmp.Less(turns*otherWeight, otherTurns*weight)
}

// advance has those leave and come back whose time it is. Time may go backwards.
func (p *Picker) advance(at time.Time) {
	if len(p.absences) > 0 && (at.Before(p.since) || !at.Before(p.till)) {
		p.move(at)
	}
}

func (p *Picker) move(at time.Time) {
	before, back := p.begun, at.Before(p.since)
	if back {
		before, p.begun = 0, 0
		for i := range p.members {
			p.members[i].absent = 0
		}
	}
	for p.begun < len(p.absences) && !p.absences[p.begun].at.After(at) {
		b := p.absences[p.begun]
		p.members[b.member].absent += b.by
		p.begun++
	}
	p.since, p.till = time.Time{}, forever
	if p.begun > 0 {
		p.since = p.absences[p.begun-1].at
	}
	if p.begun < len(p.absences) {
		p.till = p.absences[p.begun].at
	}
	changed := p.absences[before:p.begun]
	if back {
		changed = p.absences
	}
	for _, b := range changed {
		p.refresh(b.member)
	}
}

// forever is after every time.
var forever = time.Unix(math.MaxInt64>>2, 0)
