// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// waived is a contract with a waiver, which both parties signed unless it was changed since.
func waived(t *testing.T, change func(*slav1alpha1.Waiver)) *slav1alpha1.SLAContract {
	t.Helper()
	w := slav1alpha1.Waiver{Name: "crm-migration", Clause: "firstContact", From: "2027-01-18", To: "2027-01-24", Reason: "CRM migration"}
	digest, err := sla.DigestWaiver(Waiver("revenue", "mid-market", w))
	if err != nil {
		t.Fatal(err)
	}
	for i, party := range []slav1alpha1.Party{"Marketing", "Sales"} {
		w.SignOffs = append(w.SignOffs, slav1alpha1.SignOff{
			Party: party, By: "vp@acme.example", At: metav1.NewTime(newYear.AddDate(0, 0, i)), Object: "revenue/mid-market", Digest: slav1alpha1.Digest(digest),
		})
	}
	change(&w)
	c := &slav1alpha1.SLAContract{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "mid-market"}}
	c.Spec.Waivers = []slav1alpha1.Waiver{w}
	return c
}

func TestWaivers(t *testing.T) {
	byName := func(sla.SignOff) (bool, string) { return false, "" }
	refuse := func(off sla.SignOff) (bool, string) { return false, string(off.Party) + " needs a key" }
	cases := map[string]struct {
		change func(*slav1alpha1.Waiver)
		check  sla.Check
		flaws  []string // a part of each
	}{
		"signed by both":       {func(*slav1alpha1.Waiver) {}, byName, nil},
		"signed by one":        {func(w *slav1alpha1.Waiver) { w.SignOffs = w.SignOffs[:1] }, byName, []string{"Sales has not signed"}},
		"another day":          {func(w *slav1alpha1.Waiver) { w.To = "2027-01-31" }, byName, []string{"another text", "another text"}},
		"another clause":       {func(w *slav1alpha1.Waiver) { w.Clause = "volume" }, byName, []string{"another text", "another text"}},
		"another reason":       {func(w *slav1alpha1.Waiver) { w.Reason = "holidays" }, byName, []string{"another text", "another text"}},
		"of another contract":  {func(w *slav1alpha1.Waiver) { w.SignOffs[1].Object = "revenue/enterprise" }, byName, []string{"revenue/enterprise"}},
		"without a key's name": {func(*slav1alpha1.Waiver) {}, refuse, []string{"Marketing needs a key", "Sales needs a key"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Waivers(waived(t, tc.change), tc.check)
			if len(got) != 1 || got[0].Name != "crm-migration" || got[0].From != "2027-01-18" || len(got[0].Flaws) != len(tc.flaws) {
				t.Fatalf("waivers %+v, want %d flaws", got, len(tc.flaws))
			}
			for i, flaw := range tc.flaws {
				if !strings.Contains(got[0].Flaws[i], flaw) {
					t.Errorf("flaw %q, want %q in it", got[0].Flaws[i], flaw)
				}
			}
			if want := newYear.AddDate(0, 0, 1); len(tc.flaws) == 0 && !got[0].Signed.Equal(want) || len(tc.flaws) > 0 && !got[0].Signed.IsZero() {
				t.Errorf("signed %v", got[0].Signed)
			}
		})
	}
}

func TestDisputeAndRemediations(t *testing.T) {
	if Dispute(nil) != nil {
		t.Error("no dispute became one")
	}
	at := metav1.NewTime(newYear)
	d := &slav1alpha1.Dispute{RaisedBy: "Sales", At: at, Clause: "volume", Reason: "a 30% conversion is assumed"}
	want := judge.Dispute{RaisedBy: sla.PartySales, At: newYear, Clause: sla.ClauseVolume, Reason: "a 30% conversion is assumed"}
	if diff := cmp.Diff(&want, Dispute(d)); diff != "" {
		t.Errorf("open (-want +got):\n%s", diff)
	}
	d.Resolution = &slav1alpha1.DisputeResolution{By: "CRO", At: metav1.NewTime(newYear.Add(time.Hour)), Decision: "120 a month"}
	want.Resolved, want.ResolvedBy, want.Decision = newYear.Add(time.Hour), "CRO", "120 a month"
	if diff := cmp.Diff(&want, Dispute(d)); diff != "" {
		t.Errorf("resolved (-want +got):\n%s", diff)
	}
	plans := []slav1alpha1.Remediation{{Name: "nights", Clause: "firstContact", Cause: "Process", Owner: "Ops", Plan: "Madrid", Due: "2027-02-01", Done: "2027-01-30"}}
	got := Remediations(plans)
	wantPlans := []judge.Remediation{{Name: "nights", Clause: "firstContact", Cause: "Process", Owner: "Ops", Plan: "Madrid", Due: "2027-02-01", Done: "2027-01-30"}}
	if diff := cmp.Diff(wantPlans, got); diff != "" {
		t.Errorf("plans (-want +got):\n%s", diff)
	}
}

