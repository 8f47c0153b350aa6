// SPDX-License-Identifier: Apache-2.0

// Package bundle is what the manager hands to the workers: the checked pair of definition and terms, and, apart from
// it, the roster that may change without a signature. Both travel as JSON files in ConfigMaps.
package bundle

import (
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// File names inside the ConfigMaps.
const (
	BundleFile = "bundle.json"
	RosterFile = "roster.json"
)

// Bundle is a ratified pair of definition and terms. It never changes: another pair is another bundle with a higher sequence.
type Bundle struct {
	Contract   string          `json:"contract"` // namespace/name, for people
	Sequence   int64           `json:"sequence"`
	Since      time.Time       `json:"since"`
	Definition RevisionOf      `json:"definitionRevision"`
	Terms      RevisionOf      `json:"termsRevision"`
	Lead       lead.Definition `json:"definition"`
	SLA        sla.Terms       `json:"terms"`
}

// RevisionOf names a ratified revision.
type RevisionOf struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// Roster is who may get a lead.
type Roster struct {
	Pools []lead.Pool `json:"pools"`
}
