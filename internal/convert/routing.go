// SPDX-License-Identifier: Apache-2.0

package convert

import (
	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
)

// Roster of a contract's routing. What says no more than saying nothing is left out, so that workers of an earlier release read it, too.
func Roster(r slav1alpha1.Routing) bundle.Roster {
	roster := bundle.Roster{Pools: Pools(r)}
	if r.OwnerFirst != slav1alpha1.OwnerFirstIgnore {
		roster.OwnerFirst = lead.OwnerFirst(r.OwnerFirst)
	}
	if r.OnBreach != slav1alpha1.OnBreachKeep {
		roster.OnBreach = lead.OnBreach(r.OnBreach)
	}
	if u := r.Unroutable; u != nil && u.Policy != "" && u.Policy != slav1alpha1.UnroutableHold {
		roster.Unroutable = lead.Unroutable{Policy: lead.UnroutablePolicy(u.Policy), Pool: string(u.Pool)}
	}
	return roster
}

// Pools of a contract's routing.
func Pools(r slav1alpha1.Routing) []lead.Pool {
	pools := make([]lead.Pool, 0, len(r.Pools))
	for _, p := range r.Pools {
		pool := lead.Pool{Name: string(p.Name), When: string(p.When), Strategy: lead.Strategy(p.Strategy)}
		for _, m := range p.Members {
			pool.Members = append(pool.Members, member(m))
		}
		pools = append(pools, pool)
	}
	return pools
}

func member(m slav1alpha1.Member) lead.Member {
	out := lead.Member{Rep: m.Rep, Weight: int(value(m.Weight)), Capacity: int(value(m.Capacity))}
	for _, a := range m.Away {
		out.Away = append(out.Away, lead.Away{From: instant(a.From.Time), To: instant(a.To.Time)})
	}
	return out
}
