// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

const twoClauses = `

terms t1: firstContact 90% High; rejection 100%
2027-W02  High 19/20, rejection 9/9
2027-W03  High 10/20, rejection 9/9
`

func judged(t *testing.T, text string, change func(*judge.Input)) judge.Judgement {
	t.Helper()
	s := readStory(t, text)
	in := s.asOf(s.weeks[len(s.weeks)-1])
	change(&in)
	return judge.Judge(in)
}

func noted(t *testing.T, j judge.Judgement, want ...string) {
	t.Helper()
	if len(j.Notes) != len(want) {
		t.Errorf("notes %q, want %d", j.Notes, len(want))
	}
	for i, text := range want {
		if i < len(j.Notes) && !strings.Contains(j.Notes[i], text) {
			t.Errorf("note %q, want %q in it", j.Notes[i], text)
		}
	}
}

func lines(rows []sla.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, scorecardLine(r))
	}
	return out
}

func TestTermsThatAreNotKnown(t *testing.T) {
	j := judged(t, twoClauses, func(in *judge.Input) { in.InForce = "lost" })
	noted(t, j, `the terms in force, "lost", are not known`)
	if j.Rows != nil || j.Weeks != nil || j.Escalations != nil {
		t.Errorf("judged without terms: %v", j)
	}
}

func TestNothingCountedYet(t *testing.T) {
	j := judged(t, twoClauses, func(in *judge.Input) {
		in.Counts, in.ClosedThrough, in.Now = nil, "", time.Date(2027, 1, 20, 12, 0, 0, 0, time.UTC)
	})
	want := []string{
		"Grey firstContact High 2027-W03 InsufficientData: no leads, target 90%",
		"Grey rejection 2027-W03 InsufficientData: no leads, target 100%",
	}
	if diff := cmp.Diff(want, lines(j.Rows)); diff != "" || len(j.Weeks) > 0 || j.Ratification != (judge.Ratification{}) {
		t.Errorf("%v, %v\n%s", j.Weeks, j.Ratification, diff)
	}
}

// What is open is unknown, what was closed stays closed.
func TestClockThatWentBack(t *testing.T) {
	story := twoClauses + "2027-W04  High 20/20\n"
	before := judged(t, twoClauses, func(*judge.Input) {})
	j := judged(t, story, func(in *judge.Input) {
		in.ClosedThrough, in.Now = "2027-W03", time.Date(2027, 1, 20, 12, 0, 0, 0, time.UTC)
	})
	noted(t, j, "the ledger's clock went back: it shows 2027-01-20T12:00:00Z, and 2027-W03 had ended at 2027-01-25T00:00:00Z")
	want := []string{
		"Grey firstContact High 2027-W04 Unknown: 100% (20 of 20), target 90%, missed 1 in a row",
		"Green rejection 2027-W03 Met: 100% (9 of 9), target 100%",
	}
	if diff := cmp.Diff(want, lines(j.Rows)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before.Weeks, j.Weeks); diff != "" || !cmp.Equal(before.Escalations, j.Escalations) {
		t.Errorf("closed weeks changed (-before +after):\n%s\n%v", diff, j.Escalations)
	}
}

// A clock that is ahead of the ledger closes no week.
func TestClockThatIsAhead(t *testing.T) {
	j := judged(t, twoClauses, func(in *judge.Input) { in.Now = in.Now.AddDate(0, 3, 0) })
	if last := j.Weeks[len(j.Weeks)-1]; last.Period != "2027-W03" || j.Escalations[0].Level != 1 {
		t.Errorf("last week %s, escalations %v", last.Period, j.Escalations)
	}
}

// The open week is shown once it has enough leads; a waiver for it shows at once.
func TestOpenWeek(t *testing.T) {
	open := func(met, missed int64) func(*judge.Input) {
		return func(in *judge.Input) {
			in.Counts = append(in.Counts, sla.Count{
				Clause: sla.ClauseFirstContact, Tier: "High", Period: "2027-W04", Revision: "t1", Met: met, Missed: missed, Open: 3, AtRisk: 1, Contacted: met,
				Times: sla.Times{Leads: met, Within5m: 1, Within15m: 2, Median: time.Minute, P90: time.Hour},
			})
			in.Now = in.Now.Add(50 * time.Hour)
		}
	}
	for name, tc := range map[string]struct {
		change func(*judge.Input)
		want   string
	}{
		"too few":             {open(1, 3), "Red firstContact High 2027-W03 Missed: 50% (10 of 20), target 90%, missed 1 in a row"},
		"enough":              {open(5, 0), "Green firstContact High 2027-W04 Met: 100% (5 of 5), target 90%, missed 1 in a row"},
		"hardly any reached":  {open(2, 3), "Red firstContact High 2027-W04 Missed: 40% (2 of 5, 2 of 5 contacted at all), target 90%, by far, missed 1 in a row"},
		"enough, but waived":  {waivedFrom("2027-01-31", open(1, 4)), "Grey firstContact High 2027-W04 Waived: 20% (1 of 5, 1 of 5 contacted at all), target 90%, missed 1 in a row, waived by w"},
		"too few, and waived": {waivedFrom("2027-01-25", open(0, 0)), "Grey firstContact High 2027-W04 Waived: no leads, target 90%, missed 1 in a row, waived by w"},
		"waived before":       {waivedFrom("2027-01-24", open(0, 0)), "Grey firstContact High 2027-W03 Waived: 50% (10 of 20), target 90%, waived by w"},
	} {
		t.Run(name, func(t *testing.T) {
			j := judged(t, twoClauses, tc.change)
			at := slices.IndexFunc(j.Rows, func(r sla.Row) bool { return r.Clause == sla.ClauseFirstContact })
			row := j.Rows[at]
			if got := scorecardLine(row); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if row.Period == "2027-W04" && row.Open != 3 || row.Review != sla.ReviewWeekly || row.Party != sla.PartySales || row.EnforcedBy == "" {
				t.Errorf("row %+v", row)
			}
		})
	}
}

