// SPDX-License-Identifier: Apache-2.0

package lead

import "time"

// Strategy is how a pool picks.
type Strategy string

// The strategies. Empty means RoundRobin.
const (
	RoundRobin  Strategy = "RoundRobin"
	Weighted    Strategy = "Weighted"
	LeastLoaded Strategy = "LeastLoaded"
)

// Pool of reps; pools are tried in order.
type Pool struct {
	Name     string   `json:"name"`
	When     string   `json:"when,omitempty"`
	Strategy Strategy `json:"strategy,omitempty"`
	Members  []Member `json:"members"`
}

// OwnerFirst says whether a lead goes to somebody who has to do with it already, before any pool is asked.
type OwnerFirst string

// The values. Empty means Ignore.
const (
	OwnerPrefer OwnerFirst = "Prefer"
	OwnerIgnore OwnerFirst = "Ignore"
)

// Unroutable says what becomes of a lead that no pool can take.
type Unroutable struct {
	Policy UnroutablePolicy `json:"policy,omitempty"`
	Pool   string           `json:"pool,omitempty"` // whose members take it, whatever its `when` says
}

// UnroutablePolicy is how it is handled.
type UnroutablePolicy string

// The policies. Empty means Hold.
const (
	UnroutableHold UnroutablePolicy = "Hold"
	UnroutablePool UnroutablePolicy = "Pool"
)

// OnBreach says what becomes of a lead that nobody has contacted in time.
type OnBreach string

// The values. Empty means Keep.
const (
	BreachKeep     OnBreach = "Keep"
	BreachReassign OnBreach = "Reassign"
)

// Member of a pool.
type Member struct {
	Rep      string `json:"rep"`
	Weight   int    `json:"weight,omitempty"`   // 0 means 1
	Capacity int    `json:"capacity,omitempty"` // 0 means no limit
	Away     []Away `json:"away,omitempty"`
}

// Away is a time in which a member takes no leads: From is the first instant away, To the first instant back.
type Away struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}
