// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/sla"
)

// shortOf is a week in which one clause fell short, with what is known of its misses.
func shortOf(clause sla.Clause, m Miss) Facts {
	f := empty()
	f.Scorecard = []Row{shareRow("2027-W05", clause, m.Tier, 90, 50, 100)}
	m.Clause = clause
	f.Misses = []Miss{m}
	return f
}

func TestLikelyCause(t *testing.T) {
	even := []Share{{"a", 10, 5}, {"b", 10, 5}}
	for name, tc := range map[string]struct {
		clause sla.Clause
		miss   Miss
		want   string
		says   string
	}{
		"nothing known": {sla.ClauseDelivery, Miss{Missed: 10}, "", ""},
		"evenly spread": {sla.ClauseDelivery, Miss{Missed: 10, Reps: even, Sources: even}, "", ""},
		"nobody there": {
			sla.ClauseDelivery,
			Miss{Missed: 10, NobodyAvailable: 5},
			"Resource",
			"For 5 of 10 leads, no rep was available when the clock began.",
		},
		"not even half":   {sla.ClauseDelivery, Miss{Missed: 10, NobodyAvailable: 4}, "", "For 4 of 10 leads"},
		"too few":         {sla.ClauseDelivery, Miss{Missed: 2, NobodyAvailable: 2}, "", "For 2 of 2 leads"},
		"at night":        {sla.ClauseFirstContact, Miss{Missed: 10, OutsideHours: 6, NobodyAvailable: 5}, "Process", "outside business hours"},
		"a tie":           {sla.ClauseFirstContact, Miss{Missed: 10, OutsideHours: 6, NobodyAvailable: 6}, "Resource", ""},
		"logged too late": {sla.ClauseFirstContact, Miss{Missed: 3, LoggedLate: 2}, "Data", "more than 24 hours"},
		"passed on":       {sla.ClauseFirstContact, Miss{Missed: 3, Reassigned: 2}, "Process", "changed owner"},
		"one rep": {
			sla.ClauseFirstContact,
			Miss{Missed: 10, Reps: []Share{{"a", 5, 8}, {"b", 50, 2}}},
			"People",
			"8 of 10 were with a, who had 13 of all 65 leads. What would help there?",
		},
		"the rep of most": {sla.ClauseFirstContact, Miss{Missed: 10, Reps: []Share{{"a", 80, 8}, {"b", 20, 2}}}, "", ""},
		"the only rep":    {sla.ClauseFirstContact, Miss{Missed: 10, Reps: []Share{{"a", 5, 10}}}, "", ""},
		"no owner":        {sla.ClauseFirstContact, Miss{Missed: 10, Reps: []Share{{"", 0, 8}, {"b", 50, 2}}}, "Resource", "8 of 10 leads had no owner."},
		"one source": {
			sla.ClauseFirstContact,
			Miss{Missed: 10, Sources: []Share{{"a", 5, 8}, {"b", 50, 2}}},
			"Process",
			"8 of 10 came from a, the source of 13 of all 65 leads.",
		},
		"incomplete": {sla.ClauseCompleteness, Miss{Missed: 10, Sources: []Share{{"a", 5, 8}, {"b", 50, 2}}}, "Data", ""},
		"an empty field": {
			sla.ClauseCompleteness,
			Miss{Missed: 4, MissingFields: []Tally{{"phone", 3}, {"title", 1}}},
			"Data",
			"the field phone was empty",
		},
		"another's misses": {sla.ClauseDelivery, Miss{Tier: "", Missed: 10}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := made(t, shortOf(tc.clause, tc.miss))
			got := d.Results().Shortfalls[0]
			var all []string
			for _, q := range got.Questions {
				all = append(all, q.Findings...)
			}
			if got.Likely != tc.want || !strings.Contains(strings.Join(all, " "), tc.says) {
				t.Errorf("got %q by %q\nwant %q by %q", got.Likely, all, tc.want, tc.says)
			}
			if tc.says == "" && tc.want == "" && len(all) > 0 {
				t.Errorf("findings: %q", all)
			}
		})
	}
}

func TestShortfallsOfGovernanceAndVolume(t *testing.T) {
	f := weekly()
	f.Scorecard = []Row{
		{Clause: sla.ClauseReviewsHeld, Party: sla.PartyBoth, Verdict: sla.VerdictMissed, Indicator: sla.Red, Actual: "0 of 1 held", Target: "all"},
		{Clause: sla.ClauseVolume, Party: sla.PartyMarketing, Verdict: sla.VerdictMissed, Indicator: sla.Red, Met: 125, Total: 133},
	}
	f.Reviews = append(f.Reviews, HeldReview{Name: "weekly", Period: "2027-W01", Due: at("2027-01-15T14:00:00Z")})
	d := made(t, f)
	text := d.Markdown()
	for _, want := range []string{
		"owed by both.", "No record says that review weekly of 2027-W01 was held.", "4 leads reached a path and wait for a required field.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "review weekly of 2027-W03 was held") {
		t.Error("a review that is not due yet is told as missing")
	}
	if got := d.Results().Shortfalls[1].Likely; got != "Data" {
		t.Errorf("held leads would have made half of the volume up, the cause is %q", got)
	}
}

