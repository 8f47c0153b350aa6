// SPDX-License-Identifier: Apache-2.0

package stats

import "math/rand/v2"

// Reservoir is a uniform sample of a stream of unknown length, in memory that does not grow with it (Vitter 1985, algorithm R). A stream
// no longer than the sample is kept whole and in order.
type Reservoir[T any] struct {
	Kept   []T
	Seen   int
	size   int
	random *rand.Rand
}

// NewReservoir of at most size members.
func NewReservoir[T any](size int) *Reservoir[T] {
	return &Reservoir[T]{size: size, random: newRandom()}
}

// Add offers the next of the stream; take is called only when it is kept.
func (r *Reservoir[T]) Add(take func() T) {
	r.Seen++
	if len(r.Kept) < r.size {
		r.Kept = append(r.Kept, take())
		return
	}
	if at := r.random.IntN(r.Seen); at < r.size {
		r.Kept[at] = take()
	}
}
