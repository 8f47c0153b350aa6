// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"cmp"
	"slices"
	"strings"
)

// shape of a field: how its two values are compared.
type shape int

const (
	value    shape = iota // as a whole
	group                 // field by field; being there empty means nothing
	clause                // field by field, and it comes or goes as a whole
	keyed                 // a list whose entries are paired by key and whose order means nothing
	ordered               // the same, but the first match wins
	sequence              // a list of entries without keys
)

// word is what a field of the API is called and what a change of it means.
type word struct {
	at     string // pattern below spec
	shape  shape
	key    string // of the entries; name when empty
	noun   string // of an entry or a clause, in subjects
	nested bool   // an entry's name is told with that of the entry around it
	parts  string // the list of an entry whose own entries get lines of their own when it comes or goes
	label  string
	unit   unit
	none   string // what absence is called
	absent float64
	known  bool // whether absence can be compared with a number, absent

	rising   Direction // of a higher number, or of an entry that is added
	effects  effects
	moved    string                 // what another order means
	neither  string                 // the effect of a change without direction
	verdicts func(question) verdict // for what the above cannot say
}

// verdict on a change.
type verdict struct {
	direction Direction
	party     string
	effect    string
}

// effects of what is stricter and of what is looser, and for whom.
type effects struct{ party, stricter, looser string }

func (e effects) of(d Direction) verdict {
	switch d {
	case Stricter:
		return verdict{d, e.party, e.stricter}
	case Looser:
		return verdict{d, e.party, e.looser}
	default:
		return verdict{}
	}
}

// question is a change to be judged.
type question struct {
	walker *walker
	at     place
	kind   Kind
}

// entry that the change is about, new where there is one.
func (q question) entry() map[string]any {
	if q.at.new != nil {
		return q.at.new
	}
	return q.at.old
}

// values of the field at the end of the place.
func (q question) values() (before, after any) {
	key := q.at.path[strings.LastIndex(q.at.path, ".")+1:]
	return q.at.old[key], q.at.new[key]
}

func (word word) judge(q question) verdict {
	switch {
	case word.verdicts != nil:
		return word.verdicts(q)
	case q.kind == Moved:
		return verdict{effect: word.moved}
	case q.kind == Added:
		return word.or(word.effects.of(word.rising))
	case q.kind == Removed:
		return word.or(word.effects.of(word.rising.opposite()))
	}
	before, after := q.values()
	was, is, ok := word.numbers(before, after)
	switch {
	case !ok || word.rising == "":
		return verdict{effect: word.neither}
	case is > was:
		return word.effects.of(word.rising)
	case is < was:
		return word.effects.of(word.rising.opposite())
	default:
		return verdict{effect: "the same in effect"}
	}
}

func (word word) or(v verdict) verdict {
	if v == (verdict{}) {
		v.effect = word.neither
	}
	return v
}

// numbers of both values; ok when both can be compared.
func (word word) numbers(before, after any) (was, is float64, ok bool) {
	read := func(v any) (float64, bool) {
		if v == nil {
			return word.absent, word.known
		}
		return word.unit.number(v)
	}
	was, ok1 := read(before)
	is, ok2 := read(after)
	return was, is, ok1 && ok2
}

func (word word) norm(v any) string {
	if v == nil {
		return ""
	}
	return word.unit.norm(v)
}

func (word word) say(v any) string {
	switch {
	case word.unit.norm != nil && word.norm(v) == "" && word.none != "":
		return word.none
	case v == nil:
		return "none"
	default:
		return word.unit.say(v)
	}
}

// onlyBoth leaves the suffix to the value that is there when the other is absent: 120 MQLs a month -> not stated.
func (word word) onlyBoth(before, after any) word {
	if word.unit.suffix == "" || word.norm(before) != "" && word.norm(after) != "" {
		return word
	}
	say, suffix := word.unit.say, word.unit.suffix
	word.unit.suffix = ""
	word.unit.say = func(v any) string { return say(v) + " " + suffix }
	return word
}

// describe an entry by its fields, in the order of the table.
func (w *walker) describe(pattern string, entry any, key string) string {
	fields, ok := entry.(map[string]any)
	if !ok {
		return plain.say(entry)
	}
	own := w.word(pattern, entry)
	if strings.HasSuffix(pattern, "[]") {
		own = w.word(strings.TrimSuffix(pattern, "[]"), []any{entry})
	}
	var parts []string
	for _, name := range w.keys(pattern, fields, nil) {
		if slices.Contains(strings.Split(key, "/"), name) || name == own.parts && own.parts != "" {
			continue
		}
		if text := w.describeField(join(pattern, name), name, fields[name]); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

func (w *walker) describeField(pattern, name string, v any) string {
	_, known := w.words[pattern]
	word := w.word(pattern, v)
	label := word.label
	if !known {
		label = name
	}
	var text string
	switch word.shape {
	case keyed, ordered, sequence:
		text = w.entries(pattern, word, v)
		if label == "" {
			label = word.noun
		}
	case group, clause:
		if text = w.describe(pattern, v, ""); text == "" {
			return ""
		}
		return strings.TrimSpace(name + " (" + text + ")")
	default:
		if word.norm(v) == "" {
			return ""
		}
		text = strings.TrimSpace(word.say(v) + " " + word.unit.suffix)
	}
	return strings.TrimSpace(label + " " + text)
}

// entries of a list, described one after the other.
func (w *walker) entries(pattern string, word word, v any) string {
	key := cmp.Or(word.key, "name")
	var out []string
	for _, entry := range asList(v) {
		if word.shape == sequence {
			out = append(out, w.describe(pattern+"[]", entry, ""))
			continue
		}
		name, _ := keyOf(entry, key)
		out = append(out, named(name, w.describe(pattern+"[]", entry, key)))
	}
	return strings.Join(out, "; ")
}

func named(name, detail string) string {
	if detail == "" {
		return name
	}
	return name + " (" + detail + ")"
}
