// SPDX-License-Identifier: Apache-2.0

// Package bundle is what the manager hands to the workers: the checked pair of definition and terms, and, apart from
// it, the roster that may change without a signature. Both travel as JSON files in ConfigMaps.
package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// File names inside the ConfigMaps.
const (
	BundleFile = "bundle.json"
	RosterFile = "roster.json"
)

// ComingFiles are those of the pairs that follow the one in BundleFile, in the folder where the workers find them.
const ComingFiles = "bundle-*.json"

// ComingFile is the name of one of them.
func ComingFile(sequence int64) string { return fmt.Sprintf("bundle-%d.json", sequence) }

// Bundle is a ratified pair of definition and terms. It never changes: another pair is another bundle with a higher sequence.
type Bundle struct {
	Contract string    `json:"contract"` // namespace/name, for people
	Sequence int64     `json:"sequence"`
	Since    time.Time `json:"since"` // when it was adopted, by the operator's clock
	// EffectiveFrom is when it comes into force, by the ledger's clock; zero: as soon as the ledger knows it.
	EffectiveFrom time.Time `json:"effectiveFrom,omitzero"`
	// CalledOff is a pair that never comes into force. Its place in the sequence says that what was to come before it does not either.
	CalledOff  bool            `json:"calledOff,omitempty"`
	Definition RevisionOf      `json:"definitionRevision"`
	Terms      RevisionOf      `json:"termsRevision"`
	Lead       lead.Definition `json:"definition"`
	SLA        sla.Terms       `json:"terms"`
}

// Start is when the pair comes into force by the operator's clock: the later of its adoption and its own date, never before.
func (b Bundle) Start() time.Time {
	if b.EffectiveFrom.After(b.Since) {
		return b.EffectiveFrom
	}
	return b.Since
}

// RevisionOf names a ratified revision.
type RevisionOf struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// Roster is who may get a lead.
type Roster struct {
	Pools      []lead.Pool     `json:"pools"`
	OwnerFirst lead.OwnerFirst `json:"ownerFirst,omitempty"`
	Unroutable lead.Unroutable `json:"unroutable,omitzero"`
	OnBreach   lead.OnBreach   `json:"onBreach,omitempty"`
}

// Encode writes the bundle for its ConfigMap.
func (b Bundle) Encode() ([]byte, error) { return encode(b) }

// Encode writes the roster for its ConfigMap.
func (r Roster) Encode() ([]byte, error) { return encode(r) }

// DecodeBundle reads a bundle. A field that this version does not know is an error: it would be silently left out of what both
// teams signed.
func DecodeBundle(data []byte) (Bundle, error) { return decode[Bundle](BundleFile, data) }

// DecodeRoster reads a roster. A field that this version does not know is an error.
func DecodeRoster(data []byte) (Roster, error) { return decode[Roster](RosterFile, data) }

// encode is deterministic: the same value gives the same bytes, so that a ConfigMap is written only when something changed.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // `&&` of an expression stays readable in the ConfigMap
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	return b.Bytes(), nil
}

func decode[T any](file string, data []byte) (T, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return decodeBy[T](file, d)
}

func decodeKnown[T any](file string, data []byte) (T, error) {
	return decodeBy[T](file, json.NewDecoder(bytes.NewReader(data)))
}

func decodeBy[T any](file string, d *json.Decoder) (T, error) {
	var v, zero T
	if err := d.Decode(&v); err != nil {
		return zero, fmt.Errorf("%s: %w", file, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return zero, fmt.Errorf("%s: something follows the JSON object", file)
	}
	return v, nil
}
