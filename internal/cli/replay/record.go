// SPDX-License-Identifier: Apache-2.0

// Package replay turns exports (CSV files, CloudEvents one a line) into events and sends them to a contract's ingest
// address. Sending is safe to repeat: the identity of every event depends on the file alone.
package replay

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Record is one event before it is sent.
type Record struct {
	Where string    // file:line that it came from
	Lead  string    // subject: the lead's id
	ID    string    // identity, together with its source
	Time  time.Time // when it happened

	raw   []byte                     // the event as it was read; nil when it is made from attributes
	attrs map[string]json.RawMessage // the event's attributes
}

// Body is the event as JSON.
func (r Record) Body() (json.RawMessage, error) {
	if r.raw != nil {
		return r.raw, nil
	}
	return json.Marshal(r.attrs)
}

// Malformed is a piece of input that cannot become an event.
type Malformed struct {
	Where   string
	Message string
}

// String says where and what.
func (m Malformed) String() string { return m.Where + ": " + m.Message }

// Latest is the time of the last record; the zero time when there is none.
func Latest(records []Record) time.Time {
	if len(records) == 0 {
		return time.Time{}
	}
	return slices.MaxFunc(records, func(a, b Record) int { return a.Time.Compare(b.Time) }).Time
}

// Shift moves every record by the same length of time.
func Shift(records []Record, by time.Duration) error {
	for i := range records {
		r := &records[i]
		r.Time = r.Time.Add(by)
		text, err := json.Marshal(formatTime(r.Time))
		if err != nil {
			return fmt.Errorf("%s: %w", r.Where, err)
		}
		r.attrs["time"], r.raw = text, nil
	}
	return nil
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
