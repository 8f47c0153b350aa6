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
	KindAccepted    Kind = "accepted"    // sales took the lead on: it is an SAL
	KindContested   Kind = "contested"   // marketing disputes a rejection, or both resolved such a dispute
	KindOpportunity Kind = "opportunity" // a deal was opened, won or lost
	KindFeedback    Kind = "feedback"    // sales told marketing what the lead was worth, in a form that can be counted
	KindOptedOut    Kind = "optedout"    // the person does not want to be contacted
	KindReinstated  Kind = "reinstated"  // what kept the lead or its account out was lifted
	KindMerged      Kind = "merged"      // another lead turned out to be the same person
)

// Kinds are all of them.
func Kinds() []Kind {
	return []Kind{
		KindCaptured, KindUpdated, KindActivity, KindAssigned, KindTouch, KindDisposition, KindQualified,
		KindAccepted, KindContested, KindOpportunity, KindFeedback, KindOptedOut, KindReinstated, KindMerged,
	}
}

// Evaluated says whether a definition is evaluated at the events of a kind.
func (k Kind) Evaluated() bool {
	switch k {
	case KindCaptured, KindUpdated, KindActivity, KindReinstated, KindMerged:
		return true
	default:
		return false
	}
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

	Contest     *Contest     // contested
	Opportunity *Opportunity // opportunity
	Feedback    *Feedback    // feedback
	Scope       Scope        // optedout, reinstated
	Merged      string       // merged: the id of the lead that this one has taken in
}

// Touch is a contact between a rep (or a machine) and the lead.
type Touch struct {
	Rep       string `json:"rep,omitempty"`
	Channel   string `json:"channel"`   // Phone, Email, Meeting, Social, Message
	Direction string `json:"direction"` // Outbound, Inbound
	Actor     string `json:"actor"`     // Human, Automated
	Answered  bool   `json:"answered,omitempty"`
	TwoWay    bool   `json:"twoWay,omitempty"` // the lead took part: a conversation, not an attempt

	LoggedAt time.Time `json:"loggedAt,omitzero"` // when it was put on record, where the sender knows
}

// LateLogged is how long after a touch it may be put on record and still count as first contact.
const LateLogged = 24 * time.Hour

// Late says whether the touch at a time was put on record too late to count as first contact.
func (t Touch) Late(at time.Time) bool { return t.LoggedAt.Sub(at) > LateLogged }

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

// Conversation says whether the lead took part: a person spoke or met with it, or it wrote back to one. What a machine does is at most an
// attempt.
func (t Touch) Conversation() bool {
	return t.Actor == "Human" && (t.TwoWay || t.Channel == "Meeting" || t.Channel == "Phone" && t.Answered)
}

// Disposed is the outcome that sales gave a lead.
type Disposed struct {
	Outcome Outcome `json:"outcome,omitempty"` // may be left to the reason code
	Reason  string  `json:"reason,omitempty"`
	By      string  `json:"by,omitempty"`

	Coded bool `json:"-"` // the reason was a code, for this outcome, when the event was taken
}

// Ruling on a rejection that marketing disputes.
type Ruling string

// The rulings.
const (
	ContestOpened     Ruling = "Opened"
	ContestUpheld     Ruling = "Upheld"     // the rejection stands
	ContestOverturned Ruling = "Overturned" // it is void: the lead is with sales as if it had not been
)

// Contest is a dispute about the latest rejection before it.
type Contest struct {
	Ruling Ruling
	By     []string // parties: Marketing opens; both resolve
	Reason string
}

// DealState of an opportunity.
type DealState string

// The states of a deal.
const (
	DealOpen DealState = "Open"
	DealWon  DealState = "Won"
	DealLost DealState = "Lost"
)

// Opportunity is a deal that came of the lead. The latest event of an id tells how it stands.
type Opportunity struct {
	ID       string
	State    DealState
	Amount   float64
	Currency string // ISO 4217; empty: that of the contract
}

// Feedback is what sales tells marketing of a lead. Rating is from 1 to 5, 0 when none was given.
type Feedback struct {
	Rating     int
	Categories []string // such as Timing, Authority, Budget, Fit, Data, Other
	Comment    string
	By         string
}

// Structured says whether the feedback can be counted: a comment alone cannot.
func (f Feedback) Structured() bool { return f.Rating > 0 || len(f.Categories) > 0 }

// Scope of what keeps a lead out.
type Scope string

// The scopes. An event without one is about the contact.
const (
	ScopeContact Scope = "Contact"
	ScopeAccount Scope = "Account"
)
