// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"strings"
	"time"
)

// What a reader keeps in Known.Seen for itself, beside what people set.
const (
	notedFields = "~fields"  // of the CRM, which the rest is about
	notedApart  = "~apart"   // what the CRM holds against the agreement: stage, status or both
	notedBefore = "~before." // and a name: what the field held before that
	notedOver   = "~over."   // and a name: the value we had written, and somebody wrote over
	notedAt     = "~at."     // and a name: the time of the latest change that was taken, of those that the CRM remembers
)

// change is one that was not ours.
type change struct {
	name     string // as in Known.Seen
	from, to string
	at       time.Time
	told     bool // the CRM remembers it; else it was found by comparing, some time between two readings
	first    bool // the field was never read before
}

// changes of a field that people set, oldest first, since it was read last, and note what it holds now. At first sight there is one, of what it holds.
func (x *reflecting) changes(name, field, value string) []change {
	if x.first || x.renamed(name) {
		return x.firstSight(name, field, value)
	}
	if history := x.history(field); len(history) > 0 {
		return x.remembered(name, value, history)
	}
	return x.compared(name, field, value)
}

// value that a field of the record holds, as text; false when it was not read.
func (x *reflecting) value(field string) (string, bool) {
	value, read := x.in.Record.Values[field]
	return kept(Text(plain(value))), read && field != ""
}

// kept is a text without what a database does not keep, and a record is not to fail for.
func kept(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
}

func (x *reflecting) history(field string) []FieldChange {
	var of []FieldChange
	for _, c := range x.in.Record.History {
		if c.Field == field {
			c.Value = kept(c.Value)
			of = append(of, c)
		}
	}
	return of
}

// firstSight is what a field holds that was never read. When it is ours, nobody said it.
func (x *reflecting) firstSight(name, field, value string) []change {
	x.see(name, value)
	c := change{name: name, to: value, at: x.in.Record.Modified, first: true}
	if history := x.history(field); len(history) > 0 {
		last := history[len(history)-1]
		x.taken(name, last.At)
		if last.Ours {
			return nil
		}
		c.at, c.told = last.At, true
	}
	if wrote, did := x.old.wroteInto(name, field); value == "" || did && wrote == value {
		return nil
	}
	return []change{c}
}

// remembered are the changes that the CRM tells of by itself.
func (x *reflecting) remembered(name, value string, history []FieldChange) []change {
	var all []change
	until := x.until(name)
	before := x.old.Seen[name]
	for i, c := range history {
		if i > 0 {
			before = history[i-1].Value
		}
		if c.Ours || !c.At.After(until) || c.Value == before {
			continue
		}
		all = append(all, change{name: name, from: before, to: c.Value, at: c.At, told: true})
	}
	x.see(name, value)
	x.taken(name, history[len(history)-1].At)
	return all
}

// until when changes of a field were taken.
func (x *reflecting) until(name string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, x.old.Seen[notedAt+name])
	if err != nil {
		return x.old.Modified // the CRM remembers more than it did when the record was read last
	}
	return at
}

func (x *reflecting) taken(name string, at time.Time) { x.now.Seen[notedAt+name] = stamp(at) }

// compared is the change that a value shows which is neither what was read last nor what we wrote since. What we wrote and somebody wrote over is
// nobody's but theirs when it is back.
func (x *reflecting) compared(name, field, value string) []change {
	seen := x.old.Seen[name]
	wrote, did := x.old.wroteInto(name, field)
	over, is := x.old.Seen[notedOver+name]
	x.see(name, value)
	switch {
	case did && value == wrote && (!is || over != wrote): // our own
		return nil
	case did && value != wrote:
		x.now.Seen[notedOver+name] = wrote
	}
	if value == seen {
		return nil
	}
	return []change{{name: name, from: seen, to: value, at: x.in.Record.Modified}}
}

// see notes what a field holds.
func (x *reflecting) see(name, value string) {
	if value != "" {
		x.now.Seen[name] = value
	}
}

// keep what was noted of a field that was not read this time, unless it was another field.
func (x *reflecting) keep(name string) {
	if x.renamed(name) {
		return
	}
	for _, key := range []string{name, notedAt + name, notedOver + name} {
		if value, had := x.old.Seen[key]; had {
			x.now.Seen[key] = value
		}
	}
}
