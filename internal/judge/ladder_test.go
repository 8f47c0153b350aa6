// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// A week of the oracle: m missed, s missed by far, k met (kept), - not judged, w waived.
const weekLetters = "mmmskkk--w"

// oracleLevels tells the level after each week by looking for episodes, each of which has a beginning, the weeks in which it rose, and an end. The judge
// walks week by week and knows none of this.
func oracleLevels(weeks string, consecutive, unresolved int) []int {
	levels := make([]int, len(weeks))
	for begin := 0; begin < len(weeks); {
		if weeks[begin] != 'm' && weeks[begin] != 's' {
			begin++
			continue
		}
		firstMet := begin + strings.IndexByte(weeks[begin:]+"k", 'k')
		second := firstMet // week that reaches level 2, before anything is met
		for k := firstMet - 1; k >= begin; k-- {
			misses := strings.Count(weeks[begin:k+1], "m") + strings.Count(weeks[begin:k+1], "s")
			if weeks[k] == 's' || weeks[k] == 'm' && misses >= consecutive {
				second = k
			}
		}
		third, end := len(weeks), firstMet
		if second < firstMet && second+unresolved < firstMet {
			third = second + unresolved
			end = pairOfMet(weeks, third+1)
		}
		for k := begin; k < end && k < len(weeks); k++ {
			levels[k] = 1
			if k >= second {
				levels[k] = 2
			}
			if k >= third {
				levels[k] = 3
			}
		}
		begin = end
		if begin < len(weeks) {
			begin++ // the week that ended it was met
		}
	}
	return levels
}

// pairOfMet is the second of the first two met weeks from an index on that no miss lies between; the end when there are none.
func pairOfMet(weeks string, from int) int {
	for second := from; second < len(weeks); second++ {
		if weeks[second] != 'k' {
			continue
		}
		for first := second - 1; first >= from; first-- {
			if weeks[first] == 'k' && !strings.ContainsAny(weeks[first:second], "ms") {
				return second
			}
		}
	}
	return len(weeks)
}

func TestTheOracleItself(t *testing.T) {
	for weeks, want := range map[string]string{
		"m":           "1",
		"mm":          "12",
		"s":           "2",
		"mk":          "10",
		"mmk":         "120",
		"m-m-":        "1122",
		"mm--":        "1223",
		"mmmm":        "1223",
		"mm-k":        "1220",
		"mmmmkk":      "122330",
		"mmmmkmk-k":   "122333330",
		"ws-w":        "0223",
		"kmkmkk":      "010100",
		"mmmmkkmm":    "12233012",
		"mmmm-k-w-k-": "12233333300",
	} {
		got := ""
		for _, level := range oracleLevels(weeks, 2, 2) {
			got += fmt.Sprint(level)
		}
		if got != want {
			t.Errorf("%s gives %s, want %s", weeks, got, want)
		}
	}
}

// TestLadderAgainstOracle compares the levels of random weeks with what the oracle says, week by week as they were lived, and the steps of the
// whole with the changes of the levels.
func TestLadderAgainstOracle(t *testing.T) {
	reached := map[int]int{}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		consecutive, unresolved := 1+r.IntN(3), 1+r.IntN(3)
		weeks := ""
		for range 1 + r.IntN(30) {
			weeks += string(weekLetters[r.IntN(len(weekLetters))])
		}
		want := oracleLevels(weeks, consecutive, unresolved)
		s := weeksOf(t, weeks, consecutive, unresolved)
		var steps, wantSteps []string
		was := 0
		for i, week := range s.weeks {
			level, lived := 0, judge.Judge(s.asOf(week))
			for _, e := range lived.Escalations {
				level = e.Level
			}
			if level != want[i] {
				t.Fatalf("seed %d, %s (%d, %d): after week %d of the story the level is %d, want %d of %v",
					seed, weeks, consecutive, unresolved, i+1, level, want[i], want)
			}
			_, end, _ := week.Bounds(zone)
			// A miss that is the second at once rises past level 1, and so does one by far.
			if want[i] != was {
				wantSteps = append(wantSteps, fmt.Sprintf("%s to %d", end.Format(time.DateOnly), want[i]))
			}
			was = want[i]
			reached[level]++
		}
		for _, step := range judge.Judge(s.asOf(s.weeks[len(s.weeks)-1])).Steps {
			steps = append(steps, fmt.Sprintf("%s to %d", step.At.Format(time.DateOnly), step.Level))
		}
		if diff := cmp.Diff(wantSteps, steps); diff != "" {
			t.Fatalf("seed %d, %s: steps (-want +got):\n%s", seed, weeks, diff)
		}
	}
	for level := range 4 {
		if reached[level] < 100 {
			t.Errorf("level %d was reached in %d weeks only: %v", level, reached[level], reached)
		}
	}
}

