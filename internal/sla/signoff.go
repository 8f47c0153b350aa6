// SPDX-License-Identifier: Apache-2.0

package sla

import "time"

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
	Missing  []Party   // parties whose sign-off does not count, Marketing first
	Notes    []string  // in words, why a sign-off that is there does not count
	SignedAt time.Time // the later of the two signatures; zero unless ratified
}

// Ratify judges the sign-offs of the text with the given digest. inForce is nil when nothing is in force yet.
func Ratify(offs []SignOff, digest string, inForce *InForce) Ratification { panic("pending") }
