// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"bytes"
	gocmp "cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Every kind that ingestion takes is read, and no other.
func TestEveryKindOfEventIsRead(t *testing.T) {
	in := input(t, 40)
	in.Events = []string{"e.ndjson"}
	w := &gatherer{joiner: &joiner{in: &in}, tally: newTally(0)}
	data := map[lead.Kind]string{
		lead.KindTouch:       `{"channel": "Phone", "direction": "Outbound", "actor": "Human"}`,
		lead.KindDisposition: `{"reason": "NotICP"}`,
		lead.KindQualified:   `{"qualification": {"budget": "a lot"}}`,
		lead.KindContested:   `{"ruling": "Overturned", "parties": ["Marketing", "Sales"]}`,
		lead.KindOpportunity: `{"opportunity": "deal-1", "state": "Open"}`,
		lead.KindUpdated:     `{"properties": {"size": "many", "origin": "web"}}`,
	}
	for _, kind := range lead.Kinds() {
		r, err := parseEvent(fmt.Sprintf(`{"type": "dev.handoff.lead.%s", "subject": "a", "time": "2026-01-01T00:00:00Z", "data": %s}`, kind, gocmp.Or(data[kind], "{}")))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if e, ok := w.cloudEvent(r); !ok || e.Kind != kind {
			t.Errorf("%s is read as %+v", kind, e)
		}
	}
	if w.tally.problems.Count != 2 {
		t.Errorf("a budget that is no truth and a size that is no number: %v", w.tally.problems)
	}
	if _, err := parseEvent(`{"type": "dev.handoff.lead.touch", "subject": "a", "time": "2026-01-01T00:00:00Z", "data": {"channel": "Pigeon"}}`); err == nil || !strings.Contains(err.Error(), `data.channel: "Pigeon" is unknown; it should be one of Phone`) {
		t.Errorf("error %v for a channel that does not exist", err)
	}
	_, err := parseEvent(`{"type": "dev.handoff.lead.renamed", "subject": "a", "time": "2026-01-01T00:00:00Z", "data": {}}`)
	if err == nil || !strings.Contains(err.Error(), "one of captured updated") {
		t.Errorf("error %v for a kind that does not exist", err)
	}
}

// twoCycles is a lead that is handed off, recycled, and handed off again when the time is over; b is handed off once.
const twoCycles = "lead_id,time,event,channel,direction,actor,outcome,reason,rep,budget,timelineDays\n" +
	"a,2026-02-01 00:00:00,assigned,,,,,,r1,,\n" +
	"a,2026-02-01 00:30:00,touch,Phone,,,,,r1,,\n" +
	"a,2026-02-01 02:00:00,qualified,,,,,,r1,true,300\n" +
	"a,2026-02-02 00:00:00,disposition,,,,Recycled,BadTiming,r1,,\n" +
	"a,2026-02-10 00:10:00,assigned,,,,,,r2,,\n" +
	"a,2026-02-10 03:00:00,touch,Phone,,,,,r2,,\n" + // two hours and fifty minutes after the assignment
	"a,2026-02-11 00:00:00,qualified,,,,,,r2,FALSE,20\n" +
	"b,2026-02-01 01:00:00,qualified,,,,,,,true,10\n" +
	"c,2026-02-03 00:00:00,qualified,,,,,,,maybe,\n" +
	"c,2026-02-03 00:00:00,qualified,,,,,,,,\n"

