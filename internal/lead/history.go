// SPDX-License-Identifier: Apache-2.0

package lead

import "time"

// Kind of an event in a lead's life.
type Kind string

// The kinds of events.
const (
	KindCaptured    Kind = "captured"    // the lead entered, with properties
	KindUpdated     Kind = "updated"     // properties changed; a null property removes the value
	KindActivity    Kind = "activity"    // behaviour of the lead
	KindAssigned    Kind = "assigned"    // a rep owns the lead (reported by another system)
	KindTouch       Kind = "touch"       // a contact, or an attempt at one
	KindDisposition Kind = "disposition" // sales decided what becomes of the lead
	KindQualified   Kind = "qualified"   // sales found out in a conversation what qualifies the lead
)

// Kinds are all of them.
func Kinds() []Kind {
	return []Kind{KindCaptured, KindUpdated, KindActivity, KindAssigned, KindTouch, KindDisposition, KindQualified}
}

// Event in a lead's life, in the terms of the domain.
type Event struct {
	Sequence int64 // the ledger's order of arrival; breaks ties of Time
	Kind     Kind
	Time     time.Time

	Properties map[string]any // captured, updated: source property -> value; activity: the activity's own properties
	Activity   string         // activity: its type, such as PageView

	Owner string // assigned: the rep

	Touch       *Touch    // touch
	Disposition *Disposed // disposition

	Qualification map[string]any // qualified: what was found out; null takes a value away
}

// Touch is a contact between a rep (or a machine) and the lead.
type Touch struct {
	Rep       string `json:"rep,omitempty"`
	Channel   string `json:"channel"`   // Phone, Email, Meeting, Social, Message
	Direction string `json:"direction"` // Outbound, Inbound
	Actor     string `json:"actor"`     // Human, Automated
	Answered  bool   `json:"answered,omitempty"`
}

// Genuine says whether the touch counts as first contact: an outbound touch by a person, an answered inbound call, or a
// meeting. An inbound or an automated mail is none.
func (t Touch) Genuine() bool {
	if t.Actor != "Human" {
		return false
	}
	switch {
	case t.Channel == "Meeting", t.Direction == "Outbound":
		return true
	default:
		return t.Direction == "Inbound" && t.Channel == "Phone" && t.Answered
	}
}

// Disposed is the outcome that sales gave a lead.
type Disposed struct {
	Outcome Outcome `json:"outcome,omitempty"` // may be left to the reason code
	Reason  string  `json:"reason,omitempty"`
	By      string  `json:"by,omitempty"`

	Coded bool `json:"-"` // the reason was a code, for this outcome, when the event was taken
}
