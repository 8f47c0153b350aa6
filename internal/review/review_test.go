// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests do not depend on the zones of the machine

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

func terms(t *testing.T) *sla.Compiled {
	t.Helper()
	c, err := sla.Compile(sla.Terms{
		Definition: "mid-market",
		Parties:    sla.Parties{Marketing: sla.Contact{Owner: "VP Marketing", Contact: "marketing@example.com"}, Sales: sla.Contact{Owner: "VP Sales"}},
		Calendar: sla.Calendar{TimeZone: "America/New_York", Hours: []sla.WeekHours{{
			Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []sla.Shift{{From: "09:00", To: "18:00"}},
		}}, Exceptions: []sla.Exception{ // the report is about 18 to 24 January
			{Date: "2027-01-25", Name: "the day after"},
			{Date: "2027-01-22", Shifts: []sla.Shift{{From: "09:00", To: "12:00"}, {From: "14:00", To: "15:30"}}, Name: "Half day*"},
			{Date: "2027-01-18", Name: "Martin Luther King Jr. Day"},
			{Date: "2027-01-17", Name: "the day before"},
			{Date: "2027-01-24"},
		}},
		Marketing: &sla.Marketing{
			Volume: &sla.Volume{MQLsPerMonth: 133}, Completeness: &sla.Share{TargetPercent: 100},
			Delivery: &sla.Delivery{Within: 5 * time.Minute, TargetPercent: 99},
		},
		Sales: &sla.Sales{
			FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{
				{Intent: "High", Within: 5 * time.Minute, OutsideHours: time.Hour}, {Intent: "Standard", Within: 8 * time.Hour},
			}},
			Disposition: &sla.Disposition{Within: 16 * 24 * time.Hour, TargetPercent: 95},
			Rejection:   &sla.Share{TargetPercent: 100},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// week is a report about the third week of 2027.
func week(t *testing.T, counts ...sla.Count) Input {
	t.Helper()
	c := terms(t)
	return Input{
		Contract: "revenue/mid-market", Cadence: "mid-market", Review: "weekly", Owner: "RevOps",
		Period: "2027-W03", Terms: c, Rows: sla.ScorecardOf(c, counts, "2027-W03"),
		GeneratedAt: time.Date(2027, 1, 25, 14, 0, 7, 0, time.UTC),
	}
}

func count(clause sla.Clause, tier string, met, missed, open int64) sla.Count {
	return sla.Count{Clause: clause, Tier: tier, Period: "2027-W03", Met: met, Missed: missed, Open: open}
}

// misses is a week in which something fell short.
func misses(t *testing.T) Input {
	t.Helper()
	in := week(t,
		sla.Count{Clause: sla.ClauseVolume, Period: "2027-01", Met: 88},
		count(sla.ClauseCompleteness, "", 96, 4, 0),
		count(sla.ClauseDelivery, "", 90, 0, 0),
		count(sla.ClauseFirstContact, "High", 97, 23, 2),
		count(sla.ClauseFirstContact, "Standard", 40, 1, 3),
		count(sla.ClauseDisposition, "", 2, 1, 60),
		count(sla.ClauseRejection, "", 1, 9, 0),
	)
	for i := range 14 {
		in.Worst = append(in.Worst, Late{
			Clause: sla.ClauseFirstContact, Tier: "High", Lead: fmt.Sprintf("lead-%03d", i), LateBy: time.Duration(i%7) * 61 * time.Minute, Open: i == 6,
		})
	}
	in.Worst = append(in.Worst,
		Late{Clause: sla.ClauseFirstContact, Tier: "Standard", Lead: "of-a-clause-that-was-met", LateBy: time.Hour},
		Late{Clause: sla.ClauseCompleteness, Lead: "lead|with`marks_and<b>"},
		Late{Clause: sla.ClauseRejection, Lead: "lead-200"},
	)
	in.Leads = Leads{Captured: 410, Qualified: 88, Held: 4}
	in.Disposed = []Disposed{
		{lead.Recycled, "", 3}, {lead.Accepted, "AcceptAsSQL", 21}, {lead.Recycled, "BadTiming", 5}, {lead.Disqualified, "NotICP", 2}, {lead.Recycled, "NoResponse", 5},
	}
	in.Revisions = []Revision{
		{Terms: "mid-market-terms-77ab01c2", Definition: "mid-market-9f2c41d0", Since: time.Date(2027, 1, 1, 5, 0, 0, 0, time.UTC)},
		{Terms: "mid-market-terms-77ab01c2", Definition: "mid-market-1c0ffee5", Since: time.Date(2027, 1, 20, 17, 30, 0, 0, time.UTC)},
	}
	return in
}

// allMet is a week without a miss.
func allMet(t *testing.T) Input {
	t.Helper()
	in := week(t, count(sla.ClauseCompleteness, "", 10, 0, 0), count(sla.ClauseDelivery, "", 10, 0, 0), count(sla.ClauseFirstContact, "High", 5, 0, 0))
	in.PeriodLabel = "the week of the launch"
	in.Leads = Leads{Captured: 12, Qualified: 10}
	return in
}

// TestMarkdown compares with the files in testdata. UPDATE_GOLDEN=1 writes them anew; look at the difference.
func TestMarkdown(t *testing.T) {
	monthly := week(t)
	monthly.Rows, monthly.Period, monthly.Terms = nil, "2027-01", nil
	for name, in := range map[string]Input{"misses": misses(t), "all-met": allMet(t), "no-leads": week(t), "nothing-judged": monthly} {
		t.Run(name, func(t *testing.T) {
			got := Build(in).Markdown()
			file := filepath.Join("testdata", name+".md")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// The report does not depend on the order in which a database gives its rows, and leaves its input alone.
func TestReportIsDeterministic(t *testing.T) {
	in, shuffled := misses(t), misses(t)
	slices.Reverse(shuffled.Worst)
	slices.Reverse(shuffled.Disposed)
	if diff := cmp.Diff(Build(in).Markdown(), Build(shuffled).Markdown()); diff != "" {
		t.Errorf("the order of the input shows:\n%s", diff)
	}
	if shuffled.Disposed[0].Reason != "NoResponse" || shuffled.Worst[0].Lead != "lead-200" {
		t.Error("Build changed its input")
	}
}

func TestResultAndSentence(t *testing.T) {
	share := func(clause sla.Clause, indicator sla.Indicator, v sla.Verdict) sla.Row {
		return sla.Row{Clause: clause, Indicator: indicator, Verdict: v, Actual: "81% (97 of 120)", Target: "90%"}
	}
	met := share(sla.ClauseScore, sla.Green, sla.VerdictMet)
	grey := share(sla.ClauseRejection, sla.Grey, sla.VerdictInsufficientData)
	cases := map[string]struct {
		rows             []sla.Row
		result, sentence string
	}{
		"nothing": {nil, "nothing to judge", "No commitment had enough leads to be judged."},
		"no data": {[]sla.Row{grey, grey}, "2 grey", "No commitment had enough leads to be judged."},
		"one met": {[]sla.Row{met}, "1 green", "Every one of 1 commitment with enough leads was met."},
		"all met": {[]sla.Row{met, met, grey}, "2 green, 1 grey", "Every one of 2 commitments with enough leads was met (1 more had too few leads to judge)."},
		"misses": {
			[]sla.Row{
				share(sla.ClauseDisposition, sla.Red, sla.VerdictMissed), share(sla.ClauseVolume, sla.Yellow, sla.VerdictAtRisk), met, met, grey,
			},
			"2 green, 1 yellow, 1 red, 1 grey",
			"2 of 4 commitments fell short: disposition at 81% (97 of 120) against 90%; MQL volume at 81% (97 of 120) against 90% (1 more had too few leads to judge).",
		},
		"a clause without a title": {
			[]sla.Row{share("somethingNew", sla.Red, sla.VerdictMissed)}, "1 red", "1 of 1 commitment fell short: somethingNew at 81% (97 of 120) against 90%.",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := Build(Input{Rows: tc.rows})
			if r.Result() != tc.result || r.Sentence() != tc.sentence {
				t.Errorf("got  %q, %q\nwant %q, %q", r.Result(), r.Sentence(), tc.result, tc.sentence)
			}
		})
	}
}

// An id is text, whatever it contains: it must not break the table or become markup.
func TestIdsStayText(t *testing.T) {
	in := misses(t)
	in.Worst = []Late{{Clause: sla.ClauseFirstContact, Tier: "High", Lead: "a|b<script>[x](y)\nz*_`#&\\"}}
	report := Build(in).Markdown()
	if want := "| a\\|b&lt;script&gt;\\[x\\](y) z\\*\\_\\`\\#&amp;\\\\ |"; !strings.Contains(report, want) {
		t.Errorf("no %s in\n%s", want, report)
	}
}

// A report speaks of numbers and plans, and blames nobody.
func TestWording(t *testing.T) {
	report := strings.ToLower(Build(misses(t)).Markdown())
	for _, word := range []string{"blame", "fault", "fail", "guilty"} {
		if strings.Contains(report, word) {
			t.Errorf("the report says %q", word)
		}
	}
	if got, want := strings.Count(report, "\ncause:\n\nplan:\n"), 4; got != want {
		t.Errorf("%d places for cause and plan, want %d", got, want)
	}
}

// A reader of the report is told every clause in words.
func TestEveryClauseHasATitle(t *testing.T) {
	for _, clause := range []sla.Clause{
		sla.ClauseVolume, sla.ClauseCompleteness, sla.ClauseScore, sla.ClauseDelivery, sla.ClauseAcceptance, sla.ClauseFirstContact, sla.ClauseFollowUp,
		sla.ClauseDisposition, sla.ClauseRejection, sla.ClauseFeedback,
	} {
		if got := title(sla.Row{Clause: clause}); got == string(clause) {
			t.Errorf("%s has no title", clause)
		}
	}
}
