// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"errors"
	"slices"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Each shows the history of every lead of the files, in no order; its memory does not grow with them. What cannot be read is left out: Find
// tells of it.
func Each(ctx context.Context, in Input, see func(id string, history []lead.Event)) error {
	if slices.Contains(in.files(), "-") {
		return errors.New("standard input is read once only")
	}
	in.Workers = max(1, in.Workers)
	all, err := in.open()
	if err != nil {
		return err
	}
	defer func() { _ = closeAll(all) }() // they were only read
	j := &joiner{in: &in, sources: all, total: newTally(0)}
	defer func() { j.spill.close() }()
	if err := j.collect(ctx); err != nil {
		return err
	}
	w := &gatherer{joiner: j, tally: newTally(0)}
	for part := range j.spill.parts {
		byLead, err := j.read(part)
		if err != nil {
			return err
		}
		for id, records := range byLead {
			inOrder(records)
			if slices.ContainsFunc(records, w.captures) {
				see(id, w.history(records, w.capture(records)))
			}
		}
	}
	return nil
}
