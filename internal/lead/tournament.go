// SPDX-License-Identifier: Apache-2.0

package lead

import "math"

// rank of a member among the others: the lowest wins. Its words are compared one after the other.
type rank struct{ first, second, third uint64 }

// out is the rank of a member who is not to be picked.
var out = rank{math.MaxUint64, math.MaxUint64, math.MaxUint64}

func (r rank) below(other rank) bool {
	if r.first != other.first {
		return r.first < other.first
	}
	if r.second != other.second {
		return r.second < other.second
	}
	return r.third < other.third
}

// tournament knows the lowest of many ranks, of equal ones that which stands first. A change of one costs the height of the tree.
type tournament struct {
	ranks   []rank  // a power of two of them, the rest out
	winners []int32 // of the subtree of each node: 1 is the root, 2n and 2n+1 are the children of n; the leaves are not in it
}

func newTournament(ranks []rank) tournament {
	size := 2
	for size < len(ranks) {
		size *= 2
	}
	t := tournament{ranks: make([]rank, size), winners: make([]int32, size)}
	copy(t.ranks, ranks)
	for i := len(ranks); i < size; i++ {
		t.ranks[i] = out
	}
	for node := size - 1; node >= 1; node-- {
		left, right := t.winner(2*node), t.winner(2*node+1)
		if t.ranks[right].below(t.ranks[left]) {
			left = right
		}
		t.winners[node] = left
	}
	return t
}

// winner of the subtree of a node, which may be a leaf.
func (t *tournament) winner(node int) int32 {
	if size := len(t.winners); node >= size {
		return int32(node - size)
	}
	return t.winners[node]
}

// first is the index of the lowest rank; false when all are out.
func (t *tournament) first() (int, bool) {
	first := t.winners[1]
	return int(first), t.ranks[first] != out
}

// set changes one rank.
func (t *tournament) set(i int, r rank) {
	t.ranks[i] = r
	winners, ranks := t.winners, t.ranks
	// The lowest level compares two leaves.
	best := int32(i)
	if other := best ^ 1; better(ranks[other], r, other < best) {
		best, r = other, ranks[other]
	}
	node := (i + len(winners)) >> 1
	winners[node] = best
	for node > 1 {
		if other := winners[node^1]; better(ranks[other], r, other < best) {
			best, r = other, ranks[other]
		}
		node >>= 1
		winners[node] = best
	}
}

// better says whether a rank wins against another; where they are equal, the one that stands before does.
func better(r, other rank, before bool) bool {
	if r.first != other.first {
		return r.first < other.first
	}
	return r.below(other) || before && r == other
}

// second is the index of the lowest rank but one's own; false when all others are out.
func (t *tournament) second(i int) (int, bool) {
	best, found := 0, false
	for node := i + len(t.winners); node > 1; node >>= 1 {
		other := int(t.winner(node ^ 1))
		if !found || better(t.ranks[other], t.ranks[best], other < best) {
			best, found = other, true
		}
	}
	return best, t.ranks[best] != out
}
