// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Document is a report: facts, and what follows from them.
type Document struct {
	facts    Facts
	results  Results
	location *time.Location
}

// Results are what a report says beyond its facts.
type Results struct {
	Result   string `json:"result"`   // such as "8 green, 1 yellow, 1 red"
	Sentence string `json:"sentence"` // with the numbers of every miss

	Green  int64 `json:"green"`
	Yellow int64 `json:"yellow"`
	Red    int64 `json:"red"`
	Grey   int64 `json:"grey"`

	Shortfalls []Shortfall `json:"shortfalls"`
	Trends     []Trend     `json:"trends"`
	Advice     []string    `json:"advice"` // from practice, where the numbers say it

	Cohort      Month       `json:"cohort"`     // the months of the period together
	Projection  *Projection `json:"projection"` // null without a funnel in the terms, and in an Operational report
	Recomputed  *Recomputed `json:"recomputed"` // only in a Strategic report, and null without a funnel in the terms
	Patterns    []Pattern   `json:"patterns"`   // among the rejected
	Questions   []Question  `json:"questions"`  // of a Strategic report
	Calibration []Band      `json:"calibration"`
	AUC         *float64    `json:"auc"` // null with too few leads
	Sweeps      []Sweep     `json:"sweeps"`
}

// New makes a report. The same facts, in whatever order, give the same report; the facts are left alone. An error names what contradicts itself.
func New(f Facts) (*Document, error) {
	zone, _, _, err := f.bounds()
	if err != nil {
		return nil, err
	}
	f.sort()
	d := &Document{facts: f, location: zone}
	d.results = resultsOf(&d.facts)
	return d, nil
}

// bounds of the period in the contract's zone.
func (f *Facts) bounds() (zone *time.Location, from, to time.Time, err error) {
	fits := map[Kind]bool{Operational: f.Period.Week(), Performance: f.Period.Month(), Strategic: f.Period.Quarter()}
	if ok, known := fits[f.Kind]; !known || !ok {
		return nil, from, to, fmt.Errorf("a report of kind %q is not about %q", f.Kind, f.Period)
	}
	if f.Zone == "" {
		return nil, from, to, errors.New("a report has a time zone")
	}
	if zone, err = time.LoadLocation(f.Zone); err != nil {
		return nil, from, to, err
	}
	if from, to, err = f.Period.Bounds(zone); err != nil {
		return nil, from, to, err
	}
	if f.GeneratedAt.Before(to) {
		return nil, from, to, fmt.Errorf("%s is not closed at %s", f.Period, f.GeneratedAt.UTC().Format(time.RFC3339))
	}
	return zone, from, to, nil
}

// Facts that the report is made from, sorted.
func (d *Document) Facts() Facts { return d.facts }

// Results of the report.
func (d *Document) Results() Results { return d.results }

// Result in a few words: "8 green, 1 yellow, 1 red".
func (d *Document) Result() string { return d.results.Result }

// Sentence says the result in one sentence, with the numbers of every miss.
func (d *Document) Sentence() string { return d.results.Sentence }

// Title of the report.
func (d *Document) Title() string {
	name := map[Kind]string{Operational: "Weekly operational review", Performance: "Monthly performance review", Strategic: "Quarterly strategic review"}
	return name[d.facts.Kind] + ": " + d.facts.Period.Label()
}

// Summary is the report for a chat: title, result, sentence, and what is escalated.
func (d *Document) Summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s\n%s. %s\n", d.Title(), d.facts.Contract, d.results.Result, d.results.Sentence)
	for _, e := range d.facts.Escalations {
		fmt.Fprintf(&b, "Escalation level %d, %s: %s\n", e.Level, lowerFirst(named(sla.Clause(e.Clause), "")), e.Reason)
	}
	for _, a := range d.results.Advice {
		b.WriteString(a + "\n")
	}
	return b.String()
}