func cycleInput(t *testing.T) Input {
	t.Helper()
	d := definition(40)
	d.SQL = []lead.SQLCriterion{{Name: "budget", Expression: "qualification.budget"}, {Name: "soon", Expression: "qualification.timelineDays <= 90"}}
	d.Dispositions = append(d.Dispositions, lead.Disposition{Name: "BadTiming", Outcome: lead.Recycled, Reentry: &lead.Reentry{After: 48 * time.Hour, ScoreDelta: -10}})
	at := files(t, map[string]string{
		"l.csv": "lead_id,created,origin,size,won\na,2026-01-31 23:30:00,paid,200,yes\nb,2026-02-01,paid,5,yes\nc,2026-02-02,social,100,no\n",
		"t.csv": twoCycles,
		"a.csv": "lead_id,at,activity,form,real\na,2026-02-03,FormSubmit,demo,true\na,2026-02-10,FormSubmit,demo,true\n",
	})
	in := input(t, 40)
	in.New = rules(t, "new", d)
	in.Leads, in.Touches, in.Activities, in.Outcome = []string{at("l.csv")}, []string{at("t.csv")}, []string{at("a.csv")}, "won"
	in.Terms, in.Contract = terms(t), "contract"
	return in
}

func TestALeadThatComesBackIsJudgedAgain(t *testing.T) {
	r := run(t, cycleInput(t))
	if r.MQLs != 2 || r.Returned != 1 {
		t.Errorf("%d MQLs, %d returned; want 2 and 1", r.MQLs, r.Returned)
	}
	sum := int64(0)
	for _, m := range r.Months {
		sum += m.MQLs
	}
	if sum != 2 {
		t.Errorf("%d MQLs in all months: one that comes back counts once", sum)
	}
	// a within half an hour the first time and too late the second; b was never called
	if c := r.Terms.Clauses[0]; c.Clause != "firstContact" || c.Met != 1 || c.Missed != 1 {
		t.Errorf("first contact: %+v", c)
	}
	if diff := cmp.Diff([]Reason{{Outcome: "Recycled", Reason: "BadTiming", Leads: 1, MQLs: 1, Coded: true}}, r.Reasons); diff != "" {
		t.Errorf("reasons (-want +got)\n%s", diff)
	}
	in := cycleInput(t)
	in.New.Definition.Dispositions[2].Reentry = nil
	in.New = rules(t, "new", in.New.Definition)
	if r := run(t, in); r.Returned != 0 || r.Terms.Clauses[0].Missed != 0 {
		t.Errorf("without a rule of re-entry: %d returned, %+v", r.Returned, r.Terms.Clauses[0])
	}
}

func TestSQLs(t *testing.T) {
	r := run(t, cycleInput(t))
	want := &SQL{Asked: 2, SQLs: 1, Converted: pointer[int64](1), Unmet: []Unmet{{"budget", 1}}}
	if diff := cmp.Diff(want, r.SQL); diff != "" { // of a, what was told last: it was not taken for granted that the budget stays
		t.Errorf("SQLs (-want +got)\n%s", diff)
	}
	if r.Problems.ByKind[leadfile.KindValue] != 2 {
		t.Errorf("what is no truth and what tells nothing are no problems: %v", r.Problems)
	}
	for name, render := range map[string]func(*Report) (string, error){"text": rendered((*Report).Text), "markdown": rendered((*Report).Markdown), "html": rendered((*Report).HTML)} {
		text, err := render(r)
		for _, part := range []string{"of the 2 MQLs that sales told what it found out about; 1 of the SQLs converted; not met: budget 1", "returned"} {
			if err != nil || !strings.Contains(text, part) {
				t.Errorf("%s: %v: no %q in\n%s", name, err, part, text)
			}
		}
		in := cycleInput(t)
		in.Touches = nil
		if text, err := render(run(t, in)); err != nil || strings.Contains(text, "sales told") {
			t.Errorf("%s: %v: SQLs where nothing was told", name, err)
		}
	}
}

func rendered(render func(*Report, io.Writer) error) func(*Report) (string, error) {
	return func(r *Report) (string, error) {
		var out bytes.Buffer
		err := render(r, &out)
		return out.String(), err
	}
}

