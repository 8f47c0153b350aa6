// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Known is what the ledger knows of a record: what it looked like when it was read, and what was written into it. Values of the lead's own fields
// are kept as hashes, since the ledger has them already, as events.
type Known struct {
	Record   string
	Lead     string            // its id in the ledger: that of the record, unless the lead came as events before
	Modified time.Time         // as it was last read
	Hashes   map[string]string // of values, by the CRM's field

	Seen    map[string]string // what was last read of owner, stage, status, reason and opt-out, by the names below; absent: empty
	Wrote   map[string]string // what was last written, by the same names, with the field each was written into, and by the CRM's names of all other fields
	WroteAt time.Time         // as the CRM has it of the record after that; what was read and is older has nothing to say

	Restore  map[string]string // what is to be written besides, to set it back: by the CRM's field; "" empties it
	Diverged time.Time         // since when the CRM holds what the agreement does not allow; zero: it does not
	SetBacks []time.Time       // when it was undone, the last 24 hours
	Stopped  time.Time         // since when it is not undone any more, until CRM and ledger agree; zero: it is
	Gone     Gone
}

// Names under which Known.Seen and Known.Wrote hold what people set, whatever the CRM calls it.
const (
	SeenOwner  = OwnerField
	SeenStage  = "stage"
	SeenStatus = "status"
	SeenReason = "reason"
	SeenOptOut = "optOut"
)

// Told is an event that follows from what the CRM showed. Source and ID are the same whenever the same is read again.
type Told struct {
	Source, ID string
	Kind       lead.Kind
	Lead       string
	Time       time.Time
	Data       map[string]any // as docs/events has it for the kind
}

// Standing is how the ledger has a lead, for whoever compares.
type Standing struct {
	Lead        string
	Stage       lead.Stage
	Owner       string
	Disposition *Disposition // that counts
	Enforced    bool         // by the terms that judge it
}

// Undo is what is to be set back, and why.
type Undo struct {
	Record, Lead string
	Restore      map[string]string // as in Known
	Rep          string            // who owns it, and is told
	Why          string            // for people, without a value of the lead; it becomes a note in the CRM
	Key          string            // of that note
}
