// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"fmt"
	"math"
	"slices"

	"github.com/handoff-sla/handoff/internal/stats"
)

// Report is what past leads say. Rates are shares of 1.
type Report struct {
	Outcome   string    `json:"outcome"`
	Rows      int       `json:"rows"`      // of the first file
	Leads     int       `json:"leads"`     // that all else is about
	Sample    bool      `json:"sample"`    // whether they are a uniform sample of all
	Converted int       `json:"converted"` // of these leads
	Rate      Rate      `json:"conversion"`
	Fields    []Field   `json:"fields"` // the most informative first
	LeftOut   []LeftOut `json:"leftOut"`
	Draft     *Draft    `json:"draft,omitempty"`
	NoDraft   string    `json:"noDraft,omitempty"` // why there is none

	columns []Column
}

// Rate with its Wilson interval of 95 %.
type Rate struct {
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func rateOf(c stats.Cell) Rate {
	low, high := stats.Wilson(c.Yes, c.Total(), stats.Z95)
	return Rate{Share: c.Rate(), Low: low, High: high}
}

// Field that a rule may be made of.
type Field struct {
	Name        string   `json:"field"` // lead.<field>
	Property    string   `json:"property"`
	Entry       string   `json:"entry,omitempty"` // of a list: whether the list has it
	Type        string   `json:"type"`
	Present     float64  `json:"presentShare"`
	Distinct    int      `json:"distinctValues"`
	Misfits     int      `json:"valuesOfAnotherType,omitempty"` // read as absent
	Information float64  `json:"informationValue"`
	ByChance    float64  `json:"informationByChance"` // probability of so high a value if the field said nothing
	Strength    string   `json:"strength"`
	AUC         *float64 `json:"aucAlone,omitempty"` // cross-validated
	Values      []Value  `json:"values"`
}

// Value of a field, or a band of it.
type Value struct {
	Label     string  `json:"value"`
	Leads     int     `json:"leads"`
	Converted int     `json:"converted"`
	Rate      Rate    `json:"conversion"`
	Lift      float64 `json:"lift"` // conversion against that of all leads
}

// Options of an analysis.
type Options struct {
	Outcome string   // as the user wrote it, for people
	Keep    []string // columns to use although they look like leaks
	Exclude []string // columns not to use
}

// Analyse the sample.
func Analyse(s *Sample, o Options) (*Report, error) {
	all := s.cell()
	r := &Report{
		Outcome: o.Outcome, Rows: s.Rows, Leads: all.Total(), Sample: !s.Whole(), Converted: all.Yes, Rate: rateOf(all), columns: s.Columns,
	}
	outcomes := s.outcomes()
	var usable []*variable
	for column := range s.Columns {
		usable = append(usable, r.column(s, column, outcomes, o)...)
	}
	slices.SortStableFunc(r.Fields, func(a, b Field) int {
		switch {
		case a.Information > b.Information:
			return -1
		case a.Information < b.Information:
			return 1
		default:
			return 0
		}
	})
	err := r.draft(usable, outcomes, all)
	return r, err
}

// column looks at one; what of it can be used is returned.
func (r *Report) column(s *Sample, column int, outcomes []bool, o Options) []*variable {
	c := s.Columns[column]
	leaveOut := func(why, reason string) {
		r.LeftOut = append(r.LeftOut, LeftOut{Property: c.Property, File: c.File, Why: why, Reason: reason})
	}
	kept := slices.Contains(o.Keep, c.Property)
	if slices.Contains(o.Exclude, c.Property) {
		leaveOut(WhyExcluded, "excluded on the command line")
		return nil
	}
	variables := s.variablesOf(column)
	var first *variable
	if len(variables) > 0 {
		first = variables[0]
	}
	if why, reason := s.suspicion(column, first); why != "" && (!kept || first == nil || first.present == 0 || c.Truth) {
		leaveOut(why, reason)
		return nil
	}
	var usable []*variable
	for _, v := range variables {
		field := v.describe(c, outcomes)
		if field.AUC != nil && *field.AUC >= leakAUC && !kept {
			leaveOut(WhyLeak, fmt.Sprintf("it alone tells the outcome (AUC %.2f): known only after it?", *field.AUC))
			return nil
		}
		r.Fields = append(r.Fields, field)
		usable = append(usable, v)
	}
	return usable
}

func (v *variable) describe(c Column, outcomes []bool) Field {
	rows := every(len(outcomes))
	levels := v.levels(rows, outcomes)
	cells := cellsOf(levels)
	var all stats.Cell
	for _, c := range cells {
		all = all.Plus(c)
	}
	f := Field{
		Name: v.field, Property: c.Property, Entry: v.entry, Type: string(v.kind), Distinct: v.distinct, Misfits: v.misfits,
		Present: float64(v.present) / float64(len(outcomes)), Information: stats.InformationValue(cells), ByChance: stats.ByChance(cells),
	}
	f.Strength = strength(f.Information, f.ByChance)
	if auc := alone(v, outcomes); !math.IsNaN(auc) {
		f.AUC = &auc
	}
	for _, l := range levels {
		f.Values = append(f.Values, valueOf(v.label(l), l.cell, all))
	}
	return f
}

// about is what the report is about, in a sentence.
func (r *Report) about() string {
	sample := ""
	if r.Sample {
		sample = fmt.Sprintf(" (a uniform sample; there are %s rows)", thousands(r.Rows))
	}
	return fmt.Sprintf("%s%s, %s converted: %s (%s)", leads(r.Leads), sample, thousands(r.Converted), percent(r.Rate.Share), r.Rate.interval())
}

func valueOf(label string, c, all stats.Cell) Value {
	v := Value{Label: label, Leads: c.Total(), Converted: c.Yes, Rate: rateOf(c)}
	if all.Yes > 0 {
		v.Lift = c.Rate() / all.Rate()
	}
	return v
}

func every(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// strength in the bands that credit scoring uses (Siddiqi 2006).
func strength(information, probability float64) string {
	switch {
	case probability > 0.05:
		return "no more than chance"
	case information < 0.02:
		return "not predictive"
	case information < 0.1:
		return "weak"
	case information < 0.3:
		return "medium"
	case information <= 0.5:
		return "strong"
	default:
		return "suspiciously strong"
	}
}
