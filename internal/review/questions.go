// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Question of the quarterly review, answered with numbers.
type Question struct {
	Question string   `json:"question"`
	Answer   string   `json:"answer"`
	Rates    []Named  `json:"rates"`
	Patterns []string `json:"patterns"`
}

// Named is a rate with its name.
type Named struct {
	Name string `json:"name"`
	Rate Rate   `json:"rate"`
}

// Pattern is a value whose MQLs were rejected more often than all MQLs, beyond chance.
type Pattern struct {
	By       string `json:"by"`
	Key      string `json:"key"`
	Rejected Rate   `json:"rejected"`
}

// asked are the six questions of the quarter.
func (r *Results) asked(f *Facts) []Question {
	c := r.Cohort
	deals := Deals{}
	if f.Deals != nil {
		deals = *f.Deals
	}
	accepted, qualified := rateOf(c.Accepted, c.MQLs), rateOf(c.SQLs, c.MQLs)
	opportunities, ofSQLs := rateOf(c.Opportunities, c.MQLs), rateOf(c.Opportunities, c.SQLs)
	won, decided := rateOf(c.Won, c.Opportunities), rateOf(deals.Won, deals.Won+deals.Lost)
	return []Question{
		{
			Question: "What share of MQLs was accepted by sales as SQLs?",
			Answer: fmt.Sprintf("%s of the MQLs became SQLs. Sales accepted (SAL) %s. The true share of SQLs is %s (95%%).",
				qualified, accepted, qualified.between()),
			Rates: []Named{{"MQL to SAL", accepted}, {"MQL to SQL", qualified}},
		},
		{
			Question: "What share of SQLs became opportunities?",
			Answer: fmt.Sprintf("%s opportunities from %s: %s. Of all MQLs, %s became opportunities.",
				grouped(c.Opportunities), several(c.SQLs, "SQL"), ofSQLs.short(), opportunities),
			Rates: []Named{{"SQL to opportunity", ofSQLs}, {"MQL to opportunity", opportunities}},
		},
		{
			Question: "What share of marketing-sourced opportunities was won?",
			Answer: fmt.Sprintf("%s were won so far; %s are still open. Of those decided, %s were won.",
				won, several(max(0, c.Opportunities-c.Won-c.Lost), "opportunity"), decided),
			Rates: []Named{{"opportunity to won", won}, {"won of decided", decided}},
		},
		r.rejected(f),
		r.predicted(f),
		r.criteria(),
	}
}

func (r *Results) rejected(f *Facts) Question {
	rate := rateOf(r.Cohort.Rejected, r.Cohort.MQLs)
	q := Question{
		Question: "Are there patterns in the leads that sales rejected?", Rates: []Named{{"rejected of MQLs", rate}},
		Answer: fmt.Sprintf("%s were recycled or disqualified. No rep, source, path or intent stands out beyond chance.", rate),
	}
	for _, p := range r.Patterns {
		q.Patterns = append(q.Patterns, fmt.Sprintf("%s %s: %s rejected, against %s of all MQLs", p.By, orNone(p.Key), p.Rejected, rate.short()))
	}
	if len(r.Patterns) > 0 {
		q.Answer = fmt.Sprintf("%s were recycled or disqualified. Rejected more often than that, beyond chance: %s.",
			rate, several(int64(len(r.Patterns)), "group"))
	}
	var reasons []string
	for _, o := range ordered(f.Outcomes, func(a, b Outcome) int { return cmp.Compare(b.Leads, a.Leads) }) {
		if o.Outcome != "Accepted" && o.Leads > 0 && len(reasons) < 3 {
			reasons = append(reasons, fmt.Sprintf("%s (%s)", cmp.Or(o.Reason, "no code"), grouped(o.Leads)))
		}
	}
	if len(reasons) > 0 {
		q.Answer += " Most frequent reasons: " + strings.Join(reasons, ", ") + "."
	}
	return q
}

// patterns are segments whose rate of rejection is, with 95 % confidence, above that of all.
func (r *Results) patterns(f *Facts) []Pattern {
	all := []Pattern{}
	overall := rateOf(r.Cohort.Rejected, r.Cohort.MQLs)
	for _, s := range f.Segments {
		rate := rateOf(s.Rejected, s.MQLs)
		if low, _ := rate.bounds(); s.MQLs >= max(1, f.MinimumSample) && overall.Percent != nil && low > overall.at() {
			all = append(all, Pattern{By: s.By, Key: s.Key, Rejected: rate})
		}
	}
	slices.SortStableFunc(all, func(a, b Pattern) int {
		return cmp.Or(cmp.Compare(b.Rejected.at(), a.Rejected.at()), cmp.Compare(a.By, b.By), cmp.Compare(a.Key, b.Key))
	})
	return all
}

// predicted reads the area under the ROC curve as Hosmer and Lemeshow do: 0.7 is acceptable, 0.5 no better than a coin.
func (r *Results) predicted(f *Facts) Question {
	q := Question{Question: "Did the score predict conversion?", Answer: "Too few leads to say: it takes MQLs with and without an opportunity."}
	for _, b := range r.Calibration {
		q.Rates = append(q.Rates, Named{fmt.Sprintf("%d to %d points", b.From, b.To), b.Opportunities})
	}
	if r.AUC == nil {
		return q
	}
	a := *r.AUC
	chance := fmt.Sprintf("Of one MQL that became an opportunity and one that did not, the first had the higher score in %.0f of 100 pairs (AUC %.2f)",
		100*a, a)
	switch {
	case a >= 0.7:
		q.Answer = "Yes. " + chance + "."
	case a >= 0.6:
		q.Answer = "Somewhat. " + chance + "."
	case a > 0.4:
		q.Answer = "No. " + chance + "; 50 is chance."
	default:
		q.Answer = "The other way round. " + chance + ": MQLs with a higher score converted less often."
	}
	q.Answer += " Only MQLs are compared, which all passed a threshold: among all leads the score tells more apart."
	if f.Scores != nil && len(r.Calibration) == 1 {
		q.Answer += " All of them have nearly the same score."
	}
	return q
}

func (r *Results) criteria() Question {
	q := Question{Question: "Should the criteria be tightened or loosened?"}
	var advised []string
	for _, s := range r.Sweeps {
		switch s.Advice {
		case "Tighten", "Loosen":
			advised = append(advised, fmt.Sprintf("%s path %s from %d to %d. %s", s.Advice, s.Path, s.Now, s.To, s.Reason))
		case "Keep":
			advised = append(advised, fmt.Sprintf("Keep path %s at %d. %s", s.Path, s.Now, s.Reason))
		default:
			advised = append(advised, fmt.Sprintf("Path %s: too few leads to say.", s.Path))
		}
	}
	q.Answer = strings.Join(advised, " ")
	if len(advised) == 0 {
		q.Answer = "No path asks for a score, so there is no threshold to move."
	}
	return q
}
