// SPDX-License-Identifier: Apache-2.0

package review

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The example of the terms: 500,000 a month at 50,000 a deal, 25 % and 30 % take 133 MQLs, which are worth about that.
func TestProjection(t *testing.T) {
	f := Facts{Funnel: sampleFunnel()}
	want := &Projection{
		MQLs: 133, Opportunities: "39.9", Pipeline: 1_995_000, Bookings: 498_750,
		Formula: "133 MQLs x 30% = 39.9 opportunities; x 50,000 = 1,995,000 of pipeline; x 25% = 498,750 of bookings",
	}
	if diff := cmp.Diff(want, f.projection(133)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p := f.projection(0); p.Pipeline != 0 || p.Opportunities != "0" {
		t.Errorf("no MQLs are worth %+v", p)
	}
	if (&Facts{}).projection(5) != nil {
		t.Error("without a funnel there is a projection")
	}
}

func TestRecomputed(t *testing.T) {
	cohort := Month{MQLs: 400, Opportunities: 80}
	for name, tc := range map[string]struct {
		cohort   Month
		deals    *Deals
		used     []string
		proposed int64
	}{
		// 500,000 / 50,000 / 25 % / 30 %
		"nothing happened": {Month{}, nil, []string{"50000", "25", "30"}, 133},
		// 500,000 / 50,000 / 25 % / 20 %
		"fewer opportunities": {cohort, nil, []string{"50000", "25", "20"}, 200},
		// 500,000 / 40,000 / 50 % / 20 %
		"all of it": {cohort, &Deals{Won: 20, WonPriced: 20, WonValue: 800_000, Lost: 20}, []string{"40000", "50", "20"}, 125},
		// 500,000 / 50,000 / 33.3 % / 20 %
		"deals without amounts": {cohort, &Deals{Won: 5, WonPriced: 4, WonValue: 4, Lost: 10}, []string{"50000", "33.3", "20"}, 150},
		"nothing won":           {cohort, &Deals{Lost: 30}, []string{"50000", "25", "20"}, 200},
		"too few decided":       {cohort, &Deals{Won: 3, Lost: 1}, []string{"50000", "25", "20"}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			f := Facts{Funnel: sampleFunnel(), Deals: tc.deals}
			got := f.recomputed(tc.cohort, 5)
			var used []string
			for _, s := range got.Steps {
				used = append(used, s.Used)
				if (s.Reason == "") != (s.Used == s.Happened) {
					t.Errorf("%s: used %q of %q, because %q", s.Name, s.Used, s.Happened, s.Reason)
				}
			}
			if diff := cmp.Diff(tc.used, used); diff != "" || got.Proposed != tc.proposed || got.Agreed != 133 {
				t.Errorf("%+v\n(-want +got):\n%s", got, diff)
			}
			if got.Low > got.Proposed || got.High < got.Proposed {
				t.Errorf("%d is not within %d to %d", got.Proposed, got.Low, got.High)
			}
		})
	}
}

func TestAdvice(t *testing.T) {
	cases := map[string]struct {
		before, now [4]int64 // captured, MQLs, opportunities, target
		want        []string
		not         string
	}{
		"on target": {[4]int64{1000, 120, 30, 133}, [4]int64{1000, 140, 40, 133}, nil, ""},
		"above, and the pipeline flat": {
			[4]int64{1000, 140, 40, 133},
			[4]int64{1000, 180, 41, 133},
			[]string{"quality, not quantity"},
			"underfunded",
		},
		"above, and the pipeline grew": {[4]int64{1000, 140, 40, 133}, [4]int64{1000, 180, 51, 133}, nil, ""},
		"below, and fewer would do": {
			[4]int64{1000, 120, 60, 133},
			[4]int64{1000, 100, 50, 133},
			[]string{
				"was the target realistic, or is the engine underfunded?", "the target was higher than it had to be",
				"What was delivered would have done.",
			},
			"came in",
		},
		"below, and fewer might do": {
			[4]int64{1000, 120, 40, 133},
			[4]int64{1000, 100, 34, 133},
			[]string{"take 118 MQLs a month instead of 133. The target may have been higher than it had to be; what happened is too little to be sure."},
			"would have done",
		},
		"below, and more are needed": {
			[4]int64{1000, 100, 20, 133},
			[4]int64{1000, 100, 20, 133},
			[]string{"10% (100 of 1,000) of the captured leads became MQLs. At that rate 200 MQLs take 2,000 captured leads a month; 1,000 a month came in."},
			"higher than it had",
		},
		"below, and fewer came": {
			[4]int64{1000, 130, 40, 133},
			[4]int64{899, 100, 30, 133},
			[]string{"Fewer leads came in than in as many months before: 899 against 1,000."},
			"",
		},
		"no target": {[4]int64{1000, 100, 20, 0}, [4]int64{1000, 100, 20, 0}, nil, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := sampleOf(Strategic, "2027-Q1", "quarterly", "Leadership", "2027-04-05T14:00:00Z")
			f.Funnel = sampleFunnel()
			f.Months = []Month{
				{Month: "2027-03", Captured: tc.now[0], MQLs: tc.now[1], Opportunities: tc.now[2], Target: tc.now[3]},
				{Month: "2026-12", Captured: tc.before[0], MQLs: tc.before[1], Opportunities: tc.before[2], Target: tc.before[3]},
			}
			got := strings.Join(made(t, f).Results().Advice, " ")
			if len(tc.want) == 0 && got != "" {
				t.Errorf("got %q", got)
			}
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
			if tc.not != "" && strings.Contains(got, tc.not) {
				t.Errorf("%q in %q", tc.not, got)
			}
		})
	}
}

func TestPatternsAreBeyondChance(t *testing.T) {
	f := quarterly()
	f.Segments = []Segment{
		{By: "source", Key: "clearly", MQLs: 190, Rejected: 80},
		{By: "source", Key: "hardly", MQLs: 10, Rejected: 4},
		{By: "rep", Key: "few", MQLs: 4, Rejected: 4},
	}
	got := made(t, f).Results().Patterns
	if len(got) != 1 || got[0].Key != "clearly" {
		t.Errorf("got %+v", got)
	}
}

// The rates of a month that has just ended say little: its leads have had no time.
func TestAMonthRecomputesNothing(t *testing.T) {
	if got := made(t, monthly()).Results(); got.Recomputed != nil || got.Projection == nil {
		t.Errorf("recomputed %v, projected %v", got.Recomputed, got.Projection)
	}
}
