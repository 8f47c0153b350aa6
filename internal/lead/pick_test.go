// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPick(t *testing.T) {
	away := []Away{{From: day0.Add(-day), To: day0.Add(day)}}
	abc := []Member{{Rep: "a"}, {Rep: "b"}, {Rep: "c"}}
	cases := map[string]struct {
		strategy Strategy
		members  []Member
		state    map[string]RepState
		at       time.Time
		want     string
	}{
		"nobody":                                   {at: day0},
		"first of equals":                          {members: abc, want: "a"},
		"fewest turns":                             {members: abc, state: map[string]RepState{"a": {Turns: 3}, "b": {Turns: 2}, "c": {Turns: 3}}, want: "b"},
		"open leads do not matter to RoundRobin":   {members: abc, state: map[string]RepState{"a": {Turns: 1, Open: 9}, "b": {Turns: 2}, "c": {Turns: 2}}, want: "a"},
		"RoundRobin is the default":                {strategy: RoundRobin, members: abc, state: map[string]RepState{"a": {Turns: 2}, "b": {Turns: 2}, "c": {Turns: 1}}, want: "c"},
		"at capacity":                              {members: []Member{{Rep: "a", Capacity: 5}, {Rep: "b"}}, state: map[string]RepState{"a": {Open: 5}, "b": {Turns: 7}}, want: "b"},
		"over capacity":                            {members: []Member{{Rep: "a", Capacity: 5}, {Rep: "b"}}, state: map[string]RepState{"a": {Open: 6}, "b": {Turns: 7}}, want: "b"},
		"below capacity":                           {members: []Member{{Rep: "a", Capacity: 5}, {Rep: "b"}}, state: map[string]RepState{"a": {Open: 4}, "b": {Turns: 7}}, want: "a"},
		"everyone at capacity":                     {members: []Member{{Rep: "a", Capacity: 1}}, state: map[string]RepState{"a": {Open: 1}}},
		"away":                                     {members: []Member{{Rep: "a", Away: away}, {Rep: "b"}}, at: day0, want: "b"},
		"everyone away":                            {members: []Member{{Rep: "a", Away: away}}, at: day0},
		"away from the first instant":              {members: []Member{{Rep: "a", Away: away}, {Rep: "b"}}, at: away[0].From, want: "b"},
		"back at the last":                         {members: []Member{{Rep: "a", Away: away}, {Rep: "b"}}, at: away[0].To, want: "a"},
		"not away yet":                             {members: []Member{{Rep: "a", Away: away}, {Rep: "b"}}, at: away[0].From.Add(-1), want: "a"},
		"Weighted: fewest for the weight":          {strategy: Weighted, members: []Member{{Rep: "a", Weight: 1}, {Rep: "b", Weight: 3}}, state: map[string]RepState{"a": {Turns: 1}, "b": {Turns: 2}}, want: "b"},
		"Weighted: equal share, fewest turns":      {strategy: Weighted, members: []Member{{Rep: "b", Weight: 3}, {Rep: "a", Weight: 1}}, state: map[string]RepState{"a": {Turns: 1}, "b": {Turns: 3}}, want: "a"},
		"Weighted: no weight is 1":                 {strategy: Weighted, members: []Member{{Rep: "a"}, {Rep: "b", Weight: 2}}, state: map[string]RepState{"a": {Turns: 1}, "b": {Turns: 1}}, want: "b"},
		"LeastLoaded":                              {strategy: LeastLoaded, members: abc, state: map[string]RepState{"a": {Open: 3}, "b": {Open: 1, Turns: 9}, "c": {Open: 2}}, want: "b"},
		"LeastLoaded: equal load, fewest turns":    {strategy: LeastLoaded, members: abc, state: map[string]RepState{"a": {Open: 1, Turns: 3}, "b": {Open: 1, Turns: 2}, "c": {Open: 1, Turns: 2}}, want: "b"},
		"a newcomer without a state is no magnet":  {members: abc, state: map[string]RepState{"a": {Turns: 8}, "c": {Turns: 7}}, want: "b"},
		"... and stands behind those at the level": {members: []Member{{Rep: "a"}, {Rep: "new"}}, state: map[string]RepState{"a": {Turns: 8}}, want: "a"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			pool := Pool{Strategy: tc.strategy, Members: tc.members}
			rep, ok := Pick(pool, tc.state, tc.at)
			if rep != tc.want || ok != (tc.want != "") {
				t.Errorf("Pick = %q, %t; want %q", rep, ok, tc.want)
			}
		})
	}
}

