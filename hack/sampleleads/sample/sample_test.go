// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/holidays"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// moments are nows of every kind: a working day, a night, a weekend, the days after holidays and after a change of the clocks.
var moments = map[string]time.Time{
	"a working day":       time.Date(2026, 11, 18, 16, 20, 11, 0, time.UTC),
	"a saturday night":    time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC),
	"after christmas":     time.Date(2026, 12, 29, 14, 0, 0, 0, time.UTC),
	"after new year":      time.Date(2027, 1, 4, 14, 1, 0, 0, time.UTC),
	"the clocks changed":  time.Date(2027, 3, 15, 9, 0, 0, 0, time.UTC),
	"a monday at opening": time.Date(2027, 6, 7, 13, 0, 0, 0, time.UTC),
}

func generate(t *testing.T, now time.Time, leads int, seed uint64) *Set {
	t.Helper()
	set, err := Generate(Options{Now: now, Weeks: 4, Leads: leads, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// The oracle counts intentions, Handoff's core judges events: on the samples both must agree, to the last lead.
func TestOracleAgreesWithTheCore(t *testing.T) {
	program, terms := compiled(t)
	for name, now := range moments {
		t.Run(name, func(t *testing.T) {
			set := generate(t, now, 1000, 7)
			want := set.Expect()
			got := Expectation{Now: now, ClosedThrough: want.ClosedThrough, Today: want.Today, Stages: map[string]int{}}
			rows := map[rowKey]*Row{}
			histories := byLead(t, set.History())
			got.Stages["Merged"] = merge(histories)
			duplicates := duplicatesIn(program, histories)
			for id, history := range histories {
				got.Captured++
				judge(&got, rows, program, terms, history, duplicates[id], now)
			}
			if got.Stages["Merged"] == 0 {
				delete(got.Stages, "Merged")
			}
			got.Rows = (&oracle{rows: rows}).sorted()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-oracle +core)\n%s", diff)
			}
		})
	}
}

// merge gives the leads that were taken in to those that took them, and says how many they were.
func merge(histories map[string][]lead.Event) int {
	merged := 0
	for id, history := range histories {
		for _, e := range history {
			if e.Kind != lead.KindMerged {
				continue
			}
			histories[id] = slices.Concat(histories[id], histories[e.Merged])
			slices.SortStableFunc(histories[id], func(a, b lead.Event) int { return a.Time.Compare(b.Time) })
			delete(histories, e.Merged)
			merged++
		}
	}
	return merged
}

// duplicatesIn are the leads that are the person of an earlier one, and since when that is so.
func duplicatesIn(p *lead.Program, histories map[string][]lead.Event) map[string]time.Time {
	groups := map[string][]string{}
	for id, history := range histories {
		key := p.IdentityIn(history).Key
		groups[key] = append(groups[key], id)
	}
	out := map[string]time.Time{}
	for _, group := range groups {
		earliest := slices.MinFunc(group, func(a, b string) int {
			return lead.CapturedAt(histories[a]).Compare(lead.CapturedAt(histories[b]))
		})
		for _, id := range group {
			if id != earliest {
				out[id] = p.IdentityIn(histories[id]).Since
			}
		}
	}
	return out
}

func judge(e *Expectation, rows map[rowKey]*Row, p *lead.Program, c *sla.Compiled, history []lead.Event, duplicate, now time.Time) {
	j := p.QualifyIn(history, lead.Circumstances{Judge: func(lead.Event) bool { return true }, DuplicateSince: duplicate})
	var stamps sla.Stamps
	m := lead.Milestones{Suppressed: p.SuppressedAt(history, nil), Excluded: j.Bar.Excluded != "", Duplicate: !duplicate.IsZero()}
	if r := j.Reached; r != nil {
		stamps.Reached = &sla.Reached{At: r.At, Missing: r.Missing}
		if len(j.MissingNow) > 0 {
			m.Held = r.At
		}
	}
	if q := j.Qualified; q != nil {
		stamps.Qualified = &sla.Qualified{At: q.At, Intent: q.Intent, MetThreshold: q.MetThreshold}
		e.MQLs++
		m.HandedOff, m.SQL = q.At, p.SQL(history, q.At).At
	}
	e.Stages[string(lead.StageOf(p.Definition().Dispositions, history, m))]++
	for _, one := range history {
		if one.Kind == lead.KindRefused {
			e.Refused++
		}
	}
	for _, o := range sla.Obligations(c, sla.FactsOf(stamps, p.Definition().Dispositions, history), now) {
		key := rowKey{string(o.Clause), o.Tier, string(o.Period)}
		if rows[key] == nil {
			rows[key] = &Row{Clause: key.clause, Tier: key.tier, Period: key.period}
		}
		count := map[sla.State]*int{sla.Met: &rows[key].Met, sla.Missed: &rows[key].Missed, sla.Open: &rows[key].Open, sla.Excused: &rows[key].Excused}
		*count[o.State]++
	}
}

func byLead(t *testing.T, events []Event) map[string][]lead.Event {
	t.Helper()
	out := map[string][]lead.Event{}
	for i, e := range events {
		out[e.Subject] = append(out[e.Subject], domain(t, e, int64(i)))
	}
	p, _ := compiled(t)
	for id, history := range out {
		slices.SortStableFunc(history, func(a, b lead.Event) int { return a.Time.Compare(b.Time) })
		out[id] = lead.Enforced(p.Definition().Dispositions, history)
	}
	return out
}

func domain(t *testing.T, e Event, sequence int64) lead.Event {
	t.Helper()
	text, err := json.Marshal(e.Data)
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		Properties      map[string]any
		Activity, Owner string
		lead.Touch
		Outcome lead.Outcome
		Reason  string

		Qualification map[string]any
		Ruling        lead.Ruling
		State         lead.DealState
		Opportunity   string
		Rating        int
		Categories    []string
		Scope         lead.Scope
		Merged        string
	}
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	kind := lead.Kind(strings.TrimPrefix(e.Type, "dev.handoff.lead."))
	out := lead.Event{Sequence: sequence, Kind: kind, Time: e.Time, Properties: data.Properties, Activity: data.Activity, Owner: data.Owner}
	out.Qualification, out.Scope, out.Merged = data.Qualification, data.Scope, data.Merged
	switch kind {
	case lead.KindTouch:
		out.Touch = &data.Touch
	case lead.KindDisposition:
		out.Disposition = &lead.Disposed{Outcome: data.Outcome, Reason: data.Reason}
	case lead.KindContested:
		out.Contest = &lead.Contest{Ruling: data.Ruling}
	case lead.KindOpportunity:
		out.Opportunity = &lead.Opportunity{ID: data.Opportunity, State: data.State}
	case lead.KindFeedback:
		out.Feedback = &lead.Feedback{Rating: data.Rating, Categories: data.Categories}
	default:
	}
	return out
}

