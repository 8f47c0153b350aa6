// SPDX-License-Identifier: Apache-2.0

// Package diff says in the words of the domain what two versions of our objects differ in: which change is stricter for whom, which
// needs signatures and which does not. It compares the objects as they are written, field by field, so that a field which nobody has
// put into words yet still gets a line.
package diff

import (
	"strings"
)

// Kind of a change.
type Kind string

// The kinds of change.
const (
	Changed Kind = "changed"
	Added   Kind = "added"
	Removed Kind = "removed"
	Moved   Kind = "moved" // the order of a list in which the first match wins
)

// Direction of a change: who has it harder or easier with it.
type Direction string

// The directions. Empty when a change has none, or none that can be told from the text alone.
const (
	Stricter Direction = "stricter"
	Looser   Direction = "looser"
)

func (d Direction) opposite() Direction {
	switch d {
	case Stricter:
		return Looser
	case Looser:
		return Stricter
	default:
		return ""
	}
}

// Change is one difference.
type Change struct {
	Path      string    `json:"path"`              // in the object, such as spec.stages.mql.paths[hand-raise].threshold
	Subject   Subject   `json:"subject,omitempty"` // what it is about, from the outside in
	What      string    `json:"what,omitempty"`    // which of its properties, in words
	Kind      Kind      `json:"kind"`
	Old       string    `json:"old,omitempty"`
	New       string    `json:"new,omitempty"`
	Unit      string    `json:"unit,omitempty"` // of both values, where the values do not say it
	Direction Direction `json:"direction,omitempty"`
	For       string    `json:"for,omitempty"`    // the party that has it stricter or looser; empty: the leads
	Effect    string    `json:"effect,omitempty"` // what follows, in words
	Signed    bool      `json:"signed"`           // whether both parties sign what changed
}

// Part of a subject: words of ours and a name that somebody gave.
type Part struct {
	Noun string `json:"noun,omitempty"`
	Name string `json:"name,omitempty"`
}

func (p Part) String() string { return strings.TrimSpace(p.Noun + " " + p.Name) }

// Subject is what a change is about: path fit, criterion 2.
type Subject []Part

func (s Subject) String() string {
	parts := make([]string, len(s))
	for i, p := range s {
		parts[i] = p.String()
	}
	return strings.Join(parts, ", ")
}

// Verdict is the direction and the effect in words; empty when the change has neither.
func (c Change) Verdict() string {
	words := string(c.Direction)
	if words != "" && c.For != "" {
		words += " for " + c.For
	}
	switch {
	case c.Effect == "":
		return words
	case words == "":
		return c.Effect
	default:
		return words + " (" + c.Effect + ")"
	}
}

// String is the change on one line.
func (c Change) String() string {
	about, what := c.Subject.String(), c.What
	if about == "" {
		about, what = what, ""
	}
	var b strings.Builder
	b.WriteString(about)
	if c.Kind == Added || c.Kind == Removed {
		b.WriteString(strings.TrimRight(" "+what, " ") + " " + string(c.Kind))
		if detail := c.Old + c.New; detail != "" {
			b.WriteString(": " + oneLine(detail))
		}
	} else {
		b.WriteString(": ")
		if what != "" {
			b.WriteString(what + " ")
		}
		b.WriteString(oneLine(c.Old) + " -> " + oneLine(c.New))
		if c.Unit != "" {
			b.WriteString(" " + c.Unit)
		}
	}
	if verdict := c.Verdict(); verdict != "" {
		b.WriteString(": " + verdict)
	}
	return b.String()
}

// oneLine joins the lines of an expression.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
