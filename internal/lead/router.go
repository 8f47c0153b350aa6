// SPDX-License-Identifier: Apache-2.0

package lead

import "time"

// Router finds the pools that may take a lead. It never changes and may be used from several goroutines at once.
type Router struct {
	pools []Pool
}

// CompilePools checks pools against the definition's fields and signals. Its error is always of type Problems.
func (p *Program) CompilePools(pools []Pool) (*Router, error) {
	panic("pending")
}

// Candidates are the indexes of the pools whose `when` holds for the lead at a time, in order. A pool without `when` takes every lead.
func (r *Router) Candidates(record map[string]any, history []Event, at time.Time) []int {
	panic("pending")
}
