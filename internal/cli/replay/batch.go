// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"fmt"
)

// Limits of a batch. The ingest address takes 1,000 events and 4 MiB; batches stay well below, so that an answer never takes long.
const (
	batchEvents = 500
	batchBytes  = 2 << 20
	// maxEvents and maxBytes are what one request may have: a single lead with a long history fills more than a usual batch.
	maxEvents = 1000
	maxBytes  = 4<<20 - 64<<10
)

// Message is one event, ready to send.
type Message struct {
	Where string
	ID    string
	Body  json.RawMessage
}

// Batch is sent in one request, or in several one after the other when it is a single lead with more events than fit.
type Batch []Message

func (b Batch) size() int {
	n := 2
	for _, m := range b {
		n += len(m.Body) + 1
	}
	return n
}

// Batches packs records. All events of a lead are in the same batch, in the order of the input, so that the lead is scored once with
// its whole history and not handed to a rep before its past is known.
func Batches(records []Record) ([]Batch, error) {
	var leads []string
	byLead := map[string]Batch{}
	for _, r := range records {
		body, err := r.Body()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Where, err)
		}
		if _, seen := byLead[r.Lead]; !seen {
			leads = append(leads, r.Lead)
		}
		byLead[r.Lead] = append(byLead[r.Lead], Message{Where: r.Where, ID: r.ID, Body: body})
	}
	var out []Batch
	var open Batch
	size := 0
	for _, id := range leads {
		group := byLead[id]
		n := group.size()
		if len(open) > 0 && (len(open)+len(group) > batchEvents || size+n > batchBytes) {
			out, open, size = append(out, open), nil, 0
		}
		open, size = append(open, group...), size+n
	}
	if len(open) > 0 {
		out = append(out, open)
	}
	return out, nil
}

// requests cuts a batch into pieces that the ingest address takes.
func (b Batch) requests() []Batch {
	var out []Batch
	start, size := 0, 2
	for i, m := range b {
		n := len(m.Body) + 1
		if i > start && (i-start == maxEvents || size+n > maxBytes) {
			out = append(out, b[start:i])
			start, size = i, 2
		}
		size += n
	}
	return append(out, b[start:])
}

// json is the body of a request.
func (b Batch) json() []byte {
	out := make([]byte, 0, b.size())
	out = append(out, '[')
	for i, m := range b {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, m.Body...)
	}
	return append(out, ']')
}
