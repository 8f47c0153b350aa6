// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// Find is all that the files say of one lead, in order of time, and what of it could not be read.
func Find(ctx context.Context, in Input, id string) ([]lead.Event, *leadfile.Problems, error) {
	all, err := in.open()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = closeAll(all) }() // they were only read
	total := newTally(0)
	j := &joiner{in: &in, sources: all, total: total, spill: newSpill(in.TempDir, 1, 1<<30), only: id}
	var records []record
	for _, s := range all {
		found, err := s.find(ctx, &in, id, total)
		if err != nil {
			return nil, nil, err
		}
		records = append(records, found...)
		total.problems.Merge(s.reader.Problems())
	}
	if err := j.sortEvents(ctx); err != nil {
		return nil, nil, err
	}
	events, err := j.eventsOf(id)
	if err != nil {
		return nil, nil, err
	}
	w := &gatherer{joiner: j, tally: total}
	records = append(records, events...)
	if len(records) == 0 {
		return nil, &total.problems, fmt.Errorf("no lead %q in %s", id, strings.Join(in.files(), ", "))
	}
	if !slices.ContainsFunc(records, w.captures) {
		return nil, &total.problems, fmt.Errorf("no file of leads has the lead %q, and no event captures it; only other files tell of it: %s", id, placeOf(w.place(records[0])))
	}
	return w.history(records, w.capture(records)), &total.problems, nil
}

// find the rows of one lead.
func (s *source) find(ctx context.Context, in *Input, id string, t *tally) ([]record, error) {
	var found []record
	for !s.empty() {
		row, err := s.reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if row.Cells[s.id] != id {
			continue
		}
		_, at, ok := identify(in, s, row, t)
		if !ok {
			continue
		}
		if s.time < 0 && s.role == joined {
			at = time.Time{}
		}
		r := record{id: id, source: s.number, line: row.Line, at: at, order: int64(len(found))}
		for _, cell := range row.Cells {
			r.cells = append(r.cells, strings.Clone(cell))
		}
		found = append(found, r)
	}
	return found, nil
}

// eventsOf one lead, of all that were sorted.
func (j *joiner) eventsOf(id string) ([]record, error) {
	text, err := j.spill.read(0)
	if err != nil {
		return nil, err
	}
	var found []record
	for d := (decoder{text: string(text)}); d.text != ""; {
		r, err := d.record()
		if err != nil {
			return nil, err
		}
		if r.id == id {
			found = append(found, r)
		}
	}
	return found, nil
}
