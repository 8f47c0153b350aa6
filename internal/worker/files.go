// SPDX-License-Identifier: Apache-2.0

// Package worker is what the worker processes have in common: mounted files, the connection to the ledger, health, conditions,
// and an orderly end.
package worker

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// maxFile bounds what is read from a mount: a ConfigMap or Secret holds 1 MiB.
const maxFile = 2 << 20

// Secret is one key of a mounted Secret. The mount is optional: the file may come later, and may change.
type Secret struct {
	Dir  string
	Key  string
	Name string // of the Secret, for messages
}

// NotFoundError says which Secret or key is missing.
type NotFoundError struct{ Secret, Key string }

func (e *NotFoundError) Error() string {
	if e.Secret == "" {
		return fmt.Sprintf("the Secret with key %q is not mounted; create it in the contract's namespace", e.Key)
	}
	return fmt.Sprintf("Secret %q with key %q is not there; create it in the contract's namespace. It is picked up within a minute or so", e.Secret, e.Key)
}

// Read the value as it is now, without white space around it.
func (s Secret) Read() (string, error) {
	text, err := readFile(filepath.Join(s.Dir, s.Key))
	if errors.Is(err, fs.ErrNotExist) {
		return "", &NotFoundError{Secret: s.Name, Key: s.Key}
	}
	if err != nil {
		return "", fmt.Errorf("key %q of Secret %q cannot be read: %w", s.Key, s.Name, errors.Unwrap(err))
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", &NotFoundError{Secret: s.Name, Key: s.Key}
	}
	return value, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), fmt.Errorf("has more than %d bytes", maxFile))
	}
	return os.ReadFile(path)
}

// LoadPairs reads and compiles the mounted bundles: that in force, and those to come. They never change while the process runs: another
// bundle is another ConfigMap.
func LoadPairs(dir string) (*pipeline.Pairs, error) {
	mounted, err := loadPair(dir, bundle.BundleFile)
	if err != nil {
		return nil, err
	}
	pairs := &pipeline.Pairs{Mounted: mounted}
	coming, err := filepath.Glob(filepath.Join(dir, bundle.ComingFiles))
	if err != nil {
		return nil, err
	}
	for _, file := range coming {
		pair, err := loadPair(dir, filepath.Base(file))
		if err != nil {
			return nil, err
		}
		pairs.Coming = append(pairs.Coming, pair)
	}
	slices.SortFunc(pairs.Coming, func(a, b *pipeline.Pair) int { return cmp.Compare(a.Bundle.Sequence, b.Bundle.Sequence) })
	return pairs, nil
}

func loadPair(dir, file string) (*pipeline.Pair, error) {
	text, err := readFile(filepath.Join(dir, file))
	if err != nil {
		return nil, fmt.Errorf("the bundle cannot be read: %w", err)
	}
	b, err := bundle.DecodeBundle(text)
	if err != nil {
		return nil, fmt.Errorf("the bundle in %s is not valid: %w", filepath.Join(dir, file), err)
	}
	return pipeline.CompilePair(b)
}

// LoadRoster reads and checks the mounted roster.
func LoadRoster(dir string, pair *pipeline.Pair) (roster *pipeline.Roster, text string, err error) {
	raw, err := readFile(filepath.Join(dir, bundle.RosterFile))
	if err != nil {
		return nil, "", fmt.Errorf("the roster cannot be read: %w", err)
	}
	r, err := bundle.DecodeRoster(raw)
	if err != nil {
		return nil, string(raw), fmt.Errorf("the roster in %s is not valid: %w", dir, err)
	}
	roster, err = pair.CompileRoster(r)
	return roster, string(raw), err
}

// LoadStanding reads the standing beside the roster. There is none under a manager that does not write it.
func LoadStanding(dir string) (bundle.Standing, error) {
	raw, err := readFile(filepath.Join(dir, bundle.StandingFile))
	if errors.Is(err, fs.ErrNotExist) {
		return bundle.Standing{}, nil
	}
	if err != nil {
		return bundle.Standing{}, fmt.Errorf("the standing of the contract cannot be read: %w", err)
	}
	s, err := bundle.DecodeStanding(raw)
	if err != nil {
		return bundle.Standing{}, fmt.Errorf("the standing of the contract in %s is not valid: %w", dir, err)
	}
	return s, nil
}
