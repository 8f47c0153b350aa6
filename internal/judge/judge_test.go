// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

var update = flag.Bool("update", false, "write what the scenarios in testdata give, to be read before it is committed")

const follows = "\n--- what follows\n"

// TestStories holds the scenarios of testdata: above the line what happened, below it what follows.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 14 {
		t.Fatalf("%d scenarios (%v), want at least 14", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told, want, _ := strings.Cut(string(data), follows)
			got := readStory(t, told).tell()
			if *update {
				if err := os.WriteFile(file, []byte(strings.TrimRight(told, "\n")+"\n"+follows+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatWasLivedIsWhatIsRecomputed: what a week was seen as when it closed is what the last judgement says of it, unless a count came late, or
// terms or signatures are dated later.
func TestWhatWasLivedIsWhatIsRecomputed(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told, _, _ := strings.Cut(string(data), follows)
			s := readStory(t, told)
			if len(s.corrections) > 0 || strings.Contains(told, "\nwaiver ") && !strings.Contains(told, "signed 2027-01-22") {
				t.Skip("what was lived was restated")
			}
			last := judge.Judge(s.asOf(s.weeks[len(s.weeks)-1]))
			for _, week := range s.weeks {
				lived := judge.Judge(s.asOf(week))
				if diff := cmp.Diff(lived.Weeks, last.Weeks[:len(lived.Weeks)]); diff != "" {
					t.Errorf("weeks up to %s (-lived +recomputed):\n%s", week, diff)
				}
				_, end, _ := week.Bounds(zone)
				if diff := cmp.Diff(lived.Steps, upTo(last.Steps, end)); diff != "" {
					t.Errorf("steps up to %s (-lived +recomputed):\n%s", week, diff)
				}
				compared += len(lived.Weeks)
			}
		})
	}
	if compared < 100 {
		t.Errorf("compared %d weeks", compared)
	}
}

func upTo(steps []judge.Step, end time.Time) []judge.Step {
	var out []judge.Step
	for _, s := range steps {
		if !s.At.After(end) {
			out = append(out, s)
		}
	}
	return out
}

// saw is the last closed week in one line: the verdict on each clause, and what is escalated.
func saw(j judge.Judgement) string {
	if len(j.Weeks) == 0 {
		return "nothing"
	}
	week := j.Weeks[len(j.Weeks)-1]
	var verdicts, open []string
	for _, c := range sla.Clauses {
		row, ok := week.Verdict(c)
		if !ok {
			continue
		}
		text := fmt.Sprintf("%s %s: %s", c, row.Verdict, strings.TrimSpace(row.Tier+" "+row.Actual))
		if row.Severe {
			text = strings.Replace(text, "Missed", "Missed by far", 1)
		}
		verdicts = append(verdicts, text)
	}
	for _, e := range j.Escalations {
		open = append(open, fmt.Sprintf("%s %d", e.Clause, e.Level))
	}
	text := strings.Join(verdicts, ", ")
	if text == "" {
		text = "nothing to judge"
	}
	if len(open) > 0 {
		text += "  ==> " + strings.Join(open, ", ")
	}
	return text
}

func section[T any](out *strings.Builder, title string, list []T, line func(T) string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	for _, x := range list {
		fmt.Fprintf(out, "  %s\n", line(x))
	}
}

func escalation(e judge.Escalation) string {
	text := fmt.Sprintf("level %d %s since %s, at this level since %s", e.Level, e.Clause, e.Since.Format(time.DateOnly), e.LevelSince.Format(time.DateOnly))
	if e.Week != "" {
		text += ", last missed " + string(e.Week)
	}
	text += fmt.Sprintf("\n    owners: %s\n    reason: %s\n    clears: %s", strings.Join(e.Owners, ", "), e.Reason, e.Clears)
	if !e.Due.IsZero() {
		text += "\n    goes up: " + e.Due.Format("2006-01-02T15:04")
	}
	if len(e.Remediations) > 0 {
		text += "\n    plans: " + strings.Join(e.Remediations, ", ")
	}
	return text
}

func scorecardLine(r sla.Row) string {
	text := fmt.Sprintf("%s %s %s %s: %s, target %s", r.Indicator, strings.TrimSpace(string(r.Clause)+" "+r.Tier), r.Period, r.Verdict, r.Actual, r.Target)
	if r.Severe {
		text += ", by far"
	}
	if r.MissedWeeks > 0 {
		text += fmt.Sprintf(", missed %d in a row", r.MissedWeeks)
	}
	if r.Waiver != "" {
		text += ", waived by " + r.Waiver
	}
	return text
}
