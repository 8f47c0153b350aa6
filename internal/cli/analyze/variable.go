// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"math"
	"slices"
	"strconv"

	"github.com/handoff-sla/handoff/internal/lead"
)

// maxEntries of a list field that are looked at one by one.
const maxEntries = 20

// variable is what a rule of the draft may ask of a lead: a field, or whether a list field has an entry.
type variable struct {
	column   int // of the sample
	field    string
	kind     lead.FieldType
	entry    string    // of a StringList; the variable then is whether the list has it
	codes    []int     // of texts: index into names for each lead, -1 where absent
	names    []string  // texts, in alphabetical order
	numbers  []float64 // of numbers: NaN where absent
	misfits  int       // values that do not fit the type
	distinct int
	present  int
}

func (v *variable) numeric() bool { return v.numbers != nil }

// variablesOf a column; several for a list.
func (s *Sample) variablesOf(column int) []*variable {
	c := s.Columns[column]
	texts := s.texts(column)
	kind := c.Type
	if kind == "" {
		kind = infer(present(texts))
	}
	v := &variable{column: column, field: c.Field, kind: kind}
	switch kind {
	case lead.Integer, lead.Number, lead.Timestamp:
		v.fillNumbers(texts)
	case lead.Boolean:
		v.fillTexts(booleans(texts, &v.misfits))
	case lead.StringList:
		return entriesOf(v, texts)
	default:
		v.fillTexts(texts)
	}
	return []*variable{v}
}

func (s *Sample) texts(column int) []string {
	out := make([]string, len(s.kept))
	for i, r := range s.kept {
		out[i] = r.cells[column]
	}
	return out
}

func present(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return text == "" })
}

func (v *variable) fillNumbers(texts []string) {
	v.numbers = make([]float64, len(texts))
	seen := map[float64]bool{}
	for i, text := range texts {
		v.numbers[i] = math.NaN()
		if text == "" {
			continue
		}
		number, ok := parse(v.kind, text)
		if !ok {
			v.misfits++
			continue
		}
		v.numbers[i], seen[number] = number, true
		v.present++
	}
	v.distinct = len(seen)
}

func booleans(texts []string, misfits *int) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		if text == "" {
			continue
		}
		number, ok := parse(lead.Boolean, text)
		if !ok {
			*misfits++
			continue
		}
		out[i] = strconv.FormatBool(number == 1)
	}
	return out
}

func (v *variable) fillTexts(texts []string) {
	v.names = present(texts)
	v.present = len(v.names)
	slices.Sort(v.names)
	v.names = slices.Compact(v.names)
	v.distinct = len(v.names)
	index := make(map[string]int, len(v.names))
	for i, name := range v.names {
		index[name] = i
	}
	v.codes = make([]int, len(texts))
	for i, text := range texts {
		v.codes[i] = -1
		if text != "" {
			v.codes[i] = index[text]
		}
	}
}

// entriesOf a list are variables of their own: lists overlap, so that they are no values to choose one from.
func entriesOf(v *variable, texts []string) []*variable {
	lists := make([][]string, len(texts))
	counts := map[string]int{}
	for i, text := range texts {
		value, err := lead.Coerce(lead.Field{Type: lead.StringList}, text)
		list, ok := value.([]string)
		if err != nil || !ok {
			continue
		}
		v.present++
		slices.Sort(list)
		lists[i] = slices.Compact(list)
		for _, entry := range lists[i] {
			counts[entry]++
		}
	}
	var out []*variable
	for _, entry := range mostFrequent(counts, maxEntries) {
		one := &variable{column: v.column, field: v.field, kind: lead.StringList, entry: entry, distinct: len(counts), present: v.present}
		one.names, one.codes = []string{"no", "yes"}, make([]int, len(texts))
		for i, list := range lists {
			if _, has := slices.BinarySearch(list, entry); has {
				one.codes[i] = 1
			}
		}
		out = append(out, one)
	}
	return out
}

// mostFrequent names, those of the same count in alphabetical order.
func mostFrequent(counts map[string]int, most int) []string {
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
	return names[:min(most, len(names))]
}
