// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var pickSteps = flag.Int("pick-steps", 2_000_000, "operations that a Picker and the reference are put to side by side")

// reference keeps a pool's state by the linear functions alone.
type reference struct {
	pool  Pool
	state map[string]RepState
}

func (r *reference) welcome() {
	levels := map[string]int64{}
	for _, m := range r.pool.Members {
		if _, known := r.state[m.Rep]; !known {
			levels[m.Rep] = NewTurns(r.pool, r.state, m.Rep)
		}
	}
	for rep, turns := range levels {
		r.state[rep] = RepState{Turns: turns}
	}
	for rep := range r.state {
		if !slices.ContainsFunc(r.pool.Members, func(m Member) bool { return m.Rep == rep }) {
			delete(r.state, rep)
		}
	}
}

func (r *reference) take(at time.Time, but string) (string, bool) {
	others := r.pool
	others.Members = slices.DeleteFunc(slices.Clone(r.pool.Members), func(m Member) bool { return m.Rep == but })
	rep, ok := Pick(others, r.state, at)
	if !ok {
		return "", false
	}
	for passed, turns := range PassedOver(r.pool, r.state, at) {
		r.state[passed] = RepState{Turns: turns, Open: r.state[passed].Open}
	}
	s := r.state[rep]
	r.state[rep] = RepState{Turns: s.Turns + 1, Open: s.Open + 1}
	return rep, true
}

// considered is what Consider gives, worked out by sorting nothing and scanning twice.
func (r *reference) considered(at time.Time, but string) Considered {
	var c Considered
	for _, m := range r.pool.Members {
		s := candidate{member: m, state: r.state[m.Rep]}
		here := s
		here.member.Capacity = 0
		switch {
		case !here.available(at):
			c.Away++
		case !s.available(at):
			c.Full++
		case m.Rep != but:
			c.Available++
		}
	}
	without := func(reps ...string) Pool {
		p := r.pool
		p.Members = slices.DeleteFunc(slices.Clone(p.Members), func(m Member) bool { return slices.Contains(reps, m.Rep) })
		return p
	}
	if rep, ok := Pick(without(but), r.state, at); ok {
		c.Turns, c.Open = r.state[rep].Turns, r.state[rep].Open
		if next, more := Pick(without(but, rep), r.state, at); more {
			c.Next, c.NextTurns, c.NextOpen = next, r.state[next].Turns, r.state[next].Open
		}
	}
	return c
}

// A Picker gives what the linear functions give, whatever happens to its pool: picks, leads closed, absences that begin and end, time that
// goes backwards, members who come and go, weights, capacities and strategies that change.
func TestPickerEqualsPick(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	steps := *pickSteps
	if testing.Short() {
		steps /= 20
	}
	seen := map[string]int{}
	for steps > 0 {
		n := min(steps, 1+random.IntN(4000))
		steps -= n
		r := &reference{pool: randomPool(random), state: map[string]RepState{}}
		for _, m := range r.pool.Members {
			if random.IntN(3) > 0 {
				r.state[m.Rep] = RepState{Turns: random.Int64N(40), Open: random.IntN(6)}
			}
		}
		p := NewPicker(r.pool, r.state)
		r.welcome()
		at := day0.Add(time.Duration(random.IntN(100)) * time.Hour)
		for step := range n {
			at = at.Add(time.Duration(random.IntN(40)) * time.Minute)
			what := compareStep(t, random, r, &p, at)
			seen[what]++
			if t.Failed() {
				t.Fatalf("step %d, %s at %s of %+v", step, what, at, r.pool)
			}
			if what == "back in time" {
				at = at.Add(-time.Duration(random.IntN(100)) * time.Hour)
			}
		}
	}
	t.Log(seen)
	for _, what := range []string{"taken", "held", "taken by another", "no other", "closed", "changed", "back in time", "considered"} {
		if seen[what] == 0 {
			t.Errorf("never %s: the test shows less than it says", what)
		}
	}
}

// compareStep does one thing to both and says what.
func compareStep(t *testing.T, random *rand.Rand, r *reference, p **Picker, at time.Time) string {
	t.Helper()
	anybody := "nobody"
	if len(r.pool.Members) > 0 {
		anybody = r.pool.Members[random.IntN(len(r.pool.Members))].Rep
	}
	switch dice := random.IntN(1000); {
	case dice < 550:
		want, some := r.take(at, "")
		if got, ok := (*p).Take(at); got != want || ok != some {
			t.Errorf("Take = %q, %t; want %q, %t", got, ok, want, some)
		}
		return map[bool]string{true: "taken", false: "held"}[some]
	case dice < 600:
		want, some := r.take(at, anybody)
		if got, ok := (*p).TakeOther(at, anybody); got != want || ok != some {
			t.Errorf("TakeOther than %q = %q, %t; want %q, %t", anybody, got, ok, want, some)
		}
		return map[bool]string{true: "taken by another", false: "no other"}[some]
	case dice < 950:
		s, known := r.state[anybody]
		if known && s.Open > 0 {
			s.Open--
			r.state[anybody] = s
			(*p).Open(anybody, -1)
		}
		(*p).Open("somebody else", -1)
		return "closed"
	case dice < 975:
		but := anybody
		if random.IntN(2) == 0 {
			but = ""
		}
		if diff := cmp.Diff(r.considered(at, but), (*p).Consider(at, but)); diff != "" {
			t.Errorf("considered without %q (-want +got):\n%s", but, diff)
		}
		want := available(r, anybody, at)
		if got := (*p).Available(anybody, at); got != want {
			t.Errorf("available %t, want %t", got, want)
		}
		return "considered"
	case dice < 995:
		return "back in time"
	default:
		state := map[string]RepState{}
		for _, m := range r.pool.Members {
			state[m.Rep], _ = (*p).State(m.Rep)
		}
		if diff := cmp.Diff(r.state, state); diff != "" {
			t.Errorf("state (-want +got):\n%s", diff)
		}
		r.pool = changed(random, r.pool)
		*p = NewPicker(r.pool, state)
		r.welcome()
		return "changed"
	}
}

