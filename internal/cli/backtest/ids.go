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

// add the hashes of a block; it may be called from several goroutines at once.
func (s *idSet) add(hashes []uint64) error {
	slices.Sort(hashes) // those of one part stand together: one lock for each
	var text []byte
	for i, h := range hashes {
		text = binary.LittleEndian.AppendUint64(text, h)
		part := int(h >> 56)
		if i+1 < len(hashes) && int(hashes[i+1]>>56) == part {
			continue
		}
		if err := s.spill.write(part, text); err != nil {
			return err
		}
		text = text[:0]
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
