// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// everything are terms with every clause, in New York from 9 to 18.
func everything() sla.Terms {
	terms := officeTerms()
	terms.Calendar.TimeZone, terms.Calendar.Hours[0].Shifts = "America/New_York", []sla.Shift{{From: "09:00", To: "18:00"}}
	terms.Marketing = &sla.Marketing{
		Volume: &sla.Volume{MQLsPerMonth: 133}, Completeness: &sla.Share{TargetPercent: 100}, Score: &sla.Share{TargetPercent: 100},
		Delivery: &sla.Delivery{Within: 5 * time.Minute, TargetPercent: 99},
	}
	terms.Sales = &sla.Sales{
		Acceptance: &sla.Acceptance{Within: 24 * time.Hour, TargetPercent: 90},
		FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{
			{Intent: "High", Within: 5 * time.Minute}, {Intent: "Standard", Within: 8 * time.Hour},
		}},
		FollowUp:    &sla.FollowUp{Attempts: 6, Within: 14 * 24 * time.Hour, TargetPercent: 90},
		Disposition: &sla.Disposition{Within: 16 * 24 * time.Hour, TargetPercent: 95},
		Rejection:   &sla.Share{TargetPercent: 100}, Feedback: &sla.Share{TargetPercent: 50},
	}
	terms.Governance = sla.Governance{ReviewsHeld: "Required", DefinitionRefresh: "Quarterly"}
	return terms
}

