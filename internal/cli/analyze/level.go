// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"math"
	"slices"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/stats"
)

const (
	maxLevels = 40 // values that are looked at one by one, the most frequent ones
	maxBands  = 10 // quantiles of a number
	leastRows = 10 // leads that a value needs to be looked at, and
	leastPart = 0.005
)

// level is one value of a text, one band of a number, all rarer values together, or no value.
type level struct {
	cell          stats.Cell
	code          int     // of a text
	low, high     float64 // of a number: low <= x < high
	other, absent bool
}

// leastOf is how many leads a level needs.
func leastOf(rows int) int { return max(leastRows, int(math.Ceil(leastPart*float64(rows)))) }

// levels of a variable in some of the leads. For numbers they stand in their order, absent last; else the most frequent first, then others,
// then absent.
func (v *variable) levels(rows []int, outcomes []bool) []level {
	if v.numeric() {
		return v.bands(rows, outcomes)
	}
	cells := make([]stats.Cell, len(v.names)+1) // the last is absent
	for _, i := range rows {
		at := v.codes[i]
		if at < 0 {
			at = len(v.names)
		}
		count(&cells[at], outcomes[i])
	}
	order := make([]int, len(v.names))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cells[b].Total() - cells[a].Total() })
	var out []level
	other := level{other: true}
	for n, code := range order {
		if cells[code].Total() < leastOf(len(rows)) || n >= maxLevels {
			other.cell = other.cell.Plus(cells[code])
			continue
		}
		out = append(out, level{code: code, cell: cells[code]})
	}
	if other.cell.Total() > 0 {
		out = append(out, other)
	}
	if absent := cells[len(v.names)]; absent.Total() > 0 {
		out = append(out, level{absent: true, cell: absent})
	}
	return out
}

func count(c *stats.Cell, converted bool) {
	if converted {
		c.Yes++
	} else {
		c.No++
	}
}

// bands are quantiles, with bounds that people can say; bands with too few leads are joined with the one before.
func (v *variable) bands(rows []int, outcomes []bool) []level {
	var numbers []float64
	absent := level{absent: true}
	for _, i := range rows {
		if math.IsNaN(v.numbers[i]) {
			count(&absent.cell, outcomes[i])
		} else {
			numbers = append(numbers, v.numbers[i])
		}
	}
	edges := v.edges(numbers)
	var out []level
	for i := range len(edges) + 1 {
		out = append(out, level{low: math.Inf(-1), high: math.Inf(1)})
		if i > 0 {
			out[i].low, out[i-1].high = edges[i-1], edges[i-1]
		}
	}
	for _, i := range rows {
		if x := v.numbers[i]; !math.IsNaN(x) {
			count(&out[bandOf(edges, x)].cell, outcomes[i])
		}
	}
	out = joinSmall(out, leastOf(len(rows)))
	if absent.cell.Total() > 0 {
		out = append(out, absent)
	}
	return out
}

// bandOf x among len(edges)+1 bands.
func bandOf(edges []float64, x float64) int {
	at, exact := slices.BinarySearch(edges, x)
	if exact {
		at++
	}
	return at
}

func joinSmall(bands []level, least int) []level {
	for i := 0; i < len(bands) && len(bands) > 1; {
		if bands[i].cell.Total() >= least {
			i++
			continue
		}
		at := max(i-1, 0)
		bands[at+1].low, bands[at+1].cell = bands[at].low, bands[at].cell.Plus(bands[at+1].cell)
		bands = slices.Delete(bands, at, at+1)
		i = at
	}
	return bands
}

// edges between the bands, in order. Of few different numbers each is a band.
func (v *variable) edges(numbers []float64) []float64 {
	if len(numbers) == 0 {
		return nil
	}
	slices.Sort(numbers)
	distinct := slices.Compact(slices.Clone(numbers))
	if len(distinct) <= maxBands {
		return distinct[1:]
	}
	var edges []float64
	for n := 1; n < maxBands; n++ {
		edge := v.sayable(numbers[n*len(numbers)/maxBands])
		if edge > numbers[0] && edge <= numbers[len(numbers)-1] {
			edges = append(edges, edge)
		}
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}

// sayable rounds to two digits, and an instant to its day.
func (v *variable) sayable(x float64) float64 {
	if v.kind == lead.Timestamp {
		const day = 24 * 60 * 60
		return math.Floor(x/day) * day
	}
	if x == 0 || (v.kind == lead.Integer && math.Abs(x) < 100) {
		return x
	}
	digits := math.Floor(math.Log10(math.Abs(x))) - 1
	if digits >= 0 {
		unit := math.Pow(10, digits)
		return math.Round(x/unit) * unit
	}
	unit := math.Pow(10, -digits) // dividing by a whole number keeps 0.25 from becoming 0.25000000000000006
	return math.Round(x*unit) / unit
}
