// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"slices"
	"time"
)

// Type of a CRM.
type Type string

// The types.
const (
	TypeEvents     Type = "Events"
	TypeHubSpot    Type = "HubSpot"
	TypeSalesforce Type = "Salesforce"
)

// Settings are how a contract uses its CRM. They travel as crm.json beside the roster, and change without a signature and without a roll-out.
type Settings struct {
	Type     Type    `json:"type"`
	URL      string  `json:"url"`                // without a slash at its end
	Version  string  `json:"version"`            // of the API: 2026-09, v65.0
	Webhooks string  `json:"webhooks,omitempty"` // URL of our webhooks as HubSpot calls it; "" when it calls none
	MatchBy  string  `json:"matchBy,omitempty"`  // field by which leads that came as events get a record; "" when they get none
	Mapping  Mapping `json:"mapping"`

	PollEvery   time.Duration `json:"pollEvery"`
	DryRun      bool          `json:"dryRun,omitempty"`
	SetBack     SetBack       `json:"setBack"`
	UsedPercent int           `json:"usedPercent"` // of the CRM's daily allowance, from where on nothing more is asked of it
}

// SetBack is how what was done in the CRM against the agreement is undone, where the terms enforce it.
type SetBack struct {
	After time.Duration `json:"after"` // so long there is time to mend it
	Limit int           `json:"limit"` // of undoings of one lead in 24 hours; then it stops, and people are told
}

// Mapping says which field of the CRM holds what. The fields that the CRM tells us of are those of the definition, by their `property`.
type Mapping struct {
	Fields     Fields            `json:"fields"`
	Stages     map[string]string `json:"stages,omitempty"`   // value of Fields.Stage by stage
	Statuses   map[string]string `json:"statuses,omitempty"` // value of Fields.Status by the definition's status; the status itself where there is none
	Activities []Activity        `json:"activities,omitempty"`

	Qualification map[string]string `json:"qualification,omitempty"` // field by what sales is to find out: budget, need, ...
	OptOut        string            `json:"optOut,omitempty"`        // a boolean field: the person is not to be contacted
}

// Fields of the CRM that hold what Handoff tells, by the CRM's names; "" for what is not told. Stage, Status and Reason are read, too: people set
// them.
type Fields struct {
	Stage      string `json:"stage,omitempty"`
	Status     string `json:"status,omitempty"` // of the disposition
	Reason     string `json:"reason,omitempty"` // code of the disposition
	Score      string `json:"score,omitempty"`
	Revision   string `json:"revision,omitempty"`
	Due        string `json:"due,omitempty"`        // next deadline
	FirstTouch string `json:"firstTouch,omitempty"` // time of the first genuine contact
	Attempts   string `json:"attempts,omitempty"`
	Missing    string `json:"missing,omitempty"` // names of fields, joined with a comma and a space
}

// Has says whether a field of the CRM is one of these: what it says is worked out, or a person's to say.
func (f Fields) Has(name string) bool {
	return name != "" && slices.Contains([]string{f.Stage, f.Status, f.Reason, f.Score, f.Revision, f.Due, f.FirstTouch, f.Attempts, f.Missing}, name)
}

// Activity is behaviour that the CRM keeps the latest time of in a field: whenever that is another one, it happened again.
type Activity struct {
	Name       string            `json:"name"`                 // of the activity, as the definition's signals have it
	At         string            `json:"at"`                   // field with its time
	Properties map[string]string `json:"properties,omitempty"` // the CRM's field by property of the activity
}
