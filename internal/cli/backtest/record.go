// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"encoding/binary"
	"errors"
	"time"
)

// record is one row of any file, as it is kept until all that is known of its lead is together.
type record struct {
	id     string
	source int
	line   int
	at     time.Time // zero: none of its own
	cells  []string  // one for each of the source's columns; empty where it is not needed
	order  int64     // in which it was read
}

var errTorn = errors.New("a record that was sorted is torn")

// encode appends the record. A cell that is not needed takes one byte.
func (r *record) encode(to []byte, needed []bool) []byte {
	to = appendText(to, r.id)
	to = binary.AppendUvarint(to, uint64(r.source))
	to = binary.AppendUvarint(to, uint64(r.line))
	to = binary.AppendVarint(to, r.order)
	if r.at.IsZero() {
		to = append(to, 0)
	} else {
		to = binary.AppendVarint(append(to, 1), r.at.UnixNano())
	}
	to = binary.AppendUvarint(to, uint64(len(r.cells)))
	for i, cell := range r.cells {
		if needed != nil && !needed[i] {
			cell = ""
		}
		to = appendText(to, cell)
	}
	return to
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// decoder of records; texts are parts of its text.
type decoder struct {
	text string
	torn bool
}

func (d *decoder) record() (record, error) {
	r := record{id: d.string(), source: int(d.unsigned()), line: int(d.unsigned()), order: d.signed()}
	if d.byte() == 1 {
		r.at = time.Unix(0, d.signed()).UTC()
	}
	if n := int(d.unsigned()); !d.torn && n <= len(d.text) {
		r.cells = make([]string, n)
		for i := range r.cells {
			r.cells[i] = d.string()
		}
	}
	if d.torn {
		return r, errTorn
	}
	return r, nil
}

func (d *decoder) byte() byte {
	if d.text == "" {
		d.torn = true
		return 0
	}
	b := d.text[0]
	d.text = d.text[1:]
	return b
}

func (d *decoder) unsigned() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		b := d.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	d.torn = true
	return 0
}

func (d *decoder) signed() int64 {
	u := d.unsigned()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) string() string {
	n := d.unsigned()
	if n > uint64(len(d.text)) {
		d.torn = true
		return ""
	}
	text := d.text[:n]
	d.text = d.text[n:]
	return text
}
