// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// maxFailures are kept. What goes wrong with an expression comes in few ways; further ones are counted among the leads alone.
const maxFailures = 20

// failures of an outcome: how many leads it could not be told of, and why.
type failures struct {
	leads int64
	why   map[string]int64
}

// value in an error's text: each lead may have another one.
var value = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func (f *failures) add(err error) {
	f.leads++
	f.count(value.ReplaceAllLiteralString(err.Error(), "a value"), 1)
}

func (f *failures) count(why string, leads int64) {
	if f.why == nil {
		f.why = map[string]int64{}
	}
	if _, known := f.why[why]; known || len(f.why) < maxFailures {
		f.why[why] += leads
	}
}

func (f *failures) merge(o *failures) {
	f.leads += o.leads
	for _, why := range slices.Sorted(maps.Keys(o.why)) {
		f.count(why, o.why[why])
	}
}

// maxTold of the ways are told, the most frequent first.
const maxTold = 3

// notes for the report of so many leads.
func (f *failures) notes(leads int64) []string {
	ways := slices.SortedFunc(maps.Keys(f.why), func(a, b string) int { return cmp.Or(cmp.Compare(f.why[b], f.why[a]), cmp.Compare(a, b)) })
	var notes []string
	untold := f.leads
	for _, why := range ways[:min(maxTold, len(ways))] {
		notes = append(notes, fmt.Sprintf("the outcome of %d of %s could not be told and counts as not converted: %s", f.why[why], several(leads, "lead"), why))
		untold -= f.why[why]
	}
	if untold > 0 {
		notes = append(notes, fmt.Sprintf("for other reasons, neither that of %s", several(untold, "lead")))
	}
	return notes
}
