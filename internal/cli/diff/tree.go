// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tree is an object as JSON has it: map[string]any, []any, string, bool, json.Number; nil is what is not there.
func tree(object any) (map[string]any, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return out, decoder.Decode(&out)
}

// place is where in the two objects the comparison stands.
type place struct {
	pattern string // stages.mql.paths[].threshold
	path    string // stages.mql.paths[hand-raise].threshold
	subject Subject
	label   string // path below the subject, the words for what has no others
	old     map[string]any
	new     map[string]any // the entries that hold what is compared
}

func (p place) field(key string, before, after map[string]any) place {
	p.pattern, p.path, p.label = join(p.pattern, key), join(p.path, key), join(p.label, key)
	p.old, p.new = before, after
	return p
}

func (p place) entry(key string, part Part) place {
	p.pattern += "[]"
	p.path += "[" + key + "]"
	p.subject = append(slices.Clone(p.subject), part)
	p.label = ""
	return p
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

// walker compares two objects of one kind.
type walker struct {
	words    map[string]word
	rank     map[string]int    // order of the patterns, for the order of the lines
	signed   func(string) bool // whether both parties sign what stands at a pattern
	old, new map[string]any
	changes  []Change
}

func newWalker(v vocabulary, before, after map[string]any) *walker {
	w := &walker{words: map[string]word{}, rank: map[string]int{}, signed: v.signed, old: before, new: after}
	for i, entry := range v.words {
		if entry.unit.norm == nil {
			entry.unit = plain
		}
		w.words[entry.at], w.rank[entry.at] = entry, i+1
	}
	return w
}

func (w *walker) run() []Change {
	w.object(place{}, w.old, w.new)
	return w.changes
}

// word of a pattern; one that has none gets what its values suggest.
func (w *walker) word(pattern string, values ...any) word {
	if known, ok := w.words[pattern]; ok {
		return known
	}
	return word{shape: guess(values...), unit: plain}
}

// guess the shape of a field that has no words: an object is walked into, a list of named entries is paired by name and keeps its order.
func guess(values ...any) shape {
	found := value
	for _, v := range values {
		switch v := v.(type) {
		case map[string]any:
			found = group
		case []any:
			if len(v) == 0 || slices.ContainsFunc(v, func(entry any) bool { return asMap(entry)["name"] == nil }) {
				return value
			}
			found = ordered
		}
	}
	return found
}

func (w *walker) compare(at place, before, after any) {
	if before == nil && after == nil {
		return
	}
	word := w.word(at.pattern, before, after)
	switch word.shape {
	case group:
		w.object(at, asMap(before), asMap(after))
	case clause:
		w.clause(at, word, before, after)
	case keyed, ordered:
		w.list(at, word, asList(before), asList(after))
	case sequence:
		w.sequence(at, word, asList(before), asList(after))
	default:
		if word.norm(before) != word.norm(after) {
			word = word.onlyBoth(before, after)
			w.emit(at, word, Changed, word.say(before), word.say(after))
		}
	}
}

func (w *walker) object(at place, before, after map[string]any) {
	for _, key := range w.keys(at.pattern, before, after) {
		w.compare(at.field(key, before, after), before[key], after[key])
	}
}

// keys of both, in the order of the table; those without words after them.
func (w *walker) keys(pattern string, before, after map[string]any) []string {
	all := slices.Collect(maps.Keys(before))
	for key := range after {
		if _, both := before[key]; !both {
			all = append(all, key)
		}
	}
	rank := func(key string) int {
		if r := w.rank[join(pattern, key)]; r > 0 {
			return r
		}
		return len(w.rank) + 1
	}
	slices.SortFunc(all, func(a, b string) int {
		if ra, rb := rank(a), rank(b); ra != rb {
			return ra - rb
		}
		return strings.Compare(a, b)
	})
	return all
}

// clause is an object that is said to come or go as a whole.
func (w *walker) clause(at place, word word, before, after any) {
	at.subject = append(slices.Clone(at.subject), Part{Noun: word.noun})
	at.label = ""
	w.whole(at, word, before, after)
}

// whole compares an entry or a clause, which may be on one side only.
func (w *walker) whole(at place, word word, before, after any) {
	switch {
	case before == nil:
		w.emit(at, word, Added, "", w.describe(at.pattern, after, word.key))
		w.parts(at, word, nil, asMap(after))
	case after == nil:
		w.emit(at, word, Removed, w.describe(at.pattern, before, word.key), "")
		w.parts(at, word, asMap(before), nil)
	default:
		w.object(at, asMap(before), asMap(after))
	}
}

// parts are the entries of an added or removed entry that get lines of their own, such as the rules of a group.
func (w *walker) parts(at place, word word, before, after map[string]any) {
	if word.parts != "" {
		w.compare(at.field(word.parts, before, after), before[word.parts], after[word.parts])
	}
}

// list pairs entries by key.
func (w *walker) list(at place, word word, before, after []any) {
	key := word.key
	if key == "" {
		key = "name"
	}
	word.key = key
	was, is := byKey(before, key), byKey(after, key)
	names := union(before, after, key)
	for _, name := range names {
		inner := at.entry(name, Part{Noun: word.noun, Name: name})
		if word.nested { // rule fit/company-size, not group fit, rule company-size
			outer := at.subject[len(at.subject)-1]
			inner.subject = append(slices.Clone(at.subject[:len(at.subject)-1]), Part{Noun: word.noun, Name: outer.Name + "/" + name})
		}
		inner.old, inner.new = asMap(was[name]), asMap(is[name])
		w.whole(inner, word, was[name], is[name])
	}
	if word.shape != ordered {
		return
	}
	common := func(list []any) []string {
		return slices.DeleteFunc(keys(list, key), func(name string) bool { return was[name] == nil || is[name] == nil })
	}
	if a, b := common(before), common(after); !slices.Equal(a, b) {
		w.emit(at, word, Moved, strings.Join(a, ", "), strings.Join(b, ", "))
	}
}

func byKey(list []any, key string) map[string]any {
	out := map[string]any{}
	for i, name := range keys(list, key) {
		out[name] = list[i]
	}
	return out
}

// keys of the entries. The API server refuses a key that comes twice, but a file may have it: each entry is told.
func keys(list []any, key string) []string {
	out := make([]string, len(list))
	seen := map[string]int{}
	for i, entry := range list {
		name := "unnamed"
		if found, ok := keyOf(entry, key); ok {
			name = found
		}
		if seen[name]++; seen[name] > 1 {
			name += fmt.Sprintf(" (no. %d of the name)", seen[name])
		}
		out[i] = name
	}
	return out
}

// keyOf an entry. A key of several fields, such as review/period, is their values.
func keyOf(entry any, key string) (string, bool) {
	var parts []string
	for field := range strings.SplitSeq(key, "/") {
		v := asMap(entry)[field]
		if v == nil {
			return "", false
		}
		parts = append(parts, text(v))
	}
	return strings.Join(parts, "/"), true
}

// union of the keys: in the order of the new list, those that are gone last.
func union(before, after []any, key string) []string {
	out := keys(after, key)
	for _, name := range keys(before, key) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (w *walker) emit(at place, word word, kind Kind, before, after string) {
	change := Change{
		Path: "spec." + at.path, Subject: at.subject, What: word.label, Kind: kind, Old: before, New: after, Unit: word.unit.suffix,
		Signed: w.signed(at.pattern),
	}
	if _, known := w.words[at.pattern]; !known {
		change.What = at.label
	}
	if kind == Moved {
		change.What = "order of the " + cmp.Or(change.What, at.path)
	}
	verdict := word.judge(question{walker: w, at: at, kind: kind})
	change.Direction, change.For, change.Effect = verdict.direction, verdict.party, verdict.effect
	w.changes = append(w.changes, change)
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}
