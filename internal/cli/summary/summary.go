// SPDX-License-Identifier: Apache-2.0

// Package summary says a contract in two sentences a side: what a side does, and when that counts as kept. A side that owes nothing
// has two sentences as well, what both owe the agreement itself has two where the terms speak of it, and what the terms do not ask for is
// not mentioned.
package summary

import (
	"fmt"
	"io"
	"strings"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/holidays"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Summary of a contract with its definition, or of one of the two.
type Summary struct {
	Kind      string    `json:"kind"`
	Namespace string    `json:"namespace,omitempty"`
	Name      string    `json:"name"`
	Qualified string    `json:"qualified,omitempty"` // what a qualified lead is, in one sentence, when the definition is known
	Marketing *Sentence `json:"marketing,omitempty"`
	Sales     *Sentence `json:"sales,omitempty"`
	Both      *Sentence `json:"both,omitempty"` // what both owe the agreement itself, where the terms speak of it
}

// Sentence is what one side owes, in two.
type Sentence [2]string

func (s Sentence) String() string { return s[0] + " " + s[1] }

// Summaries of everything that was given.
type Summaries struct {
	Items []Summary `json:"items"`
}

// Of summarises the contracts among the documents, each with its definition where that is there too; a definition without a contract stands alone.
func Of(docs []manifest.Document) (Summaries, error) {
	out := Summaries{Items: []Summary{}}
	used := map[string]bool{}
	for _, d := range docs {
		if d.Contract == nil {
			continue
		}
		definition := find(docs, d.Namespace, d.Contract.Spec.DefinitionRef.Name)
		if definition != nil {
			used[definition.Namespace+"/"+definition.Name] = true
		}
		s, err := contract(d, definition)
		if err != nil {
			return out, fmt.Errorf("%s: %s: %w", d.Place(), d, err)
		}
		out.Items = append(out.Items, s)
	}
	for _, d := range docs {
		if d.Definition == nil || used[d.Namespace+"/"+d.Name] {
			continue
		}
		compiled, err := compile(d.Definition)
		if err != nil {
			return out, fmt.Errorf("%s: %s: %w", d.Place(), d, err)
		}
		out.Items = append(out.Items, Summary{Kind: d.Kind, Namespace: d.Namespace, Name: d.Name, Qualified: qualified(*compiled)})
	}
	return out, nil
}

func find(docs []manifest.Document, namespace, name string) *manifest.Document {
	for i, d := range docs {
		if d.Definition != nil && d.Namespace == namespace && d.Name == name {
			return &docs[i]
		}
	}
	return nil
}

func compile(d *slav1alpha1.LeadDefinition) (*lead.Definition, error) {
	definition, err := convert.Definition(d.Spec)
	if err != nil {
		return nil, err
	}
	_, err = lead.Compile(definition)
	return &definition, err
}

func contract(d manifest.Document, with *manifest.Document) (Summary, error) {
	s := Summary{Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}
	terms, err := convert.Terms(d.Contract.Spec)
	if err != nil {
		return s, err
	}
	undated, err := holidays.Without(terms)
	if err != nil {
		return s, err
	}
	compiled, err := sla.Compile(undated)
	if err != nil {
		return s, err
	}
	var definition *lead.Definition
	if with != nil {
		if definition, err = compile(with.Definition); err != nil {
			return s, fmt.Errorf("%s: %w", with, err)
		}
		s.Qualified = qualified(*definition)
	}
	m, b := sla.Marketing{}, sla.Sales{}
	if terms.Marketing != nil {
		m = *terms.Marketing
	}
	if terms.Sales != nil {
		b = *terms.Sales
	}
	s.Marketing, s.Sales = marketing(m, compiled.VolumeTarget(), definition), sales(b, definition)
	s.Both = both(terms)
	return s, nil
}

// Text for a terminal.
func (s Summaries) Text(w io.Writer) {
	for i, item := range s.Items {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, item.heading())
		for _, line := range item.lines() {
			fmt.Fprintln(w, line)
		}
	}
}

// Markdown for a page or a comment.
func (s Summaries) Markdown(w io.Writer) {
	for i, item := range s.Items {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "### %s `%s`\n", item.Kind, strings.ReplaceAll(strings.TrimPrefix(item.heading(), item.Kind+" "), "`", ""))
		for _, line := range item.lines() {
			fmt.Fprintf(w, "\n%s\n", bold(line))
		}
	}
}

func (s Summary) heading() string {
	if s.Namespace == "" {
		return s.Kind + " " + s.Name
	}
	return s.Kind + " " + s.Namespace + "/" + s.Name
}

func (s Summary) lines() []string {
	var out []string
	if s.Qualified != "" {
		out = append(out, s.Qualified)
	}
	for _, side := range []*Sentence{s.Marketing, s.Sales, s.Both} {
		if side != nil {
			out = append(out, side.String())
		}
	}
	return out
}

// bold makes the side that a paragraph is about stand out.
func bold(line string) string {
	for _, side := range []string{"Marketing", "Sales", "Both", "A lead"} {
		if rest, ok := strings.CutPrefix(line, side); ok {
			return "**" + side + "**" + rest
		}
	}
	return line
}
