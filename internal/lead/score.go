// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"math"
	"time"
)

// FactorKind says what a factor of the score is.
type FactorKind string

// The kinds of factors, in the order in which they stand in a score.
const (
	FactorRule     FactorKind = "Rule"     // points that a rule gave, after its own max
	FactorGroup    FactorKind = "Group"    // what clamping the group to 0..max took or added; after the group's rules
	FactorReentry  FactorKind = "Reentry"  // what the disposition that recycled the lead adds to its score
	FactorRounding FactorKind = "Rounding" // what rounding half up took or added
	FactorClamp    FactorKind = "Clamp"    // what clamping the score to 0..max took or added
)

// Factor is one part of a score. There is none for a rule that gave nothing and a clamp that changed nothing.
type Factor struct {
	Kind        FactorKind
	Group       string  // Rule, Group
	Rule        string  // Rule
	Occurrences int     // Rule with `signal`: the newest occurrences of the signal, as many as gave points
	Capped      bool    // Rule with `signal`: its max was reached
	Points      float64 // a multiple of 2^-24, so that sums of factors are exact in any order
}

// Score is a lead's score at a time. The factors of kind Rule, Group and Reentry sum exactly to Raw; with that of kind Rounding to
// Rounded; with that of kind Clamp to Clamped, the number that is shown and compared with thresholds. Only Explain fills Factors in:
// every lead is scored many times, and asked about seldom.
type Score struct {
	Raw     float64
	Rounded int
	Clamped int
	Factors []Factor
}

// grain is what decayed points are rounded to: sums of its multiples are exact, so that the number shown always equals
// the sum of its parts, and processors that differ in the last bit of an exponential agree.
const grain = 1.0 / (1 << 24)

// Explain is the score at the end of the history, which is in (Time, Sequence) order, with its factors; zero when no event changes
// record or signals.
func (p *Program) Explain(history []Event) Score { return p.ExplainIn(history, Circumstances{}) }

// ExplainIn is Explain of a lead that may have been handed off before.
func (p *Program) ExplainIn(history []Event, c Circumstances) Score {
	s, known := newState(p), false
	s.returning = newReturning(c.Again)
	for _, e := range history {
		s.returning.dispose(e, p.definition.Dispositions)
		known = s.apply(e) || known
	}
	if !known {
		return Score{}
	}
	return s.explain()
}

// score at the state's time, without factors.
func (s *state) score() Score {
	s.evaluateFits()
	var score Score
	for i := range s.program.groups {
		g, sum := &s.program.groups[i], float64(s.fits[i])
		for _, k := range g.behaviours {
			points, _, _ := g.rules[k].behaviour(s.signals.signals[g.rules[k].signal].times, s.now)
			sum += points
		}
		score.Raw += g.clamp(sum)
	}
	score.Raw += float64(s.returning.scoreDelta())
	score.Rounded = int(math.Floor(score.Raw + 0.5))
	score.Clamped = min(max(score.Rounded, 0), s.program.max)
	return score
}

// prepare sorts the rules by kind.
func (g *group) prepare() {
	for i, r := range g.rules {
		if r.when != nil {
			g.fits = append(g.fits, fit{test: r.when.test, points: int(r.points)})
		} else {
			g.behaviours = append(g.behaviours, i)
		}
	}
}

func (g *group) clamp(sum float64) float64 {
	clamped := max(sum, 0)
	if g.max != nil {
		clamped = min(clamped, float64(*g.max))
	}
	return clamped
}

// explain is the score with its factors.
func (s *state) explain() Score {
	score := s.score()
	var all factors
	for i := range s.program.groups {
		all = s.explainGroup(all, &s.program.groups[i])
	}
	all = all.with(Factor{Kind: FactorReentry, Points: float64(s.returning.scoreDelta())})
	all = all.with(Factor{Kind: FactorRounding, Points: float64(score.Rounded) - score.Raw})
	score.Factors = all.with(Factor{Kind: FactorClamp, Points: float64(score.Clamped - score.Rounded)})
	return score
}

func (s *state) explainGroup(all factors, g *group) factors {
	sum := 0.0
	for _, r := range g.rules {
		f := Factor{Kind: FactorRule, Group: g.name, Rule: r.name}
		switch {
		case r.when == nil:
			f.Points, f.Occurrences, f.Capped = r.behaviour(s.signals.signals[r.signal].times, s.now)
		case r.when.holds(s):
			f.Points = r.points
		}
		all = all.with(f)
		sum += f.Points
	}
	return all.with(Factor{Kind: FactorGroup, Group: g.name, Points: g.clamp(sum) - sum})
}

type factors []Factor

// with a factor, unless it is nothing.
func (all factors) with(f Factor) factors {
	if f.Points == 0 {
		return all
	}
	return append(all, f)
}

// behaviour sums the points of occurrences, newest first, until its max is reached or what is older gives nothing more.
// The max bounds the magnitude: -5 for each with a max of 15 takes 15 at most.
func (r *rule) behaviour(times []time.Time, now time.Time) (points float64, occurrences int, capped bool) {
	for i := len(times) - 1; i >= 0; i-- {
		each := r.decayed(now.Sub(times[i]))
		if each == 0 {
			break
		}
		points += each
		occurrences++
		if r.max != nil && math.Abs(points) >= float64(*r.max) {
			return math.Copysign(float64(*r.max), points), occurrences, true
		}
	}
	return points, occurrences, false
}

func (r *rule) decayed(age time.Duration) float64 {
	if r.halfLife == 0 {
		return r.points
	}
	halvings := float64(age) / float64(r.halfLife)
	return math.Round(r.points*math.Exp2(-halvings)/grain) * grain
}

// evaluateFits sums the points of the rules with `when`, without a branch on what each says: nobody can guess that.
func (s *state) evaluateFits() {
	if s.fitsKnown {
		return
	}
	for i := range s.program.groups {
		sum := 0
		for _, f := range s.program.groups[i].fits {
			sum += f.points & -order(f.test(&s.record))
		}
		s.fits[i] = sum
	}
	s.fitsKnown = true
}
