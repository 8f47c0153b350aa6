// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// CRMState is how the ledger stands with the CRM. It names ids only.
type CRMState struct {
	Cursors    []CRMCursor        `json:"cursors"`
	Holder     string             `json:"holder,omitempty"` // who reads; empty when nobody does
	Until      time.Time          `json:"until,omitzero"`   // when that ends unless it is renewed
	Records    int64              `json:"records"`
	Gone       map[crm.Gone]int64 `json:"gone,omitempty"`
	Unmatched  int64              `json:"unmatched"` // leads that have no record
	Diverged   int64              `json:"diverged"`
	Restoring  int64              `json:"restoring"` // that the writer is to set back
	Stopped    []CRMStopped       `json:"stopped,omitempty"`
	SetBacks   int64              `json:"setBacks"` // in the last 24 hours
	Hints      int64              `json:"hints"`    // that wait
	HintsSince time.Time          `json:"hintsSince,omitzero"`
	Budget     []CRMAllowance     `json:"budget,omitempty"`
}

// CRMCursor is how far a stream was read.
type CRMCursor struct {
	Stream  crm.Stream    `json:"stream"`
	Time    time.Time     `json:"time,omitzero"`
	ID      string        `json:"id,omitempty"`
	MovedAt time.Time     `json:"movedAt,omitzero"`
	Lag     time.Duration `json:"lag"` // behind the clock of the database
}

// CRMStopped is a lead that is not set back any more.
type CRMStopped struct {
	Lead   string    `json:"lead"`
	Record string    `json:"record"`
	Since  time.Time `json:"since"`
}

// CRMAllowance is what is known of one kind of request.
type CRMAllowance struct {
	Account      string        `json:"account"`
	Kind         string        `json:"kind"`
	Limit        int           `json:"limit"` // in a window; 0 when it is not known
	Window       time.Duration `json:"window"`
	Taken        int           `json:"taken"` // of it in the window that runs
	BlockedUntil time.Time     `json:"blockedUntil,omitzero"`
	DayLimit     int           `json:"dayLimit"`
	DayRemaining int           `json:"dayRemaining"`
	ToldAt       time.Time     `json:"toldAt,omitzero"` // when the CRM last said so
}

// PlannedWrite is one that a dry run would have made.
type PlannedWrite struct {
	Lead    string          `json:"lead"`
	Record  string          `json:"record,omitempty"`
	Changed time.Time       `json:"changed"`
	Planned json.RawMessage `json:"planned"`
}

// CRMState reads how the ledger stands with the CRM.
func (l *Ledger) CRMState(ctx context.Context) (CRMState, error) {
	return CRMState{}, errors.ErrUnsupported
}

// PlannedWrites are what a dry run would have written, the oldest first.
func (l *Ledger) PlannedWrites(ctx context.Context, limit int) ([]PlannedWrite, error) {
	return nil, errors.ErrUnsupported
}

// ResumeSetBacks has leads set back again that were not any more: those that are named, or all. It says which.
func (l *Ledger) ResumeSetBacks(ctx context.Context, leads []string, all bool) ([]string, error) {
	return nil, errors.ErrUnsupported
}
