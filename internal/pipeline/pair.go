// SPDX-License-Identifier: Apache-2.0

// Package pipeline is what the workers do, step by step: score, route, time, find breaches, count. What is decided is decided by
// the pure packages; what is kept is kept by the ledger.
package pipeline

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Pair is a definition and its terms, ready to judge.
type Pair struct {
	Bundle  bundle.Bundle
	Program *lead.Program
	Terms   *sla.Compiled
}

// CompilePair compiles a bundle.
func CompilePair(b bundle.Bundle) (*Pair, error) {
	if b.Sequence < 1 {
		return nil, fmt.Errorf("bundle of %s: sequence %d should be 1 or more", b.Contract, b.Sequence)
	}
	program, err := lead.Compile(b.Lead)
	if err != nil {
		return nil, fmt.Errorf("definition %s of bundle %d: %w", b.Definition.Name, b.Sequence, err)
	}
	terms, err := sla.Compile(b.SLA)
	if err != nil {
		return nil, fmt.Errorf("terms %s of bundle %d: %w", b.Terms.Name, b.Sequence, err)
	}
	return &Pair{Bundle: b, Program: program, Terms: terms}, nil
}

// Zone is the time zone of the contract: weeks and months begin in it.
func (p *Pair) Zone() *time.Location { return p.Terms.Hours().Location() }

// Archive keeps every pair that was ever in force.
type Archive interface {
	Bundle(ctx context.Context, sequence int64) (bundle.Bundle, error)
}

// Pairs are the mounted pair and those of the archive, each compiled once. A lead is judged by the pair that qualified it,
// so old ones are needed for as long as their leads live.
type Pairs struct {
	Mounted *Pair

	mu       sync.Mutex
	archived map[int64]*Pair
}

// Of is the pair with a sequence.
func (p *Pairs) Of(ctx context.Context, archive Archive, sequence int64) (*Pair, error) {
	if sequence == p.Mounted.Bundle.Sequence {
		return p.Mounted, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if pair, known := p.archived[sequence]; known {
		return pair, nil
	}
	b, err := archive.Bundle(ctx, sequence)
	if err != nil {
		return nil, err
	}
	pair, err := CompilePair(b)
	if err != nil {
		return nil, shownError{err}
	}
	if p.archived == nil {
		p.archived = map[int64]*Pair{}
	}
	p.archived[sequence] = pair
	return pair, nil
}
