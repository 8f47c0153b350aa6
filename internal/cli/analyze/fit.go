// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"errors"
	"math"
	"slices"

	"github.com/handoff-sla/handoff/internal/stats"
)

const (
	folds        = 5
	penalty      = 1.0  // of the regression
	scale        = 100  // points between the worst lead and the best
	byChance     = 0.01 // probability of its information value above which a field is not used
	mostFields   = 12   // in a draft, those of the highest information value
	leastOutcome = 20   // leads of each outcome that a draft needs
)

// model is a fitted score: a classing for each variable, and points for each of its classes.
type model struct {
	classings []*classing
	points    [][]int     // by classing and class; the reference has 0
	weights   [][]float64 // the same as log-odds
	base      int         // points of every lead, so that none falls below zero
}

var errNoFit = errors.New("no field separates converted leads from the others by more than chance")

// fitModel learns all that it uses from the leads given: bands, groups of values, the choice of variables and the points.
func fitModel(variables []*variable, rows []int, outcomes []bool) (*model, error) {
	m := &model{}
	type ranked struct {
		*classing
		information float64
	}
	var candidates []ranked
	for _, v := range variables {
		if stats.ByChance(cellsOf(v.levels(rows, outcomes))) > byChance {
			continue
		}
		if c := newClassing(v, rows, outcomes); len(c.classes) > 1 {
			candidates = append(candidates, ranked{c, stats.InformationValue(c.cells())})
		}
	}
	slices.SortStableFunc(candidates, func(a, b ranked) int {
		switch {
		case a.information > b.information:
			return -1
		case a.information < b.information:
			return 1
		default:
			return 0
		}
	})
	for _, c := range candidates[:min(len(candidates), mostFields)] {
		m.classings = append(m.classings, c.classing)
	}
	if len(m.classings) == 0 {
		return nil, errNoFit
	}
	fitted, err := stats.FitLogistic(m.patterns(rows, outcomes), penalty)
	if err != nil {
		return nil, err
	}
	m.scale(fitted.Coefficients)
	for n, c := range m.classings {
		c.assumeWorst(m.points[n])
	}
	return m, nil
}

func (c *classing) cells() []stats.Cell {
	cells := make([]stats.Cell, len(c.classes))
	for n, class := range c.classes {
		cells[n] = class.cell
	}
	return cells
}

func cellsOf(levels []level) []stats.Cell {
	cells := make([]stats.Cell, len(levels))
	for n, l := range levels {
		cells[n] = l.cell
	}
	return cells
}

// patterns of indicators, one for each class but the reference.
func (m *model) patterns(rows []int, outcomes []bool) []stats.Pattern {
	index := map[string]int{}
	var patterns []stats.Pattern
	key := make([]byte, len(m.classings))
	for _, i := range rows {
		for n, c := range m.classings {
			key[n] = byte(c.of(i))
		}
		at, known := index[string(key)]
		if !known {
			at = len(patterns)
			index[string(key)] = at
			patterns = append(patterns, stats.Pattern{Features: m.indicators(key)})
		}
		count(&patterns[at].Cell, outcomes[i])
	}
	return patterns
}

func (m *model) indicators(key []byte) []float64 {
	var features []float64
	for n, c := range m.classings {
		for class := 1; class < len(c.classes); class++ {
			value := 0.0
			if int(key[n]) == class {
				value = 1
			}
			features = append(features, value)
		}
	}
	return features
}

// scale makes points of coefficients: 100 lie between the worst lead that there can be and the best, and the worst has about 0.
func (m *model) scale(coefficients []float64) {
	span := 0.0
	at := 0
	for _, c := range m.classings {
		weights := make([]float64, len(c.classes))
		at += copy(weights[1:], coefficients[at:])
		m.weights = append(m.weights, weights)
		span += slices.Max(weights) - slices.Min(weights)
	}
	for _, weights := range m.weights {
		points := make([]int, len(weights))
		for n, w := range weights {
			if span > 0 {
				points[n] = int(math.Round(w / span * scale))
			}
		}
		m.points = append(m.points, points)
		m.base -= slices.Min(points)
	}
}

// score of a lead: what the definition would give it.
func (m *model) score(i int) int {
	score := m.base
	for n, c := range m.classings {
		score += m.points[n][c.of(i)]
	}
	return min(max(score, 0), scale)
}

// validate fits again without a part of the leads, and scores that part.
func validate(variables []*variable, outcomes []bool) (stats.Validation, error) {
	return stats.CrossValidate(outcomes, folds, func(train []int) (func(int) float64, error) {
		m, err := fitModel(variables, train, outcomes)
		if errors.Is(err, errNoFit) { // this part of the leads tells nothing: a coin
			return func(int) float64 { return 0 }, nil
		}
		if err != nil {
			return nil, err
		}
		return func(i int) float64 { return float64(m.score(i)) }, nil
	})
}
