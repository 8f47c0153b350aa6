// SPDX-License-Identifier: Apache-2.0

package backtest

import "github.com/handoff-sla/handoff/internal/cli/leadfile"

// meter tells how far reading is.
type meter struct {
	in      *Input
	sources []*source
	size    int64
	rows    int64
}

func newMeter(in *Input, all []*source) *meter {
	m := &meter{in: in, sources: all}
	for _, s := range all {
		_, size := s.reader.Progress()
		m.size += size
	}
	return m
}

func (m *meter) advance(block *leadfile.Block) {
	if m.in.Progress == nil {
		return
	}
	m.rows += int64(block.Lines())
	read := int64(0)
	for _, s := range m.sources {
		n, _ := s.reader.Progress()
		read += n
	}
	m.in.Progress(m.rows, read, m.size)
}
