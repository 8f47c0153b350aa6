// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/holidays"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Object is one object in both versions.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	File      string `json:"file,omitempty"`
	Against   string `json:"against,omitempty"` // what it is compared with, where that is not simply the old version
	State     Kind   `json:"state,omitempty"`   // added, removed or changed; empty when there is no difference

	OldDigest string `json:"oldDigest,omitempty"`
	NewDigest string `json:"newDigest,omitempty"`
	Problem   string `json:"problem,omitempty"` // why the new version cannot be signed

	Voided   []Signature `json:"voided,omitempty"` // counted for the old text and does not count for the new one
	Signed   []Signature `json:"signed,omitempty"` // counts for the new text
	Missing  []string    `json:"missing,omitempty"`
	Renewed  []string    `json:"renewed,omitempty"` // changes of sign-offs over the same text, in words
	Commands []string    `json:"commands,omitempty"`
	Changes  []Change    `json:"changes,omitempty"`
}

// Signature of a party.
type Signature struct {
	Party string    `json:"party"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

// String names the object.
func (o *Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Meaning says whether what both parties sign differs.
func (o *Object) Meaning() bool { return o.OldDigest != o.NewDigest || len(o.Part(true)) > 0 }

// Part of the changes: those that need signatures, or those that need none.
func (o *Object) Part(signed bool) []Change {
	var out []Change
	for _, c := range o.Changes {
		if c.Signed == signed {
			out = append(out, c)
		}
	}
	return out
}

// Documents compares two versions of a set of documents. Objects are paired by kind, namespace and name; documents of other kinds are
// left out.
func Documents(before, after []manifest.Document) ([]Object, error) {
	was, err := index(before)
	if err != nil {
		return nil, err
	}
	is, err := index(after)
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, d := range ours(after, before) {
		o, err := Pair(was[identity(d)], is[identity(d)])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d, err)
		}
		out = append(out, o)
	}
	return out, nil
}

func identity(d manifest.Document) string { return d.Kind + " " + d.Namespace + "/" + d.Name }

func index(docs []manifest.Document) (map[string]*manifest.Document, error) {
	out := map[string]*manifest.Document{}
	for i, d := range docs {
		if !d.Ours() {
			continue
		}
		if other := out[identity(d)]; other != nil {
			return nil, fmt.Errorf("%s: %s is also in %s; keep one", d.Place(), d, other.Place())
		}
		out[identity(d)] = &docs[i]
	}
	return out, nil
}

// ours are the documents of our kinds, each identity once, definitions before contracts before cadences.
func ours(lists ...[]manifest.Document) []manifest.Document {
	var out []manifest.Document
	seen := map[string]bool{}
	for _, list := range lists {
		for _, d := range list {
			if d.Ours() && !seen[identity(d)] {
				seen[identity(d)] = true
				out = append(out, d)
			}
		}
	}
	order := []string{"LeadDefinition", "SLAContract", "ReviewCadence"}
	slices.SortStableFunc(out, func(a, b manifest.Document) int {
		return cmp.Or(slices.Index(order, a.Kind)-slices.Index(order, b.Kind), cmp.Compare(identity(a), identity(b)))
	})
	return out
}

// Pair compares two versions of an object, of which one may be missing.
func Pair(before, after *manifest.Document) (Object, error) { return pair(before, after, nil) }

// pair knows what is in force where that comes from a cluster: a sign-off older than it does not count.
func pair(before, after *manifest.Document, inForce *sla.InForce) (Object, error) {
	one := after
	if one == nil {
		one = before
	}
	o := Object{Kind: one.Kind, Namespace: one.Namespace, Name: one.Name, File: one.File}
	switch {
	case before == nil:
		o.State = Added
	case after == nil:
		o.State = Removed
	default:
		words, was, err := specOf(before)
		if err != nil {
			return o, err
		}
		_, is, err := specOf(after)
		if err != nil {
			return o, err
		}
		o.Changes = newWalker(words, was, is).run()
	}
	if one.Signable() {
		o.signatures(before, after, inForce)
	}
	if o.State == "" && len(o.Changes)+len(o.Renewed) > 0 {
		o.State = Changed
	}
	return o, nil
}

// specOf is the spec without sign-offs, and the words for it.
func specOf(d *manifest.Document) (vocabulary, map[string]any, error) {
	var words vocabulary
	var spec any
	switch {
	case d.Definition != nil:
		words, spec = definitionVocabulary, d.Definition.Spec
	case d.Contract != nil:
		words, spec = contractVocabulary, d.Contract.Spec
	default:
		words, spec = cadenceVocabulary, d.Cadence.Spec
	}
	out, err := tree(spec)
	delete(out, "signOffs")
	return words, out, err
}

// signatures finds which sign-offs count for the old and for the new text.
func (o *Object) signatures(before, after *manifest.Document, inForce *sla.InForce) {
	var old, now []slav1alpha1.SignOff
	if before != nil {
		o.OldDigest, _ = before.Digest() // an old text without a meaning had no signature that counted
		old = counting(*before, o.OldDigest, nil)
	}
	if after == nil {
		return
	}
	digest, err := after.Digest()
	if err == nil {
		err = after.Check()
	}
	if err != nil {
		o.Problem = err.Error()
	}
	o.NewDigest = digest
	now = counting(*after, digest, inForce)
	for _, party := range []slav1alpha1.Party{slav1alpha1.PartyMarketing, slav1alpha1.PartySales} {
		o.judge(party, find(old, party), find(now, party), after)
	}
	o.volume(before, after)
	if before != nil && o.OldDigest != o.NewDigest && len(o.Part(true)) == 0 {
		o.Changes = append(o.Changes, Change{
			Path: "spec", What: "the signed text", Kind: Changed, Old: o.OldDigest, New: o.NewDigest,
			Effect: "written differently; no field has another value", Signed: true,
		})
	}
}

func (o *Object) judge(party slav1alpha1.Party, old, now *slav1alpha1.SignOff, after *manifest.Document) {
	switch {
	case now != nil:
		o.Signed = append(o.Signed, signature(*now))
		if o.OldDigest == o.NewDigest {
			o.renewed(party, old, now)
		}
		return
	case old != nil && o.OldDigest != o.NewDigest:
		o.Voided = append(o.Voided, signature(*old))
	case old != nil:
		o.Renewed = append(o.Renewed, gone(party, *after))
	}
	o.Missing = append(o.Missing, string(party))
	by, flags := "...", ""
	if after.Unplaced() {
		flags = " --namespace " + shell(cmp.Or(after.Namespace, "NAMESPACE"))
	}
	for _, known := range []*slav1alpha1.SignOff{find(after.SignOffs(), party), old} {
		if known == nil {
			continue
		}
		if known.Signature != "" {
			flags += " --key KEY --cluster"
		}
		if by == "..." && known.By != "" {
			by = known.By
		}
	}
	o.Commands = append(o.Commands, fmt.Sprintf("kubectl sla sign --party %s --by %s%s %s", party, shell(by), flags,
		shell(cmp.Or(strings.TrimPrefix(after.File, "-"), "FILE"))))
}

// gone says why a sign-off over the same text counts no longer.
func gone(party slav1alpha1.Party, after manifest.Document) string {
	off := find(after.SignOffs(), party)
	if off == nil {
		return fmt.Sprintf("the sign-off of %s is gone", party)
	}
	said := fmt.Sprintf("the sign-off of %s does not count any more", party)
	if why := subject(after, "").Elsewhere(convert.SignOffs([]slav1alpha1.SignOff{*off})[0]); why != "" {
		said += ": " + why
	}
	return said
}

func subject(d manifest.Document, digest string) sla.Subject {
	return sla.Subject{Namespace: d.Namespace, Name: d.Name, Digest: digest}
}

// renewed says what happened to a sign-off over the same text.
func (o *Object) renewed(party slav1alpha1.Party, old, now *slav1alpha1.SignOff) {
	at := now.At.UTC().Format(time.RFC3339)
	switch {
	case old == nil:
		o.Renewed = append(o.Renewed, fmt.Sprintf("%s signed: %s, %s", party, now.By, at))
	case !old.At.Equal(&now.At) || old.By != now.By:
		o.Renewed = append(o.Renewed, fmt.Sprintf("%s signed again: %s, %s", party, now.By, at))
	case old.Signature != now.Signature || old.Previous != now.Previous:
		o.Renewed = append(o.Renewed, fmt.Sprintf("the sign-off of %s has another signature", party))
	}
}

// counting are the sign-offs that count for the digest.
func counting(d manifest.Document, digest string, inForce *sla.InForce) []slav1alpha1.SignOff {
	offs := d.SignOffs()
	missing := sla.Ratify(convert.SignOffs(offs), subject(d, digest), inForce).Missing
	var out []slav1alpha1.SignOff
	for _, o := range offs {
		if string(o.Digest) == digest && digest != "" && !slices.Contains(missing, sla.Party(o.Party)) {
			out = append(out, o)
		}
	}
	return out
}

func find(offs []slav1alpha1.SignOff, party slav1alpha1.Party) *slav1alpha1.SignOff {
	i := slices.IndexFunc(offs, func(o slav1alpha1.SignOff) bool { return o.Party == party })
	if i < 0 {
		return nil
	}
	return &offs[i]
}

func signature(o slav1alpha1.SignOff) Signature {
	return Signature{Party: string(o.Party), By: o.By, At: o.At.UTC()}
}

var (
	bare   = regexp.MustCompile(`^[-A-Za-z0-9_./:@+]+$`)
	simple = regexp.MustCompile(`^[-A-Za-z0-9_./:@+, ]*$`)
)

// shell is a word of a command line that people paste: whatever a manifest holds, it stays one word.
func shell(word string) string {
	switch {
	case bare.MatchString(word) && !strings.HasPrefix(word, "-"):
		return word
	case simple.MatchString(word):
		return `"` + word + `"`
	default:
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
}

// volume tells the target that the funnel comes to.
func (o *Object) volume(before, after *manifest.Document) {
	if before == nil || before.Contract == nil || after.Contract == nil {
		return
	}
	was, is := target(before.Contract), target(after.Contract)
	told := slices.ContainsFunc(o.Changes, func(c Change) bool { return c.Path == "spec.terms.marketing.volume.mqlsPerMonth" && c.Direction != "" })
	if was == is || told {
		return
	}
	change := Change{
		Path: "spec.terms.marketing.volume", What: "volume target", Kind: Changed, Old: count(was), New: count(is),
		Unit: "MQLs a month", Signed: true,
	}
	if was > 0 && is > 0 {
		change.Direction, change.For = Stricter, marketing
		if is < was {
			change.Direction = Looser
		}
	}
	at := 0 // behind the last of what it follows from
	for i, c := range o.Changes {
		if strings.HasPrefix(c.Path, "spec.terms.funnel") || strings.HasPrefix(c.Path, change.Path) {
			at = i + 1
		}
	}
	o.Changes = slices.Insert(o.Changes, at, change)
}

func count(n int) string {
	if n == 0 {
		return "none"
	}
	return thousands(n)
}

// target of a contract; 0 when it has none, or none that can be worked out.
func target(c *slav1alpha1.SLAContract) int {
	terms, err := convert.Terms(c.Spec)
	if err != nil {
		return 0
	}
	if terms, err = holidays.Without(terms); err != nil {
		return 0
	}
	compiled, err := sla.Compile(terms)
	if err != nil {
		return 0
	}
	return compiled.VolumeTarget()
}