func resultsOf(f *Facts) Results {
	r := Results{Patterns: []Pattern{}, Questions: []Question{}, Calibration: []Band{}, Sweeps: []Sweep{}}
	counts := map[sla.Indicator]*int64{sla.Green: &r.Green, sla.Yellow: &r.Yellow, sla.Red: &r.Red, sla.Grey: &r.Grey}
	for _, row := range f.Scorecard {
		if n, ok := counts[row.Indicator]; ok {
			*n++
		}
	}
	r.Shortfalls = f.shortfalls(f.Scorecard)
	r.Trends = f.trends()
	r.Result, r.Sentence = r.result(), r.sentence(f)
	within, _ := f.monthsWithin()
	r.Cohort = sumOf(within)
	r.Cohort.Month = f.Period
	if f.Kind != Operational {
		r.Projection, r.Patterns = f.projection(r.Cohort.MQLs), r.patterns(f)
	}
	if f.Kind == Strategic { // the leads of a single month have had too little time for its rates
		r.Recomputed = f.recomputed(r.Cohort, max(1, f.MinimumSample))
		if s := f.Scores; s != nil {
			r.Calibration, r.Sweeps = s.calibration(), s.sweeps(f.MinimumSample)
			if auc, ok := s.auc(f.MinimumSample); ok {
				r.AUC = &auc
			}
		}
		r.Questions = r.asked(f)
		for i := range r.Questions {
			r.Questions[i].Rates, r.Questions[i].Patterns = full(r.Questions[i].Rates), full(r.Questions[i].Patterns)
		}
	}
	r.Advice = append(r.advise(f), f.Advice...)
	return r
}

func (r *Results) result() string {
	var parts []string
	for _, c := range []struct {
		n    int64
		word string
	}{{r.Green, "green"}, {r.Yellow, "yellow"}, {r.Red, "red"}, {r.Grey, "grey"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.word))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "nothing to judge")
}

func (r *Results) sentence(f *Facts) string {
	var judged, aside int
	for _, row := range f.Scorecard {
		switch row.Verdict {
		case sla.VerdictInsufficientData, sla.VerdictWaived, sla.VerdictUnknown:
			aside++
		default:
			judged++
		}
	}
	var b strings.Builder
	switch {
	case judged == 0:
		return "No commitment had enough leads to be judged."
	case len(r.Shortfalls) == 0 && judged == 1:
		b.WriteString("The one commitment with enough leads was met")
	case len(r.Shortfalls) == 0:
		fmt.Fprintf(&b, "Every one of %s with enough leads was met", commitments(judged))
	default:
		fmt.Fprintf(&b, "%d of %s fell short: ", len(r.Shortfalls), commitments(judged))
		for i, s := range r.Shortfalls {
			if i > 0 {
				b.WriteString("; ")
			}
			fmt.Fprintf(&b, "%s at %s, target %s", lowerFirst(named(s.Clause, s.Tier)), s.Actual, s.Target)
		}
	}
	if aside > 0 {
		fmt.Fprintf(&b, " (%d more could not be judged or were waived)", aside)
	}
	return b.String() + "."
}

// monthsWithin are the months of the period, and those before it.
func (f *Facts) monthsWithin() (within, before []Month) {
	zone, from, to, err := f.bounds()
	if err != nil {
		return nil, nil
	}
	for _, m := range f.Months {
		begin, _, err := m.Month.Bounds(zone)
		switch {
		case err != nil:
		case begin.Before(from):
			before = append(before, m)
		case begin.Before(to):
			within = append(within, m)
		}
	}
	return within, before
}

func sumOf(months []Month) Month {
	var s Month
	for _, m := range months {
		s.Captured += m.Captured
		s.Target += m.Target
		s.MQLs += m.MQLs
		s.Accepted += m.Accepted
		s.Rejected += m.Rejected
		s.SQLs += m.SQLs
		s.Opportunities += m.Opportunities
		s.Won += m.Won
		s.Lost += m.Lost
	}
	return s
}
