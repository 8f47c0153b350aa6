// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// tooLarge is a report whose lists of leads have so many bytes in each of ten entries; the counts beside them say what is in the lists and beyond.
func tooLarge(bytes int) review.Facts {
	miss := review.Miss{Clause: sla.ClauseFirstContact, Missed: 4711, Reps: []review.Share{{Key: "rep-1", Met: 1234, Missed: 4711}}}
	for i := range 10 {
		id := fmt.Sprintf("lead-%d-%s", i, strings.Repeat("x", bytes))
		miss.Worst = append(miss.Worst, review.LateLead{Lead: id, LateSeconds: int64(100 - i)})
	}
	return review.Facts{
		Kind: review.Operational, Contract: "revenue/mid-market", Cadence: "mid-market", Review: "weekly", Owner: "RevOps", Period: "2027-W03", Zone: "UTC",
		GeneratedAt: time.Date(2027, 1, 25, 9, 0, 0, 0, time.UTC), Misses: []review.Miss{miss},
		Scorecard: []review.Row{{
			Clause: sla.ClauseFirstContact, Party: sla.PartySales, Period: "2027-W03", Indicator: sla.Red, Verdict: sla.VerdictMissed,
			Met: 1234, Total: 5945, Actual: "20% (1234 of 5945)", Target: "90%",
		}},
	}
}

func TestAReportThatIsTooLargeIsCut(t *testing.T) {
	var r Reviewing
	for bytes, most := range map[int]int{10: 10, 60_000: 3, 400_000: 0} {
		made, err := r.fit(tooLarge(bytes))
		if err != nil {
			t.Fatalf("%d bytes: %v", bytes, err)
		}
		if size := len(made.Markdown) + len(made.HTML) + len(made.JSON); size > maxReport {
			t.Errorf("%d bytes: it has %d", bytes, size)
		}
		document, err := review.Open([]byte(made.JSON))
		if err != nil {
			t.Fatalf("%d bytes: the seal: %v", bytes, err)
		}
		miss := document.Facts().Misses[0]
		if len(miss.Worst) != most || miss.Missed != 4711 || miss.Reps[0].Met != 1234 {
			t.Errorf("%d bytes: %d leads, %d missed, %+v", bytes, len(miss.Worst), miss.Missed, miss.Reps)
		}
		if most > 0 && !strings.HasPrefix(miss.Worst[0].Lead, "lead-0-") {
			t.Errorf("%d bytes: the worst is not the first: %.10s", bytes, miss.Worst[0].Lead)
		}
		for name, text := range map[string]string{"Markdown": made.Markdown, "HTML": made.HTML, "JSON": made.JSON} {
			if said := strings.Contains(text, fmt.Sprintf("cut to %d each", most)); said != (most < 10) {
				t.Errorf("%d bytes: %s says that it is cut: %t", bytes, name, said)
			}
		}
	}
	huge := tooLarge(10)
	huge.Owner = strings.Repeat("x", maxReport)
	if _, err := r.fit(huge); err == nil || !strings.Contains(Explain(err).Error(), "fits into no ConfigMap") {
		t.Errorf("without an end: %v", err)
	}
}

func TestWhichWeeksAndMonthsAreOfAPeriod(t *testing.T) {
	for period, want := range map[sla.Period]string{
		"2027-W03": "[2027-W03] []",
		"2027-01":  "[2026-W53 2027-W01 2027-W02 2027-W03 2027-W04] [2027-01]", // week 4 ends with the month
		"2027-Q1": "[2026-W53 2027-W01 2027-W02 2027-W03 2027-W04 2027-W05 2027-W06 2027-W07 2027-W08 2027-W09 2027-W10 2027-W11 2027-W12] " +
			"[2027-01 2027-02 2027-03]",
	} {
		kind := review.Operational
		switch {
		case period.Month():
			kind = review.Performance
		case period.Quarter():
			kind = review.Strategic
		}
		s, err := stretchOf(kind, period, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.weeks(), " ", s.months()); got != want {
			t.Errorf("%s: %s, want %s", period, got, want)
		}
	}
}

// What is over by an instant, from the oldest to the newest; the period that has just begun is not.
func TestClosedPeriods(t *testing.T) {
	at := time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)
	data := []sla.Period{"2026-11", "2026-W50", "2027-W01", "2027-W12", "2027-W13", "2027-W14"}
	for kind, want := range map[review.Kind]string{
		review.Operational: "[2026-W50 2027-W01 2027-W12]", // week 13 ends on the fourth
		review.Performance: "[2026-11 2026-12 2027-01 2027-03]",
		review.Strategic:   "[2026-Q4 2027-Q1]",
	} {
		for _, limit := range []int{26, 1} {
			due, err := closedPeriods(kind, at, time.UTC, limit, data)
			if err != nil {
				t.Fatal(err)
			}
			got := []sla.Period{}
			for _, s := range due {
				got = append(got, s.period)
			}
			want := want
			if limit == 1 {
				want = "[" + want[strings.LastIndexAny(want, "[ ")+1:]
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%s, the last %d: %s, want %s", kind, limit, got, want)
			}
		}
	}
	if _, err := closedPeriods("Sometimes", at, time.UTC, 1, data); err == nil {
		t.Error("a kind that is none was taken")
	}
}

// Of a breakdown with very many values the smallest are one, and no lead is lost.
func TestManyTalliesAreFolded(t *testing.T) {
	counts := map[string]int64{"most": 9}
	for i := range maxKeys + 20 {
		counts[fmt.Sprintf("source-%d", i)] = 2
	}
	all := folded(tallies(counts))
	if last := all[len(all)-1]; len(all) != maxKeys+1 || all[0].Key != "most" || last != (review.Tally{Key: others, Leads: 2 * 21}) {
		t.Errorf("%d: %+v to %+v", len(all), all[0], last)
	}
	if few := folded(tallies(map[string]int64{"one": 1})); len(few) != 1 {
		t.Errorf("%+v", few)
	}
}

// definitionOf text fields, as name=property.
func definitionOf(fields []string) (d lead.Definition) {
	for _, f := range fields {
		name, property, _ := strings.Cut(f, "=")
		d.Fields = append(d.Fields, lead.Field{Name: name, Type: lead.String, Property: property})
	}
	return d
}

func TestWhereLeadsCameFrom(t *testing.T) {
	for want, fields := range map[string][]string{
		"source": {"origin=hs_analytics_source", "source=x"},
		"origin": {"email=email", "origin=Lead_Source", "other=utm_source"},
		"":       {"email=email", "resource=resources"},
	} {
		if got := sourceField(definitionOf(fields)); got != want {
			t.Errorf("%v: %q, want %q", fields, got, want)
		}
	}
}
