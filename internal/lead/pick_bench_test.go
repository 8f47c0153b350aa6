// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkPick gives leads away one after the other: each is a real pick, and the turn and the open lead that it means. 1000 is a
// Picker over a thousand members, linear-1000 the plainest scan over as many that keeps the same rule, and oracle-1000 the reference
// that Picker is tested against. A lead is closed for each that is given away, so that everybody stays below the capacity.
func BenchmarkPick(b *testing.B) {
	const reps = 1000
	for _, bench := range []struct {
		name     string
		strategy Strategy
	}{{"1000", RoundRobin}, {"weighted-1000", Weighted}, {"least-loaded-1000", LeastLoaded}} {
		b.Run(bench.name, func(b *testing.B) {
			p := NewPicker(benchPool(bench.strategy, reps), nil)
			at := day0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				at = at.Add(time.Millisecond)
				if _, ok := p.Take(at); !ok {
					b.Fatalf("nobody for lead %d", i)
				}
			}
		})
	}
	b.Run("linear-1000", func(b *testing.B) {
		members := make([]standing, reps)
		for i, m := range benchPool(RoundRobin, reps).Members {
			members[i] = standing{rep: m.Rep, capacity: m.Capacity}
		}
		b.ReportAllocs()
		for b.Loop() {
			best := -1
			for i := range members {
				m := &members[i]
				if m.absent == 0 && (m.capacity == 0 || m.open < m.capacity) && (best < 0 || m.turns < members[best].turns) {
					best = i
				}
			}
			members[best].turns++
			members[best].open++
		}
	})
	b.Run("oracle-1000", func(b *testing.B) {
		pool, state := benchPool(RoundRobin, reps), map[string]RepState{}
		for _, m := range pool.Members {
			state[m.Rep] = RepState{}
		}
		for b.Loop() {
			rep, _ := Pick(pool, state, day0)
			state[rep] = RepState{Turns: state[rep].Turns + 1, Open: state[rep].Open + 1}
		}
	})
}

func benchPool(strategy Strategy, reps int) Pool {
	pool := Pool{Name: "everyone", Strategy: strategy}
	for i := range reps {
		m := Member{Rep: fmt.Sprintf("rep-%d@acme.example", i), Capacity: 1 << 40}
		if strategy == Weighted {
			m.Weight = 1 + i%5
		}
		if i%10 == 0 {
			m.Away = []Away{{From: day0.Add(time.Duration(i) * time.Second), To: day0.Add(time.Duration(i+100) * time.Second)}}
		}
		pool.Members = append(pool.Members, m)
	}
	return pool
}
