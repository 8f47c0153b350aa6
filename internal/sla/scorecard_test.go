// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// line makes a row readable: "■ firstContact/High 2027-W03 Missed: 81% (97 of 120), target 90%".
func line(r Row) string {
	name := string(r.Clause)
	if r.Tier != "" {
		name += "/" + r.Tier
	}
	return fmt.Sprintf("%s %s %s %s: %s, target %s", r.Indicator, name, r.Period, r.Verdict, r.Actual, r.Target)
}

func lines(rows []Row, about ...Clause) []string {
	var texts []string
	for _, r := range rows {
		if len(about) == 0 || slices.Contains(about, r.Clause) {
			texts = append(texts, line(r))
		}
	}
	return texts
}

func count(clause Clause, tier string, period Period, met, missed int64) Count {
	return Count{Clause: clause, Tier: tier, Period: period, Met: met, Missed: missed}
}

func TestScorecardNamesEveryClause(t *testing.T) {
	// Friday 1 January 2027, before the first business hour of the month: the pace asks for nothing yet.
	rows := Scorecard(compiled(t, persistentTerms()), nil, local(t, newYork, "2027-01-01 08:00"))
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
		"Green volume 2027-01 Met: 0 of 133 MQLs, target 133 MQLs a month",
	}
	if diff := cmp.Diff(want, lines(rows)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for _, r := range rows {
		if r.EnforcedBy == "" || len(r.EnforcedBy) > 253 || r.Party != r.Clause.Party() || r.Party == "" {
			t.Errorf("%s: party %q, enforced by %q", r.Clause, r.Party, r.EnforcedBy)
		}
	}
	without, counted := compiled(t, Terms{Calendar: workdays("UTC")}), []Count{count(ClauseVolume, "", "2027-01", 7, 0)}
	if rows := Scorecard(without, counted, time.Date(2027, 1, 8, 0, 0, 0, 0, time.UTC)); rows != nil {
		t.Errorf("terms without clauses have rows: %v", rows)
	}
	if rows := ScorecardOf(without, counted, "2027-01"); rows != nil {
		t.Errorf("terms without clauses have rows for a month: %v", rows)
	}
	if c := Clause("other"); c.Party() != "" || c.EnforcedBy() != "" {
		t.Errorf("a clause that is none has party %q, %q", c.Party(), c.EnforcedBy())
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
			terms := Terms{Calendar: workdays("UTC"), YellowWithin: tc.yellow, MinimumSample: tc.sample, Sales: &Sales{Rejection: &Share{tc.target}}}
			rows := Scorecard(compiled(t, terms), []Count{count(ClauseRejection, "", "2027-W03", tc.met, tc.missed)}, time.Date(2027, 1, 20, 0, 0, 0, 0, time.UTC))
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
	first := func(period Period, met, missed int64) Count {
		return count(ClauseFirstContact, "High", period, met, missed)
	}
	cases := map[string]struct {
		counts []Count
		want   string
	}{
		"the current one":                  {[]Count{first("2027-W03", 5, 0), first("2027-W02", 9, 1)}, "Green firstContact/High 2027-W03 Met: 100% (5 of 5), target 90%"},
		"the last one with a sample":       {[]Count{first("2027-W03", 4, 0), first("2027-W02", 2, 1), first("2027-W01", 0, 9), first("2026-W53", 9, 0)}, "Red firstContact/High 2027-W01 Missed: 0% (0 of 9), target 90%"},
		"across the year":                  {[]Count{first("2027-W03", 4, 0), first("2026-W53", 9, 0), first("2026-W52", 0, 9)}, "Green firstContact/High 2026-W53 Met: 100% (9 of 9), target 90%"},
		"none has one":                     {[]Count{first("2027-W03", 1, 3), first("2027-W02", 4, 0)}, "Grey firstContact/High 2027-W03 InsufficientData: 25% (1 of 4), target 90%"},
		"a later week waits":               {[]Count{first("2027-W04", 0, 9), first("2027-W02", 9, 0)}, "Green firstContact/High 2027-W02 Met: 100% (9 of 9), target 90%"},
		"months and other clauses are not": {[]Count{first("2027-01", 0, 9), count(ClauseDisposition, "", "2027-W03", 0, 9)}, "Grey firstContact/High 2027-W03 InsufficientData: no leads, target 90%"},
		"another tier is not":              {[]Count{count(ClauseFirstContact, "Standard", "2027-W03", 0, 9)}, "Grey firstContact/High 2027-W03 InsufficientData: no leads, target 90%"},
		"revisions are summed": {[]Count{
			{Clause: ClauseFirstContact, Tier: "High", Period: "2027-W03", Revision: "a", Met: 2, Missed: 1},
			{Clause: ClauseFirstContact, Tier: "High", Period: "2027-W03", Revision: "b", Met: 3, Missed: 0},
		}, "Yellow firstContact/High 2027-W03 Missed: 83% (5 of 6), target 90%"},
	}
	c := compiled(t, fullTerms())
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rows := Scorecard(c, tc.counts, local(t, newYork, "2027-01-20 12:00"))
			i := slices.IndexFunc(rows, func(r Row) bool { return r.Tier == "High" })
			if got := line(rows[i]); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestOpenLeadsAreShown(t *testing.T) {
	n := Count{Clause: ClauseDisposition, Period: "2027-W03", Met: 5, Open: 7, AtRisk: 2, Excused: 3}
	rows := Scorecard(compiled(t, fullTerms()), []Count{n, n}, local(t, newYork, "2027-01-20 12:00"))
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Clause == ClauseDisposition })
	r := rows[i]
	if r.Met != 10 || r.Total != 10 || r.Open != 14 || r.AtRisk != 4 {
		t.Errorf("met %d, total %d, open %d, at risk %d; want 10, 10, 14, 4: the excused are left out", r.Met, r.Total, r.Open, r.AtRisk)
	}
}

