// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/handoff-sla/handoff/internal/stats"
)

// Band are the MQLs of a range of scores, and those of them that became an opportunity.
type Band struct {
	From          int64 `json:"from"`
	To            int64 `json:"to"`
	Opportunities Rate  `json:"opportunities"` // of the MQLs in the band
	Won           int64 `json:"won"`
}

// Sweep is what one path would have given with other thresholds.
type Sweep struct {
	Path   string      `json:"path"`
	Now    int64       `json:"now"` // the threshold in force
	Steps  []Threshold `json:"steps"`
	Advice string      `json:"advice"` // Tighten, Loosen or Keep; empty with too few leads
	To     int64       `json:"to"`     // the threshold that is advised
	Reason string      `json:"reason"`
}

// Threshold is a step of a sweep. Nothing is known of what would have become of leads below the threshold in force.
type Threshold struct {
	Score             int64 `json:"score"`
	MQLs              int64 `json:"mqls"` // of the path with at least this score
	Accepted          int64 `json:"accepted"`
	Opportunities     int64 `json:"opportunities"`
	Precision         Rate  `json:"precision"`         // opportunities of the MQLs
	LostOpportunities int64 `json:"lostOpportunities"` // those of the MQLs below this score
	Near              int64 `json:"near"`              // leads that are no MQLs, with a score from this one to the threshold in force
}

// bands that a score is cut into: of ten points each where the highest is 100.
const bands = 10

// calibration of the score: bands from the lowest score that any MQL had to the highest.
func (s *Scores) calibration() []Band {
	width := max(1, (s.Max+bands-1)/bands)
	all := []Band{}
	for from := int64(0); from <= s.Max; from += width {
		b := Band{From: from, To: from + width - 1}
		if b.To+width > s.Max { // the highest score belongs to the last band
			b.To = s.Max
		}
		var mqls, opportunities int64
		for _, m := range s.MQLs {
			if m.Score >= b.From && m.Score <= b.To {
				mqls, opportunities, b.Won = mqls+m.MQLs, opportunities+m.Opportunities, b.Won+m.Won
			}
		}
		if mqls > 0 {
			b.Opportunities = rateOf(opportunities, mqls)
			all = append(all, b)
		}
		if b.To == s.Max {
			break
		}
	}
	return all
}

// auc is how often, of one MQL that became an opportunity and one that did not, the first had the higher score; false with too few of either.
func (s *Scores) auc(least int64) (float64, bool) {
	var scores []float64
	var outcomes []bool
	var yes, no int64
	for _, m := range s.MQLs {
		for i := range m.MQLs {
			scores, outcomes = append(scores, float64(m.Score)), append(outcomes, i < m.Opportunities)
		}
		yes, no = yes+m.Opportunities, no+m.MQLs-m.Opportunities
	}
	if yes < max(1, least) || no < max(1, least) {
		return 0, false
	}
	return math.Round(100*stats.AUC(scores, outcomes)) / 100, true
}

// sweeps of every path that asks for a score.
func (s *Scores) sweeps(least int64) []Sweep {
	all := []Sweep{}
	for _, p := range s.Paths {
		if p.Threshold > 0 {
			all = append(all, s.sweep(p, least))
		}
	}
	return all
}

// reach of a sweep on each side of the threshold, and its step, in points.
const (
	sweepReach = 20
	sweepStep  = 5
)

func (s *Scores) sweep(p ScorePath, least int64) Sweep {
	sweep := Sweep{Path: p.Name, Now: p.Threshold}
	for t := p.Threshold - sweepReach; t <= p.Threshold+sweepReach; t += sweepStep {
		if t >= 1 && t <= s.Max {
			sweep.Steps = append(sweep.Steps, s.threshold(p, t))
		}
	}
	sweep.advise(max(1, least))
	return sweep
}

func (s *Scores) threshold(p ScorePath, at int64) Threshold {
	t := Threshold{Score: at}
	for _, m := range s.MQLs {
		switch {
		case m.Path != p.Name:
		case m.Score >= at:
			t.MQLs, t.Accepted, t.Opportunities = t.MQLs+m.MQLs, t.Accepted+m.Accepted, t.Opportunities+m.Opportunities
		default:
			t.LostOpportunities += m.Opportunities
		}
	}
	for _, n := range s.Near {
		if score, err := strconv.ParseInt(n.Key, 10, 64); err == nil && score >= at && score < p.Threshold {
			t.Near += n.Leads
		}
	}
	t.Precision = rateOf(t.Opportunities, t.MQLs)
	return t
}

// advise to tighten when a higher threshold spares a fifth of the MQLs for at most a twentieth of the opportunities; to loosen when the MQLs
// just above the threshold convert as well as all of them, and leads wait just below it.
func (s *Sweep) advise(least int64) {
	i := slices.IndexFunc(s.Steps, func(t Threshold) bool { return t.Score == s.Now })
	if i < 0 || s.Steps[i].Opportunities < least || s.Steps[i].MQLs-s.Steps[i].Opportunities < least {
		return
	}
	now := s.Steps[i]
	s.Advice, s.To = "Keep", s.Now
	s.Reason = fmt.Sprintf("No other threshold near %d would clearly do better.", s.Now)
	for _, t := range s.Steps[i+1:] {
		if 5*(now.MQLs-t.MQLs) >= now.MQLs && 20*t.LostOpportunities <= now.Opportunities {
			s.Advice, s.To = "Tighten", t.Score
			s.Reason = fmt.Sprintf("A threshold of %d would have given %s, at the price of %s.",
				t.Score, several(now.MQLs-t.MQLs, "fewer MQL"), several(t.LostOpportunities, "lost opportunity"))
		}
	}
	if s.Advice == "Tighten" || i == 0 || i+2 >= len(s.Steps) {
		return
	}
	edge := rateOf(s.Steps[i+2].LostOpportunities, now.MQLs-s.Steps[i+2].MQLs)
	if below := s.Steps[i-1]; below.Near > 0 && edge.Of >= least && edge.at() >= now.Precision.at() {
		s.Advice, s.To = "Loosen", below.Score
		s.Reason = fmt.Sprintf("MQLs with %d to %d points became opportunities as often as all of them: %s against %s. %s with at least %d points "+
			"would come on top; what they are worth is not known yet.",
			s.Now, s.Steps[i+2].Score-1, edge.short(), now.Precision.short(), several(below.Near, "lead"), below.Score)
	}
}