func TestFlipsAreAlwaysThere(t *testing.T) {
	in := input(t, 40)
	in.Leads = []string{files(t, map[string]string{"l.csv": fourLeads})("l.csv")}
	flips := func() (members map[string]any) {
		var report struct{ Flips map[string]any }
		var out bytes.Buffer
		if err := run(t, in).JSON(&out); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out.Bytes(), &report); err != nil {
			t.Fatal(err)
		}
		return report.Flips
	}
	none := []any{}
	want := map[string]any{"gained": nil, "lost": nil, "gainedConverted": nil, "lostConverted": nil, "gainedExamples": none, "lostExamples": none}
	if diff := cmp.Diff(want, flips()); diff != "" {
		t.Errorf("nothing compared (-want +got)\n%s", diff)
	}
	gate, err := NewGate("flips.lost > 20")
	if err != nil {
		t.Fatal(err)
	}
	if err := gate.Check(run(t, in)); err == nil || !strings.Contains(err.Error(), "flips.lost is not known") {
		t.Errorf("error %v for a number that is not known", err)
	}
	old := rules(t, "old", definition(70))
	in.Old = &old
	if got := flips(); got["gained"] != 1.0 || got["lost"] != 0.0 || got["lostConverted"] != nil {
		t.Errorf("compared: %v", got)
	}
}

