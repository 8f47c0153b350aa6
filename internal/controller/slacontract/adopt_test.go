// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
)

var noon = time.Date(2027, 1, 14, 12, 0, 0, 0, time.UTC)

// at is an hour count after noon; 0 is no date.
func at(hours int) time.Time {
	if hours == 0 {
		return time.Time{}
	}
	return noon.Add(time.Duration(hours) * time.Hour)
}

func content(name string) bundle.Bundle {
	return bundle.Bundle{Definition: bundle.RevisionOf{Name: name}}
}

// adopted is a bundle of a content with a date in hours.
func adopted(sequence int64, name string, hours int) pair {
	b := content(name)
	b.Sequence, b.EffectiveFrom = sequence, at(hours)
	return pair{name: fmt.Sprint(name, sequence), bundle: b}
}

// calledOff is a bundle that calls off what was to come at noon.
func calledOff(sequence int64) pair {
	p := adopted(sequence, "x", 0)
	p.bundle.CalledOff, p.bundle.Since = true, noon
	return p
}

func planned(name string, hours int) step { return step{from: at(hours), bundle: content(name)} }

func TestTimelineOfBundles(t *testing.T) {
	for name, tc := range map[string]struct {
		pairs []pair
		want  string
		hours int   // after noon
		told  int64 // by the ledger
	}{
		"none":                    {nil, "-", 0, 0},
		"one":                     {[]pair{adopted(1, "a", 0)}, "a1", 0, 0},
		"one to come":             {[]pair{adopted(1, "a", 1)}, "- a1", 0, 0},
		"an old one and its next": {[]pair{adopted(1, "a", 0), adopted(2, "b", 0)}, "b2", 0, 0},
		"in force and to come":    {[]pair{adopted(1, "a", 0), adopted(2, "b", 1), adopted(3, "c", 2)}, "a1 b2 c3", 0, 0},
		"superseded":              {[]pair{adopted(1, "a", 0), adopted(2, "b", 1), adopted(3, "c", 0)}, "c3", 0, 0},
		"made anew":               {[]pair{adopted(1, "a", 0), adopted(2, "b", 1), adopted(3, "c", 0), adopted(4, "b", 1)}, "c3 b4", 0, 0},
		"its date is up":          {[]pair{adopted(1, "a", 0), adopted(2, "b", -1)}, "b2", 0, 0},
		"called off":              {[]pair{adopted(1, "a", 1), calledOff(2)}, "-", 0, 0},
		"called off, for ever":    {[]pair{adopted(1, "a", 1), calledOff(2)}, "-", 2, 0},
		"called off, and another": {[]pair{adopted(1, "a", 1), calledOff(2), adopted(3, "b", 3)}, "- b3", 2, 0},
		"called off too late":     {[]pair{adopted(1, "a", 1), calledOff(2), adopted(3, "b", 3)}, "a1 b3", 2, 1},
		"called off what was yet to come": {
			[]pair{adopted(1, "a", -1), adopted(2, "b", 1), calledOff(3)}, "a1", 2, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			inForce, coming := timeline(tc.pairs, noon.Add(time.Duration(tc.hours)*time.Hour), tc.told)
			got := []string{"-"}
			if inForce != nil {
				got[0] = inForce.name
			}
			for _, p := range coming {
				got = append(got, p.name)
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFirstToMake(t *testing.T) {
	a, b := adopted(1, "a", 0), adopted(2, "b", 1)
	for name, tc := range map[string]struct {
		bundles []pair
		plan    []step
		want    int
	}{
		"nothing yet":                         {nil, []step{planned("a", 0)}, 0},
		"as planned":                          {[]pair{a, b}, []step{planned("a", 0), planned("b", 1)}, -1},
		"one more to come":                    {[]pair{a, b}, []step{planned("a", 0), planned("b", 1), planned("c", 2)}, 2},
		"one before that to come":             {[]pair{a, adopted(2, "b", 2)}, []step{planned("a", 0), planned("c", 1), planned("b", 2)}, 1},
		"another one now":                     {[]pair{a, b}, []step{planned("c", 0), planned("b", 1)}, 0},
		"another one at the date":             {[]pair{a, b}, []step{planned("a", 0), planned("c", 1)}, 1},
		"later than it was to come":           {[]pair{a, b}, []step{planned("a", 0), planned("b", 2)}, 0},
		"nothing to come any more":            {[]pair{a, b}, []step{planned("a", 0)}, 0},
		"the last to come no more":            {[]pair{a, b, adopted(3, "c", 2)}, []step{planned("a", 0), planned("b", 1)}, 1},
		"in force with its date, as it comes": {[]pair{adopted(2, "b", -1)}, []step{planned("b", 0)}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := firstToMake(tc.bundles, tc.plan); got != tc.want {
				t.Errorf("%d, want %d", got, tc.want)
			}
		})
	}
}

// planOf is a random one, as planPairs makes them: what is in force stays or changes, or nothing is, and what follows has increasing dates and
// other contents.
func planOf(random *rand.Rand, s *scope) []step {
	plan := []step{s.keptStep()}
	if random.IntN(3) == 0 {
		plan[0] = step{bundle: content(string(rune('a' + random.IntN(3))))}
	}
	from := s.now
	for range random.IntN(4) {
		from = from.Add(time.Duration(1+random.IntN(3)) * time.Hour)
		next := step{from: from, bundle: content(string(rune('a' + random.IntN(3))))}
		if !sameContent(plan[len(plan)-1].bundle, next.bundle) {
			plan = append(plan, next)
		}
	}
	return plan
}

// inWords is what a plan or some bundles say: contents with the hours from which they are in force.
func inWords(steps []step) string {
	var out []string
	for _, one := range steps {
		name := one.bundle.Definition.Name
		if one.bundle.CalledOff {
			name = "-"
		}
		if !one.from.IsZero() {
			name += fmt.Sprint(one.from.Sub(noon).Hours())
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func (s *scope) says() string {
	var out []step
	for i, p := range s.line() {
		one := step{bundle: p.bundle}
		if i > 0 {
			one.from = p.bundle.EffectiveFrom
		}
		out = append(out, one)
	}
	return inWords(out)
}

// Whatever the plan and whatever was planned before: what is made once says the plan, so that nothing is made again; it goes on saying it
// as time goes by; the workers are given all of it; and pruned bundles change nothing.
func TestMakingConverges(t *testing.T) {
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := &scope{contract: &slav1alpha1.SLAContract{}, now: noon}
		for range 8 {
			s.setPairs(s.pairs)
			s.plan = planOf(random, s)
			before := s.says()
			if first := firstToMake(s.line(), s.plan); first >= 0 {
				s.setPairs(append(s.pairs, s.anew(s.plan[first:])...))
			}
			if got, want := s.says(), inWords(s.plan); got != want || firstToMake(s.line(), s.plan) >= 0 {
				t.Fatalf("seed %d: from %q to the plan %q it makes %q", seed, before, want, got)
			}
			mounted := s.mounted()
			for _, p := range s.coming {
				if !slices.ContainsFunc(mounted, func(m pair) bool { return m.name == p.name }) {
					t.Fatalf("seed %d: %s is to come and not mounted", seed, p.name)
				}
			}
			if len(mounted) > 0 && mounted[len(mounted)-1].name != s.pairs[len(s.pairs)-1].name {
				t.Fatalf("seed %d: the newest is not mounted last", seed)
			}
			s.now = s.now.Add(time.Duration(random.IntN(4)) * time.Hour)
			s.setPairs(s.pairs)
			want := s.plan[:1:1]
			for _, one := range s.plan[1:] {
				if !one.from.After(s.now) {
					want[0] = step{bundle: one.bundle}
					continue
				}
				want = append(want, one)
			}
			if got := s.says(); got != inWords(want) {
				t.Fatalf("seed %d: later %q, want %q", seed, got, inWords(want))
			}
		}
	}
}
