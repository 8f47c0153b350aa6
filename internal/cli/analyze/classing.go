// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"math"
	"slices"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/stats"
)

// maxClasses of a variable: more cannot be argued over.
const maxClasses = 5

// class is what levels of about the same conversion rate become: one rule of the draft.
type class struct {
	cell    stats.Cell
	levels  []level
	unknown bool // leads without the value are put here, since too few are known to tell
}

func (c class) has(is func(level) bool) bool { return slices.ContainsFunc(c.levels, is) }

func (c class) absent() bool {
	return c.unknown || c.has(func(l level) bool { return l.absent })
}

// classing of a variable. The first class is the reference: it gets no points, and takes in every value that no other class names.
type classing struct {
	*variable
	classes []class
	codes   map[int]int // of texts, without the reference's
	edges   []float64   // of numbers
	bands   []int       // class of each band between the edges
	nothing int         // class of a lead without the value
	unknown bool        // too few leads lack the value to tell anything of such a lead
	few     stats.Cell  // those few
}

// newClassing joins neighbouring levels (by rate; bands of numbers by their order) until all neighbours differ by more than chance, and
// there are few. A missing value is a class of its own only where it tells something.
func newClassing(v *variable, rows []int, outcomes []bool) *classing {
	levels, least := v.levels(rows, outcomes), leastOf(len(rows))
	chain, absent := v.chain(levels, least)
	for len(chain) > 1 {
		at, z := closest(chain)
		if z >= stats.Z95 && len(chain) <= maxClasses {
			break
		}
		chain[at] = class{cell: chain[at].cell.Plus(chain[at+1].cell), levels: append(chain[at].levels, chain[at+1].levels...)}
		chain = slices.Delete(chain, at+1, at+2)
	}
	reference := referenceOf(chain)
	if absent != nil {
		if math.Abs(stats.Difference(absent.cell, chain[reference].cell)) >= stats.Z95 {
			chain = append(chain, *absent)
		}
	}
	c := &classing{variable: v, codes: map[int]int{}, unknown: v.kind != lead.StringList} // a lead without a list has none of its entries
	for _, l := range levels {
		if l.absent {
			c.few, c.unknown = l.cell, l.cell.Total() < least
		}
	}
	c.classes = append(c.classes, chain[reference])
	c.classes = append(c.classes, slices.Delete(chain, reference, reference+1)...)
	c.index()
	return c
}

// chain is the levels as classes in the order in which neighbours may be joined. The missing value of a number has no place in its order
// and is returned apart; with too few leads it is left out, which means that it belongs to the reference.
func (v *variable) chain(levels []level, least int) (chain []class, absent *class) {
	for _, l := range levels {
		one := class{cell: l.cell, levels: []level{l}}
		switch {
		case l.absent && l.cell.Total() < least:
		case l.absent && v.numeric():
			absent = &one
		default:
			chain = append(chain, one)
		}
	}
	if len(chain) == 0 {
		chain = append(chain, class{})
	}
	if !v.numeric() {
		slices.SortStableFunc(chain, func(a, b class) int {
			switch {
			case a.cell.Rate() < b.cell.Rate():
				return -1
			case a.cell.Rate() > b.cell.Rate():
				return 1
			default:
				return 0
			}
		})
	}
	return chain, absent
}

// closest neighbours, and how many standard errors are between them.
func closest(chain []class) (at int, z float64) {
	z = math.Inf(1)
	for i := range len(chain) - 1 {
		if d := math.Abs(stats.Difference(chain[i].cell, chain[i+1].cell)); d < z {
			at, z = i, d
		}
	}
	return at, z
}

// referenceOf a chain is the class with the rarer values, since a rule that names them all could not be read; else the largest that is not
// only the missing value.
func referenceOf(chain []class) int {
	best := 0
	for i, c := range chain {
		if c.has(func(l level) bool { return l.other }) {
			return i
		}
		onlyAbsent := len(chain[best].levels) == 1 && chain[best].absent()
		if onlyAbsent || c.cell.Total() > chain[best].cell.Total() && (len(c.levels) > 1 || !c.absent()) {
			best = i
		}
	}
	return best
}

// assumeWorst of a lead without the value, where nothing is known of such leads: they take the class of the fewest points, so that nobody
// qualifies by what is not known of them.
func (c *classing) assumeWorst(points []int) {
	if !c.unknown {
		return
	}
	worst := slices.Index(points, slices.Min(points))
	c.nothing = worst
	c.classes[worst].unknown = true
	c.classes[worst].cell = c.classes[worst].cell.Plus(c.few)
}

func (c *classing) index() {
	for n, class := range c.classes {
		for _, l := range class.levels {
			switch {
			case l.absent:
				c.nothing = n
			case c.numeric():
				c.edges, c.bands = append(c.edges, l.low), append(c.bands, n)
			case !l.other:
				c.codes[l.code] = n
			}
		}
	}
	if c.numeric() {
		c.sortBands()
	}
}

// sortBands puts the bands, which the classes hold in their own order, in that of the numbers.
func (c *classing) sortBands() {
	order := make([]int, len(c.edges))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if c.edges[a] < c.edges[b] {
			return -1
		}
		return 1
	})
	edges, bands := make([]float64, 0, len(order)), make([]int, 0, len(order))
	for _, i := range order {
		edges, bands = append(edges, c.edges[i]), append(bands, c.bands[i])
	}
	c.edges, c.bands = edges, bands
	if len(c.edges) > 0 {
		c.edges = c.edges[1:] // the first begins at minus infinity
	}
}

// of a lead.
func (c *classing) of(i int) int {
	if c.numeric() {
		x := c.numbers[i]
		if math.IsNaN(x) || len(c.bands) == 0 {
			return c.nothing
		}
		return c.bands[bandOf(c.edges, x)]
	}
	if c.variable.codes[i] < 0 {
		return c.nothing
	}
	return c.codes[c.variable.codes[i]]
}
