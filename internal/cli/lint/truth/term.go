// SPDX-License-Identifier: Apache-2.0

package truth

import (
	"math"
	"slices"
)

// kind of what a term holds.
type kind uint8

const (
	whole   kind = iota // an Integer field, which may be negative
	counted             // a count or a size
	decimal             // a Number field
	text                // a String field
	boolean             // a Boolean field
	other               // a field of which only the presence is asked
	unknown             // an expression that is not understood: true, false or failing
)

func (k kind) String() string {
	return [...]string{"whole", "counted", "decimal", "text", "boolean", "other", "unknown"}[k]
}

func (k kind) numeric() bool { return k == whole || k == counted || k == decimal }

// term is something that expressions compare with literals.
type term struct {
	kind    kind
	absent  bool // the lead may not have it
	blank   bool // a text may be blank
	numbers []float64
	texts   []string
}

// candidates are values of which each possible one is like, as far as the literals tell them apart.
func (t *term) candidates() []value {
	var out []value
	if t.absent {
		out = append(out, value{})
	}
	switch t.kind {
	case unknown:
		return []value{{outcome: True}, {outcome: False}, {outcome: Fails}}
	case boolean:
		return append(out, value{there: true, outcome: True}, value{there: true, outcome: False})
	case text:
		for _, s := range t.distinctTexts() {
			out = append(out, value{there: true, text: s})
		}
	case other:
		out = append(out, value{there: true})
	default:
		for _, n := range t.distinctNumbers() {
			out = append(out, value{there: true, number: n})
		}
	}
	return out
}

// distinctTexts are the literals and one that is none of them.
func (t *term) distinctTexts() []string {
	texts := slices.Clone(t.texts)
	if t.blank {
		texts = append(texts, "")
	}
	fresh := "x"
	for slices.Contains(texts, fresh) {
		fresh += "x"
	}
	texts = append(texts, fresh)
	slices.Sort(texts)
	return slices.DeleteFunc(slices.Compact(texts), func(s string) bool { return !t.blank && isBlank(s) })
}

// distinctNumbers are the literals, one between each two neighbours, one below and one above all.
func (t *term) distinctNumbers() []float64 {
	literals := append([]float64{0}, t.numbers...)
	slices.Sort(literals)
	var out []float64
	for i, n := range literals {
		out = append(out, n-1, n, n+1, math.Floor(n), math.Ceil(n), math.Floor(n)-1, math.Ceil(n)+1)
		if i > 0 {
			out = append(out, (literals[i-1]+n)/2)
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(n float64) bool {
		return t.kind != decimal && n != math.Trunc(n) || t.kind == counted && n < 0
	})
}
