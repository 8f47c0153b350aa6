// SPDX-License-Identifier: Apache-2.0

package ratify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Record is a sign-off as a revision keeps it, with its signature, so that it can be verified again later.
type Record struct {
	Party     sla.Party `json:"party"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	Object    string    `json:"object,omitempty"` // namespace/name; revisions of before sign-offs said it have none
	Signature string    `json:"signature,omitempty"`
	Previous  string    `json:"previous,omitempty"` // that the signature was made over
	Verified  bool      `json:"verified"`           // when the text was ratified
}

func recordOf(off sla.SignOff, verified bool) Record {
	return Record{Party: off.Party, By: off.By, At: off.At.UTC(), Object: off.Object, Signature: off.Signature, Previous: off.Previous, Verified: verified}
}

// same leaves out the name, which nobody checks, the object, which is this one by then, and the verdict.
func (r Record) same(off sla.SignOff) bool {
	return r.Party == off.Party && r.At.Equal(off.At) && r.Signature == off.Signature && r.Previous == off.Previous
}

// records of the sign-offs that ratified a text, as the annotation has them.
func records(offs []slav1alpha1.SignOff, verified []sla.Party) (string, error) {
	var out []Record
	for _, off := range convert.SignOffs(offs) {
		out = append(out, recordOf(off, slices.Contains(verified, off.Party)))
	}
	slices.SortFunc(out, func(a, b Record) int { return cmp.Compare(a.Party, b.Party) })
	raw, err := json.Marshal(out)
	return string(raw), err
}

// keys that a text's parties need, and what is wrong with them.
type witness struct {
	keyring  sla.Keyring
	revision *Revision // that keeps this text already; nil when it is not ratified yet
	check    sla.Check
}

// newWitness checks signatures over what is in force before the text. A text that is ratified already was signed over what was in force
// before it, or anew over itself, or, when it is still to come, over what came into force in between.
func (k Keeper) newWitness(ctx context.Context, t Text, revisions []Revision, inForce *Revision) (*witness, error) {
	keyring, err := k.Signers.Keyring(ctx, t.Namespace)
	if err != nil {
		return nil, err
	}
	w := &witness{keyring: keyring, revision: ratified(revisions, inForce, t.Digest)}
	previous := []string{digestOf(inForce)}
	if w.revision != nil {
		previous = append([]string{w.revision.Previous, t.Digest}, previous...)
	}
	w.check = keyring.Check(t.Owner.Kind, t.Namespace, t.Owner.Name, previous...)
	return w, nil
}

// unchecked is the ratification of a text whose signatures could not be looked at.
func unchecked(err error) sla.Ratification {
	return sla.Ratification{Missing: []sla.Party{sla.PartyMarketing, sla.PartySales}, Notes: []string{err.Error()}}
}

// ratified is the revision that keeps a text which is in force or was ratified after what is.
func ratified(revisions []Revision, inForce *Revision, digest string) *Revision {
	i := slices.IndexFunc(revisions, func(r Revision) bool {
		return r.Digest == digest && (inForce == nil || r.Number >= inForce.Number)
	})
	if i < 0 {
		return nil
	}
	return &revisions[i]
}

func digestOf(r *Revision) string {
	if r == nil {
		return ""
	}
	return r.Digest
}

// judge a sign-off. One that ratified the text goes on counting as it did then, whatever became of the keys.
func (w *witness) judge(off sla.SignOff) (verified bool, note string) {
	verified, note = w.check(off)
	if verified || w.revision == nil {
		return verified, note
	}
	for _, r := range w.revision.SignOffs {
		if r.same(off) {
			return r.Verified, ""
		}
	}
	return verified, note
}

// unreadable says what is wrong with the keys of the parties.
func (w *witness) unreadable(parties []sla.Party) []string {
	var out []string
	for _, party := range parties {
		if err := w.keyring.Err(party); err != nil && !slices.Contains(out, err.Error()) {
			out = append(out, err.Error())
		}
	}
	return out
}

// describe keeps what the conditions say about keys.
func (s *Standing) describe(w *witness) {
	both := []sla.Party{sla.PartyMarketing, sla.PartySales}
	s.keyed = slices.DeleteFunc(slices.Clone(both), func(p sla.Party) bool { return !w.keyring.Has(p) })
	s.unreadable = w.unreadable(s.Ratification.Missing)
	s.otherUnreadable = w.unreadable(both)
}

// trust is the reason why a text counts as ratified.
func (s *Standing) trust() string {
	if len(s.Ratification.Verified) == 2 {
		return slav1alpha1.ReasonVerified
	}
	return slav1alpha1.ReasonAttested
}

// untrust is the reason why a text does not count as ratified.
func (s *Standing) untrust() string {
	if len(s.unreadable) > 0 {
		return slav1alpha1.ReasonInvalidSigners
	}
	return slav1alpha1.ReasonSignOffMissing
}

// verification says in words whose signatures were verified, and what is wrong with the keys since.
func (s *Standing) verification() string {
	said := ""
	switch verified := s.Ratification.Verified; {
	case len(verified) == 2:
		said = "; the signatures of both were verified"
	case len(verified) == 1 && verified[0] == sla.PartyMarketing:
		said = "; Marketing's signature was verified, Sales signed by name"
	case len(verified) == 1:
		said = "; Sales's signature was verified, Marketing signed by name"
	}
	if len(s.otherUnreadable) > 0 {
		said += "; keys cannot be read, so that nothing new can be signed: " + strings.Join(s.otherUnreadable, "; ")
	}
	return said
}

// keyFlags are the flags of `kubectl sla sign` that a party with keys needs.
func (s *Standing) keyFlags(party sla.Party) string {
	if slices.Contains(s.keyed, party) {
		return " --key KEYFILE --cluster"
	}
	return ""
}

// readRecords reads the annotations about signatures. A revision of before there were any has none.
func readRecords(text string) ([]Record, error) {
	if text == "" {
		return nil, nil
	}
	var out []Record
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("%w; restore it or delete the revision", err)
	}
	return out, nil
}