// February 2027 has 20 business days from Monday to Friday, 180 hours; the target is 100. Six hours ask for 3.33 MQLs.
func TestVolumePace(t *testing.T) {
	terms := Terms{Calendar: workdays("UTC"), Marketing: &Marketing{Volume: &Volume{MQLsPerMonth: 100}}}
	cases := map[string]struct {
		met  int64
		now  string
		want string
	}{
		"before the first hour":     {0, "2027-02-01 08:00", "Green volume 2027-02 Met: 0 of 100 MQLs, target 100 MQLs a month"},
		"half the month, on pace":   {50, "2027-02-13 12:00", "Green volume 2027-02 Met: 50 of 100 MQLs, target 100 MQLs a month"},
		"one short of the pace":     {49, "2027-02-13 12:00", "Yellow volume 2027-02 AtRisk: 49 of 100 MQLs, target 100 MQLs a month"},
		"ten percent below":         {45, "2027-02-13 12:00", "Yellow volume 2027-02 AtRisk: 45 of 100 MQLs, target 100 MQLs a month"},
		"far below":                 {44, "2027-02-13 12:00", "Red volume 2027-02 AtRisk: 44 of 100 MQLs, target 100 MQLs a month"},
		"within a business day":     {3, "2027-02-01 15:00", "Yellow volume 2027-02 AtRisk: 3 of 100 MQLs, target 100 MQLs a month"},
		"the target was met early":  {100, "2027-02-03 12:00", "Green volume 2027-02 Met: 100 of 100 MQLs, target 100 MQLs a month"},
		"the last evening, short":   {99, "2027-02-28 23:59:59", "Yellow volume 2027-02 AtRisk: 99 of 100 MQLs, target 100 MQLs a month"},
		"above the target":          {140, "2027-02-28 23:59:59", "Green volume 2027-02 Met: 140 of 100 MQLs, target 100 MQLs a month"},
		"a new month begins anew":   {100, "2027-03-01 00:00", "Green volume 2027-03 Met: 0 of 100 MQLs, target 100 MQLs a month"},
		"a new month soon has pace": {100, "2027-03-02 00:00", "Red volume 2027-03 AtRisk: 0 of 100 MQLs, target 100 MQLs a month"},
	}
	c := compiled(t, terms)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rows := Scorecard(c, []Count{count(ClauseVolume, "", "2027-02", tc.met, 0)}, local(t, "UTC", tc.now))
			if diff := cmp.Diff([]string{tc.want}, lines(rows)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWorstFirst(t *testing.T) {
	const w = "2027-W03"
	counts := []Count{
		count(ClauseVolume, "", "2027-01", 200, 0),
		count(ClauseCompleteness, "", w, 95, 5),
		count(ClauseScore, "", w, 10, 0),
		count(ClauseDelivery, "", w, 1, 99),
		count(ClauseFirstContact, "Standard", w, 1, 9),
		count(ClauseFirstContact, "High", w, 1, 99),
		count(ClauseRejection, "", w, 10, 0),
	}
	got := lines(Scorecard(compiled(t, fullTerms()), counts, local(t, newYork, "2027-01-20 12:00")))
	want := []string{
		"Red delivery 2027-W03 Missed: 1% (1 of 100), target 99%",
		"Red firstContact/High 2027-W03 Missed: 1% (1 of 100), target 90%",
		"Red firstContact/Standard 2027-W03 Missed: 10% (1 of 10), target 90%",
		"Yellow completeness 2027-W03 Missed: 95% (95 of 100), target 100%",
		"Grey disposition 2027-W03 InsufficientData: no leads, target 95%",
		"Green volume 2027-01 Met: 200 of 133 MQLs, target 133 MQLs a month",
		"Green score 2027-W03 Met: 100% (10 of 10), target 100%",
		"Green rejection 2027-W03 Met: 100% (10 of 10), target 100%",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestScorecardOf(t *testing.T) {
	c := compiled(t, fullTerms())
	weekly := []Count{count(ClauseDisposition, "", "2027-W02", 9, 1), count(ClauseDisposition, "", "2027-W03", 0, 10)}
	withMonth := func(met int64) []Count {
		return append(slices.Clone(weekly), count(ClauseVolume, "", "2027-01", met, 0))
	}
	cases := map[string]struct {
		counts []Count
		period Period
		want   []string
	}{
		"the week asked for, not the newest": {weekly, "2027-W02", []string{"Yellow disposition 2027-W02 Missed: 90% (9 of 10), target 95%"}},
		"a week without leads":               {weekly, "2027-W01", []string{"Grey disposition 2027-W01 InsufficientData: no leads, target 95%"}},
		// By the end of the second week 11 of January's 21 business days have passed: 69.67 MQLs are due.
		"with the month, by the pace of the week's end": {withMonth(70), "2027-W02", []string{
			"Yellow disposition 2027-W02 Missed: 90% (9 of 10), target 95%", "Green volume 2027-01 Met: 70 of 133 MQLs, target 133 MQLs a month",
		}},
		"below the pace of the week's end": {withMonth(63), "2027-W02", []string{
			"Yellow volume 2027-01 AtRisk: 63 of 133 MQLs, target 133 MQLs a month", "Yellow disposition 2027-W02 Missed: 90% (9 of 10), target 95%",
		}},
		"a week that ends with its month closes it": {[]Count{count(ClauseVolume, "", "2027-01", 132, 0)}, "2027-W04", []string{
			"Yellow volume 2027-01 Missed: 132 of 133 MQLs, target 133 MQLs a month", "Grey disposition 2027-W04 InsufficientData: no leads, target 95%",
		}},
		"a closed month":                {withMonth(100), "2027-01", []string{"Red volume 2027-01 Missed: 100 of 133 MQLs, target 133 MQLs a month"}},
		"a closed month without a lead": {nil, "2027-01", []string{"Red volume 2027-01 Missed: 0 of 133 MQLs, target 133 MQLs a month"}},
		"what is no period":             {weekly, "2027-W54", nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := lines(ScorecardOf(c, tc.counts, tc.period), ClauseVolume, ClauseDisposition)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
