// SPDX-License-Identifier: Apache-2.0

// Package explain says why a lead is or is not an MQL: every rule with its points, every criterion of every path, every required
// field. What it says is the evaluator's own answer, asked piece by piece.
package explain

import "time"

// Explanation of one lead under one definition, at the time of the last event of its history.
type Explanation struct {
	Lead       string     `json:"lead"`
	Definition string     `json:"definition,omitempty"`
	At         time.Time  `json:"at"`
	MQL        bool       `json:"mql"`                 // whether it was ever handed off
	Cycle      int        `json:"cycle"`               // 1, and one more for each time that it came back
	Qualified  *HandOff   `json:"qualified,omitempty"` // the latest hand-off, unless the lead is on its way back
	HandOffs   []HandOff  `json:"handOffs,omitempty"`  // oldest first; of each cycle one, but perhaps not of the latest
	Score      Score      `json:"score"`
	Record     []Value    `json:"record"`
	Groups     []Group    `json:"groups,omitempty"`
	Paths      []Path     `json:"paths"`
	Missing    []string   `json:"missing,omitempty"` // required fields without a value
	Intent     string     `json:"intent,omitempty"`
	Sales      *Sales     `json:"sales,omitempty"` // where the definition has SQL criteria, or sales told of a conversation
	Disposals  []Disposal `json:"dispositions,omitempty"`
	Raises     []Raise    `json:"raises,omitempty"`  // of the intent since a hand-off
	Reentry    *Reentry   `json:"reentry,omitempty"` // of a lead that sales recycled
	Needs      []string   `json:"needs,omitempty"`   // of a lead that is no MQL: for each path that does not hold, what it lacks
	Ledger     *Ledger    `json:"ledger,omitempty"`

	LateContacts []LateContact `json:"lateContacts,omitempty"` // genuine ones that do not count

	observes bool // what is missing holds nothing up

	waits string // why a path that holds made no MQL
}

// HandOff is a moment at which the lead became MQL.
type HandOff struct {
	Cycle    int       `json:"cycle"`
	At       time.Time `json:"at"`
	Path     string    `json:"path"`
	Score    int       `json:"score"`
	Intent   string    `json:"intent"`
	Contacts int       `json:"contacts,omitempty"`     // of the account, where its path is about that
	Account  int       `json:"accountScore,omitempty"` // sum of their scores
	Revision string    `json:"revision,omitempty"`     // of the definition, where the ledger says so
}

// Score and what rounding and clamping made of the sum of the groups.
type Score struct {
	At      time.Time `json:"at"` // of the last event at which a definition is evaluated: a touch is none
	Raw     float64   `json:"raw"`
	Reentry int       `json:"reentry,omitempty"` // what the disposition that recycled the lead adds
	Rounded int       `json:"rounded"`
	Clamped int       `json:"clamped"` // the number that is compared with thresholds
	Max     int       `json:"max"`
}

// Value of one field of the record.
type Value struct {
	Field    string `json:"field"`
	Value    any    `json:"value,omitempty"` // absent when the lead has none
	Required bool   `json:"required,omitempty"`
}

// Group of rules.
type Group struct {
	Name   string  `json:"name"`
	Max    *int    `json:"max,omitempty"`
	Sum    float64 `json:"sum"`    // of its rules
	Points float64 `json:"points"` // clamped to 0..max
	Rules  []Rule  `json:"rules"`
}

// Rule and what it gave.
type Rule struct {
	Name        string   `json:"name"`
	When        string   `json:"when,omitempty"`
	Signal      string   `json:"signal,omitempty"`
	Worth       int      `json:"worth"` // points as written
	Points      float64  `json:"points"`
	Occurrences int      `json:"occurrences,omitempty"`
	Capped      bool     `json:"capped,omitempty"`
	Absent      []string `json:"absent,omitempty"` // fields that it reads and the lead does not have; only where it gave nothing
}

// Path to MQL.
type Path struct {
	Name      string      `json:"name"`
	Holds     bool        `json:"holds"`
	Threshold *int        `json:"threshold,omitempty"`
	Short     int         `json:"short,omitempty"` // points that the score lacks
	Account   *Account    `json:"account,omitempty"`
	Criteria  []Criterion `json:"criteria,omitempty"`
	Recycled  bool        `json:"recycled,omitempty"` // all of it holds, but it is not open to the lead again yet
}

// Criterion of a path, or of the sales stage.
type Criterion struct {
	Name       string   `json:"name,omitempty"` // of the sales stage
	Expression string   `json:"expression"`
	Message    string   `json:"message,omitempty"`
	Holds      bool     `json:"holds"`
	Absent     []string `json:"absent,omitempty"`
}