func waivedFrom(day string, then func(*judge.Input)) func(*judge.Input) {
	return func(in *judge.Input) {
		then(in)
		w := judge.Waiver{Name: "w", Clause: sla.ClauseFirstContact, From: day, To: day, Signed: in.Now.AddDate(0, 0, -1)}
		in.Waivers = append(in.Waivers, w)
	}
}

// Leads of two revisions are counted together; of their times only a bound is known.
func TestTimesOfTwoRevisions(t *testing.T) {
	j := judged(t, twoClauses, func(in *judge.Input) {
		first := sla.Times{Leads: 3, Within5m: 1, Within15m: 2, Median: 8 * time.Minute, P90: time.Hour}
		second := sla.Times{Leads: 4, Within5m: 4, Within15m: 4, Median: time.Minute, P90: 2 * time.Hour}
		in.Counts = []sla.Count{
			{Clause: sla.ClauseFirstContact, Tier: "High", Period: "2027-W03", Revision: "t1", Met: 3, Times: first},
			{Clause: sla.ClauseFirstContact, Tier: "High", Period: "2027-W03", Revision: "t1", Met: 4, Times: second},
		}
	})
	row, ok := j.Weeks[0].Verdict(sla.ClauseFirstContact)
	want := sla.Times{Leads: 7, Within5m: 5, Within15m: 6, Median: 8 * time.Minute, P90: 2 * time.Hour}
	if !ok || row.Times != want || row.Contacted != 7 {
		t.Errorf("times %+v, contacted %d", row.Times, row.Contacted)
	}
}

func TestWaiversWithoutEffect(t *testing.T) {
	j := judged(t, twoClauses, func(in *judge.Input) {
		in.Waivers = []judge.Waiver{
			{Name: "days", Clause: sla.ClauseFirstContact, From: "2027-01-18", To: "2027-02-31", Signed: in.Now},
			{Name: "unsigned", Clause: sla.ClauseFirstContact, From: "2027-01-18", To: "2027-01-18"},
		}
	})
	noted(t, j, `waiver days has no effect: its days, "2027-01-18" to "2027-02-31"`, "waiver unsigned has no effect: not both parties have signed it")
	if len(j.Escalations) != 1 {
		t.Errorf("escalations %v", j.Escalations)
	}
}

func TestDisputesWithDatesThatDoNotFit(t *testing.T) {
	raised := time.Date(2027, 1, 22, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		dispute judge.Dispute
		level   int
		note    string
	}{
		"raised in the future":       {judge.Dispute{At: raised.AddDate(0, 1, 0)}, 1, "which has not come: it counts from then on"},
		"resolved in the future":     {judge.Dispute{At: raised, Resolved: raised.AddDate(0, 1, 0)}, 3, "it is open until then"},
		"resolved before the raised": {judge.Dispute{At: raised, Resolved: raised.AddDate(0, -1, 0)}, 3, "it counts as open until the date is mended"},
	} {
		t.Run(name, func(t *testing.T) {
			d := tc.dispute
			d.Clause, d.RaisedBy = sla.ClauseFirstContact, sla.PartySales
			j := judged(t, twoClauses, func(in *judge.Input) { in.Dispute = &d })
			noted(t, j, tc.note)
			if len(j.Escalations) != 1 || j.Escalations[0].Level != tc.level {
				t.Errorf("escalations %v", j.Escalations)
			}
		})
	}
}

