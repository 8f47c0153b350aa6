// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"strings"
)

// Cause of a choice of an owner, beside that the lead was handed off.
type Cause string

// The causes.
const (
	CauseWaited Cause = "Waited" // nobody was available before
	CauseBreach Cause = "Breach" // the first contact is overdue
	CauseLeft   Cause = "Left"   // the owner is no member of any pool any more
)

// Owned is why a lead goes to somebody without a turn.
type Owned string

// What a rep owns.
const (
	OwnedBefore  Owned = "Before"  // the lead itself, in its cycle before
	OwnedAccount Owned = "Account" // another lead of the account
)

// Reason explains a choice: what was looked at, in order.
type Reason struct {
	Cause      Cause        `json:"cause,omitempty"`
	Owned      Owned        `json:"owned,omitempty"`
	Considered []Considered `json:"considered,omitempty"` // pools
}

// Considered is a pool that was looked at. One whose `when` does not hold has NoMatch and nothing else.
type Considered struct {
	Pool    string `json:"pool"`
	NoMatch bool   `json:"noMatch,omitempty"`
	Headcount

	Turns     int64  `json:"turns,omitempty"` // of the chosen, before he took the lead
	Open      int    `json:"open,omitempty"`
	Next      string `json:"next,omitempty"` // who would have been
	NextTurns int64  `json:"nextTurns,omitempty"`
	NextOpen  int    `json:"nextOpen,omitempty"`
}

// Headcount of a pool at some time. Who is away is not counted as full, too.
type Headcount struct {
	Available int `json:"available,omitempty"`
	Full      int `json:"full,omitempty"` // at their capacity
	Away      int `json:"away,omitempty"`
}

// Lines say the reason in words, a line a pool.
func (r Reason) Lines() []string {
	var lines []string
	switch r.Cause {
	case CauseWaited:
		lines = append(lines, "it had waited for somebody to be available")
	case CauseBreach:
		lines = append(lines, "the first contact was overdue and the lead untouched")
	case CauseLeft:
		lines = append(lines, "its owner was no member of a pool any more")
	}
	switch r.Owned {
	case OwnedBefore:
		lines = append(lines, "who owned it before gets it again, without a turn")
	case OwnedAccount:
		lines = append(lines, "who owns another lead of the account gets it, without a turn")
	}
	for _, c := range r.Considered {
		lines = append(lines, c.String())
	}
	return lines
}

// String is such as "everyone: 3 at capacity, 1 away".
func (c Considered) String() string {
	if c.NoMatch {
		return c.Pool + ": when does not hold"
	}
	var parts []string
	for _, of := range []struct {
		n    int
		what string
	}{{c.Available, "available"}, {c.Full, "at capacity"}, {c.Away, "away"}} {
		if of.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", of.n, of.what))
		}
	}
	text := c.Pool + ": " + strings.Join(parts, ", ")
	if c.Available > 0 {
		text += fmt.Sprintf("; chosen at %d turns and %d open leads", c.Turns, c.Open)
	}
	if c.Next != "" {
		text += fmt.Sprintf(", before %s at %d and %d", c.Next, c.NextTurns, c.NextOpen)
	}
	return text
}
