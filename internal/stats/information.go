// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Cell counts the leads of one value or band by outcome.
type Cell struct{ Yes, No int }

// Total of the cell.
func (c Cell) Total() int { return c.Yes + c.No }

// Rate is the share of Yes; 0 without leads.
func (c Cell) Rate() float64 {
	if c.Total() == 0 {
		return 0
	}
	return float64(c.Yes) / float64(c.Total())
}

// Plus is both together.
func (c Cell) Plus(d Cell) Cell { return Cell{c.Yes + d.Yes, c.No + d.No} }

// smoothing is what is added to each count, so that a value without a converted lead has a finite weight of evidence.
const smoothing = 0.5

// InformationValue is what the partition tells about the outcome, as used in credit scoring (Siddiqi 2006; it is the symmetric
// Kullback-Leibler divergence, or Jeffreys', between the values of converted leads and those of the others): the sum over
// cells of (share of all Yes - share of all No) * weight of evidence, the latter being ln(share of Yes / share of No). Half a lead
// is added to each count. Cells without leads count for nothing. It is at least 0; with one cell it is 0.
func InformationValue(cells []Cell) float64 {
	iv := 0.0
	shares(cells, func(_ int, yes, no float64) { iv += (yes - no) * math.Log(yes/no) })
	return iv
}

// ByChance is the probability of so high an information value where the cells say nothing about the outcome: the value times
// Yes*No/(Yes+No) then is about chi-square with one degree of freedom less than there are cells. Many cells and few converted leads look
// informative by chance.
func ByChance(cells []Cell) float64 {
	var all Cell
	filled := 0
	for _, c := range cells {
		if c.Total() > 0 {
			all, filled = all.Plus(c), filled+1
		}
	}
	if filled < 2 || all.Yes == 0 || all.No == 0 {
		return 1
	}
	statistic := InformationValue(cells) * float64(all.Yes) * float64(all.No) / float64(all.Total())
	return distuv.ChiSquared{K: float64(filled - 1)}.Survival(statistic)
}

// WeightsOfEvidence are the cells' ln(share of Yes / share of No); 0 for a cell without leads.
func WeightsOfEvidence(cells []Cell) []float64 {
	weights := make([]float64, len(cells))
	shares(cells, func(i int, yes, no float64) { weights[i] = math.Log(yes / no) })
	return weights
}

func shares(cells []Cell, see func(i int, yes, no float64)) {
	var all Cell
	filled := 0
	for _, c := range cells {
		all = all.Plus(c)
		if c.Total() > 0 {
			filled++
		}
	}
	allYes, allNo := float64(all.Yes)+smoothing*float64(filled), float64(all.No)+smoothing*float64(filled)
	for i, c := range cells {
		if c.Total() > 0 {
			see(i, (float64(c.Yes)+smoothing)/allYes, (float64(c.No)+smoothing)/allNo)
		}
	}
}

// Difference is how many standard errors lie between the rates of two cells (the pooled z test of two proportions, whose square is
// Pearson's chi-square of the 2x2 table); 0 when one is empty or all leads have the same outcome.
func Difference(a, b Cell) float64 {
	both := a.Plus(b)
	if a.Total() == 0 || b.Total() == 0 || both.Yes == 0 || both.No == 0 {
		return 0
	}
	p := both.Rate()
	return (a.Rate() - b.Rate()) / math.Sqrt(p*(1-p)*(1/float64(a.Total())+1/float64(b.Total())))
}
