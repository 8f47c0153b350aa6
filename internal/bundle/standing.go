// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// StandingFile lies beside RosterFile: it changes with every week that is closed, and without a roll-out.
const StandingFile = "standing.json"

// Standing is how the contract stands, for whom the workers are to tell: the manager judges, and has no way to people; the workers have one, and
// see one lead at a time.
type Standing struct {
	Steps []EscalationStep `json:"steps,omitempty"` // of the last weeks, oldest first
}

// EscalationStep is a change of the escalation of a clause. Clause, level and time say which one it is: somebody is told of each once.
type EscalationStep struct {
	Clause sla.Clause `json:"clause"`
	Level  int        `json:"level"`            // that it reached; 0: it was resolved
	At     time.Time  `json:"at"`               // end of the week that decided it, or when the dispute was raised
	Reason string     `json:"reason"`           // what fell short, with the numbers
	Owners []string   `json:"owners,omitempty"` // who deals with it
	Since  time.Time  `json:"since,omitzero"`   // of the escalation, at whatever level
	Due    time.Time  `json:"due,omitzero"`     // when it goes up a level unless it is resolved; zero where there is none above
	Clears string     `json:"clears,omitempty"` // what resolves it
}

// Encode writes the standing for its ConfigMap.
func (s Standing) Encode() ([]byte, error) { return encode(s) }

// DecodeStanding reads a standing. Unlike a pair, nobody signed it, and a newer manager may say more in it than this version knows.
func DecodeStanding(data []byte) (Standing, error) { return decodeKnown[Standing](StandingFile, data) }