func compiled(t *testing.T) (*lead.Program, *sla.Compiled) {
	t.Helper()
	var definition slav1alpha1.LeadDefinition
	var contract slav1alpha1.SLAContract
	for file, into := range map[string]any{"leaddefinition.yaml": &definition, "slacontract.yaml": &contract} {
		data, err := os.ReadFile("../../../config/samples/" + file)
		if err == nil {
			err = yaml.UnmarshalStrict(data, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := convert.Definition(definition.Spec)
	if err != nil {
		t.Fatal(err)
	}
	program, err := lead.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	written, err := convert.Terms(contract.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if written, err = holidays.Expand(written, moments["a working day"]); err != nil {
		t.Fatal(err)
	}
	terms, err := sla.Compile(written)
	if err != nil {
		t.Fatal(err)
	}
	return program, terms
}

func TestSamplesShowEveryState(t *testing.T) {
	set := generate(t, moments["a working day"], 240, 1)
	seen := map[string]Row{}
	for _, r := range set.Expect().Rows {
		sum := seen[r.Clause]
		sum.Met += r.Met
		sum.Missed += r.Missed
		sum.Open += r.Open
		sum.Excused += r.Excused
		seen[r.Clause] = sum
	}
	for _, clause := range []string{
		"completeness", "delivery", "acceptance", "firstContact", "followUp", "disposition", "rejection", "feedback",
	} {
		if seen[clause].Met == 0 || seen[clause].Missed == 0 {
			t.Errorf("%s: %+v; the samples should show both met and missed", clause, seen[clause])
		}
	}
	for _, clause := range []string{"acceptance", "firstContact", "followUp", "disposition"} {
		if seen[clause].Excused == 0 {
			t.Errorf("%s: no lead is excused: %+v", clause, seen[clause])
		}
	}
	if seen["disposition"].Open == 0 || seen["followUp"].Open == 0 {
		t.Errorf("none is open: %+v", seen)
	}
	e := set.Expect()
	for _, stage := range lead.Stages() {
		if e.Stages[string(stage)] == 0 {
			t.Errorf("no lead is %s: %v", stage, e.Stages)
		}
	}
	if e.Today.Captured != 12 || e.Captured+e.Stages["Merged"] != 228 {
		t.Errorf("%d and %d captured, %d of them merged; want 228 and 12", e.Captured, e.Today.Captured, e.Stages["Merged"])
	}
}

func TestSameSeedSameEvents(t *testing.T) {
	text := func(seed uint64) string {
		out, err := NDJSON(generate(t, moments["a working day"], 240, seed).History())
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if again := text(1); text(1) != again {
		t.Error("the same seed gave other events")
	}
	if text(1) == text(2) {
		t.Error("another seed gave the same events")
	}
}

func TestEventsAreLabelledAndPast(t *testing.T) {
	for name, now := range moments {
		t.Run(name, func(t *testing.T) {
			set := generate(t, now, 240, 1)
			ids := map[string]bool{}
			all := slices.Concat(set.History(), set.Today(), set.Touches(now))
			for _, e := range all {
				if e.Source != Source || !strings.HasPrefix(e.Subject, "sample-") || ids[e.ID] {
					t.Fatalf("event %+v is not labelled, or its id is taken", e)
				}
				ids[e.ID] = true
				if e.Time.After(now) {
					t.Fatalf("event %s is %s after now", e.ID, e.Time.Sub(now))
				}
			}
			for _, e := range set.Today() {
				if kind := strings.TrimPrefix(e.Type, "dev.handoff.lead."); kind != "captured" && kind != "activity" {
					t.Errorf("event %s: today's leads are for Handoff to route", e.ID)
				}
			}
			if urgent := set.Expect().Today.Urgent; len(set.Touches(now)) != urgent {
				t.Errorf("%d touches for %d urgent leads", len(set.Touches(now)), urgent)
			}
		})
	}
}

// The oracle's calendar is written a second time; it must be that of the sample contract.
func TestCalendarIsTheContracts(t *testing.T) {
	_, terms := compiled(t)
	cal, err := newCalendar()
	if err != nil {
		t.Fatal(err)
	}
	if got := terms.Hours().Location().String(); got != zone {
		t.Fatalf("time zone %s, want %s", got, zone)
	}
	from := time.Date(2026, 10, 1, 0, 30, 0, 0, time.UTC)
	for at := from; at.Before(from.AddDate(8, 0, 0)); at = at.Add(time.Hour) {
		if got, want := cal.open(at), terms.Hours().Open(at); got != want {
			t.Fatalf("%s: open %v, the contract says %v", at, got, want)
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"no time":        {Weeks: 4, Leads: 1},
		"no weeks":       {Now: time.Unix(1, 0), Leads: 1},
		"no leads":       {Now: time.Unix(1, 0), Weeks: 1},
		"too many leads": {Now: time.Unix(1, 0), Weeks: 1, Leads: 1_000_001},
	} {
		if _, err := Generate(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
