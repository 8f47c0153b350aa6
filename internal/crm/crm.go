// SPDX-License-Identifier: Apache-2.0

// Package crm tells another system how a lead stands. Each type of system is an adapter of its own; they have in common what they are told and
// how they say that it was not taken.
package crm

import (
	"fmt"
	"time"
)

// Change is how a lead stands, in full: who takes the latest one knows all, whatever was lost before.
type Change struct {
	Tenant   string
	Contract string // namespace/name
	Lead     string
	Version  int64     // one more with each change of the lead: what has a lower one is older
	Time     time.Time // of the latest change
	Data     Data
}

// Data of a change. There is no data of a person in it: the system that is told has that already.
type Data struct {
	Stage       string       `json:"stage"`
	Score       int64        `json:"score"`
	Cycle       int          `json:"cycle"`
	Owner       string       `json:"owner,omitempty"` // id of the rep
	Pool        string       `json:"pool,omitempty"`
	Definition  string       `json:"definition,omitempty"` // revision that handed the lead off
	Missing     []string     `json:"missing,omitempty"`    // required fields that the lead is still without
	Disposition *Disposition `json:"disposition,omitempty"`
	Deadline    *Deadline    `json:"deadline,omitempty"`
	Overdue     []string     `json:"overdue,omitempty"` // clauses
}

// Disposition of a lead.
type Disposition struct {
	Outcome string    `json:"outcome"`
	Code    string    `json:"code,omitempty"`
	Status  string    `json:"status,omitempty"` // that the definition gives leads with this code
	Time    time.Time `json:"time"`
}

// Deadline is the next one of the lead.
type Deadline struct {
	Clause string    `json:"clause"`
	Due    time.Time `json:"due"`
}

// RefusedError says that the other system does not take the change, and never will as it is.
type RefusedError struct{ Status int }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the CRM refused the change with status %d: the same request would be refused again", e.Status)
}

// UnavailableError says that the change could not be told now. After is how long the other system wants to be left alone; 0 when it did not say.
type UnavailableError struct {
	Cause string
	After time.Duration
}

func (e *UnavailableError) Error() string { return "the CRM " + e.Cause }
