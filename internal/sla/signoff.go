// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"strings"
	"time"
)

// Party to the agreement.
type Party string

// The parties; both must sign.
const (
	PartyMarketing Party = "Marketing"
	PartySales     Party = "Sales"
)

// PartyBoth owes what both owe. It signs nothing.
const PartyBoth Party = "Both"

// SignOff is one party's agreement to one text, named by its digest, of one object.
type SignOff struct {
	Party  Party
	By     string
	At     time.Time
	Object string // namespace/name
	Digest string

	Previous  string // digest in force when it was signed, which a signature is made over; empty when there was none
	Signature string // base64 of an SSH signature; empty when the party signed by name
}

// Subject is what is signed: the text with this digest, of this object. The digest binds the kind: texts of two kinds never share one.
type Subject struct {
	Namespace string // empty where a manifest leaves it to whoever applies it: then the name alone is compared
	Name      string
	Digest    string
}

// Object as a sign-off names it.
func (s Subject) Object() string { return s.Namespace + "/" + s.Name }

// Elsewhere says in words why a sign-off is not of this object; empty when it is.
func (s Subject) Elsewhere(off SignOff) string {
	namespace, name, named := strings.Cut(off.Object, "/")
	switch {
	case !named:
		return fmt.Sprintf("the sign-off of %s does not say for which object (namespace/name): sign again", off.Party)
	case name == s.Name && (namespace == s.Namespace || s.Namespace == ""):
		return ""
	case s.Namespace == "":
		return fmt.Sprintf("%s signed for %s, and this is %s", off.Party, off.Object, s.Name)
	default:
		return fmt.Sprintf("%s signed for %s, and this is %s", off.Party, off.Object, s.Object())
	}
}

// InForce is the text that is in force now.
type InForce struct {
	Digest   string
	SignedAt time.Time // the later of its two signatures
}

// Ratification says whether both parties signed a text, and if not, why.
type Ratification struct {
	Ratified bool
	Missing  []Party   // parties without a sign-off that counts, Marketing first
	Notes    []string  // in words, why they are missing
	SignedAt time.Time // the later of the two signatures; zero unless ratified
	Verified []Party   // parties whose sign-off counts because of its signature, Marketing first
}

// Check judges the signature of a sign-off that counts otherwise: whether it was verified, or a note that says why it does not count. A party
// without keys signs by name: neither.
type Check func(SignOff) (verified bool, note string)

func byName(SignOff) (bool, string) { return false, "" }

// Ratify judges the sign-offs of a text. A sign-off counts when it names exactly this text of exactly this object, has a date and, where
// another text is in force, is not older than that one's: bringing back an old text needs new signatures. inForce is nil when
// nothing is in force yet.
func Ratify(offs []SignOff, subject Subject, inForce *InForce) Ratification {
	return RatifyWith(offs, subject, inForce, byName)
}

// RatifyWith is Ratify where signatures are checked too.
func RatifyWith(offs []SignOff, subject Subject, inForce *InForce, check Check) Ratification {
	var r Ratification
	for _, party := range []Party{PartyMarketing, PartySales} {
		j := judgeParty(offs, party, check, func(off SignOff) string { return flaw(off, subject, inForce) })
		if j.at.IsZero() {
			r.Missing = append(r.Missing, party)
			r.Notes = append(r.Notes, j.notes...)
			continue
		}
		r.SignedAt = later(r.SignedAt, j.at)
		if j.verified {
			r.Verified = append(r.Verified, party)
		}
	}
	for _, off := range offs {
		if off.Party != PartyMarketing && off.Party != PartySales {
			r.Notes = append(r.Notes, fmt.Sprintf("%q is no party to the agreement: its sign-off counts for nothing", off.Party))
		}
	}
	r.Ratified = len(r.Missing) == 0
	if !r.Ratified {
		r.SignedAt = time.Time{}
	}
	return r
}

// judgement of a party's sign-offs: the time of the newest that counts, or notes that say why none does.
type judgement struct {
	at       time.Time
	verified bool
	notes    []string
}

func judgeParty(offs []SignOff, party Party, check Check, flaw func(SignOff) string) judgement {
	var j judgement
	for _, off := range offs {
		if off.Party != party {
			continue
		}
		note, verified := flaw(off), false
		if note == "" {
			verified, note = check(off)
		}
		if note != "" {
			j.notes = append(j.notes, note)
			continue
		}
		j.at, j.verified = later(j.at, off.At), j.verified || verified
	}
	if j.at.IsZero() && len(j.notes) == 0 {
		j.notes = []string{fmt.Sprintf("%s has not signed", party)}
	}
	return j
}

// flaw says why a sign-off does not count; empty when it does.
func flaw(off SignOff, subject Subject, inForce *InForce) string {
	switch digest, elsewhere := subject.Digest, subject.Elsewhere(off); {
	case off.Digest != digest:
		return fmt.Sprintf("%s signed %s, another text than %s, which is written now", off.Party, shortDigest(off.Digest), shortDigest(digest))
	case elsewhere != "":
		return elsewhere
	case off.At.IsZero():
		return fmt.Sprintf("the sign-off of %s has no date", off.Party)
	case inForce != nil && inForce.Digest != digest && off.At.Before(inForce.SignedAt):
		return fmt.Sprintf("%s signed on %s, before %s was signed on %s, which was ratified last: bringing back an older text needs new signatures",
			off.Party, off.At.UTC().Format(time.RFC3339), shortDigest(inForce.Digest), inForce.SignedAt.UTC().Format(time.RFC3339))
	default:
		return ""
	}
}

// shortDigest keeps what a person needs to tell texts apart: the form and eight digits.
func shortDigest(digest string) string {
	at := strings.LastIndexByte(digest, ':') + 1
	if len(digest) <= at+8 {
		return fmt.Sprintf("%q", digest)
	}
	return digest[:at+8] + "…"
}
