// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
)

var seed = maphash.MakeSeed()

func hashOf(id string) uint64 { return maphash.String(seed, id) }

// idParts is in how many parts ids are looked at for repetitions: one part of them must fit into memory.
const idParts = 256

// idSet finds out whether ids repeat, by their 64-bit hashes: on disk when there are many, one part in memory at a time.
type idSet struct{ spill *spill }

func newIDSet(dir string) *idSet { return &idSet{spill: newSpill(dir, idParts, 32<<10)} }

// idWriter gathers ids of one goroutine before they go to the set.
type idWriter struct {
	set   *idSet
	parts [idParts][]byte
}

// idsAtOnce of one part are handed over together.
const idsAtOnce = 64

func (w *idWriter) add(id string) error {
	h := hashOf(id)
	at := h >> 56
	w.parts[at] = binary.LittleEndian.AppendUint64(w.parts[at], h)
	if len(w.parts[at]) < 8*idsAtOnce {
		return nil
	}
	return w.hand(int(at))
}

func (w *idWriter) hand(part int) error {
	err := w.set.spill.write(part, w.parts[part])
	w.parts[part] = w.parts[part][:0]
	return err
}

// end hands over what is left.
func (w *idWriter) end() error {
	for part := range w.parts {
		if err := w.hand(part); err != nil {
			return err
		}
	}
	return nil
}

// repeated is how many ids came before.
func (s *idSet) repeated() (int, error) {
	n := 0
	var hashes []uint64
	for part := range idParts {
		text, err := s.spill.read(part)
		if err != nil {
			return 0, err
		}
		hashes = hashes[:0]
		for ; len(text) > 0; text = text[8:] {
			hashes = append(hashes, binary.LittleEndian.Uint64(text))
		}
		slices.Sort(hashes)
		for i := 1; i < len(hashes); i++ {
			if hashes[i] == hashes[i-1] {
				n++
			}
		}
	}
	return n, nil
}

func (s *idSet) close() { s.spill.close() }
