// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Two jobs at once make one report; a job that died between the ledger and the cluster leaves its report to the next.
func TestAReportIsMadeOnce(t *testing.T) {
	r := livedQuarter(t)
	var first, second shelf
	errs := make(chan error)
	for _, s := range []*shelf{&first, &second} {
		go func() {
			_, err := r.reviews(review.Performance, "monthly", s).Run(t.Context())
			errs <- err
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if diff := gocmp.Diff(first.made, second.made); diff != "" || len(first.made) != 4 {
		t.Errorf("%d reports; both show the same (-first +second):\n%s", len(first.made), diff)
	}
	died := shelf{fail: "2027-Q1"}
	reviewing := r.reviews(review.Strategic, "quarterly", &died)
	if _, err := reviewing.Run(t.Context()); err == nil {
		t.Fatal("it did not fail")
	}
	kept, err := r.l.Report(t.Context(), "mid-market", "quarterly", "2027-Q1")
	if err != nil || kept == nil {
		t.Fatalf("the ledger has %+v, %v", kept, err)
	}
	// What became known since is in no report that was made before.
	r.send(touch("lead-007", quarterBegins.Add(time.Hour+7*528*time.Minute+time.Minute)))
	r.work(team("rep-1"))
	died.fail = ""
	if made, err := reviewing.Run(t.Context()); err != nil || made != 1 {
		t.Fatalf("%d reports, %v", made, err)
	}
	if diff := gocmp.Diff(*kept, died.made["2027-Q1"]); diff != "" {
		t.Errorf("another report than was made (-want +got):\n%s", diff)
	}
}

// What was decided after the end of a period, and what was agreed in earlier reviews, is told as it was.
func TestAReportIsAsOfItsPeriod(t *testing.T) {
	r := livedQuarter(t)
	schedule, err := judge.ParseSchedule("0 9 * * MON", quarterGoesLive)
	if err != nil {
		t.Fatal(err)
	}
	var s shelf
	reviewing := r.reviews(review.Operational, "weekly", &s)
	a := &reviewing.Agreement
	both := []sla.Party{sla.PartyMarketing, sla.PartySales}
	a.Meetings = []judge.Meeting{{Name: "weekly", Type: judge.Operational, Schedule: schedule, Records: []judge.Record{
		{Period: "2027-W03", Held: time.Date(2027, 1, 26, 0, 0, 0, 0, time.UTC), By: both},
	}}}
	a.Minutes = []pipeline.Minutes{{
		Review: "weekly", Period: "2027-W03", Held: "2027-01-26", By: []string{"Marketing", "Sales"}, Decisions: []string{"call first"},
		Actions: []review.Action{{What: "staff the night", Owner: "VP Sales"}, {What: "long done", Owner: "VP Sales", Done: "2027-01-27"}},
	}}
	a.Dispute = &judge.Dispute{
		RaisedBy: sla.PartySales, At: time.Date(2027, 2, 10, 12, 0, 0, 0, time.UTC), Reason: "too many", Resolved: time.Date(2027, 3, 3, 12, 0, 0, 0, time.UTC),
		ResolvedBy: "CRO", Decision: "as it is",
	}
	a.Waivers = []judge.Waiver{{
		Name: "migration", Clause: sla.ClauseFirstContact, From: "2027-02-02", To: "2027-02-03", Reason: "CRM", Signed: time.Date(2027, 2, 5, 0, 0, 0, 0, time.UTC),
	}}
	_, err = reviewing.Run(t.Context())
	if err == nil || pipeline.Explain(err).Error() != `the contract's status does not have 2027-W05 yet, which the waiver "migration" touches; the report waits` {
		t.Errorf("before the manager has judged: %v", err)
	}
	a.Judged = []pipeline.JudgedWeek{{Period: "2027-W13"}, {Period: "2027-W05", Waived: []sla.Clause{sla.ClauseFirstContact}}}
	if _, err := reviewing.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	disputed := func(week sla.Period) bool {
		return slices.ContainsFunc(factsOf(t, s.made[week]).Escalations, func(e review.Escalation) bool { return e.Clause == string(judge.ClauseTerms) })
	}
	for week, want := range map[sla.Period]bool{"2027-W05": false, "2027-W06": true, "2027-W08": true, "2027-W09": false} {
		if disputed(week) != want {
			t.Errorf("%s: disputed %t", week, !want)
		}
	}
	f := factsOf(t, s.made["2027-W05"])
	for _, row := range f.Scorecard {
		if waived := row.Clause == sla.ClauseFirstContact; waived != (row.Verdict == sla.VerdictWaived) || waived && row.Waiver != "migration" {
			t.Errorf("row of %s: %+v", row.Clause, row)
		}
	}
	if len(f.Waivers) != 1 || f.Waivers[0].From != "2027-02-02" || f.Waivers[0].Signed.IsZero() {
		t.Errorf("waivers %+v", f.Waivers)
	}
	var missed, carried []string
	for _, h := range f.Reviews {
		if h.Held == "" {
			missed = append(missed, string(h.Period))
		}
		for _, action := range h.Actions {
			carried = append(carried, string(h.Period)+" "+action.What)
		}
	}
	if diff := gocmp.Diff([]string{"2027-W04"}, missed); diff != "" {
		t.Errorf("due in the week and not held (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"2027-W03 staff the night"}, carried); diff != "" {
		t.Errorf("open actions (-want +got):\n%s", diff)
	}
}
