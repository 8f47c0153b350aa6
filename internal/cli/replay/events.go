// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
)

// longestLine is more than the ingest address takes in one request.
const longestLine = 8 << 20

// ReadEvents reads CloudEvents in JSON, one a line; empty lines are skipped. A line that is no event is returned as
// malformed. What is in an event is left to the ingest address to judge, except `time`, which needs to be known to put
// events in order.
func ReadEvents(name string, in io.Reader) ([]Record, []Malformed, error) {
	var records []Record
	var malformed []Malformed
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), longestLine)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		where := fmt.Sprintf("%s:%d", name, n)
		r, err := parseEvent(where, bytes.Clone(line))
		if err != nil {
			malformed = append(malformed, Malformed{Where: where, Message: err.Error()})
			continue
		}
		records = append(records, r)
	}
	if err := lines.Err(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return records, malformed, nil
}

func parseEvent(where string, line []byte) (Record, error) {
	r := Record{Where: where, raw: line}
	if err := json.Unmarshal(line, &r.attrs); err != nil {
		return r, fmt.Errorf("not a JSON object: %w", err)
	}
	var time string
	for name, to := range map[string]*string{"subject": &r.Lead, "id": &r.ID, "time": &time} {
		if err := text(r.attrs, name, to); err != nil {
			return r, err
		}
	}
	var err error
	if r.Time, err = leadfile.ParseTime(time); err != nil {
		return r, fmt.Errorf("time: %w", err)
	}
	return r, nil
}

func text(attrs map[string]json.RawMessage, name string, to *string) error {
	value, there := attrs[name]
	if !there {
		return fmt.Errorf("no %s", name)
	}
	if err := json.Unmarshal(value, to); err != nil {
		return fmt.Errorf("%s is not a string", name)
	}
	return nil
}
