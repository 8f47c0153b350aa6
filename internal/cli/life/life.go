// SPDX-License-Identifier: Apache-2.0

// Package life tells the life of one lead from what the ledger keeps: in order of time what happened, what was made of it, and how its clocks
// stand. It only reads.
package life

import (
	"encoding/json"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// Options of an account of a life.
type Options struct {
	Tenant   string
	ShowData bool // personal data are shown: what the events say, and the record
}

// Life of a lead. Times are UTC; Zone is the contract's.
type Life struct {
	Lead       string         `json:"lead"`
	Tenant     string         `json:"tenant"`
	Contract   string         `json:"contract,omitempty"`
	Zone       string         `json:"zone"`
	At         time.Time      `json:"at"` // by the database's clock
	Stage      string         `json:"stage"`
	Score      int            `json:"score"`
	Missing    []string       `json:"missing,omitempty"` // required fields that hold it up
	Owner      string         `json:"owner,omitempty"`
	MergedInto string         `json:"mergedInto,omitempty"`
	Duplicate  string         `json:"duplicateOf,omitempty"`
	LinkedTo   string         `json:"linkedTo,omitempty"`
	Cycle      int            `json:"cycle"`
	Waiting    int64          `json:"waiting,omitempty"` // news that are not worked off
	Record     map[string]any `json:"record,omitempty"`
	Entries    []Entry        `json:"timeline"`
	Clocks     []Clock        `json:"clocks"`
	Notes      []string       `json:"notes,omitempty"`
}

// Entry of the timeline.
type Entry struct {
	At       time.Time  `json:"at"` // when it happened
	Kind     Kind       `json:"kind"`
	What     string     `json:"what"`
	Cycle    int        `json:"cycle,omitempty"`
	Event    *Event     `json:"event,omitempty"`
	Score    *Score     `json:"score,omitempty"` // after an event at which the definition is evaluated
	Details  []string   `json:"details,omitempty"`
	Recorded *time.Time `json:"recorded,omitempty"` // when it became known, where that is later

	order int // of entries of the same instant
}

// Kind of an entry.
type Kind string

// The kinds, in the order in which entries of one instant are told.
const (
	KindEvent      Kind = "event"
	KindStage      Kind = "stage"
	KindChoice     Kind = "choice"
	KindClock      Kind = "clock"
	KindNotice     Kind = "notice"
	KindCorrection Kind = "correction"
)

// Event as it came.
type Event struct {
	Source   string          `json:"source"`
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Lead     string          `json:"lead,omitempty"` // where it is about a lead that was merged into this one
	Arrived  time.Time       `json:"arrived"`
	Late     time.Duration   `json:"late,omitempty"` // from when it happened until it arrived
	ScoredBy int64           `json:"scoredBy,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"` // personal: only when it is asked for
}

// Score after an event, by the definition that scored it.
type Score struct {
	Before  int      `json:"before"`
	After   int      `json:"after"`
	Changes []Change `json:"changes,omitempty"`
}

// Change of what a rule gives.
type Change struct {
	Rule   string  `json:"rule"` // group/rule
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// Clock of a clause.
type Clock struct {
	Clause   string     `json:"clause"`
	Tier     string     `json:"tier,omitempty"`
	Cycle    int        `json:"cycle"`
	Period   string     `json:"period"`
	Revision string     `json:"revision"`
	State    string     `json:"state"`
	AtRisk   bool       `json:"atRisk,omitempty"`
	Start    *time.Time `json:"start,omitempty"`
	Warn     *time.Time `json:"warn,omitempty"`
	Due      *time.Time `json:"due,omitempty"`
	Stop     *time.Time `json:"stop,omitempty"`
	Counts   string     `json:"counts,omitempty"` // business: time within the calendar's hours; wall: all time
	Used     string     `json:"used,omitempty"`
	Left     string     `json:"left,omitempty"` // of a clock that runs; negative when it is overdue
}

// tell is what Of puts together.
type teller struct {
	Options
	kept  *ledger.Life
	pairs pairs
	out   *Life
}