func TestNewTurns(t *testing.T) {
	cases := map[string]struct {
		pool  Pool
		state map[string]RepState
		want  int64
	}{
		"nobody else":              {Pool{Members: []Member{{Rep: "new"}}}, nil, 0},
		"others without a state":   {Pool{Members: []Member{{Rep: "a"}, {Rep: "new"}}}, nil, 0},
		"lowest of the others":     {Pool{Members: []Member{{Rep: "a"}, {Rep: "b"}, {Rep: "new"}}}, map[string]RepState{"a": {Turns: 40}, "b": {Turns: 42}}, 40},
		"own state does not count": {Pool{Members: []Member{{Rep: "a"}, {Rep: "new"}}}, map[string]RepState{"a": {Turns: 40}, "new": {Turns: 0}}, 40},
		"who left does not count":  {Pool{Members: []Member{{Rep: "a"}, {Rep: "new"}}}, map[string]RepState{"a": {Turns: 40}, "left": {Turns: 3}}, 40},
		"by weight":                {Pool{Strategy: Weighted, Members: []Member{{Rep: "a", Weight: 4}, {Rep: "b"}, {Rep: "new", Weight: 2}}}, map[string]RepState{"a": {Turns: 41}, "b": {Turns: 11}}, 20},
		"least loaded, by turns":   {Pool{Strategy: LeastLoaded, Members: []Member{{Rep: "a"}, {Rep: "b"}, {Rep: "new"}}}, map[string]RepState{"a": {Turns: 40, Open: 9}, "b": {Turns: 42}}, 40},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := NewTurns(tc.pool, tc.state, "new"); got != tc.want {
				t.Errorf("NewTurns = %d, want %d", got, tc.want)
			}
		})
	}
}

func TestPassedOver(t *testing.T) {
	away := []Away{{From: day0, To: day0.Add(day)}}
	cases := map[string]struct {
		pool  Pool
		state map[string]RepState
		want  map[string]int64
	}{
		"everyone is there": {Pool{Members: []Member{{Rep: "a"}, {Rep: "b"}}}, map[string]RepState{"a": {Turns: 1}, "b": {Turns: 5}}, map[string]int64{}},
		"away and behind":   {Pool{Members: []Member{{Rep: "a", Away: away}, {Rep: "b"}, {Rep: "c"}}}, map[string]RepState{"a": {Turns: 1}, "b": {Turns: 6}, "c": {Turns: 5}}, map[string]int64{"a": 5}},
		"away and ahead":    {Pool{Members: []Member{{Rep: "a", Away: away}, {Rep: "b"}}}, map[string]RepState{"a": {Turns: 9}, "b": {Turns: 6}}, map[string]int64{}},
		"full and behind":   {Pool{Members: []Member{{Rep: "a", Capacity: 2}, {Rep: "b"}}}, map[string]RepState{"a": {Turns: 1, Open: 2}, "b": {Turns: 6}}, map[string]int64{"a": 6}},
		"nobody is there":   {Pool{Members: []Member{{Rep: "a", Away: away}, {Rep: "b", Away: away}}}, map[string]RepState{"a": {Turns: 1}, "b": {Turns: 6}}, map[string]int64{}},
		"by weight":         {Pool{Strategy: Weighted, Members: []Member{{Rep: "a", Away: away, Weight: 3}, {Rep: "b", Weight: 2}}}, map[string]RepState{"a": {Turns: 1}, "b": {Turns: 6}}, map[string]int64{"a": 9}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, PassedOver(tc.pool, tc.state, day0)); diff != "" {
				t.Errorf("passed over (-want +got):\n%s", diff)
			}
		})
	}
}

// rotation is a pool in use: it keeps the state as the ledger does.
type rotation struct {
	pool   Pool
	state  map[string]RepState
	picked map[string]int
}

func newRotation(pool Pool) *rotation {
	return &rotation{pool: pool, state: map[string]RepState{}, picked: map[string]int{}}
}

func (r *rotation) next(at time.Time) (string, bool) {
	for _, m := range r.pool.Members {
		if _, known := r.state[m.Rep]; !known {
			r.state[m.Rep] = RepState{Turns: NewTurns(r.pool, r.state, m.Rep)}
		}
	}
	for rep, turns := range PassedOver(r.pool, r.state, at) {
		r.state[rep] = RepState{Turns: turns, Open: r.state[rep].Open}
	}
	rep, ok := Pick(r.pool, r.state, at)
	if ok {
		r.state[rep] = RepState{Turns: r.state[rep].Turns + 1, Open: r.state[rep].Open + 1}
		r.picked[rep]++
	}
	return rep, ok
}

func (r *rotation) close(rep string) {
	s := r.state[rep]
	s.Open--
	r.state[rep] = s
}

