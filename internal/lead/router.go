// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"time"
)

// Router finds the pools that may take a lead. It never changes and may be used from several goroutines at once.
type Router struct {
	program *Program
	whens   []*expression // nil takes every lead
}

// CompilePools checks pools against the definition's fields and signals. Its error is always of type Problems.
func (p *Program) CompilePools(pools []Pool) (*Router, error) {
	c := &compiler{program: p}
	r := &Router{program: p}
	names := newUnique("pool")
	for _, pool := range pools {
		where := fmt.Sprintf("pool %q", pool.Name)
		names.check(c, where, pool.Name)
		switch pool.Strategy {
		case "", RoundRobin, Weighted, LeastLoaded:
		default:
			c.problem(where, "strategy %q is unknown; known: RoundRobin, Weighted, LeastLoaded", pool.Strategy)
		}
		var when *expression
		if pool.When != "" {
			when = c.expression(p.env.record, where, pool.When)
		}
		r.whens = append(r.whens, when)
		c.members(where, pool.Members)
	}
	if err := c.problems.orNil(); err != nil {
		return nil, err
	}
	return r, nil
}

func (c *compiler) members(where string, members []Member) {
	if len(members) == 0 {
		c.problem(where, "has no members")
	}
	reps := newUnique("member")
	for _, m := range members {
		where := fmt.Sprintf("%s member %q", where, m.Rep)
		reps.check(c, where, m.Rep)
		if m.Weight < 0 {
			c.problem(where, "weight is negative")
		}
		if m.Capacity < 0 {
			c.problem(where, "capacity is negative")
		}
		for i, a := range m.Away {
			if !a.From.Before(a.To) {
				c.problem(where, "away %d ends before it begins", i+1)
			}
		}
	}
}

// Candidates are the indexes of the pools whose `when` holds for the lead at a time, in order. A pool without `when` takes
// every lead. The record is by field name; of the history, in (Time, Sequence) order, what is not after the time counts.
func (r *Router) Candidates(record map[string]any, history []Event, at time.Time) []int {
	s := r.state(record, history, at)
	var found []int
	for i, when := range r.whens {
		if when == nil || when.holds(s) {
			found = append(found, i)
		}
	}
	return found
}

func (r *Router) state(record map[string]any, history []Event, at time.Time) *state {
	s := newState(r.program)
	for i, f := range r.program.definition.Fields {
		s.set(i, record[f.Name])
	}
	for _, e := range history {
		if e.Kind == KindActivity && !e.Time.After(at) {
			s.occur(e)
		}
	}
	s.now = at
	return s
}
