// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/stats"
)

// Draft of a scoring group, and what it is worth.
type Draft struct {
	Rules      []Rule           `json:"rules"`
	Threshold  int              `json:"threshold"` // suggested
	Cuts       []Cut            `json:"thresholds"`
	Validation stats.Validation `json:"-"`
	AUC        float64          `json:"crossValidatedAUC"`
	AUCError   float64          `json:"crossValidatedAUCStandardError"`
	Folds      []float64        `json:"foldAUCs"`
	SeenAUC    float64          `json:"aucOnTheLeadsFitted"`
	Warnings   []string         `json:"warnings,omitempty"`
}

// Rule of the draft.
type Rule struct {
	Name    string  `json:"name"`
	When    string  `json:"when"`
	Points  int     `json:"points"`
	LogOdds float64 `json:"logOdds"` // the coefficient: against the field's other leads, all else equal
	Value
	field string
}

// Cut is what a threshold would have given on the leads that the draft was fitted on.
type Cut struct {
	Threshold int  `json:"threshold"`
	Qualified int  `json:"qualified"`
	Converted int  `json:"converted"`
	Precision Rate `json:"precision"`
	Recall    Rate `json:"recall"`
}

// Bounds below which the draft is called weak. From 0.7 on discrimination is called acceptable (Hosmer and Lemeshow 2000).
const (
	acceptableAUC = 0.7
	coinAUC       = 0.55
	overfitted    = 0.05 // AUC that is lost on leads not fitted on
	eventsPerRule = 10   // converted leads for each coefficient (Peduzzi 1996)
)

func (r *Report) draft(variables []*variable, outcomes []bool, all stats.Cell) error {
	if least := min(all.Yes, all.No); least < leastOutcome {
		r.NoDraft = fmt.Sprintf("%s converted and %s did not: a draft needs at least %d of each", leads(all.Yes), leads(all.No), leastOutcome)
		return nil
	}
	m, err := fitModel(variables, every(len(outcomes)), outcomes)
	if errors.Is(err, errNoFit) {
		r.NoDraft = err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	validation, err := validate(variables, outcomes)
	if err != nil {
		return err
	}
	d := &Draft{Validation: validation, AUC: validation.AUC, AUCError: validation.Error, Folds: validation.Folds}
	d.rules(m, all)
	if len(d.Rules) == 0 {
		r.NoDraft = errNoFit.Error()
		return nil
	}
	d.cuts(m, outcomes)
	d.warn(all, m)
	r.Draft = d
	return nil
}

// always is the condition of the base rule.
const always = "true"

// rules of the model, each variable's best first. A class of no points needs none.
func (d *Draft) rules(m *model, all stats.Cell) {
	if m.base > 0 {
		d.Rules = append(d.Rules, Rule{Name: "base", When: always, Points: m.base, Value: valueOf("every lead", all, all)})
	}
	names := map[string]int{"base": 1}
	for n, c := range m.classings {
		order := every(len(c.classes))
		slices.SortStableFunc(order, func(a, b int) int { return m.points[n][b] - m.points[n][a] })
		for _, class := range order {
			if class == 0 || m.points[n][class] == 0 {
				continue
			}
			for _, when := range c.conditions(class) {
				label := c.describeClass(class)
				d.Rules = append(d.Rules, Rule{
					Name: ruleName(c, names), When: when, Points: m.points[n][class], LogOdds: m.weights[n][class],
					Value: valueOf(label, c.classes[class].cell, all), field: c.field,
				})
			}
		}
	}
}

func (c *classing) describeClass(n int) string {
	var labels []string
	for _, l := range c.classes[n].levels {
		labels = append(labels, c.label(l))
	}
	const most = 6
	if len(labels) > most {
		labels = append(labels[:most], fmt.Sprintf("and %d more", len(labels)-most))
	}
	if c.classes[n].unknown {
		labels = append(labels, "or not known (too few leads lack it to tell, so that they get no more than the worst)")
	}
	return strings.Join(labels, ", ")
}

// ruleName is the field's in kebab case, with a number.
func ruleName(c *classing, taken map[string]int) string {
	var b strings.Builder
	for _, r := range c.field {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('-')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	name := strings.ReplaceAll(b.String(), "_", "-")
	name = name[:min(len(name), longestName-4)]
	taken[name]++
	return fmt.Sprintf("%s-%d", name, taken[name])
}

// cuts at every tenth point that makes a difference, and at the suggested threshold, which is that of the highest recall minus false-alarm rate (Youden 1950).
func (d *Draft) cuts(m *model, outcomes []bool) {
	scores := make([]float64, len(outcomes))
	var at [scale + 1]stats.Cell
	var all stats.Cell
	for i, converted := range outcomes {
		score := m.score(i)
		scores[i] = float64(score)
		count(&at[score], converted)
		count(&all, converted)
	}
	d.SeenAUC = stats.AUC(scores, outcomes)
	var above stats.Cell
	best := -1.0
	var cuts []Cut
	for threshold := scale; threshold >= 1; threshold-- {
		above = above.Plus(at[threshold])
		if youden := float64(above.Yes)/float64(all.Yes) - float64(above.No)/float64(all.No); at[threshold].Total() > 0 && youden > best {
			best, d.Threshold = youden, threshold
		}
		cuts = append(cuts, Cut{
			Threshold: threshold, Qualified: above.Total(), Converted: above.Yes, Precision: rateOf(above),
			Recall: rateOf(stats.Cell{Yes: above.Yes, No: all.Yes - above.Yes}),
		})
	}
	slices.Reverse(cuts)
	for _, c := range cuts {
		last := len(d.Cuts) - 1
		same := last >= 0 && d.Cuts[last].Qualified == c.Qualified
		switch {
		case c.Threshold == d.Threshold && same:
			d.Cuts[last] = c
		case c.Threshold == d.Threshold, c.Threshold%10 == 0 && c.Qualified > 0 && !same:
			d.Cuts = append(d.Cuts, c)
		}
	}
}

// Suggested is the cut at the suggested threshold.
func (d *Draft) Suggested() Cut {
	at := slices.IndexFunc(d.Cuts, func(c Cut) bool { return c.Threshold == d.Threshold })
	return d.Cuts[at]
}

func (d *Draft) warn(all stats.Cell, m *model) {
	warn := func(format string, args ...any) { d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...)) }
	switch {
	case d.AUC < coinAUC:
		warn("the score is hardly better than a coin (cross-validated AUC %.2f, a coin has 0.50): do not sign it; "+
			"look for fields that are filled in when a lead comes in, such as company size, industry or seniority", d.AUC)
	case d.AUC < acceptableAUC:
		warn("the score is weak (cross-validated AUC %.2f; 0.70 is called acceptable): these fields alone tell little about the outcome; "+
			"add behaviour, company size, industry or seniority before you sign it", d.AUC)
	}
	if d.SeenAUC-d.AUC > overfitted {
		warn("it is worth less on new leads (AUC %.2f) than on those it was fitted on (%.2f): take more leads or fewer fields", d.AUC, d.SeenAUC)
	}
	coefficients := 0
	for _, c := range m.classings {
		coefficients += len(c.classes) - 1
	}
	if least := min(all.Yes, all.No); least < eventsPerRule*coefficients {
		warn("%s of the rarer outcome for %d coefficients; ten for each is a rule of thumb, so take more leads or fewer fields",
			leads(least), coefficients)
	}
}