func TestNumbersOfThings(t *testing.T) {
	in := input(t, 70)
	old := rules(t, "old", definition(40))
	in.Old, in.Outcome = &old, "won"
	in.Leads = []string{files(t, map[string]string{"l.csv": "lead_id,created,origin,size,won\nb,2026-02-01,paid,5,no\n"})("l.csv")}
	text, err := rendered((*Report).Text)(run(t, in))
	for _, want := range []string{"0 leads become MQL, 1 no longer does (it did not convert).", "1 row read, 1 problem\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%v: no %q in\n%s", err, want, text)
		}
	}
	many, one, none := pointer[int64](5), pointer[int64](1), pointer[int64](0)
	for want, f := range map[string]Flips{
		"1 lead becomes MQL (it converted), 5 no longer do (1 of them converted).": {Gained: one, GainedConverted: one, Lost: many, LostConverted: one},
		"5 leads become MQL, 0 no longer do.":                                      {Gained: many, Lost: none},
	} {
		if got := f.sentence(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	v := Volume{Contract: "c", Target: 1, Months: 1, MonthsMet: 1, Average: 1, AgainstMet: pointer(1), AgainstMean: pointer(1.0)}
	if got, want := v.sentence(), "volume: contract c asks for 1 MQL a month; 1 of 1 month reaches it, 1 on average (before: 1 month, 1 on average)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The score of a lead is the same whatever the threshold, and whether its deal is a column or a file of its own.
func TestTheScoreDependsOnNeitherThresholdNorOutcome(t *testing.T) {
	var leads, won, closed, acts strings.Builder
	leads.WriteString("id,created,origin\n")
	won.WriteString("id,created,origin,won\n")
	closed.WriteString("id,won\n")
	acts.WriteString("id,time,activity,form,real\n")
	for i := range 200 {
		origin, day := []string{"paid", "social"}[i%2], ""
		fmt.Fprintf(&leads, "%d,2026-01-01,%s\n", i, origin)
		if i%5 < i%3 {
			day = "2026-06-01"
			fmt.Fprintf(&closed, "%d,%s\n", i, day)
		}
		fmt.Fprintf(&won, "%d,2026-01-01,%s,%s\n", i, origin, day)
		if i%7 < 3 {
			fmt.Fprintf(&acts, "%d,2026-01-0%d,FormSubmit,demo,true\n", i, i%7+2)
		}
	}
	at := files(t, map[string]string{"l.csv": leads.String(), "w.csv": won.String(), "d.csv": closed.String(), "a.csv": acts.String()})
	report := func(threshold int, old *Rules, names ...string) *Report {
		d := definition(threshold)
		d.Scoring.Groups[0].Rules[2].HalfLife = 14 * 24 * time.Hour
		in := input(t, threshold)
		in.New, in.Old, in.Outcome, in.Activities = rules(t, "new", d), old, "won", []string{at("a.csv")}
		for _, name := range names {
			in.Leads = append(in.Leads, at(name))
		}
		return run(t, in)
	}
	want := report(50, nil, "w.csv")
	if *want.AUC == 0.5 || want.MQLs == 0 {
		t.Fatalf("nothing to compare: AUC %v, %d MQLs", *want.AUC, want.MQLs)
	}
	for name, got := range map[string]*Report{"another threshold": report(90, nil, "w.csv"), "deals in a file": report(50, nil, "l.csv", "d.csv"), "both": report(95, nil, "l.csv", "d.csv")} {
		if diff := cmp.Diff(want.Scores, got.Scores); diff != "" || *got.AUC != *want.AUC {
			t.Errorf("%s: AUC %v, want %v (-want +got)\n%s", name, *got.AUC, *want.AUC, diff)
		}
	}
	lower := definition(80)
	lower.Scoring.Groups[0].Rules[2].HalfLife = 14 * 24 * time.Hour
	old := rules(t, "old", lower)
	x := report(95, &old, "l.csv", "d.csv").Flips.LostExamples
	if len(x) == 0 || x[0].Score < 80 || x[0].OldScore != x[0].Score {
		t.Errorf("leads that are lost are explained at another time than that of the hand-off: %+v", x)
	}
}

// Months without leads count, as a target asks for each; a month's precision is that of its own MQLs.
func TestMonthsHaveNoGaps(t *testing.T) {
	in := input(t, 50)
	at := files(t, map[string]string{
		"l.csv": "id,created,origin,won\na,2026-01-05,paid,1\nb,2026-04-05,social,0\nc,2026-01-05,paid,0\n",
		"a.csv": "id,time,activity,form,real\na,2026-03-01,FormSubmit,demo,true\n",
		"t.csv": "id,time,event,outcome,reason\na,2026-01-01,disposition,Disqualified,NotICP\na,2026-03-02,disposition,Disqualified,NoSuchCode\n",
	})
	in.Leads, in.Activities, in.Touches, in.Outcome = []string{at("l.csv")}, []string{at("a.csv")}, []string{at("t.csv")}, "won"
	in.Terms, in.Contract = terms(t, sla.Observe), "contract"
	r := run(t, in)
	want := []Month{
		{Month: "2026-01", Leads: 2, Converted: pointer[int64](1)},
		{Month: "2026-02", Converted: pointer[int64](0)},
		{Month: "2026-03", MQLs: 1, Converted: pointer[int64](0), Precision: pointer(1.0)},
		{Month: "2026-04", Leads: 1, Converted: pointer[int64](0)},
	}
	if diff := cmp.Diff(want, r.Months); diff != "" || r.Zone != "UTC" || r.Volume.Months != 4 || r.Volume.Average != 0.25 {
		t.Errorf("zone %q, volume %+v, months (-want +got)\n%s", r.Zone, r.Volume, diff)
	}
	if r.Problems.ByKind[kindOrder] != 1 || len(r.Reasons) != 1 || r.Reasons[0].Coded {
		t.Errorf("problems %v, reasons %+v; want a disposition before the capture told, and a code that is none", r.Problems.ByKind, r.Reasons)
	}
	text, err := rendered((*Report).Text)(r)
	if err != nil || !strings.Contains(text, "no code of the definition") || !strings.Contains(text, "MONTH (UTC)") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestAnOutcomeThatFailsForAllLeadsIsAnError(t *testing.T) {
	in := input(t, 40)
	in.Leads, in.Outcome = []string{files(t, map[string]string{"l.csv": fourLeads})("l.csv")}, `int(row.origin) > 1`
	if _, err := Run(t.Context(), in); err == nil || !strings.Contains(err.Error(), "the outcome of 4 of 4 leads could not be told") {
		t.Errorf("error %v", err)
	}
	in.Outcome = `row.lead_id == "a" || int(row.origin) > 1`
	if r := run(t, in); *r.Converted != 1 || len(r.Notes) != 1 {
		t.Errorf("%d converted, notes %v", *r.Converted, r.Notes)
	}
}