// Over thousands of picks from random pools, everyone gets a share by weight, to within one turn for RoundRobin and one
// round for Weighted; nobody is picked while away or full.
func TestPickIsFair(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, strategy := range []Strategy{RoundRobin, Weighted} {
		for range 20 {
			pool := Pool{Strategy: strategy}
			total := 0
			for i := range 2 + random.IntN(6) {
				m := Member{Rep: string(rune('a' + i)), Weight: 1 + random.IntN(5)}
				pool.Members = append(pool.Members, m)
				total += m.Weight
			}
			r := newRotation(pool)
			const picks = 2000
			for range picks {
				if _, ok := r.next(day0); !ok {
					t.Fatal("nobody picked")
				}
			}
			for _, m := range pool.Members {
				share := float64(picks) / float64(len(pool.Members))
				if strategy == Weighted {
					share = float64(picks) * float64(m.Weight) / float64(total)
				}
				if got := float64(r.picked[m.Rep]); math.Abs(got-share) > float64(len(pool.Members)) {
					t.Errorf("%s: %s with weight %d got %v of %d, its share is %v: %+v", strategy, m.Rep, m.Weight, got, picks, share, pool.Members)
				}
			}
		}
	}
}

func TestPickRespectsCapacityAndTimeAway(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, strategy := range []Strategy{RoundRobin, Weighted, LeastLoaded} {
		pool := Pool{Strategy: strategy, Members: []Member{
			{Rep: "a", Capacity: 3},
			{Rep: "b", Weight: 2, Capacity: 5, Away: []Away{{From: day0.Add(100 * time.Hour), To: day0.Add(300 * time.Hour)}}},
			{Rep: "c", Capacity: 4, Away: []Away{{From: day0.Add(200 * time.Hour), To: day0.Add(500 * time.Hour)}}},
		}}
		r, held := newRotation(pool), 0
		for i := range 3000 {
			at := day0.Add(time.Duration(i) * time.Hour / 3)
			if rep, ok := r.next(at); !ok {
				held++
				for _, m := range pool.Members {
					if (candidate{member: m, state: r.state[m.Rep]}).available(at) {
						t.Fatalf("%s: held though %s was available", strategy, m.Rep)
					}
				}
			} else if hours := at.Sub(day0).Hours(); (rep == "b" && hours >= 100 && hours < 300) || (rep == "c" && hours >= 200 && hours < 500) {
				t.Fatalf("%s: %s picked while away", strategy, rep)
			}
			for _, m := range pool.Members {
				if r.state[m.Rep].Open > m.Capacity {
					t.Fatalf("%s: %s owns %d, capacity %d", strategy, m.Rep, r.state[m.Rep].Open, m.Capacity)
				}
				if r.state[m.Rep].Open > 0 && random.IntN(3) == 0 {
					r.close(m.Rep)
				}
			}
		}
		if held == 0 {
			t.Errorf("%s: nobody was ever full: the test shows nothing", strategy)
		}
	}
}

// longestRun picks n times and gives the longest run of one rep.
func longestRun(r *rotation, rep string, n int, at time.Time) int {
	run, longest := 0, 0
	for range n {
		if picked, _ := r.next(at); picked == rep {
			run++
		} else {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

func TestNobodyIsFlooded(t *testing.T) {
	back := day0.Add(30 * day)
	cases := map[string]struct {
		strategy Strategy
		before   []Member
		after    []Member
	}{
		"newcomer":              {RoundRobin, []Member{{Rep: "a"}, {Rep: "b"}}, []Member{{Rep: "a"}, {Rep: "b"}, {Rep: "new"}}},
		"newcomer stands first": {RoundRobin, []Member{{Rep: "a"}, {Rep: "b"}}, []Member{{Rep: "new"}, {Rep: "a"}, {Rep: "b"}}},
		"newcomer by weight":    {Weighted, []Member{{Rep: "a", Weight: 2}, {Rep: "b"}}, []Member{{Rep: "a", Weight: 2}, {Rep: "b"}, {Rep: "new"}}},
		"back after a month":    {RoundRobin, []Member{{Rep: "a"}, {Rep: "b"}, {Rep: "new", Away: []Away{{From: day0, To: back}}}}, nil},
		"back, by weight":       {Weighted, []Member{{Rep: "a", Weight: 3}, {Rep: "b"}, {Rep: "new", Weight: 1, Away: []Away{{From: day0, To: back}}}}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRotation(Pool{Strategy: tc.strategy, Members: tc.before})
			for range 1000 {
				r.next(day0)
			}
			if tc.after != nil {
				r.pool.Members = tc.after
			}
			if run := longestRun(r, "new", 60, back); run > 2 {
				t.Errorf("%d leads in a row", run)
			}
			if got := r.picked["new"]; got < 10 || got > 25 {
				t.Errorf("%d of 60 leads, want about a fair share", got)
			}
		})
	}
}

func TestPickIsDeterministic(t *testing.T) {
	pool := Pool{Strategy: Weighted, Members: []Member{{Rep: "a", Weight: 2}, {Rep: "b"}, {Rep: "c", Weight: 3}}}
	one, two := newRotation(pool), newRotation(pool)
	for i := range 500 {
		first, _ := one.next(day0)
		if second, _ := two.next(day0); first != second {
			t.Fatalf("pick %d: %s, then %s from the same state", i, first, second)
		}
	}
}
