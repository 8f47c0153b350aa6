// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func planned(name string, hours int) step { return step{from: at(hours), bundle: content(name)} }

func TestTimelineOfBundles(t *testing.T) {
	for name, tc := range map[string]struct {
		pairs []pair
		want  string
	}{
		"none":                    {nil, "-"},
		"one":                     {[]pair{adopted(1, "a", 0)}, "a1"},
		"one to come":             {[]pair{adopted(1, "a", 1)}, "- a1"},
		"an old one and its next": {[]pair{adopted(1, "a", 0), adopted(2, "b", 0)}, "b2"},
		"in force and to come":    {[]pair{adopted(1, "a", 0), adopted(2, "b", 1), adopted(3, "c", 2)}, "a1 b2 c3"},
		"superseded":              {[]pair{adopted(1, "a", 0), adopted(2, "b", 1), adopted(3, "c", 0)}, "c3"},
		"made anew":               {[]pair{adopted(1, "a", 0), adopted(2, "b", 1), adopted(3, "c", 0), adopted(4, "b", 1)}, "c3 b4"},
		"its date is up":          {[]pair{adopted(1, "a", 0), adopted(2, "b", -1)}, "b2"},
	} {
		t.Run(name, func(t *testing.T) {
			inForce, coming := timeline(tc.pairs, noon)
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
			if got := firstToMake(tc.bundles, len(tc.bundles) > 0, tc.plan); got != tc.want {
				t.Errorf("%d, want %d", got, tc.want)
			}
		})
	}
	if got := firstToMake([]pair{b}, false, []step{planned("b", 1)}); got != -1 {
		t.Errorf("nothing in force, as planned: %d", got)
	}
}
