// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

const (
	weeksKept  = 30 // that are counted
	weeksShown = 26
)

// Of an agreement that is old, only the newest weeks are counted. A clause that never has leads enough for a week is judged alike, week for week, while
// the oldest fall away: nothing that was shown is restated by that.
func TestFewLeadsForEver(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	var text strings.Builder
	text.WriteString("\n\nterms t1 from 2027-01-06: firstContact 90% High; rejection 100%\n")
	for week, n := sla.Period("2027-W01"), 0; n < 80; week, n = week.Next(), n+1 {
		fmt.Fprintf(&text, "%s  High %d/2, rejection 9/9\n", week, 1+r.IntN(2))
	}
	s := readStory(t, text.String())
	pooled := 0
	for i, week := range s.weeks {
		whole := s.asOf(week)
		part := whole
		part.Counts = slices.DeleteFunc(slices.Clone(whole.Counts), func(n sla.Count) bool { return i >= weeksKept && n.Period <= s.weeks[i-weeksKept] })
		a, b := judge.Judge(whole), judge.Judge(part)
		shown := func(j judge.Judgement) []judge.Week { return j.Weeks[max(0, len(j.Weeks)-weeksShown):] }
		for _, shown := range shown(a) {
			if strings.Contains(shown.Rows[0].Actual, "in four weeks") {
				pooled++
			}
		}
		if diff := cmp.Diff(shown(a), shown(b), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".MissedWeeks" }, cmp.Ignore())); diff != "" {
			t.Fatalf("as of %s (-all weeks are known +only the newest):\n%s", week, diff)
		}
	}
	if pooled < 100 {
		t.Errorf("%d samples of four weeks were compared", pooled)
	}
}

// Four weeks with too few leads that were judged together are newer than a miss of before: the scorecard stands by them.
func TestScorecardStandsByTheNewestSample(t *testing.T) {
	const story = `

terms t1: firstContact 90% High
2027-W01  High 10/20
2027-W02  High 2/2
2027-W03  High 2/2
2027-W04  High 2/2
2027-W05  High 2/2
2027-W06  nothing
`
	j := judged(t, story, func(*judge.Input) {})
	want := []string{"Green firstContact High 2027-W05 Met: 100% (8 of 8 in four weeks), target 90%"}
	if diff := cmp.Diff(want, lines(j.Rows)); diff != "" || len(j.Escalations) > 0 {
		t.Errorf("escalations %v\n%s", j.Escalations, diff)
	}
}

// Whether a miss of the open week is one by far goes by the leads of all tiers of that week, those of a tier with too few among them.
func TestFarShortGoesByAllTiersOfTheOpenWeek(t *testing.T) {
	const story = `

terms t1: firstContact 90% High Standard
2027-W01  High 10/10, Standard 10/10
2027-W02  High 0/5 (2 contacted), Standard 4/4
`
	j := judged(t, story, func(in *judge.Input) { in.ClosedThrough = "2027-W01"; in.Now = in.Now.AddDate(0, 0, -1) })
	for _, row := range j.Rows {
		if row.Severe {
			t.Errorf("%s is missed by far, with 6 of 9 contacted", row.Tier)
		}
	}
	if len(j.Rows) != 2 || j.Rows[0].Verdict != sla.VerdictMissed {
		t.Errorf("%v", lines(j.Rows))
	}
}

// The last month of terms with a volume is judged for good although the terms of the next have none.
func TestVolumeOfTheLastMonthOfItsTerms(t *testing.T) {
	const story = `

terms t1 from 2027-01-01: rejection 100%; volume 100
terms t2 from 2027-04-01: rejection 100%
2027-W13  rejection 9/9, 60 MQLs in 2027-03
`
	j := judged(t, story, func(*judge.Input) {})
	row, ok := j.Weeks[len(j.Weeks)-1].Verdict(sla.ClauseVolume)
	if !ok || row.Verdict != sla.VerdictMissed || !row.Severe || row.Period != "2027-03" {
		t.Errorf("%v %+v", ok, row)
	}
	if len(j.Escalations) > 0 {
		t.Errorf("escalated, and nobody owes it: %v", j.Escalations)
	}
}

// Terms that ask for reviews which no cadence schedules say so.
func TestReviewsWithoutACadence(t *testing.T) {
	j := judged(t, "\n\nterms t1 from 2027-01-01: reviewsHeld\n2027-W03  nothing\n", func(*judge.Input) {})
	if diff := cmp.Diff([]string{"Grey reviewsHeld 2027-W04 InsufficientData: no ReviewCadence says when a review is due, target each review by its date"},
		lines(j.Rows)); diff != "" {
		t.Error(diff)
	}
}
