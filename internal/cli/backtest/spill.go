// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"os"
	"sync"
)

// Sizes of joining: a part of the leads is in memory at a time.
const (
	partBytes = 1 << 20 // of input
	maxParts  = 1024
)

// spill sorts records into parts. What does not fit into the parts' buffers goes to one file, which has no name any more while it is used:
// nothing of it stays, however the program ends.
type spill struct {
	dir    string
	buffer int
	parts  []part

	mu    sync.Mutex // of the file
	file  *os.File
	named bool // some systems do not take the name of an open file away
	end   int64
}

type part struct {
	mu     sync.Mutex
	open   []byte
	chunks []chunk
}

// chunk is a piece of a part in the file.
type chunk struct {
	at   int64
	size int
}

func newSpill(dir string, parts, buffer int) *spill {
	return &spill{dir: dir, buffer: buffer, parts: make([]part, parts)}
}

// write whole records into a part.
func (s *spill) write(to int, records []byte) error {
	p := &s.parts[to]
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) > 0 && len(p.open)+len(records) > s.buffer {
		at, err := s.append(p.open)
		if err != nil {
			return err
		}
		p.chunks = append(p.chunks, chunk{at: at, size: len(p.open)})
		p.open = p.open[:0]
	}
	p.open = append(p.open, records...)
	return nil
}

func (s *spill) append(text []byte) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		file, err := os.CreateTemp(s.dir, "kubectl-sla-backtest-*")
		if err != nil {
			return 0, fmt.Errorf("a file to sort leads in: %w", err)
		}
		s.file, s.named = file, os.Remove(file.Name()) != nil
	}
	at := s.end
	if _, err := s.file.WriteAt(text, at); err != nil {
		return 0, fmt.Errorf("sorting leads in %s (TMPDIR names another place): %w", s.file.Name(), err)
	}
	s.end += int64(len(text))
	return at, nil
}

// read a whole part, when all is written.
func (s *spill) read(from int) ([]byte, error) {
	p := &s.parts[from]
	size := len(p.open)
	for _, c := range p.chunks {
		size += c.size
	}
	text := make([]byte, 0, size)
	for _, c := range p.chunks {
		text = text[:len(text)+c.size]
		if _, err := s.file.ReadAt(text[len(text)-c.size:], c.at); err != nil {
			return nil, fmt.Errorf("reading what was sorted: %w", err)
		}
	}
	return append(text, p.open...), nil
}

func (s *spill) close() {
	if s.file == nil {
		return
	}
	_ = s.file.Close() // it has no further use
	if s.named {
		_ = os.Remove(s.file.Name())
	}
}

// partsOf the leads are as many as the input has megabytes, and the most where nobody knows how much there is to read.
func (j *joiner) partsOf() int {
	size := int64(0)
	for _, s := range j.sources {
		n, known := s.reader.Size()
		if !known {
			return maxParts
		}
		size += n
	}
	for _, name := range j.in.Events {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return maxParts
		}
		size += info.Size()
	}
	return int(min(maxParts, max(int64(j.in.Workers), 1+size/partBytes)))
}