func available(r *reference, rep string, at time.Time) bool {
	for _, m := range r.pool.Members {
		if m.Rep == rep {
			return candidate{member: m, state: r.state[rep]}.available(at)
		}
	}
	return false
}

func randomPool(random *rand.Rand) Pool {
	pool := Pool{Strategy: []Strategy{RoundRobin, Weighted, LeastLoaded, ""}[random.IntN(4)]}
	for i := range random.IntN(20) {
		pool.Members = append(pool.Members, randomMember(random, fmt.Sprintf("rep-%d", i)))
	}
	return pool
}

func randomMember(random *rand.Rand, rep string) Member {
	m := Member{Rep: rep, Weight: random.IntN(6)}
	if random.IntN(2) == 0 {
		m.Capacity = 1 + random.IntN(8)
	}
	for range random.IntN(4) {
		from := day0.Add(time.Duration(random.IntN(1000)) * time.Hour)
		m.Away = append(m.Away, Away{From: from, To: from.Add(time.Duration(1+random.IntN(200)) * time.Hour)})
	}
	return m
}

// changed is the pool after somebody has edited it.
func changed(random *rand.Rand, pool Pool) Pool {
	pool.Members = slices.Clone(pool.Members)
	switch random.IntN(5) {
	case 0:
		pool.Members = append(pool.Members, randomMember(random, fmt.Sprintf("new-%d", random.IntN(1_000_000))))
	case 1:
		if len(pool.Members) > 0 {
			i := random.IntN(len(pool.Members))
			pool.Members = slices.Delete(pool.Members, i, i+1)
		}
	case 2:
		random.Shuffle(len(pool.Members), func(i, j int) { pool.Members[i], pool.Members[j] = pool.Members[j], pool.Members[i] })
	case 3:
		pool.Strategy = randomPool(random).Strategy
	default:
		for i, m := range pool.Members {
			if random.IntN(2) == 0 {
				pool.Members[i] = randomMember(random, m.Rep)
			}
		}
	}
	return pool
}

func TestPickerNotesWhatChanged(t *testing.T) {
	away := []Away{{From: day0, To: day0.Add(day)}}
	p := NewPicker(Pool{Members: []Member{{Rep: "a"}, {Rep: "b"}, {Rep: "new"}, {Rep: "gone", Away: away}, {Rep: "ahead", Away: away}}}, map[string]RepState{
		"a": {Turns: 5}, "b": {Turns: 7}, "gone": {Turns: 5}, "ahead": {Turns: 9},
	})
	take := func(want string) {
		t.Helper()
		if got, ok := p.Take(day0); got != want || !ok {
			t.Errorf("Take = %q, %t; want %q", got, ok, want)
		}
	}
	changes := func(want map[string]int64) {
		t.Helper()
		got := map[string]int64{}
		p.Changed(func(rep string, turns int64) { got[rep] = turns })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	}
	changes(map[string]int64{"new": 5})
	take("a")
	changes(map[string]int64{"new": 5, "a": 6})
	take("new")
	take("a")
	changes(map[string]int64{"new": 6, "a": 7, "gone": 6})
}

func TestHugeWeightsAndTurns(t *testing.T) {
	const most = 1<<31 - 1
	pool := Pool{Strategy: Weighted, Members: []Member{{Rep: "a", Weight: most}, {Rep: "b", Weight: most - 1}}}
	// By turns for the weight a is ahead of b by the smallest difference that two such weights allow.
	state := map[string]RepState{"a": {Turns: most - 2}, "b": {Turns: most - 3}}
	want, _ := Pick(pool, state, day0)
	if got, _ := NewPicker(pool, state).Take(day0); got != want || got != "b" {
		t.Errorf("Take = %q, Pick = %q, want b", got, want)
	}
}

func TestTakingCostsNoMemory(t *testing.T) {
	for _, strategy := range []Strategy{RoundRobin, Weighted, LeastLoaded} {
		p, at := NewPicker(benchPool(strategy, 1000), nil), day0
		if n := testing.AllocsPerRun(1000, func() { at = at.Add(time.Second); p.Take(at) }); n != 0 {
			t.Errorf("%s: %v allocations a pick", strategy, n)
		}
	}
}
