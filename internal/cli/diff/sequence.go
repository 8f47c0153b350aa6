// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"slices"
	"strconv"
)

// sequence compares entries without keys, such as the criteria of a path: equal ones are set aside, then those that say the same about
// themselves (word.key) are paired, then the rest in order.
func (w *walker) sequence(at place, word word, before, after []any) {
	gone, come := w.unequal(at, before, after)
	if len(gone)+len(come) == 0 {
		if a, b := w.norms(at, before), w.norms(at, after); !slices.Equal(a, b) {
			w.emit(at, word, Moved, w.entries(at.pattern, word, before), w.entries(at.pattern, word, after))
		}
		return
	}
	for _, pair := range pairs(word.key, before, after, gone, come) {
		was, is, i := at0(before, pair[0]), at0(after, pair[1]), pair[1]
		if i < 0 {
			i = pair[0]
		}
		inner := at.entry(strconv.Itoa(i), Part{Noun: word.noun, Name: w.nameOf(word, is, was, i)})
		inner.old, inner.new = asMap(was), asMap(is)
		w.whole(inner, word, was, is)
	}
}

// nameOf an entry without a key: what it says about itself, else its number.
func (w *walker) nameOf(word word, is, was any, i int) string {
	for _, entry := range []any{is, was} {
		if name := text(asMap(entry)[word.key]); entry != nil && asMap(entry)[word.key] != nil {
			return strconv.Quote(name)
		}
	}
	return strconv.Itoa(i + 1)
}

func at0(list []any, i int) any {
	if i < 0 {
		return nil
	}
	return list[i]
}

// norms of entries: equal ones mean the same.
func (w *walker) norms(at place, list []any) []string {
	out := make([]string, len(list))
	for i, entry := range list {
		fields := map[string]any{}
		for key, v := range asMap(entry) {
			fields[key] = w.word(at.pattern+"[]."+key, v).norm(v)
		}
		out[i] = text(fields)
	}
	return out
}

// unequal are the positions of entries that the other side does not have.
func (w *walker) unequal(at place, before, after []any) (gone, come []int) {
	was, is := w.norms(at, before), w.norms(at, after)
	left := map[string]int{}
	for _, n := range is {
		left[n]++
	}
	for i, n := range was {
		if left[n]--; left[n] < 0 {
			gone = append(gone, i)
		}
	}
	clear(left)
	for _, n := range was {
		left[n]++
	}
	for i, n := range is {
		if left[n]--; left[n] < 0 {
			come = append(come, i)
		}
	}
	return gone, come
}

// pairs of positions, -1 where an entry has no counterpart.
func pairs(key string, before, after []any, gone, come []int) [][2]int {
	var out [][2]int
	same := func(i, j int) bool {
		a, b := asMap(before[i])[key], asMap(after[j])[key]
		return a != nil && a == b
	}
	var rest []int
	for _, i := range gone {
		k := slices.IndexFunc(come, func(j int) bool { return same(i, j) })
		if k < 0 {
			rest = append(rest, i)
			continue
		}
		out = append(out, [2]int{i, come[k]})
		come = slices.Delete(slices.Clone(come), k, k+1)
	}
	for n := range max(len(rest), len(come)) {
		pair := [2]int{-1, -1}
		if n < len(rest) {
			pair[0] = rest[n]
		}
		if n < len(come) {
			pair[1] = come[n]
		}
		out = append(out, pair)
	}
	return out
}
