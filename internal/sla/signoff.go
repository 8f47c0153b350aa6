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

// SignOff is one party's agreement to one text, named by its digest.
type SignOff struct {
	Party  Party
	By     string
	At     time.Time
	Digest string
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
}

// Ratify judges the sign-offs of the text with the given digest. A sign-off counts when it names exactly this text, has a date and, where
// another text is in force, is not older than that one's: bringing back an old text needs new signatures. inForce is nil when
// nothing is in force yet.
func Ratify(offs []SignOff, digest string, inForce *InForce) Ratification {
	var r Ratification
	for _, party := range []Party{PartyMarketing, PartySales} {
		at, notes := judgeParty(offs, party, digest, inForce)
		if len(notes) > 0 {
			r.Missing = append(r.Missing, party)
			r.Notes = append(r.Notes, notes...)
			continue
		}
		r.SignedAt = later(r.SignedAt, at)
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

// judgeParty gives the time of the party's newest sign-off that counts, or notes that say why none does.
func judgeParty(offs []SignOff, party Party, digest string, inForce *InForce) (time.Time, []string) {
	var signed time.Time
	var notes []string
	for _, off := range offs {
		if off.Party != party {
			continue
		}
		if note := flaw(off, digest, inForce); note != "" {
			notes = append(notes, note)
			continue
		}
		signed = later(signed, off.At)
	}
	switch {
	case !signed.IsZero():
		return signed, nil
	case len(notes) == 0:
		return signed, []string{fmt.Sprintf("%s has not signed", party)}
	default:
		return signed, notes
	}
}

// flaw says why a sign-off does not count; empty when it does.
func flaw(off SignOff, digest string, inForce *InForce) string {
	switch {
	case off.Digest != digest:
		return fmt.Sprintf("%s signed %s, another text than %s, which is written now", off.Party, shortDigest(off.Digest), shortDigest(digest))
	case off.At.IsZero():
		return fmt.Sprintf("the sign-off of %s has no date", off.Party)
	case inForce != nil && inForce.Digest != digest && off.At.Before(inForce.SignedAt):
		return fmt.Sprintf("%s signed on %s, before %s was signed on %s, which is in force: bringing back an older text needs new signatures",
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
