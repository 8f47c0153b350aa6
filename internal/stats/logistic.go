// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// Pattern is all leads with the same values of the features, counted by outcome: indicators have few patterns, whatever the leads.
type Pattern struct {
	Features []float64
	Cell
}

// Logistic is a fitted logistic regression: the log-odds of conversion are Intercept + sum of Coefficients[j] * feature j.
type Logistic struct {
	Intercept    float64
	Coefficients []float64 // of the features as they were given
}

// LogOdds of a lead.
func (l Logistic) LogOdds(features []float64) float64 {
	return l.Intercept + floats.Dot(l.Coefficients, features)
}

// FitLogistic maximises the likelihood minus penalty/2 * the squares of the coefficients (ridge), by Newton's method. Features are
// standardised (mean 0, variance 1) before they are penalised, so that the penalty does not depend on their units; the intercept is not
// penalised. A feature that never varies gets 0. The penalty must be above zero: it keeps a feature that separates the outcomes
// perfectly from growing for ever.
func FitLogistic(patterns []Pattern, penalty float64) (Logistic, error) {
	if penalty <= 0 {
		return Logistic{}, fmt.Errorf("penalty %g of the regression is not above zero", penalty)
	}
	var all Cell
	for _, p := range patterns {
		all = all.Plus(p.Cell)
	}
	if all.Yes == 0 || all.No == 0 {
		return Logistic{}, errors.New("a regression needs leads of both outcomes")
	}
	scaled, mean, deviation := standardise(patterns, float64(all.Total()))
	start := make([]float64, len(mean)+1)
	start[0] = math.Log(float64(all.Yes) / float64(all.No))
	objective := &ridge{patterns: scaled, penalty: penalty}
	result, err := optimize.Minimize(optimize.Problem{Func: objective.loss, Grad: objective.gradient, Hess: objective.hessian}, start,
		&optimize.Settings{GradientThreshold: 1e-9 * float64(all.Total()), MajorIterations: 200}, &optimize.Newton{})
	if err != nil {
		return Logistic{}, fmt.Errorf("the regression did not converge: %w", err)
	}
	fitted := Logistic{Intercept: result.X[0], Coefficients: make([]float64, len(mean))}
	for j := range mean {
		if deviation[j] > 0 {
			fitted.Coefficients[j] = result.X[j+1] / deviation[j]
			fitted.Intercept -= fitted.Coefficients[j] * mean[j]
		}
	}
	return fitted, nil
}

// negligible is the deviation, as a share of the mean, that rounding leaves of a feature that never varies.
const negligible = 1e-10

func standardise(patterns []Pattern, total float64) (scaled []Pattern, mean, deviation []float64) {
	width := 0
	if len(patterns) > 0 {
		width = len(patterns[0].Features)
	}
	mean, deviation = make([]float64, width), make([]float64, width)
	for _, p := range patterns {
		floats.AddScaled(mean, float64(p.Total())/total, p.Features)
	}
	for _, p := range patterns {
		for j, x := range p.Features {
			deviation[j] += (x - mean[j]) * (x - mean[j]) * float64(p.Total()) / total
		}
	}
	for j := range deviation {
		deviation[j] = math.Sqrt(deviation[j])
		if deviation[j] <= negligible*math.Abs(mean[j]) {
			deviation[j] = 0
		}
	}
	for _, p := range patterns {
		features := make([]float64, width)
		for j, x := range p.Features {
			if deviation[j] > 0 {
				features[j] = (x - mean[j]) / deviation[j]
			}
		}
		scaled = append(scaled, Pattern{Features: features, Cell: p.Cell})
	}
	return scaled, mean, deviation
}

// ridge is the loss: minus the log-likelihood, plus the penalty. The first parameter is the intercept.
type ridge struct {
	patterns []Pattern
	penalty  float64
}

func (r *ridge) loss(beta []float64) float64 {
	loss := r.penalty / 2 * floats.Dot(beta[1:], beta[1:])
	for _, p := range r.patterns {
		odds := beta[0] + floats.Dot(beta[1:], p.Features)
		loss += float64(p.Yes)*softplus(-odds) + float64(p.No)*softplus(odds)
	}
	return loss
}

func (r *ridge) gradient(out, beta []float64) {
	out[0] = 0
	floats.ScaleTo(out[1:], r.penalty, beta[1:])
	for _, p := range r.patterns {
		residual := float64(p.Total())*sigmoid(beta[0]+floats.Dot(beta[1:], p.Features)) - float64(p.Yes)
		out[0] += residual
		floats.AddScaled(out[1:], residual, p.Features)
	}
}

func (r *ridge) hessian(out *mat.SymDense, beta []float64) {
	out.Zero()
	for j := 1; j < len(beta); j++ {
		out.SetSym(j, j, r.penalty)
	}
	with := make([]float64, len(beta))
	with[0] = 1
	for _, p := range r.patterns {
		probability := sigmoid(beta[0] + floats.Dot(beta[1:], p.Features))
		copy(with[1:], p.Features)
		out.SymRankOne(out, float64(p.Total())*probability*(1-probability), mat.NewVecDense(len(with), with))
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus is ln(1 + e^x) without overflow.
func softplus(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}