// weeksOf a line of letters, from the first week of 2027 on.
func weeksOf(t *testing.T, letters string, consecutive, unresolved int) *story {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "\n\nterms t1: firstContact 90%% High; consecutiveMisses %d; unresolvedWeeks %d\n", consecutive, unresolved)
	week := sla.Period("2027-W01")
	for _, letter := range letters {
		row := map[rune]string{'m': "High 5/10", 's': "High 2/10 (4 contacted)", 'k': "High 9/10", '-': "nothing", 'w': "High 0/10"}[letter]
		fmt.Fprintf(&text, "%s  %s\n", week, row)
		if letter == 'w' {
			from, to, _ := week.Bounds(zone)
			fmt.Fprintf(&text, "waiver %s: firstContact %s to %s, signed %s\n", strings.ToLower(string(week)),
				from.Format(time.DateOnly), to.AddDate(0, 0, -1).Format(time.DateOnly), from.Format(time.DateOnly))
		}
		week = week.Next()
	}
	return readStory(t, text.String())
}

// TestAnyPrefixIsWhatWasLived: whatever the clauses count, a week and its steps are never judged otherwise by what comes after it.
func TestAnyPrefixIsWhatWasLived(t *testing.T) {
	steps := 0
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := randomStory(t, r)
		last := judge.Judge(s.asOf(s.weeks[len(s.weeks)-1]))
		for _, week := range s.weeks {
			lived := judge.Judge(s.asOf(week))
			if diff := cmp.Diff(lived.Weeks, last.Weeks[:len(lived.Weeks)]); diff != "" {
				t.Fatalf("seed %d, weeks up to %s (-lived +recomputed):\n%s", seed, week, diff)
			}
			_, end, _ := week.Bounds(zone)
			if diff := cmp.Diff(lived.Steps, upTo(last.Steps, end)); diff != "" {
				t.Fatalf("seed %d, steps up to %s (-lived +recomputed):\n%s", seed, week, diff)
			}
		}
		steps += len(last.Steps)
	}
	if steps < 200 {
		t.Errorf("the stories have %d steps only", steps)
	}
}

// randomStory of forty weeks with every kind of clause, and terms that change in the middle.
func randomStory(t *testing.T, r *rand.Rand) *story {
	t.Helper()
	var text strings.Builder
	text.WriteString("\n\nterms t1 from 2027-01-06: firstContact 90% High Standard; rejection 80%; volume 100; reviewsHeld; definitionRefresh\n")
	text.WriteString("terms t2 from 2027-05-12: firstContact 70% High Standard; volume 60; reviewsHeld; definitionRefresh; consecutiveMisses 3\n")
	text.WriteString("signed both: 2026-12-20\n")
	for _, what := range []string{"terms", "definition"} {
		at := time.Date(2027, 4, 1+r.IntN(180), 12, 0, 0, 0, zone)
		fmt.Fprintf(&text, "signed %s: %s\n", what, at.Format("2006-01-02T15:04"))
	}
	week, mqls := sla.Period("2027-W01"), map[sla.Period]int{}
	for range 40 {
		from, to, _ := week.Bounds(zone)
		due := to.AddDate(0, 0, 4)
		fmt.Fprintf(&text, "review weekly: %s due %s", week, due.Format(time.DateOnly))
		if r.IntN(4) > 0 {
			fmt.Fprintf(&text, ", held %s", due.AddDate(0, 0, r.IntN(4)-2).Format(time.DateOnly))
		}
		text.WriteString("\n")
		terms, older := "t1", r.IntN(3) == 0
		if from.After(time.Date(2027, 5, 12, 0, 0, 0, 0, zone)) && !older {
			terms = "t2"
		}
		rows := []string{fmt.Sprintf("rejection %d/%d by t1", r.IntN(4), 3+r.IntN(4))}
		for _, tier := range []string{"High", "Standard"} {
			total := r.IntN(12)
			met := r.IntN(total + 1)
			if r.IntN(2) == 0 {
				met = total
			}
			rows = append(rows, fmt.Sprintf("%s %d/%d (%d contacted) by %s", tier, met, total, met+r.IntN(total-met+1), terms))
		}
		for _, month := range months(from, to) {
			mqls[month] += r.IntN(40)
			rows = append(rows, fmt.Sprintf("%d MQLs in %s", mqls[month], month))
		}
		fmt.Fprintf(&text, "%s  %s\n", week, strings.Join(rows, ", "))
		week = week.Next()
	}
	return readStory(t, text.String())
}

// months that a week has a pace of.
func months(from, to time.Time) []sla.Period {
	first, last := sla.MonthOf(from, zone), sla.MonthOf(to.Add(-time.Nanosecond), zone)
	if first == last {
		return []sla.Period{first}
	}
	return []sla.Period{first, last}
}