func newYork(t *testing.T, text string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// rowsAt is the scorecard of some counts by the terms in force, of leads that were all contacted at some time.
func rowsAt(t *testing.T, terms sla.Terms, now time.Time, counts ...sla.Count) []sla.Row {
	t.Helper()
	c, err := sla.Compile(terms)
	if err != nil {
		t.Fatal(err)
	}
	for i := range counts {
		counts[i].Contacted = counts[i].Met + counts[i].Missed
	}
	j := judge.Judge(judge.Input{Book: map[string]*sla.Compiled{"": c}, Counts: counts, Now: now})
	if len(j.Notes) > 0 {
		t.Errorf("notes %q", j.Notes)
	}
	return j.Rows
}

// short makes a row readable: "Red firstContact/High 2027-W03 Missed: 81% (97 of 120), target 90%".
func short(r sla.Row) string {
	name := string(r.Clause)
	if r.Tier != "" {
		name += "/" + r.Tier
	}
	return fmt.Sprintf("%s %s %s %s: %s, target %s", r.Indicator, name, r.Period, r.Verdict, r.Actual, r.Target)
}

func shorts(rows []sla.Row) []string {
	var texts []string
	for _, r := range rows {
		texts = append(texts, short(r))
	}
	return texts
}

func count(clause sla.Clause, tier string, period sla.Period, met, missed int64) sla.Count {
	return sla.Count{Clause: clause, Tier: tier, Period: period, Met: met, Missed: missed}
}

func TestScorecardNamesEveryClause(t *testing.T) {
	// Friday 1 January 2027, before the first business hour of the month: the pace asks for nothing yet.
	rows := rowsAt(t, everything(), newYork(t, "2027-01-01 08:00:00"))
	want := []string{
		"Grey completeness 2026-W53 InsufficientData: no leads, target 100%",
		"Grey score 2026-W53 InsufficientData: no leads, target 100%",
		"Grey delivery 2026-W53 InsufficientData: no leads, target 99%",
		"Grey acceptance 2026-W53 InsufficientData: no leads, target 90%",
		"Grey firstContact/High 2026-W53 InsufficientData: no leads, target 90%",
		"Grey firstContact/Standard 2026-W53 InsufficientData: no leads, target 90%",
		"Grey followUp 2026-W53 InsufficientData: no leads, target 90%",
		"Grey disposition 2026-W53 InsufficientData: no leads, target 95%",
		"Grey rejection 2026-W53 InsufficientData: no leads, target 100%",
		"Grey feedback 2026-W53 InsufficientData: no leads, target 50%",
		"Grey reviewsHeld 2026-W53 InsufficientData: no review was due yet, target each review by its date",
		"Grey definitionRefresh 2027-Q1 InsufficientData: not ratified yet, target definition and terms signed in the quarter",
		"Green volume 2027-01 Met: 0 of 133 MQLs where 0 were due, target 133 MQLs a month",
	}
	if diff := cmp.Diff(want, shorts(rows)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for _, r := range rows {
		if r.EnforcedBy == "" || len(r.EnforcedBy) > 253 || r.Party != r.Clause.Party() || r.Party == "" || r.Review != r.Clause.Review() {
			t.Errorf("%s: party %q, review %s, enforced by %q", r.Clause, r.Party, r.Review, r.EnforcedBy)
		}
	}
	bare := sla.Terms{Calendar: everything().Calendar}
	if rows := rowsAt(t, bare, newYork(t, "2027-01-08 00:00:00"), count(sla.ClauseVolume, "", "2027-01", 7, 0)); rows != nil {
		t.Errorf("terms without clauses have rows: %v", rows)
	}
}

func TestShares(t *testing.T) {
	number := func(n int) *int { return &n }
	cases := map[string]struct {
		met, missed    int64
		target         int
		yellow, sample *int
		want           string
	}{
		"at the target":            {met: 90, missed: 10, target: 90, want: "Green Met: 90% (90 of 100), target 90%"},
		"89.6% is not 90%":         {met: 896, missed: 104, target: 90, want: "Yellow Missed: 89% (896 of 1000), target 90%"},
		"the article's":            {met: 97, missed: 23, target: 90, want: "Yellow Missed: 81% (97 of 120), target 90%"},
		"exactly ten points below": {met: 80, missed: 20, target: 90, want: "Yellow Missed: 80% (80 of 100), target 90%"},
		"nearest above the target": {met: 917, missed: 83, target: 90, want: "Green Met: 92% (917 of 1000), target 90%"},
		"nearest is never 100":     {met: 999, missed: 1, target: 90, want: "Green Met: 99% (999 of 1000), target 90%"},
		"more than ten below":      {met: 79, missed: 21, target: 90, want: "Red Missed: 79% (79 of 100), target 90%"},
		"almost all":               {met: 999, missed: 1, target: 100, want: "Yellow Missed: 99% (999 of 1000), target 100%"},
		"all":                      {met: 5, target: 100, want: "Green Met: 100% (5 of 5), target 100%"},
		"none":                     {missed: 5, target: 100, want: "Red Missed: 0% (0 of 5), target 100%"},
		"a target of nothing":      {missed: 5, target: 0, want: "Green Met: 0% (0 of 5), target 0%"},
		"a target below yellow":    {missed: 5, target: 5, want: "Yellow Missed: 0% (0 of 5), target 5%"},
		"no yellow":                {met: 89, missed: 11, target: 90, yellow: number(0), want: "Red Missed: 89% (89 of 100), target 90%"},
		"too few":                  {met: 4, target: 90, want: "Grey InsufficientData: 100% (4 of 4), target 90%"},
		"few are enough":           {met: 1, target: 90, sample: number(1), want: "Green Met: 100% (1 of 1), target 90%"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			terms := officeTerms()
			terms.YellowWithin, terms.MinimumSample, terms.Sales.Rejection = tc.yellow, tc.sample, &sla.Share{TargetPercent: tc.target}
			rows := rowsAt(t, terms, newYork(t, "2027-01-20 00:00:00"), count(sla.ClauseRejection, "", "2027-W03", tc.met, tc.missed))
			if len(rows) != 1 {
				t.Fatalf("%d rows", len(rows))
			}
			r := rows[0]
			if got := fmt.Sprintf("%s %s: %s, target %s", r.Indicator, r.Verdict, r.Actual, r.Target); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestWeekThatIsJudged(t *testing.T) {
	first := func(period sla.Period, met, missed int64) sla.Count {
		return count(sla.ClauseFirstContact, "High", period, met, missed)
	}
	cases := map[string]struct {
		counts []sla.Count
		want   string
	}{
		"the current one":                  {[]sla.Count{first("2027-W03", 5, 0), first("2027-W02", 9, 1)}, "Green firstContact/High 2027-W03 Met: 100% (5 of 5), target 90%"},
		"the last one with a sample":       {[]sla.Count{first("2027-W03", 4, 0), first("2027-W02", 2, 1), first("2027-W01", 0, 9), first("2026-W53", 9, 0)}, "Red firstContact/High 2027-W01 Missed: 0% (0 of 9), target 90%"},
		"across the year":                  {[]sla.Count{first("2027-W03", 4, 0), first("2026-W53", 9, 0), first("2026-W52", 0, 9)}, "Green firstContact/High 2026-W53 Met: 100% (9 of 9), target 90%"},
		"none has one":                     {[]sla.Count{first("2027-W03", 1, 3), first("2027-W02", 4, 0)}, "Grey firstContact/High 2027-W03 InsufficientData: 25% (1 of 4), target 90%"},
		"a later week waits":               {[]sla.Count{first("2027-W04", 0, 9), first("2027-W02", 9, 0)}, "Green firstContact/High 2027-W02 Met: 100% (9 of 9), target 90%"},
		"months and other clauses are not": {[]sla.Count{first("2027-01", 0, 9), count(sla.ClauseDisposition, "", "2027-W03", 0, 9)}, "Grey firstContact/High 2027-W03 InsufficientData: no leads, target 90%"},
		"another tier is not":              {[]sla.Count{count(sla.ClauseFirstContact, "Standard", "2027-W03", 0, 9)}, "Grey firstContact/High 2027-W03 InsufficientData: no leads, target 90%"},
		"what is counted twice is summed":  {[]sla.Count{first("2027-W03", 2, 1), first("2027-W03", 3, 0)}, "Yellow firstContact/High 2027-W03 Missed: 83% (5 of 6), target 90%"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rows := rowsAt(t, everything(), newYork(t, "2027-01-20 12:00:00"), tc.counts...)
			i := slices.IndexFunc(rows, func(r sla.Row) bool { return r.Tier == "High" })
			if got := short(rows[i]); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestOpenLeadsAreShown(t *testing.T) {
	n := sla.Count{Clause: sla.ClauseDisposition, Period: "2027-W03", Met: 5, Open: 7, AtRisk: 2, Excused: 3}
	rows := rowsAt(t, everything(), newYork(t, "2027-01-20 12:00:00"), n, n)
	i := slices.IndexFunc(rows, func(r sla.Row) bool { return r.Clause == sla.ClauseDisposition })
	r := rows[i]
	if r.Met != 10 || r.Total != 10 || r.Open != 14 || r.AtRisk != 4 {
		t.Errorf("met %d, total %d, open %d, at risk %d; want 10, 10, 14, 4: the excused are left out", r.Met, r.Total, r.Open, r.AtRisk)
	}
}

// February 2027 has 20 business days from Monday to Friday, 180 hours; the target is 100. Six hours ask for 3.33 MQLs.
func TestVolumePace(t *testing.T) {
	terms := officeTerms()
	terms.Calendar, terms.Marketing.Volume = everything().Calendar, &sla.Volume{MQLsPerMonth: 100}
	cases := map[string]struct {
		met  int64
		now  string
		want string
	}{
		"before the first hour":      {0, "2027-02-01 08:00:00", "Green volume 2027-02 Met: 0 of 100 MQLs where 0 were due"},
		"half the month, on pace":    {50, "2027-02-13 12:00:00", "Green volume 2027-02 Met: 50 of 100 MQLs where 50 were due"},
		"one short of the pace":      {49, "2027-02-13 12:00:00", "Yellow volume 2027-02 AtRisk: 49 of 100 MQLs where 50 were due"},
		"ten percent below":          {45, "2027-02-13 12:00:00", "Yellow volume 2027-02 AtRisk: 45 of 100 MQLs where 50 were due"},
		"far below":                  {44, "2027-02-13 12:00:00", "Red volume 2027-02 AtRisk: 44 of 100 MQLs where 50 were due"},
		"70 percent of what is due":  {35, "2027-02-13 12:00:00", "Red volume 2027-02 AtRisk: 35 of 100 MQLs where 50 were due"},
		"below it, after the middle": {34, "2027-02-13 12:00:00", "Red volume 2027-02 Missed: 34 of 100 MQLs where 50 were due"},
		"below it, before it":        {0, "2027-02-12 17:59:59", "Red volume 2027-02 AtRisk: 0 of 100 MQLs where 50 were due"},
		"within a business day":      {3, "2027-02-01 15:00:00", "Yellow volume 2027-02 AtRisk: 3 of 100 MQLs where 4 were due"},
		"the target was met early":   {100, "2027-02-03 12:00:00", "Green volume 2027-02 Met: 100 of 100 MQLs where 12 were due"},
		"the last evening, short":    {99, "2027-02-28 23:59:59", "Yellow volume 2027-02 AtRisk: 99 of 100 MQLs where 100 were due"},
		"above the target":           {140, "2027-02-28 23:59:59", "Green volume 2027-02 Met: 140 of 100 MQLs where 100 were due"},
		"a new month begins anew":    {100, "2027-03-01 00:00:00", "Green volume 2027-03 Met: 0 of 100 MQLs where 0 were due"},
		"a new month soon has pace":  {100, "2027-03-02 00:00:00", "Red volume 2027-03 AtRisk: 0 of 100 MQLs where 5 were due"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rows := rowsAt(t, terms, newYork(t, tc.now), count(sla.ClauseVolume, "", "2027-02", tc.met, 0))
			if diff := cmp.Diff([]string{tc.want + ", target 100 MQLs a month"}, shorts(rows)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWorstFirst(t *testing.T) {
	const w = "2027-W03"
	terms := everything()
	terms.Sales.Acceptance, terms.Sales.FollowUp, terms.Sales.Feedback, terms.Governance = nil, nil, nil, sla.Governance{}
	got := shorts(rowsAt(t, terms, newYork(t, "2027-01-20 12:00:00"),
		count(sla.ClauseVolume, "", "2027-01", 200, 0),
		count(sla.ClauseCompleteness, "", w, 95, 5),
		count(sla.ClauseScore, "", w, 10, 0),
		count(sla.ClauseDelivery, "", w, 1, 99),
		count(sla.ClauseFirstContact, "Standard", w, 1, 9),
		count(sla.ClauseFirstContact, "High", w, 1, 99),
		count(sla.ClauseRejection, "", w, 10, 0),
	))
	want := []string{
		"Red delivery 2027-W03 Missed: 1% (1 of 100), target 99%",
		"Red firstContact/High 2027-W03 Missed: 1% (1 of 100), target 90%",
		"Red firstContact/Standard 2027-W03 Missed: 10% (1 of 10), target 90%",
		"Yellow completeness 2027-W03 Missed: 95% (95 of 100), target 100%",
		"Grey disposition 2027-W03 InsufficientData: no leads, target 95%",
		"Green volume 2027-01 Met: 200 of 133 MQLs where 85 were due, target 133 MQLs a month",
		"Green score 2027-W03 Met: 100% (10 of 10), target 100%",
		"Green rejection 2027-W03 Met: 100% (10 of 10), target 100%",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
