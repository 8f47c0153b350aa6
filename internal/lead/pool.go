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
