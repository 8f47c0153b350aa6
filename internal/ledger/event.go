// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Entry is an event on its way into the ledger. (Source, ID) is its identity within the tenant.
type Entry struct {
	Source string
	ID     string
	Lead   string
	Kind   lead.Kind
	Time   time.Time
	Data   Data

	// Traceparent of the span that brought it, by the W3C's form; empty when it is not traced. Not part of the content.
	Traceparent string

	// Of a disposition, as the definition says that it was checked against: a later or an earlier one may not know the reason.
	// It is kept, but not part of the content: sent again under another definition, an event is still the same.
	Resolved Resolved

	// Refused says that a disposition is not taken, for want of a reason code: that it was tried is kept.
	Refused bool
}

// Resolved is what a disposition means.
type Resolved struct {
	Outcome lead.Outcome // empty: as sent
	Coded   bool         // the reason is a code, for this outcome
}

// Data of an event: the fields that its kind has, as they were sent.
type Data struct {
	Properties map[string]any `json:"properties,omitempty"`
	Activity   string         `json:"activity,omitempty"`
	Owner      string         `json:"owner,omitempty"`
	Rep        string         `json:"rep,omitempty"`
	Channel    string         `json:"channel,omitempty"`
	Direction  string         `json:"direction,omitempty"`
	Actor      string         `json:"actor,omitempty"`
	Answered   bool           `json:"answered,omitempty"`
	Outcome    lead.Outcome   `json:"outcome,omitempty"`
	Reason     string         `json:"reason,omitempty"`
	By         string         `json:"by,omitempty"`

	Qualification map[string]any `json:"qualification,omitempty"`

	TwoWay   bool       `json:"twoWay,omitempty"`
	LoggedAt *time.Time `json:"loggedAt,omitempty"`

	Ruling  lead.Ruling `json:"ruling,omitempty"`
	Parties []string    `json:"parties,omitempty"`

	Opportunity string         `json:"opportunity,omitempty"` // its id
	State       lead.DealState `json:"state,omitempty"`
	Amount      float64        `json:"amount,omitempty"`
	Currency    string         `json:"currency,omitempty"`

	Rating     int      `json:"rating,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Comment    string   `json:"comment,omitempty"`

	Scope  lead.Scope `json:"scope,omitempty"`
	Merged string     `json:"merged,omitempty"` // id of the lead that was taken in
}

// precision of timestamptz: what is finer cannot be kept, so it is not part of the content either.
const precision = time.Microsecond

// stored is Data as the ledger keeps it.
type stored struct {
	Data
	Outcome lead.Outcome `json:"outcome,omitempty"` // resolved
	Coded   bool         `json:"coded,omitempty"`
}

// encode gives the data as it is stored and the hash of all that the event said as it was sent. Objects are written with their keys in
// order, so that the same content has the same hash whatever the order in which it was sent.
func (e Entry) encode() (data, hash []byte, err error) {
	sent, err := json.Marshal(e.Data)
	if err != nil {
		return nil, nil, fmt.Errorf("data of event %q of %q: %w", e.ID, e.Source, err)
	}
	data = sent
	if e.Resolved != (Resolved{}) {
		data, err = json.Marshal(stored{Data: e.Data, Outcome: cmp.Or(e.Resolved.Outcome, e.Data.Outcome), Coded: e.Resolved.Coded})
		if err != nil {
			return nil, nil, fmt.Errorf("data of event %q of %q: %w", e.ID, e.Source, err)
		}
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00", e.Kind, e.Lead, e.Time.UTC().Truncate(precision).Format(time.RFC3339Nano))
	h.Write(sent)
	return data, h.Sum(nil), nil
}

// Stored is an event as the ledger holds it.
type Stored struct {
	lead.Event
	ScoredBy int64 // sequence of the pair that scored it; 0 while none has, negative for what none does
}

// domain turns stored data into the event that the pure core knows.
func domain(seq int64, kind lead.Kind, at time.Time, data stored) lead.Event {
	e := lead.Event{Sequence: seq, Kind: kind, Time: at.UTC()}
	switch kind {
	case lead.KindCaptured, lead.KindUpdated:
		e.Properties = data.Properties
	case lead.KindActivity:
		e.Activity, e.Properties = data.Activity, data.Properties
	case lead.KindAssigned:
		e.Owner = data.Owner
	case lead.KindTouch:
		e.Touch = &lead.Touch{
			Rep: data.Rep, Channel: data.Channel, Direction: data.Direction, Actor: data.Actor, Answered: data.Answered,
			TwoWay: data.TwoWay, LoggedAt: utc(data.LoggedAt),
		}
	case lead.KindDisposition, lead.KindRefused:
		e.Disposition = &lead.Disposed{Outcome: data.Outcome, Reason: data.Reason, By: data.By, Coded: data.Coded}
	case lead.KindQualified:
		e.Qualification = data.Qualification
	case lead.KindAccepted: // who, is of no matter to the domain
	case lead.KindContested:
		e.Contest = &lead.Contest{Ruling: data.Ruling, By: data.Parties, Reason: data.Reason}
	case lead.KindOpportunity:
		e.Opportunity = &lead.Opportunity{ID: data.Opportunity, State: data.State, Amount: data.Amount, Currency: data.Currency}
	case lead.KindFeedback:
		e.Feedback = &lead.Feedback{Rating: data.Rating, Categories: data.Categories, Comment: data.Comment, By: data.By}
	case lead.KindOptedOut, lead.KindReinstated:
		e.Scope = cmp.Or(data.Scope, lead.ScopeContact)
	case lead.KindMerged:
		e.Merged = data.Merged
	}
	return e
}