// A clause that new terms no longer have takes its escalation with it; a dispute about it stays.
func TestClauseThatIsGone(t *testing.T) {
	const story = `

terms t1 from 2027-01-01: firstContact 90% High; rejection 100%
terms t2 from 2027-01-25: rejection 100%
2027-W03  High 10/20 by t1, rejection 9/9 by t1
2027-W04  rejection 9/9
`
	open := judged(t, story, func(in *judge.Input) { // while the week of the change is open
		in.Now, in.ClosedThrough = time.Date(2027, 1, 26, 12, 0, 0, 0, time.UTC), "2027-W03"
	})
	noted(t, open, "the terms in force no longer ask for firstContact: its escalation of level 1 ended with that")
	j := judged(t, story, func(*judge.Input) {})
	for _, seen := range []judge.Judgement{open, j} {
		if len(seen.Escalations) > 0 || len(seen.Rows) != 1 {
			t.Errorf("escalations %v, rows %v", seen.Escalations, lines(seen.Rows))
		}
		// Whoever was told of it is told that it is over, and why: once, whenever one looks.
		want := judge.Step{
			Clause: sla.ClauseFirstContact, At: time.Date(2027, 1, 25, 0, 0, 0, 0, time.UTC), Reason: "the terms in force since then no longer ask for it",
		}
		if len(seen.Steps) != 2 || seen.Steps[1] != want {
			t.Errorf("steps %v, want the last to be %v", seen.Steps, want)
		}
	}
	j = judged(t, story, func(in *judge.Input) {
		in.Dispute = &judge.Dispute{Clause: sla.ClauseFirstContact, RaisedBy: sla.PartySales, At: in.Now.AddDate(0, 0, -1), Reason: strings.Repeat("long ", 400)}
	})
	if len(j.Escalations) != 1 || j.Escalations[0].Level != 3 || len(j.Escalations[0].Reason) > 1024 {
		t.Errorf("escalations %v", j.Escalations)
	}
}

// Volume is asked for from the next month on when the terms of this one did not have it; the counts of the month stand for a pace that is not there.
func TestVolumeOfMonths(t *testing.T) {
	const story = `

terms t1 from 2027-01-01: rejection 100%
terms t2 from 2027-01-20: rejection 100%; volume 100
2027-W02  rejection 9/9 by t1
2027-W03  rejection 9/9
`
	volume := func(j judge.Judgement) string {
		return scorecardLine(j.Rows[slices.IndexFunc(j.Rows, func(r sla.Row) bool { return r.Clause == sla.ClauseVolume })])
	}
	pace := sla.Pace{Week: "2027-W04", Month: "2027-01", MQLs: 40, Revision: "t1"}
	j := judged(t, story, func(in *judge.Input) { in.Paces = []sla.Pace{pace} })
	if got, want := volume(j), "Grey volume 2027-01 InsufficientData: 40 MQLs, judged from February 2027 on, target 100 MQLs a month"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	j = judged(t, story, func(in *judge.Input) {
		in.Counts = append(in.Counts, sla.Count{Clause: sla.ClauseVolume, Period: "2027-01", Revision: "t2", Met: 90})
	})
	if got, want := volume(j), "Green volume 2027-01 Met: 90 of 100 MQLs where 77 were due, target 100 MQLs a month"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if row, ok := j.Weeks[len(j.Weeks)-1].Verdict(sla.ClauseVolume); !ok || row.Verdict != sla.VerdictInsufficientData || row.Actual != "not counted" {
		t.Errorf("a week whose pace is not counted: %+v", row)
	}
}

// One person may answer for both sides, and nobody need be named as the executive.
func TestOwners(t *testing.T) {
	terms := officeTerms()
	terms.Parties = sla.Parties{Marketing: sla.Contact{Owner: "VP Revenue"}, Sales: sla.Contact{Owner: "VP Revenue"}}
	terms.Sales.Rejection = &sla.Share{TargetPercent: 100}
	c, err := sla.Compile(terms)
	if err != nil {
		t.Fatal(err)
	}
	counts := []sla.Count{count(sla.ClauseRejection, "", "2027-W02", 0, 9), count(sla.ClauseRejection, "", "2027-W03", 0, 9)}
	now := time.Date(2027, 1, 25, 0, 0, 0, 0, time.UTC)
	j := judge.Judge(judge.Input{Book: map[string]*sla.Compiled{"": c}, Counts: counts, Now: now, ClosedThrough: "2027-W03"})
	if len(j.Escalations) != 1 || !slices.Equal(j.Escalations[0].Owners, []string{"VP Revenue"}) {
		t.Errorf("escalations %+v", j.Escalations)
	}
}

// Signatures alone say when a contract went live, where nothing else does; counts of terms that nobody knows and of clauses that nobody owes count for nothing.
func TestGoLiveBySignatures(t *testing.T) {
	first, second := time.Date(2027, 1, 6, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 8, 0, 0, 0, 0, time.UTC)
	j := judged(t, twoClauses, func(in *judge.Input) {
		in.Terms, in.Definition = []time.Time{second.AddDate(0, 0, 9), first}, []time.Time{second}
		in.Counts = append(in.Counts, sla.Count{Clause: sla.ClauseFeedback, Period: "2027-W03", Revision: "t1", Missed: 9})
	})
	if j.Weeks[0].Period != "2027-W01" {
		t.Errorf("the first week is %s", j.Weeks[0].Period)
	}
	if j.Ratification.Currency != judge.Current || !j.Ratification.Signed.Equal(second) {
		t.Errorf("%+v", j.Ratification)
	}
	if _, owed := j.Weeks[len(j.Weeks)-1].Verdict(sla.ClauseFeedback); owed {
		t.Error("feedback is judged, which the terms do not ask for")
	}
}
