// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"fmt"
	"io"
	"strings"
)

// Report is a whole comparison.
type Report struct {
	Old     string   `json:"old"`
	New     string   `json:"new"`
	Objects []Object `json:"objects"` // those that differ
	// Meaning says whether what both parties sign differs anywhere.
	Meaning bool `json:"meaning"`
	// Missing says whether a signature is missing on what is written in the new version, of the objects that differ.
	Missing bool `json:"missing"`
}

// NewReport keeps the objects that differ.
func NewReport(before, after string, objects []Object) Report {
	r := Report{Old: before, New: after, Objects: []Object{}}
	for _, o := range objects {
		if o.State == "" {
			continue
		}
		r.Objects = append(r.Objects, o)
		r.Meaning = r.Meaning || o.Meaning()
		r.Missing = r.Missing || len(o.Missing) > 0
	}
	return r
}

// Summary counts in words.
func (r Report) Summary() string {
	if len(r.Objects) == 0 {
		return "no difference"
	}
	signed, free := 0, 0
	for _, o := range r.Objects {
		signed += len(o.Part(true))
		free += len(o.Part(false))
	}
	parts := []string{plural(len(r.Objects), "object differs", "objects differ")}
	if signed > 0 {
		parts = append(parts, plural(signed, "change of what both parties sign", "changes of what both parties sign"))
	}
	if free > 0 {
		parts = append(parts, plural(free, "change that needs no signature", "changes that need no signature"))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Text writes the report for a terminal.
func (r Report) Text(w io.Writer) {
	for _, o := range r.Objects {
		fmt.Fprintln(w, o.heading())
		for _, line := range o.state() {
			fmt.Fprintln(w, "  "+line)
		}
		for _, c := range o.Commands {
			fmt.Fprintln(w, "    "+c)
		}
		for _, c := range o.Part(true) {
			fmt.Fprintln(w, "  "+c.String())
		}
		if free := o.Part(false); len(free) > 0 {
			fmt.Fprintln(w, "  needs no signature:")
			for _, c := range free {
				fmt.Fprintln(w, "    "+c.String())
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, r.Summary())
}

func (o *Object) heading() string {
	text := o.String()
	if o.File != "" {
		text += " (" + o.File + ")"
	}
	if o.State != Changed {
		text += ": " + string(o.State)
	}
	if o.Against != "" {
		text += ", against " + o.Against
	}
	return text
}

// state says what happens to the signatures, and what else is to be known before the changes.
func (o *Object) state() []string {
	var out []string
	if o.Problem != "" {
		out = append(out, "the operator would refuse it, nobody can sign it: "+o.Problem)
	}
	if len(o.Voided) > 0 {
		of := "signatures"
		if len(o.Voided) == 1 {
			of = "signature"
		}
		out = append(out, fmt.Sprintf("voids the %s of %s: %s -> %s", of, signers(o.Voided), short(o.OldDigest), short(o.NewDigest)))
	}
	if len(o.Signed) > 0 && o.OldDigest != o.NewDigest {
		out = append(out, fmt.Sprintf("signed by %s: %s", signers(o.Signed), short(o.NewDigest)))
	}
	out = append(out, o.Renewed...)
	if len(o.Missing) > 0 {
		out = append(out, fmt.Sprintf("takes effect when %s signed:", have(strings.Join(o.Missing, " and "), len(o.Missing))))
	}
	return out
}

func have(who string, n int) string {
	if n == 1 {
		return who + " has"
	}
	return who + " have"
}

func signers(all []Signature) string {
	parts := make([]string, len(all))
	for i, s := range all {
		parts[i] = s.Party
		if s.By != "" {
			parts[i] += " (" + s.By + ")"
		}
	}
	return strings.Join(parts, " and ")
}

// short form of a digest: what a person needs to tell two apart.
func short(digest string) string {
	if i := strings.LastIndex(digest, ":"); i >= 0 && len(digest) > i+9 {
		return digest[:i+9] + "…"
	}
	if digest == "" {
		return "none"
	}
	return digest
}
