// SPDX-License-Identifier: Apache-2.0

// Package pipeline is what the workers do, step by step: score, route, time, find breaches, count. What is decided is decided by
// the pure packages; what is kept is kept by the ledger.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
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
	if b.SLA.Observes() {
		program = program.Observing()
	}
	return &Pair{Bundle: b, Program: program, Terms: terms}, nil
}

// Zone is the time zone of the contract: weeks and months begin in it.
func (p *Pair) Zone() *time.Location { return p.Terms.Hours().Location() }

// Archive keeps every pair that was ever in force.
type Archive interface {
	Bundle(ctx context.Context, sequence int64) (bundle.Bundle, error)
}

// Pairs are the mounted pairs and those of the archive, each compiled once. A lead is judged by the pair that qualified it,
// so old ones are needed for as long as their leads live.
type Pairs struct {
	Mounted *Pair   // which the worker begins with
	Coming  []*Pair // mounted beforehand: each comes into force at its own date

	mu       sync.Mutex
	archived map[int64]*Pair
	current  atomic.Pointer[Pair]
}

// Current is the pair that was in force when the ledger was last asked; before that, the mounted one.
func (p *Pairs) Current() *Pair {
	if current := p.current.Load(); current != nil {
		return current
	}
	return p.Mounted
}

// Bundles that are mounted.
func (p *Pairs) Bundles() []bundle.Bundle {
	out := []bundle.Bundle{p.Mounted.Bundle}
	for _, coming := range p.Coming {
		out = append(out, coming.Bundle)
	}
	return out
}

// Follow takes up the pair in force when err is a StaleError, and says so. It is among the mounted ones, or in the archive. Any other error is
// handed back, and so is why the pair in force cannot be taken up.
func (p *Pairs) Follow(ctx context.Context, archive Archive, err error) (followed bool, _ error) {
	var stale *ledger.StaleError
	if !errors.As(err, &stale) {
		return false, err
	}
	pair, err := p.Of(ctx, archive, stale.InForce)
	if err != nil {
		return false, shownError{fmt.Errorf("the pair with sequence %d is in force, but this worker cannot take it up and claims no leads: %s",
			stale.InForce, explain(err))}
	}
	p.current.Store(pair)
	return true, nil
}

// Of is the pair with a sequence.
func (p *Pairs) Of(ctx context.Context, archive Archive, sequence int64) (*Pair, error) {
	if sequence == p.Mounted.Bundle.Sequence {
		return p.Mounted, nil
	}
	for _, coming := range p.Coming {
		if sequence == coming.Bundle.Sequence {
			return coming, nil
		}
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
