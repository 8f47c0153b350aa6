// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func pools() []Pool {
	reps := []Member{{Rep: "rep-1"}, {Rep: "rep-2"}}
	return []Pool{
		{Name: "enterprise", When: `lead.employees > 200`, Strategy: LeastLoaded, Members: reps},
		{Name: "hot", When: `signals.demoRequest.within("7d") > 0`, Members: reps},
		{Name: "rest", Members: reps},
	}
}

func TestCandidates(t *testing.T) {
	now := day0.Add(10 * day)
	cases := map[string]struct {
		record  map[string]any
		history []Event
		want    []int
	}{
		"only the rest":            {map[string]any{"employees": int64(50)}, nil, []int{2}},
		"absent does not match":    {nil, nil, []int{2}},
		"by the record":            {map[string]any{"employees": int64(201)}, nil, []int{0, 2}},
		"by a record read as JSON": {map[string]any{"employees": 201.0, "founded": "2020-01-01T00:00:00Z", "stack": []any{"go"}}, nil, []int{0, 2}},
		"a value that cannot be":   {map[string]any{"employees": "many"}, nil, []int{2}},
		"by a signal":              {nil, []Event{demoRequest(now.Add(-day))}, []int{1, 2}},
		"by both":                  {map[string]any{"employees": int64(201)}, []Event{demoRequest(now)}, []int{0, 1, 2}},
		"a signal too long ago":    {nil, []Event{demoRequest(now.Add(-8 * day))}, []int{2}},
		"a signal yet to come":     {nil, []Event{demoRequest(now.Add(time.Second))}, []int{2}},
		"the record is as given":   {map[string]any{"employees": int64(50)}, []Event{captured(day0, map[string]any{"numberofemployees": 500})}, []int{2}},
	}
	r, err := mustCompile(t, midMarket()).CompilePools(pools())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, r.Candidates(tc.record, tc.history, now)); diff != "" {
				t.Errorf("candidates (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoPoolTakesTheLead(t *testing.T) {
	r, err := mustCompile(t, midMarket()).CompilePools(pools()[:2])
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Candidates(nil, nil, day0); len(got) != 0 {
		t.Errorf("candidates %v, want none", got)
	}
}

func TestCompilePoolsReportsMistakes(t *testing.T) {
	cases := map[string]struct {
		change func(ps []Pool)
		want   string
	}{
		"misspelt field":   {func(ps []Pool) { ps[0].When = "lead.employes > 200" }, `pool "enterprise": 1:5: undefined field 'employes' of lead; did you mean 'employees'?`},
		"no condition":     {func(ps []Pool) { ps[0].When = "lead.company" }, `pool "enterprise": gives string; an expression must give bool (true or false)`},
		"duplicate pool":   {func(ps []Pool) { ps[2].Name = "hot" }, `pool "hot": there is another pool of this name; give each its own`},
		"pool of no name":  {func(ps []Pool) { ps[2].Name = "" }, `pool "": the name is empty`},
		"unknown strategy": {func(ps []Pool) { ps[2].Strategy = "Random" }, `pool "rest": strategy "Random" is unknown; known: RoundRobin, Weighted, LeastLoaded`},
		"no members":       {func(ps []Pool) { ps[2].Members = nil }, `pool "rest": has no members`},
		"duplicate member": {func(ps []Pool) { ps[2].Members = []Member{{Rep: "a"}, {Rep: "a"}} }, `pool "rest" member "a": there is another member of this name; give each its own`},
		"nameless member":  {func(ps []Pool) { ps[2].Members = []Member{{}} }, `pool "rest" member "": the name is empty`},
		"weight":           {func(ps []Pool) { ps[2].Members = []Member{{Rep: "a", Weight: -1}} }, `pool "rest" member "a": weight is negative`},
		"capacity":         {func(ps []Pool) { ps[2].Members = []Member{{Rep: "a", Capacity: -1}} }, `pool "rest" member "a": capacity is negative`},
		"time away": {
			func(ps []Pool) { ps[2].Members = []Member{{Rep: "a", Away: []Away{{From: day0, To: day0}}}} },
			`pool "rest" member "a": away 1 ends before it begins`,
		},
	}
	p := mustCompile(t, midMarket())
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ps := pools()
			tc.change(ps)
			_, err := p.CompilePools(ps)
			var problems Problems
			if !errors.As(err, &problems) || len(problems) != 1 || !strings.HasPrefix(problems.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}