func TestTrends(t *testing.T) {
	week := func(i int, met int64, v sla.Verdict) Week {
		p := sla.Period(fmt.Sprintf("2027-W%02d", i))
		return Week{Period: p, Rows: []Row{{Clause: sla.ClauseDelivery, Met: met, Total: 100, Verdict: v, Target: "90%", Period: p}}}
	}
	for name, tc := range map[string]struct {
		before, now []int64
		want        Trend
	}{
		"better": {
			[]int64{80, 80, 80, 80},
			[]int64{85, 85, 85, 85},
			Trend{Direction: "Better", Now: rateOf(340, 400), Before: rateOf(320, 400), Judged: 4},
		},
		"same": {
			[]int64{80, 80, 80, 80},
			[]int64{84, 85, 85, 85},
			Trend{Direction: "Same", Now: rateOf(339, 400), Before: rateOf(320, 400), Judged: 4},
		},
		"worse": {
			[]int64{90, 90, 90, 90},
			[]int64{85, 85, 85, 85},
			Trend{Direction: "Worse", Now: rateOf(340, 400), Before: rateOf(360, 400), Judged: 4},
		},
		"far before": {
			[]int64{10, 10, 80, 80, 80, 80},
			[]int64{80, 80, 80, 80},
			Trend{Direction: "Same", Now: rateOf(320, 400), Before: rateOf(320, 400), Judged: 4},
		},
		"none before": {nil, []int64{80, 80, 80, 80}, Trend{Direction: "Unknown", Now: rateOf(320, 400), Before: rateOf(0, 0), Judged: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			f := sampleOf(Performance, "2027-03", "monthly", "Both", "2027-04-01T14:00:00Z")
			for i, met := range tc.before {
				f.Weeks = append(f.Weeks, week(9-len(tc.before)+i, met, sla.VerdictMet))
			}
			for i, met := range tc.now { // the weeks 9 to 12 end in March
				f.Weeks = append(f.Weeks, week(9+i, met, sla.VerdictMet))
			}
			got := made(t, f).Results().Trends[0]
			got.Points, got.Clause = nil, ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWeeksBelongToTheMonthInWhichTheyEnd(t *testing.T) {
	f := sampleOf(Performance, "2027-01", "monthly", "Both", "2027-02-05T14:00:00Z")
	f.Weeks = []Week{{Period: "2026-W52"}, {Period: "2026-W53"}, {Period: "2027-W01"}, {Period: "2027-W04"}, {Period: "2027-W05"}}
	// 2026-W53 ends on 3 January; 2027-W04 on 31 January.
	want := []sla.Period{"2026-W53", "2027-W01", "2027-W04"}
	if diff := cmp.Diff(want, f.weeksWithin()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCalibration(t *testing.T) {
	s := &Scores{Max: 100, MQLs: []Scored{
		{Score: 0, MQLs: 1},
		{Score: 9, MQLs: 2, Opportunities: 1},
		{Score: 10, MQLs: 4},
		{Score: 89, MQLs: 5},
		{Score: 90, MQLs: 6},
		{Score: 100, MQLs: 7, Opportunities: 7, Won: 2},
	}}
	want := []Band{
		{From: 0, To: 9, Opportunities: rateOf(1, 3)},
		{From: 10, To: 19, Opportunities: rateOf(0, 4)},
		{From: 80, To: 89, Opportunities: rateOf(0, 5)},
		{From: 90, To: 100, Opportunities: rateOf(7, 13), Won: 2},
	}
	if diff := cmp.Diff(want, s.calibration()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	small := &Scores{Max: 3, MQLs: []Scored{{Score: 3, MQLs: 2}, {Score: 1, MQLs: 1}}}
	want = []Band{{From: 1, To: 1, Opportunities: rateOf(0, 1)}, {From: 3, To: 3, Opportunities: rateOf(0, 2)}}
	if diff := cmp.Diff(want, small.calibration()); diff != "" {
		t.Errorf("small (-want +got):\n%s", diff)
	}
}

// Wilson's interval of 10 in 20 is 29.9 % to 70.1 % (Brown, Cai and DasGupta 2001).
func TestRate(t *testing.T) {
	for _, tc := range []struct {
		count, of      int64
		text, interval string
	}{
		{0, 0, "no leads", "not known"},
		{10, 20, "50% (10 of 20)", "30% to 70%"},
		{999, 1000, "over 99% (999 of 1,000)", "99% to 100%"},
		{1, 1000, "under 1% (1 of 1,000)", "0% to 1%"},
		{0, 5, "0% (0 of 5)", "0% to 43%"},
		{5, 5, "100% (5 of 5)", "57% to 100%"},
		{3, 2, "150% (3 of 2)", "not known"},
	} {
		if r := rateOf(tc.count, tc.of); r.String() != tc.text || r.between() != tc.interval {
			t.Errorf("%d of %d: %q, %q; want %q, %q", tc.count, tc.of, r, r.between(), tc.text, tc.interval)
		}
	}
}

func TestAUC(t *testing.T) {
	perfect := &Scores{MQLs: []Scored{{Score: 10, MQLs: 5}, {Score: 20, MQLs: 5, Opportunities: 5}}}
	if got, ok := perfect.auc(5); !ok || got != 1 {
		t.Errorf("got %v, %v", got, ok)
	}
	if _, ok := perfect.auc(6); ok {
		t.Error("five of each are fewer than six")
	}
	if got, ok := (&Scores{MQLs: []Scored{{Score: 10, MQLs: 10, Opportunities: 5}}}).auc(5); !ok || got != 0.5 {
		t.Errorf("got %v, %v", got, ok)
	}
}

func TestSweepAdvises(t *testing.T) {
	path := ScorePath{Name: "p", Threshold: 60}
	for name, tc := range map[string]struct {
		scores Scores
		advice string
		to     int64
	}{
		"nothing":         {Scores{}, "", 0},
		"too few":         {Scores{MQLs: []Scored{{"p", 60, 100, 0, 4, 0}}}, "", 0},
		"a useless edge":  {Scores{MQLs: []Scored{{"p", 60, 50, 0, 0, 0}, {"p", 65, 100, 0, 20, 0}}}, "Tighten", 65},
		"as far as it is": {Scores{MQLs: []Scored{{"p", 60, 50, 0, 0, 0}, {"p", 70, 50, 0, 1, 0}, {"p", 80, 50, 0, 19, 0}}}, "Tighten", 80},
		"it would cost":   {Scores{MQLs: []Scored{{"p", 60, 50, 0, 2, 0}, {"p", 65, 100, 0, 20, 0}}}, "Keep", 60},
		"a good edge":     {Scores{MQLs: []Scored{{"p", 60, 50, 0, 20, 0}, {"p", 75, 100, 0, 20, 0}}, Near: []Tally{{"57", 30}}}, "Loosen", 55},
		"nobody near":     {Scores{MQLs: []Scored{{"p", 60, 50, 0, 20, 0}, {"p", 75, 100, 0, 20, 0}}, Near: []Tally{{"54", 30}, {"60", 3}}}, "Keep", 60},
		"another path's":  {Scores{MQLs: []Scored{{"q", 60, 50, 0, 0, 0}, {"p", 65, 100, 0, 20, 0}}}, "Keep", 60},
	} {
		t.Run(name, func(t *testing.T) {
			s := tc.scores
			s.Max, s.Paths = 100, []ScorePath{path, {Name: "hand-raise"}}
			all := s.sweeps(5)
			if len(all) != 1 || all[0].Advice != tc.advice || all[0].To != tc.to {
				t.Errorf("got %+v\nwant %s to %d", all, tc.advice, tc.to)
			}
		})
	}
}

func TestSweepCounts(t *testing.T) {
	s := Scores{
		Max: 65, Paths: []ScorePath{{Name: "p", Threshold: 60}}, MQLs: []Scored{{"p", 60, 10, 8, 1, 0}, {"p", 65, 20, 12, 6, 1}},
		Near: []Tally{{"54", 1}, {"55", 2}, {"59", 4}, {"60", 8}, {"40", 16}, {"39", 32}},
	}
	got := s.sweeps(1)[0].Steps
	if scores := []int64{got[0].Score, got[len(got)-1].Score}; !slices.Equal(scores, []int64{40, 65}) {
		t.Errorf("from and to %v", scores)
	}
	want := map[int64]Threshold{
		40: {Score: 40, MQLs: 30, Accepted: 20, Opportunities: 7, Precision: rateOf(7, 30), Near: 23},
		55: {Score: 55, MQLs: 30, Accepted: 20, Opportunities: 7, Precision: rateOf(7, 30), Near: 6},
		60: {Score: 60, MQLs: 30, Accepted: 20, Opportunities: 7, Precision: rateOf(7, 30)},
		65: {Score: 65, MQLs: 20, Accepted: 12, Opportunities: 6, Precision: rateOf(6, 20), LostOpportunities: 1},
	}
	for _, step := range got {
		if w, ok := want[step.Score]; ok {
			if diff := cmp.Diff(w, step); diff != "" {
				t.Errorf("%d (-want +got):\n%s", step.Score, diff)
			}
		}
	}
}
