// SPDX-License-Identifier: Apache-2.0

// Package crm is what Handoff asks of the system that sales and marketing work in, and what it says to it: leads, touches, deals and owners come
// in, how each lead stands goes out. The package is pure: the adapters below it know HTTP and their CRM, and nothing of the pipeline.
//
// The CRM wins on fields and on owners, the ledger on history: stages, clocks, dispositions. See docs/crm.
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
	Stage        string       `json:"stage"`
	Score        int64        `json:"score"`
	Cycle        int          `json:"cycle"`
	Owner        string       `json:"owner,omitempty"` // id of the rep
	Pool         string       `json:"pool,omitempty"`
	Definition   string       `json:"definition,omitempty"` // revision that handed the lead off
	Missing      []string     `json:"missing,omitempty"`    // required fields that the lead is still without
	Disposition  *Disposition `json:"disposition,omitempty"`
	Deadline     *Deadline    `json:"deadline,omitempty"`
	Overdue      []string     `json:"overdue,omitempty"`     // clauses
	FirstTouchAt time.Time    `json:"firstTouchAt,omitzero"` // first genuine contact of the cycle
	Attempts     int          `json:"attempts,omitempty"`    // to reach the lead in the cycle, by people and by sequences
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
type RefusedError struct {
	Status int    // of HTTP
	Reason string // in the system's own words: names of fields and codes, never a value; empty when it gave none
}

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("the CRM refused the change with status %d", e.Status)
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	return text + ": the same request would be refused again"
}

// UnavailableError says that nothing could be told or asked now. After is how long the other system wants to be left alone; 0 when it did not say.
type UnavailableError struct {
	Cause string
	After time.Duration
	Day   bool // what it allows in a day is used up, as far as we go
}

func (e *UnavailableError) Error() string { return "the CRM " + e.Cause }

// CredentialError says that the CRM does not take the credential, or that the credential may not do what is asked of it: the cure is in the Secret or
// in the CRM's settings, and everything waits for it.
type CredentialError struct {
	Cause string // such as "refused the token (401)" or "lacks the scope crm.objects.contacts.write"
}

func (e *CredentialError) Error() string { return "the CRM " + e.Cause }

// GoneError says that the record cannot be written any more, and what became of it.
type GoneError struct{ Gone Gone }

func (e *GoneError) Error() string { return "the record is " + string(e.Gone) + " in the CRM" }

// Gone is why a record is not written any more.
type Gone string

// What becomes of records.
const (
	Deleted   Gone = "Deleted"
	Converted Gone = "Converted" // Salesforce: into a contact, an account and an opportunity; it is read-only from then on
)