func TestReviews(t *testing.T) {
	now := time.Date(2027, 1, 20, 12, 0, 0, 0, time.UTC)
	spec := slav1alpha1.ReviewCadenceSpec{
		Reviews: []slav1alpha1.Review{
			{Name: "weekly", Type: slav1alpha1.ReviewOperational, Schedule: "0 9 * * MON", HeldWithin: "2d"},
			{Name: "never", Type: slav1alpha1.ReviewOperational, Schedule: "0 9 30 2 *"},
			{Name: "long", Type: slav1alpha1.ReviewOperational, Schedule: "0 9 * * MON", HeldWithin: "ever"},
			{Name: "quarterly", Type: slav1alpha1.ReviewStrategic, Schedule: "0 10 5 1,4,7,10 *"},
		},
		Records: []slav1alpha1.ReviewRecord{
			{Review: "weekly", Period: "2027-W01", Held: "2027-01-12", By: []slav1alpha1.Party{"Marketing", "Sales"}},
			{Review: "weekly", Period: "2027-W02", Held: "2027-02-31", By: []slav1alpha1.Party{"Marketing", "Sales"}},
			{Review: "quarterly", Period: "2027-W02", Held: "2027-01-19", By: []slav1alpha1.Party{"Marketing", "Sales"}},
		},
	}
	cadence := &slav1alpha1.ReviewCadence{Spec: spec}
	goLive := time.Date(2027, 1, 4, 0, 0, 0, 0, time.UTC)
	var got []string
	for _, r := range Reviews(cadence, goLive, now, time.UTC) {
		got = append(got, fmt.Sprintf("%s %s due %s held %t", r.Name, r.Period, r.Due.Format(time.RFC3339), !r.Held.IsZero()))
	}
	want := []string{
		"weekly 2027-W01 due 2027-01-13T09:00:00Z held true", "weekly 2027-W02 due 2027-01-20T09:00:00Z held false",
		"weekly 2027-W03 due 2027-01-27T09:00:00Z held false", "quarterly 2027-Q1 due 2027-04-26T10:00:00Z held false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	cadence.CreationTimestamp = metav1.NewTime(time.Date(2027, 1, 13, 8, 0, 0, 0, time.UTC)) // week 1 was over by then
	if late := Reviews(cadence, goLive, now, time.UTC); len(late) != 3 || late[0].Period != "2027-W02" {
		t.Errorf("a cadence that was made late begins with %v", late)
	}
	if none := Reviews(cadence, time.Time{}, now, time.UTC); len(none) > 0 {
		t.Errorf("before a go-live, %v", none)
	}
}

func TestEscalations(t *testing.T) {
	open := []judge.Escalation{
		{Clause: judge.ClauseTerms, Level: 3, Since: newYear, LevelSince: newYear, Owners: []string{"CRO"}, Reason: "why", Clears: "then"},
		{
			Clause: sla.ClauseVolume, Level: 2, Since: newYear, LevelSince: newYear.Add(time.Hour), Owners: []string{"a", "b"}, Reason: "why", Clears: "then",
			Due: newYear.Add(2 * time.Hour), Remediations: []string{"plan"},
		},
	}
	at := func(hours int) metav1.Time { return metav1.NewTime(newYear.Add(time.Duration(hours) * time.Hour)) }
	want := []slav1alpha1.EscalationStatus{
		{Clause: "terms", Level: 3, Since: at(0), LevelSince: at(0), Owners: []string{"CRO"}, Reason: "why", Clears: "then"},
		{
			Clause: "volume", Level: 2, Since: at(0), LevelSince: at(1), Owners: []string{"a", "b"}, Reason: "why", Clears: "then",
			Due: ptr.To(at(2)), Remediations: []string{"plan"},
		},
	}
	if diff := cmp.Diff(want, Escalations(open)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if Escalations(nil) != nil || History(nil) != nil {
		t.Error("nothing became something")
	}
}

func TestHistory(t *testing.T) {
	var weeks []judge.Week
	for p := sla.Period("2027-W01"); p < "2027-W31"; p = p.Next() {
		weeks = append(weeks, judge.Week{Period: p})
	}
	row := func(c sla.Clause, tier string, v sla.Verdict, severe bool) sla.Row {
		return sla.Row{Clause: c, Tier: tier, Verdict: v, Severe: severe}
	}
	weeks[len(weeks)-1].Rows = []sla.Row{
		row(sla.ClauseVolume, "", sla.VerdictAtRisk, false), row(sla.ClauseScore, "", sla.VerdictMet, false),
		row(sla.ClauseFirstContact, "High", sla.VerdictMet, false), row(sla.ClauseFirstContact, "Standard", sla.VerdictMissed, true),
		row(sla.ClauseRejection, "", sla.VerdictMissed, false), row(sla.ClauseFeedback, "", sla.VerdictInsufficientData, false),
		row(sla.ClauseReviewsHeld, "", sla.VerdictWaived, false),
	}
	got := History(weeks)
	if len(got) != 26 || got[25].Period != "2027-W05" {
		t.Fatalf("%d weeks down to %s, want 26 down to 2027-W05", len(got), got[len(got)-1].Period)
	}
	want := slav1alpha1.ClosedWeek{
		Period: "2027-W30", Met: []slav1alpha1.ClauseName{"score"}, AtRisk: []slav1alpha1.ClauseName{"volume"},
		Missed: []slav1alpha1.ClauseName{"firstContact", "rejection"}, Severe: []slav1alpha1.ClauseName{"firstContact"},
		Insufficient: []slav1alpha1.ClauseName{"feedback"}, Waived: []slav1alpha1.ClauseName{"reviewsHeld"},
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestScorecardRowInFull(t *testing.T) {
	rows := Scorecard([]sla.Row{{
		Clause: sla.ClauseRejection, Party: sla.PartySales, Period: "2027-W03", Indicator: sla.Grey, Verdict: sla.VerdictWaived, Met: 1, Total: 2,
		Actual: "50% (1 of 2)", Target: "90%", EnforcedBy: "x", Enforcement: sla.Observe, Review: sla.ReviewWeekly, MissedWeeks: 3, Waiver: "w",
		Times: sla.Times{Leads: 2, Within5m: 1, Within15m: 2, Median: 90 * time.Second, P90: time.Hour},
	}})
	times := &slav1alpha1.ResponseTimes{
		Leads: ptr.To[int64](2), Median: "1m30s", P90: "1h0m0s", Within5m: ptr.To[int64](1), Within15m: ptr.To[int64](2),
	}
	row := rows[0]
	if row.Enforcement != slav1alpha1.Observe || row.Review != "Weekly" || *row.MissedWeeks != 3 || row.Waiver != "w" || row.Verdict != "Waived" {
		t.Errorf("row %+v", row)
	}
	if diff := cmp.Diff(times, row.Times); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if Scorecard([]sla.Row{{}})[0].Times != nil {
		t.Error("a row without leads that were done has times")
	}
}

// A row names fields that a change really has, so that people find them in the CRM.
func TestFieldsOfTheCRM(t *testing.T) {
	named := regexp.MustCompile(`\(crm: ([^)]*)\)`)
	for _, clause := range sla.Clauses {
		m := named.FindStringSubmatch(clause.EnforcedBy())
		if m == nil {
			if clause.Party() != sla.PartyBoth && clause != sla.ClauseFeedback {
				t.Errorf("%s names no field of the CRM: %s", clause, clause.EnforcedBy())
			}
			continue
		}
		for _, path := range strings.Split(m[1], ", ") {
			at := reflect.TypeFor[crm.Data]()
			for _, name := range strings.Split(path, ".") {
				if at.Kind() == reflect.Pointer {
					at = at.Elem()
				}
				fields := reflect.VisibleFields(at)
				i := slices.IndexFunc(fields, func(f reflect.StructField) bool {
					tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
					return tag == name
				})
				if i < 0 {
					t.Fatalf("%s names %s, which a change does not have", clause, path)
				}
				at = fields[i].Type
			}
		}
	}
}
