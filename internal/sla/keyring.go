// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Keyring is what the parties of one namespace sign with.
type Keyring struct {
	Source  string // where the keys are kept, for people: ConfigMap handoff-system/handoff-signers
	entries map[Party]keyEntry
}

// keyEntry is one party's keys, or why they cannot be read.
type keyEntry struct {
	keys Keys
	err  error
}

// ReadKeyring picks the keys of a namespace from entries named <namespace>.<Party>. An entry that cannot be read is no reason to count
// signatures that nobody checks: nothing that its party signs counts until it can.
func ReadKeyring(source string, data map[string]string, namespace string) Keyring {
	out := Keyring{Source: source, entries: map[Party]keyEntry{}}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		of, party, _ := strings.Cut(name, ".") // a namespace has no dot
		if of != namespace {
			continue
		}
		switch Party(party) {
		case PartyMarketing, PartySales:
			keys, err := ParseKeys(data[name])
			out.add(Party(party), keyEntry{keys: keys, err: out.locate(name, err)})
		default: // a misspelt party would else sign by name
			err := out.locate(name, errors.New("no such party: Marketing or Sales"))
			out.add(PartyMarketing, keyEntry{err: err})
			out.add(PartySales, keyEntry{err: err})
		}
	}
	return out
}

// add keeps the first error about a party.
func (k Keyring) add(party Party, entry keyEntry) {
	if k.entries[party].err == nil {
		k.entries[party] = entry
	}
}

func (k Keyring) locate(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s, key %s: %w", k.Source, name, err)
}

// Has says whether a party needs signatures.
func (k Keyring) Has(party Party) bool {
	_, found := k.entries[party]
	return found
}

// Err says why the keys of a party cannot be read.
func (k Keyring) Err(party Party) error { return k.entries[party].err }

// Check is the check of sign-offs of an object. previous are the digests of which one must have been in force when a signature was made, an
// empty one for nothing; without any, whatever the sign-off itself says.
func (k Keyring) Check(kind, namespace, name string, previous ...string) Check {
	return func(off SignOff) (bool, string) {
		entry, found := k.entries[off.Party]
		switch {
		case !found:
			return false, ""
		case entry.err != nil:
			return false, fmt.Sprintf("the keys of %s cannot be read: %v", off.Party, entry.err)
		case off.Signature == "":
			return false, fmt.Sprintf("%s signed by name, but has keys in %s, so that only a signature counts", off.Party, k.Source)
		case len(previous) > 0 && !slices.Contains(previous, off.Previous):
			return false, fmt.Sprintf("%s's signature was made when %s was in force, and must be made over %s",
				off.Party, textBefore(off.Previous), textBefore(previous[0]))
		}
		err := entry.keys.Verify(Statement{
			Kind: kind, Namespace: namespace, Name: name, Party: off.Party, At: off.At, Digest: off.Digest, Previous: off.Previous,
		}, off.Signature)
		if err != nil {
			return false, fmt.Sprintf("%s's signature does not count: %v", off.Party, err)
		}
		return true, ""
	}
}

func textBefore(digest string) string {
	if digest == "" {
		return "nothing"
	}
	return shortDigest(digest)
}
